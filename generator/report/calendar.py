"""Who is on call in the weeks to come, and when nobody is."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta, timezone
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from generator.diagnostics.wording import first_few, listed
from generator.plan import holidays, oncall, rota, wall_clock, week

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from generator.plan.plan import Plan
    from generator.plan.rota import Stretch
    from generator.policy.model import Policy, Schedule

WEEKS = 4
_DAYS = 7 * WEEKS
SCHEDULES = 24
"""At most this many schedules are drawn, those with gaps first."""
COLORS = 8
DAY, HEIGHT = 39, 48
"""Pixels: the width of a day and the height of its 24 hours."""
_LETTER = 6.8
_SHIFTS = 14
"""A schedule with more shifts than this is listed by hours of the day."""
_GAPS = 20
"""At most this many gaps are listed one by one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A rectangle, in pixels: the same hours of consecutive days of one person; `color` None: nobody is on call."""

    x: float
    y: float
    width: float
    height: float
    label: str
    tooltip: str
    color: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Holiday:
    """A day on which the business hours of a team are closed; PagerDuty's schedules know none."""

    x: float
    name: str
    """With its day, in full: `Fri 25 Dec, Christmas Day`."""
    on_call: str
    """Who is on call then all the same; empty: nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A schedule, as the calendar draws it and as its tables list it."""

    name: str
    title: str
    zone: str
    paged_by: str
    """Which chains page it; empty where none does."""
    blocks: tuple[Block, ...]
    shifts: tuple[tuple[str, str], ...]
    """When, and who."""
    gaps: tuple[str, ...]
    weekly: str
    """The hours of every week that nobody covers, in words; empty where there are none."""
    holidays: tuple[Holiday, ...]
    """Of the teams that it is paged for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """How many whole hours a person is on call in these weeks, and in which schedules."""

    name: str
    hours: int
    schedules: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """The weeks from `begin`, a Monday or whichever day was asked for."""

    begin: date
    end: date
    """The last day."""
    rows: tuple[Row, ...]
    left_out: int
    carried: tuple[Carried, ...]
    gaps: int
    """Times without anybody on call, on schedules that some chain pages."""
    days: tuple[tuple[float, str, bool], ...]
    """Where each day begins, its number in the month, and whether it is a Saturday or Sunday."""
    weeks: tuple[tuple[float, str], ...]
    holidays: tuple[tuple[str, tuple[str, ...]], ...]
    """Each holiday of a team that some schedule is paged for, and who is on call then."""
    day: int = DAY
    height: int = HEIGHT


def monday(at: datetime, policy: Policy) -> date:
    """Return the first day of the week of an instant, by the policy's calendar."""
    day = at.astimezone(ZoneInfo(policy.calendar.timezone if policy.calendar else "UTC")).date()
    return day - timedelta(days=day.weekday())


def calendar(plan: Plan, begin: date) -> Calendar:
    """Return who is on call in the four weeks from `begin`."""
    policy = plan.policy
    paging = _paging(plan)
    closed = holidays.of_schedules(plan)
    colors = {person: number % COLORS for number, person in enumerate(policy.people)}
    rows, spans = [], defaultdict(list)
    for name, schedule in policy.schedules.items():
        zone = ZoneInfo(schedule.timezone)
        from_, to = (
            wall_clock.instant(datetime.combine(day, time()), zone) for day in (begin, begin + timedelta(_DAYS))
        )
        stretches = rota.stretches(schedule, from_, to)
        for stretch in stretches:
            if stretch.person is not None and name in paging:
                spans[stretch.person].append((name, stretch))
        row = _row(policy, name, schedule, stretches, begin, paging.get(name, ()), colors)
        rows.append(replace(row, holidays=tuple(_holidays(policy, closed.get(name, {}), stretches, zone, begin))))
    # Where not all are drawn, those with gaps come first.
    chosen = (
        rows if len(rows) <= SCHEDULES else sorted(rows, key=lambda row: (not row.gaps, not row.paged_by))[:SCHEDULES]
    )
    days = [begin + timedelta(number) for number in range(_DAYS)]
    return Calendar(
        begin=begin,
        end=days[-1],
        rows=tuple(chosen),
        left_out=len(rows) - len(chosen),
        carried=tuple(sorted(_loads(policy, spans), key=lambda load: (-load.hours, load.name))),
        gaps=sum(len(row.gaps) for row in rows if row.paged_by),
        days=tuple((float(number * DAY), str(day.day), day.weekday() > 4) for number, day in enumerate(days)),
        weeks=tuple((float(number * DAY), _day(day)) for number, day in enumerate(days) if not number % 7),
        holidays=tuple(_listed(rows)),
    )


def _listed(rows: Iterable[Row]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield each holiday by its day, and who is on call in which schedules."""
    found: dict[tuple[float, str], list[str]] = defaultdict(list)
    for row in rows:
        for holiday in row.holidays:
            found[holiday.x, holiday.name].append(f"{holiday.on_call or 'nobody'} in {row.name}")
    yield from ((name, tuple(on_call)) for (_, name), on_call in sorted(found.items()))


def _paging(plan: Plan) -> Mapping[str, tuple[str, ...]]:
    """Return the chains that page each schedule."""
    paging: dict[str, dict[str, None]] = defaultdict(dict)
    for chain in plan.escalations:
        if oncall.pages(plan.policy, chain.chain, chain.severity):
            for step in chain.steps:
                for target in step.targets:
                    if target.kind == "schedule":
                        paging[target.name][chain.chain] = None
    return {name: tuple(chains) for name, chains in paging.items()}


def _row(
    policy: Policy,
    name: str,
    schedule: Schedule,
    stretches: tuple[Stretch, ...],
    begin: date,
    chains: Sequence[str],
    colors: Mapping[str, int],
) -> Row:
    zone = ZoneInfo(schedule.timezone)
    pieces = list(_pieces(stretches, zone, begin))
    gaps = [
        f"{_moment(stretch.begin, zone)} to {_moment(stretch.end, zone)}"
        for stretch in stretches
        if stretch.person is None
    ]
    more = len(gaps) - _GAPS
    if len(stretches) <= _SHIFTS:
        shifts = [
            (f"{_moment(stretch.begin, zone)} to {_moment(stretch.end, zone)}", _who(policy, stretch.person))
            for stretch in stretches
        ]
    else:
        shifts = [(_when(piece, begin), _who(policy, piece.person)) for piece in pieces]
    return Row(
        name=name,
        title=schedule.title or "",
        zone=schedule.timezone,
        paged_by=first_few(chains, 3),
        blocks=tuple(_block(policy, piece, begin, colors) for piece in pieces),
        shifts=tuple(shifts),
        gaps=(*gaps[:_GAPS], *((f"and {more} more",) if more > 0 else ())),
        weekly=week.in_words(rota.weekly_gaps([schedule])),
        holidays=(),
    )


def _holidays(
    policy: Policy, closed: Mapping[date, str], stretches: Iterable[Stretch], zone: ZoneInfo, begin: date
) -> Iterator[Holiday]:
    """Yield the holidays of these weeks, with whoever is on call at any hour of them."""
    for number in range(_DAYS):
        day = begin + timedelta(number)
        if day not in closed:
            continue
        first, last = (wall_clock.instant(datetime.combine(day + timedelta(add), time()), zone) for add in (0, 1))
        on_call = {
            _who(policy, one.person): None
            for one in stretches
            if one.person is not None and one.begin < last and first < one.end
        }
        yield Holiday(x=float(number * DAY), name=f"{_day(day)}, {closed[day]}", on_call=listed(list(on_call)))


# ------------------------------------------------------------------------------------------- hours of days


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    """The same hours, in minutes of the day, of consecutive days, by their number from the first one."""

    day: int
    days: int
    start: int
    end: int
    person: str | None


def _pieces(stretches: Iterable[Stretch], zone: ZoneInfo, begin: date) -> Iterator[_Piece]:
    """Yield the hours of each day by first day and hour; the same hours of consecutive days are one piece."""
    runs: dict[tuple[int, int, str | None], list[tuple[int, int]]] = {}
    for stretch in stretches:
        first, last = (at.astimezone(zone).replace(tzinfo=None) for at in (stretch.begin, stretch.end))
        for number in range(_DAYS):
            midnight = datetime.combine(begin + timedelta(number), time())
            start, end = max(first, midnight), min(last, midnight + timedelta(days=1))
            if start >= end:
                continue
            hours = (_minutes(start - midnight), _minutes(end - midnight), stretch.person)
            run = runs.setdefault(hours, [])
            if run and run[-1][0] + run[-1][1] == number:
                run[-1] = (run[-1][0], run[-1][1] + 1)
            else:
                run.append((number, 1))
    pieces = [
        _Piece(day=day, days=days, start=start, end=end, person=person)
        for (start, end, person), run in runs.items()
        for day, days in run
    ]
    yield from sorted(pieces, key=lambda piece: (piece.day, piece.start))


def _minutes(length: timedelta) -> int:
    return int(length.total_seconds() // 60)


def _block(policy: Policy, piece: _Piece, begin: date, colors: Mapping[str, int]) -> Block:
    width, height = piece.days * DAY, (piece.end - piece.start) / week.DAY * HEIGHT
    who = _who(policy, piece.person)
    return Block(
        x=float(piece.day * DAY),
        y=round(piece.start / week.DAY * HEIGHT, 1),
        width=float(width),
        height=round(height, 1),
        label=_fitting(who, width - 6) if height >= 12 else "",
        tooltip=f"{who}: {_when(piece, begin)}",
        color=None if piece.person is None else colors.get(piece.person, 0),
    )


def _fitting(name: str, width: float) -> str:
    """Return what fits of a name: all of it, the first word, or the initials; else nothing."""
    words = name.split() or [""]
    for label in (name, words[0], "".join(word[:1] for word in words)):
        if len(label) * _LETTER <= width:
            return label
    return ""


def _who(policy: Policy, person: str | None) -> str:
    return "nobody" if person is None else policy.people[person].name


def _when(piece: _Piece, begin: date) -> str:
    first, last = begin + timedelta(piece.day), begin + timedelta(piece.day + piece.days - 1)
    days = _day(first) if first == last else f"{_day(first)} to {_day(last)}"
    if piece.end - piece.start == week.DAY:
        return f"{days}, all day"
    end = "24:00" if piece.end == week.DAY else week.clock(piece.end)
    return f"{days}, {week.clock(piece.start)} to {end}"


def _day(day: date) -> str:
    return f"{week.DAYS[day.weekday()]} {day.day} {_MONTHS[day.month - 1]}"


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# Not strftime: it speaks the language of the machine.


def _moment(at: datetime, zone: ZoneInfo) -> str:
    shown = at.astimezone(zone)
    return f"{_day(shown.date())} {shown.hour:02}:{shown.minute:02}"


def _loads(policy: Policy, spans: Mapping[str, list[tuple[str, Stretch]]]) -> Iterator[Carried]:
    """Yield how long each person is on call; hours on two schedules at once count once."""
    for person, shifts in spans.items():
        total, reached = timedelta(), datetime.min.replace(tzinfo=timezone.utc)
        for stretch in sorted((stretch for _, stretch in shifts), key=lambda stretch: stretch.begin):
            total += max(timedelta(), stretch.end - max(stretch.begin, reached))
            reached = max(reached, stretch.end)
        yield Carried(
            name=policy.people[person].name,
            hours=round(total / timedelta(hours=1)),
            schedules=tuple(dict.fromkeys(name for name, _ in shifts)),
        )
