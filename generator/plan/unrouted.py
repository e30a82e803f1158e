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


def receivers(policy: Policy) -> tuple[str, ...]:
    """Return the receivers of what no route knows, in the order of their routes."""
    told = policy.watch.unrouted
    channels = told.notify if told.severity is None else policy.pagers(told.severity)
    return (*channels, *((UNROUTED,) if chain(policy) else ()))


def times(
    policy: Policy, severities: Mapping[Severity, SeverityPlan], receiver: str
) -> tuple[timedelta, timedelta, timedelta]:
    """Return how long such a receiver waits for company, its ticks, and how often it is told again at the least."""
    severity = policy.watch.unrouted.severity
    if severity is not None:
        plan = severities[severity]
        return plan.group_wait.length, plan.group_interval.length, pagers.period(policy, plan, receiver)
    return timing.group_wait(_INTERVAL), _INTERVAL, policy.channels[receiver].repeat or _PERIOD
