"""Checks that every alert is acknowledged within its SLA: the worst case, a sum, must be less than `acknowledge`."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, route_text
from generator.diagnostics.wording import listed
from generator.plan import business_hours, pagers, paging_hours, timing
from generator.plan.timing import Derived, Term
from generator.policy import duration
from generator.policy.environments import pages

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import timedelta

    from generator.diagnostics.diagnostic import PolicyPath
    from generator.plan.business_hours import Closed
    from generator.plan.paging_hours import PagingHours
    from generator.plan.plan import AlertRule, EscalationPlan, Plan, SeverityPlan

CAL503 = Code(
    name="CAL503",
    title="Closed hours exceed the SLA",
    meaning="With `hours: business`, an alert that fires as business hours end pages nobody until they begin "
    "again, while the SLA runs on. Page at all hours, or promise a longer `acknowledge`; the help line "
    "names values that were tried. `answer_in` and `detect_in` are shares of `acknowledge` unless they "
    "are written: write them, or they grow with it.",
)

SLA201 = Code(
    name="SLA201",
    title="Worst-case acknowledgement exceeds the SLA",
    meaning="The longest time until the last person of the chain has acknowledged is a sum, shown line by "
    "line, and it must be less than `acknowledge`. The help line names changes that were tried: each "
    "of them is enough. The steps of the chain count from `detect_in`, so an alert that is detected "
    "later than that leaves less time for the answer (`answer_in`).",
)

SLA202 = Code(
    name="SLA202",
    title="Escalation step comes too late",
    meaning="PagerDuty counts whole minutes from the first page, so this step comes later than the share of "
    "`acknowledge` that its `by` promises. Raise `by`, remove a step before it, or promise a longer "
    "`acknowledge`.",
)

_STACK = "stack"


def check(plan: Plan) -> Iterator[Diagnostic]:
    """SLA201: the sum reaches `acknowledge`. SLA202: a step comes later than the share that its `by` names.

    CAL503: only business hours make the sum too long; once for each severity.
    """
    if not pages(plan.policy):
        return  # nobody is asked to answer
    over = tuple(_over(plan))
    held_back: dict[str, tuple[AlertRule, Derived]] = {}
    for rule, total in over:
        if _open(total) < plan.severities[rule.severity].acknowledge:
            worst = held_back.get(rule.severity)
            if worst is None or worst[1].value < total.value:
                held_back[rule.severity] = rule, total
    for name, (rule, total) in sorted(held_back.items()):
        yield _held_back(plan, plan.severities[name], rule, total)
    for escalation in plan.escalations:
        for number, comes, due in _late_steps(plan, escalation, held_back=escalation.severity in held_back):
            yield _late_step(plan, escalation, number, comes, due)
    for rule, total in over:
        severity = plan.severities[rule.severity]
        if _open(total) >= severity.acknowledge:
            yield _over_budget(plan, rule, total)


def _over(plan: Plan) -> Iterator[tuple[AlertRule, Derived]]:
    """Yield each alert whose sum reaches `acknowledge`."""
    chains = {(escalation.chain, escalation.severity): escalation for escalation in plan.escalations}
    # A service of PagerDuty that exists escalates by one severity's chain, whichever pages it.
    chains = {(one.chain, one.severity): one.escalation for one in plan.paged if one.exists} | chains
    fine: set[tuple[object, ...]] = set()
    seen: set[tuple[object, ...]] = set()
    for rule in plan.rules:
        if not rule.origin.authored and rule.route[:2] != ("watch", "alerts"):  # whose times are alertc's own
            continue
        # What the sum depends on: alerts that agree on all of it share one sum, and services of one alert one finding.
        lengths = tuple(term.length for term in rule.detection)
        hours = paging_hours.of(plan.policy, rule.team, rule.severity)
        same = (rule.escalation, rule.severity, rule.hold, lengths, hours)
        if same in fine or (rule.name, same) in seen:
            continue
        severity, chain = plan.severities[rule.severity], chains.get((rule.escalation, rule.severity))
        if chain is None and not pagers.channels(severity, rule):
            continue
        total = budget(plan, rule, chain)
        if total.value < severity.acknowledge:
            fine.add(same)
            continue
        seen.add((rule.name, same))
        yield rule, total


def first_page(plan: Plan, rule: AlertRule) -> Derived:
    """Return the latest moment at which the first person is paged for `rule`."""
    severity = plan.severities[rule.severity]
    return timing.worst_case(
        plan.stack,
        detection=(*rule.detection, *paging_hours.held_back(plan.policy, rule.team, severity)),
        hold=Term(name="for", length=rule.hold, route=(*rule.route, "for")),
        group_wait=severity.group_wait,
        group_interval=severity.group_interval,
    )


def budget(plan: Plan, rule: AlertRule, escalation: EscalationPlan | None) -> Derived:
    """Return the latest acknowledgement: the first page, the way to the last step, and that person's answer.

    Where channels alone page there are no steps: whoever reads them answers.
    """
    page, answer = first_page(plan, rule), plan.severities[rule.severity].answer_in
    if escalation is None:
        return page.plus(answer)
    return page.plus(Term(name="steps", length=escalation.last_step, route=escalation.route), answer)


def _over_budget(plan: Plan, rule: AlertRule, total: Derived) -> Diagnostic:
    # Without the time that business hours hold it back it would be too late, too: something else is to blame.
    severity = plan.severities[rule.severity]
    changeable = [term for term in total.terms if term.route and term.route[0] not in (_STACK, "calendar", "calendars")]
    largest = max(changeable, key=lambda term: term.length)
    route = largest.route or rule.route
    in_alert = route[: len(rule.route)] == rule.route
    return Diagnostic(
        code=SLA201.name,
        message=f"{rule.severity} {rule.name} can take {duration.write(total.value)} to be acknowledged; "
        f"the SLA is {severity.promise}",
        route=route if in_alert else rule.route,
        on_key=not in_alert,
        notes=(timing.written_sum(total.terms),),
        help=_way_out(plan, rule, total)
        or f"no single change is enough: shorten several parts of the sum, first {largest.name} ({route_text(route)})",
    )


def _way_out(plan: Plan, rule: AlertRule, total: Derived) -> str | None:
    """Return what to write in the policy; each alternative was tried, so that none leads to another finding."""
    from generator.checks.plan import loops, ways_out

    late_before = {step for step in _late(plan) if step[0] != rule.escalation}

    def fits(trial: Plan) -> bool:
        return _late(trial) <= late_before and not any(_over(trial)) and not any(loops.check(trial))

    overrun = ways_out.Overrun(plan=plan, rule=rule, page=first_page(plan, rule), total=total)
    return ", or ".join(ways_out.of(overrun, fits)) or None


def _late(plan: Plan) -> set[tuple[str, int]]:
    chains = plan.escalations
    return {(chain.chain, number) for chain in chains for number, _, _ in _late_steps(plan, chain, held_back=False)}


def _open(total: Derived) -> timedelta:
    """Return the length without the time in which business hours hold the page back."""
    return total.value - sum((term.length for term in total.terms if term.name == paging_hours.CLOSED), timing.ZERO)


def _held_back(plan: Plan, severity: SeverityPlan, rule: AlertRule, total: Derived) -> Diagnostic:
    paging = paging_hours.of(plan.policy, rule.team, severity.name)
    closed = business_hours.longest_closed(paging.opening) if paging else None
    if paging is None or closed is None:
        raise ValueError("business hours that never end hold nothing back")
    zone = ZoneInfo(paging.opening.timezone)
    begin, end = closed.begin.astimezone(zone), closed.end.astimezone(zone)
    latest, sla = duration.write(total.value), severity.promise
    keeps = _keeps_hours(plan, rule)
    of_team = " for the team" if keeps[0] == "teams" else ""
    return Diagnostic(
        code=CAL503.name,
        message=f"a {severity.name} that fires on {begin:%A} at {begin:%H:%M} pages nobody before {end:%A} at "
        f"{end:%H:%M}: {rule.name} can take {latest} to be acknowledged; the SLA is {sla}",
        route=keeps,
        notes=(timing.written_sum(total.terms), f"closed {duration.write(closed.length)}: {_period(closed, paging)}"),
        help=_way_out(plan, rule, total)
        or f"page at all hours: write `hours: always`{of_team}, and shorten the parts of the sum that are still too "
        "long",
    )


def _keeps_hours(plan: Plan, rule: AlertRule) -> PolicyPath:
    """Return the entry by which an alert is held back: the severity's, else its team's."""
    if plan.policy.severities[rule.severity].hours == "business":
        return ("severities", rule.severity, "hours")
    return ("teams", rule.team or "", "hours")


def _period(closed: Closed, paging: PagingHours) -> str:
    """Return when it is closed for longest, in words, and why for so long."""
    zone = ZoneInfo(paging.opening.timezone)
    begin, end = closed.begin.astimezone(zone), closed.end.astimezone(zone)
    # Without their zone: how long it takes where no clock is changed.
    usual = end.replace(tzinfo=None) - begin.replace(tzinfo=None)
    holidays = [name for day, name in paging.holidays if begin.date() < day < end.date()]
    if usual == closed.length and not holidays:
        return f"{begin:%a %H:%M} to {end:%a %H:%M} in {zone.key}, every week"
    dated = f"{begin:%a %Y-%m-%d %H:%M} to {end:%a %Y-%m-%d %H:%M} in {zone.key}"
    if holidays:
        return f"{dated}, with {listed(dict.fromkeys(holidays))} among them"
    changed = duration.write(closed.length - usual)
    return f"{dated}, where clocks are set back {changed} meanwhile; {duration.write(usual)} in other weeks"


def _late_steps(
    plan: Plan, escalation: EscalationPlan, *, held_back: bool
) -> Iterator[tuple[int, timedelta, timedelta]]:
    """Yield each step, by its number, that comes later than its `by` says: when it comes, and when it is due."""
    severity = plan.severities[escalation.severity]
    written = plan.policy.escalations[escalation.chain]
    for number, (step, planned) in enumerate(zip(written, escalation.steps, strict=True)):
        if number == 0:
            continue
        due = severity.acknowledge * (step.by or 0) / 100
        comes = escalation.first_page.plus(Term(name="steps", length=planned.after))
        if (_open(comes) if held_back else comes.value) > due:
            yield number, comes.value, due


def _late_step(plan: Plan, escalation: EscalationPlan, number: int, comes: timedelta, due: timedelta) -> Diagnostic:
    from generator.checks.plan import ways_out

    after = duration.write(escalation.steps[number].after)
    ways = [*ways_out.of_late_step(plan, escalation, number), *(["remove a step before it"] if number > 1 else [])]
    return Diagnostic(
        code=SLA202.name,
        message=f"step {number + 1} of {escalation.chain} pages a {escalation.severity} after {duration.write(comes)}, "
        f"but it is due by {duration.write(due)}",
        route=("escalations", escalation.chain, number, "by"),
        notes=(
            timing.written_sum(escalation.first_page.terms) + f" + steps {after}",
            "PagerDuty counts whole minutes, and each step comes at least a minute after the one before",
        ),
        help=", or ".join(ways) or "shorten one of the parts of the sum",
    )
