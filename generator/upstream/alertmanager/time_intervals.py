"""When a route of Alertmanager is silent: time intervals as Alertmanager reads them.

Sources: Alertmanager's timeinterval/timeinterval.go (what an interval says, `ContainsTime`), notify/notify.go
(`TimeActiveStage`, `TimeMuteStage`).
"""

from __future__ import annotations

import calendar
import re
import zoneinfo
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from generator.diagnostics.diagnostic import EntryPath

Range = tuple[int, int]
"""The first and the last number of a range."""

_WEEKDAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_TIME = re.compile(r"(?:([01][0-9]|2[0-3]):([0-5][0-9])|(24):(00))", re.ASCII)
_NUMBER = re.compile(r"[+-]?[0-9]+", re.ASCII)


class UnknownPlace(ValueError):
    """The time zone is that of the machine on which Alertmanager runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A part of a time interval: the instants that meet all of its conditions.

    None is a condition that is not set, and allows every instant; an empty one allows none.
    """

    times: tuple[Range, ...] | None = None
    """Minutes of the day; the last one is excluded."""
    weekdays: tuple[Range, ...] | None = None
    """From 0, Sunday."""
    days_of_month: tuple[Range, ...] | None = None
    """From 1; negative ones count from the end of the month, -1 is its last day."""
    months: tuple[Range, ...] | None = None
    years: tuple[Range, ...] | None = None
    zone: zoneinfo.ZoneInfo

    def contains(self, instant: datetime) -> bool:
        """Return whether the instant (with a time zone) is in it."""
        local = instant.astimezone(self.zone)
        minute = local.hour * 60 + local.minute
        return (
            _in(self.years, local.year)
            and _in(self.months, local.month)
            and _in(self.weekdays, local.isoweekday() % 7)
            and (self.times is None or any(first <= minute < end for first, end in self.times))
            and (self.days_of_month is None or any(_has_day(days, local) for days in self.days_of_month))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeInterval:
    """An interval that routes name: the instants of all its spans."""

    name: str
    spans: tuple[Span, ...]
    where: EntryPath

    def contains(self, instant: datetime) -> bool:
        """Return whether the instant (with a time zone) is in it."""
        return any(span.contains(instant) for span in self.spans)


def silencing(
    active: tuple[str, ...], mute: tuple[str, ...], intervals: Mapping[str, TimeInterval], instant: datetime
) -> tuple[str, ...]:
    """Return the intervals that keep a route silent at an instant, as Alertmanager does; empty where it notifies.

    Raises KeyError where there is no such interval: Alertmanager does not load that.
    """
    if active and not any(intervals[name].contains(instant) for name in active):
        return active
    return tuple(name for name in mute if intervals[name].contains(instant))


def _in(ranges: tuple[Range, ...] | None, number: int) -> bool:
    return ranges is None or any(first <= number <= last for first, last in ranges)


def _has_day(days: Range, local: datetime) -> bool:
    length = days_in_month(local)
    first, last = (day if day > 0 else length + day + 1 for day in days)
    # A month that ends before the first day has none of them; one that ends before the last has fewer.
    return first <= length and first <= local.day <= min(last, length)


def days_in_month(local: datetime) -> int:
    """Return the days of the month as Alertmanager counts them: its hours divided by 24, rounded down.

    A month in which clocks are put forward has a day fewer: the 31st of March is in no range, and -1 is the 30th. Every
    release up to 0.34.0 does so (timeinterval.go, daysInMonth; pull request 5447 counts by the calendar).
    """
    begins = local.replace(day=1, hour=0, minute=0, second=0, microsecond=0, fold=0)
    last = calendar.monthrange(local.year, local.month)[1]
    ends = (begins.replace(day=last, tzinfo=None) + timedelta(days=1)).replace(tzinfo=local.tzinfo)
    return int((ends.timestamp() - begins.timestamp()) // 86400)


# ------------------------------------------------------------------------------------------- what is written


def times(start: str, end: str) -> Range:
    """Return the minutes of the day from `09:00` to before `17:30`; raises ValueError where a text is not a time."""
    first, last = _minute(start), _minute(end)
    if first >= last:
        raise ValueError("start time cannot be equal or greater than end time")
    return first, last


def _minute(text: str) -> int:
    match = _TIME.fullmatch(text)
    if match is None:
        raise ValueError(f"couldn't parse timestamp {text}, invalid format")
    hour, minute = filter(None, match.groups())
    return int(hour) * 60 + int(minute)


def weekdays(text: str) -> Range:
    """Return the days of `monday:friday`; raises ValueError where the text is not a range of them."""
    first, last = _ends(text, _weekday)
    if first > last:
        raise ValueError("start day cannot be before end day")
    return first, last


def days_of_month(text: str) -> Range:
    """Return the days of `1:15` or `-3:-1`; raises ValueError where the text is not a range of them."""
    first, last = _ends(text, _number)
    for day in (first, last):
        if day == 0 or abs(day) > 31:
            raise ValueError(f"{day} is not a valid day of the month: out of range")
    if first < 0 < last:
        raise ValueError("end day must be negative if start day is negative")
    # Alertmanager counts from the end of the shortest month here.
    shortest = [day if day > 0 else 28 + day for day in (first, last)]
    if shortest[0] > shortest[1]:
        raise ValueError(f"end day {last} is always before start day {first}")
    return first, last


def months(text: str) -> Range:
    """Return the months of `january:3`; raises ValueError where the text is no range. Alertmanager allows a 13th."""
    first, last = _ends(text, _month)
    if first > last:
        raise ValueError(f"end month {last} is before start month {first}")
    return first, last


def years(text: str) -> Range:
    """Return the years of `2026:2030`; raises ValueError where the text is not a range of them."""
    first, last = _ends(text, _number)
    if first > last:
        raise ValueError(f"end year {last} is before start year {first}")
    return first, last


READERS: Mapping[str, Callable[..., Range]] = {
    "times": times,
    "weekdays": weekdays,
    "days_of_month": days_of_month,
    "months": months,
    "years": years,
}
"""The function that parses the entries of each key of a time interval."""


def zone(name: str) -> zoneinfo.ZoneInfo:
    """Return the time zone; raises ValueError where there is none of this name, and UnknownPlace for `Local`."""
    if name == "Local":
        raise UnknownPlace("`Local` is the time zone of the machine that runs Alertmanager")
    try:
        return zoneinfo.ZoneInfo(name or "UTC")
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"unknown time zone {name}") from None


def _ends(text: str, read: Callable[[str], int]) -> Range:
    first, *more = text.lower().split(":")
    if len(more) > 1:
        raise ValueError(f"couldn't parse range {text.lower()}, invalid format")
    return read(first), read(more[0] if more else first)


def _number(text: str) -> int:
    if _NUMBER.fullmatch(text) is None:
        raise ValueError(f"`{text}` is not a number")
    return int(text)


def _weekday(text: str) -> int:
    return _position(text, _WEEKDAYS, "weekday")


def _month(text: str) -> int:
    return int(text) if _NUMBER.fullmatch(text) else _position(text, _MONTHS, "month") + 1


def _position(text: str, names: tuple[str, ...], kind: str) -> int:
    if text not in names:
        raise ValueError(f"{text} is not a valid {kind}")
    return names.index(text)
