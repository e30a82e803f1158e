"""Without which series an expression is blind: its result could not tell whether it is true."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

from generator.upstream.promql import promql

if TYPE_CHECKING:
    from collections.abc import Iterable

    from generator.upstream.promql.promql import Selector


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """Series without which an expression is blind: those of any of `selectors`, several only where `or` joins them."""

    selectors: tuple[Selector, ...]
    labels: frozenset[str]
    """Those of the labels asked for that the result has from these series: each value of them counts."""

    @property
    def text(self) -> str:
        """The series as an expression that yields the latest sample of each."""
        return " or ".join(selector.text for selector in self.selectors)


def needs(tree: Any, labels: Iterable[str]) -> tuple[Need, ...]:
    """Return what `tree` needs, each once, from left to right; `labels` are those by which its results are told apart.

    What stands behind `unless` is not needed: where it is missing, more is true. Of two sides of an `or` one is enough.
    What `absent` asks for is none, either. Raises RecursionError where `tree` is nested a thousand deep.
    """
    found: dict[tuple[Selector, ...], frozenset[str]] = {}
    for need in _needs(tree, frozenset(labels)):
        found[need.selectors] = found.get(need.selectors, frozenset()) | need.labels
    return tuple(Need(selectors=selectors, labels=kept) for selectors, kept in found.items())


def _needs(node: Any, labels: frozenset[str]) -> list[Need]:
    match promql.kind(node):
        case "VectorSelector":
            return [Need(selectors=(promql.selected(node),), labels=labels)]
        case "AggregateExpr":
            of_number = [] if node.param is None else _needs(node.param, frozenset())
            return [*of_number, *_needs(node.expr, _aggregated(node, labels))]
        case "Call":
            return _called(node, labels)
        case "BinaryExpr":
            return _joined(node, labels)
    return [need for part in promql.below(node) for need in _needs(part, labels)]


def _aggregated(node: Any, labels: frozenset[str]) -> frozenset[str]:
    if str(node.op) in promql.CHOOSE:
        return labels
    named = frozenset() if node.modifier is None else frozenset(node.modifier.labels)
    without = node.modifier is not None and str(node.modifier.type) == "AggModifierType.Without"
    kept = labels - named if without else labels & named
    return kept - {str(node.param.val)} if str(node.op) == "count_values" else kept


def _called(node: Any, labels: frozenset[str]) -> list[Need]:
    name, arguments = node.func.name, list(node.args)
    if name.startswith("absent"):
        return []
    if name == "scalar":
        labels = frozenset()
    elif name in ("label_replace", "label_join") and promql.kind(arguments[1]) == "StringLiteral":
        labels -= {str(arguments[1].val)}
    return [need for argument in arguments for need in _needs(argument, labels)]


def _joined(node: Any, labels: frozenset[str]) -> list[Need]:
    operation = str(node.op)
    if operation == "unless":
        return _needs(node.lhs, labels)
    left, right = (_needs(side, kept) for side, kept in zip((node.lhs, node.rhs), _sides(node, labels), strict=True))
    if operation != "or" or not left or not right:
        return [*left, *right]
    if len(left) * len(right) > _MOST:
        return [_either(left + right)]
    return [_either(pair) for pair in product(left, right)]


def _sides(node: Any, labels: frozenset[str]) -> tuple[frozenset[str], frozenset[str]]:
    """Return which of the labels the result has from the left side, and from the right side."""
    modifier = node.modifier
    matching = modifier.matching if modifier is not None else None
    if str(node.op) == "or" or matching is None:
        return labels, labels
    named = frozenset(matching.labels)
    shared = labels & named if str(matching.type) == "LabelModifierType.Include" else labels - named
    if str(node.op) == "and":
        return labels, shared
    copied = frozenset(modifier.group_labels or ())
    many, single = labels - copied, shared | labels & copied
    cardinality = str(modifier.card).rsplit(".", 1)[1]
    return {"ManyToOne": (many, single), "OneToMany": (single, many)}.get(cardinality, (shared, shared))


def _either(needs: Iterable[Need]) -> Need:
    """Return the need for the series of any of them."""
    selectors = dict.fromkeys(selector for need in needs for selector in need.selectors)
    return Need(selectors=tuple(selectors), labels=frozenset.intersection(*(need.labels for need in needs)))


_MOST = 64
"""Of sides of an `or` that need more together, only the loss of all is seen."""
