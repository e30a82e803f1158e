"""Whose pages are held back until which business hours begin, and what that adds to the sums.

What is urgent is never held back. Else the severity decides (`hours: business`, or a promise in business hours), and
the team (`hours: business`), by the calendar of the team.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from generator.plan import business_hours, timing
from generator.plan.business_hours import Opening
from generator.plan.timing import Term

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from generator.diagnostics.diagnostic import PolicyPath
    from generator.plan.plan import AlertRule, Plan, SeverityPlan
    from generator.plan.timing import Derived
    from generator.policy.model import Calendar, Policy, Severity

BUSINESS_HOURS = "business-hours"
"""The time interval of the organisation's own calendar; that of another one has its name behind it."""
HOLIDAYS = "holidays"
CLOSED, BEFORE_CLOSING, FIRST_TICK = "closed", "before closing", "first tick of the day"
HELD_BACK = (CLOSED, BEFORE_CLOSING, FIRST_TICK)
"""The names of what business hours add to a sum."""
_LONGEST_TICK = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class PagingHours:
    """The business hours of a calendar, outside of which pages are held back."""

    calendar: str | None
    """None: the organisation's own."""
    opening: Opening
    """When Alertmanager sends pages."""
    holidays: tuple[tuple[date, str], ...]
    """With their names."""
    lead: timedelta
    """How long before the end of the business hours the last page leaves Alertmanager, so that it comes within them."""

    @property
    def active(self) -> str:
        """Return the name of the time interval in which pages are sent."""
        return BUSINESS_HOURS if self.calendar is None else f"{BUSINESS_HOURS}-{self.calendar}"

    @property
    def mute(self) -> str | None:
        """Return the name of the time interval of the holidays; None where there are none."""
        if not self.opening.holidays:
            return None
        return HOLIDAYS if self.calendar is None else f"{HOLIDAYS}-{self.calendar}"

    @property
    def route(self) -> PolicyPath:
        """Return the entry of the calendar."""
        return route_of(self.calendar)

    @property
    def worked(self) -> Opening:
        """Return the hours as the calendar has them."""
        hours = self.opening.hours
        return replace(self.opening, hours=replace(hours, end=hours.end + self.lead // timing.MINUTE))

    def adds(self, severity: SeverityPlan) -> tuple[Term, ...]:
        """Return what it adds to the time until the first page, in the time that `acknowledge` counts.

        By the clock that is the longest time outside of these hours, with the hour by which clocks may be set back. A
        promise in business hours counts none of that; but what begins just before they end waits for a tick that comes
        after them, and then for the first one of the next day.
        """
        route = (*self.route, "business_hours")
        if not severity.in_business_hours:
            longest = business_hours.longest_closed(self.opening)
            return (Term(name=CLOSED, length=longest.length, route=route),) if longest else ()
        tick = replace(severity.group_interval, name=FIRST_TICK)
        before = Term(name=BEFORE_CLOSING, length=self.lead, route=route)
        return (before, tick) if self.lead else (tick,)


def route_of(calendar: str | None) -> PolicyPath:
    """Return the entry of a calendar of the policy."""
    return ("calendar",) if calendar is None else ("calendars", calendar)


def calendar_of(policy: Policy, team: str | None) -> tuple[str | None, Calendar | None]:
    """Return the calendar that a team keeps, with its name (None: the organisation's own); None where there is none."""
    entry = policy.teams.get(team) if team else None
    name = entry.calendar if entry else None
    return name, policy.calendar if name is None else policy.calendars.get(name)


def holds_back(policy: Policy, team: str | None, severity: Severity) -> bool:
    """Return whether pages of a severity to a team wait for business hours; None: a team that nobody knows."""
    written = policy.severities[severity]
    if written.urgent:
        return written.hours == "business"  # which is refused
    entry = policy.teams.get(team) if team else None
    if written.hours == "business":
        return True
    # Channels that only tell people are told at any hour.
    return entry is not None and entry.hours == "business" and policy.pages(severity)


def of(policy: Policy, team: str | None, severity: Severity) -> PagingHours | None:
    """Return the hours in which a team is paged for a severity; None: at any time."""
    if not holds_back(policy, team, severity):
        return None
    name, calendar = calendar_of(policy, team)
    return None if calendar is None else _of_calendar(policy, name, calendar)


def _of_calendar(policy: Policy, name: str | None, calendar: Calendar) -> PagingHours | None:
    hours = calendar.business_hours
    if hours is None:
        return None
    # The organisation's own calendar has always been taken as it is.
    lead = timing.ZERO if name is None else min(_on_the_way(policy), timing.MINUTE * (hours.end - hours.start - 1))
    holidays = calendar.holidays.closed if calendar.holidays else {}
    return PagingHours(
        calendar=name,
        opening=Opening(
            hours=replace(hours, end=hours.end - lead // timing.MINUTE),
            timezone=calendar.timezone,
            holidays=tuple(holidays),
        ),
        holidays=tuple(holidays.items()),
        lead=lead,
    )


def _on_the_way(policy: Policy) -> timedelta:
    """Return how long a page is on its way at the most once Alertmanager looked at the clock, in whole minutes."""
    ticks = [entry.group_interval or _LONGEST_TICK for entry in policy.severities.values()]
    return timing.whole(timing.on_the_way(timing.premises(policy.stack), max(ticks)), timing.MINUTE)


def held_back(policy: Policy, team: str | None, severity: SeverityPlan) -> tuple[Term, ...]:
    """Return what business hours add to the time until a team has the first page; empty where it is not held back."""
    paging = of(policy, team, severity.name)
    return paging.adds(severity) if paging else ()


def longest(policy: Policy, teams: Iterable[str], severity: SeverityPlan) -> tuple[Term, ...]:
    """Return what business hours add at the most for any of the teams."""
    return max((held_back(policy, team, severity) for team in teams), key=_length, default=())


def _length(terms: Iterable[Term]) -> timedelta:
    return sum((term.length for term in terms), timing.ZERO)


def read_back(plan: Plan, rule: AlertRule, active: Iterable[str], mute: Iterable[str]) -> tuple[Term, ...]:
    """Return what a route adds that notifies only in some time intervals, or not in others."""
    if not (*active, *mute):
        return ()
    severity = plan.severities[rule.severity]
    named = [plan.hours[name] for name in active if name in plan.hours]
    # Of intervals with other names it is found elsewhere that they differ.
    meant = named or [paging for paging in (of(plan.policy, rule.team, rule.severity),) if paging]
    return max((paging.adds(severity) for paging in meant or plan.hours.values()), key=_length, default=())


def by_clock(plan: Plan, at: Derived, active: Iterable[str]) -> timedelta:
    """Return a time since the condition became true as a clock shows it, also where the sum counts business hours.

    What is held back by a route that notifies in the intervals `active` alone leaves at the first tick in them.
    """
    if not any(term.name in (BEFORE_CLOSING, FIRST_TICK) for term in at.terms):
        return at.value
    closed = (business_hours.longest_closed(plan.hours[name].opening) for name in active if name in plan.hours)
    longest = max((one.length for one in closed if one), default=timing.ZERO)
    return longest + _length(term for term in at.terms if term.name not in HELD_BACK)


def used(policy: Policy, pairs: Iterable[tuple[str, Severity]]) -> Mapping[str, PagingHours]:
    """Return the hours that some team keeps for some severity, by the name of their time interval, sorted."""
    found = (of(policy, team, severity) for team, severity in pairs)
    return dict(sorted({paging.active: paging for paging in found if paging}.items()))
