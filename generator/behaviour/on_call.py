"""Who is on call by the layers of a body, at one instant; of the layers that count the last one wins.

Turns and hours go by the clock on the wall of the schedule's time zone, as in `generator.plan.rota`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from generator.diagnostics.diagnostic import EnvironmentProblem
from generator.diagnostics.quoting import printable
from generator.plan import wall_clock

if TYPE_CHECKING:
    from collections.abc import Iterator

Body = Mapping[str, Any]
"""A schedule as PagerDuty's REST API takes it, or gives it."""

_DAY, _WEEK = timedelta(days=1), timedelta(days=7)
_SHOWN = 100


def on_call(schedule: Body, at: datetime) -> str | None:
    """Return the id (in a rendered body: the address) of the person on call; None where nobody is.

    `schedule` lists its layers as they are posted: the last one wins.
    """
    zone = zone_of(schedule)
    shown = wall_clock.reached(at, zone)
    for layer in reversed(schedule["schedule_layers"]):
        if instant(layer["start"]) <= at and not ended(layer, at) and _counts(layer, shown):
            turns = (shown - shown_at(layer["rotation_virtual_start"], zone)) // turn(layer)
            users = layer["users"]
            return str(users[turns % len(users)]["user"]["id"]) if users else None
    return None


def edges(schedule: Body, begin: datetime, end: datetime) -> Iterator[datetime]:
    """Yield, in no order, each instant between two others at which the person on call may change."""
    zone = zone_of(schedule)
    earliest, latest = begin.astimezone(zone).replace(tzinfo=None) - _WEEK, end.astimezone(zone).replace(tzinfo=None)
    for layer in schedule["schedule_layers"]:
        yield instant(layer["start"])
        if layer.get("end"):
            yield instant(layer["end"])
        first = shown_at(layer["rotation_virtual_start"], zone)
        recurring = [(first, turn(layer), timedelta())]
        for restriction in layer.get("restrictions") or ():
            length = timedelta(seconds=int(restriction["duration_seconds"]))
            recurring.append((_begin(restriction, earliest), _period(restriction), length))
        for first, period, length in recurring:
            shown = first + (earliest - first) // period * period
            while shown <= latest:
                yield wall_clock.instant(shown, zone)
                if length:
                    yield wall_clock.instant(shown + length, zone)
                shown += period


def zone_of(schedule: Body) -> ZoneInfo:
    """Return the time zone of a schedule; raises EnvironmentProblem where this machine lacks it."""
    name = schedule.get("time_zone")
    try:
        return ZoneInfo(name or "")
    except (OSError, ValueError, KeyError):
        called, zone = (
            printable(text[:_SHOWN]) for text in (schedule.get("name") or "without a name", name or "nothing")
        )
        raise EnvironmentProblem(
            f"the schedule {called} has the time zone `{zone}`, which this machine does not know",
            "choose another one in PagerDuty, or bring the time zones of this machine up to date (tzdata)",
        ) from None


def instant(written: str) -> datetime:
    """Parse one of PagerDuty's timestamps."""
    return datetime.fromisoformat(written.replace("Z", "+00:00"))


def shown_at(written: str, zone: ZoneInfo) -> datetime:
    """Return the local time at a timestamp."""
    return instant(written).astimezone(zone).replace(tzinfo=None)


def ended(layer: Mapping[str, Any], at: datetime) -> bool:
    """Return whether a layer has ended: PagerDuty keeps such layers."""
    return bool(layer.get("end")) and instant(layer["end"]) <= at


def turn(layer: Mapping[str, Any]) -> timedelta:
    """Return the length of a turn."""
    return timedelta(seconds=int(layer["rotation_turn_length_seconds"]))


def _counts(layer: Mapping[str, Any], shown: datetime) -> bool:
    restrictions = layer.get("restrictions") or ()
    return not restrictions or any(_holds(restriction, shown) for restriction in restrictions)


def _holds(restriction: Mapping[str, Any], shown: datetime) -> bool:
    since = (shown - _begin(restriction, shown)) % _period(restriction)
    return since < timedelta(seconds=int(restriction["duration_seconds"]))


def _begin(restriction: Mapping[str, Any], shown: datetime) -> datetime:
    """Return when a restriction begins on the day, or in the week, of a local time."""
    begin = datetime.combine(shown, time.fromisoformat(restriction["start_time_of_day"]))
    if restriction["type"] == "weekly_restriction":
        begin += timedelta(days=int(restriction["start_day_of_week"]) - 1 - shown.weekday())
    return begin


def _period(restriction: Mapping[str, Any]) -> timedelta:
    return _WEEK if restriction["type"] == "weekly_restriction" else _DAY
