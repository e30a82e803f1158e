"""Comparisons that are never true, and expressions that are always true."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from generator.checks.expressions import barren
from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, Level
from generator.diagnostics.wording import listed
from generator.upstream.promql import promql
from generator.upstream.promql.contradictions import contradictions
from generator.upstream.promql.values import COMPARE, Decides, outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.checks.expressions.condition import Condition
    from generator.upstream.promql.values import Bounds, Comparison

PQL709 = Code(
    name="PQL709",
    title="Comparison is never true",
    meaning="No value passes the comparison, or no value passes two of them, so the alert never fires. Most often a "
    "count is compared with 0, but a count of no series is no result, not 0: use `absent(...)`, or add `or vector(0)`. "
    "Where the other side of an `or` can still fire it is a warning.",
    bad="""
expr: count(up{job="shop"} == 1) == 0
""",
    good="""
expr: (count(up{job="shop"} == 1) or vector(0)) == 0
""",
)

PQL710 = Code(
    name="PQL710",
    title="Expression always fires",
    meaning="Nothing in the expression can be false: it is a number, or a comparison with `bool`, whose "
    "results 0 and 1 both fire. Compare without `bool`. Or it is the `vector(0)` of `sum by (job) (...) or vector(0)`: "
    "no series with labels ever replaces it, so leave out `by`. If you want an alert that shows that alerting works, "
    "use `watch.heartbeat`.",
    bad="""
expr: queue_length{job="shop"} > bool 100
""",
    good="""
expr: queue_length{job="shop"} > 100
""",
)

PQL711 = Code(
    name="PQL711",
    title="Expression fires for every series",
    meaning="Without a comparison an alert fires for each series, even where its value is 0. Compare with a "
    "threshold; if the existence of series is enough, write `count(...) > 0`.",
    bad="""
expr: rate(request_errors_total{job="shop"}[5m])
""",
    good="""
expr: rate(request_errors_total{job="shop"}[5m]) > 0
""",
)


def check(condition: Condition) -> Iterator[Diagnostic]:
    """PQL709: a comparison is never true. PQL710: an alert always fires. PQL711: an alert fires for every series."""
    for comparison in condition.values.impossible(condition.tree):
        level, rest = barren.judged(condition)
        yield Diagnostic(
            code=PQL709.name,
            level=level,
            message=f"a comparison in {condition.name} is never true: `{comparison.text}`",
            route=condition.route,
            notes=(f"`{promql.written(comparison.compared)}` is {_within(comparison.bounds)}", *rest),
            help=_instead(comparison),
        )
    for contradiction in contradictions(condition.tree):
        level, rest = barren.judged(condition)
        yield Diagnostic(
            code=PQL709.name,
            level=level,
            message=f"conditions in {condition.name} exclude each other: "
            f"{listed([f'`{one}`' for one in contradiction.conditions])}",
            route=condition.route,
            notes=(f"they ask for the same value: that of `{contradiction.compared}`", *rest),
            help="correct one of them, or join them with `or`",
        )
    if condition.rule.records or condition.rule.heartbeat or promql.no_condition(condition.rule.expr):
        return
    beside, proven = _beside(condition, promql.bare(condition.tree))
    if beside is not None:
        yield Diagnostic(
            code=PQL710.name,
            level=Level.ERROR if proven else Level.WARNING,
            message=f"{condition.name} {'always fires' if proven else 'may fire always'}: "
            f"`{promql.written(beside.rhs)}` has no labels, so no series on the left of `or` replaces it",
            route=condition.route,
            notes=(f"in `{promql.written(beside)}`",),
            help="aggregate the left without `by (...)`, or compare it before the `or`",
        )
        return
    decides = condition.values.decides(condition.tree)
    if decides is Decides.NOTHING:
        yield Diagnostic(
            code=PQL710.name,
            message=f"{condition.name} always fires: nothing in its expression can be false",
            route=condition.route,
            help=f"compare with a threshold, without `bool`; {condition.around.words.heartbeat}",
        )
    elif decides is Decides.SERIES and not _selected(condition.tree):
        yield Diagnostic(
            code=PQL711.name,
            level=Level.WARNING,
            message=f"{condition.name} fires for every series, whatever its value",
            route=condition.route,
            help="compare with a threshold, such as `> 0`; if the existence of series is enough, write "
            "`count(...) > 0`",
        )


def _beside(condition: Condition, tree: Any) -> tuple[Any | None, bool]:
    """Return an `or` with a number on its right that always passes the comparison, beside series that have labels.

    The second value says whether they surely have some.
    """
    if promql.kind(tree) != "BinaryExpr" or str(tree.op) not in COMPARE:
        return None, False
    for compared, limit, mirrored in ((tree.lhs, tree.rhs, False), (tree.rhs, tree.lhs, True)):
        node = promql.bare(compared)
        if promql.kind(node) != "BinaryExpr" or str(node.op) != "or":
            continue
        number, left = promql.bare(node.rhs), condition.reader.read(node.lhs).labels
        matched = node.modifier is not None and node.modifier.matching is not None
        if matched or promql.kind(number) != "Call" or number.func.name != "vector" or left is None or not left.has:
            continue
        bounds = [condition.values.bounds(operand) for operand in (number.args[0], limit)]
        if outcome(str(tree.op), *(reversed(bounds) if mirrored else bounds)):
            return node, any(map(left.proven, left.has))
    return None, False


def _selected(tree: Any) -> bool:
    """Whether matchers say what is wrong: a name that only a fault produces, a property, the states of two series."""
    node = promql.bare(tree)
    if promql.kind(node) == "VectorSelector":
        matchers = promql.matchers(node)
        told = bool(matchers) and (promql.metric_of(node) or "").endswith(_INFO)
        return told or any(sign == "=~" for _, sign, _ in matchers)
    sides = [promql.bare(node.lhs), promql.bare(node.rhs)] if promql.kind(node) == "BinaryExpr" else []
    return (
        bool(sides)
        and str(node.op) == "and"
        and all(promql.kind(side) == "VectorSelector" and promql.matchers(side) for side in sides)
    )


def _within(bounds: Bounds) -> str:
    low, high = bounds
    if low == high:
        return f"always {low:g}"
    if math.isinf(high):
        return f"never less than {low:g}"
    return f"never more than {high:g}" if math.isinf(low) else f"always between {low:g} and {high:g}"


def _instead(comparison: Comparison) -> str:
    compared = comparison.compared
    if promql.kind(compared) == "AggregateExpr" and str(compared.op) in ("count", "group"):
        return "a count of no series is no result, not 0: use `absent(...)`, or add `or vector(0)` before comparing"
    if promql.kind(compared) == "Call" and compared.func.name.startswith("absent"):
        return f"`{compared.func.name}` yields 1 or no result: remove the comparison"
    return "correct the limit or the operator"


_INFO = ("_info", "_labels", "_metadata")
"""Metrics that are always 1: they tell properties by their labels."""
