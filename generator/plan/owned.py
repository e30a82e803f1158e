"""Alerts that belong to whoever owns their series: one rule, a promise for each owner.

Prometheus decides when it evaluates the rule: the labels `service`, `team` and `escalation` are templates that read the
label of `owners`. All that follows finds an alert of that service, as if a rule of its own had made it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from generator.upstream.promql.promql import quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from generator.plan.expand import Expansion
    from generator.plan.plan import AlertRule
    from generator.policy.model import Alert, Test
    from generator.policy.owners import Owners
    from generator.upstream.alertmanager.match import Matcher

RULES = "_owners"
"""The name of the file with their rules, which no service can have."""


def home(rule: AlertRule) -> str:
    """Return the name of the file in which what an author wrote stands: that of its service, or of all owners."""
    whole = RULES if rule.owned else rule.service
    # promtool names an alert and tells of all that have its name: a test file loads those of one severity.
    return f"{whole}.{rule.severity}" if rule.lesser else whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Owned:
    """Which of the alerts of one rule belong to a service: those whose label matches."""

    matcher: Matcher
    """Of the label of `owners`; for `otherwise` it excludes what others own."""


def rules_of(expansion: Expansion, name: str, alert: Alert, owners: Owners) -> tuple[AlertRule, ...]:
    """Return what one rule is for each owner, `otherwise` first: its labels and texts, and the tests of its alerts.

    A text that an owner lacks is empty for it, since one rule has the texts of all.
    """
    rules = []
    for service in reversed(owners.services):

        def of_owner(test: Test, service: str = service) -> bool:
            # What a test of silence expects is nobody's.
            is_ours = owners.of(test.labels.get(owners.by, "")) == service
            return is_ours and test.severity in (None, alert.severity)

        owned = Owned(matcher=owners.matcher((service,)))
        rules.append(replace(expansion.rule(name, alert, service, alert.given, of=of_owner), owned=owned))
    texts = dict.fromkeys((text for rule in rules for text in rule.annotations), "")
    return tuple(_with_texts(rule, texts) for rule in rules)


def _with_texts(rule: AlertRule, texts: Mapping[str, str]) -> AlertRule:
    """Return the rule with more texts where it has none of the same name, and so what its tests expect."""
    tests = (
        replace(
            test,
            expected=tuple(
                one
                if one.annotations is None or not one.fires
                else replace(one, annotations={**texts, **one.annotations})
                for one in test.expected
            ),
        )
        for test in rule.tests
    )
    return replace(rule, annotations={**texts, **rule.annotations}, tests=tuple(tests))


def one_for_all(owners: Owners, variants: Iterable[AlertRule]) -> list[AlertRule]:
    """Return the rules that Prometheus runs: of what belongs to owners, one that is right for each of them."""
    of: dict[tuple[str, str], list[AlertRule]] = {}
    for rule in variants:
        of.setdefault((rule.name, rule.severity), []).append(rule)
    return [_one(owners, rules) for rules in of.values()]


def _one(owners: Owners, variants: Iterable[AlertRule]) -> AlertRule:
    """Return one rule for all owners: what differs from one to another is a template."""
    of = {rule.service: rule for rule in variants}
    rule = of[owners.otherwise]
    return replace(
        rule,
        labels=_merged(owners, {service: each.labels for service, each in of.items()}),
        annotations=_merged(owners, {service: each.annotations for service, each in of.items()}),
        tests=tuple(test for each in of.values() for test in each.tests),
    )


def _merged(owners: Owners, texts: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    names = dict.fromkeys(name for each in texts.values() for name in each)
    return {name: chosen(owners, {service: each.get(name, "") for service, each in texts.items()}) for name in names}


def chosen(owners: Owners, texts: Mapping[str, str]) -> str:
    """Return a template that gives the text of whoever owns the alert; where all agree, that."""
    if len(set(texts.values())) == 1:
        return texts[owners.otherwise]
    asks = (
        f"{'else ' if number else ''}if match {quote(f'^(?:{pattern})$')} $labels.{owners.by} }}}}{texts[service]}"
        for number, (service, pattern) in enumerate(owners.patterns.items())
    )
    return "{{ " + "{{ ".join(asks) + "{{ else }}" + texts[owners.otherwise] + "{{ end }}"
