"""Whether an alert's expression is true less often than before, where that can be told from its text.

It can where both expressions are the same but for thresholds and the comparisons themselves, outside of what turns
their meaning round: `absent`, the right side of `unless`, `bool`. Everything else is different, never a guess.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from generator.diff.changes import Verdict
from generator.upstream.promql import promql
from generator.upstream.promql.comparisons import constant

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """The verdict on an expression, and its changed thresholds as text."""

    verdict: Verdict
    moved: tuple[str, ...] = ()


_UNKNOWN = Judged(verdict=Verdict.DIFFERENT)


def judge(old: str, new: str) -> Judged:
    """Return whether `new` is true less often (weaker), more often (stronger), equally often, or differently."""
    before, after = promql.parsed(old), promql.parsed(new)
    if before is None or after is None:
        return Judged(verdict=Verdict.SAME) if old == new else _UNKNOWN
    try:
        moves = tuple(_moves(before, after))
    except _Incomparable:
        return _UNKNOWN
    verdicts = {verdict for verdict, _ in moves} - {Verdict.SAME}
    if not verdicts:
        return Judged(verdict=Verdict.SAME)
    verdict = verdicts.pop() if len(verdicts) == 1 else Verdict.DIFFERENT
    return Judged(verdict=verdict, moved=tuple(sentence for _, sentence in moves if sentence))


class _Incomparable(Exception):
    """The expressions differ in more than thresholds."""


_SETS = ("and", "or", "unless")
_GREATER, _LESS = (">", ">="), ("<", "<=")
_STRICT = {">=": ">", "<=": "<"}


def _moves(old: Any, new: Any) -> Iterator[tuple[Verdict, str]]:
    old, new = promql.bare(old), promql.bare(new)
    if _text(old) == _text(new):
        return
    if promql.kind(old) != "BinaryExpr" or promql.kind(new) != "BinaryExpr" or _matching(old) != _matching(new):
        raise _Incomparable
    before, after = str(old.op), str(new.op)
    if before in _SETS and before == after:
        yield from _moves(old.lhs, new.lhs)
        if before == "unless":
            yield from ((verdict.swapped, sentence) for verdict, sentence in _moves(old.rhs, new.rhs))
        else:
            yield from _moves(old.rhs, new.rhs)
        return
    yield _threshold(old, new, before, after)


def _threshold(old: Any, new: Any, before: str, after: str) -> tuple[Verdict, str]:
    """Return the verdict of a comparison whose threshold, a number or a multiple of something, changed."""
    left, right = _text(old.lhs) == _text(new.lhs), _text(old.rhs) == _text(new.rhs)
    direction = next((operators for operators in (_GREATER, _LESS) if before in operators and after in operators), None)
    if direction is None or _returns_bool(old) or _returns_bool(new):
        if {before, after} <= {"==", "!="} and left and constant(new.rhs) is not None:
            return Verdict.DIFFERENT, f"`{before} {_text(old.rhs)}` is now `{after} {_text(new.rhs)}`"
        raise _Incomparable
    strict = _stricter(before, after)
    if left and right:
        return strict, f"`{before}` is now `{after}`"
    if left:
        rising = _moved(old.rhs, new.rhs)
        sentence = f"`{before} {_text(old.rhs)}` is now `{after} {_text(new.rhs)}`"
        above = direction == _GREATER
    elif right:
        rising = _moved(old.lhs, new.lhs)
        sentence = f"`{_text(old.lhs)} {before}` is now `{_text(new.lhs)} {after}`"
        above = direction == _LESS
    else:
        raise _Incomparable
    if rising is Verdict.SAME:
        return strict, sentence if strict is not Verdict.SAME else ""
    moved = rising if above else rising.swapped
    # A threshold that moves one way outweighs an equality that goes the other.
    return moved, sentence


def _stricter(before: str, after: str) -> Verdict:
    if before == after:
        return Verdict.SAME
    return Verdict.WEAKER if _STRICT.get(before) == after else Verdict.STRONGER


def _moved(old: Any, new: Any) -> Verdict:
    """Return WEAKER where a threshold that must be exceeded has risen."""
    before, after = constant(old), constant(new)
    if before is not None and after is not None:
        return _rising(before, after)
    old, new = promql.bare(old), promql.bare(new)
    if promql.kind(old) != "BinaryExpr" or promql.kind(new) != "BinaryExpr" or str(old.op) != "*" or str(new.op) != "*":
        raise _Incomparable
    for side, other, same, alike in (
        (old.lhs, new.lhs, old.rhs, new.rhs),
        (old.rhs, new.rhs, old.lhs, new.lhs),
    ):
        before, after = constant(side), constant(other)
        if before is not None and after is not None and _text(same) == _text(alike) and _never_negative(same):
            return _rising(before, after)
    raise _Incomparable


def _rising(before: float, after: float) -> Verdict:
    if before == after:
        return Verdict.SAME
    return Verdict.WEAKER if after > before else Verdict.STRONGER


_COUNTING = ("rate", "irate", "increase", "count_over_time", "changes", "resets", "abs", "timestamp", "time")


def _never_negative(node: Any) -> bool:
    """Whether a series is never below 0 for any metrics: rates and counts."""
    node = promql.bare(node)
    match promql.kind(node):
        case "Call":
            return node.func.name in _COUNTING
        case "AggregateExpr":
            return str(node.op) in ("count", "group") or (
                str(node.op) in ("sum", "max", "min", "avg", "quantile") and _never_negative(node.expr)
            )
        case "BinaryExpr":
            return str(node.op) in ("+", "*", "/") and all(
                _never_negative(operand) or (constant(operand) or 0) > 0 for operand in (node.lhs, node.rhs)
            )
    return False


def _text(node: Any) -> str:
    return str(promql.bare(node).prettify())


def _matching(node: Any) -> str:
    return str(node.modifier or "")


def _returns_bool(node: Any) -> bool:
    return bool(node.modifier and node.modifier.return_bool)
