"""When people are told by what was rendered: `for` and intervals of rules, group times of routes, PagerDuty's delays.

The same sum as the policy's own (timing.worst_case), with the lengths that the files hold.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from generator.plan import pagers, paging_hours, timing
from generator.plan.timing import Term
from generator.system.record import record

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import timedelta

    from generator.behaviour.alerts import SentAlert
    from generator.behaviour.behaviour import Rule
    from generator.behaviour.pagerduty import EscalationPolicy
    from generator.behaviour.verification import Verification
    from generator.plan.plan import AlertRule, EscalationPlan, Plan
    from generator.plan.timing import Derived
    from generator.upstream.alertmanager.match import RouteNode


@record
class Paged:
    """One way in which an alert pages: the route, and the rendered escalation policy where PagerDuty does."""

    alert: SentAlert
    rule: AlertRule
    node: RouteNode
    chain: EscalationPlan | None
    escalation: EscalationPolicy | None


def latest(plan: Plan, rule: Rule, promised: AlertRule, node: RouteNode) -> Derived:
    """Return the latest time at which a route sends the first message, from the rendered rule and route."""
    held_back = paging_hours.read_back(plan, promised, node.active, node.mute)
    return timing.worst_case(
        plan.stack if rule.interval is None else replace(plan.stack, evaluate=rule.interval),
        detection=(*promised.detection, *held_back),
        hold=Term(name="for", length=rule.hold),
        group_wait=Term(name="group", length=node.group_wait),
        group_interval=Term(name="group", length=node.group_interval),
    )


def acknowledged(verification: Verification, paged: Paged) -> Derived:
    """Return the latest time of the acknowledgement, from the rendered files."""
    severity = verification.plan.severities[paged.rule.severity]
    page = latest(verification.plan, paged.alert.rule, paged.rule, paged.node)
    if paged.escalation is None:
        return page.plus(severity.answer_in)
    return page.plus(Term(name="steps", length=last_step(paged.escalation)), severity.answer_in)


def last_step(escalation: EscalationPolicy) -> timedelta:
    """Return the delay between the first page and the page of the last step."""
    return sum((step.delay for step in escalation.steps[:-1]), timing.ZERO)


def paging(verification: Verification) -> Iterator[Paged]:
    """Yield each paging alert with each of its paging routes, except where the escalation policy was not rendered."""
    plan = verification.plan
    chains = {one.receiver: one.escalation for one in plan.paged}
    rendered = {escalation.name: escalation for escalation in verification.behaviour.pagerduty.escalations}
    for alert in verification.alerts:
        rule = alert.promised
        if rule is None or not rule.origin.authored or not plan.severities[rule.severity].pages:
            continue
        for node in alert.nodes:
            if node.receiver in pagers.channels(plan.severities[rule.severity], rule):
                yield Paged(alert=alert, rule=rule, node=node, chain=None, escalation=None)
            chain = chains.get(node.receiver)
            escalation = rendered.get(chain.title) if chain else None
            if chain and escalation and escalation.steps:
                yield Paged(alert=alert, rule=rule, node=node, chain=chain, escalation=escalation)


def longest_gap(node: RouteNode) -> timedelta:
    """Return the longest time between two notifications of a group that keeps firing.

    Alertmanager repeats only on a tick of group_interval, and only where *more* than repeat_interval has passed: what
    is a multiple of it waits for one tick more (notify.go, DedupStage; seen on the real servers). It takes no
    group_interval of 0, which amtool says: then there are no ticks to count.
    """
    if not node.group_interval:
        return node.repeat_interval
    return (node.repeat_interval // node.group_interval + 1) * node.group_interval


def through_reload(node: RouteNode) -> timedelta:
    """Return the longest time between two notifications of a group where Alertmanager is reloaded meanwhile.

    All ticks begin anew then, so that repeat_interval can be over just after one (dispatch.go; seen on real servers).
    """
    return node.repeat_interval + node.group_interval
