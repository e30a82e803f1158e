"""Which alerts share an incident: what the routes group pages by against what the policy tells apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from generator.behaviour.behaviour import EACH_ALERT
from generator.diagnostics.code import Code
from generator.diagnostics.wording import listed
from generator.plan import pagers
from generator.plan.pagers import pager
from generator.plan.places import places

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.behaviour.alerts import SentAlert
    from generator.behaviour.verification import Verification
    from generator.plan.plan import AlertRule, Plan
    from generator.policy.label_names import LabelNames
    from generator.upstream.alertmanager.match import RouteNode

RTE608 = Code(
    name="RTE608",
    title="Incidents are not those of the policy",
    meaning="Either alerts share an incident that the policy tells apart, and one that joins an acknowledged incident "
    "pages nobody; or the policy asks for one incident, and there are many, which page one by one. Group pages by "
    "`alertname`, `service` and the labels of the alert's `page_each`, and by no other label that its series can "
    "have. Compare your template with the packaged one.",
)


def pages(plan: Plan, alert: SentAlert, rule: AlertRule) -> tuple[RouteNode, ...]:
    """Return the routes by which an alert pages the chain or the channels that the policy promises."""
    names = (
        _pager(plan, alert, rule),
        *pagers.channels(plan.severities[rule.severity], rule),
    )
    return tuple([node for node in alert.nodes if node.receiver in names])


def _pager(plan: Plan, alert: SentAlert, rule: AlertRule) -> str:
    names = plan.policy.labels
    chain, service = (alert.labels.get(name, "") for name in (names.escalation, names.service))
    return pager(plan.policy, chain, service, rule.severity)


def shared(plan: Plan, alert: SentAlert, rule: AlertRule, node: RouteNode) -> Iterator[Problem]:
    """Yield what is wrong where a route groups by fewer labels than the policy tells the alert's incidents apart by."""
    apart = _told_apart_by(plan.policy.labels, alert, rule).union(places(plan.policy))
    lost = sorted(apart.difference(node.group_by)) if node.group_by != (EACH_ALERT,) else []
    if lost:
        what = f"would share an incident with alerts that differ in {', '.join(lost)}"
        yield Problem(RTE608.name, what, node, "one that joins an acknowledged incident pages nobody")


class Problem(NamedTuple):
    """What is wrong with the incidents that a route makes of an alert."""

    code: str
    what: str
    node: RouteNode
    note: str


Suspect = tuple["RouteNode", tuple[str, ...]]
"""A route, and those of the labels it groups by that only an alert's series can have; `...` stands for all."""


class Splits:
    """Finds routes that split an incident which the policy wants to be one; each place has its own."""

    def __init__(self, verification: Verification) -> None:
        self._plan, self._label_sets = verification.plan, verification.label_sets
        # What alertc itself writes on every alert does not differ between alerts of one rule.
        written = next((rule.labels for rule in verification.plan.rules if not rule.origin.spread), {})
        self._written = frozenset(written).union(places(verification.plan.policy))

    def suspects(self, alert: SentAlert, rule: AlertRule) -> tuple[Suspect, ...]:
        """Return routes that may do so: the same for all alerts with these routes and this `page_each`, mostly none."""
        known = self._written | _told_apart_by(self._plan.policy.labels, alert, rule)
        more = [(node, tuple(sorted(frozenset(node.group_by) - known))) for node in pages(self._plan, alert, rule)]
        return tuple([suspect for suspect in more if suspect[1]])

    def of(self, alert: SentAlert, rule: AlertRule, suspects: tuple[Suspect, ...]) -> Iterator[Problem]:
        """Yield what is wrong where a route groups by more labels, and alerts of the rule can differ in them."""
        for node, labels in suspects:
            split = [label for label in labels if self._differ(alert, rule, label)]
            if split:
                each = "alert" if EACH_ALERT in split else listed(split)
                yield Problem(
                    RTE608.name,
                    f"would make an incident for each {each}, which the policy does not ask for",
                    node,
                    "each pages by itself; where that is meant, name the label in `page_each` of the alert",
                )

    def _differ(self, alert: SentAlert, rule: AlertRule, label: str) -> bool:
        if label == EACH_ALERT:
            apart = _told_apart_by(self._plan.policy.labels, alert, rule)
            return self._label_sets.may_differ_beside(alert.rule, self._written | apart)
        return self._label_sets.may_differ_in(alert.rule, label)


def _told_apart_by(names: LabelNames, alert: SentAlert, rule: AlertRule) -> frozenset[str]:
    """Return the labels by which the policy tells incidents apart: for a deadline, those of what it watches too."""
    watched = alert.labels.get(names.page_each, "").split(",") if rule.origin.spread else ()
    return frozenset((*names.every_page, *rule.page_each, *filter(None, watched)))
