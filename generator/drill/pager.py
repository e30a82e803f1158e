"""Plays PagerDuty: incidents by their dedup_key, escalated as the rendered bodies say, to whoever is on call then."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from generator.behaviour import on_call
from generator.drill.scaled import secret
from generator.drill.world import Stopped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime, timedelta

    from generator.behaviour.behaviour import Behaviour
    from generator.behaviour.pagerduty import EscalationPolicy
    from generator.drill.clock import Scale
    from generator.drill.world import Call, World
    from generator.plan.plan import Plan
    from generator.policy.model import Responder


@dataclass(frozen=True, slots=True, kw_only=True)
class Paged:
    """A page that the simulated PagerDuty sent for a step."""

    chain: str
    marks: tuple[str, ...]
    """The conditions that the incident is about, as the first message named them."""
    step: int
    people: tuple[str, ...]
    """Their names; empty where nobody is on call."""
    opened: float
    """When the incident was opened, by time.monotonic."""
    after: timedelta
    """How long after it was opened, in the policy's time."""
    receiver: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The acknowledgement of the last step."""

    chain: str
    marks: tuple[str, ...]
    opened: float
    after: timedelta


@dataclass(slots=True, kw_only=True)
class _Incident:
    chain: str
    escalation: EscalationPolicy
    marks: tuple[str, ...]
    opened: float
    receiver: str
    answer_in: timedelta
    scale: Scale
    due: float
    """When its next step is paged, or it is answered."""
    step: int = 0


@dataclass(slots=True, kw_only=True)
class Pager:
    """Simulates PagerDuty: takes events from the World and pages in a thread of its own."""

    plan: Plan
    behaviour: Behaviour
    pace: Callable[[timedelta], Scale]
    """How fast a chain of this length is played."""
    at: datetime
    """When the drill takes place by the schedules: the moment of the first page."""
    world: World
    paged: list[Paged] = field(default_factory=list)
    answered: list[Answered] = field(default_factory=list)
    refused: list[Call] = field(default_factory=list)
    """Those whose key belongs to no service of the rendered bodies."""
    thread: threading.Thread | None = None

    def start(self) -> None:
        """Page in the background until the World stops."""
        self.thread = threading.Thread(target=self._play, daemon=True)
        self.thread.start()

    def _play(self) -> None:
        incidents: dict[tuple[str, str], _Incident | None] = {}
        handled = 0
        try:
            while True:
                due = min((incident.due for incident in incidents.values() if incident), default=float("inf"))
                known = handled
                self.world.wait(due, lambda: len(self.world.calls) > known)  # noqa: B023  # it waits here
                with self.world.news:
                    calls = self.world.calls[handled:]
                handled += len(calls)
                for call in calls:
                    if call.kind.pages and not call.hung:
                        self._take(call, incidents)
                self._page(incidents)
        except Stopped:
            return

    def _take(self, call: Call, incidents: dict[tuple[str, str], _Incident | None]) -> None:
        key = str(call.body.get("routing_key")), str(call.body.get("dedup_key"))
        if call.receiver in self.plan.policy.channels:
            return  # a service of its own, whose chain nobody here knows
        if call.body.get("event_action") == "resolve":
            incidents.pop(key, None)
            return
        # Open or acknowledged: one more event of the same incident pages nobody.
        if call.body.get("event_action") != "trigger" or key in incidents:
            return
        # A service that several severities page has one key: which of them it is says the receiver.
        own = [one for one in self.plan.paged if secret(one.key_file) == key[0]]
        chain = next((one for one in own if one.receiver == call.receiver), next(iter(own), None))
        services = {service.name: service for service in self.behaviour.pagerduty.services}
        service = services.get(chain.title) if chain else None
        named = service.escalation if service else None
        escalation = next(
            (escalation for escalation in self.behaviour.pagerduty.escalations if escalation.name == named), None
        )
        if chain is None or escalation is None:
            with self.world.news:
                self.refused.append(call)
                self.world.news.notify_all()
            return
        answer_in = self.plan.severities[chain.severity].answer_in.length
        duration_of_chain = sum((step.delay for step in escalation.steps[:-1]), answer_in)
        incidents[key] = _Incident(
            chain=chain.escalation.title,
            escalation=escalation,
            marks=tuple(mark for mark, status in call.marks.items() if status == "firing"),
            opened=call.at,
            receiver=call.receiver,
            answer_in=answer_in,
            scale=self.pace(duration_of_chain),
            due=call.at,
        )

    def _page(self, incidents: dict[tuple[str, str], _Incident | None]) -> None:
        """Page each step that is due; after the last one, acknowledge."""
        for key, incident in incidents.items():
            while incident is not None and incident.due <= time.monotonic():
                # As planned: that our own thread may come late says nothing about PagerDuty.
                after = incident.scale.policy(incident.due - incident.opened)
                steps = incident.escalation.steps
                with self.world.news:
                    if incident.step >= len(steps):
                        answered = Answered(
                            chain=incident.chain, marks=incident.marks, opened=incident.opened, after=after
                        )
                        self.answered.append(answered)
                        incidents[key] = None  # acknowledged
                    else:
                        self.paged.append(self._paged(incident, after))
                    self.world.news.notify_all()
                if incident.step >= len(steps):
                    break
                last = incident.step == len(steps) - 1
                incident.due += incident.scale.seconds(incident.answer_in if last else steps[incident.step].delay)
                incident.step += 1

    def _paged(self, incident: _Incident, after: timedelta) -> Paged:
        targets = incident.escalation.steps[incident.step].targets
        people = (self._person(target, self.at + after) for target in targets)
        return Paged(
            chain=incident.chain,
            marks=incident.marks,
            step=incident.step,
            people=tuple(person for person in people if person is not None),
            opened=incident.opened,
            after=after,
            receiver=incident.receiver,
        )

    def _person(self, target: Responder, at: datetime) -> str | None:
        address: str | None = target.name
        if target.kind == "schedule":
            schedules = self.behaviour.pagerduty.schedules
            body = next((schedule.body for schedule in schedules if schedule.name == target.name), None)
            address = on_call.on_call(body, at) if body is not None else None
        return next((person.name for person in self.plan.policy.people.values() if person.email == address), address)


def told(paged: Iterable[Paged], mark: str) -> Iterator[Paged]:
    """Yield the pages about a condition."""
    return (page for page in paged if mark in page.marks)
