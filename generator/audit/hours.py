"""At which times of the year routes are silent, by the time intervals that they name."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, timezone, tzinfo
from functools import cached_property
from typing import TYPE_CHECKING

from generator.upstream.alertmanager.time_intervals import silencing

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from generator.upstream.alertmanager.match import RouteNode
    from generator.upstream.alertmanager.time_intervals import TimeInterval

_DAYS = 366
_DAY = 24 * 60


class Hours:
    """Looks at every minute at which an interval can begin or end, for a year from a day on."""

    def __init__(self, intervals: Mapping[str, TimeInterval], begin: date) -> None:
        self._intervals = intervals
        self._begin = begin
        self._known: dict[frozenset[tuple[tuple[str, ...], tuple[str, ...]]], datetime | None] = {}
        self._silent: dict[tuple[tuple[str, ...], tuple[str, ...]], frozenset[datetime]] = {}

    def silent(self, nodes: Iterable[RouteNode]) -> datetime | None:
        """Return an instant at which all of the routes are silent; None where there is none, or no route.

        It is the first in the order of the days of a week, which says the same every day.
        """
        nodes = tuple(nodes)
        if not nodes or not all(map(self._has_hours, nodes)):
            return None
        key = frozenset((node.active, node.mute) for node in nodes)
        if key not in self._known:
            instants = frozenset.intersection(*map(self._of, nodes))
            self._known[key] = min(instants, key=lambda instant: (instant.weekday(), instant), default=None)
        return self._known[key]

    def is_always_silent(self, node: RouteNode) -> bool:
        """Return whether a route never tells."""
        return self._has_hours(node) and len(self._of(node)) == len(self._instants)

    def _has_hours(self, node: RouteNode) -> bool:
        """Return whether a route names intervals, all of which are there; Alertmanager loads no other."""
        names = (*node.active, *node.mute)
        return bool(names) and all(name in self._intervals for name in names)

    def _of(self, node: RouteNode) -> frozenset[datetime]:
        key = (node.active, node.mute)
        if key not in self._silent:
            active, mute = key
            self._silent[key] = frozenset(
                instant for instant in self._instants if silencing(active, mute, self._intervals, instant)
            )
        return self._silent[key]

    @cached_property
    def _instants(self) -> tuple[datetime, ...]:
        found: set[datetime] = set()
        for zone, minutes in self._minutes.items():
            for number in range(_DAYS):
                midnight = datetime.combine(self._begin + timedelta(days=number), time(), zone)
                for minute in minutes:
                    found.add((midnight + timedelta(minutes=minute)).astimezone(timezone.utc))
        return tuple(sorted(found))

    @cached_property
    def _minutes(self) -> Mapping[tzinfo, set[int]]:
        """The minutes of a day at which a span begins or ends, by its time zone."""
        minutes: dict[tzinfo, set[int]] = {timezone.utc: {0}}
        for interval in self._intervals.values():
            for span in interval.spans:
                known = minutes.setdefault(span.zone, {0})
                for first, end in span.times or ():
                    known.update((first, end % _DAY))
        return minutes
