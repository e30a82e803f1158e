"""Scenarios of the ordinary way: a page and its escalation, the end, a joiner, what is silent meanwhile, a stranger."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from generator.behaviour.behaviour import EACH_ALERT
from generator.drill import compare, observations
from generator.drill.stage import stage
from generator.plan import timing
from generator.plan.timing import Term

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from generator.behaviour.timeline import Message
    from generator.drill.compare import Drilled
    from generator.drill.conditions import Condition
    from generator.drill.stage import DrillRun, Stage

PATIENCE = 2.0
"""Seconds of the drill that a message which is late is waited for, to say how late."""


def page(run: DrillRun, name: str, conditions: tuple[Condition, ...]) -> tuple[Drilled, ...]:
    """Play conditions that stay true until the last step is paged; nobody acknowledges earlier."""
    with stage(run, name, conditions) as set_up:
        marks = begin(set_up, conditions)
        await_first_messages(set_up, conditions, marks)
        # Who was not paged has nobody to answer.
        paged = [
            condition
            for condition in conditions
            if any(marks[condition.number] in page.marks for page in set_up.pager.paged)
        ]
        until = max((latest(run, condition, set_up.begun[marks[condition.number]]) for condition in paged), default=0.0)
        set_up.world.wait(
            until + PATIENCE,
            lambda: all(is_complete(set_up, condition, marks[condition.number], steps=True) for condition in paged),
        )
        return tuple(
            compare.judged(
                set_up,
                "page-and-escalate",
                condition,
                marks[condition.number],
                observations.first_messages(set_up, condition, marks[condition.number], steps=True),
                answers=True,
            )
            for condition in conditions
        )


def resolution(run: DrillRun, name: str, conditions: tuple[Condition, ...]) -> tuple[Drilled, ...]:
    """Play conditions that end after all first messages have arrived."""
    with stage(run, name, conditions) as set_up:
        marks = begin(set_up, conditions)
        await_first_messages(set_up, conditions, marks)
        set_up.end(*(set_up.series(condition) for condition in conditions))
        ended = time.monotonic()
        first_messages = {
            condition.number: [message for message in observations.promised_messages(condition) if not message.step]
            for condition in conditions
        }
        longest = max(
            (
                observations.end_of(run, condition).plus(_tick(message)).value
                for condition in conditions
                for message in first_messages[condition.number]
            ),
            default=timing.ZERO,
        )
        set_up.world.wait(
            ended + run.scale.seconds(longest) + PATIENCE,
            lambda: all(
                observations.resolved(set_up, condition, marks[condition.number], message, ended).kept
                for condition in conditions
                for message in first_messages[condition.number]
                if observations.sends_resolved(message)
            ),
        )
        # What must not be said may come a tick later than what must.
        set_up.world.wait(time.monotonic() + PATIENCE)
        return tuple(
            compare.judged(
                set_up,
                "resolution",
                condition,
                marks[condition.number],
                (
                    observations.resolved(set_up, condition, marks[condition.number], message, ended)
                    for message in first_messages[condition.number]
                ),
                notes=("Times count from the moment at which the condition ended.",),
            )
            for condition in conditions
        )


def joiner(run: DrillRun, name: str, conditions: tuple[Condition, ...]) -> tuple[Drilled, ...]:
    """Play a second condition of the same group after the first one's messages: it waits for group_interval."""
    first, second = conditions
    with stage(run, name, (first,)) as set_up:
        marks = begin(set_up, (first,))
        await_first_messages(set_up, (first,), marks)
        series = set_up.series(second, 2)
        set_up.begin(series)
        apart = {label for label in second.given if second.given[label] != first.given.get(label)}
        own_incident = bool({*apart, EACH_ALERT} & {*second.timeline.incident})
        shown = second if own_incident else replace(second, receivers=second.receivers - _pagers(second))
        _wait_for(set_up, shown, series.mark, 2 * _longest_interval(shown))
        labels = ", ".join(f"{label}={second.given[label]}" for label in sorted(apart))
        note = f"Another one, {labels}, while the first is known: "
        note += (
            "an incident of its own." if own_incident else "it joins the first one's incident, and pages nobody anew."
        )
        rows = observations.first_messages(set_up, shown, series.mark)
        judged_of = replace(shown, receivers=second.receivers)
        return (compare.judged(set_up, "joiner", judged_of, series.mark, rows, notes=(note,)),)


def inhibition(run: DrillRun, name: str, conditions: tuple[Condition, ...]) -> tuple[Drilled, ...]:
    """Play a condition that is inhibited while another fires, and is notified after that has ended."""
    source, target = conditions
    with stage(run, name, conditions) as set_up:
        marks = begin(set_up, (source,))
        await_first_messages(set_up, (source,), marks)
        messages = [message for message in observations.promised_messages(target) if not message.step]
        series = set_up.series(target)
        set_up.begin(series)
        since = set_up.begun[series.mark]
        set_up.world.wait(since + run.scale.seconds(length_of_silence(target)))
        rows = [
            observations.silent(set_up, series.mark, message, f"{source.name} fires", since=since)
            for message in messages
        ]
        set_up.end(set_up.series(source))
        ended = time.monotonic()
        set_up.begun[series.mark] = ended
        # It has been true for longer than its `for`: what is left is the end of the other, and a tick.
        end = observations.end_of(run, source)
        late = [
            replace(message, at=end.plus(_tick(message), Term(name="peers", length=timing.peers_wait(run.plan.stack))))
            for message in messages
        ]
        awake = replace(target, timeline=replace(target.timeline, messages=tuple(late)))
        _wait_for(set_up, awake, series.mark, timing.ZERO)
        rows += observations.first_messages(set_up, awake, series.mark)
        notes = (f"It became true while {source.name} fired; the times count from the end of that.",)
        return (compare.judged(set_up, "inhibition", awake, series.mark, rows, notes=notes),)


def unknown(run: DrillRun, name: str, conditions: tuple[Condition, ...]) -> tuple[Drilled, ...]:
    """Send Alertmanager an alert that the policy does not know."""
    (condition,) = conditions
    with stage(run, name, ()) as set_up:
        mark = set_up.post(condition)
        _wait_for(set_up, condition, mark, timing.ZERO)
        notes = ("No rule sends it: the times count from the moment at which Alertmanager has it.",)
        return (
            compare.judged(
                set_up,
                "unknown-alert",
                condition,
                mark,
                observations.first_messages(set_up, condition, mark),
                notes=notes,
            ),
        )


# ------------------------------------------------------------------------------------------- what they share


def first_messages(
    set_up: Stage,
    scenario: str,
    conditions: tuple[Condition, ...],
    marks: Mapping[int, str],
    *,
    more: tuple[Term, ...] = (),
    ordered: bool = True,
    notes: tuple[str, ...] = (),
) -> tuple[Drilled, ...]:
    """Wait for the first messages, which may take `more` than predicted, and compare them and their order."""
    longer = set_up.run.scale.seconds(sum((term.length for term in more), timing.ZERO))
    until = max(
        latest(set_up.run, condition, set_up.begun[marks[condition.number]], steps=False) for condition in conditions
    )
    set_up.world.wait(
        until + longer + PATIENCE,
        lambda: all(is_complete(set_up, condition, marks[condition.number], steps=False) for condition in conditions),
    )
    return tuple(
        compare.judged(
            set_up,
            scenario,
            condition,
            marks[condition.number],
            observations.first_messages(set_up, condition, marks[condition.number], more=more),
            ordered=ordered,
            notes=notes,
        )
        for condition in conditions
    )


def begin(set_up: Stage, conditions: Iterable[Condition]) -> dict[int, str]:
    """Let conditions become true; return their marks by number."""
    series = {condition.number: set_up.series(condition) for condition in conditions}
    set_up.begin(*series.values())
    return {number: series.mark for number, series in series.items()}


def await_first_messages(set_up: Stage, conditions: tuple[Condition, ...], marks: dict[int, str]) -> None:
    """Wait until the first messages have arrived or are overdue."""
    for condition in conditions:
        _wait_for(set_up, condition, marks[condition.number], timing.ZERO)


def _wait_for(set_up: Stage, condition: Condition, mark: str, more: timedelta) -> None:
    until = latest(set_up.run, condition, set_up.begun[mark], steps=False) + set_up.run.scale.seconds(more)
    set_up.world.wait(until + PATIENCE, lambda: is_complete(set_up, condition, mark, steps=False))


def is_complete(set_up: Stage, condition: Condition, mark: str, *, steps: bool) -> bool:
    """Return whether all expected messages about a condition have arrived; `steps` includes later PagerDuty steps."""
    if steps and condition.timeline.acknowledged and observations.answered(set_up, mark) is None:
        return False
    return all(
        observations.observed(set_up, mark, message) is not None
        for message in observations.promised_messages(condition)
        if steps or not message.step
    )


def latest(run: DrillRun, condition: Condition, begun: float, *, steps: bool = True) -> float:
    """Return the moment, in time.monotonic, by which all messages should have arrived."""
    messages = list(observations.promised_messages(condition))
    first = max((message.at.value for message in messages if not message.step), default=timing.ZERO)
    last = max((message.at.value for message in messages), default=timing.ZERO)
    if condition.timeline.acknowledged:
        last = max(last, condition.timeline.acknowledged.value)
    escalating = max(last - first, timing.ZERO) if steps else timing.ZERO
    return begun + run.scale.seconds(first) + run.pace(escalating).seconds(escalating)


def length_of_silence(target: Condition) -> timedelta:
    """Return how long an inhibited condition is watched: past the time of its first message."""
    hold = target.rule.hold if target.rule else timing.ZERO
    return hold + _longest_interval(target) + timedelta(minutes=1)


def _longest_interval(condition: Condition) -> timedelta:
    return max(
        (message.node.group_interval for message in observations.promised_messages(condition) if message.node),
        default=timing.ZERO,
    )


def _tick(message: Message) -> Term:
    return Term(name="group", length=message.node.group_interval if message.node else timing.ZERO)


def _pagers(condition: Condition) -> frozenset[str]:
    return frozenset(
        message.receiver for message in observations.promised_messages(condition) if message.step is not None
    )
