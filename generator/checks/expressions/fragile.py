"""Expressions whose series come and go for reasons that are no incident."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, Level
from generator.upstream.promql import promql

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.plan.conditions import Condition

PQL718 = Code(
    name="PQL718",
    title="Alert on `topk` or `bottomk`",
    meaning="`topk` and similar functions choose anew at every evaluation. A series that is overtaken "
    "resolves, another one pages, and `for` starts again. Compare all series with a threshold.",
    bad="""
expr: topk(3, queue_length) > 100
""",
    good="""
expr: queue_length > 100
""",
)

PQL719 = Code(
    name="PQL719",
    title="`without` keeps unknown labels",
    meaning="After `without (...)`, two metrics match only as long as they have the same other labels. One "
    "that gains a label in its next release prevents every match, and the alert falls silent. List the "
    "labels to keep with `by (...)`.",
    bad="""
expr: sum without (instance) (rate(request_errors_total[5m])) / sum without (instance) (rate(requests_total[5m])) > 0.1
""",
    good="""
expr: sum by (job) (rate(request_errors_total[5m])) / sum by (job) (rate(requests_total[5m])) > 0.1
""",
)

_CHOOSE = frozenset({"topk", "bottomk", "limitk", "limit_ratio"})


def check(condition: Condition) -> Iterator[Diagnostic]:
    """PQL718: an alert on the first few series. PQL719: two sides, each without a label, that may have others."""
    if condition.rule is not None:
        chosen = _chosen(condition.tree)
        if chosen is not None:
            yield Diagnostic(
                code=PQL718.name,
                level=Level.WARNING,
                message=f"{condition.name} fires for whatever `{chosen.op}` chooses at the moment: "
                "a series that is overtaken resolves, and `for` starts again",
                route=condition.route,
                notes=(f"in `{promql.written(chosen)}`",),
                help="compare all series with a threshold; the worst few belong on a dashboard",
            )
    for node in promql.every(condition.tree):
        if promql.kind(node) == "BinaryExpr" and _unlike(node):
            yield Diagnostic(
                code=PQL719.name,
                level=Level.WARNING,
                message=f"both sides of `{node.op}` in {condition.name} keep whatever labels their metrics have: "
                "a label that one of them gains prevents every match",
                route=condition.route,
                notes=(f"in `{promql.written(node)}`",),
                help="list the labels that remain: `by (...)` in place of `without (...)`",
            )


def _chosen(node: Any) -> Any | None:
    """Return the aggregation that chooses the series of the result; None where all are there."""
    node = promql.bare(node)
    kind = promql.kind(node)
    if kind == "AggregateExpr":
        return node if str(node.op) in _CHOOSE else None
    if kind == "BinaryExpr":
        sides = (node.lhs,) if str(node.op) in ("and", "unless") else (node.lhs, node.rhs)
        return next((found for side in sides if (found := _chosen(side)) is not None), None)
    return None


def _unlike(node: Any) -> bool:
    """Whether both sides are aggregated `without` labels, are of different metrics, and all that is left must match."""
    if str(node.op) == "or" or (node.modifier is not None and node.modifier.matching is not None):
        return False
    left, right = promql.bare(node.lhs), promql.bare(node.rhs)
    return _keeps_all(left) and _keeps_all(right) and _metrics(left) != _metrics(right)


def _keeps_all(node: Any) -> bool:
    return (
        promql.kind(node) == "AggregateExpr"
        and node.modifier is not None
        and str(node.modifier.type) == "AggModifierType.Without"
    )


def _metrics(node: Any) -> frozenset[str | None]:
    return frozenset(promql.metric_of(one) for one in promql.every(node) if promql.kind(one) == "VectorSelector")
