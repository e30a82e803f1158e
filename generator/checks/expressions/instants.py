"""Finds expressions that hold for another date than today: what is fixed to a moment, or compares a date with a length.

Unit tests begin in 1970, where the time is a small number: an expression that forgets `time() -` passes them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.checks.expressions import barren
from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, Level
from generator.upstream.promql import promql
from generator.upstream.promql.comparisons import constant
from generator.upstream.promql.values import COMPARE, SINCE, WITHIN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.checks.expressions.condition import Condition

PQL729 = Code(
    name="PQL729",
    title="Expression reads a fixed moment",
    meaning="`x @ 1700000000` reads what was stored at that moment, in every evaluation. Once Prometheus has deleted "
    "it, nothing is there and the alert never fires; `@ 0` works in unit tests alone, which begin at that moment. Use "
    "`offset`, which counts from now.",
    bad="""
expr: queue_length{job="shop"} > 2 * queue_length{job="shop"} @ 1700000000
""",
    good="""
expr: queue_length{job="shop"} > 2 * queue_length{job="shop"} offset 1d
""",
)

PQL730 = Code(
    name="PQL730",
    title="Date is compared with a length",
    meaning="A metric called `..._timestamp_seconds` holds the seconds since 1970: more than a thousand million. "
    "Compared with a length of time the result never changes; in unit tests, which begin in 1970, it does. Subtract: "
    "`time() - x > 300`.",
    bad="""
expr: backup_last_success_timestamp_seconds{job="shop"} < 3600
""",
    good="""
expr: time() - backup_last_success_timestamp_seconds{job="shop"} > 3600
seen_within: 61m
""",
)


def check(condition: Condition) -> Iterator[Diagnostic]:
    """PQL729: an expression reads a fixed moment. PQL730: a date is compared with a length."""
    for node in promql.every(condition.tree):
        if getattr(getattr(node, "at", None), "at", None) is not None:
            yield _fixed(condition, node)
        elif promql.kind(node) == "BinaryExpr" and str(node.op) in COMPARE:
            for dated, limit in ((node.lhs, node.rhs), (node.rhs, node.lhs)):
                length = constant(limit)
                if length is not None and 0 < abs(length) < SINCE and _is_date(dated):
                    yield _compared(condition, node, dated)


def _fixed(condition: Condition, node: Any) -> Diagnostic:
    level, rest = barren.judged(condition) if barren.is_before_all(node) else (Level.WARNING, ())
    return Diagnostic(
        code=PQL729.name,
        level=level,
        message=f"{condition.name} reads a fixed moment: {node.at.at:%Y-%m-%d %H:%M:%S} UTC",
        route=condition.route,
        notes=(
            f"in `{promql.written(node)}`",
            "when Prometheus has deleted what it stored then, nothing is there any more",
            *rest,
        ),
        help="use `offset`, which counts from now",
    )


def _compared(condition: Condition, node: Any, dated: Any) -> Diagnostic:
    return Diagnostic(
        code=PQL730.name,
        level=Level.ERROR if condition.rule.urgent() else Level.WARNING,
        message=f"{condition.name} compares a date with a length: `{promql.written(node)}`",
        route=condition.route,
        notes=(f"`{promql.written(dated)}` is in seconds since 1970, by its name",),
        help=f"compare its age: `time() - {promql.written(dated)}`",
    )


def _is_date(node: Any) -> bool:
    """Whether the values are those of a metric that holds dates, chosen or aggregated, but not computed with."""
    node = promql.bare(node)
    match promql.kind(node):
        case "VectorSelector":
            return (promql.metric_of(node) or "").endswith(_DATES)
        case "MatrixSelector":
            return _is_date(node.vector_selector)
        case "SubqueryExpr":
            return _is_date(node.expr)
        case "AggregateExpr":
            return str(node.op) in WITHIN and _is_date(node.expr)
        case "Call":
            return node.func.name in WITHIN and any(map(_is_date, node.args))
    return False


_DATES = ("_timestamp_seconds", "process_start_time_seconds", "node_boot_time_seconds", "node_time_seconds")
"""Names of metrics that hold dates (prometheus.io/docs/practices/naming; client libraries; the node exporter)."""
