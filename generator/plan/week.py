"""The hours of a week: which of them nobody covers, in minutes since Monday 00:00 and in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

Span = tuple[int, int]
"""Begin and end. It begins in the week, and may end in the next one."""

DAY = 24 * 60
WEEK = 7 * DAY
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def of_days(days: tuple[int, int] | None, start: int, length: int) -> tuple[Span, ...]:
    """Return the periods of `length` minutes from `start` on the days from first to last; None: every day."""
    first, last = days or (0, 6)
    numbers = [(first + number) % 7 for number in range((last - first) % 7 + 1)]
    return tuple((day * DAY + start, day * DAY + start + length) for day in numbers)


def uncovered(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Return the gaps in a week, by their beginning; a gap that spans Sunday midnight is one gap."""
    gaps: list[Span] = []
    covered = 0
    folded = [part for begin, end in spans for part in ((begin, end), (begin - WEEK, end - WEEK))]
    for begin, end in (*sorted(folded), (WEEK, WEEK)):
        if begin > covered:
            gaps.append((covered, min(begin, WEEK)))
        covered = max(covered, end)
        if covered >= WEEK:
            break
    if len(gaps) > 1 and gaps[0][0] == 0 and gaps[-1][1] == WEEK:
        gaps[-1] = (gaps[-1][0], WEEK + gaps.pop(0)[1])
    return tuple(gaps)


def clock(minute: int) -> str:
    """Return the time of day: `08:00`."""
    hour, minute = divmod(minute % DAY, 60)
    return f"{hour:02}:{minute:02}"


def moment(minute: int) -> str:
    """Return day and time: `Mon 08:00`."""
    return f"{DAYS[minute // DAY % 7]} {clock(minute)}"


def in_words(gaps: Iterable[Span]) -> str:
    """Return every gap: "from Mon 20:00 to Tue 08:00 and 4 more nights, and from Sat 20:00 to Mon 08:00"."""
    alike: dict[tuple[int, int], list[Span]] = {}
    for begin, end in gaps:
        alike.setdefault((begin % DAY, end - begin), []).append((begin, end))
    return ", and ".join(map(_alike, alike.values()))


def _alike(gaps: list[Span]) -> str:
    begin, end = gaps[0]
    if end - begin == WEEK:
        return "at any time"
    span = f"from {moment(begin)} to {moment(end)}"
    more = len(gaps) - 1
    if not more:
        return span
    part = "night" if begin // DAY != (end - 1) // DAY else "day"
    return f"{span} and {more} more {part}{'s' if more > 1 else ''}"
