"""Finds where one series is expected, and nothing says that there is one: a test gives one, a server has several."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, Level
from generator.upstream.promql import promql

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.checks.expressions.condition import Condition

PQL733 = Code(
    name="PQL733",
    title="Several series where one counts",
    meaning="`scalar` of several series is NaN, and no comparison with it is ever true; `on ()` of several series "
    "fails, and the rule with it. A test gives one series; on a server each target has its own. Aggregate to one "
    "(`max(...)`), or select one `instance`.",
    bad="""
expr: sum(queue_length{job="shop"}) > scalar(queue_limit{job="shop"})
""",
    good="""
expr: sum(queue_length{job="shop"}) > scalar(min(queue_limit{job="shop"}))
""",
)

_SETS = frozenset({"and", "or", "unless"})


def check(condition: Condition) -> Iterator[Diagnostic]:
    """PQL733: `scalar` of what may be several series, or `on ()` with them."""
    for node in promql.every(condition.tree):
        if promql.kind(node) == "Call" and node.func.name == "scalar":
            yield from _found(condition, node, node.args, "`scalar` of several is NaN, and no comparison is true")
        elif promql.kind(node) == "BinaryExpr" and str(node.op) not in _SETS and _on_nothing(node):
            yield from _found(condition, node, _single(node), "`on ()` of several fails, and nobody is notified")


def _found(condition: Condition, node: Any, parts: Any, why: str) -> Iterator[Diagnostic]:
    several = [part for part in parts if not _is_one(condition, part)]
    for part in several[:1]:
        shown = promql.written(part)
        yield Diagnostic(
            code=PQL733.name,
            level=Level.WARNING,
            message=f"{condition.name} counts on one series of `{shown}`, and there may be several",
            route=condition.route,
            notes=(f"in `{promql.written(node)}`", why),
            help=f"aggregate to one: `max({shown})`, or select one `instance`",
        )


def _on_nothing(node: Any) -> bool:
    """Whether all series of both sides are matched with one another."""
    matching = node.modifier.matching if node.modifier is not None else None
    return matching is not None and str(matching.type) == "LabelModifierType.Include" and not matching.labels


def _single(node: Any) -> tuple[Any, ...]:
    """Return the sides of which there may be one series alone."""
    cardinality = str(node.modifier.card).rsplit(".", 1)[1]
    return {"ManyToOne": (node.rhs,), "OneToMany": (node.lhs,)}.get(cardinality, (node.lhs, node.rhs))


def _is_one(condition: Condition, part: Any) -> bool:
    """Whether a part has one series at most: all its labels are fixed, or it is of one target."""
    labels = condition.reader.read(part).labels
    if labels is None or labels.is_one:
        return True
    if labels.only is not None:
        return all(labels.has.get(label) is not None for label in labels.only)
    return labels.has.get("instance") is not None
