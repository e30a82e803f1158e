"""Whether a rule yields nothing at all for what is wrong in its expression, or only a part of it does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.diagnostics.diagnostic import Level
from generator.upstream.promql import promql
from generator.upstream.promql.contradictions import contradictions
from generator.upstream.promql.nothing import yields_nothing
from generator.upstream.promql.values import SINCE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.checks.expressions.condition import Condition

_REST = "the rest of the expression can still fire"


def judged(condition: Condition) -> tuple[Level, tuple[str, ...]]:
    """Return how bad a part that yields nothing is, and a note: the other side of an `or` may still fire."""
    dead = frozenset(_dead(condition))
    if yields_nothing(condition.tree, lambda node: str(node) in dead):
        return Level.ERROR, ()
    return Level.WARNING, (_REST,)


def is_before_all(node: Any) -> bool:
    """Whether a part of an expression reads a moment (`@`) that is older than any sample."""
    moment = getattr(getattr(node, "at", None), "at", None)
    return moment is not None and moment.timestamp() < SINCE


def _dead(condition: Condition) -> Iterator[str]:
    """Yield the text of each part that yields nothing."""
    yield from (one.part for one in condition.reading.mismatches if one.part)
    for comparison in condition.values.impossible(condition.tree):
        if not _returns_bool(comparison.node):
            yield str(comparison.node)
    yield from (str(one.node) for one in contradictions(condition.tree))
    yield from (str(node) for node in promql.every(condition.tree) if is_before_all(node))


def _returns_bool(node: Any) -> bool:
    return node.modifier is not None and bool(node.modifier.return_bool)
