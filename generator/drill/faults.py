"""Scenarios in which something of the pipeline is broken: a peer, Prometheus, whoever is called."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from generator.drill import compare, servers
from generator.drill.paging import PATIENCE, begin, is_complete, latest
from generator.drill.stage import stage
from generator.timing import Term

if TYPE_CHECKING:
    from generator.drill.compare import Drilled
    from generator.drill.conditions import Condition
    from generator.drill.stage import Play, Stage

_DISCOVERY = 5.0
"""Seconds in which a starting Prometheus knows no Alertmanager; no setting scales them (discovery/manager.go)."""
_SHORTEST_TIMEOUT = 10.0
"""Seconds that Alertmanager waits for an answer at least; no setting scales them (cmd/alertmanager/main.go)."""


def lost_peer(play: Play, name: str, conditions: tuple[Condition, ...]) -> tuple[Drilled, ...]:
    """Kill the Alertmanager that would send first, then let conditions become true."""
    stack = play.plan.stack
    peers = stack.peers
    waits = Term(name="peers", length=(peers - 1) * stack.peer_timeout)
    with stage(play, name, conditions, peers=peers) as set_up:
        set_up.kill_first_peer()
        more = () if "alertmanager-peer-lost" in stack.survive else (waits,)
        notes = () if not more else (_unpromised("alertmanager-peer-lost", waits),)
        if peers == 1:
            notes = ("The policy has one Alertmanager (stack.alertmanager.peers): nobody takes its place.",)
        return _played(set_up, "lost-peer", conditions, begin(set_up, conditions), more, notes)


def restart(play: Play, name: str, conditions: tuple[Condition, ...]) -> tuple[Drilled, ...]:
    """Kill Prometheus while conditions become true, and start it again."""
    with stage(play, name, conditions) as set_up:
        marks = begin(set_up, conditions)
        down = set_up.restart_prometheus()
        promised = "prometheus-restart" in play.plan.stack.survive
        resend = servers.RESEND + play.plan.stack.evaluate
        unscaled = Term(name="discovery, which is not scaled", length=play.scale.policy(_DISCOVERY))
        more = [Term(name="down", length=down), unscaled]
        if not promised:
            holds = max(one.rule.hold for one in conditions if one.rule)
            more += [Term(name="prometheus restart", length=resend), Term(name="for, again", length=holds)]
        notes = () if promised else (_unpromised("prometheus-restart", more[2]),)
        return _played(set_up, "prometheus-restart", conditions, marks, tuple(more), notes)


def hanging(play: Play, name: str, conditions: tuple[Condition, ...]) -> tuple[Drilled, ...]:
    """Let nobody answer Alertmanager's first attempt."""
    with stage(play, name, conditions) as set_up:
        receivers = {told.receiver: told for one in conditions for told in compare.told_of(one) if not told.step}
        set_up.world.hangs.update(dict.fromkeys(receivers, 1))
        marks = begin(set_up, conditions)
        promised = "first-attempt-hung" in play.plan.stack.survive
        interval = max(told.node.group_interval for told in receivers.values() if told.node)
        more = [Term(name="time-out, which is not scaled", length=play.scale.policy(_SHORTEST_TIMEOUT))]
        if not promised:
            more.append(Term(name="hung attempt", length=interval))
        notes = () if promised else (_unpromised("first-attempt-hung", more[-1]),)
        return _played(set_up, "hanging-receiver", conditions, marks, tuple(more), notes)


def _played(
    set_up: Stage,
    scenario: str,
    conditions: tuple[Condition, ...],
    marks: dict[int, str],
    more: tuple[Term, ...],
    notes: tuple[str, ...],
) -> tuple[Drilled, ...]:
    """Wait for the first messages, which may take `more` than without the fault, and compare."""
    longer = set_up.play.scale.seconds(sum((term.length for term in more), timedelta()))
    until = max(latest(set_up.play, one, set_up.begun[marks[one.number]], steps=False) for one in conditions)
    set_up.world.wait(
        until + longer + PATIENCE,
        lambda: all(is_complete(set_up, one, marks[one.number], steps=False) for one in conditions),
    )
    return tuple(
        compare.judged(
            set_up,
            scenario,
            one,
            marks[one.number],
            compare.first_messages(set_up, one, marks[one.number], more=more),
            notes=notes,
        )
        for one in conditions
    )


def _unpromised(fault: str, term: Term) -> str:
    return f"The policy does not promise to survive this (stack.survive: {fault}): {term.name} is added here."
