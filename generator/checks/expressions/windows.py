"""Finds ranges that are too short for two samples, or longer than a P0 may take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, Level
from generator.policy import duration
from generator.upstream.promql import promql, waits

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import timedelta

    from generator.checks.expressions.condition import Condition

PQL712 = Code(
    name="PQL712",
    title="Range is too short",
    meaning="`rate` and similar functions need two samples. With less than three scrape intervals, one lost "
    "scrape leaves a gap in which the alert resolves and `for` starts again; with less than two "
    "there are not always two samples, and with one there is never a value (errors). A recorded metric has one "
    "sample per evaluation of its rule.",
    bad="""
expr: rate(request_errors_total[30s]) > 1
""",
    good="""
expr: rate(request_errors_total[1m]) > 1
""",
)

PQL713 = Code(
    name="PQL713",
    title="P0 looks back too far",
    meaning="An average over more time than there is to acknowledge may become true too late. Shorten the "
    "range, or declare with `seen_within` how soon the expression is true: that time is added to the "
    "sum of the SLA, and tests prove it.",
    bad="""
severity: P0
expr: avg_over_time(payments_failing_ratio[10m]) > 0.5
""",
    good="""
severity: P0
expr: avg_over_time(payments_failing_ratio[1m]) > 0.5
""",
)

_OF_TWO = frozenset({"changes", "delta", "deriv", "idelta", "increase", "irate", "predict_linear", "rate", "resets"})
"""Functions that need two samples of a series."""


def check(condition: Condition) -> Iterator[Diagnostic]:
    """PQL712: a range of less than three samples, an error below two. PQL713: a P0 that looks back too far."""
    for node in promql.every(condition.tree):
        if promql.kind(node) == "Call" and node.func.name in _OF_TWO:
            yield from _too_short(condition, node)
    yield from _too_long(condition)


def _too_short(condition: Condition, call: Any) -> Iterator[Diagnostic]:
    window = promql.bare(call.args[0])
    between, what = _between(condition, window)
    if between is None or window.range >= 3 * between:
        return
    if window.range <= between:
        result = "there are never two samples to compare"
    elif window.range < 2 * between:
        result = "there are not always two samples to compare"
    else:
        result = "one sample that is lost leaves a gap"
    yield Diagnostic(
        code=PQL712.name,
        level=Level.ERROR if window.range < 2 * between else Level.WARNING,
        message=f"`{call.func.name}` in {condition.name} looks at {duration.write(window.range)}, "
        f"and {what} every {duration.write(between)}: {result}",
        route=condition.route,
        notes=(f"in `{promql.written(call)}`",),
        help=f"write a range of at least {duration.write(4 * between)}",
    )


def _between(condition: Condition, window: Any) -> tuple[timedelta | None, str]:
    """Return the time between two samples in a range (None: unknown), and what produces them, for a message."""
    around = condition.around
    if promql.kind(window) != "MatrixSelector":
        return window.step or around.evaluate, "there is a sample"
    metric = promql.metric_of(window.vector_selector)
    if around.records.of(metric):
        return around.every.get(metric or ""), f"`{metric}` is recorded"
    return around.scrape, "Prometheus scrapes"


def _too_long(condition: Condition) -> Iterator[Diagnostic]:
    """PQL713: what decides a P0 looks back longer than its SLA, and `seen_within` is not declared."""
    acknowledge = condition.rule.acknowledge
    if acknowledge is None:
        return
    longest = waits.until_decided(condition.tree, condition.around.records)
    if longest > acknowledge:
        yield Diagnostic(
            code=PQL713.name,
            level=Level.WARNING,
            message=f"{condition.name} looks back {duration.write(longest)}, but a P0 must be acknowledged within "
            f"{duration.write(acknowledge)}, and no `seen_within` is declared",
            route=condition.route,
            help="shorten the range, or declare with `seen_within` how soon the expression is true: it counts "
            "towards the SLA, and tests prove it",
        )
