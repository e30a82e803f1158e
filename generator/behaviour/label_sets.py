"""Which label sets the alerts of a rule can have: what the rule sets, what its expression proves, what stays open."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from generator.upstream.alertmanager import match
from generator.upstream.alertmanager.values import may_be, suits
from generator.upstream.promql import promql
from generator.upstream.promql.labels import SCRAPED, Labels, Reader
from generator.upstream.promql.records import Records

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from generator.behaviour.behaviour import Rule
    from generator.policy.model import Policy
    from generator.upstream.alertmanager.match import Matcher
    from generator.upstream.alertmanager.values import Limits

_EXTERNAL = re.compile(r"\{\{-?\s*(?:\$externalLabels|\.ExternalLabels)\.([A-Za-z_]\w*)\s*-?\}\}")
_ONE_LABEL = re.compile(r"\{\{-?\s*(?:\$labels|\$?\.Labels)\.([A-Za-z_]\w*)\s*-?\}\}")


Seen = Mapping[str, Mapping[str, frozenset[str]]]
"""By expression: the values that labels of its series have on a running server, "" for none."""


class LabelSets:
    """What is known of the labels of each rule's alerts; its expression is read when it is first asked for."""

    def __init__(
        self, rules: Iterable[Rule], external: Mapping[str, tuple[str, ...]], seen: Seen | None = None
    ) -> None:
        self._seen = seen or {}
        self.external = external
        """Labels that Prometheus adds to an alert that lacks them, with their values; none: any value."""
        self._rules = rules
        self._labels = lru_cache(maxsize=4096)(self._read)

    @classmethod
    def of_policy(cls, policy: Policy) -> LabelSets:
        """Return what is known where the policy says all that is recorded, and not all of its rules are at hand."""
        label_sets = cls((), policy.stack.prometheus.external_labels)
        label_sets._reader = Reader(Records(policy.records.items()))
        return label_sets

    @cached_property
    def _reader(self) -> Reader:
        return Reader(Records((rule.name, rule) for rule in self._rules if rule.records))

    def value(self, rule: Rule, label: str, watched: Rule | None = None) -> str | Limits:
        """Return the value that a label surely has on the rule's alerts, "" for none, or what is known of its values.

        A rule that is said to have `watched` another has the labels of the other's alerts on its series.
        """
        known = self._in_prometheus(rule, label, watched)
        added = self.external.get(label)
        if added is None or (known if isinstance(known, str) else not suits("", known)):
            return known
        if isinstance(known, str) and added:
            return _one_of(label, added)
        return frozenset((match.of(label, "!=", ""),))

    def added(self, labels: Mapping[str, str], otherwise: str) -> dict[str, str]:
        """Return the labels with those that Prometheus adds to an alert that has these, the first value of each."""
        return {**{label: next(iter(values), otherwise) for label, values in self.external.items()}, **labels}

    def only(self, rule: Rule) -> frozenset[str] | None:
        """Return the only labels that its series can have; None where they can have any."""
        return self._labels(rule.expr).only

    def may_match(self, rule: Rule, matchers: Iterable[Matcher]) -> bool:
        """Return whether some alert of the rule can match."""
        return self.matches(rule, matchers) is not None

    def matches(self, rule: Rule, matchers: Iterable[Matcher]) -> bool | None:
        """Return whether all alerts of the rule match (True), only some can (False), or none does (None)."""
        asked: dict[str, Limits] = {}
        certain = True
        for matcher in matchers:
            value = self.value(rule, matcher.label)
            if isinstance(value, str):
                if not matcher.accepts(value):
                    return None
            else:
                certain = certain and not may_be(value | {matcher.negated()})
                asked[matcher.label] = asked.get(matcher.label, value) | {matcher}
        return certain if all(map(may_be, asked.values())) else None

    def surely_has(self, rule: Rule, label: str) -> bool:
        """Return whether every alert of the rule has the label."""
        value = self.value(rule, label)
        return bool(value) if isinstance(value, str) else not suits("", value)

    def may_have(self, rule: Rule, label: str) -> bool:
        """Return whether some alert of the rule can have the label."""
        value = self.value(rule, label)
        return value != "" if isinstance(value, str) else may_be(value | {match.of(label, "!=", "")})

    def evidently_has(self, rule: Rule, label: str) -> bool:
        """Return whether the rule's alerts have the label, as far as its text tells: what is scraped has two at least.

        Whoever aggregates by a label believes that the series have it.
        """
        if label in rule.labels or label == "alertname":
            return self.may_have(rule, label)
        series = self._labels(rule.expr)
        evident = series.has.keys() | (SCRAPED.limits.keys() if series.only is None else series.only)
        return label in evident and series.missing(label) is None

    def may_differ_in(self, rule: Rule, label: str) -> bool:
        """Return whether two alerts of the rule can have different values of the label, in one Prometheus."""
        return not isinstance(self._in_prometheus(rule, label, None), str)

    def may_differ_beside(self, rule: Rule, labels: frozenset[str]) -> bool:
        """Return whether two alerts of the rule that agree in `labels` can differ in another label of their series."""
        only = self._labels(rule.expr).only
        return only is None or any(self.may_differ_in(rule, label) for label in only - labels)

    def can_be(self, rule: Rule, labels: Mapping[str, str]) -> bool:
        """Return whether an alert of the rule can have these labels, "" for one that it lacks."""
        for label, wanted in labels.items():
            value = self.value(rule, label)
            if not (value == wanted if isinstance(value, str) else suits(wanted, value)):
                return False
        return True

    def _in_prometheus(self, rule: Rule, label: str, watched: Rule | None) -> str | Limits:
        """Return the same before external labels are added, as it is in ALERTS."""
        if label == "alertname":
            return rule.name
        own = rule.labels.get(label)
        if own is not None:
            if "{{" not in own:
                return own
            added = _EXTERNAL.fullmatch(own)
            if added is not None and self.external.get(added[1]):
                external = self.external[added[1]]
                return _one_of(label, external)
            copied = _ONE_LABEL.fullmatch(own)
            if copied is None:
                return frozenset()
            label = copied[1]
        if watched:
            return self._in_prometheus(watched, label, None)
        known = self._labels(rule.expr).values(label)
        if label in rule.series and not isinstance(known, str):
            known = known | rule.series[label]
        seen = self._seen.get(rule.expr, {}).get(label)
        if seen is None or isinstance(known, str):
            return known
        values = [value for value in seen if suits(value, known)]
        return _one_of(label, sorted(values)) if values else known

    def _read(self, expression: str) -> Labels:
        tree = promql.parsed(expression)
        try:
            return (tree is not None and self._reader.read(tree).labels) or Labels()
        except RecursionError:
            return Labels()


def with_values(text: str, labels: Mapping[str, str], otherwise: str) -> str:
    """Return the text of a label with the values of other labels put in."""
    return _ONE_LABEL.sub(lambda match: labels.get(match[1], otherwise), text)


def _one_of(label: str, values: Sequence[str]) -> str | Limits:
    """Return what is known of a label that has one of these values."""
    return values[0] if len(values) == 1 else frozenset((match.one_of(label, values),))
