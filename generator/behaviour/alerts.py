"""The alerts that the rendered rules can send, each with a label set as Alertmanager will see it."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

from generator.plan.plan import carried
from generator.system.record import record
from generator.system.unique import unique

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from generator.behaviour.behaviour import Behaviour, Rule
    from generator.plan.plan import AlertRule, Plan
    from generator.upstream.alertmanager.match import RouteNode, Router

_LABEL = re.compile(r"\{\{-?\s*\$labels\.([A-Za-z_]\w*)\s*-?\}\}")
SAMPLE = "example"
"""The value of a label that only the expression knows."""
PROMISED_BY = ("severity", "escalation", "containment")
"""The labels by which the policy promises receivers, beside the duty."""


@record
class SentAlert:
    """An alert that a rendered rule can send. `promised` is the plan's rule for it, None where the plan has none."""

    rule: Rule
    promised: AlertRule | None
    labels: Mapping[str, str]
    nodes: tuple[RouteNode, ...]
    """The routes that it takes: one tuple for all alerts that the tree cannot tell apart."""


class Promises:
    """Looks up the plan's rule for a rendered rule by the name and labels of the rendered rule."""

    def __init__(self, plan: Plan) -> None:
        self._promises: dict[tuple[str, str | None], list[AlertRule]] = defaultdict(list)
        for promised in plan.rules:
            self._promises[promised.name, promised.labels.get("service")].append(promised)

    def alike(self, rule: Rule) -> Sequence[AlertRule]:
        """Return the planned rules with the rule's name and service, whatever their other labels."""
        return self._promises.get((rule.name, rule.labels.get("service")), ())

    def of(self, rule: Rule) -> AlertRule | None:
        """Return the planned rule whose alerts have exactly the rule's name and labels; None where there is none."""
        return next((promised for promised in self.alike(rule) if _same(promised.labels, rule.labels)), None)


def _same(planned: Mapping[str, str], rendered: Mapping[str, str]) -> bool:
    return planned == rendered or carried(planned) == carried(rendered)


def sent_alerts(plan: Plan, behaviour: Behaviour, router: Router) -> Iterator[SentAlert]:
    """Yield every alert that the rendered rules can send: one per rule, or one per kind of alert that the rule watches.

    Watched rules are of one kind where neither the tree of routes nor the policy's promise can tell them apart.
    """
    rules = [rule for rule in behaviour.rules if not rule.records]
    promises = Promises(plan)
    kinds = _kinds(router, rules)
    for rule in rules:
        labels = rule.labels
        promised = promises.of(rule)
        if promised is None or not promised.origin.spread:
            yield _sent(router, rule, promised, {})
            continue
        for watched in kinds.get(labels.get("severity", ""), ()):
            yield _sent(router, rule, promised, {**carried(watched.labels), "alertname": watched.name})


def _kinds(router: Router, rules: Sequence[Rule]) -> Mapping[str, list[Rule]]:
    """Return watched rules by severity: one for each combination of routes and promise."""
    kinds: dict[str, list[Rule]] = defaultdict(list)
    authored = (rule for rule in rules if not rule.labels.get("duty"))
    for rule in unique(
        authored, lambda rule: (router.key(rule.labels), *(rule.labels.get(label) for label in PROMISED_BY))
    ):
        kinds[rule.labels.get("severity", "")].append(rule)
    return kinds


Identity = tuple[str, frozenset[tuple[str, str]]]


def identity(name: str, labels: Mapping[str, str]) -> Identity:
    """Return the key that is unique to a rule: its name and the labels that its alerts have."""
    return name, frozenset(carried(labels).items())


def _sent(router: Router, rule: Rule, promised: AlertRule | None, read: Mapping[str, str]) -> SentAlert:
    """Return the alert that a rule sends: labels `read` by its expression, overridden by the rule's own."""
    own_labels = {
        name: _LABEL.sub(lambda match: read.get(match[1], SAMPLE), value) if "{{" in value else value
        for name, value in rule.labels.items()
    }
    sample_labels = {label: SAMPLE for label in promised.page_each if label not in read} if promised else {}
    labels = carried({**read, **sample_labels, **own_labels, "alertname": rule.name})
    return SentAlert(rule=rule, promised=promised, labels=labels, nodes=router.routes_of(labels))
