"""By what alerts are silenced on one side and not on the other."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from generator.upstream.alertmanager import re2
from generator.upstream.alertmanager.match import Matcher

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from generator.policy.label_names import LabelNames
    from generator.upstream.alertmanager.inhibition import Inhibition


class Silences:
    """The inhibition rules that exist on one side only."""

    def __init__(self, names: LabelNames, old: Iterable[Inhibition], new: Iterable[Inhibition]) -> None:
        """`names` are those of the labels on both sides."""
        before = {_content(inhibition): inhibition for inhibition in old}
        after = {_content(inhibition): inhibition for inhibition in new}
        self._old = _Index(names, *(inhibition for content, inhibition in before.items() if content not in after))
        self._new = _Index(names, *(inhibition for content, inhibition in after.items() if content not in before))

    def changed(self, old: Mapping[str, str], new: Mapping[str, str]) -> Changed:
        """Return the inhibitions that silence the alert on one side only."""
        before, after = self._old.sources(old), self._new.sources(new)
        return Changed(
            gone=frozenset(before.keys() - after.keys()),
            came=frozenset(after.keys() - before.keys()),
            other=frozenset(text for text in before.keys() & after.keys() if before[text] != after[text]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """Descriptions, following "while", of inhibitions that are gone, new or changed."""

    gone: frozenset[str]
    came: frozenset[str]
    other: frozenset[str]


def called(rule: Inhibition, names: Mapping[str, str]) -> Inhibition:
    """Return the inhibition with other names of labels, by their own."""
    if not names:
        return rule

    def other(matchers: Iterable[Matcher]) -> tuple[Matcher, ...]:
        return tuple(replace(one, label=names.get(one.label, one.label)) for one in matchers)

    equal = tuple(names.get(label, label) for label in rule.equal)
    return replace(rule, source=other(rule.source), target=other(rule.target), equal=equal)


def _content(rule: Inhibition) -> object:
    return rule.source, rule.target, rule.equal


class _Index:
    """Inhibition rules indexed by the one service of their targets."""

    def __init__(self, names: LabelNames, *rules: Inhibition) -> None:
        self._names = names
        self._by_service: dict[str | None, list[Inhibition]] = defaultdict(list)
        for rule in rules:
            for service in _services(names, rule):
                self._by_service[service].append(rule)

    def sources(self, labels: Mapping[str, str]) -> Mapping[str, set[object]]:
        """Return descriptions of what silences an alert, with the terms of the rules."""
        rules = (*self._by_service.get(labels.get(self._names.service, ""), ()), *self._by_service.get(None, ()))
        causes: dict[str, set[object]] = defaultdict(set)
        for rule in rules:
            if rule.may_silence(labels):
                # What the alert has itself is the same term whatever it is called: its environment.
                own = {Matcher(label=name, operator="=", value=value) for name, value in labels.items()}
                named = {matcher for matcher in rule.source if matcher.label != "alertname"}
                shared = {matcher for matcher in named if matcher in own or matcher.label in rule.equal}
                terms = (
                    frozenset(named - shared),
                    frozenset(matcher.label for matcher in shared),
                    frozenset(rule.equal),
                )
                for text in _sources(self._names, rule):
                    causes[text].add(terms)
        return causes


def _services(names: LabelNames, rule: Inhibition) -> tuple[str | None, ...]:
    """Return the possible services of a rule's targets; None is any service."""
    for matcher in rule.target:
        if matcher.label == names.service:
            if matcher.operator == "=":
                return (matcher.value,)
            if matcher.operator == "=~" and re2.is_list(matcher.value):
                return tuple(matcher.value.split("|"))
    return (None,)


def _sources(labels: LabelNames, rule: Inhibition) -> tuple[str, ...]:
    """Return descriptions of a rule's source alerts, one for each name."""
    rest = [matcher for matcher in rule.source if matcher.label != "alertname"]
    names = [matcher for matcher in rule.source if matcher.label == "alertname"]
    where = _service_phrase(labels, rest, rule.equal)
    if len(names) == 1 and (names[0].operator == "=" or (names[0].operator == "=~" and re2.is_list(names[0].value))):
        return tuple(f"{name}{where} fires" for name in names[0].value.split("|"))
    shown = ", ".join(map(str, (*names, *rest)))
    return (f"an alert with {shown} fires" + (f" (equal: {', '.join(rule.equal)})" if rule.equal else ""),)


def _service_phrase(names: LabelNames, rest: list[Matcher], equal: tuple[str, ...]) -> str:
    """Return ` of ledger`, without the labels that all generated rules have."""
    services = [matcher.value for matcher in rest if matcher.label == names.service and matcher.operator == "="]
    usual = (names.service, names.severity, names.duty, *equal)
    other_matchers = [str(matcher) for matcher in rest if matcher.label not in usual]
    phrase = f" of {services[0]}" if services else ""
    return phrase + (f" ({', '.join(other_matchers)})" if other_matchers else "")
