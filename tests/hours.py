"""Whether an instant lies within business hours, for tests that go through time step by step."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from generator.plan import business_hours

_DAY = timedelta(days=1)


def is_open(opening, at):
    day = at.astimezone(ZoneInfo(opening.timezone)).date()
    # A clock that was set back may show hours of the day before.
    periods = business_hours.openings(opening, day - _DAY, day + _DAY)
    return any(begin <= at < end for begin, end in periods)
