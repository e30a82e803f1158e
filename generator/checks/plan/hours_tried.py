"""Says which hours and days no test of an alert sees, where its expression asks for them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, Level
from generator.diagnostics.wording import listed
from generator.policy import duration
from generator.upstream.promql import promql

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.plan.plan import AlertRule, Plan

TST604 = Code(
    name="TST604",
    title="Hours or days that no test sees",
    meaning="The expression asks what time it is, and a test begins on Thursday, 1 January 1970, at 00:00 UTC. Nothing "
    "is known of the hours and days into which no test runs. Let one run for longer (`silent_until: 7d`).",
    bad="""
expr: orders_open > 0 and on () day_of_week() == 1
tests:
  - {given: {orders_open: 5x20}, silent_until: 5m}
""",
    good="""
expr: orders_open > 0 and on () day_of_week() == 1
tests:
  - {given: {orders_open: 5x23040}, fires_at: 4d}
  - {given: {orders_open: 0x40320}, silent_until: 7d}
""",
)

_DAY = timedelta(days=1)
_DAYS = ("Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday")
"""The days of a test, from its first on."""
_NEEDED = {"minute": timedelta(hours=1), "hour": _DAY, "day_of_week": 7 * _DAY}
"""After so long a test has seen everything that a function can say."""
_BEYOND = frozenset({"day_of_month", "day_of_year", "days_in_month", "month", "year"})
"""Functions of which no test sees everything."""


def check(plan: Plan) -> Iterator[Diagnostic]:
    """TST604: an expression asks for hours or days into which none of its tests runs."""
    found: set[str] = set()
    for rule in plan.rules:
        if rule.origin.written and rule.tests and rule.name not in found:
            asked = _asked(rule)
            last = max(expected.at for test in rule.tests for expected in test.expected)
            if asked and any(last < _NEEDED.get(name, timedelta.max) for name in asked):
                found.add(rule.name)
                yield _unseen(rule, asked, last)


def _asked(rule: AlertRule) -> tuple[str, ...]:
    """Return the functions of the present time in an expression."""
    if not any(name in rule.expr for name in (*_NEEDED, *_BEYOND)):
        return ()
    tree = promql.parsed(rule.expr)
    try:
        parts = () if tree is None else tuple(promql.every(tree))
    except RecursionError:
        return ()
    calls = (part for part in parts if promql.kind(part) == "Call" and part.func.name in {*_NEEDED, *_BEYOND})
    return tuple(dict.fromkeys(call.func.name for call in calls if _is_of_now(call)))


def _is_of_now(call: Any) -> bool:
    """Whether a function says something of the present, and not of the values of series."""
    reads = ("VectorSelector", "MatrixSelector")
    return not any(promql.kind(part) in reads for argument in call.args for part in promql.every(argument))


def _unseen(rule: AlertRule, asked: tuple[str, ...], last: timedelta) -> Diagnostic:
    seen = f"Thursday from 00:00 to {last // timedelta(hours=1):02}:{last // timedelta(minutes=1) % 60:02}"
    if last >= _DAY:
        seen = listed(_DAYS[: min(last // _DAY + 1, len(_DAYS))])
    unseen = _DAYS[last // _DAY + 1 :]
    calls = listed(f"`{name}()`" for name in asked)
    return Diagnostic(
        code=TST604.name,
        level=Level.NOTE,
        message=f"{rule.name} asks for {calls}, and its tests see {seen} (UTC) alone",
        route=(*rule.route, "tests"),
        on_key=True,
        notes=(
            f"a test begins on Thursday, 1 January 1970, at 00:00, and the longest ends after {duration.write(last)}",
            *([f"no test sees {listed(unseen)}"] if unseen and "day_of_week" in asked else []),
        ),
        help="let a test run for longer, up to a week",
    )
