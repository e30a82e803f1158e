"""Business hours by the calendar's clock: when people can be paged, and the longest time that they cannot."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from generator.plan import wall_clock, week

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.plan.week import Span
    from generator.policy.model import Hours

_FIRST, _LAST = date(2026, 1, 1), date(2037, 12, 31)
"""Where changes of clocks are looked for: with 2037 the tables of time zones end in rules that repeat."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """A period, in UTC, in which pages are held back."""

    begin: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        """The length of the period."""
        return self.end - self.begin


def closed_week(hours: Hours) -> tuple[Span, ...]:
    """Return the periods of a week in which pages are held back."""
    return week.uncovered(week.of_days(hours.days, hours.start, hours.end - hours.start))


@lru_cache(maxsize=16)
def longest_closed(hours: Hours, zone_name: str) -> Closed | None:
    """Return the first of the longest periods in which pages are held back; None where there is no such period.

    It is longer than in other weeks where clocks are set back meanwhile.
    """
    closed = closings(hours, zone_name, _FIRST, _LAST)
    return max(closed, key=lambda closed: closed.length, default=None)


@lru_cache(maxsize=16)
def shortest_open(hours: Hours, zone_name: str) -> timedelta | None:
    """Return the length of the shortest business hours, in which clocks may be set forward; None: always open."""
    closed = tuple(closings(hours, zone_name, _FIRST, _LAST))
    return min((later.begin - before.end for before, later in pairwise(closed)), default=None)


def opens(hours: Hours, zone_name: str, at: datetime) -> datetime:
    """Return the first instant from `at` on within business hours."""
    day = at.astimezone(ZoneInfo(zone_name)).date()
    # From one working day to the next it is a week at the most.
    near = closings(hours, zone_name, day - timedelta(days=9), day + timedelta(days=9))
    return next((closed.end for closed in near if closed.begin <= at < closed.end), at)


def closings(hours: Hours, zone_name: str, first: date, last: date) -> Iterator[Closed]:
    """Yield each period between business hours, from the first day with business hours to the last one."""
    zone = ZoneInfo(zone_name)
    closed_at = None
    for number in range((last - first).days + 1):
        day = datetime.combine(first + timedelta(days=number), time())
        if (day.weekday() - hours.days[0]) % 7 > (hours.days[1] - hours.days[0]) % 7:
            continue
        opened = wall_clock.instant(day + timedelta(minutes=hours.start), zone)
        closes = wall_clock.instant(day + timedelta(minutes=hours.end), zone)
        if opened == closes:
            continue  # the clock was set forward over them
        if closed_at is not None and closed_at < opened:
            yield Closed(begin=closed_at, end=opened.astimezone(timezone.utc))
        closed_at = closes
