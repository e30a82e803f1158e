"""How long an expression takes to become true is declared with `seen_within`, and the alert's own tests prove it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, NamedTuple

from generator.behaviour.verification import Finding
from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, Level
from generator.plan import timing
from generator.plan.timing import ZERO, Term
from generator.policy import duration
from generator.upstream.promql import promql, samples, waits
from generator.upstream.promql.comparisons import has_range
from generator.upstream.promql.records import Records

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import timedelta

    from generator.behaviour.verification import Rendered
    from generator.plan.plan import AlertRule, Plan, UnitTest

TST601 = Code(
    name="TST601",
    title="Detected later than declared",
    meaning="`seen_within` is part of the sum that the SLA limits, but a test of the alert shows that the "
    "expression takes longer to become true. Declare the time that the test shows, or shorten the "
    "range of the expression.",
)

TST602 = Code(
    name="TST602",
    title="No test shows the detection time",
    meaning="alertc does not guess how soon an expression over a range becomes true. Add a test whose series "
    "change, with `fires_at`.",
)

TST603 = Code(
    name="TST603",
    title="Tests show a jump alone",
    meaning="An average follows a large jump at once, and a fault just beyond the limit only when it fills the whole "
    "range. Declare that time with `seen_within`, shorten the range, or test a fault that grows slowly.",
)

_OFFSET = re.compile(r"\boffset\b", re.IGNORECASE)
_TIME = re.compile(r"\b(?:time|timestamp)\s*\(", re.IGNORECASE)
NAMED = 3
"""A policy may have ten thousand of them: beyond so many they are counted."""


def check(rendered: Rendered) -> Iterator[Finding]:
    """TST601: a test shows detection slower than `seen_within`. TST602: no test shows how long detection takes.

    TST603: the tests of what is urgent show a jump, and the expression averages over longer than `seen_within`.

    Only where there is a delay to speak of: it is declared, or the expression (or a recording rule that it reads)
    looks back or asks what time it is. What compares the latest samples is true as soon as they are. Whether the tests
    hold is for promtool to say, in the same run.
    """
    # Services with parameters of their own may all show the same.
    for diagnostic in dict.fromkeys(_slow_and_unproven(rendered.plan)):
        yield Finding(diagnostic=diagnostic)


def _slow_and_unproven(plan: Plan) -> Iterator[Diagnostic]:
    judged: set[object] = set()
    urgent = plan.policy.urgent
    unproven: dict[str, tuple[AlertRule, _Delay | None]] = {}
    ranges: dict[str, _Delay | None] = {}
    records = Records(plan.policy.records.items())
    for rule in plan.written():
        alike = promql.alike(rule.condition, rule.service)
        shared = (rule.name, rule.severity, alike, tuple(test.route for test in rule.tests))
        if not rule.origin.written or shared in judged:
            continue
        judged.add(shared)  # once, unless a service has parameters or tests of its own
        alert = plan.policy.alerts[rule.name].of_severity(rule.severity)
        if alike not in ranges:
            ranges[alike] = _delay(plan, rule.condition)
        delay = ranges[alike]
        if alert.seen_within is None and delay is None:
            continue
        fires = [test for test in rule.tests if test.expected[-1].fires]
        steps = [(test, change) for test in fires if (change := _change(test))]
        for test, change in steps:
            is_known = delay is None or delay.by == "range" or alert.seen_within is not None
            level = Level.ERROR if is_known or rule.severity in urgent else Level.WARNING
            yield from _slow_detection(plan, rule, test, change, level)
        hidden = _hidden(plan, rule, steps, records)
        delay = hidden or delay
        if rule.severity in urgent and steps and not hidden and not any(_climbs(test) for test, _ in steps):
            yield from _jumps(rule, alert.seen_within or ZERO, records)
        steps = [] if delay is not None and delay.by == "record" else steps
        # Of what is urgent a test that fires is asked for anyway, whatever its expression.
        if not steps and (fires or rule.severity not in urgent) and (delay is None or delay.by != "time"):
            unproven.setdefault(rule.name, (rule, delay))
    if len(unproven) > NAMED:
        yield _many_unproven([rule for rule, _ in unproven.values()])
    else:
        for rule, delay in unproven.values():
            yield _unproven(rule, plan.policy.alerts[rule.name].of_severity(rule.severity).seen_within, delay)


class _Delay(NamedTuple):
    """What makes an expression true only later than the series say it; `why` is a clause."""

    why: str
    by: Literal["range", "offset", "time", "record"]
    """Of what asks for the time, no test need show how soon it is true."""


def _delay(plan: Plan, expression: str) -> _Delay | None:
    """Return why an expression may be true only later, records included; None where it compares the latest samples."""
    records = plan.policy.records
    waiting = [(expression, "")]
    seen: set[str] = set()
    delay: _Delay | None = None
    while waiting:
        text, metric = waiting.pop()
        if metric in seen:
            continue
        seen.add(metric)
        subject = f"it reads {metric}, which" if metric else "its expression"
        if has_range(text):
            return _Delay(f"{subject} looks back over a range", "range")
        if _OFFSET.search(text) and promql.has_offset(text):
            return _Delay(f"{subject} reads earlier samples (`offset`)", "offset")
        if _TIME.search(text):
            delay = delay or _Delay(f"{subject} asks what time it is", "time")
        waiting += [(records[name].expr, name) for name in sorted(promql.read_of(records, text))]
    return delay


def _hidden(
    plan: Plan, rule: AlertRule, steps: list[tuple[UnitTest, tuple[timedelta, str]]], records: Records
) -> _Delay | None:
    """Return the record that each test gives in place of what it is made of, though it changes later than allowed.

    Such a test shows how soon the alert follows the record, not how soon the record follows the fault.
    """
    declared = plan.policy.alerts[rule.name].of_severity(rule.severity).seen_within or ZERO
    allowed = max(declared, plan.severities[rule.severity].detect_in.length)
    delay = None
    for _, (_, series) in steps:
        tree = promql.selector(series)
        metric = promql.metric_of(tree) if tree else None
        if metric not in plan.policy.records:
            return None
        length = waits.until_decided(tree, records)
        if length <= allowed:
            return None
        delay = _Delay(f"its test gives {metric}, which looks back over {duration.write(length)}", "record")
    return delay


def _change(test: UnitTest) -> tuple[timedelta, str] | None:
    """Return time and name of the first series of a test that changes; None where none changes."""
    changes = ((samples.change(values), series) for series, values in test.given.items())
    return min(((number * test.every, series) for number, series in changes if number is not None), default=None)


def _climbs(test: UnitTest) -> bool:
    """Whether a series of the test goes on changing after it has changed, and did not jump."""
    return any(samples.climbs(values) for values in test.given.values())


def _jumps(rule: AlertRule, declared: timedelta, records: Records) -> Iterator[Diagnostic]:
    """Yield the finding where a slower fault than those of the tests takes longer to be seen than is declared."""
    tree = promql.parsed(rule.condition)
    try:
        longest = ZERO if tree is None else waits.until_decided(tree, records)
    except RecursionError:
        return
    if longest > declared:
        yield Diagnostic(
            code=TST603.name,
            level=Level.WARNING,
            message=f"the tests of {rule.name} show a jump alone: a smaller fault is seen only after up to "
            f"{duration.write(longest)}, and `seen_within` is {duration.write(declared)}",
            route=(*rule.route, "seen_within" if declared else "expr"),
            notes=("the expression averages over that time: what is just beyond its limit must fill all of it",),
            help=f"write `seen_within: {duration.write(longest)}`, shorten the range, or add a test with `fires_at` "
            "whose series climb (`0x4 1+1x20`)",
        )


def _slow_detection(
    plan: Plan, rule: AlertRule, test: UnitTest, change: tuple[timedelta, str], level: Level
) -> Iterator[Diagnostic]:
    """Yield a finding where the expression is still false when the declared delay is over."""
    evaluate = plan.stack.evaluate
    changes, series = change
    fires = max(alert.at for alert in test.expected) // evaluate * evaluate
    hold = timing.whole(rule.hold, evaluate)
    declared = sum((term.length for term in rule.detection if term.name == "seen"), ZERO)
    records = tuple(term for term in rule.detection if term.name != "seen")
    seen = fires - hold - changes - sum((term.length for term in records), ZERO)
    # One evaluation before it fires it does not: the test says so, and promtool checks it.
    if seen - evaluate < declared:
        return
    terms = (
        Term(name="the series change at", length=changes),
        *records,
        Term(name="seen after", length=seen),
        Term(name="for", length=hold),
    )
    yield Diagnostic(
        code=TST601.name,
        level=level,
        message=f"{rule.name} is detected {duration.write(seen)} after the fault began, "
        f"but `seen_within` is {duration.write(declared)}",
        route=(*test.route, "fires_at"),
        notes=(
            f"{timing.written_sum(terms)} = fires at {duration.write(fires)}",
            f"the change is the first sample of `{series}` that departs from those before it",
        ),
        help=f"set `seen_within: {duration.write(seen)}`, which is part of the sum that the SLA limits, "
        "or shorten the range of the expression",
    )


def _many_unproven(rules: list[AlertRule]) -> Diagnostic:
    """Return one finding for all of these alerts, placed at the first."""
    names = ", ".join(rule.name for rule in rules[:NAMED])
    return Diagnostic(
        code=TST602.name,
        message=f"no test shows how soon {names} and {len(rules) - NAMED:,} more are detected",
        level=Level.WARNING,
        route=rules[0].route,
        on_key=True,
        notes=("they declare `seen_within`, or look back over a range",),
        help="add to each a test with `fires_at` whose series change at some moment, such as `0x4 1x10`",
    )


def _unproven(rule: AlertRule, declared: timedelta | None, delay: _Delay | None) -> Diagnostic:
    key, why = "seen_within", "`seen_within` is only declared"
    what = "series"
    if delay is not None and delay.by == "record":
        what = "series behind the record"
    if delay is not None and (declared is None or delay.by == "record"):
        key, why = "expr", delay.why
    return Diagnostic(
        code=TST602.name,
        message=f"no test shows how soon {rule.name} is detected: {why}",
        level=Level.WARNING,
        route=(*rule.route, key),
        help=f"add a test with `fires_at` whose {what} change at some moment, such as `0x4 1x10`",
    )
