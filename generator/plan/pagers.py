"""Receivers that page people: PagerDuty's, and channels that page (`pages: true`), beside it or in its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.plan.plan import Origin
from generator.policy.model import PAGE

if TYPE_CHECKING:
    from datetime import timedelta

    from generator.plan.plan import AlertRule, SeverityPlan
    from generator.policy.model import Policy, Severity


def pager(chain: str, severity: Severity) -> str:
    """Return the name of the receiver that pages one chain for one severity."""
    return f"page-{chain}-{severity}"


def channels(severity: SeverityPlan, rule: AlertRule) -> tuple[str, ...]:
    """Return the channels that page somebody of a rule's alerts; reminders are told there as to any channel."""
    return () if rule.origin in (Origin.HEARTBEAT, Origin.DUTY, Origin.RESOLUTION_DUE_SOON) else severity.pagers


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
    return not _asks_for_people(policy, severity)


def tells_the_end(policy: Policy, channel: str) -> bool:
    """Return whether a channel that pages is told that an alert is over.

    By default it is not where that would close an incident that people close: a return is told at once elsewhere.
    """
    entry = policy.channels[channel]
    if entry.resolved is not None:
        return entry.resolved == "send"
    paged = (name for name in policy.severities if channel in policy.pagers(name))
    return not (entry.kind.closes and any(_asks_for_people(policy, name) for name in paged))


def _asks_for_people(policy: Policy, severity: Severity) -> bool:
    entry = policy.severities[severity]
    return (entry.closes or ("by-hand" if entry.urgent else "with-alert")) == "by-hand"


def period(policy: Policy, severity: SeverityPlan, receiver: str) -> timedelta:
    """Return how often a page that still fires is sent again: as a channel says, else as its severity does."""
    channel = policy.channels.get(receiver)
    return (channel.repeat if channel else None) or severity.remind
