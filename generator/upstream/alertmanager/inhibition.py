"""Which alerts are silent because others fire: inhibition as Alertmanager does it.

Source: Alertmanager's inhibit/inhibit.go (`Inhibitor.Mutes`, `InhibitRule.hasEqual`).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from generator.upstream.alertmanager.match import matches

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from generator.diagnostics.diagnostic import EntryPath
    from generator.upstream.alertmanager.match import Matcher


@dataclass(frozen=True, slots=True, kw_only=True)
class Inhibition:
    """While an alert matches `source`, those that match `target` and agree on `equal` are silent."""

    source: tuple[Matcher, ...]
    target: tuple[Matcher, ...]
    equal: tuple[str, ...]
    where: EntryPath

    def may_silence(self, labels: Mapping[str, str]) -> bool:
        """Return whether an alert with these labels can be silenced: a source can agree with it on `equal`."""
        return matches(self.target, labels) and all(
            matcher.accepts(labels.get(matcher.label, "")) for matcher in self.source if matcher.label in self.equal
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """A rule that makes an alert silent, and the alerts of which each is enough for that.

    `certain` is false where it depends on the order in which the alerts arrived: see `Inhibitor.suppressions`.
    """

    rule: Inhibition
    sources: tuple[Mapping[str, str], ...]
    certain: bool


class Inhibitor:
    """Tells which alerts are inhibited, given the rules and the alerts that fire."""

    def __init__(self, rules: Iterable[Inhibition], firing: Iterable[Mapping[str, str]]) -> None:
        alerts = tuple(firing)
        self._rules = tuple((rule, _sources(rule, alerts)) for rule in rules)

    def suppressions(self, labels: Mapping[str, str]) -> tuple[Suppression, ...]:
        """Return every rule that silences an alert with these labels, in the order of the file.

        A label of `equal` that both lack is equal: absent is the empty text. A source silences although it is itself
        silent. And an alert that is on both sides of a rule is not silenced by another that is: so it cannot silence
        itself, nor can two silence each other.

        Since 0.30, Alertmanager remembers one source for each combination of the `equal` labels: the one that ends
        last, and of those that end alike the one that arrived last. Where that one is on both sides of the rule and
        the alert is too, the alert is not silent, although another source would silence it: nothing is certain then.
        """
        return tuple(
            suppression for rule, sources in self._rules if (suppression := _suppression(rule, sources, labels))
        )


def _sources(
    rule: Inhibition, alerts: Iterable[Mapping[str, str]]
) -> Mapping[tuple[str, ...], list[Mapping[str, str]]]:
    """Return the alerts that match the source of a rule, by their values of its `equal` labels."""
    sources: Mapping[tuple[str, ...], list[Mapping[str, str]]] = defaultdict(list)
    for labels in alerts:
        if matches(rule.source, labels):
            sources[_key(rule, labels)].append(labels)
    return sources


def _key(rule: Inhibition, labels: Mapping[str, str]) -> tuple[str, ...]:
    return tuple([labels.get(label, "") for label in rule.equal])


def _suppression(
    rule: Inhibition, sources: Mapping[tuple[str, ...], list[Mapping[str, str]]], labels: Mapping[str, str]
) -> Suppression | None:
    if not matches(rule.target, labels):
        return None
    equal = sources.get(_key(rule, labels), [])
    able = equal
    if matches(rule.source, labels):
        able = [source for source in equal if not matches(rule.target, source)]
    return Suppression(rule=rule, sources=tuple(able), certain=len(able) == len(equal)) if able else None
