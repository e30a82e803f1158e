"""Scenarios in which something of the pipeline is broken: a peer, Prometheus, whoever is called."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING

from generator.drill import observations
from generator.drill.paging import begin, first_messages
from generator.drill.stage import stage
from generator.drill.world import HOST
from generator.plan import timing
from generator.plan.timing import Term

if TYPE_CHECKING:
    from datetime import timedelta

    from generator.drill.compare import Drilled
    from generator.drill.conditions import Condition
    from generator.drill.stage import DrillRun


def lost_peer(run: DrillRun, name: str, conditions: tuple[Condition, ...]) -> tuple[Drilled, ...]:
    """Kill the Alertmanager that would send first, then let conditions become true."""
    stack = run.plan.stack
    peers = stack.peers
    waits = Term(name="peers", length=timing.peers_wait(stack))
    with stage(run, name, conditions, peers=peers) as set_up:
        set_up.kill_first_peer()
        more = () if "alertmanager-peer-lost" in stack.survive else (waits,)
        notes = () if not more else (_unpromised("alertmanager-peer-lost", waits),)
        if peers == 1:
            notes = ("The policy has one Alertmanager (stack.alertmanager.peers): nobody takes its place.",)
        marks = begin(set_up, conditions)
        return first_messages(set_up, "lost-peer", conditions, marks, more=more, notes=notes)


def hung_peer(run: DrillRun, name: str, conditions: tuple[Condition, ...]) -> tuple[Drilled, ...]:
    """Let a second Alertmanager take alerts and never answer, while as many fire as the policy says at the most."""
    most = timing.most_alerts(run.plan.policy.stack.prometheus)
    with socket.create_server((HOST, 0)) as silent:
        address = f"{HOST}:{silent.getsockname()[1]}"
        others = max(0, most - len(conditions))
        with stage(run, name, conditions, hung=(address,), others=others) as set_up:
            alone = run.plan.stack.peers == 1
            more = (Term(name="send", length=timing.sending(run.plan.stack)),) if alone else ()
            notes = [f"With them {others:,} other alerts fire."]
            notes += ["The policy has one Alertmanager: what a second one delays is added."] if alone else []
            marks = begin(set_up, conditions)
            return first_messages(set_up, "hung-peer", conditions, marks, more=more, ordered=False, notes=tuple(notes))


def restart(run: DrillRun, name: str, conditions: tuple[Condition, ...]) -> tuple[Drilled, ...]:
    """Kill Prometheus while conditions become true, and start it again."""
    with stage(run, name, conditions) as set_up:
        marks = begin(set_up, conditions)
        down = set_up.restart_prometheus()
        promised = "prometheus-restart" in run.plan.stack.survive
        resend = timing.resend(run.plan.stack.evaluate)
        unscaled = _unscaled("discovery", run, timing.DISCOVERY)
        more = [Term(name="down", length=down), unscaled]
        if not promised:
            holds = max(condition.rule.hold for condition in conditions if condition.rule)
            more += [Term(name="prometheus restart", length=resend), Term(name="for, again", length=holds)]
        notes = () if promised else (_unpromised("prometheus-restart", more[2]),)
        return first_messages(
            set_up, "prometheus-restart", conditions, marks, more=tuple(more), ordered=False, notes=notes
        )


def restarted_alertmanager(run: DrillRun, name: str, conditions: tuple[Condition, ...]) -> tuple[Drilled, ...]:
    """Kill an Alertmanager, which loses its alerts, between a condition and its first message, and start it again."""
    stack = run.plan.stack
    with stage(run, name, conditions, peers=stack.peers) as set_up:
        marks = begin(set_up, conditions)
        first = min(message.at.value for one in conditions for message in observations.promised_messages(one))
        set_up.world.wait(time.monotonic() + set_up.chance.random() * run.scale.seconds(first))
        down = set_up.restart_first_peer()
        promised = "alertmanager-restart" in stack.survive
        more = [Term(name="down", length=down)]
        if stack.peers > 1:
            more.append(_unscaled("settling", run, timing.SETTLING))
        if not promised:
            waits = timing.resend(stack.evaluate) if stack.peers == 1 else timing.peers_wait(stack)
            more.append(Term(name="alertmanager restart", length=waits))
        notes = () if promised else (_unpromised("alertmanager-restart", more[-1]),)
        return first_messages(
            set_up, "alertmanager-restart", conditions, marks, more=tuple(more), ordered=False, notes=notes
        )


def hanging(run: DrillRun, name: str, conditions: tuple[Condition, ...]) -> tuple[Drilled, ...]:
    """Let every receiver leave Alertmanager's first attempt unanswered."""
    with stage(run, name, conditions) as set_up:
        receivers = {
            message.receiver: message
            for condition in conditions
            for message in observations.promised_messages(condition)
            if not message.step
        }
        set_up.world.hangs.update(receivers)
        marks = begin(set_up, conditions)
        promised = "first-attempt-hung" in run.plan.stack.survive
        interval = max(message.node.group_interval for message in receivers.values() if message.node)
        more = [_unscaled("time-out", run, timing.SHORTEST_TIMEOUT)]
        if not promised:
            more.append(Term(name="hung attempt", length=interval))
        notes = () if promised else (_unpromised("first-attempt-hung", more[-1]),)
        return first_messages(set_up, "hanging-receiver", conditions, marks, more=tuple(more), notes=notes)


def _unscaled(what: str, run: DrillRun, length: timedelta) -> Term:
    """Return the term of what no setting makes shorter: in the policy's time it is longer."""
    return Term(name=f"{what}, which is not scaled", length=run.scale.policy(length.total_seconds()))


def _unpromised(fault: str, term: Term) -> str:
    return f"The policy does not promise to survive this (stack.survive: {fault}): {term.name} is added here."
