"""How each alert stands to its SLA: who is told, when at the latest, how much time is left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from generator.behaviour import timeline
from generator.behaviour.clock import last_step, latest
from generator.plan import timing
from generator.plan.timing import Term

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import timedelta

    from generator.behaviour.alerts import SentAlert
    from generator.behaviour.behaviour import Behaviour, EscalationPolicy
    from generator.diagnostics.diagnostic import PolicyPath
    from generator.plan.plan import EscalationPlan, Plan
    from generator.plan.timing import Derived


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """An alert that the policy's author wrote, and what the files make of it."""

    sent: SentAlert
    name: str
    service: str
    severity: str
    route: PolicyPath
    receivers: tuple[str, ...]
    heard: timedelta
    """When the first message has left at the latest."""
    chain: EscalationPlan | None
    """Whom it pages; None where it pages nobody."""
    first: timedelta | None
    """The first page, at the latest."""
    acknowledged: Derived | None
    """When the last of them has answered, at the latest."""
    sla: timedelta

    @property
    def spare(self) -> timedelta | None:
        """How much of the SLA is left; the SLA is missed where nothing is."""
        return None if self.acknowledged is None else self.sla - self.acknowledged.value

    @property
    def kept(self) -> bool:
        """Whether its SLA holds; it makes none where it pages nobody."""
        return self.spare is None or self.spare > timing.ZERO


def standings(plan: Plan, behaviour: Behaviour, sent: Iterable[SentAlert]) -> tuple[Standing, ...]:
    """Return every alert of the policy's author by severity, service and name; what alertc adds is not among them."""
    pagers = dict(_pagers(plan, behaviour))
    known: dict[object, tuple[timedelta, _Paged | None]] = {}
    found = []
    for one in sent:
        rule, promised = one.rule, one.promised
        if promised is None or not promised.origin.authored:
            continue
        detection = tuple(term.length for term in promised.detection)
        # What the times depend on: thousands of alerts share it.
        key = (tuple(map(id, one.nodes)), promised.severity, detection, rule.hold, rule.interval)
        times = known.get(key)
        if times is None:
            times = known[key] = _times(plan, pagers, one)
        heard, paged = times
        found.append(
            Standing(
                sent=one,
                name=rule.name,
                service=one.labels.get("service", ""),
                severity=promised.severity,
                route=promised.route,
                receivers=tuple(dict.fromkeys(node.receiver for node in one.nodes)),
                heard=heard,
                chain=paged.chain if paged else None,
                first=paged.first.value if paged else None,
                acknowledged=paged.acknowledged if paged else None,
                sla=plan.severities[promised.severity].acknowledge,
            )
        )
    return tuple(sorted(found, key=lambda one: (one.severity, one.service, one.name)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Paged:
    chain: EscalationPlan
    first: Derived
    acknowledged: Derived


_Pagers: TypeAlias = "Mapping[str, tuple[EscalationPlan, EscalationPolicy]]"


def _pagers(plan: Plan, behaviour: Behaviour) -> Iterator[tuple[str, tuple[EscalationPlan, EscalationPolicy]]]:
    """Yield the receivers that page, each with its chain as it is meant and as it was rendered."""
    rendered = {one.name: one for one in behaviour.escalations}
    for receiver in behaviour.receivers:
        for integration in receiver.integrations:
            chain = timeline.chain_of(plan, integration)
            if chain and chain.title in rendered:
                yield receiver.name, (chain, rendered[chain.title])


def _times(plan: Plan, pagers: _Pagers, sent: SentAlert) -> tuple[timedelta, _Paged | None]:
    """Return when the first message has left, and the page."""
    promised = sent.promised
    if promised is None:
        raise ValueError("only what is promised has a time")
    severity = plan.severities[promised.severity]
    heard, paged = None, None
    for node in sent.nodes:
        closed = severity.closed if node.active or node.mute else ()
        at = latest(plan, sent.rule, promised, node, closed)
        heard = at.value if heard is None else min(heard, at.value)
        if paged is None and node.receiver in pagers:
            chain, escalation = pagers[node.receiver]
            steps = Term(name="steps", length=last_step(escalation))
            paged = _Paged(chain=chain, first=at, acknowledged=at.plus(steps, severity.answer_in))
    return heard or timing.ZERO, paged
