"""Who is told of what no route knows: the people whom PagerDuty pages of it, or channels."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from generator.plan import pagers, timing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from generator.plan.plan import SeverityPlan
    from generator.policy.model import Policy, Severity

UNROUTED = "unrouted"
"""The receiver that pages the chain of the watching service."""
_INTERVAL, _PERIOD = timedelta(minutes=5), timedelta(hours=4)


def chain(policy: Policy) -> tuple[str, Severity] | None:
    """Return the chain, and the severity, that PagerDuty pages; None where channels are told."""
    severity, escalation = policy.watch.unrouted.severity, policy.services[policy.watch.service].escalation
    if severity is None or escalation is None or pagers.alone(policy, severity):
        return None
    return escalation, severity


def pager(policy: Policy) -> str | None:
    """Return the receiver whose people the chain's are; None where channels are told."""
    known = chain(policy)
    return pagers.pager(policy, known[0], policy.watch.service, known[1]) if known else None


def receivers(policy: Policy) -> tuple[str, ...]:
    """Return the receivers of what no route knows, in the order of their routes."""
    told = policy.watch.unrouted
    if told.severity is None:
        return told.notify
    of_team = pagers.of_team(policy, policy.watch.service, told.severity)
    others = (*((of_team,) if of_team else ()), *((UNROUTED,) if chain(policy) else ()))
    return tuple(dict.fromkeys((*policy.pagers(told.severity), *others)))


def times(
    policy: Policy, severities: Mapping[Severity, SeverityPlan], receiver: str
) -> tuple[timedelta, timedelta, timedelta]:
    """Return how long such a receiver waits for company, its ticks, and how often it is told again at the least."""
    severity = policy.watch.unrouted.severity
    if severity is not None:
        plan = severities[severity]
        return plan.group_wait.length, plan.group_interval.length, pagers.period(policy, plan, receiver)
    return timing.group_wait(_INTERVAL), _INTERVAL, policy.channels[receiver].repeat or _PERIOD
