"""Which inhibition rules can silence which alerts: for each alert only those count that ask for its labels."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING

from generator.system.record import record
from generator.upstream.alertmanager.values import may_be, suits

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from generator.audit.written import WrittenRule
    from generator.behaviour.label_sets import LabelSets
    from generator.upstream.alertmanager.inhibition import Inhibition
    from generator.upstream.alertmanager.match import Matcher
    from generator.upstream.alertmanager.values import Limits


@record
class Silencing:
    """An inhibition rule that can silence an alert."""

    inhibition: Inhibition
    number: int
    certain: bool
    """Whether each alert of the rule can be silenced so; else only those with some labels."""


class Silencers:
    """The inhibition rules of a configuration, and the alerting rules whose alerts they can be about."""

    def __init__(
        self, inhibitions: Sequence[Inhibition], alerting: Sequence[WrittenRule], label_sets: LabelSets
    ) -> None:
        self._inhibitions = inhibitions
        self._alerting = alerting
        self._label_sets = label_sets
        self._sources = tuple(_Sources(self, label_sets, inhibition) for inhibition in inhibitions)
        self._by_value: dict[str, dict[str | None, list[WrittenRule]]] = {}
        self._targets = self._indexed()

    def of(self, written: WrittenRule) -> Iterator[Silencing]:
        """Yield the inhibition rules that can silence an alert of a rule."""
        for number in self._may_target(written):
            inhibition = self._inhibitions[number]
            certain = self._label_sets.matches(written.rule, inhibition.target)
            if certain is not None and self._sources[number].can_silence(written):
                certain = certain and self._sources[number].surely_silences(written)
                yield Silencing(inhibition=inhibition, number=number, certain=certain)

    def sources(self, number: int) -> tuple[WrittenRule, ...]:
        """Return the rules whose alerts can be the source of an inhibition rule."""
        return self._sources[number].rules

    def matching(self, matchers: Iterable[Matcher]) -> Iterator[WrittenRule]:
        """Yield the rules of which some alert can match."""
        matchers = tuple(matchers)
        return (written for written in self._candidates(matchers) if self._label_sets.may_match(written.rule, matchers))

    def _may_target(self, written: WrittenRule) -> list[int]:
        """Return the inhibition rules whose target some alert of a rule may be, by one label of each."""
        numbers: list[int] = []
        for label, by_value in self._targets.items():
            value = self._label_sets.value(written.rule, label) if label else ""
            if isinstance(value, str):
                numbers += by_value.get(value, ())
            else:
                numbers += chain.from_iterable(by_value.values())
        return sorted(numbers)

    def _candidates(self, matchers: Iterable[Matcher]) -> Iterable[WrittenRule]:
        """Return the rules of which an alert may match by the one label that leaves fewest of them."""
        choices = []
        for matcher in _fixed(matchers):
            by_value = self._rules_by(matcher.label)
            choices.append((by_value.get(matcher.value, []), by_value.get(None, [])))
        return chain(*min(choices, key=lambda lists: sum(map(len, lists)))) if choices else self._alerting

    def _rules_by(self, label: str) -> Mapping[str | None, list[WrittenRule]]:
        """Return the rules by the value that a label surely has on their alerts; None: only the series know."""
        known = self._by_value.get(label)
        if known is None:
            known = self._by_value[label] = defaultdict(list)
            for written in self._alerting:
                value = self._label_sets.value(written.rule, label)
                known[value if isinstance(value, str) else None].append(written)
        return known

    def _indexed(self) -> Mapping[str, Mapping[str, list[int]]]:
        """Return the inhibition rules by a label and the value that their target asks for, "" and "" without one.

        There may be thousands: of the labels that one asks for, that counts for which most values are asked.
        """
        targets = [_fixed(inhibition.target) for inhibition in self._inhibitions]
        values: dict[str, set[str]] = defaultdict(set)
        for matcher in chain.from_iterable(targets):
            values[matcher.label].add(matcher.value)
        index: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
        for number, matchers in enumerate(targets):
            best = max(matchers, key=lambda matcher: len(values[matcher.label]), default=None)
            index[best.label if best else ""][best.value if best else ""].append(number)
        return index


Known = tuple["str | Limits", ...]


class _Sources:
    """The rules whose alerts can be the source of an inhibition rule, by what is known of its `equal` labels."""

    def __init__(self, silencers: Silencers, label_sets: LabelSets, inhibition: Inhibition) -> None:
        self._silencers = silencers
        self._label_sets = label_sets
        self._inhibition = inhibition
        self._answers: dict[tuple[Known, bool], bool] = {}

    @cached_property
    def rules(self) -> tuple[WrittenRule, ...]:
        """The rules themselves."""
        return tuple(self._silencers.matching(self._inhibition.source))

    @cached_property
    def _known(self) -> Mapping[tuple[Known, bool], None]:
        """What is known of the `equal` labels of each, and whether it is certainly a target, too."""
        return dict.fromkeys(
            (self._values(written), self._label_sets.matches(written.rule, self._inhibition.target) is True)
            for written in self.rules
        )

    def can_silence(self, target: WrittenRule) -> bool:
        """Return whether some source can silence an alert of a rule that can be a target.

        Of two alerts that are on both sides, neither silences the other.
        """
        both = self._label_sets.matches(target.rule, self._inhibition.source) is True
        key = (self._values(target), both)
        if key not in self._answers:
            self._answers[key] = any(
                not (both and source_is_target) and all(map(_can_agree, values, key[0]))
                for values, source_is_target in self._alike(key[0])
            )
        return self._answers[key]

    def surely_silences(self, target: WrittenRule) -> bool:
        """Return whether some source silences each alert of a rule: they surely agree in the `equal` labels."""
        return any(source is not target for source in self._sure.get(self._values(target), ()))

    @cached_property
    def _sure(self) -> Mapping[Known, list[WrittenRule]]:
        """The rules all of whose alerts are a source, by the values that their `equal` labels surely have."""
        sure: dict[Known, list[WrittenRule]] = defaultdict(list)
        for written in self.rules:
            values = self._values(written)
            if all(isinstance(value, str) for value in values) and self._label_sets.matches(
                written.rule, self._inhibition.source
            ):
                sure[values].append(written)
        return sure

    def _alike(self, values: Known) -> Iterable[tuple[Known, bool]]:
        """Return the sources without those that surely differ in the label of which most is known."""
        best = self._best
        value = values[best] if best is not None else None
        if not isinstance(value, str):
            return self._known
        return chain(self._by_value.get(value, ()), self._by_value.get(None, ()))

    @cached_property
    def _best(self) -> int | None:
        """The label of `equal` that most sources surely have, by its place; None where there is none."""
        places = range(len(self._inhibition.equal))
        fixed = {place: sum(isinstance(values[place], str) for values, _ in self._known) for place in places}
        return max(fixed, key=lambda place: fixed[place], default=None)

    @cached_property
    def _by_value(self) -> Mapping[str | None, list[tuple[Known, bool]]]:
        """The sources by their values of that label; None: it is not known."""
        sources: dict[str | None, list[tuple[Known, bool]]] = defaultdict(list)
        for source in self._known:
            value = source[0][self._best or 0]
            sources[value if isinstance(value, str) else None].append(source)
        return sources

    def _values(self, written: WrittenRule) -> Known:
        return tuple(self._label_sets.value(written.rule, label) for label in self._inhibition.equal)


def _fixed(matchers: Iterable[Matcher]) -> list[Matcher]:
    """Return the matchers that ask for one value."""
    return [matcher for matcher in matchers if matcher.operator == "=" and matcher.value]


def _can_agree(first: str | Limits, second: str | Limits) -> bool:
    if isinstance(first, str):
        return first == second if isinstance(second, str) else suits(first, second)
    return suits(second, first) if isinstance(second, str) else may_be(first | second)
