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
_COMPARES = frozenset({"==", "!=", ">", "<", ">=", "<="})
_ZERO = timedelta(0)


def until_decided(tree: Any, records: Records) -> timedelta:
    """Return the range after which new samples have decided `tree` at the latest; zero where a single one does.

    Of a comparison with what is read of the same metric (a baseline), either side may decide. What is compared with
    another metric (a limit) stands on the left, and of `and` and `or` the slower side counts. Raises RecursionError
    where `tree` is nested a thousand deep.
    """
    return _wait(tree, _ZERO, records, frozenset()) or _ZERO


def _wait(node: Any, outside: timedelta, records: Records, above: frozenset[str]) -> timedelta | None:
    """Return how long it may take until new samples decide a part of an expression; None where it reads none."""
    kind = promql.kind(node)
    if (kind == "Call" and node.func.name in _LATEST) or (kind == "BinaryExpr" and _counts_one(node, records)):
        return outside
    if kind == "VectorSelector":
        metric, trees = _made(node, records, above)
        made = [_wait(tree, outside, records, above | {metric}) for tree in trees]
        return max((length for length in made if length is not None), default=outside)
    within = node.range if kind in ("MatrixSelector", "SubqueryExpr") else _ZERO
    waits = [_wait(part, outside + within, records, above) for part in promql.below(node)]
    known = [length for length in waits if length is not None]
    if kind == "BinaryExpr" and len(known) > 1:
        return _of_two(node, known[0], known[1], records)
    return min(known, default=None)


def _of_two(node: Any, left: timedelta, right: timedelta, records: Records) -> timedelta:
    operator = str(node.op)
    if operator in ("and", "or"):
        return max(left, right)
    if operator == "unless":
        return left
    if operator in _COMPARES and not _read(node.lhs, records) & _read(node.rhs, records):
        return left
    return min(left, right)


def _read(tree: Any, records: Records, above: frozenset[str] = frozenset()) -> frozenset[str]:
    """Return the metrics that a part of an expression reads, records and what is behind them."""
    found = set()
    for part in promql.every(tree):
        if promql.kind(part) == "VectorSelector":
            metric, trees = _made(part, records, above)
            found |= {metric, *(name for tree in trees for name in _read(tree, records, above | {metric}))}
    return frozenset(found)


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
