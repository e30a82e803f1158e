"""The holidays of teams: days on which the business hours of their calendars are closed.

PagerDuty's schedules know none: whoever is on call on such a day stays so, by whatever hours.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from generator.plan import paging_hours

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from generator.plan.plan import Plan
    from generator.policy.model import Policy


def of(policy: Policy, teams: Iterable[str]) -> Mapping[date, str]:
    """Return the names of the holidays of some teams, by their day.

    Of several calendars the name says whose it is: `Epiphany (zurich)`; the organisation's own has no name.
    """
    calendars = dict(paging_hours.calendar_of(policy, team) for team in teams)
    names: dict[date, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for calendar, entry in calendars.items():
        if entry and entry.holidays:
            for day, name in entry.holidays.closed.items():
                names[day][name].append(calendar or "the organisation")
    alone = len(calendars) == 1
    return {
        day: ", ".join(name if alone else f"{name} ({', '.join(sorted(of))})" for name, of in named.items())
        for day, named in sorted(names.items())
    }


def of_schedules(plan: Plan) -> Mapping[str, Mapping[date, str]]:
    """Return the holidays of the teams that are paged by each schedule, by its name."""
    teams: dict[str, set[str]] = defaultdict(set)
    for chain in plan.escalations:
        for step in chain.steps:
            for target in step.targets:
                if target.kind == "schedule":
                    teams[target.name].update(chain.teams)
    return {name: of(plan.policy, sorted(some)) for name, some in teams.items()}
