"""Who is on call when: every minute of schedules made at random, also where clocks change."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta, timezone
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from generator.checks.plan import same_person
from generator.plan import rota, wall_clock, week
from generator.policy.model import Layer, Responder, Schedule
from tests import seeds
from tests.compiling import EXCHANGE, compiled

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)

# Where the clock goes by an hour, by half of one, over midnight, on other days, or never changes.
ZONES = ("Europe/Zurich", "America/New_York", "Australia/Lord_Howe", "America/Havana", "Africa/Cairo", "Asia/Tokyo")
NIGHTS = (
    date(2026, 3, 6),
    date(2026, 3, 27),
    date(2026, 4, 3),
    date(2026, 4, 23),
    date(2026, 10, 23),
    date(2026, 10, 30),
)
"""Some clock of these zones changes within three days."""

minutes = some.one_of(some.sampled_from([0, 60, 90, 120, 150, 180, 1439]), some.integers(0, 1439))
ranges = some.one_of(some.none(), some.tuples(minutes, some.one_of(minutes, some.just(1440))))
day_ranges = some.one_of(some.none(), some.tuples(some.integers(0, 6), some.integers(0, 6)))
turns = some.sampled_from([timedelta(hours=1), timedelta(hours=5), timedelta(hours=12), DAY, 2 * DAY, 7 * DAY])


@some.composite
def schedules(draw, nights=NIGHTS):
    """A schedule, and the day on which looking at it begins."""
    begin = draw(some.sampled_from(nights))
    layers = draw(
        some.lists(
            some.builds(
                Layer,
                start=some.integers(-20, 2).map(lambda days: begin + days * DAY),
                hand_over_day=some.integers(0, 6),
                hand_over_minute=minutes,
                turn=turns,
                rotation=some.lists(some.sampled_from(["ana", "bo", "cy"]), min_size=1, max_size=3).map(tuple),
                daily=ranges,
                days=day_ranges,
            ),
            min_size=1,
            max_size=3,
        )
    )
    numbered = {f"layer-{number}": layer for number, layer in enumerate(layers)}
    return Schedule(title=None, timezone=draw(some.sampled_from(ZONES)), layers=numbered), begin


def every_minute(zone: str, begin: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Yield each instant with the latest minute that a clock has shown until then, watched from days before on."""
    at = begin - 2 * DAY
    latest = at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    while at < end:
        latest = max(latest, at.astimezone(ZoneInfo(zone)).replace(tzinfo=None))
        if at >= begin:
            yield at, latest
        at += MINUTE


def slowly(schedule: Schedule, shown: datetime) -> str | None:
    """Return who is on call, counting turn by turn and day by day."""
    person = None
    for layer in schedule.layers.values():
        hand_over = datetime.combine(layer.start, time()) + layer.hand_over_minute * MINUTE
        while hand_over.weekday() != layer.hand_over_day:
            hand_over += DAY
        if shown < hand_over or not within(layer, shown):
            continue
        turn = 0
        while hand_over + layer.turn <= shown:
            hand_over += layer.turn
            turn += 1
        person = layer.rotation[turn % len(layer.rotation)]
    return person


def within(layer: Layer, shown: datetime) -> bool:
    first, last = layer.days or (0, 6)
    days = {first}
    while first != last:
        first = (first + 1) % 7
        days.add(first)
    start, end = layer.daily or (0, 1440)
    for midnight in (datetime.combine(shown, time()) - days_ago * DAY for days_ago in (0, 1)):
        ends = midnight + end * MINUTE + (DAY if end <= start else 0 * DAY)
        if midnight.weekday() in days and midnight + start * MINUTE <= shown < ends:
            return True
    return False


def utc(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=timezone.utc)


@settings(max_examples=seeds.many(15, 50))
@given(schedules())
def test_every_minute_is_as_if_counted_by_hand(made):
    schedule, day = made
    begin, end = utc(day), utc(day) + 3 * DAY
    found = rota.stretches(schedule, begin, end)
    assert (found[0].begin, found[-1].end) == (begin, end)
    assert all(one.end == after.begin and one.person != after.person for one, after in pairwise(found))
    remaining = iter(found)
    stretch = next(remaining)
    for at, shown in every_minute(schedule.timezone, begin, end):
        while at >= stretch.end:
            stretch = next(remaining)
        assert stretch.person == slowly(schedule, shown), (at, shown)


@settings(max_examples=seeds.many(20, 80))
@given(schedules(), some.integers(0, 4 * 24 * 60))
def test_one_instant_says_the_same_as_the_timeline(made, minute):
    schedule, day = made
    at = utc(day) + minute * MINUTE
    found = rota.stretches(schedule, utc(day), utc(day) + 5 * DAY)
    assert [one.person for one in found if one.begin <= at < one.end] == [rota.on_call(schedule, at)]


@settings(max_examples=seeds.many(15, 50))
@given(schedules())
def test_the_gaps_of_a_week_are_those_of_every_week(made):
    schedule, day = made
    gaps = rota.weekly_gaps([schedule])
    begin = max(rota.begins([schedule]), utc(day))
    for at, shown in every_minute(schedule.timezone, begin, begin + 3 * DAY):
        minute = shown.weekday() * 1440 + shown.hour * 60 + shown.minute
        gap = any(first <= minute < last or first <= minute + week.WEEK < last for first, last in gaps)
        assert gap == (rota.on_call(schedule, at) is None), (at, shown)


@given(
    some.sampled_from(ZONES),
    some.sampled_from(NIGHTS),
    some.integers(0, 5 * 86400),
    some.integers(0, 5 * 86400),
)
def test_a_clock_has_reached_what_it_has_shown(zone_name, day, seconds, other):
    zone = ZoneInfo(zone_name)
    at = utc(day) + timedelta(seconds=seconds)
    shown = utc(day).replace(tzinfo=None) + timedelta(seconds=other)
    assert (wall_clock.instant(shown, zone) <= at) == (shown <= wall_clock.reached(at, zone))


@pytest.mark.parametrize(
    ("at", "person"),
    [
        ("2026-12-24T03:00+01:00", "dina"),
        ("2026-12-24T07:59+01:00", "dina"),
        ("2026-12-24T08:00+01:00", "ana"),
        ("2026-12-28T07:59+01:00", "dina"),
        ("2026-12-28T08:00+01:00", "bo"),
        ("2026-12-28T20:00+01:00", "emil"),
        ("2026-10-25T07:59+01:00", "emil"),  # the night on which clocks are set back
        ("2026-10-25T08:00+01:00", "bo"),
        ("2026-03-29T07:59+02:00", "emil"),  # and the one on which they are set forward
        ("2026-03-29T08:00+02:00", "bo"),
        ("2026-01-05T07:59+01:00", None),  # before the first hand-over
        ("2026-01-05T08:00+01:00", "ana"),
        ("2026-01-05T20:00+01:00", "dina"),
    ],
)
def test_the_first_to_be_called_for_trading(at, person):
    schedule = compiled(EXCHANGE).plan.policy.schedules["trading-primary"]
    assert rota.on_call(schedule, datetime.fromisoformat(at)) == person


@settings(max_examples=seeds.many(10, 80))
@given(schedules([date(2026, 5, 1)]), schedules([date(2026, 5, 1)]))
def test_the_first_time_that_two_steps_page_one_person_is_found(first, second):
    policy = Chains({"a": first[0], "b": second[0]})
    repeat = same_person._first_repeat(policy, [Responder("schedule", "a")], [Responder("schedule", "b")])
    begun = rota.begins(policy.schedules.values())
    found = None
    for number in range(4 * 24 * 60):
        at = begun + number * MINUTE
        people = [rota.on_call(schedule, at) for schedule in policy.schedules.values()]
        if people[0] is not None and people[0] == people[1]:
            found = at, people[0]
            break
    if found:
        assert repeat is not None
        assert (repeat.begin, repeat.people) == (found[0], (found[1],))
    else:
        assert repeat is None or repeat.begin is None or repeat.begin >= begun + 4 * DAY


def test_two_steps_that_meet_after_years_are_found():
    """Of 11 and 13 people the same one has both turns for the first time after 132 weeks."""
    chosen = compiled(EXCHANGE).plan.policy.schedules["trading-secondary"]
    (layer,) = chosen.layers.values()

    def schedule(name, people, at):
        rotation = tuple("ana" if number == at else f"{name}{number}" for number in range(people))
        return replace(chosen, layers={"all": replace(layer, rotation=rotation)})

    policy = Chains({"a": schedule("a", 11, 0), "b": schedule("b", 13, 2)})
    repeat = same_person._first_repeat(policy, [Responder("schedule", "a")], [Responder("schedule", "b")])
    begun = rota.begins(policy.schedules.values())
    most = timedelta(days=20 * 365)
    assert rota.round_of(rota.rounds(policy.schedules.values()), most) == timedelta(weeks=143)
    assert repeat is not None
    zone = ZoneInfo(chosen.timezone)
    assert repeat.begin.astimezone(zone) - begun.astimezone(zone) == timedelta(weeks=132)
    assert repeat.people == ("ana",)


def test_rotations_that_never_come_round_are_searched_for_as_long_as_it_pays():
    """The least common multiple of such turns is more seconds than a timedelta holds."""
    minutes = [turn * people for turn, people in ((61, 7), (67, 11), (71, 13), (73, 17), (79, 19), (83, 23))]
    assert rota.round_of([timedelta(minutes=each) for each in minutes], 9 * DAY) == 9 * DAY
    chosen = compiled(EXCHANGE).plan.policy.schedules["trading-secondary"]
    (layer,) = chosen.layers.values()
    layers = {
        str(people): replace(layer, turn=timedelta(minutes=turn), rotation=tuple(map(str, range(people))))
        for turn, people in ((61, 7), (67, 11), (71, 13), (73, 17))
    }
    quick = replace(chosen, layers=layers)
    assert rota.searched([quick]) == 2 * 365 * DAY
    slow = replace(chosen, layers={"all": replace(layer, turn=7 * DAY, rotation=tuple(map(str, range(1999))))})
    assert rota.searched([slow]) == 20 * 365 * DAY


class Chains:
    """Of a policy what the search reads."""

    def __init__(self, schedules: dict[str, Schedule]) -> None:
        self.schedules = schedules


@pytest.mark.parametrize(
    ("spans", "said"),
    [
        ([(0, 10080)], ""),
        ([], "at any time"),
        (week.of_days(None, 480, 720), "from Mon 20:00 to Tue 08:00 and 6 more nights"),
        (
            week.of_days((0, 5), 480, 720),
            "from Mon 20:00 to Tue 08:00 and 4 more nights, and from Sat 20:00 to Mon 08:00",
        ),
        (week.of_days((4, 0), 0, 1440), "from Tue 00:00 to Fri 00:00"),
        (week.of_days(None, 1200, 1380), "from Mon 19:00 to Mon 20:00 and 6 more days"),
        (week.of_days((0, 5), 1200, 1440), "from Sun 20:00 to Mon 20:00"),
        (week.of_days((1, 1), 0, 1440), "from Wed 00:00 to Tue 00:00"),
    ],
)
def test_gaps_in_words(spans, said):
    assert week.in_words(week.uncovered(spans)) == said
