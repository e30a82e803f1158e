"""Which labels tell the series of an expression apart, as far as its text shows it.

Whoever aggregates by a label, or selects by it in another way than by one value, has series that differ in it. A plain
selector shows nothing: its series may differ in anything.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from generator.upstream.alertmanager import re2
from generator.upstream.promql import promql
from generator.upstream.promql.promql import NAME

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from generator.upstream.promql.labels import Labels, Reader

"""The label under which Prometheus keeps the name of a metric."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Two series of an expression that differ in these labels and in no other; `shown` says what shows that."""

    labels: frozenset[str]
    shown: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LostName:
    """A part of an expression that drops the names of metrics, by which alone its series differ."""

    text: str
    difference: Difference


@dataclass(frozen=True, slots=True, kw_only=True)
class Apart:
    """What an expression shows of how its series differ, and where it fails because of that itself."""

    differences: tuple[Difference, ...]
    lost: tuple[LostName, ...]


def differences(
    tree: Any, reader: Reader, labels: frozenset[str], alerts: Callable[[Any], Iterable[Difference]]
) -> Apart:
    """Return how the series of `tree` differ in `labels` and in the names of metrics.

    `alerts` says it of a selector of ALERTS, whose series are the alerts themselves.
    """
    walk = _Walk(reader, labels, alerts)
    apart = walk.of(tree)
    made = reader.read(tree).labels
    return Apart(differences=tuple(_varying(apart, made)) if made else (), lost=tuple(walk.lost))


def several(operator: str, value: str) -> bool:
    """Whether a matcher selects by a label, and more than one value of it."""
    if operator == "=~":
        return value != ".*" and ("|" in value or not re2.is_list(value))
    return operator == "!=" or (operator == "!~" and value not in (".*", ".+"))


def drops_name(node: Any) -> bool:
    """Whether a call or a binary operation drops the name of the metric: it fails where series differ in nothing else.

    Comparisons without `bool` and set operators leave what passes as it is.
    """
    if promql.kind(node) == "Call":
        return node.func.name not in _KEEPS_NAME
    returns_bool = node.modifier is not None and node.modifier.return_bool
    return str(node.op) not in _FILTERS or returns_bool


class _Walk:
    """A walk through an expression that collects where names are lost."""

    def __init__(self, reader: Reader, labels: frozenset[str], alerts: Callable[[Any], Iterable[Difference]]) -> None:
        self.reader = reader
        self.labels = labels
        self.alerts = alerts
        self.lost: list[LostName] = []
        self._recorded: dict[str, tuple[Difference, ...]] = {}

    def of(self, node: Any) -> tuple[Difference, ...]:
        """Return how the series of `node` differ."""
        match promql.kind(node):
            case "VectorSelector":
                return tuple(dict.fromkeys(self._selected(node)))
            case "MatrixSelector":
                return self.of(node.vector_selector)
            case "ParenExpr" | "SubqueryExpr":
                return self.of(node.expr)
            case "UnaryExpr":
                return self._nameless(node, self.of(node.expr))
            case "AggregateExpr":
                return self._aggregated(node)
            case "Call":
                return self._called(node)
            case "BinaryExpr":
                return self._joined(node)
        return ()

    def _selected(self, selector: Any) -> Iterator[Difference]:
        metric = promql.metric_of(selector)
        matchers = promql.matchers(selector)
        fixed = {label for label, operator, _ in matchers if operator == "="}
        if metric in ("ALERTS", "ALERTS_FOR_STATE"):
            yield from self.alerts(selector)
        for label, operator, value in matchers:
            if label in self.labels and label not in fixed and several(operator, value):
                wanted = f"{label}{operator}{promql.quote(value)}"
                yield Difference(labels=frozenset({label}), shown=f"`{wanted}` selects more than one value")
        if metric is None and not any(label == NAME and not several(*how) for label, *how in matchers):
            shown = f"`{promql.written(selector)}` selects metrics of more than one name"
            yield Difference(labels=frozenset({NAME}), shown=shown)
        elif metric:
            yield from _without(self._of_record(metric), fixed)

    def _of_record(self, metric: str) -> tuple[Difference, ...]:
        if metric not in self._recorded:
            self._recorded[metric] = ()  # a rule that reads itself ends here
            self._recorded[metric] = tuple(self._made(metric))
        return self._recorded[metric]

    def _made(self, metric: str) -> Iterator[Difference]:
        for record in self.reader.records.of(metric):
            tree = promql.parsed(record.expr)
            if tree is not None:
                inside = _Walk(self.reader, self.labels, self.alerts)
                inside._recorded = self._recorded
                for difference in _without(inside.of(tree), {NAME, *record.labels}):
                    yield replace(difference, shown=f"`{metric}` is recorded so: {difference.shown}")

    def _aggregated(self, node: Any) -> tuple[Difference, ...]:
        inner = self.of(node.expr)
        operation, modifier = str(node.op), node.modifier
        named = [] if modifier is None else list(modifier.labels)
        without = modifier is not None and str(modifier.type) == "AggModifierType.Without"
        if operation in promql.CHOOSE:
            return inner if without else (*inner, *self._kept(node, operation, named))
        if without:
            result = _without(inner, {NAME, *named})
        else:
            result = (*_only(inner, frozenset(named)), *self._kept(node, operation, named))
        if operation == "count_values" and promql.kind(node.param) == "StringLiteral":
            label = str(node.param.val)
            shown = f"`{operation}` makes a series for each value"
            return (*_without(result, {label}), Difference(labels=frozenset({label}), shown=shown))
        return result

    def _kept(self, node: Any, operation: str, named: list[str]) -> Iterator[Difference]:
        """Yield what an aggregation by labels shows: whoever names a label has series that differ in it."""
        asked = [label for label in named if label in self.labels]
        if not asked:
            return
        inner = self.reader.read(node.expr).labels
        selected = {
            label
            for selector in promql.every(node.expr)
            if promql.kind(selector) == "VectorSelector"
            for label, operator, value in promql.matchers(selector)
            if operator == "=~" and not several(operator, value)
        }
        for label in asked:
            if inner and inner.has.get(label) is None and not inner.missing(label) and label not in selected:
                shown = f"`{operation} by ({', '.join(named)})` makes a series for each `{label}`"
                yield Difference(labels=frozenset({label}), shown=shown)

    def _called(self, node: Any) -> tuple[Difference, ...]:
        name, arguments = node.func.name, list(node.args)
        if name.startswith("absent") or name in ("scalar", "vector", "time", "pi"):
            for argument in arguments:
                self.of(argument)
            return ()
        inner = [self.of(argument) for argument in arguments if not promql.is_number(argument)]
        vector = next((part for part in inner if part), ())
        if name in ("label_replace", "label_join"):
            return _relabelled(name, vector, arguments)
        vector = self._nameless(node, vector) if drops_name(node) else vector
        return _without(vector, {"le"}) if name.startswith("histogram_") else vector

    def _joined(self, node: Any) -> tuple[Difference, ...]:
        left, right = self.of(node.lhs), self.of(node.rhs)
        operation, modifier = str(node.op), node.modifier
        if promql.is_number(node.lhs) or promql.is_number(node.rhs):
            both = (*left, *right)
            return self._nameless(node, both) if drops_name(node) else both
        if operation == "or":
            return (*left, *right, *self._beside(node))
        matching = modifier.matching if modifier is not None else None
        named = frozenset(matching.labels) if matching is not None else frozenset()
        on = matching is not None and str(matching.type) == "LabelModifierType.Include"
        left = self._narrowed(left, node.rhs, named, on=on)
        if operation in ("and", "unless"):
            return left
        right = self._narrowed(right, node.lhs, named, on=on)
        cardinality = str(modifier.card).rsplit(".", 1)[1] if modifier is not None else "OneToOne"
        if cardinality == "OneToOne":
            by_name = on and NAME in named and not drops_name(node)
            both = (*left, *right) if by_name else self._nameless(node, (*left, *right))
            if not on:
                return _without(both, named)
            return (*_only(both, named), *self._matched(node, named))
        many = left if cardinality == "ManyToOne" else right
        many = self._nameless(node, many) if drops_name(node) else many
        return _without(many, frozenset(modifier.group_labels or ()))

    def _matched(self, node: Any, named: frozenset[str]) -> Iterator[Difference]:
        """Yield what `on` shows: the result has its labels alone, and whoever names one has several values of it."""
        asked = sorted(named & self.labels)
        if asked:
            made = self.reader.read(node).labels
            shown = f"`{node.op} on ({', '.join(sorted(named))})` makes a series for each"
            varying = (label for label in asked if made and made.has.get(label) is None and not made.missing(label))
            yield from (Difference(labels=frozenset({label}), shown=f"{shown} `{label}`") for label in varying)

    def _beside(self, node: Any) -> Iterator[Difference]:
        """Yield how series of both operands of `or` differ, where the text says all of their labels."""
        left, right = self.reader.read(node.lhs).labels, self.reader.read(node.rhs).labels
        if left is None or right is None or left.only is None or right.only is None:
            return
        known = all(
            labels.only == frozenset(labels.has) and None not in labels.has.values() for labels in (left, right)
        )
        apart = frozenset(
            label for label in {*left.has, *right.has} if left.has.get(label, "") != right.has.get(label, "")
        )
        if known and apart:
            shown = f"`{promql.written(node)}` has a series of each operand"
            yield Difference(labels=apart, shown=shown)

    def _narrowed(
        self, apart: tuple[Difference, ...], other: Any, named: frozenset[str], *, on: bool
    ) -> tuple[Difference, ...]:
        """Return the differences but in what must agree with one value of the other operand."""
        if not apart:
            return ()
        labels = self.reader.read(other).labels
        if labels is None:
            return apart
        fixed = {label for label, value in labels.has.items() if value is not None and (label in named) is on}
        return _without(apart, fixed)

    def _nameless(self, node: Any, apart: tuple[Difference, ...]) -> tuple[Difference, ...]:
        """Return the differences without the name, which `node` drops; note where series differ in nothing else."""
        for difference in apart:
            if difference.labels == {NAME}:
                self.lost.append(LostName(text=promql.written(node), difference=difference))
        return _without(apart, {NAME})


def _without(apart: Iterable[Difference], labels: Iterable[str]) -> tuple[Difference, ...]:
    """Return what is left of the differences when these labels are gone: series that differ in no other are one."""
    gone = frozenset(labels)
    return tuple(
        replace(difference, labels=difference.labels - gone) for difference in apart if difference.labels - gone
    )


def _only(apart: Iterable[Difference], labels: frozenset[str]) -> tuple[Difference, ...]:
    return tuple(
        replace(difference, labels=difference.labels & labels) for difference in apart if difference.labels & labels
    )


def _varying(apart: Iterable[Difference], made: Labels) -> Iterator[Difference]:
    """Yield the differences in labels that the result may have, and has not with one value alone."""
    for difference in dict.fromkeys(apart):
        constant = {label for label in difference.labels - {NAME} if made.has.get(label) or made.missing(label)}
        yield from _without((difference,), constant)


def _relabelled(name: str, apart: tuple[Difference, ...], arguments: list[Any]) -> tuple[Difference, ...]:
    """Return the differences after `label_replace` or `label_join`: a copy differs where its source does."""
    texts = [str(part.val) if promql.kind(part) == "StringLiteral" else "" for part in arguments[1:]]
    target = texts[0]
    if name == "label_join":
        sources = frozenset(texts[2:])
    else:
        whole = texts[3] in ("(.*)", "(.+)") and ("$1" in texts[1] or "${1}" in texts[1])
        sources = frozenset({texts[2]}) if whole else frozenset()
    return tuple(
        replace(difference, labels=difference.labels | {target}) if difference.labels & sources else difference
        for difference in (apart if target in sources else _without(apart, {target}))
    )


_KEEPS_NAME = frozenset(
    {
        *("first_over_time", "last_over_time", "sort", "sort_desc", "sort_by_label", "sort_by_label_desc"),
        *("label_replace", "label_join", "info"),
    }
)
"""Functions whose results keep the names of metrics."""

_FILTERS = frozenset({"==", "!=", "<", "<=", ">", ">=", "and", "or", "unless"})
"""Binary operations that choose among series and leave them as they are."""
