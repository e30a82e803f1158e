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
class Opening:
    """Hours of some days of the week, by the clock of a time zone, but for holidays."""

    hours: Hours
    timezone: str
    holidays: tuple[date, ...]

    def is_on(self, day: date) -> bool:
        """Return whether there are such hours on a day."""
        first, last = self.hours.days
        return (day.weekday() - first) % 7 <= (last - first) % 7 and day not in self.holidays


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
    """Return the periods of a week without holidays in which pages are held back."""
    return week.uncovered(week.of_days(hours.days, hours.start, hours.end - hours.start))


@lru_cache(maxsize=64)
def longest_closed(opening: Opening) -> Closed | None:
    """Return the first of the longest periods in which pages are held back; None where there is no such period.

    It is longer than in other weeks where clocks are set back meanwhile, or there are holidays.
    """
    return max(_all(opening), key=lambda closed: closed.length, default=None)


@lru_cache(maxsize=64)
def shortest_open(opening: Opening) -> timedelta | None:
    """Return the length of the shortest business hours, in which clocks may be set forward; None: always open."""
    return min((later.begin - before.end for before, later in pairwise(_all(opening))), default=None)


@lru_cache(maxsize=64)
def longest_span(opening: Opening, worked: timedelta) -> Closed:
    """Return the first of the longest times by the clock in which business hours of the length `worked` pass.

    It begins where it takes longest: at an instant at which business hours end, or where fewer than that are left.
    """
    closed = _all(opening)
    if not closed:
        begin = datetime.combine(_FIRST, time(), timezone.utc)
        return Closed(begin=begin, end=begin + worked)
    spans = (_span(closed, number, worked) for number in range(len(closed)))
    return max((span for span in spans if span), key=lambda span: span.length)


def _span(closed: tuple[Closed, ...], number: int, worked: timedelta) -> Closed | None:
    """Return the time from where a period begins until `worked` has passed; None where the years end before that."""
    left, begin = worked, closed[number].begin
    for period, later in zip(closed[number:], closed[number + 1 :], strict=False):
        if left <= later.begin - period.end:
            return Closed(begin=begin, end=period.end + left)
        left -= later.begin - period.end
    return None


@lru_cache(maxsize=64)
def _all(opening: Opening) -> tuple[Closed, ...]:
    first = min((_FIRST, *opening.holidays[:1]))
    return tuple(closings(opening, first, max((_LAST, *opening.holidays[-1:]))))


def opens(opening: Opening, at: datetime) -> datetime:
    """Return the first instant from `at` on within business hours."""
    day = at.astimezone(ZoneInfo(opening.timezone)).date()
    # From one working day to the next it is a week at the most, and one more for each holiday.
    near = timedelta(days=9 + 7 * len(opening.holidays))
    periods = closings(opening, day - near, day + near)
    return next((closed.end for closed in periods if closed.begin <= at < closed.end), at)


def closings(opening: Opening, first: date, last: date) -> Iterator[Closed]:
    """Yield each period between business hours, from the first day with business hours to the last one."""
    for before, later in pairwise(openings(opening, first, last)):
        yield Closed(begin=before[1], end=later[0])


def openings(opening: Opening, first: date, last: date) -> Iterator[tuple[datetime, datetime]]:
    """Yield when business hours begin and end, in UTC, from the first day to the last one; none follows at once."""
    zone = ZoneInfo(opening.timezone)
    period: tuple[datetime, datetime] | None = None
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        if opening.is_on(day):
            midnight = datetime.combine(day, time())
            opened = wall_clock.instant(midnight + timedelta(minutes=opening.hours.start), zone)
            closes = wall_clock.instant(midnight + timedelta(minutes=opening.hours.end), zone)
            if opened == closes:  # the clock was set forward over them
                continue
            if period and period[1] < opened:
                yield period
                period = None
            period = (period[0] if period else opened, closes)
    if period:
        yield period
