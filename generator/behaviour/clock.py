"""When people are told by what was rendered: `for` and intervals of rules, group times of routes, PagerDuty's delays.

The same sum as the policy's own (timing.worst_case), with the lengths that the files hold.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from generator.behaviour.alerts import distinction
from generator.behaviour.documents import ALERTMANAGER
from generator.behaviour.verification import Finding
from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic
from generator.plan import timing
from generator.plan.routing import pager
from generator.plan.timing import Term
from generator.policy import duration
from generator.policy.model import PAGE
from generator.system.record import record
from generator.system.unique import unique

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import timedelta

    from generator.behaviour.alerts import SentAlert
    from generator.behaviour.behaviour import EscalationPolicy, Rule
    from generator.behaviour.verification import Verification
    from generator.diagnostics.diagnostic import EntryPath, PolicyPath
    from generator.plan.plan import AlertRule, EscalationPlan, Plan
    from generator.plan.timing import Derived
    from generator.upstream.alertmanager.match import RouteNode

TIM601 = Code(
    name="TIM601",
    title="Rendered times miss the SLA",
    meaning="With the times in the rendered files an alert is acknowledged later than the SLA allows. The sum "
    "is shown line by line. Compare your template with the packaged one.",
)

TIM602 = Code(
    name="TIM602",
    title="Rendered repeats are too rare",
    meaning="A notification that the policy repeats is sent less often by the rendered files. Compare your "
    "template with the packaged one.",
)

ESCALATIONS = "pagerduty/escalation_policies.json"
_KEEP = "it wrote other times than those of the policy: compare your template with the packaged one"


@record
class Paged:
    """One way in which an alert pages: the route and the rendered escalation policy."""

    alert: SentAlert
    rule: AlertRule
    node: RouteNode
    chain: EscalationPlan
    escalation: EscalationPolicy


def check(verification: Verification) -> Iterator[Finding]:
    """TIM601: the rendered times miss an SLA. TIM602: a notification is repeated too rarely."""
    yield from _missed_slas(verification)
    yield from _rare_repeats(verification)


def latest(plan: Plan, rule: Rule, promised: AlertRule, node: RouteNode, closed: tuple[Term, ...]) -> Derived:
    """Return the latest time at which a route sends the first message, from the rendered rule and route.

    `closed` is how long the route may hold it back.
    """
    return timing.worst_case(
        plan.stack if rule.interval is None else replace(plan.stack, evaluate=rule.interval),
        detection=(*promised.detection, *closed),
        hold=Term(name="for", length=rule.hold),
        group_wait=Term(name="group", length=node.group_wait),
        group_interval=Term(name="group", length=node.group_interval),
    )


def acknowledged(verification: Verification, paged: Paged) -> Derived:
    """Return the latest time of the acknowledgement, from the rendered files."""
    severity = verification.plan.severities[paged.rule.severity]
    page = latest(verification.plan, paged.alert.rule, paged.rule, paged.node, severity.closed)
    steps, answer = Term(name="steps", length=last_step(paged.escalation)), severity.answer_in
    return page.plus(steps, answer)


def last_step(escalation: EscalationPolicy) -> timedelta:
    """Return the delay between the first page and the page of the last step."""
    return sum((step.delay for step in escalation.steps[:-1]), timing.ZERO)


# ------------------------------------------------------------------------------------------- the SLA


def paging(verification: Verification) -> Iterator[Paged]:
    """Yield each paging alert with each of its paging routes, except where the escalation policy was not rendered."""
    plan = verification.plan
    chains = {pager(escalation.chain, escalation.severity): escalation for escalation in plan.escalations}
    rendered = {escalation.name: escalation for escalation in verification.behaviour.escalations}
    for alert in verification.alerts:
        rule = alert.promised
        if rule is None or not rule.origin.authored or PAGE not in plan.severities[rule.severity].notify:
            continue
        for node in alert.nodes:
            chain = chains.get(node.receiver)
            escalation = rendered.get(chain.title) if chain else None
            if chain and escalation and escalation.steps:
                yield Paged(alert=alert, rule=rule, node=node, chain=chain, escalation=escalation)


def _missed_slas(verification: Verification) -> Iterator[Finding]:
    """Yield one finding per severity and cause for alerts that miss their SLA; it shows the longest sum."""
    late: Mapping[tuple[str, str, EntryPath], list[tuple[Derived, Paged]]] = defaultdict(list)
    fine: set[tuple[object, ...]] = set()
    for paged in paging(verification):
        rule = paged.rule
        detection = tuple(term.length for term in rule.detection)
        same = (id(paged.node), rule.severity, detection, paged.alert.rule.hold, paged.alert.rule.interval)
        if same in fine:
            continue
        total = acknowledged(verification, paged)
        if total.value < verification.plan.severities[rule.severity].acknowledge:
            fine.add(same)
            continue
        path, where = _culprit(verification, paged)
        late[rule.severity, path, where].append((total, paged))
    for (severity, path, where), late_alerts in late.items():
        total, worst = max(late_alerts, key=lambda pair: pair[0].value)
        names = sorted({paged.rule.name for _, paged in late_alerts} - {worst.rule.name})
        more = f" and {len(names)} other alert{'s' * (len(names) > 1)}" if names else ""
        which = f" {distinction(worst.alert)}" if worst.alert.depends else ""
        yield Finding(
            diagnostic=Diagnostic(
                code=TIM601.name,
                message=f"with the rendered times, {severity} {worst.rule.name}{more}{which} can take "
                f"{duration.write(total.value)} to be acknowledged; the SLA is "
                f"{duration.write(verification.plan.severities[worst.rule.severity].acknowledge)}",
                route=worst.rule.route,
                on_key=True,
                notes=(timing.written_sum(total.terms), *((f"also: {', '.join(names)}",) if names else ())),
                help=_KEEP,
            ),
            path=path,
            where=where,
        )


def _culprit(verification: Verification, paged: Paged) -> tuple[str, EntryPath]:
    """Return the rendered setting that exceeds its planned length the most."""
    plan, rule, node = verification.plan, paged.alert.rule, paged.node
    severity = plan.severities[paged.rule.severity]
    planned = paged.chain.last_step
    rendered = last_step(paged.escalation)
    over = {
        (ALERTMANAGER, (*node.where, "group_interval")): node.group_interval - severity.group_interval.length,
        (ALERTMANAGER, (*node.where, "group_wait")): node.group_wait - severity.group_wait.length,
        (rule.path, (*rule.where, "for")): rule.hold - paged.rule.hold,
        (rule.path, rule.where[:2]): (rule.interval or plan.stack.evaluate) - plan.stack.evaluate,
        (ESCALATIONS, paged.escalation.where): rendered - planned,
    }
    return max(over, key=lambda place: over[place])


# ------------------------------------------------------------------------------------------- what is repeated


def longest_gap(node: RouteNode) -> timedelta:
    """Return the longest time between two notifications of a group that keeps firing.

    Alertmanager repeats only on a tick of group_interval, and only where *more* than repeat_interval has passed: what
    is a multiple of it waits for one tick more (notify.go, DedupStage; seen on the real servers). It takes no
    group_interval of 0, which amtool says: then there are no ticks to count.
    """
    if not node.group_interval:
        return node.repeat_interval
    return (node.repeat_interval // node.group_interval + 1) * node.group_interval


def _rare_repeats(verification: Verification) -> Iterator[Finding]:
    """Yield a finding for each route that repeats its notifications less often than the policy says."""
    periods: dict[int, tuple[RouteNode, timedelta, PolicyPath, str]] = {}
    promised = ((alert, rule) for alert in verification.alerts if (rule := alert.promised) and rule.origin.authored)
    for alert, rule in unique(
        promised, lambda pair: (id(pair[0].nodes), pair[1].severity, pair[1].labels.get("containment"))
    ):
        for channel, period, route, reason in _promised_periods(verification, rule):
            heard = [node for node in alert.nodes if node.receiver == channel]
            # One route that repeats in time is enough.
            if heard and all(longest_gap(node) > period for node in heard):
                periods.setdefault(id(heard[0]), (heard[0], period, route, reason))
    for node, period, route, reason in periods.values():
        gap, tick = duration.write(longest_gap(node)), duration.write(node.group_interval)
        over = f"({duration.write(node.repeat_interval)}) is over"
        yield Finding(
            diagnostic=Diagnostic(
                code=TIM602.name,
                message=f"{reason} goes to {node.receiver} every {gap}, the policy says every {duration.write(period)}",
                route=route,
                notes=(f"Alertmanager repeats on a tick of group_interval ({tick}), once repeat_interval {over}",),
                help="let group_interval divide the period, and repeat_interval be a little less than it",
            ),
            path=ALERTMANAGER,
            where=(*node.where, "repeat_interval"),
        )


def _promised_periods(verification: Verification, rule: AlertRule) -> Iterable[tuple[str, timedelta, PolicyPath, str]]:
    """Yield channel, period, policy entry and reason for each notification that must be repeated for an alert."""
    policy = verification.plan.policy
    for name, duty in policy.duties.items():
        if duty.every and rule.severity in duty.during:
            for channel in duty.via:
                yield channel, duty.every, ("duties", name, "every"), f"the duty {name}"
    containment = policy.containments.get(rule.labels.get("containment", ""))
    call = containment.call if containment else None
    period = policy.channels[call].repeat if call else None
    if call and period:
        yield call, period, ("channels", call, "repeat"), f"the call of {rule.labels['containment']}"
