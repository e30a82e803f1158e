"""PagerDuty's side: one escalation policy for each chain and severity that is paged."""

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
    chains = {(chain, severity) for chain, _, severity in used(policy, rules)}
    stack = timing.premises(policy.stack)
    teams: dict[str, set[str]] = {}
    for service in policy.services.values():
        if service.escalation is not None:
            teams.setdefault(service.escalation, set()).add(service.team)
    return tuple(
        _escalation(policy, stack, chain, severities[severity], tuple(sorted(teams.get(chain, ()))))
        for chain, severity in sorted(chains, key=lambda one: (one[0], policy.rank(one[1])))
    )


def used(policy: Policy, rules: Iterable[AlertRule]) -> frozenset[tuple[str, str | None, Severity]]:
    """Return each chain with each severity that some rule pages it for, and the service that is paged alone, if any."""
    paged = (rule for rule in rules if rule.origin is not Origin.NOBODY and not rule.origin.spread)
    services = {
        (rule.escalation, rule.service, rule.severity)
        for rule in paged
        if rule.escalation != NO_CHAIN and not pagers.alone(policy, rule.severity)
    }
    unknown = unrouted.chain(policy)
    if unknown:
        services.add((unknown[0], policy.watch.service, unknown[1]))
    services |= of_others.chains(policy)
    found = {
        (chain, service if pagers.has_own(policy, chain, service, severity) else None, severity)
        for chain, service, severity in services
    }
    return frozenset(one for one in found if pages(policy, one[0], one[2]) or _made_anyway(policy, *one))


def _made_anyway(policy: Policy, chain: str, service: str | None, severity: Severity) -> bool:
    """Return whether PagerDuty has a chain's service for a severity that does not page: it may, one day."""
    return service is None and pagers.kept(policy, chain, None, severity) is None


def pages(policy: Policy, chain: str, severity: Severity) -> bool:
    """Return whether a chain is ever paged for a severity: the severity pages, or the chain takes unrouted alerts."""
    return PAGE in policy.severities[severity].notify or unrouted.chain(policy) == (chain, severity)


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
        route=("escalations", chain),
    )


def _step(step: Step, after: timedelta, wait: timedelta) -> EscalationStep:
    return EscalationStep(targets=step.page, after=after, wait=wait, role=step.role)


def _loops(severity: SeverityPlan, round_: timedelta) -> int:
    """Return how often the chain is repeated until `resolve` is over: at most 9 times."""
    if not isinstance(severity.resolve, timedelta):
        return MAX_LOOPS
    return min(MAX_LOOPS, max(0, -(-severity.resolve // round_) - 1))
