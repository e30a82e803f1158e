"""Receivers that page people: PagerDuty's, and channels that page (`pages: true`), beside it or in its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.plan.plan import NO_CHAIN, Origin
from generator.policy.model import PAGE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import timedelta

    from generator.plan.plan import AlertRule, SeverityPlan
    from generator.policy.model import PagerDutyService, Policy, Severity


def pager(policy: Policy, chain: str, service: str, severity: Severity) -> str:
    """Return the name of the receiver of a page for a service's alerts: PagerDuty's, or the channel of its team."""
    channel = of_team(policy, service, severity) if chain == NO_CHAIN else None
    return channel or receiver(chain, service if has_own(policy, chain, service, severity) else None, severity)


def of_team(policy: Policy, service: str, severity: Severity) -> str | None:
    """Return the channel by which the team of a service without a chain is paged; None where there is none."""
    entry = policy.services.get(service)
    if entry is None or entry.escalation is not None:
        return None
    return of_teams(policy, severity).get(entry.team)


def of_teams(policy: Policy, severity: Severity) -> Mapping[str, str]:
    """Return the channels that page teams for a severity which pages, by the team's name."""
    if PAGE not in policy.severities[severity].notify:
        return {}
    found = ((name, team.pager.of(severity)) for name, team in sorted(policy.teams.items()))
    return {name: channel for name, channel in found if channel}


def receiver(chain: str, service: str | None, severity: Severity) -> str:
    """Return the name of the receiver that pages a chain, or (not None) one service of it alone, for a severity."""
    return f"page-{chain}-{severity}" if service is None else f"page-service-{service}-{severity}"


def has_own(policy: Policy, chain: str, service: str, severity: Severity) -> bool:
    """Return whether PagerDuty has a service for a service of the policy alone."""
    entry = policy.services.get(service)
    if entry is None or entry.escalation != chain:
        return False
    each = policy.stack.pagerduty_services == "each" and kept(policy, chain, None, severity) is None
    return kept(policy, chain, service, severity) is not None or each


def kept(policy: Policy, chain: str, service: str | None, severity: Severity) -> PagerDutyService | None:
    """Return the service of PagerDuty that exists already for a chain, or for one service of it alone."""
    entry = policy.chain_services.get(chain) if service is None else policy.services[service].pagerduty
    return entry if entry and entry.is_for(severity) else None


def channels(severity: SeverityPlan, rule: AlertRule) -> tuple[str, ...]:
    """Return the channels that page somebody of a rule's alerts; reminders are told there as to any channel."""
    if rule.origin in (Origin.HEARTBEAT, Origin.DUTY, Origin.RESOLUTION_DUE_SOON):
        return ()
    of_team = severity.team_pagers.get(rule.team or "") if rule.escalation == NO_CHAIN else None
    return (*severity.pagers, *((of_team,) if of_team else ()))


def named(policy: Policy, severity: SeverityPlan) -> Iterator[tuple[str | None, str]]:
    """Yield the channels that page for a severity: None for all services, or the team whose services have no chain."""
    yield from ((None, channel) for channel in severity.pagers)
    without = {service.team for service in policy.services.values() if service.escalation is None}
    yield from ((team, channel) for team, channel in severity.team_pagers.items() if team in without)


def alone(policy: Policy, severity: Severity) -> bool:
    """Return whether channels page for a severity, and PagerDuty does not."""
    return PAGE not in policy.severities[severity].notify and bool(policy.pagers(severity))


def by_hand(policy: Policy, severity: Severity) -> bool:
    """Return whether people close the incidents of a severity, and not its alerts.

    A restart or a vanished series ends an alert, not what it stands for: people close what is urgent, and what
    channels page that are never told the end.
    """
    entry = policy.severities[severity]
    if entry.closes is not None or entry.urgent:
        return _asks_for_people(policy, severity)
    return alone(policy, severity) and not all_told(policy, severity)


def all_told(policy: Policy, severity: Severity) -> bool:
    """Return whether all who page for a severity are told the end: then a return is a page of its own."""
    if alone(policy, severity):
        return all(tells_the_end(policy, channel) for channel in policy.pagers(severity))
    teams = of_teams(policy, severity).values()
    return not _asks_for_people(policy, severity) and all(tells_the_end(policy, channel) for channel in teams)


def tells_the_end(policy: Policy, channel: str) -> bool:
    """Return whether a channel that pages is told that an alert is over.

    By default it is not where that would close an incident that people close: a return is told at once elsewhere.
    """
    entry = policy.channels[channel]
    if entry.resolved is not None:
        return entry.resolved == "send"
    paged = (name for name in policy.severities if channel in (*policy.pagers(name), *of_teams(policy, name).values()))
    return not (entry.kind.closes and any(_asks_for_people(policy, name) for name in paged))


def _asks_for_people(policy: Policy, severity: Severity) -> bool:
    entry = policy.severities[severity]
    return (entry.closes or ("by-hand" if entry.urgent else "with-alert")) == "by-hand"


def period(policy: Policy, severity: SeverityPlan, receiver: str) -> timedelta:
    """Return how often a page that still fires is sent again: as a channel says, else as its severity does."""
    channel = policy.channels.get(receiver)
    return (channel.repeat if channel else None) or severity.remind
