"""Calendars, days and times of day: from checked YAML data to the model."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from generator.diagnostics.diagnostic import Diagnostic, PolicyPath
from generator.policy import duration, time_zones
from generator.policy.load_codes import POL210, POL212, POL213
from generator.policy.model import Calendar, Holidays, Hours, Sprint

if TYPE_CHECKING:
    from collections.abc import Mapping

    Data = Mapping[str, Any]

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_YEARS = range(2000, 2200)
"""Beyond them sums with days and weeks leave what calendars and PagerDuty know."""


def calendar(route: PolicyPath, entry: Data, findings: list[Diagnostic]) -> Calendar:
    """Return the calendar that `entry`, valid by the schema, writes down; add to `findings` what is wrong with it."""
    business, sprint, holidays = entry.get("business_hours"), entry.get("sprint"), entry.get("holidays")
    return Calendar(
        timezone=timezone(entry["timezone"], (*route, "timezone"), findings),
        business_hours=_hours((*route, "business_hours", "hours"), business, findings) if business else None,
        holidays=_holidays((*route, "holidays"), holidays, findings) if holidays else None,
        sprint=_sprint((*route, "sprint"), sprint, findings) if sprint else None,
    )


def date_of(text: str, route: PolicyPath, findings: list[Diagnostic], *, on_key: bool = False) -> date:
    """Return the day; POL210 where there is none such."""
    wrong = f"the year of {text} is not between {_YEARS[0]} and {_YEARS[-1]}"
    try:
        day = date.fromisoformat(text)
        if day.year in _YEARS:
            return day
    except ValueError:
        wrong = f"there is no day {text}"
    findings.append(
        Diagnostic(
            code=POL210.name,
            message=wrong,
            route=route,
            on_key=on_key,
            help="write an existing day as year-month-day, for example 2026-01-05",
        )
    )
    return date(2000, 1, 3)


def timezone(name: str, route: PolicyPath, findings: list[Diagnostic]) -> str:
    """Return the name of a time zone; POL211 where there is none such."""
    findings.extend(time_zones.check(name, route))
    return name


def minutes(text: str) -> int:
    """Return the minutes since midnight of `09:30`."""
    return int(text[:2]) * 60 + int(text[3:5])


def clock_range(text: str) -> tuple[int, int]:
    """Return the minutes since midnight of `09:00-18:00`."""
    start, end = text.split("-")
    return minutes(start), minutes(end)


def day_range(text: str) -> tuple[int, int]:
    """Return the first and the last day of `Mon-Fri`, Monday is 0."""
    first, _, last = text.partition("-")
    return WEEKDAYS.index(first), WEEKDAYS.index(last or first)


def _hours(route: PolicyPath, entry: Data, findings: list[Diagnostic]) -> Hours:
    start, end = clock_range(entry["hours"])
    if start >= end:
        findings.append(
            Diagnostic(
                code=POL212.name,
                message=f"business hours end before they begin: {entry['hours']}",
                route=route,
                help="write them within one day, for example 09:00-18:00",
            )
        )
    return Hours(days=day_range(entry["days"]), start=start, end=end)


def _holidays(route: PolicyPath, entry: Data, findings: list[Diagnostic]) -> Holidays:
    of = entry.get("of", ())
    return Holidays(
        of=(of,) if isinstance(of, str) else tuple(of),
        through=entry.get("through"),
        days=_days((*route, "days"), entry.get("days", {}), findings),
        own=_days((*route, "own"), entry.get("own", {}), findings),
    )


def _days(route: PolicyPath, entry: Data, findings: list[Diagnostic]) -> dict[date, str]:
    return {date_of(day, (*route, day), findings, on_key=True): name for day, name in entry.items()}


def _sprint(route: PolicyPath, entry: Data, findings: list[Diagnostic]) -> Sprint:
    length = duration.parse(entry["length"])
    if not length or length % timedelta(days=1):
        findings.append(
            Diagnostic(
                code=POL213.name,
                message=f"a sprint of {entry['length']} is not a number of whole days",
                route=(*route, "length"),
                help="write whole days, for example 14d",
            )
        )
        length = timedelta(days=14)
    return Sprint(length=length, starts=date_of(entry["starts"], (*route, "starts"), findings))
