"""What was seen of a condition beside what was predicted: who was told, when, with which text."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from generator.behaviour.timeline import responders_text, title
from generator.plan import timing
from generator.plan.timing import Derived, Term

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import timedelta

    from generator.behaviour.timeline import Message
    from generator.drill.conditions import Condition
    from generator.drill.pager import Paged
    from generator.drill.stage import DrillRun, Stage
    from generator.drill.world import Call

MACHINE = 0.4
"""Seconds by which a machine that is busy may tell the time late, where a prediction leaves no room for that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A predicted message beside the observed one; times are policy time since the start that `kind` names."""

    kind: str = ""
    """Empty: the first message. `again`: the longest time between two. `resolved`: since it ended. `back`: since it
    returned. `last`: the last one. `silent`: none."""
    predicted: Derived | None
    """None: no rendered route leads there, or nothing is to come."""
    observed: timedelta | None
    """None: it did not come."""
    receiver: str
    through: str = ""
    people: tuple[str, ...] = ()
    """Who was paged."""
    whom: tuple[str, ...] = ()
    """The names of the schedules and people that the step pages."""
    note: str = ""
    text: str = ""
    for_people: bool = True
    """Whether people read the text; a webhook's is for machines."""
    step: int | None = None
    """Which of PagerDuty's steps; None where nobody is paged."""

    @property
    def kept(self) -> bool:
        """Whether the observation matches the prediction."""
        if self.kind == "silent":
            return self.observed is None
        return self.predicted is not None and self.observed is not None and self.observed <= self.predicted.value


def promised_messages(condition: Condition) -> Iterator[Message]:
    """Yield the messages of a condition that the policy promises and the rendered files send, by time."""
    messages = condition.timeline.messages
    return (
        message for message in messages if message.integration is not None and message.receiver in condition.receivers
    )


def first_messages(
    stage: Stage, condition: Condition, mark: str, *, more: tuple[Term, ...] = (), steps: bool = False
) -> Iterator[Row]:
    """Yield the first message to each recipient; `more` delays them, `steps` includes later PagerDuty steps.

    A receiver that is promised and that no rendered route leads to has a row, too.
    """
    policy, led_to = stage.run.plan.policy, set()
    for message in promised_messages(condition):
        led_to.add(message.receiver)
        if message.step and not steps:
            continue
        call = _call(stage, mark, message)
        page = _page(stage, mark, message)
        yield Row(
            predicted=message.at.plus(*more),
            observed=observed(stage, mark, message),
            receiver=message.receiver,
            through=message.through,
            people=page.people if page else (),
            whom=tuple(title(policy, responder) for responder in message.responders),
            note=message.note if message.step is None else responders_text(policy, message.responders),
            text=call.text() if call else "",
            for_people=_is_for_people(message),
            step=message.step,
        )
    for receiver in sorted(condition.receivers - led_to):
        yield Row(predicted=None, observed=None, receiver=receiver)


def repeat_gap(stage: Stage, mark: str, message: Message, *, since: float = 0.0) -> Row:
    """Return the longest observed gap between two messages, beside the longest that the route allows.

    A notification that is noted down late may miss the tick by which the next one is due, and waits for one more.
    """
    due = message.again or timing.ZERO
    late = machine(stage.run)
    terms = [Term(name="repeat", length=due), late]
    if message.node and message.node.repeat_interval + late.length >= due:
        terms.insert(1, Term(name="group", length=message.node.group_interval))
    times = [call.at for call in calls_of(stage, mark) if _is_message(call, message) and call.at >= since]
    gaps = [stage.run.scale.policy(later - earlier) for earlier, later in pairwise(times)]
    return Row(
        kind="again",
        predicted=timing.total(*terms),
        observed=max(gaps, default=None),
        receiver=message.receiver,
        through=message.through,
        note=f"again and again, {len(times)} times in all",
    )


def resolved(stage: Stage, condition: Condition, mark: str, message: Message, ended: float) -> Row:
    """Return when a receiver got the resolved message; a `silent` row where it must not get one."""
    call = next((call for call in calls_of(stage, mark, "resolved") if _is_message(call, message)), None)
    after = stage.run.scale.policy(call.at - ended) if call else None
    if not sends_resolved(message):
        return Row(
            kind="silent", predicted=None, observed=after, receiver=message.receiver, note="never says that it ended"
        )
    return Row(
        kind="resolved",
        predicted=end_of(stage.run, condition).plus(Term(name="group", length=_interval(message))),
        observed=after,
        receiver=message.receiver,
        through=message.through,
        text=call.text() if call else "",
        for_people=_is_for_people(message),
    )


def _is_for_people(message: Message) -> bool:
    return message.integration is None or bool(message.integration.kind.texts)


def end_of(run: DrillRun, condition: Condition) -> Derived:
    """Return the longest time until Alertmanager knows that a condition has ended."""
    rule = condition.rule
    stack = run.plan.stack
    return timing.total(
        Term(name="scrape", length=stack.scrape),
        Term(name="scrape timeout", length=stack.scrape_timeout),
        Term(name="evaluation", length=(rule.interval if rule else None) or stack.evaluate),
        Term(name="keep firing", length=rule.keep_firing if rule else timing.ZERO),
        Term(name="send", length=timing.sending(stack)),
        Term(name="delivery", length=stack.delivery),
    )


def silent(stage: Stage, mark: str, message: Message, why: str, *, since: float) -> Row:
    """Return a row that says whether a receiver got no message since a moment."""
    call = next((call for call in calls_of(stage, mark) if _is_message(call, message) and call.at >= since), None)
    return Row(
        kind="silent",
        predicted=None,
        observed=stage.run.scale.policy(call.at - since) if call else None,
        receiver=message.receiver,
        through=message.through,
        note=why,
        text=call.text() if call else "",
        for_people=_is_for_people(message),
    )


def calls_of(stage: Stage, mark: str, status: str = "firing") -> Iterator[Call]:
    """Yield the received messages that report a condition as `firing` or `resolved`, in their order."""
    return (call for call in tuple(stage.world.calls) if call.marks.get(mark) == status)


def observed(stage: Stage, mark: str, message: Message) -> timedelta | None:
    """Return the time from the condition becoming true to the message; None where it did not arrive."""
    begun = stage.begun[mark]
    if message.step is None:
        call = _call(stage, mark, message)
        return stage.run.scale.policy(call.at - begun) if call else None
    page = _page(stage, mark, message)
    return stage.run.scale.policy(page.opened - begun) + page.after if page else None


def answered(stage: Stage, mark: str) -> timedelta | None:
    """Return the time from the condition becoming true to the last acknowledgement; None without one."""
    for answer in stage.pager.answered:
        if mark in answer.marks:
            return stage.run.scale.policy(answer.opened - stage.begun[mark]) + answer.after
    return None


def machine(run: DrillRun) -> Term:
    """Return the term that allows for a busy machine, in policy time."""
    return Term(name="machine", length=run.scale.policy(MACHINE))


def _call(stage: Stage, mark: str, message: Message) -> Call | None:
    return next((call for call in calls_of(stage, mark) if _is_message(call, message)), None)


def _page(stage: Stage, mark: str, message: Message) -> Paged | None:
    """Return the page of this receiver and step; None where it was not paged."""
    for page in tuple(stage.pager.paged):
        if mark in page.marks and (page.receiver, page.step) == (message.receiver, message.step):
            return page
    return None


def _is_message(call: Call, message: Message) -> bool:
    """Return whether a received call is this message; calls that the drill left unanswered do not count."""
    sends = message.integration
    return sends is not None and (call.receiver, call.number) == (message.receiver, sends.number) and not call.hung


def sends_resolved(message: Message) -> bool:
    """Return whether the integration sends resolved messages."""
    return message.integration is not None and message.integration.resolved


def _interval(message: Message) -> timedelta:
    return message.node.group_interval if message.node else timing.ZERO
