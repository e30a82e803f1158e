"""Business hours and holidays as time intervals of Alertmanager."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, timezone
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from generator.plan import wall_clock
from generator.upstream.alertmanager.time_intervals import Span, TimeInterval, days_in_month

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from generator.plan.paging_hours import PagingHours
    from generator.plan.plan import Plan

_UTC = ZoneInfo("UTC")
_DAY = timedelta(days=1)


def of_plan(plan: Plan) -> tuple[TimeInterval, ...]:
    """Return the time intervals that the routes name, those of the business hours first."""
    return of_hours(plan.hours.values())


def of_hours(hours: Collection[PagingHours]) -> tuple[TimeInterval, ...]:
    """Return the time intervals of business hours and of their holidays."""
    return (*map(_active, hours), *(mute for paging in hours if (mute := _mute(paging))))


def _active(paging: PagingHours) -> TimeInterval:
    hours = paging.opening.hours
    first, last = hours.days
    days = range(first, last + 1 if last >= first else last + 8)
    span = Span(
        times=((hours.start, hours.end),),
        # Alertmanager's week begins on Sunday.
        weekdays=tuple(((day + 1) % 7,) * 2 for day in days),
        zone=ZoneInfo(paging.opening.timezone),
    )
    return TimeInterval(name=paging.active, spans=(span,), where=(*paging.route, "business_hours"))


def _mute(paging: PagingHours) -> TimeInterval | None:
    if paging.mute is None:
        return None
    spans = tuple(_spans(paging.opening.holidays, ZoneInfo(paging.opening.timezone)))
    return TimeInterval(name=paging.mute, spans=spans, where=(*paging.route, "holidays"))


def _spans(days: Iterable[date], zone: ZoneInfo) -> Iterator[Span]:
    """Yield the holidays, those of one month together."""
    months: dict[tuple[int, int], list[date]] = {}
    for day in sorted(days):
        months.setdefault((day.year, day.month), []).append(day)
    for (year, month), in_month in months.items():
        # Alertmanager takes a month in which clocks are put forward for a day shorter, so that its last day is never.
        length = days_in_month(datetime(year, month, 1, tzinfo=zone))
        numbers = [day.day for day in in_month if day.day <= length]
        if numbers:
            yield Span(
                days_of_month=tuple(_ranges(numbers)), months=((month, month),), years=((year, year),), zone=zone
            )
        for day in in_month:
            if day.day > length:
                yield from _by_utc(day, zone)


def _by_utc(day: date, zone: ZoneInfo) -> Iterator[Span]:
    """Yield a day as the hours of UTC that it lasts: no month of UTC is shorter than it is."""
    midnight = datetime.combine(day, time())
    begin, end = (wall_clock.instant(at, zone).astimezone(timezone.utc) for at in (midnight, midnight + _DAY))
    while begin < end:
        next_day = datetime.combine(begin.date() + _DAY, time(), timezone.utc)
        until = min(end, next_day)
        minutes = (begin.hour * 60 + begin.minute, 24 * 60 if until == next_day else until.hour * 60 + until.minute)
        yield Span(
            times=(minutes,),
            days_of_month=((begin.day,) * 2,),
            months=((begin.month,) * 2,),
            years=((begin.year,) * 2,),
            zone=_UTC,
        )
        begin = until


def _ranges(numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Yield rising numbers as ranges: the first and the last of those that follow one another."""
    first = last = -1
    for number in numbers:
        if number != last + 1:
            if last > 0:
                yield first, last
            first = number
        last = number
    yield first, last
