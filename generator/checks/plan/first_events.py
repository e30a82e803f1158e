"""Finds what is urgent and counts the events of a counter, where no test shows the first event of all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, Level
from generator.upstream.promql import promql
from generator.upstream.promql.labels import SCRAPED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.plan.plan import AlertRule, Plan

PQL728 = Code(
    name="PQL728",
    title="No test shows the first event of a counter",
    meaning="A counter with labels is born with its first event, at 1: `increase` and `rate` see no growth, and an "
    "urgent alert for a single event does not fire for that one. Add a test whose series begins with `_` (`_x4 1x10`) "
    "and an expression that it makes fire, such as a gauge of what is not settled. Where the exporter writes a 0 for "
    "each series from its start, say so with `accepts`.",
    bad="""
severity: P1
expr: sum by (method) (increase(payments_lost_total[1m])) > 0
tests:
  - {given: {'payments_lost_total{method="card"}': 0x4 1x10}, fires_at: 1m15s, labels: {method: card}}
  - {given: {'payments_lost_total{method="card"}': 0x20}, silent_until: 5m}
""",
    good="""
severity: P1
expr: sum by (method) (payments_not_booked) > 0
tests:
  - {given: {'payments_not_booked{method="card"}': _x4 1x10}, fires_at: 1m15s, labels: {method: card}}
  - {given: {'payments_not_booked{method="card"}': 0x20}, silent_until: 5m}
""",
)

_COUNTS = frozenset({"increase", "rate", "irate"})


def check(plan: Plan) -> Iterator[Diagnostic]:
    """PQL728: an urgent alert that a single event makes fire, and no test whose counter begins with that event."""
    judged: set[tuple[str, str]] = set()
    uncounted: set[str] = set()
    found: set[str] = set()
    urgent = plan.policy.urgent
    for rule in plan.rules:
        if rule.severity not in urgent or not _may_count(rule.expr) or not rule.origin.written or rule.name in found:
            continue
        expression = promql.alike(rule.expr, rule.service)
        if expression in uncounted or (rule.name, expression) in judged:
            continue
        judged.add((rule.name, expression))
        counted = _counted(rule.expr)
        if not counted:
            uncounted.add(expression)
        metric = next((metric for metric in counted if not _begins_unborn(rule, metric)), None)
        if metric is not None:
            found.add(rule.name)
            yield Diagnostic(
                code=PQL728.name,
                level=Level.WARNING,
                message=f"no test of {rule.name} shows the first event that {metric} counts: "
                "a series that begins at 1 has not grown",
                route=(*rule.route, "expr"),
                help="add a test whose series begins with `_`, such as `_x4 1x10`, and an expression that it makes "
                "fire; or let the exporter begin each series at 0, and accept this",
            )


def _may_count(expression: str) -> bool:
    """Return whether an expression may count events, without a look at its tree: most of a large policy do not."""
    return any(name in expression for name in _COUNTS)


def _counted(expression: str) -> tuple[str, ...]:
    """Return the metrics of which one event makes a comparison true."""
    tree = promql.parsed(expression)
    try:
        parts = () if tree is None else tuple(promql.every(tree))
    except RecursionError:
        return ()
    compared = (part for part in parts if promql.kind(part) == "BinaryExpr" and str(part.op) in (">", ">="))
    found = (metric for part in compared for metric in _enough(part))
    return tuple(dict.fromkeys(found))


def _enough(comparison: Any) -> Iterator[str]:
    limit = promql.bare(comparison.rhs)
    if promql.kind(limit) != "NumberLiteral" or limit.val < 0:
        return
    call = _inside(comparison.lhs)
    if promql.kind(call) != "Call" or call.func.name not in _COUNTS:
        return
    window = promql.bare(call.args[0])
    if promql.kind(window) != "MatrixSelector":
        return
    one = 1.0 if call.func.name == "increase" else 1 / window.range.total_seconds()
    metric = promql.metric_of(window.vector_selector)
    if metric and (limit.val < one or (str(comparison.op) == ">=" and limit.val == one)):
        yield metric


def _inside(node: Any) -> Any:
    """Return what is summed up, or chosen from."""
    node = promql.bare(node)
    while promql.kind(node) == "AggregateExpr" and str(node.op) in ("sum", "max", "topk"):
        node = promql.bare(node.expr)
    return node


def _begins_unborn(rule: AlertRule, metric: str) -> bool:
    """Return whether a test that fires gives a series of the metric that is not there at first.

    True also where none gives one with labels of its own: of a counter without, the first sample is usually a 0.
    """
    fires = [test for test in rule.tests if any(expected.fires for expected in test.expected)]
    given = [
        values.split()
        for test in fires
        for series, values in test.given.items()
        if series.split("{", 1)[0].strip() == metric and _has_labels(series)
    ]
    return not given or any(values[:1] and values[0].startswith("_") for values in given)


def _has_labels(series: str) -> bool:
    """Return whether a series of a test has labels that no scrape adds."""
    tree = promql.selector(series)
    return tree is not None and any(value and label not in SCRAPED.limits for label, _, value in promql.matchers(tree))
