"""Scenarios of what is said again: reminders, the halt, the heartbeat."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from generator.drill import compare, seen
from generator.drill.paging import PATIENCE, begin, everybody_knows
from generator.drill.seen import Row
from generator.drill.stage import stage
from generator.plan import timing
from generator.plan.plan import Origin
from generator.plan.timing import Term

if TYPE_CHECKING:
    from generator.behaviour.timeline import Told
    from generator.drill.compare import Drilled
    from generator.drill.conditions import Condition
    from generator.drill.stage import DrillRun

_TIMES = 2
"""How many repeats are waited for."""
_OUTLIVES = timedelta(minutes=4)
# Prometheus sends each alert with an end four resend delays ahead: rules/manager.go.


def reminders(play: DrillRun, condition: Condition) -> tuple[Told, ...]:
    """Return the messages of a condition that a duty of the policy wants said again and again."""
    if condition.promised is None:
        return ()
    severity = condition.promised.severity
    duties = [duty for duty in play.plan.policy.duties.values() if duty.every and severity in duty.during]
    via = {channel for duty in duties for channel in duty.via}
    return tuple(told for told in seen.told_of(condition) if told.receiver in via and told.again and not told.step)


def reminder(play: DrillRun, name: str, conditions: tuple[Condition, ...]) -> tuple[Drilled, ...]:
    """Let a condition last until whoever must be reminded has been, twice."""
    (condition,) = conditions
    due = reminders(play, condition)
    with stage(play, name, conditions) as set_up:
        mark = begin(set_up, conditions)[condition.number]
        everybody_knows(set_up, conditions, {condition.number: mark})
        longest = max(told.again for told in due if told.again)
        set_up.world.wait(
            time.monotonic() + _TIMES * play.scale.seconds(longest) + PATIENCE,
            lambda: all(_count(set_up.world.calls, mark, told) > _TIMES for told in due),
        )
        rows = [seen.again(set_up, mark, told) for told in due]
        return (compare.judged(set_up, "reminder", condition, mark, rows),)


def halt_of(play: DrillRun, condition: Condition) -> Told | None:
    """Return the message that calls the machine of a condition's containment, None where there is none."""
    containment = play.plan.policy.containments.get(condition.labels.get("containment", ""))
    call = containment.call if containment and condition.promised and condition.promised.origin.authored else None
    return next((told for told in seen.told_of(condition) if told.receiver == call), None)


def halt(play: DrillRun, name: str, conditions: tuple[Condition, ...]) -> tuple[Drilled, ...]:
    """Let a violation last for a repeat of its halt, end, and come back at once: what ended is not said.

    A violation that comes back within a tick is sent again only at the repeat.
    """
    (condition,) = conditions
    told = halt_of(play, condition)
    assert told is not None and told.again is not None  # noqa: PT018, S101  # only such conditions are played
    with stage(play, name, conditions) as set_up:
        series = set_up.series(condition)
        mark = begin(set_up, conditions)[condition.number]
        everybody_knows(set_up, conditions, {condition.number: mark})
        patience = play.scale.seconds(told.again) + PATIENCE
        set_up.world.wait(time.monotonic() + patience, lambda: _count(set_up.world.calls, mark, told) > 1)
        rows = [seen.again(set_up, mark, told)]
        set_up.end(series)
        ended = time.monotonic()
        end = seen.end_of(play, condition)
        set_up.world.wait(ended + play.scale.seconds(end.value))
        rows.append(seen.resolved(set_up, condition, mark, told, ended))
        known = _count(set_up.world.calls, mark, told)
        first, set_up.begun[mark] = set_up.begun[mark], time.monotonic()
        set_up.begin(series)
        back = set_up.begun[mark]
        latest = told.at.plus(Term(name="repeat", length=told.again))
        set_up.world.wait(
            back + play.scale.seconds(latest.value) + PATIENCE,
            lambda: _count(set_up.world.calls, mark, told) > known,
        )
        later = [call.at for call in seen.calls_of(set_up, mark) if call.receiver == told.receiver][known:]
        rows.append(
            Row(
                kind="back",
                predicted=latest,
                observed=play.scale.policy(later[0] - back) if later else None,
                receiver=told.receiver,
                through=told.through,
                note="the violation came back",
            )
        )
        set_up.begun[mark] = first
        return (compare.judged(set_up, "halt", condition, mark, rows),)


def is_heartbeat(condition: Condition) -> bool:
    """Return whether this is the alert that always fires."""
    return bool(condition.promised and condition.promised.origin is Origin.HEARTBEAT)


def heartbeat(play: DrillRun, name: str, conditions: tuple[Condition, ...]) -> tuple[Drilled, ...]:
    """Let the heart beat, kill Prometheus, and see when the switch is told nothing any more."""
    (condition,) = conditions
    (told,) = seen.told_of(condition)
    gap = play.scale.seconds(told.again or timedelta())
    with stage(play, name, conditions) as set_up:
        mark = begin(set_up, conditions)[condition.number]
        everybody_knows(set_up, conditions, {condition.number: mark})
        set_up.world.wait(
            time.monotonic() + _TIMES * gap + PATIENCE, lambda: _count(set_up.world.calls, mark, told) > _TIMES
        )
        rows = [seen.again(set_up, mark, told)]
        if set_up.prometheus:
            set_up.prometheus.server.kill()
        killed = time.monotonic()
        latest = timing.total(
            Term(name="its last alert ends", length=_OUTLIVES),
            Term(name="group", length=told.node.group_interval if told.node else timedelta()),
            Term(name="delivery", length=play.plan.stack.delivery),
        )
        silent = killed + play.scale.seconds(latest.value)
        set_up.world.wait(silent + 2 * gap)
        pings = [call.at for call in seen.calls_of(set_up, mark) if call.receiver == told.receiver]
        last = max((at for at in pings if at > killed), default=killed)
        rows.append(
            Row(
                kind="last",
                predicted=latest,
                observed=play.scale.policy(last - killed),
                receiver=told.receiver,
                through=told.through,
                note="the last ping after Prometheus died",
            )
        )
        notes = ("The switch is to alarm when no ping has come for longer than the policy's `every`.",)
        return (compare.judged(set_up, "heartbeat", condition, mark, rows, notes=notes),)


def _count(calls: list[Any], mark: str, told: Told) -> int:
    wanted = (told.receiver, told.integration.number if told.integration else None)
    return sum((call.receiver, call.number) == wanted and call.marks().get(mark) == "firing" for call in calls)
