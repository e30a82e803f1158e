"""Who is on call when: the timeline of a schedule, as PagerDuty makes it of layers.

Of the layers that count at an instant the last one wins. A layer counts from its first hand-over on, in the hours and
on the days that it names; its turns go on meanwhile, so that somebody may spend theirs outside of these hours. All of
it goes by the clock on the wall in the schedule's time zone: a turn from 09:00 to 09:00 stays one when clocks change.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, time, timedelta, timezone
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from generator.plan import wall_clock, week

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from generator.plan.week import Span
    from generator.policy.model import Layer, Schedule

_DAY = timedelta(days=1)
_WEEK = 7 * 86400


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A period, in UTC, with one person on call; None: nobody is on call."""

    begin: datetime
    end: datetime
    person: str | None


def on_call(schedule: Schedule, at: datetime) -> str | None:
    """Return the person on call at an instant, None where nobody is."""
    return _on_call(_begun(schedule), wall_clock.reached(at, ZoneInfo(schedule.timezone)))


def _begun(schedule: Schedule) -> tuple[tuple[Layer, datetime], ...]:
    """Return the layers with their first hand-overs, the one that wins first."""
    return tuple((layer, first_hand_over(layer)) for layer in reversed(tuple(schedule.layers.values())))


def _on_call(layers: Iterable[tuple[Layer, datetime]], shown: datetime) -> str | None:
    for layer, begun in layers:
        if shown >= begun and _counts(layer, shown):
            return layer.rotation[(shown - begun) // layer.turn % len(layer.rotation)]
    return None


def stretches(schedule: Schedule, begin: datetime, end: datetime) -> tuple[Stretch, ...]:
    """Return the on-call periods between two instants, without gaps; neighbours have different people."""
    zone = ZoneInfo(schedule.timezone)
    begin, end = begin.astimezone(timezone.utc), end.astimezone(timezone.utc)
    shown = {edge for layer in schedule.layers.values() for edge in _edges(layer, begin, end)}
    instants = {wall_clock.instant(edge, zone) for edge in shown}
    stretches: list[Stretch] = []
    layers = _begun(schedule)
    for edge in sorted({begin, *(instant for instant in instants if begin < instant < end)}):
        person = _on_call(layers, wall_clock.reached(edge, zone))
        if not stretches or stretches[-1].person != person:
            stretches.append(Stretch(begin=edge, end=end, person=person))
    return tuple(
        Stretch(
            begin=stretch.begin,
            end=stretches[number + 1].begin if number + 1 < len(stretches) else end,
            person=stretch.person,
        )
        for number, stretch in enumerate(stretches)
    )


def round_of(turns: Iterable[timedelta], most: timedelta) -> timedelta:
    """Return after how long rotations whose rounds take `turns` stand to one another and to the week as before.

    It is `most` where that takes longer: of awkward turns it takes more years than there are.
    """
    seconds = math.lcm(_WEEK, *(int(turn.total_seconds()) for turn in turns))
    # Compared as whole numbers: so many seconds may be more than a timedelta holds.
    return timedelta(seconds=seconds) if seconds < most.total_seconds() else most


def rounds(schedules: Iterable[Schedule]) -> Iterator[timedelta]:
    """Yield how long the rotation of each layer takes to come round."""
    for schedule in schedules:
        for layer in schedule.layers.values():
            yield layer.turn * len(layer.rotation)


def searched(schedules: Sequence[Schedule]) -> timedelta:
    """Return for how long to look at schedules until all is seen: a round, two years at least, since clocks change.

    It ends after 20 years, or after 10,000 turns of the quickest rotation.
    """
    quickest = min(layer.turn for schedule in schedules for layer in schedule.layers.values())
    least, most = timedelta(days=2 * 365), timedelta(days=20 * 365)
    return max(least, round_of(rounds(schedules), min(most, 10_000 * quickest)))


def weekly_gaps(schedules: Iterable[Schedule], held_back: Iterable[Span] = ()) -> tuple[Span, ...]:
    """Return the parts of the week in which no schedule, all of one time zone, has anybody on call.

    They hold once every layer has begun, whoever's turn it is. Nobody needs to be on call in what is `held_back`.
    """
    covered = [span for schedule in schedules for layer in schedule.layers.values() for span in hours(layer)]
    return week.uncovered([*covered, *held_back])


def hours(layer: Layer) -> tuple[Span, ...]:
    """Return the hours of the week in which the layer counts."""
    start, length = _daily(layer)
    return week.of_days(layer.days, start, length)


def begins(schedules: Iterable[Schedule]) -> datetime:
    """Return the instant from which all layers of the schedules are in force."""
    return max(
        wall_clock.instant(first_hand_over(layer), ZoneInfo(schedule.timezone))
        for schedule in schedules
        for layer in schedule.layers.values()
    )


def begins_first(schedule: Schedule) -> datetime:
    """Return the instant from which some layer of the schedule is in force."""
    zone = ZoneInfo(schedule.timezone)
    return min(wall_clock.instant(first_hand_over(layer), zone) for layer in schedule.layers.values())


def first_hand_over(layer: Layer) -> datetime:
    """Return the first hand-over on or after the layer's first day, by the clock in the schedule's time zone."""
    day = layer.start + (layer.hand_over_day - layer.start.weekday()) % 7 * _DAY
    return datetime.combine(day, time()) + timedelta(minutes=layer.hand_over_minute)


def people(schedule: Schedule) -> frozenset[str]:
    """Return every person in the rotation."""
    return frozenset(person for layer in schedule.layers.values() for person in layer.rotation)


def _daily(layer: Layer) -> Span:
    """Return when the layer's hours begin on each of its days, and how many minutes they last: a day at the most."""
    start, end = layer.daily or (0, week.DAY)
    return start, (end - start) % week.DAY or week.DAY


def _counts(layer: Layer, shown: datetime) -> bool:
    if layer.daily is None and layer.days is None:
        return True
    start, length = _daily(layer)
    # Hours that go past midnight are those of the day on which they began.
    since = (shown - datetime.combine(shown, time()) - timedelta(minutes=start)) % _DAY
    day = (shown - since).weekday()
    first, last = layer.days or (0, 6)
    return since < timedelta(minutes=length) and (day - first) % 7 <= (last - first) % 7


def _edges(layer: Layer, begin: datetime, end: datetime) -> Iterator[datetime]:
    """Yield each local time at which the on-call person of a layer may change."""
    # No zone is more than a day away from UTC.
    earliest, latest = begin.replace(tzinfo=None) - _DAY, end.replace(tzinfo=None) + _DAY
    turn = first_hand_over(layer)
    turn += max(0, (earliest - turn) // layer.turn) * layer.turn
    while turn <= latest:
        yield turn
        turn += layer.turn
    if layer.daily is None and layer.days is None:
        return
    start, length = _daily(layer)
    day = datetime.combine(earliest, time()) + timedelta(minutes=start) - _DAY
    while day <= latest:
        yield day
        yield day + timedelta(minutes=length)
        day += _DAY
