"""Which labels the series of a PromQL expression have, and which vectors in it can never match.

Only what the text says is known: matchers, aggregations, how vectors are matched, the policy's recording rules.
Nothing is assumed of what is scraped, so a label that the text does not name may be there or not.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import reduce
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast

from generator.upstream.alertmanager import match
from generator.upstream.alertmanager.values import may_be
from generator.upstream.promql import promql

if TYPE_CHECKING:
    from collections.abc import Mapping

    from generator.upstream.alertmanager.match import Operator
    from generator.upstream.alertmanager.values import Limits
    from generator.upstream.promql.records import Records


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """What is known of the labels that every series of an expression has."""

    has: Mapping[str, str | None] = field(default_factory=dict)
    """Labels that every series has, with the value where a matcher fixes it."""
    only: frozenset[str] | None = None
    """The only labels that can be there; None where any can."""
    because: str = ""
    """What removed all other labels, for messages."""
    lacks: Mapping[str, str] = field(default_factory=dict)
    """Labels that no series has, with what removed them."""
    limits: Mapping[str, Limits] = field(default_factory=dict)
    """What is known of the values of further labels: a selector asks for it."""
    is_one: bool = False
    """Whether there is one series at most."""
    copies: Mapping[str, str] = field(default_factory=dict)
    """Labels that `label_replace` copied whole, by what they were copied from: series that differ in one do in both."""

    def missing(self, label: str) -> str | None:
        """Return why no series has `label`; None where some may."""
        if label in self.lacks:
            return self.lacks[label]
        return self.because if self.only is not None and label not in self.only else None

    def proven(self, label: str) -> bool:
        """Return whether every series surely has `label`: a matcher or an operation says so, not only a `by`."""
        if self.has.get(label) is not None:
            return True
        return not self.missing(label) and _proves(self.limits.get(label, frozenset()))

    def values(self, label: str) -> str | Limits:
        """Return the value that `label` surely has, "" where no series has it, or what is known of its values.

        An aggregation by a label does not prove that the series have it.
        """
        fixed = self.has.get(label)
        if fixed is not None:
            return fixed
        return "" if self.missing(label) else self.limits.get(label, frozenset())


Kind: TypeAlias = Literal["never", "perhaps never", "many", "selector"]
"""`perhaps never`: it rests on a label that only a `by` names, and that the series may lack."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mismatch:
    """A part of an expression whose series cannot match: `text` is that part, `why` completes a sentence about it."""

    kind: Kind
    text: str
    why: str
    note: str | None
    part: str
    """The whole text of the part that yields nothing, as the parser prints it; "" where it yields something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The labels that an expression yields, None for a number, and the mismatches in it."""

    labels: Labels | None
    mismatches: tuple[Mismatch, ...]


class Reader:
    """Works out the labels of expressions; each recorded metric is read once."""

    def __init__(self, records: Records, external: frozenset[str] = frozenset()) -> None:
        self.records = records
        self.external = external
        """Labels that recorded series may have got where they are stored, beside those that their rules say."""
        self._made: dict[str, Labels] = {}

    def read(self, tree: Any) -> Reading:
        """Return what `tree` yields. Raises RecursionError where it is nested a thousand deep."""
        walk = _Walk(self)
        return Reading(labels=walk.labels(tree), mismatches=tuple(walk.mismatches))

    def of(self, metric: str | None) -> Labels:
        """Return what is known of the series of a metric, recorded, scraped or both; None: of any metric."""
        rules = self.records.of(metric)
        if metric is None or not rules:
            return SCRAPED if metric is not None and self.records.may_be_scraped(metric) else Labels()
        if metric not in self._made:
            self._made[metric] = Labels()  # a rule that reads itself ends here
            sorts = [
                _with_external(_with_static(self.made_by(rule.expr), rule.labels, metric), self.external)
                for rule in rules
            ]
            if self.records.may_be_scraped(metric):
                sorts.append(SCRAPED)
            self._made[metric] = reduce(_either, sorts)
        return self._made[metric]

    def made_by(self, expression: str) -> Labels:
        """Return what is known of the series that the expression of a rule yields."""
        tree = promql.parsed(expression)
        return (None if tree is None else _Walk(self).labels(tree)) or Labels()


def _with_static(made: Labels, static: Mapping[str, str], metric: str) -> Labels:
    because = f"`{metric}` is recorded so: {made.because}"
    lacks = {label: f"`{metric}` is recorded so: {why}" for label, why in made.lacks.items() if label not in static}
    only = None if made.only is None else made.only | static.keys()
    limits = {label: limits for label, limits in made.limits.items() if label not in static}
    return Labels(has={**made.has, **static}, only=only, because=because, lacks=lacks, limits=limits)


def _with_external(made: Labels, external: frozenset[str]) -> Labels:
    if not external:
        return made
    lacks = {label: why for label, why in made.lacks.items() if label not in external}
    return replace(made, only=None if made.only is None else made.only | external, lacks=lacks)


class _Walk:
    """A walk through an expression that collects mismatches."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.mismatches: list[Mismatch] = []

    def labels(self, node: Any) -> Labels | None:
        """Return what is known of the labels that `node` yields; None for a number or a text."""
        match promql.kind(node):
            case "VectorSelector":
                return self._selected(node)
            case "MatrixSelector":
                return self._selected(node.vector_selector)
            case "ParenExpr" | "UnaryExpr" | "SubqueryExpr":
                return self.labels(node.expr)
            case "AggregateExpr":
                return self._aggregated(node)
            case "Call":
                return self._called(node)
            case "BinaryExpr":
                return self._joined(node)
        return None

    def _selected(self, selector: Any) -> Labels:
        metric = promql.metric_of(selector)
        base = self.reader.of(metric)
        has, lacks, limits = dict(base.has), dict(base.lacks), dict(base.limits)
        for label, operator, value in promql.matchers(selector):
            if label == promql.NAME:
                continue
            proven = _proves(limits.get(label, frozenset()))
            limits[label] = limits.get(label, frozenset()) | _limits(label, operator, value)
            wanted = f"{label}{operator}{promql.quote(value)}"
            if not promql.takes(operator, value, ""):
                missing = base.missing(label)
                if missing:
                    self._misfit("selector", selector, f"asks for `{wanted}`, and no series has that label", missing)
                elif label in lacks:
                    self._misfit("selector", selector, f"asks for `{wanted}` and for series without that label", None)
                fixed = has.get(label)
                if fixed is not None and not promql.takes(operator, value, fixed):
                    why = f"asks for `{wanted}`, but `{label}` is `{fixed}` at the same time"
                    self._misfit("selector", selector, why, None)
                elif not missing and label not in lacks and not may_be(limits[label]):
                    why = f"asks for `{wanted}`, and no value of `{label}` suits that and the other matchers"
                    self._misfit("selector", selector, why, None)
                has[label] = value if operator == "=" else fixed
            elif not may_be({*limits[label], *_limits(label, "=~", ".+")}):  # but for a value of line feeds alone
                if has.get(label) is not None or proven:
                    self._misfit("selector", selector, f"asks for `{wanted}`, but every series has that label", None)
                has.pop(label, None)
                lacks[label] = f"`{wanted}` asks for series without it"
            elif (fixed := has.get(label)) is not None and not promql.takes(operator, value, fixed):
                why = f"asks for `{wanted}`, but `{label}` is `{fixed}` at the same time"
                self._misfit("selector", selector, why, None)
        return replace(base, has=has, lacks=lacks, limits=limits)

    def _aggregated(self, node: Any) -> Labels:
        operation = str(node.op)
        if node.param is not None:
            self.labels(node.param)
        inner = self.labels(node.expr) or Labels()
        if operation in promql.CHOOSE:
            alone = node.modifier is None and promql.kind(node.param) == "NumberLiteral" and node.param.val == 1
            return replace(inner, is_one=True) if alone and operation in ("topk", "bottomk", "limitk") else inner
        modifier = node.modifier
        named = [] if modifier is None else list(modifier.labels)
        if modifier is not None and str(modifier.type) == "AggModifierType.Without":
            dropped = f"`{operation} without ({', '.join(named)})` drops it"
            result = Labels(
                has={label: value for label, value in inner.has.items() if label not in named},
                only=None if inner.only is None else inner.only - frozenset(named),
                because=inner.because,
                lacks={**inner.lacks, **dict.fromkeys(named, dropped)},
                limits={label: limits for label, limits in inner.limits.items() if label not in named},
            )
        else:
            # Whoever aggregates by a label believes that the series have it.
            kept = [label for label in named if not inner.missing(label)]
            shown = f"{operation} by ({', '.join(named)})" if named else operation
            listed = ", ".join(f"`{label}`" for label in named) or "no label"
            result = Labels(
                has={label: inner.has.get(label) for label in kept},
                only=frozenset(kept),
                because=f"`{shown}` keeps {'only ' if named else ''}{listed}",
                lacks={label: why for label in named if (why := inner.missing(label))},
                limits={label: limits for label, limits in inner.limits.items() if label in named},
            )
        without = modifier is not None and str(modifier.type) == "AggModifierType.Without"
        # Prometheus sets the label, and then removes those of `without` (engine.go, aggregationCountValues).
        if (
            operation == "count_values"
            and promql.kind(node.param) == "StringLiteral"
            and not (without and str(node.param.val) in named)
        ):
            return _with_label(result, str(node.param.val), sure=True, proven=True)
        return result

    def _called(self, node: Any) -> Labels | None:
        name = node.func.name
        arguments = list(node.args)
        inner = [self.labels(argument) for argument in arguments]
        vectors = [labels for labels in inner if labels is not None]
        if name in ("absent", "absent_over_time"):
            return _absent(name, arguments[0])
        if name in _NUMBERS:
            return None
        if not vectors:
            return Labels(only=frozenset(), because=f"`{name}()` has no labels")
        vector = vectors[0]
        if name == "histogram_quantile":
            return _without(vector, "le", "`histogram_quantile` uses it up")
        if name in ("label_replace", "label_join"):
            texts = [str(argument.val) if promql.kind(argument) == "StringLiteral" else None for argument in arguments]
            if None in texts[1:]:
                return Labels()
            return _relabelled(name, vector, [text or "" for text in texts[1:]])
        if name == "info":
            return Labels(has=vector.has, limits=vector.limits)
        return vector

    def _joined(self, node: Any) -> Labels | None:
        left, right = self.labels(node.lhs), self.labels(node.rhs)
        if left is None or right is None:
            return left or right
        operation, modifier = str(node.op), node.modifier
        if operation == "or":
            return _either(left, right)
        matching = modifier.matching if modifier is not None else None
        named = frozenset(matching.labels) if matching is not None else frozenset()
        on = matching is not None and str(matching.type) == "LabelModifierType.Include"
        misfit = None if _fills(modifier) else _never(left, right, named, on=on)
        if misfit:
            kind, why, note = misfit
            self._misfit(kind, node, why, note, matching)
            if kind == "never":  # what follows from it need not be said too
                return left if operation in ("and", "unless") else Labels()
        if operation in ("and", "unless"):
            return left
        cardinality = str(modifier.card).rsplit(".", 1)[1] if modifier is not None else "OneToOne"
        if cardinality == "OneToOne":
            if not misfit:
                self._many(node, matching, (left, right), named, on=on)
            return _one_to_one(left, right, named, on=on, operator=_operator(node, matching))
        many, single = (left, right) if cardinality == "ManyToOne" else (right, left)
        return _many_to_one(many, single, frozenset(modifier.group_labels or ()))

    def _many(self, node: Any, matching: Any, sides: tuple[Labels, Labels], named: frozenset[str], *, on: bool) -> None:
        """Note an operand with several series for one of the other, where there is no `group_left` or `group_right`."""
        for name, side in zip(("left", "right"), sides, strict=True):
            more = sorted(
                label
                for label, value in side.has.items()
                if side.only is not None
                and not side.is_one
                and value is None
                and (label in named) is not on
                and (side.copies.get(label, label) in named) is not on
            )
            if more:
                differ = ", ".join(f"`{label}`" for label in more)
                why = f"the series on the {name} differ in {differ}, which is not matched"
                self._misfit("many", node, why, None, matching)
                return

    def _misfit(self, kind: Kind, node: Any, why: str, note: str | None, matching: Any = None) -> None:
        text, part = promql.written(node), str(node) if kind in ("never", "selector") else ""
        if promql.kind(node) == "BinaryExpr":
            text = f"{promql.written(node.lhs)} {_operator(node, matching)} {promql.written(node.rhs)}"
            part = part if str(node.op) != "unless" else ""  # it leaves out nothing
        self.mismatches.append(Mismatch(kind=kind, text=text, why=why, note=note, part=part))


def _absent(name: str, argument: Any) -> Labels:
    """Return the labels that the selector fixes with `=` (functions.go, createLabelsForAbsentFunction)."""
    selector = promql.bare(argument)
    if promql.kind(selector) == "MatrixSelector":
        selector = selector.vector_selector
    if promql.kind(selector) != "VectorSelector":
        return Labels(only=frozenset(), because=f"`{name}` of an expression has no labels")
    fixed: dict[str, str] = {}
    seen = set()
    for label, operator, value in promql.matchers(selector):
        if operator == "=" and label not in seen:
            seen.add(label)
            fixed[label] = value
        else:
            fixed.pop(label, None)  # a second matcher of a label takes it away again
    fixed = {label: value for label, value in fixed.items() if value and label != promql.NAME}
    because = f"`{name}` has no labels but those that its selector fixes with `=`"
    return Labels(has=fixed, only=frozenset(fixed), because=because)


def _relabelled(name: str, inner: Labels, texts: list[str]) -> Labels:
    """Return the labels after `label_replace` or `label_join`, which may add the label that they write."""
    target = texts[0]
    if name == "label_join":
        joins = bool(texts[1] and len(texts) > 3)
        sure = joins or any(label in inner.has for label in texts[2:])
        return _with_label(inner, target, sure=sure, proven=joins or any(map(inner.proven, texts[2:])))
    replacement, source, pattern = texts[1:4]
    always = pattern in ("", ".*", "(.*)") and (pattern != "" or bool(source == "" or inner.missing(source)))
    if always and replacement and "$" not in replacement:
        return _with_label(inner, target, sure=True, proven=True, value=replacement)
    copies = replacement in ("$1", "${1}") and pattern in ("(.*)", "(.+)") and source in inner.has
    kept = target in inner.has and "$" not in replacement and bool(replacement)
    proven = (copies and inner.proven(source)) or (kept and inner.proven(target))
    made = _with_label(inner, target, sure=copies or kept, proven=proven)
    return replace(made, copies={source: target}) if copies else made


def _with_label(labels: Labels, label: str, *, sure: bool, proven: bool, value: str | None = None) -> Labels:
    has = {other: fixed for other, fixed in labels.has.items() if other != label}
    return replace(
        labels,
        has={**has, label: value} if sure else has,
        only=None if labels.only is None else labels.only | {label},
        lacks={other: why for other, why in labels.lacks.items() if other != label},
        limits={
            **{other: limits for other, limits in labels.limits.items() if other != label},
            **({label: _some(label)} if proven else {}),
        },
    )


def _without(labels: Labels, label: str, why: str) -> Labels:
    return replace(
        labels,
        has={other: value for other, value in labels.has.items() if other != label},
        only=None if labels.only is None else labels.only - {label},
        lacks={**labels.lacks, label: why},
        limits={other: limits for other, limits in labels.limits.items() if other != label},
    )


def _either(left: Labels, right: Labels) -> Labels:
    """Return what is known of series that come from the left or from the right operand."""
    has = {
        label: value if right.has[label] == value else None for label, value in left.has.items() if label in right.has
    }
    lacks = {
        label: why for label in {*left.lacks, *right.lacks} if (why := left.missing(label)) and right.missing(label)
    }
    limits = {label: _held(left, right, label) | _held(right, left, label) for label in {*left.limits, *right.limits}}
    limits |= {
        label: limits[label] | _some(label)
        for label in limits
        if left.proven(label) and right.proven(label) and not _proves(limits[label])
    }
    if left.only is None or right.only is None:
        return Labels(has=has, lacks=lacks, limits=limits)
    because = left.because if left.because == right.because else f"{left.because}, and {right.because}"
    return Labels(has=has, only=left.only | right.only, because=because, lacks=lacks, limits=limits)


def _held(one: Labels, other: Labels, label: str) -> Limits:
    """Return what is known of the values of a label on one side that holds on the other side, too."""
    known, there = one.limits.get(label, frozenset()), other.limits.get(label, frozenset())
    absent = other.missing(label)
    return frozenset(matcher for matcher in known if matcher in there or (absent and matcher.accepts("")))


def _never(left: Labels, right: Labels, named: frozenset[str], *, on: bool) -> tuple[Kind, str, str | None] | None:
    """Return why no series of the left matches any of the right (an end of a sentence, a note); None where some can."""
    perhaps: tuple[Kind, str, str | None] | None = None
    for label in sorted({*left.has, *right.has, *left.limits, *right.limits}):
        if (label in named) is not on:
            continue
        for has, lacks, side, other in ((left, right, "left", "right"), (right, left, "right", "left")):
            missing = lacks.missing(label)
            if missing and has.proven(label):
                why = f"the series on the {side} have the label `{label}`, those on the {other} do not"
                return "never", why, missing
            if missing and label in has.has and not perhaps:
                why = f"those on the {side} that have the label `{label}`, which those on the {other} lack"
                perhaps = "perhaps never", why, missing
        ours, theirs = left.has.get(label), right.has.get(label)
        if ours is not None and theirs is not None and ours != theirs:
            return "never", f"`{label}` is `{ours}` on the left and `{theirs}` on the right", None
    return perhaps


def _one_to_one(left: Labels, right: Labels, named: frozenset[str], *, on: bool, operator: str) -> Labels:
    """Return the labels of the result (engine.go, resultMetric): `on` keeps its labels, `ignoring` drops them."""
    shared = {**right.has, **{label: value or right.has.get(label) for label, value in left.has.items()}}
    if on:
        lacks = {label: why for label in named if (why := left.missing(label) or right.missing(label))}
        listed = ", ".join(f"`{label}`" for label in sorted(named)) or "no label"
        return Labels(
            has={label: value for label, value in shared.items() if label in named},
            only=named - lacks.keys(),
            because=f"`{operator}` keeps {'only ' if named else ''}{listed}",
            lacks=lacks,
            limits={label: limits for label, limits in _both(left, right).items() if label in named},
        )
    matched = _matched(left, right, shared)
    dropped = f"`{operator}` drops it"
    return replace(
        matched,
        has={label: value for label, value in matched.has.items() if label not in named},
        only=None if matched.only is None else matched.only - named,
        lacks={**matched.lacks, **dict.fromkeys(named, dropped)},
        limits={label: limits for label, limits in matched.limits.items() if label not in named},
    )


def _matched(left: Labels, right: Labels, shared: dict[str, str | None]) -> Labels:
    """Return the labels of series of two operands that agree in all of their labels."""
    closed = left if left.only is not None else right
    only = closed.only if left.only is None or right.only is None else left.only & right.only
    return Labels(
        has=shared,
        only=only,
        because=closed.because,
        lacks={**right.lacks, **left.lacks},
        limits=_both(left, right),
    )


def _both(left: Labels, right: Labels) -> dict[str, Limits]:
    """Return what is known of labels that have one value on both sides."""
    none: Limits = frozenset()
    return {
        label: left.limits.get(label, none) | right.limits.get(label, none) for label in {**left.limits, **right.limits}
    }


def _many_to_one(many: Labels, single: Labels, copied: frozenset[str]) -> Labels:
    """Return the labels of the operand with many series, with those copied from the other operand."""
    labels = many
    for label in sorted(copied):
        missing = single.missing(label)
        if missing:
            labels = _without(labels, label, missing)
        else:
            proven = single.proven(label)
            labels = _with_label(labels, label, sure=label in single.has, proven=proven, value=single.has.get(label))
    return labels


def _limits(label: str, operator: str, value: str) -> Limits:
    """Return a matcher of a selector as a limit; none where its regular expression is not judged."""
    try:
        return frozenset((match.of(label, cast("Operator", operator), value),))
    except ValueError:
        return frozenset()


def _some(label: str) -> Limits:
    """Return the limit that a label is there."""
    return frozenset((match.of(label, "!=", ""),))


def _proves(limits: Limits) -> bool:
    """Whether what is known of the values of a label says that it is there."""
    return any(not matcher.accepts("") for matcher in limits)


def _fills(modifier: Any) -> bool:
    """Whether the operation has fill values for series without a match."""
    values = modifier.fill_values if modifier is not None else None
    return values is not None and (values.lhs is not None or values.rhs is not None)


def _operator(node: Any, matching: Any) -> str:
    """Return the operator with how it matches: `/ on (job)`."""
    if matching is None:
        return str(node.op)
    word = "on" if str(matching.type) == "LabelModifierType.Include" else "ignoring"
    return f"{node.op} {word} ({', '.join(matching.labels)})"


SCRAPED = Labels(limits={label: _some(label) for label in ("instance", "job")})
"""What is known of each series that is scraped (Prometheus, scrape/target.go, PopulateLabels)."""
_NUMBERS = frozenset({"scalar", "time", "pi"})
