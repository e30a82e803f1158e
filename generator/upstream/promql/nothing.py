"""Whether an expression yields nothing, whatever its series are; and recorded metrics that are never made for that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.upstream.promql import promql

if TYPE_CHECKING:
    from collections.abc import Callable

    from generator.upstream.promql.records import Records


def yields_nothing(node: Any, is_dead: Callable[[Any], bool]) -> bool:
    """Return whether `node` has no result where the parts that are dead have none.

    Raises RecursionError where it is nested a thousand deep.
    """
    if is_dead(node):
        return True
    match promql.kind(node):
        case "ParenExpr" | "UnaryExpr" | "SubqueryExpr" | "AggregateExpr":
            return yields_nothing(node.expr, is_dead)
        case "MatrixSelector":
            return yields_nothing(node.vector_selector, is_dead)
        case "Call" if not node.func.name.startswith("absent") and not promql.is_number(node):
            return any(yields_nothing(part, is_dead) for part in node.args if promql.kind(part) != "StringLiteral")
        case "BinaryExpr":
            left, right = yields_nothing(node.lhs, is_dead), yields_nothing(node.rhs, is_dead)
            operation = str(node.op)
            return left if operation == "unless" else left and right if operation == "or" else left or right
    return False


def never_made(records: Records) -> frozenset[str]:
    """Return the recorded metrics whose rules wait for one another, so that none of them has a first series.

    One that a target can export is none of them, nor one that begins without the others (`x or y`).
    """
    reads = {
        metric: frozenset(name for rule in rules for name in promql.read_of(records.by_metric, rule.expr))
        for metric, rules in records.by_metric.items()
        if not records.may_be_scraped(metric)
    }
    waiting = set(reads)
    # First by names alone: nearly no policy has a circle.
    while begun := {metric for metric in waiting if not reads[metric] & waiting}:
        waiting -= begun
    while begun := {metric for metric in waiting if _begins(metric, records, waiting)}:
        waiting -= begun
    return frozenset(waiting)


def _begins(metric: str, records: Records, waiting: set[str]) -> bool:
    """Return whether a rule of the metric may yield something without those that wait."""

    def is_dead(node: Any) -> bool:
        return promql.kind(node) == "VectorSelector" and promql.metric_of(node) in waiting

    trees = (promql.parsed(rule.expr) for rule in records.of(metric))
    try:
        return any(tree is None or not yields_nothing(tree, is_dead) for tree in trees)
    except RecursionError:
        return True
