"""Conditions of a PromQL expression on one value that exclude each other: `x > 5 and x < 3`, `x == 0 unless x < 1`.

Both sides of `and` and `unless` match by all labels, so the same expression on both sides has the same value there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from operator import eq, ge, gt, le, lt, ne
from typing import TYPE_CHECKING, Any, NamedTuple

from generator.upstream.promql import promql
from generator.upstream.promql.comparisons import constant
from generator.upstream.promql.values import COMPARE, MIRRORED

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True, kw_only=True)
class Contradiction:
    """A part of an expression that yields nothing, since its conditions on `compared` exclude each other."""

    node: Any
    compared: str
    conditions: tuple[str, ...]


def contradictions(tree: Any) -> Iterator[Contradiction]:
    """Yield each part of an expression whose conditions exclude each other."""
    # The parser makes a node anew for whoever asks: its text says which it is.
    inside: set[str] = set()
    for node in promql.every(tree):
        if not _is_set(node) or str(node) in inside:
            continue
        asked, refused = _conditions(node, inside)
        yield from _excluding(node, asked, refused)


class _Condition(NamedTuple):
    """What is asked of the value of an expression: operators with numbers; none, that it is there."""

    of: str
    shown: str
    tests: tuple[tuple[str, float], ...]
    text: str


def _is_set(node: Any) -> bool:
    """Whether a node is an `and` or `unless` that matches by all labels."""
    return (
        promql.kind(node) == "BinaryExpr"
        and str(node.op) in ("and", "unless")
        and (node.modifier is None or node.modifier.matching is None)
    )


def _conditions(node: Any, inside: set[str]) -> tuple[list[_Condition], list[_Condition]]:
    """Return what the operands of a chain of `and` and `unless` ask for, and what must not be there."""
    asked: list[_Condition] = []
    refused: list[_Condition] = []
    waiting = [(node, True)]
    while waiting:
        part, wanted = waiting.pop()
        bare = promql.bare(part)
        if wanted and _is_set(bare):
            inside.add(str(bare))
            waiting += [(bare.rhs, str(bare.op) == "and"), (bare.lhs, True)]
            continue
        condition = _condition(bare)
        if condition is not None:
            (asked if wanted else refused).append(condition)
    return asked, refused


def _condition(node: Any) -> _Condition | None:
    """Return what an operand asks for; None where its series may differ in the names of metrics alone."""
    tests: list[tuple[str, float]] = []
    whole = promql.written(node)
    while promql.kind(node) == "BinaryExpr" and str(node.op) in COMPARE:
        if node.modifier is not None and node.modifier.return_bool:
            break
        left, right = constant(node.lhs), constant(node.rhs)
        if right is not None:
            tests.append((str(node.op), right))
            node = promql.bare(node.lhs)
        elif left is not None:
            tests.append((MIRRORED.get(str(node.op), str(node.op)), left))
            node = promql.bare(node.rhs)
        else:
            break
    if promql.is_number(node) or any(map(_hides_names, promql.every(node))):
        return None
    return _Condition(of=promql.identity(node), shown=promql.written(node), tests=tuple(tests), text=whole)


def _hides_names(node: Any) -> bool:
    """Whether two series of a part may differ in the names of metrics alone."""
    if promql.kind(node) == "VectorSelector":
        return promql.metric_of(node) is None
    return promql.kind(node) == "Call" and node.func.name in ("label_replace", "label_join")


def _excluding(node: Any, asked: list[_Condition], refused: list[_Condition]) -> Iterator[Contradiction]:
    for of in dict.fromkeys(condition.of for condition in asked):
        same = [condition for condition in asked if condition.of == of]
        tests = [test for condition in same for test in condition.tests]
        if not _possible(tests):
            yield Contradiction(
                node=node, compared=same[0].shown, conditions=tuple(condition.text for condition in same)
            )
            return
        for other in refused:
            # What is no number (NaN) passes `!=` alone: it may be asked for, and is not refused.
            if all(sign == "!=" for sign, _ in tests) and any(sign != "!=" for sign, _ in other.tests):
                continue
            # Whatever is left over passes none of those tests at least: each of them is tried.
            if other.of == of and not any(_possible([*tests, (_OPPOSITE[sign], value)]) for sign, value in other.tests):
                shown = (*(condition.text for condition in same), f"unless {other.text}")
                yield Contradiction(node=node, compared=same[0].shown, conditions=shown)
                return


def _possible(tests: list[tuple[str, float]]) -> bool:
    """Return whether a number can pass all of the tests."""
    least = max((value for sign, value in tests if sign in (">", ">=", "==")), default=-math.inf)
    most = min((value for sign, value in tests if sign in ("<", "<=", "==")), default=math.inf)
    if any(math.isnan(value) for _, value in tests) or least < most:
        return True
    return least == most and all(_TESTS[sign](least, value) for sign, value in tests)


_TESTS = {"==": eq, "!=": ne, ">": gt, ">=": ge, "<": lt, "<=": le}
_OPPOSITE = {"==": "!=", "!=": "==", ">": "<=", "<=": ">", ">=": "<", "<": ">="}
