"""Scenarios of what is said again: reminders, the halt, the heartbeat."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from generator.behaviour.clock import through_reload
from generator.drill import compare, observations
from generator.drill.observations import Row
from generator.drill.paging import PATIENCE, await_first_messages, begin
from generator.drill.stage import stage
from generator.plan import pagers, timing
from generator.plan.plan import Origin
from generator.plan.timing import Term

if TYPE_CHECKING:
    from generator.behaviour.timeline import Message
    from generator.drill.compare import Drilled
    from generator.drill.conditions import Condition
    from generator.drill.stage import DrillRun, Stage

_TIMES = 2
"""How many repeats are waited for."""
_OUTLIVES = timedelta(minutes=4)
# Prometheus sends each alert with an end four resend delays ahead: rules/manager.go.


def reminders(run: DrillRun, condition: Condition) -> tuple[Message, ...]:
    """Return the messages of a condition that a duty repeats."""
    if condition.promised is None:
        return ()
    severity = condition.promised.severity
    duties = [duty for duty in run.plan.policy.duties.values() if duty.every and severity in duty.during]
    via = {channel for duty in duties for channel in duty.via}
    return tuple(
        message
        for message in observations.promised_messages(condition)
        if message.receiver in via and message.again and not message.step
    )


def reminder(run: DrillRun, name: str, conditions: tuple[Condition, ...]) -> tuple[Drilled, ...]:
    """Play a condition that lasts until each reminder has arrived twice."""
    (condition,) = conditions
    due = reminders(run, condition)
    with stage(run, name, conditions) as set_up:
        mark = begin(set_up, conditions)[condition.number]
        await_first_messages(set_up, conditions, {condition.number: mark})
        longest = max(message.again for message in due if message.again)
        set_up.world.wait(
            time.monotonic() + _TIMES * run.scale.seconds(longest) + PATIENCE,
            lambda: all(_count(set_up.world.calls, mark, message) > _TIMES for message in due),
        )
        rows = [observations.repeat_gap(set_up, mark, message) for message in due]
        return (compare.judged(set_up, "reminder", condition, mark, rows),)


def halt_of(run: DrillRun, condition: Condition) -> Message | None:
    """Return the message that calls the containment's machine, None where there is none."""
    containment = run.plan.policy.containments.get(condition.labels.get(run.plan.policy.labels.containment, ""))
    call = containment.call if containment and condition.promised and condition.promised.origin.authored else None
    return next((message for message in observations.promised_messages(condition) if message.receiver == call), None)


def halt(run: DrillRun, name: str, conditions: tuple[Condition, ...]) -> tuple[Drilled, ...]:
    """Play a violation that lasts for one repeat of its call, ends, and returns; no resolved message may arrive.

    A violation that comes back within a tick is sent again only at the repeat.
    """
    (condition,) = conditions
    message = halt_of(run, condition)
    assert message is not None and message.again is not None  # noqa: PT018, S101  # only such conditions are played
    with stage(run, name, conditions) as set_up:
        series = set_up.series(condition)
        mark = begin(set_up, conditions)[condition.number]
        await_first_messages(set_up, conditions, {condition.number: mark})
        patience = run.scale.seconds(message.again) + PATIENCE
        set_up.world.wait(time.monotonic() + patience, lambda: _count(set_up.world.calls, mark, message) > 1)
        rows = [observations.repeat_gap(set_up, mark, message)]
        set_up.end(series)
        ended = time.monotonic()
        end = observations.end_of(run, condition)
        set_up.world.wait(ended + run.scale.seconds(end.value))
        rows.append(observations.resolved(set_up, condition, mark, message, ended))
        rows.append(_back(set_up, condition, mark, message, message.again))
        return (compare.judged(set_up, "halt", condition, mark, rows),)


def _back(set_up: Stage, condition: Condition, mark: str, message: Message, again: timedelta) -> Row:
    """Let a condition begin anew; return when the message about it came, which is a repeat at the latest."""
    calls_before = _count(set_up.world.calls, mark, message)
    first, set_up.begun[mark] = set_up.begun[mark], time.monotonic()
    set_up.begin(set_up.series(condition))
    back = set_up.begun[mark]
    latest = message.at.plus(Term(name="repeat", length=again))
    set_up.world.wait(
        back + set_up.run.scale.seconds(latest.value) + PATIENCE,
        lambda: _count(set_up.world.calls, mark, message) > calls_before,
    )
    later = [call.at for call in observations.calls_of(set_up, mark) if call.receiver == message.receiver]
    set_up.begun[mark] = first
    return Row(
        kind="back",
        predicted=latest,
        observed=set_up.run.scale.policy(later[calls_before] - back) if later[calls_before:] else None,
        receiver=message.receiver,
        through=message.through,
        note=f"{condition.name} came back",
    )


def closed_page_of(run: DrillRun, condition: Condition) -> Message | None:
    """Return the first page of a condition whose end is not told to whom it pages, None where there is none."""
    rule = condition.promised
    if rule is None or not rule.origin.authored or pagers.all_told(run.plan.policy, rule.severity):
        return None
    promised, paged = observations.promised_messages(condition), condition.timeline.paged
    return next((message for message in promised if message.receiver in paged and not message.step), None)


def returning(run: DrillRun, name: str, conditions: tuple[Condition, ...]) -> tuple[Drilled, ...]:
    """Play a condition that is over and comes back within a tick of its page, whose incident is closed meanwhile."""
    (condition,) = conditions
    message = closed_page_of(run, condition)
    assert message is not None and message.node is not None  # noqa: PT018, S101  # only such conditions are played
    with stage(run, name, conditions) as set_up:
        mark = begin(set_up, conditions)[condition.number]
        await_first_messages(set_up, conditions, {condition.number: mark})
        set_up.end(set_up.series(condition))
        away = set_up.chance.random() * run.scale.seconds(message.node.group_interval)
        set_up.world.wait(time.monotonic() + away)
        row = _back(set_up, condition, mark, message, through_reload(message.node))
        notes = ("It was over for less than a tick: Alertmanager may not have seen that.",)
        return (compare.judged(set_up, "return", condition, mark, [row], notes=notes),)


def reload(run: DrillRun, name: str, conditions: tuple[Condition, ...]) -> tuple[Drilled, ...]:
    """Play a condition during which Alertmanager loads its configuration anew: all ticks begin then."""
    (condition,) = conditions
    due = reminders(run, condition)
    with stage(run, name, conditions) as set_up:
        mark = begin(set_up, conditions)[condition.number]
        await_first_messages(set_up, conditions, {condition.number: mark})
        longest = max(through_reload(message.node) for message in due if message.node)
        set_up.world.wait(time.monotonic() + set_up.chance.random() * run.scale.seconds(longest))
        set_up.reload_alertmanagers()
        set_up.world.wait(
            time.monotonic() + run.scale.seconds(longest) + PATIENCE,
            lambda: all(_count(set_up.world.calls, mark, message) > 1 for message in due),
        )
        rows = [
            observations.repeat_gap(set_up, mark, replace(message, again=through_reload(message.node)))
            for message in due
            if message.node
        ]
        return (compare.judged(set_up, "reload", condition, mark, rows),)


def is_heartbeat(condition: Condition) -> bool:
    """Return whether this is the heartbeat."""
    return bool(condition.promised and condition.promised.origin is Origin.HEARTBEAT)


def heartbeat(run: DrillRun, name: str, conditions: tuple[Condition, ...]) -> tuple[Drilled, ...]:
    """Play the heartbeat, kill Prometheus, and measure when the heartbeat stops."""
    (condition,) = conditions
    (message,) = observations.promised_messages(condition)
    gap = run.scale.seconds(message.again or timedelta())
    with stage(run, name, conditions) as set_up:
        mark = begin(set_up, conditions)[condition.number]
        await_first_messages(set_up, conditions, {condition.number: mark})
        set_up.world.wait(
            time.monotonic() + _TIMES * gap + PATIENCE, lambda: _count(set_up.world.calls, mark, message) > _TIMES
        )
        rows = [observations.repeat_gap(set_up, mark, message)]
        if set_up.prometheus:
            set_up.prometheus.server.kill()
        killed = time.monotonic()
        latest = timing.total(
            Term(name="its last alert ends", length=_OUTLIVES),
            Term(name="group", length=message.node.group_interval if message.node else timedelta()),
            Term(name="delivery", length=run.plan.stack.delivery),
        )
        silent = killed + run.scale.seconds(latest.value)
        set_up.world.wait(silent + 2 * gap)
        pings = [call.at for call in observations.calls_of(set_up, mark) if call.receiver == message.receiver]
        last = max((at for at in pings if at > killed), default=killed)
        rows.append(
            Row(
                kind="last",
                predicted=latest,
                observed=run.scale.policy(last - killed),
                receiver=message.receiver,
                through=message.through,
                note="the last ping after Prometheus died",
            )
        )
        notes = ("The switch is to alarm when no ping has come for longer than the policy's `every`.",)
        return (compare.judged(set_up, "heartbeat", condition, mark, rows, notes=notes),)


def _count(calls: list[Any], mark: str, message: Message) -> int:
    sender = (message.receiver, message.integration.number if message.integration else None)
    return sum((call.receiver, call.number) == sender and call.marks.get(mark) == "firing" for call in calls)
