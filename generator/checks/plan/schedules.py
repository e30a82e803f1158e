"""Checks that every step of a chain has somebody on call whenever it is paged."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic
from generator.diagnostics.wording import first_few, listed
from generator.plan import business_hours, oncall, paging_hours, rota, week
from generator.policy import duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from generator.plan.business_hours import Opening
    from generator.plan.paging_hours import PagingHours
    from generator.plan.plan import EscalationPlan, Plan
    from generator.plan.week import Span
    from generator.policy.model import Responder, Schedule

SCH501 = Code(
    name="SCH501",
    title="Nobody is on call",
    meaning="At the times that are shown the schedule has nobody to page, and PagerDuty waits out the step all "
    "the same. Add a layer for these times.",
)

_SINCE = datetime(2026, 1, 1, tzinfo=timezone.utc)
"""Gaps that clocks made in years that are over are nobody's."""
_UNTIL = datetime(2038, 1, 1, tzinfo=timezone.utc)
"""With 2037 the tables of time zones end in rules that repeat."""
_DAY = timedelta(days=1)
_YEAR = timedelta(days=371)
"""A year in full weeks: every change of the clocks is in it."""

_Use = tuple["EscalationPlan", int]
"""A chain, as it runs for a severity, and the number of a step from 0."""


def check(plan: Plan) -> Iterator[Diagnostic]:
    """SCH501: nobody is on call at a time at which a step may be paged."""
    uses: dict[tuple[Responder, ...], list[_Use]] = defaultdict(list)
    for escalation in plan.escalations:
        if oncall.pages(plan.policy, escalation.chain, escalation.severity):
            for number, step in enumerate(escalation.steps):
                uses[step.targets].append((escalation, number))
    for targets, paging in uses.items():
        if any(target.kind == "person" for target in targets):
            continue
        names = tuple(target.name for target in targets)
        finding = next(_of(plan, names, paging), None)
        if finding is not None:
            yield finding


def _of(plan: Plan, names: tuple[str, ...], uses: Sequence[_Use]) -> Iterator[Diagnostic]:
    """Yield the findings about schedules that are paged together, the most general first."""
    at_hours: dict[PagingHours | None, list[_Use]] = defaultdict(list)
    for use in uses:
        chain = use[0]
        for paging in {paging_hours.of(plan.policy, team, chain.severity) for team in chain.teams or (None,)}:
            at_hours[paging].append(use)
    # Who has somebody at any time has somebody in business hours.
    finding = _finding(plan, names, at_hours[None], None) if at_hours[None] else None
    if finding is not None:
        yield finding
    for name in sorted(plan.hours):
        yield from _in_business_hours(plan, names, at_hours[plan.hours[name]], plan.hours[name])


def _in_business_hours(
    plan: Plan, names: tuple[str, ...], uses: Sequence[_Use], paging: PagingHours
) -> Iterator[Diagnostic]:
    """Yield the findings about steps of severities that page in business hours, the soonest first.

    Only the first page keeps to these hours: PagerDuty counts the delay of a later step by the clock.
    """
    later: dict[timedelta, list[_Use]] = defaultdict(list)
    for escalation, number in uses:
        later[escalation.steps[number].after].append((escalation, number))
    for after, later_uses in sorted(later.items()):
        finding = _finding(plan, names, later_uses, paging.worked, after)
        if finding is not None:
            yield finding


def _finding(
    plan: Plan,
    names: tuple[str, ...],
    uses: Sequence[_Use],
    opening: Opening | None,
    after: timedelta = timedelta(),
) -> Diagnostic | None:
    """Return the finding about schedules that are paged together.

    With `opening`, only the times count that lie `after` one in these business hours.
    """
    schedules = [plan.policy.schedules[name] for name in names]
    zones = {schedule.timezone for schedule in schedules}
    if opening is not None:
        zones.add(opening.timezone)
    alike = len(zones) == 1 and not after
    gap = _weekly(names, schedules, opening) if alike else _dated(schedules, opening, after)
    if gap is None:
        return None
    when, which, help = gap
    escalation, number = uses[0]
    severities = listed(
        sorted({chain.severity for chain, step in uses if chain.chain == escalation.chain and step == number})
    )
    hours = "at any time" if opening is None else "in business hours"
    if after:
        hours = f"{duration.write(after)} after a page in business hours,"
    return Diagnostic(
        code=SCH501.name,
        message=f"nobody is on call in {listed(names)} {when}, but step {number + 1} of {escalation.chain} pages "
        f"{hours} for {severities}",
        route=("schedules", names[0]),
        on_key=True,
        notes=(which, _consequence(escalation, number), *_others(uses)),
        help=(_of_office(plan, escalation, number) if opening is None else None) or help,
    )


def _of_office(plan: Plan, escalation: EscalationPlan, number: int) -> str | None:
    """Return the help for a team that works in business hours, and is paged at any time for what is urgent."""
    policy = plan.policy
    office = [name for name in escalation.teams if policy.teams[name].hours == "business"]
    if not office:
        return None
    return (
        f"team {listed(office)} has nobody at night: for {escalation.severity} add "
        f"whoever is on call at night to step {number + 1} of escalations/{escalation.chain}, give their services "
        "another escalation, or their alerts a severity that is not urgent"
    )


def _weekly(
    names: tuple[str, ...], schedules: Sequence[Schedule], opening: Opening | None
) -> tuple[str, str, str] | None:
    gaps = rota.weekly_gaps(schedules, business_hours.closed_week(opening.hours) if opening else ())
    if not gaps:
        return None
    length = timedelta(minutes=sum(end - begin for begin, end in gaps))
    which = f"it is {duration.write(length)} of each week ({schedules[0].timezone})"
    whole = next(gap for gap in rota.weekly_gaps(schedules) if _holds(gap, gaps[0]))
    return week.in_words(gaps), which, _help(names, schedules, whole)


def _holds(outer: Span, inner: Span) -> bool:
    return (inner[0] - outer[0]) % week.WEEK < outer[1] - outer[0]


def _help(names: tuple[str, ...], schedules: Sequence[Schedule], gap: Span) -> str:
    """Return a help line that names the layers that end where the gap begins, and that begin where it ends."""
    before, after = [], []
    for name, schedule in zip(names, schedules, strict=True):
        for key, layer in schedule.layers.items():
            layer_name = f"`{key}`" if len(names) == 1 else f"`{name}/{key}`"
            spans = rota.hours(layer)
            if any((end - gap[0]) % week.WEEK == 0 for _, end in spans):
                before.append(layer_name)
            if any((begin - gap[1]) % week.WEEK == 0 for begin, _ in spans):
                after.append(layer_name)
    ends, begins = week.moment(gap[0]), week.moment(gap[1])
    if before == after:
        return f"layer {listed(before)} ends {ends} and begins {begins}: add a layer below it for the time between"
    return (
        f"layer {listed(before)} ends {ends} and layer {listed(after)} begins {begins}: "
        "extend one of them to close the gap, or add a layer"
    )


def _dated(schedules: Sequence[Schedule], opening: Opening | None, after: timedelta) -> tuple[str, str, str] | None:
    """Return the first gap in the years of which the rules of clocks are known: not all weeks are alike."""
    begun = max(rota.begins(schedules), _SINCE)
    gap = next(_gaps(schedules, opening, after, begun, max(begun + _YEAR, _UNTIL)), None)
    if gap is None:
        return None
    zone = ZoneInfo(schedules[0].timezone)
    first, last = (f"{at.astimezone(zone):%a %Y-%m-%d %H:%M}" for at in gap)
    zones = sorted({schedule.timezone for schedule in schedules} | ({opening.timezone} if opening else set()))
    which = f"by the clock of {zone.key}"
    if len(zones) > 1:
        which += f"; other weeks may differ, since {listed(zones)} are different time zones"
    help = "let this step page somebody who is on call at all hours" if after else "add a layer for this time"
    return f"from {first} to {last}", which, help


def _gaps(
    schedules: Sequence[Schedule], opening: Opening | None, after: timedelta, begin: datetime, end: datetime
) -> Iterator[tuple[datetime, datetime]]:
    """Yield each time in which a page may come and nobody is on call, in order."""
    gaps: Iterator[tuple[datetime, datetime]] = iter([(begin, end)])
    for schedule in schedules:
        gaps = _common(gaps, [one for one in rota.stretches(schedule, begin, end) if one.person is None])
    for first, last in gaps:
        if opening is None:
            yield first, last
            continue
        # A clock that was set back may show hours of the day before.
        days = (first - after).date() - _DAY, (last - after).date() + _DAY
        for opened, closes in business_hours.openings(opening, *days):
            paged = max(first, opened + after), min(last, closes + after)
            if paged[0] < paged[1]:
                yield paged


def _common(
    gaps: Iterator[tuple[datetime, datetime]], others: Sequence[rota.Stretch]
) -> Iterator[tuple[datetime, datetime]]:
    """Yield the parts of the gaps that lie within others; all are in order."""
    at = 0
    for first, last in gaps:
        while at < len(others) and others[at].end <= first:
            at += 1
        for number in range(at, len(others)):
            if last <= others[number].begin:
                break
            yield max(first, others[number].begin), min(last, others[number].end)


def _consequence(escalation: EscalationPlan, number: int) -> str:
    """Return the note that says what PagerDuty does at a step without anybody on call: it waits out the delay."""
    wait = duration.write(escalation.steps[number].wait)
    then = f"step {number + 2} is paged" if number + 1 < len(escalation.steps) else "the chain begins anew or ends"
    return f"PagerDuty pages nobody at that step of a {escalation.severity}, and waits for {wait} before {then}"


def _others(uses: Sequence[_Use]) -> Iterator[str]:
    """Yield the note that names other steps that page the same schedules."""
    first, number = uses[0]
    own = (first.chain, number)
    steps = dict.fromkeys((chain.chain, step) for chain, step in uses if (chain.chain, step) != own)
    if steps:
        yield f"the same holds for {first_few([f'step {step + 1} of {chain}' for chain, step in steps], 3)}"
