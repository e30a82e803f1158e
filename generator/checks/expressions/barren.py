"""Whether a rule yields nothing at all for what is wrong in its expression, or only a part of it does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.diagnostics.diagnostic import Level
from generator.upstream.promql import promql
from generator.upstream.promql.contradictions import contradictions

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from generator.checks.expressions.condition import Condition

_REST = "the rest of the expression can still fire"


def judged(condition: Condition) -> tuple[Level, tuple[str, ...]]:
    """Return how bad a part that yields nothing is, and a note: the other side of an `or` may still fire."""
    if yields_nothing(condition.tree, frozenset(_dead(condition))):
        return Level.ERROR, ()
    return Level.WARNING, (_REST,)


def _dead(condition: Condition) -> Iterator[str]:
    """Yield the text of each part that yields nothing."""
    yield from (one.part for one in condition.reading.mismatches if one.part)
    for comparison in condition.values.impossible(condition.tree):
        if not _returns_bool(comparison.node):
            yield str(comparison.node)
    yield from (str(one.node) for one in contradictions(condition.tree))


def yields_nothing(node: Any, dead: Collection[str]) -> bool:
    """Return whether `node` has no result, whatever the series are, where those parts have none.

    Raises RecursionError where it is nested a thousand deep.
    """
    kind = promql.kind(node)
    if str(node) in dead:
        return True
    match kind:
        case "ParenExpr" | "UnaryExpr" | "SubqueryExpr" | "AggregateExpr":
            return yields_nothing(node.expr, dead)
        case "MatrixSelector":
            return yields_nothing(node.vector_selector, dead)
        case "Call" if not node.func.name.startswith("absent") and not promql.is_number(node):
            return any(yields_nothing(part, dead) for part in node.args if promql.kind(part) != "StringLiteral")
        case "BinaryExpr":
            left, right = yields_nothing(node.lhs, dead), yields_nothing(node.rhs, dead)
            operation = str(node.op)
            return left if operation == "unless" else left and right if operation == "or" else left or right
    return False


def _returns_bool(node: Any) -> bool:
    return node.modifier is not None and bool(node.modifier.return_bool)
