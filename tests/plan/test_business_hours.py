"""The longest time in which pages are held back, where clocks change and where they do not."""

from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from generator.plan import business_hours
from generator.policy.model import Hours
from tests.hours import is_open

WORKDAYS = Hours(days=(0, 4), start=9 * 60, end=18 * 60)
EVERY_DAY = Hours(days=(0, 6), start=9 * 60, end=18 * 60)
ALWAYS = Hours(days=(0, 6), start=0, end=24 * 60)
MINUTE = timedelta(minutes=1)


def opening(hours, zone, *holidays):
    return business_hours.Opening(hours=hours, timezone=zone, holidays=holidays)


@pytest.mark.parametrize(
    ("hours", "zone", "begin", "length"),
    [
        (WORKDAYS, "Europe/Zurich", "Fri 2026-10-23 18:00", "2 days, 16:00:00"),
        (WORKDAYS, "America/New_York", "Fri 2026-10-30 18:00", "2 days, 16:00:00"),
        (WORKDAYS, "Australia/Lord_Howe", "Fri 2026-04-03 18:00", "2 days, 15:30:00"),
        (WORKDAYS, "Asia/Tokyo", "Fri 2026-01-02 18:00", "2 days, 15:00:00"),
        (EVERY_DAY, "Europe/Zurich", "Sat 2026-10-24 18:00", "16:00:00"),
        # In Cairo, clocks are set back between a Thursday and a Friday: no day off is near.
        (Hours(days=(6, 3), start=9 * 60, end=18 * 60), "Africa/Cairo", "Thu 2026-10-29 18:00", "2 days, 16:00:00"),
        (Hours(days=(0, 4), start=9 * 60, end=18 * 60), "Africa/Cairo", "Fri 2026-01-02 18:00", "2 days, 15:00:00"),
        (Hours(days=(0, 0), start=0, end=24 * 60), "Asia/Tokyo", "Tue 2026-01-06 00:00", "6 days, 0:00:00"),
    ],
)
def test_the_worst_time_of_the_year_is_found(hours, zone, begin, length):
    closed = business_hours.longest_closed(opening(hours, zone))
    assert closed is not None
    assert (f"{closed.begin.astimezone(ZoneInfo(zone)):%a %Y-%m-%d %H:%M}", str(closed.length)) == (begin, length)


def test_hours_that_never_end_hold_nothing_back():
    assert business_hours.longest_closed(opening(ALWAYS, "Europe/Zurich")) is None
    assert business_hours.closed_week(ALWAYS) == ()


@pytest.mark.parametrize("zone", ["Europe/Zurich", "Australia/Lord_Howe", "Asia/Tokyo"])
@pytest.mark.parametrize("hours", [WORKDAYS, EVERY_DAY, Hours(days=(5, 6), start=60, end=150)])
@pytest.mark.parametrize("first", [date(2026, 3, 20), date(2026, 10, 16)])
def test_every_minute_is_open_or_closed_as_the_clock_says(hours, zone, first):
    def shows(at):
        shown = at.astimezone(ZoneInfo(zone))
        minute = shown.hour * 60 + shown.minute
        return hours.days[0] <= shown.weekday() <= hours.days[1] and hours.start <= minute < hours.end

    closed = list(business_hours.closings(opening(hours, zone), first, first + timedelta(days=21)))
    at, last = closed[0].begin, closed[-1].end
    while at < last:
        held_back = any(one.begin <= at < one.end for one in closed)
        # What a clock shows for the second time has passed already.
        if not at.astimezone(ZoneInfo(zone)).fold:
            assert held_back != shows(at), at
            assert held_back != is_open(opening(hours, zone), at), at
        at += 7 * MINUTE


def test_a_page_waits_for_the_hours():
    friday = datetime(2026, 10, 23, 16, 0, tzinfo=timezone.utc)  # 18:00 in Zurich
    assert business_hours.opens(opening(WORKDAYS, "Europe/Zurich"), friday - MINUTE) == friday - MINUTE
    assert business_hours.opens(opening(WORKDAYS, "Europe/Zurich"), friday) == friday + timedelta(hours=64)
    assert business_hours.opens(opening(ALWAYS, "Europe/Zurich"), friday) == friday


CHRISTMAS = (date(2026, 12, 24), date(2026, 12, 25), date(2026, 12, 31), date(2027, 1, 1))


def test_holidays_are_closed_and_lengthen_what_is_around_them():
    berlin = opening(WORKDAYS, "Europe/Berlin", *CHRISTMAS, date(2027, 3, 26), date(2027, 3, 29))
    longest = business_hours.longest_closed(berlin)
    assert longest is not None
    shown = [f"{at.astimezone(ZoneInfo('Europe/Berlin')):%a %Y-%m-%d %H:%M}" for at in (longest.begin, longest.end)]
    # At Easter clocks are set forward, which makes its four days an hour shorter than those of Christmas.
    assert (shown, longest.length) == (
        ["Wed 2026-12-23 18:00", "Mon 2026-12-28 09:00"],
        timedelta(days=4, hours=15),
    )
    thursday = datetime(2026, 12, 24, 11, 0, tzinfo=timezone.utc)
    assert not is_open(berlin, thursday)
    assert business_hours.opens(berlin, thursday) == datetime(2026, 12, 28, 8, 0, tzinfo=timezone.utc)


def test_years_of_holidays_leave_only_days_to_wait_for():
    shut = opening(WORKDAYS, "Europe/Berlin", *(date(2026, 1, 1) + timedelta(days=day) for day in range(40)))
    assert business_hours.opens(shut, datetime(2026, 1, 2, tzinfo=timezone.utc)) == datetime(
        2026, 2, 10, 8, 0, tzinfo=timezone.utc
    )


@pytest.mark.parametrize(
    ("worked", "begin", "length"),
    [
        # Of two that take as long the first one counts.
        (timedelta(hours=9), "Wed 2026-12-23 18:00", timedelta(days=5)),
        (timedelta(hours=9, seconds=1), "Tue 2026-12-22 18:00", timedelta(days=5, hours=15, seconds=1)),
        (timedelta(hours=27, seconds=1), "Wed 2026-12-23 18:00", timedelta(days=11, hours=15, seconds=1)),
    ],
)
def test_the_longest_time_in_which_so_much_is_worked(worked, begin, length):
    berlin = opening(WORKDAYS, "Europe/Berlin", *CHRISTMAS)
    span = business_hours.longest_span(berlin, worked)
    assert (f"{span.begin.astimezone(ZoneInfo('Europe/Berlin')):%a %Y-%m-%d %H:%M}", span.length) == (begin, length)


def test_no_instant_takes_longer_than_the_longest_time():
    berlin = opening(WORKDAYS, "Europe/Berlin", *CHRISTMAS)
    worked = timedelta(hours=4)
    longest = business_hours.longest_span(berlin, worked).length
    at = datetime(2026, 12, 20, tzinfo=timezone.utc)
    while at < datetime(2027, 1, 10, tzinfo=timezone.utc):
        left, end = worked, at
        while left:
            end, left = end + MINUTE, left - MINUTE * is_open(berlin, end)
        assert end - at <= longest
        at += timedelta(minutes=397)
