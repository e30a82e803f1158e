"""What can become true in a drill: one condition for each rule, with the series that stands for its expression."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from generator import timeline
from generator.match import matches
from generator.verify.routing import promised_receivers

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from generator.behaviour import Behaviour, Rule
    from generator.match import Router
    from generator.plan import AlertRule, Plan
    from generator.timeline import Timeline
    from generator.verify.alerts import SentAlert

_LABEL = re.compile(r"\{\{-?\s*\$labels\.([A-Za-z_]\w*)\s*-?\}\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """An alert under drill. `number` tells it from others; `given` are the labels that its expression has."""

    number: int
    rule: Rule
    promised: AlertRule
    labels: Mapping[str, str]
    """As Alertmanager sees them."""
    given: Mapping[str, str]
    timeline: Timeline
    receivers: frozenset[str]
    """Those that the policy promises."""


def conditions(plan: Plan, behaviour: Behaviour, router: Router, sent: Iterable[SentAlert]) -> tuple[Condition, ...]:
    """Return a condition for each rule that sends one of these alerts and that the policy promises something for."""
    found: dict[int, Condition] = {}
    for alert in sent:
        if alert.promised is None or id(alert.rule) in found:
            continue
        labels = {**alert.labels, **_tested(alert.promised), "alertname": alert.rule.name}
        found[id(alert.rule)] = Condition(
            number=len(found) + 1,
            rule=alert.rule,
            promised=alert.promised,
            labels=labels,
            given=_given(alert.rule, labels),
            timeline=timeline.of(plan, behaviour, router, labels, (alert.rule, alert.promised)),
            receivers=promised_receivers(plan, alert.promised, labels),
        )
    return tuple(found.values())


def apart(behaviour: Behaviour, all_of_them: Sequence[Condition]) -> tuple[tuple[Condition, ...], ...]:
    """Return the conditions in batches that can be true at once: within one, none silences another."""
    batches: list[list[Condition]] = []
    for one in all_of_them:
        batch = next((batch for batch in batches if not any(_touch(behaviour, one, other) for other in batch)), None)
        if batch is None:
            batches.append([one])
        else:
            batch.append(one)
    return tuple(tuple(batch) for batch in batches)


def _touch(behaviour: Behaviour, one: Condition, other: Condition) -> bool:
    """Return whether one of the two silences the other."""
    for source, target in ((one.labels, other.labels), (other.labels, one.labels)):
        for rule in behaviour.inhibitions:
            same = all(source.get(label, "") == target.get(label, "") for label in rule.equal)
            if same and matches(rule.source, source) and matches(rule.target, target):
                return True
    return False


def _tested(rule: AlertRule) -> Mapping[str, str]:
    """Return the labels with which the alert's own test sees it fire, none where there is no such test."""
    expected = (one for test in rule.tests for one in test.expected)
    return next((one.labels for one in expected if one.fires and one.alert == rule.name), {})


def _given(rule: Rule, labels: Mapping[str, str]) -> Mapping[str, str]:
    """Return the labels that the expression must have for the rule to send these."""
    given = {name: value for name, value in labels.items() if name not in rule.labels and name != "alertname"}
    for name, written in rule.labels.items():
        found = _LABEL.fullmatch(written.strip())
        if found and name in labels:
            given[found[1]] = labels[name]
    return dict(sorted(given.items()))
