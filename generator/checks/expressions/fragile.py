"""Finds expressions whose series come and go without an incident."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, Level
from generator.upstream.promql import promql

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.checks.expressions.condition import Condition

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


def check(condition: Condition) -> Iterator[Diagnostic]:
    """PQL718: an alert on `topk` or `bottomk`. PQL719: operands aggregated `without` labels, which may gain others."""
    if not condition.rule.records:
        chosen = _chosen(condition.tree)
        if chosen is not None:
            yield Diagnostic(
                code=PQL718.name,
                level=Level.WARNING,
                message=f"{condition.name} fires for the series that `{chosen.op}` selects at the moment: "
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
                message=f"both operands of `{node.op}` in {condition.name} keep every label that `without` does not "
                "name: a label that one of their metrics gains prevents every match",
                route=condition.route,
                notes=(f"in `{promql.written(node)}`",),
                help="name the labels to keep: `by (...)` in place of `without (...)`",
            )


def _chosen(node: Any) -> Any | None:
    """Return the `topk` or similar aggregation that selects the series of the result; None where there is none."""
    node = promql.bare(node)
    kind = promql.kind(node)
    if kind == "AggregateExpr":
        return node if str(node.op) in promql.CHOOSE and not _picks_one_of_each(node) else None
    if kind == "BinaryExpr":
        operands = (node.lhs,) if str(node.op) in ("and", "unless") else (node.lhs, node.rhs)
        return next((choosing for operand in operands if (choosing := _chosen(operand)) is not None), None)
    return None


def _picks_one_of_each(node: Any) -> bool:
    """Whether it is `topk by (...) (1, ...)`: of series that are alike it leaves one, so that others can be joined."""
    param = promql.bare(node.param)
    one = promql.kind(param) == "NumberLiteral" and param.val == 1
    return one and node.modifier is not None and bool(list(node.modifier.labels))


def _unlike(node: Any) -> bool:
    """Whether both operands are aggregated `without` labels, of different metrics, and all other labels must match."""
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
    return frozenset(promql.metric_of(part) for part in promql.every(node) if promql.kind(part) == "VectorSelector")
