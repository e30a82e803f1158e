"""How long an expression may wait until a new sample decides it: the ranges that it averages over, records included."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from generator.upstream.promql import promql

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.upstream.promql.records import Records

_LATEST = frozenset({"idelta", "irate", "last_over_time", "max_over_time"})
"""Functions whose result a single new sample may decide, however long the range is."""
_EVENTS = frozenset({"changes", "delta", "increase", "rate", "resets"})
_ZERO = timedelta(0)


def shortest(tree: Any, records: Records) -> timedelta:
    """Return the shortest range after which what `tree` reads has decided; zero where a new sample does at once.

    Raises RecursionError where `tree` is nested a thousand deep.
    """
    return min(_waits(tree, _ZERO, records, frozenset()), default=_ZERO)


def _waits(node: Any, outside: timedelta, records: Records, above: frozenset[str]) -> Iterator[timedelta]:
    """Yield for each selector of `node` how long it may take until a new sample decides."""
    kind = promql.kind(node)
    if (kind == "Call" and node.func.name in _LATEST) or (kind == "BinaryExpr" and _counts_one(node, records)):
        yield outside
        return
    if kind == "VectorSelector":
        metric, trees = _made(node, records, above)
        if not trees:
            yield outside
        for tree in trees:
            yield from _waits(tree, outside, records, above | {metric})
        return
    within = node.range if kind in ("MatrixSelector", "SubqueryExpr") else _ZERO
    for part in promql.below(node):
        yield from _waits(part, outside + within, records, above)


def _made(selector: Any, records: Records, above: frozenset[str]) -> tuple[str, list[Any]]:
    """Return the metric of a selector and what records it; nothing where it reads itself, or is not analysed."""
    metric = promql.metric_of(selector) or ""
    if metric in above:
        return metric, []
    trees = [promql.parsed(rule.expr) for rule in records.of(metric)]
    return metric, [] if None in trees else trees


def _counts_one(node: Any, records: Records) -> bool:
    """Whether the first event makes the comparison true: `increase(errors_total[1h]) > 0`."""
    limit = promql.bare(node.rhs)
    if (str(node.op), promql.kind(limit)) != (">", "NumberLiteral") or limit.val != 0:
        return False
    calls = set(_calls(node.lhs, records, frozenset()))
    return bool(calls) and calls <= _EVENTS


def _calls(tree: Any, records: Records, above: frozenset[str]) -> Iterator[str]:
    for part in promql.every(tree):
        if promql.kind(part) == "Call":
            yield part.func.name
        elif promql.kind(part) == "VectorSelector":
            metric, trees = _made(part, records, above)
            for below in trees:
                yield from _calls(below, records, above | {metric})
