"""What one alert leads to on one side: who is told, when at the latest, how often again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from generator.behaviour import timeline
from generator.behaviour.alerts import Promises
from generator.behaviour.clock import longest_gap
from generator.behaviour.label_sets import LabelSets
from generator.behaviour.pagerduty import PagerDuty
from generator.diff.judge import listed
from generator.plan import nobody, pagers, paging_hours
from generator.plan.timing import ZERO
from generator.plan.watch import PIPELINE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

    from generator.behaviour.behaviour import Behaviour, Rule
    from generator.behaviour.pagerduty import EscalationPolicy, PagerService
    from generator.behaviour.timeline import Message
    from generator.diff.sides import Side
    from generator.plan.plan import AlertRule, Plan
    from generator.policy.label_names import LabelNames
    from generator.policy.model import Responder
    from generator.upstream.alertmanager.match import RouteNode
    from generator.upstream.alertmanager.time_intervals import TimeInterval


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedMessage:
    """One message; `whom` is the display name of its recipients, independent of the receiver's name."""

    whom: str
    kind: str
    pages: bool
    step: int
    """Which step of PagerDuty it is, from 1; 0 where it is none."""
    at: timedelta
    wait: timedelta
    """How long a new group waits for more: no part of the bound where the group's interval is longer."""
    again: timedelta | None
    group_by: tuple[str, ...]
    active: tuple[TimeInterval | None, ...]
    """When it is sent at all; None: an interval that nobody defined."""
    mute: tuple[TimeInterval | None, ...]
    resolved: bool
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Conduct:
    """The messages, pages and promises of an alert on one side."""

    messages: Mapping[str, ComparedMessage]
    """By whom it reaches, in the order of time."""
    answered: timedelta | None
    """At the latest; None where nobody is paged."""
    sla: timedelta | None
    in_hours: bool
    """Whether the SLA counts business hours alone."""
    pages: bool
    pager: Pager | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pager:
    """How PagerDuty handles the incident, apart from its steps."""

    service: str
    """The service whose incident it is."""
    of_chain: bool
    """Whether that is the one that its chain has for the severity."""
    escalates: bool
    """Whether the service escalates by the chain that it is for."""
    urgency: str
    loops: int
    last_wait: timedelta
    """How long the last step has before the chain begins anew."""
    acknowledgement_timeout: timedelta | None
    auto_resolve_timeout: timedelta | None


Timing = tuple[object, ...]
"""What of a rule and its promise decides when people are told."""


class Conducts:
    """Computes the conduct of alerts on one side, once for alerts with the same routes and times."""

    def __init__(
        self, side: Side, known_as: Mapping[Responder, Responder] | None = None, names: LabelNames | None = None
    ) -> None:
        """`known_as` maps people and schedules to their names on the other side; `names` are those of labels there."""
        self._side = side
        self._known_as = known_as or {}
        self.names = side.plan.policy.labels
        self.called = self.names.as_in(names) if names else {}
        """The labels that have another name on the other side, with that name."""
        self._promises = Promises(side.plan)
        self._known: dict[Timing, Conduct] = {}
        self.label_sets = LabelSets.of_policy(side.plan.policy)
        self._receivers = {receiver.name: receiver for receiver in side.behaviour.receivers}
        self._escalations = {escalation.name: escalation for escalation in side.behaviour.pagerduty.escalations}
        self._services = {service.name: service for service in side.behaviour.pagerduty.services}
        self._paged = {one.key_file: one for one in side.plan.paged}

    def service(self, rule: Rule) -> str:
        """Return the service that a rule names; "" where it names none."""
        return rule.labels.get(self.names.service, "")

    def severity(self, rule: Rule) -> str:
        """Return the severity that a rule names; "" where it names none."""
        return rule.labels.get(self.names.severity, "")

    def shared(self, labels: Mapping[str, str]) -> Mapping[str, str]:
        """Return labels as they are called on the other side."""
        return {self.called.get(name, name): value for name, value in labels.items()} if self.called else labels

    def promised(self, rule: Rule) -> AlertRule | None:
        """Return the planned rule for a rendered rule, None where there is none."""
        promised = self._promises.of(rule)
        if promised is None and not self._side.own:
            # The plan is that of the other side: the same alert may have other labels here.
            duty = rule.labels.get(self.names.duty) or None
            alike = (other for other in self._promises.alike(rule) if not other.origin.spread)
            promised = next((other for other in alike if other.duty == duty), None)
        return promised

    def untold(self, rule: Rule) -> str | None:
        """Return why nobody is told of a rule's alerts; None where people are, or no rule of the policy is meant."""
        promised = self.promised(rule)
        return nobody.reason(self._side.plan.policy, promised) if promised and self._side.own else None

    def off(self, rule: Rule) -> str | None:
        """Return why there is no such alert on this side; None where the policy does not say so."""
        own = (
            self._side.plan.policy.watch.alerts.get(rule.name) if rule.labels.get(self.names.duty) == PIPELINE else None
        )
        return own.off if own and self._side.own else None

    def way(self, labels: Mapping[str, str]) -> tuple[int, ...]:
        """Return a key of the routes that an alert with these labels takes."""
        return tuple(map(id, self._side.router.routes_of(labels)))

    def reached(self, labels: Mapping[str, str]) -> frozenset[str]:
        """Return the recipients of an alert with these labels, named as on the other side."""
        return frozenset(self.of(None, labels).messages)

    def key(self, rule: Rule | None, labels: Mapping[str, str]) -> Timing:
        """Return a key of everything that determines the conduct of an alert."""
        nodes = self._side.router.routes_of(labels)
        promised = self.promised(rule) if rule else None
        own: Timing = ()
        if rule and promised:
            detection = tuple(term.length for term in promised.detection)
            urgent = (promised.severity, promised.origin.authored)
            own = (rule.hold, rule.interval, detection, urgent)
        return (tuple(map(id, nodes)), own)

    def of(self, rule: Rule | None, labels: Mapping[str, str]) -> Conduct:
        """Return the conduct of an alert with these labels; `rule` is None where no rule sends it."""
        key = self.key(rule, labels)
        known = self._known.get(key)
        if known is None:
            nodes = self._side.router.routes_of(labels)
            known = self._known[key] = self._conduct(nodes, rule, self.promised(rule) if rule else None)
        return known

    def _conduct(self, nodes: tuple[RouteNode, ...], rule: Rule | None, promised: AlertRule | None) -> Conduct:
        plan, behaviour = self._side.plan, self._side.behaviour
        messages: dict[str, ComparedMessage] = {}
        severity = plan.severities.get(promised.severity) if promised else None
        channels = pagers.channels(severity, promised) if severity and promised else ()
        pager, paging, last = None, None, ZERO
        for node in nodes:
            step = 0
            for message in timeline.messages(*self._reduced_to(node), node, rule, promised):
                step = step + 1 if message.responders else 0
                if message.integration is None:
                    continue
                key, whom = self._recipients(message)
                at = paging_hours.by_clock(plan, message.at, node.active)
                # Where two messages reach the same recipient, the earlier one counts.
                if key not in messages or at < messages[key].at:
                    messages[key] = ComparedMessage(
                        whom=whom,
                        kind=f"{message.integration.kind.name} step"
                        if message.responders
                        else message.integration.kind.name,
                        pages=message.integration.kind.pages or node.receiver in channels,
                        step=step,
                        at=at,
                        wait=node.group_wait,
                        again=longest_gap(node) if step == 1 else message.again,
                        group_by=tuple(sorted(self.called.get(name, name) for name in node.group_by)),
                        active=_intervals(behaviour, node.active),
                        mute=_intervals(behaviour, node.mute),
                        resolved=message.integration.resolved,
                        role=f"as {message.role}" if message.role else "",
                    )
                if node.receiver in channels:
                    paging, last = paging or node, max(last, message.at.value)
                paged = self._paged.get(message.integration.settings.get("routing_key_file", ""))
                if paged is not None and (paging is None or paging.receiver in channels or node is paging):
                    paging, last = node, max(last, message.at.value)
                    pager = _pager(self._services.get(paged.title), self._escalations.get(paged.escalation.title))
        if promised is None or not promised.origin.authored:
            severity = None
        answered = last + severity.answer_in.length if severity and paging else None
        return Conduct(
            messages=dict(sorted(messages.items(), key=lambda pair: (pair[1].at, pair[0]))),
            answered=answered,
            sla=severity.acknowledge if severity and paging else None,
            in_hours=bool(severity and severity.in_business_hours),
            pages=paging is not None,
            pager=pager,
        )

    def _reduced_to(self, node: RouteNode) -> tuple[Plan, Behaviour]:
        """Return plan and behaviour reduced to what one route uses, since searching thousands of entries is slow."""
        plan, behaviour = self._side.plan, self._side.behaviour
        receiver = self._receivers.get(node.receiver)
        keys = (
            [integration.settings.get("routing_key_file", "") for integration in receiver.integrations]
            if receiver
            else []
        )
        paged = tuple(self._paged[key] for key in keys if key in self._paged)
        return (
            replace(plan, paged=paged),
            replace(
                behaviour,
                receivers=(receiver,) if receiver else (),
                pagerduty=PagerDuty(
                    escalations=tuple(
                        self._escalations[one.escalation.title]
                        for one in paged
                        if one.escalation.title in self._escalations
                    )
                ),
            ),
        )

    def _recipients(self, message: Message) -> tuple[str, str]:
        """Return the key of a message's recipients, the same on both sides, and their display name."""
        if message.responders:
            same = (str(self._known_as.get(responder, responder)) for responder in message.responders)
            return f"{message.through} {' '.join(same)}", listed(
                [self._display_name(responder) for responder in message.responders]
            )
        settings = message.integration.settings if message.integration else {}
        return f"{message.through} {settings.get('routing_key_file', '')}", message.through

    def _display_name(self, responder: Responder) -> str:
        name = timeline.title(self._side.plan.policy, responder)
        return f"the on-call of {name}" if responder.kind == "schedule" else name


def _intervals(behaviour: Behaviour, names: tuple[str, ...]) -> tuple[TimeInterval | None, ...]:
    return tuple(behaviour.time_intervals.get(name) for name in names)


def _pager(service: PagerService | None, escalation: EscalationPolicy | None) -> Pager | None:
    if service is None or escalation is None:
        return None
    return Pager(
        service=service.name,
        of_chain=service.name == escalation.name,
        escalates=service.escalation == escalation.name,
        urgency=service.urgency,
        loops=escalation.loops,
        last_wait=escalation.steps[-1].delay if escalation.steps and escalation.loops else ZERO,
        acknowledgement_timeout=service.acknowledgement_timeout,
        auto_resolve_timeout=service.auto_resolve_timeout,
    )
