"""What can become true in a drill: one condition for each rule, with the series that stands for its expression."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from generator.behaviour import timeline
from generator.checks.files.routing import promised_receivers
from generator.plan import unrouted
from generator.plan.plan import Origin, carried
from generator.policy.model import NOBODY
from generator.upstream.alertmanager import time_intervals
from generator.upstream.alertmanager.match import matches

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from generator.behaviour.alerts import SentAlert
    from generator.behaviour.behaviour import Behaviour, Rule
    from generator.behaviour.timeline import Timeline
    from generator.diagnostics.diagnostic import PolicyPath
    from generator.plan.plan import AlertRule, Plan
    from generator.policy.label_names import LabelNames
    from generator.upstream.alertmanager.inhibition import Inhibition
    from generator.upstream.alertmanager.match import RouteNode, Router

_LABEL = re.compile(r"\{\{-?\s*\$labels\.([A-Za-z_]\w*)\s*-?\}\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """An alert to drill; `given` are the labels of the series that stands for its expression."""

    number: int
    rule: Rule | None
    """None: no rule sends it."""
    promised: AlertRule | None
    names: LabelNames
    """How the labels are called that alertc sets."""
    labels: Mapping[str, str]
    """As Alertmanager sees them."""
    given: Mapping[str, str]
    timeline: Timeline
    receivers: frozenset[str]
    """Those that the policy promises, and that no time interval holds back now."""
    held: frozenset[str] = frozenset()
    """Those that one holds back: Alertmanager goes by the clock of this machine."""

    @property
    def name(self) -> str:
        """Its alertname."""
        return self.labels["alertname"]

    @property
    def about(self) -> str:
        """The severity and service: `P0 of ledger`."""
        return f"{self.labels.get(self.names.severity, 'alert')} of {self.labels.get(self.names.service) or 'nobody'}"

    @property
    def route(self) -> PolicyPath:
        """The alert's entry in the policy."""
        return self.promised.route if self.promised else ("watch", "unrouted")


def conditions(
    plan: Plan, behaviour: Behaviour, router: Router, sent: Iterable[SentAlert], now: datetime
) -> tuple[Condition, ...]:
    """Return a condition for each planned rule that sends one of these alerts, and for each way that they can take."""
    by_way: dict[object, Condition] = {}
    for alert in sent:
        if alert.promised is None or alert.promised.origin is Origin.NOBODY:
            continue
        # A rule that watches others has many ways; each is that of an alert which is drilled itself.
        way = (id(alert.rule), *(() if alert.promised.origin.spread else alert.depends.items()))
        if way in by_way:
            continue
        labels = carried({**alert.labels, **_tested(alert.promised), **alert.depends, "alertname": alert.rule.name})
        held_back = _muted_receivers(behaviour, router.routes_of(labels), now)
        alert_timeline = timeline.of(plan, behaviour, router, labels, (alert.rule, alert.promised))
        paged = any(
            message.step is not None and message.receiver not in held_back for message in alert_timeline.messages
        )
        by_way[way] = Condition(
            number=len(by_way) + 1,
            rule=alert.rule,
            promised=alert.promised,
            names=plan.policy.labels,
            labels=labels,
            given=_given(alert.rule, labels),
            timeline=alert_timeline if paged else replace(alert_timeline, acknowledged=None),
            receivers=_told(plan, alert.promised, labels) - held_back,
            held=held_back,
        )
    return tuple(by_way.values())


def _told(plan: Plan, rule: AlertRule, labels: Mapping[str, str]) -> frozenset[str]:
    """Return the receivers that the policy promises, but for the one that tells nobody: no message shows it."""
    return promised_receivers(plan, rule, labels) - {NOBODY}


def _muted_receivers(behaviour: Behaviour, nodes: Iterable[RouteNode], now: datetime) -> frozenset[str]:
    """Return the receivers whose routes are all muted now."""
    silent: dict[str, bool] = {}
    for node in nodes:
        mutes = time_intervals.silencing(node.active, node.mute, behaviour.time_intervals, now)
        silent[node.receiver] = bool(mutes) and silent.get(node.receiver, True)
    return frozenset(name for name, is_silent in silent.items() if is_silent)


def beside(plan: Plan, behaviour: Behaviour, router: Router, condition: Condition) -> Condition | None:
    """Return the same alert with one label changed, to join the first one's groups; None where no label can change.

    Whom it tells stays: an alert about others has the chain from them, and there is no chain of another name.
    """
    if condition.rule is None or condition.promised is None:
        return None
    told = _told(plan, condition.promised, condition.labels)
    for name in (*condition.promised.page_each, *condition.given):
        if condition.given.get(name) is None or condition.given[name] != condition.labels.get(name):
            continue
        other = f"{condition.given[name]}-2"
        labels = {**condition.labels, name: other}
        if _told(plan, condition.promised, labels) == told:
            return replace(
                condition,
                labels=labels,
                given={**condition.given, name: other},
                timeline=timeline.of(plan, behaviour, router, labels, (condition.rule, condition.promised)),
                receivers=told,
            )
    return None


def unknown(plan: Plan, behaviour: Behaviour, router: Router, number: int) -> Condition:
    """Return an alert that no rule of the policy sends, of an unknown severity and environment."""
    names = plan.policy.labels
    labels = {"alertname": "UnknownToThePolicy", names.severity: "sev-1", names.environment: "elsewhere"}
    return Condition(
        number=number,
        rule=None,
        promised=None,
        names=names,
        labels=labels,
        given={},
        timeline=timeline.of(plan, behaviour, router, labels, None),
        receivers=frozenset(unrouted.receivers(plan.policy)),
    )


def apart(behaviour: Behaviour, all_of_them: Sequence[Condition]) -> tuple[tuple[Condition, ...], ...]:
    """Return the conditions in batches without inhibitions inside a batch."""
    batches: list[list[Condition]] = []
    for condition in all_of_them:
        batch = next(
            (batch for batch in batches if not any(_touch(behaviour, condition, other) for other in batch)), None
        )
        if batch is None:
            batches.append([condition])
        else:
            batch.append(condition)
    return tuple(tuple(batch) for batch in batches)


def silences(behaviour: Behaviour, source: Condition, target: Condition) -> Inhibition | None:
    """Return the inhibition by which `source` silences `target`, None where there is none."""
    for rule in behaviour.inhibitions:
        same = all(source.labels.get(label, "") == target.labels.get(label, "") for label in rule.equal)
        if same and matches(rule.source, source.labels) and matches(rule.target, target.labels):
            return rule
    return None


def _touch(behaviour: Behaviour, condition: Condition, other: Condition) -> bool:
    """Return whether either condition silences the other, or both are alerts of one rule: it plays one at a time."""
    if condition.rule and other.rule and _place(condition.rule) == _place(other.rule):
        return True
    return bool(silences(behaviour, condition, other) or silences(behaviour, other, condition))


def _place(rule: Rule) -> tuple[object, ...]:
    return rule.path, rule.where


def _tested(rule: AlertRule) -> Mapping[str, str]:
    """Return the labels with which the alert fires in its own unit test; empty without such a test."""
    expected = (alert for test in rule.tests for alert in test.expected)
    return next((alert.labels for alert in expected if alert.fires and alert.alert == rule.name), {})


def _given(rule: Rule, labels: Mapping[str, str]) -> Mapping[str, str]:
    """Return the labels that the expression must have so that the rule sends `labels`."""
    given = {name: value for name, value in labels.items() if name not in rule.labels and name != "alertname"}
    for name, written in rule.labels.items():
        match = _LABEL.fullmatch(written.strip())
        if match and name in labels:
            given[match[1]] = labels[name]
    return dict(sorted(given.items()))
