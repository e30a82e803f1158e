"""The alerts that the rendered rules can send, each with a label set as Alertmanager will see it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from generator.behaviour import Rule
    from generator.plan import AlertRule, Plan
    from generator.verify.verification import Verification

_LABEL = re.compile(r"\{\{-?\s*\$labels\.([A-Za-z_]\w*)\s*-?\}\}")
SAMPLE = "example"
"""The value of a label that only the expression knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SentAlert:
    """An alert that a rendered rule can send. `promised` is the plan's rule for it, None where the plan has none."""

    rule: Rule
    promised: AlertRule | None
    labels: Mapping[str, str]


def sent_alerts(verification: Verification) -> Iterator[SentAlert]:
    """Yield every alert: one for each rule, but one for each watched rule where a rule stands for many."""
    rules = [rule for rule in verification.behaviour.rules if not rule.records]
    promises = promises_of(verification.plan)
    for rule in rules:
        promised = promises.get(identity(rule.name, rule.labels))
        if promised is None or not promised.spread:
            yield _sent(rule, promised, {})
            continue
        severity = rule.labels.get("severity")
        for watched in rules:
            if "duty" not in watched.labels and watched.labels.get("severity") == severity:
                yield _sent(rule, promised, {**watched.labels, "alertname": watched.name})


Identity = tuple[str, frozenset[tuple[str, str]]]


def identity(name: str, labels: Mapping[str, str]) -> Identity:
    """Return what tells two rules apart."""
    return name, frozenset(labels.items())


def promises_of(plan: Plan) -> Mapping[Identity, AlertRule]:
    """Return the plan's alerting rules by their identity."""
    return {identity(rule.name, rule.labels): rule for rule in plan.rules}


def _sent(rule: Rule, promised: AlertRule | None, read: Mapping[str, str]) -> SentAlert:
    """Return the alert of a rule whose expression keeps the labels `read`; the rule's own labels go over them."""
    own = {
        name: _LABEL.sub(lambda found: read.get(found[1], SAMPLE), value) if "{{" in value else value
        for name, value in rule.labels.items()
    }
    each = {label: SAMPLE for label in promised.page_each if label not in read} if promised else {}
    return SentAlert(rule=rule, promised=promised, labels={**read, **each, **own, "alertname": rule.name})
