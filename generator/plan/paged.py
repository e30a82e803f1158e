"""The services of PagerDuty that receivers page: one for each chain and severity, or for services alone.

A service of PagerDuty escalates by one escalation policy. So one that the organisation has already, which several
severities page, escalates by the chain as it is for the severity that allows the least time: nobody is paged later
than for their own severity.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from generator.plan import oncall, pagers
from generator.plan.plan import EscalationPlan, PagedService
from generator.upstream.pagerduty import folded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from generator.plan.plan import AlertRule, Plan, SeverityPlan
    from generator.policy.model import Policy, Severity


def services(
    policy: Policy,
    severities: Mapping[Severity, SeverityPlan],
    rules: Iterable[AlertRule],
    escalations: Iterable[EscalationPlan],
) -> tuple[PagedService, ...]:
    """Return what each receiver pages, sorted by chain, severity and service."""
    chains = {(one.chain, one.severity): one for one in escalations}
    used = sorted(oncall.used(policy, rules), key=lambda one: (one[0], policy.rank(one[2]), one[1] or ""))
    made = (
        _paged(policy, severities[severity], service, _escalation(policy, chains, used, (chain, service, severity)))
        for chain, service, severity in used
    )
    return tuple(replace(one, first_page=chains[one.chain, one.severity].first_page) for one in made)


def ways(plan: Plan) -> Iterator[tuple[str, PagedService]]:
    """Yield each way in which people are paged, named by the chain, and by the service where the chain has others."""
    ways = {(one.chain, one.severity, one.escalation.title): one for one in reversed(plan.paged)}
    ways = {key: ways[key] for key in sorted(ways, key=lambda key: (key[0], plan.policy.rank(key[1]), key[2]))}
    several = Counter(key[:2] for key in ways)
    for (chain, severity, _), one in ways.items():
        if oncall.pages(plan.policy, one.chain, one.severity):
            alone = several[chain, severity] == 1 or one.service is None
            yield chain if alone else f"{chain} ({one.service})", one


def escalations(paged: Iterable[PagedService]) -> tuple[EscalationPlan, ...]:
    """Return the escalation policies by which these services escalate, each once."""
    return tuple({one.escalation.title: one.escalation for one in paged}.values())


def _escalation(
    policy: Policy,
    chains: Mapping[tuple[str, Severity], EscalationPlan],
    used: Iterable[tuple[str, str | None, Severity]],
    own: tuple[str, str | None, Severity],
) -> EscalationPlan:
    chain, service, severity = own
    exists = pagers.kept(policy, chain, service, severity)
    if exists is None:
        return chains[chain, severity]
    alike = (
        chains[one[0], one[2]]
        for one in used
        if one[0] == chain and (other := pagers.kept(policy, *one)) and folded(other.name) == folded(exists.name)
    )
    return min(alike, key=lambda one: (one.last_step, policy.rank(one.severity)))


def _paged(policy: Policy, severity: SeverityPlan, service: str | None, escalation: EscalationPlan) -> PagedService:
    chain = escalation.chain
    exists = pagers.kept(policy, chain, service, severity.name)
    of = chain if service is None else service
    receiver = pagers.receiver(chain, service, severity.name)
    secret = policy.stack.alertmanager.secret
    return PagedService(
        receiver=receiver,
        severity=severity.name,
        chain=chain,
        service=service,
        title=exists.name if exists else f"{policy.name} {of} {severity.name}",
        # Of one that exists it stays whichever severities page it: Terraform would take another name for another one.
        key=receiver.removeprefix("page-").removesuffix(f"-{severity.name}" if exists else ""),
        key_file=secret(exists.key_file if exists else receiver.replace("page-", "pagerduty-", 1)),
        exists=exists is not None,
        escalation=escalation,
        first_page=escalation.first_page,
        urgency=severity.urgency,
        by_hand=severity.by_hand,
        route=("escalations", chain) if service is None else ("services", service),
    )
