"""Checks quantiles: between 0 and 1, of buckets with `le`, and of their rate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, Level
from generator.upstream.promql import promql

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.checks.expressions.condition import Condition

PQL715 = Code(
    name="PQL715",
    title="`histogram_quantile` without `le`",
    meaning="`histogram_quantile` reads the limit of each bucket from the label `le`. Without it there is no "
    "result, and the alert never fires. Keep `le` in the aggregation.",
    bad="""
expr: histogram_quantile(0.99, sum by (job) (rate(duration_seconds_bucket[5m]))) > 0.5
""",
    good="""
expr: histogram_quantile(0.99, sum by (job, le) (rate(duration_seconds_bucket[5m]))) > 0.5
""",
)

PQL716 = Code(
    name="PQL716",
    title="Quantile outside 0 to 1",
    meaning="Beyond 0 and 1 the result is infinite, so that a comparison is always or never true. Write 0.99 "
    "for the 99th percentile.",
    bad="""
expr: histogram_quantile(99, sum by (le) (rate(duration_seconds_bucket[5m]))) > 0.5
""",
    good="""
expr: histogram_quantile(0.99, sum by (le) (rate(duration_seconds_bucket[5m]))) > 0.5
""",
)

PQL717 = Code(
    name="PQL717",
    title="Quantile since the start of the process",
    meaning="Buckets count from the start of the process, so their quantile hardly moves when something goes "
    "wrong now. Take the rate of the buckets first.",
    bad="""
expr: histogram_quantile(0.99, sum by (le) (duration_seconds_bucket)) > 0.5
""",
    good="""
expr: histogram_quantile(0.99, sum by (le) (rate(duration_seconds_bucket[5m]))) > 0.5
""",
)

_OVER_TIME = frozenset({"rate", "irate", "increase", "delta"})


def check(condition: Condition) -> Iterator[Diagnostic]:
    """PQL715: buckets without `le`. PQL716: a quantile outside 0 to 1. PQL717: buckets without a rate."""
    for node in promql.every(condition.tree):
        name = _quantile(node)
        if name is None:
            continue
        share = promql.bare(node.param if promql.kind(node) == "AggregateExpr" else node.args[0])
        if promql.kind(share) == "NumberLiteral" and not 0 <= share.val <= 1:
            yield Diagnostic(
                code=PQL716.name,
                message=f"`{name}` in {condition.name} asks for the quantile {share.val:g}, which is outside 0 to 1",
                route=condition.route,
                notes=(f"in `{promql.written(node)}`",),
                help="a quantile lies between 0 and 1: write 0.99 for the 99th percentile",
            )
        if name == "histogram_quantile":
            yield from _buckets(condition, node)


def _quantile(node: Any) -> str | None:
    """Return the name of an operation whose first argument is a quantile."""
    if promql.kind(node) == "AggregateExpr" and str(node.op) == "quantile":
        return "quantile"
    if promql.kind(node) == "Call" and node.func.name in ("histogram_quantile", "quantile_over_time"):
        return str(node.func.name)
    return None


def _buckets(condition: Condition, call: Any) -> Iterator[Diagnostic]:
    within = list(promql.every(call.args[1]))
    selectors = [part for part in within if promql.kind(part) == "VectorSelector"]
    names = [metric for selector in selectors if (metric := promql.metric_of(selector))]
    if not names or not all(name.endswith("_bucket") for name in names):
        return  # native histograms have no `le`, and of recorded ones we know less
    labels = condition.reader.read(call.args[1]).labels
    why = labels.missing("le") if labels else None
    notes = (f"in `{promql.written(call)}`",)
    if why:
        yield Diagnostic(
            code=PQL715.name,
            message=f"`histogram_quantile` in {condition.name} gets buckets without `le`, and yields nothing",
            route=condition.route,
            notes=(*notes, why),
            help="keep `le` in the aggregation: `sum by (le) (rate(x_bucket[5m]))`",
        )
    elif not any(promql.kind(part) == "Call" and part.func.name in _OVER_TIME for part in within):
        yield Diagnostic(
            code=PQL717.name,
            level=Level.WARNING,
            message=f"`histogram_quantile` in {condition.name} counts all observations since the processes started",
            route=condition.route,
            notes=notes,
            help="take the rate of the buckets first: `rate(x_bucket[5m])`",
        )
