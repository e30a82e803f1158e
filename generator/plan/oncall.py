"""PagerDuty's side: one escalation policy and one service for each chain and severity that is paged."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import TYPE_CHECKING

from generator.plan import of_others, pagers, paging_hours, timing, unrouted
from generator.plan.plan import NO_CHAIN, AlertRule, EscalationPlan, EscalationStep, Origin, SeverityPlan
from generator.plan.timing import MINUTE, ZERO, step_offsets, whole
from generator.policy.model import PAGE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from generator.plan.timing import Premises
    from generator.policy.model import Policy, Severity, Step

MAX_LOOPS = 9


def escalations(
    policy: Policy, severities: Mapping[Severity, SeverityPlan], rules: Iterable[AlertRule]
) -> tuple[EscalationPlan, ...]:
    """Return each chain with each severity that some rule pages it for, sorted by chain."""
    stack = timing.premises(policy.stack)
    teams: dict[str, set[str]] = {}
    for service in policy.services.values():
        if service.escalation is not None:
            teams.setdefault(service.escalation, set()).add(service.team)
    paged = (rule for rule in rules if rule.origin is not Origin.NOBODY and not rule.origin.spread)
    used = {
        (rule.escalation, rule.severity)
        for rule in paged
        if rule.escalation != NO_CHAIN and not pagers.alone(policy, rule.severity)
    }
    unknown = unrouted.chain(policy)
    if unknown:
        used.add(unknown)
    used |= of_others.chains(policy)
    return tuple(
        _escalation(policy, stack, chain, severities[severity], tuple(sorted(teams.get(chain, ()))))
        for chain, severity in sorted(used, key=lambda one: (one[0], policy.rank(one[1])))
    )


def pages(policy: Policy, escalation: EscalationPlan) -> bool:
    """Return whether an escalation is ever used: its severity pages, or it takes unrouted alerts."""
    paged = PAGE in policy.severities[escalation.severity].notify
    return paged or unrouted.chain(policy) == (escalation.chain, escalation.severity)


def _escalation(
    policy: Policy, stack: Premises, chain: str, severity: SeverityPlan, teams: tuple[str, ...]
) -> EscalationPlan:
    written = policy.escalations[chain]
    held_back = paging_hours.longest(policy, teams, severity)
    first_page = timing.worst_case(
        stack,
        detection=(severity.detect_in, *held_back),
        group_wait=severity.group_wait,
        group_interval=severity.group_interval,
    )
    offsets = step_offsets((step.by for step in written), severity.acknowledge, first_page.value)
    waits = [later - sooner for sooner, later in itertools.pairwise(offsets)]
    # After the last step: the time that its person needs to answer, then the chain begins anew.
    waits.append(max(MINUTE, whole(severity.answer_in.length, MINUTE)))
    return EscalationPlan(
        chain=chain,
        severity=severity.name,
        title=f"{policy.name} {chain} {severity.name}",
        steps=tuple(map(_step, written, offsets, waits)),
        loops=_loops(severity, sum(waits, ZERO)),
        teams=teams,
        first_page=first_page,
        urgency=severity.urgency,
        by_hand=severity.by_hand,
        key_file=f"{policy.stack.alertmanager.secrets.rstrip('/')}/pagerduty-{chain}-{severity.name}",
        route=("escalations", chain),
    )


def _step(step: Step, after: timedelta, wait: timedelta) -> EscalationStep:
    return EscalationStep(targets=step.page, after=after, wait=wait, role=step.role)


def _loops(severity: SeverityPlan, round_: timedelta) -> int:
    """Return how often the chain is repeated until `resolve` is over: at most 9 times."""
    if not isinstance(severity.resolve, timedelta):
        return MAX_LOOPS
    return min(MAX_LOOPS, max(0, -(-severity.resolve // round_) - 1))
