"""Finds expressions that ask a target which is down for series that only a target which is up has."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, Level
from generator.policy import duration
from generator.upstream.promql import promql
from generator.upstream.promql.comparisons import constant
from generator.upstream.promql.values import COMPARE, MIRRORED, outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.checks.expressions.condition import Condition

PQL732 = Code(
    name="PQL732",
    title="A target that is down has no such series",
    meaning="When a scrape fails, Prometheus sets `up` to 0 and marks all series of the target as gone. `up == 0 and "
    "x` is never true; with a range (`rate(x[5m])`) it is true until the range is over: never for as long as a longer "
    "`for` wants. Ask another target (`on (cluster)`), look back for longer than `for`, or leave the condition out.",
    bad="""
expr: up{job="shop"} == 0 and shop_orders_open > 0
""",
    good="""
expr: up{job="shop"} == 0 and last_over_time(shop_orders_open[30m]) > 0
""",
)

_TARGET = frozenset({"job", "instance"})
"""The labels that say of which target a series is."""


def check(condition: Condition) -> Iterator[Diagnostic]:
    """PQL732: a condition on a target that is down reads series of the same target."""
    for node in promql.every(condition.tree):
        if promql.kind(node) == "BinaryExpr" and str(node.op) == "and" and _of_one_target(node.modifier):
            for down, other in ((node.lhs, node.rhs), (node.rhs, node.lhs)):
                lasts = _lasts(condition, other) if _is_down(down) else None
                if lasts is not None and lasts <= condition.rule.hold:
                    yield _finding(condition, node, other, lasts)


def _finding(condition: Condition, node: Any, other: Any, lasts: timedelta) -> Diagnostic:
    alone = promql.bare(condition.tree) is node or str(promql.bare(condition.tree)) == str(node)
    held = f", and `for` is {duration.write(condition.rule.hold)}" if condition.rule.hold else ""
    after = f"{duration.write(lasts)} after its last scrape" if lasts else "at once"
    return Diagnostic(
        code=PQL732.name,
        level=Level.ERROR if alone else Level.WARNING,
        message=f"{condition.name} asks a target that is down for its series: `{promql.written(other)}` is gone "
        f"{after}{held}",
        route=condition.route,
        notes=(f"in `{promql.written(node)}`", "when a scrape fails, all series of the target are marked as gone"),
        help="leave it out, look back for longer than `for` (`last_over_time(x[30m])`), or ask another target",
    )


def _of_one_target(modifier: Any) -> bool:
    """Whether both operands are of the same target: they match by `job` and `instance`."""
    matching = modifier.matching if modifier is not None else None
    if matching is None:
        return True
    on = str(matching.type) == "LabelModifierType.Include"
    return frozenset(matching.labels) >= _TARGET if on else not _TARGET & frozenset(matching.labels)


def _is_down(node: Any) -> bool:
    """Whether an operand yields `up` of targets that are down, and of no others."""
    node = promql.bare(node)
    if promql.kind(node) != "BinaryExpr" or str(node.op) not in COMPARE or node.modifier is not None:
        return False
    operation, selector, limit = str(node.op), promql.bare(node.lhs), constant(node.rhs)
    if limit is None:
        operation, selector, limit = MIRRORED.get(operation, operation), promql.bare(node.rhs), constant(node.lhs)
    if promql.kind(selector) != "VectorSelector" or promql.metric_of(selector) != "up" or limit is None:
        return False
    passes = [outcome(operation, (value, value), (limit, limit)) for value in (0.0, 1.0)]
    return selector.offset is None and passes == [True, False]


def _lasts(condition: Condition, node: Any) -> timedelta | None:
    """Return how long an operand has series of a target after its last scrape; None where that is not known."""
    match promql.kind(node):
        case "ParenExpr" | "UnaryExpr":
            return _lasts(condition, node.expr)
        case "VectorSelector":
            return _selected(condition, node)
        case "MatrixSelector":
            return _longer(_selected(condition, node.vector_selector), node.range)
        case "SubqueryExpr":
            return _longer(_longer(_lasts(condition, node.expr), node.range), _offset(node))
        case "AggregateExpr" if _keeps_target(node):
            return _lasts(condition, node.expr)
        case "Call" if not node.func.name.startswith(("absent", "label_")) and not promql.is_number(node):
            return _first(_lasts(condition, part) for part in node.args)
        case "BinaryExpr" if str(node.op) not in ("or", "unless"):
            return _first(_lasts(condition, part) for part in (node.lhs, node.rhs))
        case "BinaryExpr" if str(node.op) == "unless":
            return _lasts(condition, node.lhs)
    return None


def _selected(condition: Condition, selector: Any) -> timedelta | None:
    metric = promql.metric_of(selector)
    records = condition.around.records
    if metric is None or metric == "up" or metric.startswith("scrape_"):
        return None  # Prometheus writes these of targets that are down, too (scrape/scrape.go, report)
    if records.of(metric) or not records.may_be_scraped(metric):
        return None
    return None if selector.at is not None else _offset(selector)


def _offset(node: Any) -> timedelta:
    return max(node.offset or timedelta(), timedelta())


def _longer(length: timedelta | None, by: timedelta) -> timedelta | None:
    return None if length is None else length + by


def _first(lengths: Iterator[timedelta | None]) -> timedelta | None:
    return min((length for length in lengths if length is not None), default=None)


def _keeps_target(node: Any) -> bool:
    modifier = node.modifier
    if modifier is None or str(modifier.type) == "AggModifierType.Without":
        return modifier is not None and not _TARGET & frozenset(modifier.labels)
    return frozenset(modifier.labels) >= _TARGET
