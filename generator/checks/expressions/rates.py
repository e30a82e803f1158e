"""Finds rates of sums: the rate of each counter must be taken before they are summed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, Level
from generator.upstream.promql import promql

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.checks.expressions.condition import Condition

PQL714 = Code(
    name="PQL714",
    title="Rate of a sum",
    meaning="`rate` recognises the restart of a single counter. In a sum of counters one restart looks like a "
    "drop of the whole, which `rate` takes for a restart of all. Take the rate first, then sum.",
    bad="""
expr: increase(sum by (job) (request_errors_total)[10m:15s]) > 100
""",
    good="""
expr: sum by (job) (increase(request_errors_total[10m])) > 100
""",
)

_RATES = frozenset({"rate", "irate", "increase"})
_ADDS = frozenset({"sum", "avg", "count"})


def check(condition: Condition) -> Iterator[Diagnostic]:
    """PQL714: a rate of a sum, in which the restart of one counter looks like a restart of all."""
    for node in promql.every(condition.tree):
        if promql.kind(node) != "Call" or node.func.name not in _RATES:
            continue
        added = _added(condition, promql.bare(node.args[0]))
        if added:
            yield Diagnostic(
                code=PQL714.name,
                level=Level.WARNING,
                message=f"`{node.func.name}` in {condition.name} is applied to {added}: "
                "the restart of one instance looks like a jump of the whole sum",
                route=condition.route,
                notes=(f"in `{promql.written(node)}`",),
                help=f"take the rate first, then sum: `sum({node.func.name}(...))`",
            )


def _added(condition: Condition, window: Any) -> str | None:
    """Return the sum whose rate is taken; None where the rate is that of single counters."""
    if promql.kind(window) == "SubqueryExpr":
        inner = promql.bare(window.expr)
        return f"`{promql.written(inner)}`" if _adds(inner) else None
    metric = promql.metric_of(window.vector_selector)
    trees = [promql.parsed(rule.expr) for rule in condition.around.records.of(metric)]
    adds = [tree is not None and _adds(promql.bare(tree)) for tree in trees]
    return f"`{metric}`, which records a sum" if adds and all(adds) else None


def _adds(node: Any) -> bool:
    return promql.kind(node) == "AggregateExpr" and str(node.op) in _ADDS
