"""PagerDuty as it is: where accounts live, which time zones it takes, and how it compares names.

Accounts live in one of two service regions, which share nothing: the keys of one are refused by the servers of the
other ("Service Regions" in PagerDuty's knowledge base).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """The servers of a service region: `events` takes alerts, `api` is the REST API."""

    name: str
    events: str
    api: str


REGIONS: Mapping[str, Region] = {
    "us": Region(name="us", events="https://events.pagerduty.com/v2/enqueue", api="https://api.pagerduty.com"),
    "eu": Region(name="eu", events="https://events.eu.pagerduty.com/v2/enqueue", api="https://api.eu.pagerduty.com"),
}
USUAL = REGIONS["us"]
"""Where Alertmanager sends to unless it is told otherwise."""


def region_of(url: str) -> Region | None:
    """Return the region whose events server has this URL; None for any other server."""
    return next((region for region in REGIONS.values() if region.events == url), None)


def spaced(name: str) -> str:
    """Return a name as PagerDuty keeps it: without blanks at its ends, or two in a row.

    Source: terraform-provider-pagerduty, issue 699 and pull request 810.
    """
    return " ".join(name.split())


def folded(name: str) -> str:
    """Return a name in the form in which PagerDuty compares it: whatever the case, "Name has already been taken"."""
    return spaced(name).casefold()


# ------------------------------------------------------------------------------------------- time zones

_UTC = frozenset({"UTC", "Etc/UTC"})
_SHOWN_FIRST = ("Europe/Berlin", "Europe/London", "America/New_York", "America/Chicago", "Asia/Singapore")
"""Of several zones that have always had the same clock, these are named."""


@cache
def time_zones() -> tuple[str, ...]:
    """Return the time zones that a schedule may have, sorted; the file says where they are from."""
    text = resources.files("generator.upstream").joinpath("pagerduty_time_zones.txt").read_text(encoding="utf-8")
    return tuple(line for line in text.splitlines() if line and not line.startswith("#"))


def takes(zone: str) -> bool:
    """Return whether a schedule may have a time zone."""
    return zone in _UTC or zone in time_zones()


def same_clock(zone: str) -> str | None:
    """Return an accepted time zone whose clocks show the same time, from 2026 to 2030; None where there is none.

    Of several it is the one whose clocks have agreed for most of the time since 1970: the other name of the same zone,
    where there is one.
    """
    clock = ZoneInfo(zone)
    past, coming = list(_times(1970, 2026, 24 * 7)), list(_times(2026, 2031, 12))
    same = [name for name in time_zones() if _agree(clock, ZoneInfo(name), coming)]
    apart = {name: sum(not _agree(clock, ZoneInfo(name), (at,)) for at in past) for name in same}
    # Clocks may be changed on the same days, at other hours.
    hours = list(_times(2026, 2027, 1))
    ranked = sorted(same, key=lambda name: (apart[name], _rank(name), name))
    return next((name for name in ranked if _agree(clock, ZoneInfo(name), hours)), None)


def _agree(one: ZoneInfo, other: ZoneInfo, times: Iterable[datetime]) -> bool:
    """Return whether two clocks show the same at all these times."""
    return all(at.astimezone(one).utcoffset() == at.astimezone(other).utcoffset() for at in times)


def _times(first: int, last: int, step: int) -> Iterator[datetime]:
    """Yield a time every `step` hours from the beginning of one year to that of another."""
    at, end = datetime(first, 1, 1, tzinfo=timezone.utc), datetime(last, 1, 1, tzinfo=timezone.utc)
    while at < end:
        yield at
        at += timedelta(hours=step)


def _rank(name: str) -> int:
    return _SHOWN_FIRST.index(name) if name in _SHOWN_FIRST else len(_SHOWN_FIRST)
