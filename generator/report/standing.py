"""How each alert keeps its SLA: who is told, when at the latest, how much time is left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from generator.behaviour import timeline
from generator.behaviour.clock import last_step, latest
from generator.plan import pagers as paging
from generator.plan import timing
from generator.plan.timing import Term
from generator.system.unique import unique

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import timedelta

    from generator.behaviour.alerts import SentAlert
    from generator.behaviour.behaviour import Behaviour
    from generator.behaviour.pagerduty import EscalationPolicy
    from generator.diagnostics.diagnostic import PolicyPath
    from generator.plan.plan import EscalationPlan, Plan
    from generator.plan.timing import Derived


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """An alert that the policy's author wrote, with the times at which the rendered files tell people of it."""

    sent: SentAlert
    name: str
    service: str
    severity: str
    route: PolicyPath
    receivers: tuple[str, ...]
    heard: timedelta
    """When the first message has left at the latest."""
    chain: EscalationPlan | None
    """Whom PagerDuty pages; None where it pages nobody, or channels alone do."""
    first: timedelta | None
    """The first page, at the latest."""
    acknowledged: Derived | None
    """When the last of them has answered, at the latest."""
    sla: timedelta

    @property
    def spare(self) -> timedelta | None:
        """Time left of the SLA at the worst; zero or less where the SLA is missed, None where nobody is paged."""
        return None if self.acknowledged is None else self.sla - self.acknowledged.value

    @property
    def kept(self) -> bool:
        """Whether the alert keeps its SLA; one that pages nobody has none to break."""
        return self.spare is None or self.spare > timing.ZERO


def standings(plan: Plan, behaviour: Behaviour, sent: Iterable[SentAlert]) -> tuple[Standing, ...]:
    """Return the alerts of the policy's author by severity, service and name; those that alertc adds are left out."""
    pagers = dict(_pagers(plan, behaviour))
    known: dict[object, tuple[timedelta, _Paged | None]] = {}
    authored = []
    for alert in sent:
        rule, promised = alert.rule, alert.promised
        if promised is None or not promised.origin.authored:
            continue
        detection = tuple(term.length for term in promised.detection)
        # What the times depend on: thousands of alerts share it.
        key = (tuple(map(id, alert.nodes)), promised.severity, detection, rule.hold, rule.interval)
        times = known.get(key)
        if times is None:
            times = known[key] = _times(plan, pagers, alert)
        heard, paged = times
        authored.append(
            Standing(
                sent=alert,
                name=rule.name,
                service=alert.service,
                severity=promised.severity,
                route=promised.route,
                receivers=tuple(dict.fromkeys(node.receiver for node in alert.nodes)),
                heard=heard,
                chain=paged.chain if paged else None,
                first=paged.first.value if paged else None,
                acknowledged=paged.acknowledged if paged else None,
                sla=plan.severities[promised.severity].acknowledge,
            )
        )
    # Of an alert whose routes depend on its series, the worst way counts.
    authored.sort(
        key=lambda standing: (plan.policy.rank(standing.severity), standing.service, standing.name, _last(standing))
    )
    return tuple(unique(authored, lambda standing: id(standing.sent.rule)))


def _last(standing: Standing) -> timedelta:
    """Return how late the last message is, the later the less."""
    return -(standing.acknowledged.value if standing.acknowledged else standing.heard)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Paged:
    chain: EscalationPlan | None
    first: Derived
    acknowledged: Derived


_Pagers: TypeAlias = "Mapping[str, tuple[EscalationPlan, EscalationPolicy]]"


def _pagers(plan: Plan, behaviour: Behaviour) -> Iterator[tuple[str, tuple[EscalationPlan, EscalationPolicy]]]:
    """Yield each receiver that pages, with its chain as planned and as rendered."""
    rendered = {escalation.name: escalation for escalation in behaviour.pagerduty.escalations}
    for receiver in behaviour.receivers:
        for integration in receiver.integrations:
            chain = timeline.chain_of(plan, integration)
            if chain and chain.title in rendered:
                yield receiver.name, (chain, rendered[chain.title])


def _times(plan: Plan, pagers: _Pagers, sent: SentAlert) -> tuple[timedelta, _Paged | None]:
    """Return when the first message has left, and the first page where there is one."""
    promised = sent.promised
    if promised is None:
        raise ValueError("only what is promised has a time")
    severity = plan.severities[promised.severity]
    channels = paging.channels(severity, promised)
    heard = None
    ways: list[_Paged] = []
    for node in sent.nodes:
        at = latest(plan, sent.rule, promised, node)
        heard = at.value if heard is None else min(heard, at.value)
        if node.receiver in pagers:
            chain, escalation = pagers[node.receiver]
            steps = Term(name="steps", length=last_step(escalation))
            ways.append(_Paged(chain=chain, first=at, acknowledged=at.plus(steps, severity.answer_in)))
        elif node.receiver in channels:
            ways.append(_Paged(chain=None, first=at, acknowledged=at.plus(severity.answer_in)))
    # Where channels and PagerDuty page, whoever answers last keeps the promise.
    return heard or timing.ZERO, max(ways, key=lambda one: one.acknowledged.value, default=None)
