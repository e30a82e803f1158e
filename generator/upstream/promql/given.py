"""Which labels the results of an expression have, where the series that it reads are given, as in a unit test.

Values are not looked at: a series that is there may be the one that fires.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any, cast

from generator.upstream.alertmanager import match, re2
from generator.upstream.promql import promql
from generator.upstream.promql.differences import drops_name
from generator.upstream.promql.promql import NAME

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from generator.upstream.promql.records import Records

LabelSet = frozenset[tuple[str, str]]


class NotWorkedOut(Exception):
    """The expression has a part of which it is not known what labels it makes."""


def results(tree: Any, series: Iterable[str], records: Records) -> frozenset[LabelSet]:
    """Return the label sets (with the name, where it is kept) that `tree` can make of the series that are given.

    Records of which none is given are made of the others. Raises NotWorkedOut where a result is not certain.
    """
    sets = dict.fromkeys(filter(None, map(_label_set, series)))
    names = {dict(labels).get(NAME) for labels in sets}
    recorded = [metric for metric in _read_by(tree, records) if metric not in names]
    known = -1
    # Those that are read come after those that read them: mostly, all is there at once.
    while known != len(sets):
        known = len(sets)
        for metric in reversed(recorded):
            for rule in records.of(metric):
                static = {NAME: metric, **rule.labels}
                made = _results(promql.parsed(rule.expr), tuple(sets))
                sets.update({without(labels, static.__contains__) | {*static.items()}: None for labels in made})
    return _results(tree, tuple(sets))


def without(labels: LabelSet, gone: Callable[[str], bool]) -> LabelSet:
    """Return the label set without the labels that are gone."""
    return frozenset(pair for pair in labels if not gone(pair[0]))


def _read_by(tree: Any, records: Records) -> tuple[str, ...]:
    """Return the records that `tree` depends on."""
    reads: dict[str, None] = {}
    waiting = [tree]
    while waiting:
        for part in promql.every(waiting.pop()):
            metric = promql.metric_of(part) if promql.kind(part) == "VectorSelector" else None
            if metric and metric not in reads and (rules := records.of(metric)):
                reads[metric] = None
                waiting.extend(promql.parsed(rule.expr) for rule in rules)
    return tuple(reads)


def _label_set(series: str) -> LabelSet | None:
    tree = promql.parsed(series)
    if promql.kind(tree) != "VectorSelector":
        return None  # promtool says what is wrong with it
    labels = {label: value for label, _, value in promql.matchers(tree) if value}
    name = promql.metric_of(tree)
    return frozenset({**labels, NAME: name}.items()) if name else frozenset(labels.items())


def _results(node: Any, series: tuple[LabelSet, ...]) -> frozenset[LabelSet]:
    match promql.kind(node):
        case "VectorSelector":
            return _selected(node, series)
        case "MatrixSelector":
            return _selected(node.vector_selector, series)
        case "ParenExpr" | "SubqueryExpr":
            return _results(node.expr, series)
        case "UnaryExpr":
            return _project(_results(node.expr, series), lambda label: label == NAME)
        case "AggregateExpr":
            return _aggregated(node, series)
        case "Call":
            return _called(node, series)
        case "BinaryExpr":
            return _joined(node, series)
    raise NotWorkedOut


def _selected(selector: Any, series: tuple[LabelSet, ...]) -> frozenset[LabelSet]:
    matchers = [
        match.Matcher(label=label, operator=cast("match.Operator", operator), value=value)
        for label, operator, value in promql.matchers(selector)
    ]
    if selector.name:
        matchers.append(match.Matcher(label=NAME, operator="=", value=selector.name))
    try:
        return frozenset(labels for labels in series if match.matches(matchers, dict(labels)))
    except (re2.NotAnExpression, re2.NotJudged):
        raise NotWorkedOut from None


def _aggregated(node: Any, series: tuple[LabelSet, ...]) -> frozenset[LabelSet]:
    operation, modifier = str(node.op), node.modifier
    inner = _results(node.expr, series)
    if operation in promql.CHOOSE:
        return inner
    if operation == "count_values":
        raise NotWorkedOut
    named = frozenset() if modifier is None else frozenset(modifier.labels)
    if modifier is not None and str(modifier.type) == "AggModifierType.Without":
        return _project(inner, lambda label: label in named or label == NAME)
    return _project(inner, lambda label: label not in named)


def _called(node: Any, series: tuple[LabelSet, ...]) -> frozenset[LabelSet]:
    name = node.func.name
    if name in ("label_replace", "label_join", "info"):
        raise NotWorkedOut
    vectors = [
        argument
        for argument in node.args
        if not promql.is_number(argument) and promql.kind(argument) != "StringLiteral"
    ]
    inner = frozenset(chain.from_iterable(_results(vector, series) for vector in vectors))
    if name.startswith("absent"):
        if inner:
            return frozenset()
        raise NotWorkedOut
    if not vectors:
        return frozenset({frozenset()})  # `vector(0)`
    dropped = {NAME} if drops_name(node) else set()
    if name.startswith("histogram_"):
        dropped |= {"le"}
    return _project(inner, dropped.__contains__)


def _joined(node: Any, series: tuple[LabelSet, ...]) -> frozenset[LabelSet]:
    nameless = {NAME} if drops_name(node) else set()
    if promql.is_number(node.lhs) or promql.is_number(node.rhs):
        vector = node.rhs if promql.is_number(node.lhs) else node.lhs
        return _project(_results(vector, series), nameless.__contains__)
    left, right = _results(node.lhs, series), _results(node.rhs, series)
    operation, modifier = str(node.op), node.modifier
    matching = modifier.matching if modifier is not None else None
    named = frozenset(matching.labels) if matching is not None else frozenset()
    on = matching is not None and str(matching.type) == "LabelModifierType.Include"

    def ignored(label: str) -> bool:
        return label not in named if on else label in named or label == NAME

    keys = {without(labels, ignored) for labels in right}
    if operation == "or":
        beside = {without(labels, ignored) for labels in left}
        return left | {labels for labels in right if without(labels, ignored) not in beside}
    matched = frozenset(labels for labels in left if without(labels, ignored) in keys)
    if operation == "and":
        return matched
    if operation == "unless":
        return left
    cardinality = str(modifier.card).rsplit(".", 1)[1] if modifier is not None else "OneToOne"
    fills = modifier.fill_values if modifier is not None else None
    if cardinality != "OneToOne" or (fills is not None and (fills.lhs is not None or fills.rhs is not None)):
        raise NotWorkedOut
    return _project(matched, lambda label: ignored(label) or label in nameless)


def _project(sets: Iterable[LabelSet], gone: Callable[[str], bool]) -> frozenset[LabelSet]:
    return frozenset(without(labels, gone) for labels in sets)
