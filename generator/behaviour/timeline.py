"""Who is told of an alert, when at the latest, through what: read off the rendered files, counted by the clock.

This is what `explain` shows. It reads the Behaviour, so a user's own template that changes what happens changes what
is said.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from generator.behaviour.behaviour import EACH_ALERT
from generator.behaviour.clock import latest, longest_gap
from generator.behaviour.label_sets import LabelSets
from generator.plan import duties, pagers, timing
from generator.plan.plan import carried
from generator.plan.timing import Term
from generator.policy.model import Responder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from generator.behaviour.behaviour import Behaviour, Integration, Rule
    from generator.plan.plan import AlertRule, EscalationPlan, Plan
    from generator.plan.timing import Derived
    from generator.policy.label_names import LabelNames
    from generator.policy.model import Policy
    from generator.upstream.alertmanager.inhibition import Inhibition
    from generator.upstream.alertmanager.match import RouteNode, Router


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One notification or page; `at` and `soonest` are its latest and earliest time since the condition is true."""

    at: Derived
    soonest: timedelta
    receiver: str
    through: str
    responders: tuple[Responder, ...]
    """Whom PagerDuty pages; empty where the message goes elsewhere."""
    role: str
    """The title of the role in which they are paged; empty where it is none."""
    again: timedelta | None
    """At the longest between two messages while nothing changes."""
    note: str
    node: RouteNode | None
    """The route; None for a later step of PagerDuty."""
    integration: Integration | None
    """What sends it; None where several may: another alert says it, of a deadline."""
    step: int | None
    """Which step of PagerDuty's, from 0; None where no chain is paged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """All notifications and pages of one alert."""

    labels: Mapping[str, str]
    rule: Rule | None
    """None: no rule sends it. Then the time counts from the moment at which Alertmanager has it."""
    promised: AlertRule | None
    messages: tuple[Message, ...]
    """By their latest moment."""
    acknowledged: Derived | None
    """None where nobody is paged."""
    silenced_by: tuple[Inhibition, ...]
    incident: tuple[str, ...]
    """The labels that tell its incident from others; `...` where each alert has its own, empty where nobody is paged.
    """
    paged: tuple[str, ...]
    """The receivers that page somebody, by their routes."""


def of(
    plan: Plan,
    behaviour: Behaviour,
    router: Router,
    labels: Mapping[str, str],
    sent: tuple[Rule, AlertRule] | None,
) -> Timeline:
    """Return the timeline of an alert with these labels; `sent` is its rendered rule and the planned one."""
    rule, promised = sent or (None, None)
    nodes = router.routes_of(labels)
    sent_messages = [message for node in nodes for message in messages(plan, behaviour, node, rule, promised)]
    paging = [node for node in nodes if node.receiver in paging_receivers(plan, promised)]
    acknowledged = None
    pages = [message.at for message in sent_messages if message.receiver in {node.receiver for node in paging}]
    # A template may have lost the chain, or who sends to it: then nobody is paged.
    if pages and promised and promised.origin.authored:
        answer = plan.severities[promised.severity].answer_in
        last = max(pages, key=lambda at: at.value)
        acknowledged = last.plus(answer)
    if promised and promised.origin.authored:
        sent_messages += _deadlines(plan, behaviour, router, labels, promised)
    return Timeline(
        labels=labels,
        rule=rule,
        promised=promised,
        messages=tuple(sorted(sent_messages, key=lambda message: message.at.value)),
        acknowledged=acknowledged,
        silenced_by=tuple(inhibition for inhibition in behaviour.inhibitions if inhibition.may_silence(labels)),
        incident=_incident(plan, behaviour, paging[-1], labels, rule) if paging else (),
        paged=tuple(dict.fromkeys(node.receiver for node in paging)),
    )


def paging_receivers(plan: Plan, promised: AlertRule | None) -> frozenset[str]:
    """Return the receivers that page somebody of an alert: chains, and the channels of its severity that page."""
    chains = (one.receiver for one in plan.paged)
    return frozenset((*chains, *(pagers.channels(plan.severities[promised.severity], promised) if promised else ())))


def _incident(
    plan: Plan, behaviour: Behaviour, paging: RouteNode, labels: Mapping[str, str], rule: Rule | None
) -> tuple[str, ...]:
    """Return the labels of those that the route groups by which the alert has, or can have by its rule."""
    label_sets = LabelSets(behaviour.rules, plan.policy.stack.prometheus.external_labels)
    return tuple(
        label
        for label in paging.group_by
        if label in labels or label == EACH_ALERT or (rule is not None and label_sets.may_have(rule, label))
    )


# ------------------------------------------------------------------------------------------- messages


def messages(
    plan: Plan, behaviour: Behaviour, node: RouteNode, rule: Rule | None, promised: AlertRule | None
) -> Iterator[Message]:
    """Yield what a route sends: one message per integration, or one per PagerDuty step where the integration pages."""
    at = _latest(plan, node, rule, promised)
    soonest = rule.hold if rule else timing.ZERO
    receiver = next((receiver for receiver in behaviour.receivers if receiver.name == node.receiver), None)
    for integration in receiver.integrations if receiver else ():
        chain = chain_of(plan, integration)
        if chain is None:
            yield Message(
                at=at,
                soonest=soonest,
                receiver=node.receiver,
                through=integration.kind.says(integration.settings),
                responders=(),
                role="",
                again=longest_gap(node),
                note=_note(plan, node.receiver, promised),
                node=node,
                integration=integration,
                step=None,
            )
        else:
            yield from _paged(plan, behaviour, chain, node, integration, at, soonest)


def _latest(plan: Plan, node: RouteNode, rule: Rule | None, promised: AlertRule | None) -> Derived:
    if rule is None or promised is None:
        group = Term(name="group", length=max(node.group_wait, node.group_interval))
        terms = (group, Term(name="delivery", length=plan.stack.delivery))
        return timing.total(*terms)
    return latest(plan, rule, promised, node)


def chain_of(plan: Plan, integration: Integration) -> EscalationPlan | None:
    """Return the escalation whose integration key the integration uses; None where it does not page."""
    if not integration.kind.pages:
        return None
    key = integration.settings.get("routing_key_file")
    return next((one.escalation for one in plan.paged if one.key_file == key), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step of an escalation: whom it pages, the title of their role if any, and the delay after the first page."""

    responders: tuple[Responder, ...]
    role: str
    after: timedelta


def steps_of(plan: Plan, behaviour: Behaviour, chain: EscalationPlan) -> Iterator[Step]:
    """Yield the steps of an escalation from the rendered files; none where they lack the escalation policy."""
    escalation = next(
        (escalation for escalation in behaviour.pagerduty.escalations if escalation.name == chain.title), None
    )
    after = timing.ZERO
    people = {person.email: name for name, person in plan.policy.people.items()}
    for number, step in enumerate(escalation.steps if escalation else ()):
        role = chain.steps[number].role if number < len(chain.steps) else None
        yield Step(
            responders=tuple(
                Responder(responder.kind, people.get(responder.name, responder.name))
                if responder.kind == "person"
                else responder
                for responder in step.targets
            ),
            role=plan.policy.roles[role].title if role else "",
            after=after,
        )
        after += step.delay


def _paged(
    plan: Plan,
    behaviour: Behaviour,
    chain: EscalationPlan,
    node: RouteNode,
    integration: Integration,
    at: Derived,
    soonest: timedelta,
) -> Iterator[Message]:
    for number, step in enumerate(steps_of(plan, behaviour, chain)):
        way = Term(name="steps", length=step.after)
        yield Message(
            at=at.plus(way),
            soonest=soonest + step.after,
            receiver=node.receiver,
            through="PagerDuty",
            responders=step.responders,
            role=step.role,
            again=None,
            note="",
            node=node if number == 0 else None,
            integration=integration,
            step=number,
        )


def responders_text(policy: Policy, responders: Iterable[Responder]) -> str:
    """Return the responders as a phrase: `Ann and whoever is on call in primary`."""
    return " and ".join(
        f"whoever is on call in {responder.name}" if responder.kind == "schedule" else title(policy, responder)
        for responder in responders
    )


def title(policy: Policy, responder: Responder) -> str:
    """Return the display name of a person or schedule; a person whom the policy does not list keeps the address."""
    person = policy.people.get(responder.name) if responder.kind == "person" else None
    return person.name if person else responder.name


def _note(plan: Plan, receiver: str, promised: AlertRule | None) -> str:
    """Return the duty or containment for which a receiver is notified; empty where it is neither."""
    if promised is None:
        return ""
    for name, duty in plan.policy.duties.items():
        if duty.every and receiver in duty.via and promised.severity in duty.during:
            by = f" by the {plan.policy.roles[duty.by].title}" if duty.by else ""
            return f"{duty.title or name}{by}"
    containment = plan.policy.containments.get(promised.labels.get(plan.policy.labels.containment, ""))
    return containment.title if containment and containment.call == receiver else ""


# ------------------------------------------------------------------------------------------- deadlines


def _deadlines(
    plan: Plan, behaviour: Behaviour, router: Router, labels: Mapping[str, str], promised: AlertRule
) -> Iterator[Message]:
    """Yield the reminders at 75% and 100% of the time to resolve; none where that is a number of sprints."""
    severity = plan.severities[promised.severity]
    if not isinstance(severity.resolve, timedelta):
        return
    for duty, percent in ((duties.DUE_SOON, 75), (duties.OVERDUE, 100)):
        rule = _rule_of_duty(plan.policy.labels, behaviour, duty, promised.severity)
        if rule is None:
            continue
        over = Term(name="resolve", length=severity.resolve * percent / 100, route=("severities", severity.name))
        looks = Term(name="its evaluation", length=rule.interval or plan.stack.evaluate)
        # What the rule does not set itself, its alert has from the one that it watches.
        own_labels = {name: value for name, value in rule.labels.items() if "{{" not in value}
        # What it removes, Prometheus adds again where it is an external label.
        added = {name: labels[name] for name in plan.policy.stack.prometheus.external_labels if name in labels}
        own_labels |= {name: value for name, value in added.items() if not own_labels.get(name, "")}
        for node in router.routes_of(carried({**labels, **own_labels, "alertname": rule.name})):
            yield Message(
                at=timing.worst_case(
                    plan.stack,
                    detection=(*promised.detection, over, looks),
                    group_wait=Term(name="group", length=node.group_wait),
                    group_interval=Term(name="group", length=node.group_interval),
                ),
                soonest=over.length,
                receiver=node.receiver,
                through=_through(behaviour, node.receiver),
                responders=(),
                role="",
                again=longest_gap(node),
                note=f"{rule.name}, {percent}% of the time to resolve is over",
                node=node,
                integration=None,
                step=None,
            )


def _through(behaviour: Behaviour, name: str) -> str:
    integrations = (
        integration
        for receiver in behaviour.receivers
        if receiver.name == name
        for integration in receiver.integrations
    )
    return ", ".join(integration.kind.says(integration.settings) for integration in integrations)


def _rule_of_duty(names: LabelNames, behaviour: Behaviour, duty: str, severity: str) -> Rule | None:
    return next(
        (
            rule
            for rule in behaviour.rules
            if rule.labels.get(names.duty) == duty and rule.labels.get(names.severity) == severity
        ),
        None,
    )
