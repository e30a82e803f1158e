"""What people carry on call: hours a week, and how many of them are nights and week-ends."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, time, timedelta, timezone
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from generator.diff.changes import Load
from generator.plan import rota

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from generator.diff.sides import Pair
    from generator.plan.plan import Plan
    from generator.policy.model import Policy, Schedule

Times = tuple[float, float, float]
"""Hours a week, nights a week (from 22:00 to 06:00) and week-ends a week (Saturday and Sunday)."""

NOBODY: Times = (0.0, 0.0, 0.0)
ALWAYS: Times = (168.0, 7.0, 1.0)
_DAY, _WEEK = timedelta(days=1), timedelta(days=7)
_EVER = datetime(2026, 1, 5, tzinfo=timezone.utc)
_LONGEST = 104
"""Weeks: what takes longer to come round is averaged over two years."""


def loads(pair: Pair) -> tuple[Load, ...]:
    """Return whose on-call load changes, the largest increase first; nothing unless both sides have a policy."""
    old, new = pair.old.plan, pair.new.plan
    if not (pair.old.own and pair.new.own) or (_paged(old) == _paged(new) and _rotas(old) == _rotas(new)):
        return ()
    used = [schedule for plan in (old, new) for schedule in _used(plan)]
    begin, weeks = (_monday(rota.begins(used)), _cycle(used)) if used else (_EVER, 1)
    before, after = carried(old, begin, weeks), carried(new, begin, weeks)
    people = {**old.policy.people, **new.policy.people}
    changed_loads = [
        Load(
            person=key,
            name=people[key].name,
            before=before.get(key, NOBODY),
            after=after.get(key, NOBODY),
        )
        for key in sorted(before.keys() | after.keys())
        if before.get(key, NOBODY) != after.get(key, NOBODY)
    ]
    return tuple(sorted(changed_loads, key=lambda load: (load.before[0] - load.after[0], load.name)))


def carried(plan: Plan, begin: datetime, weeks: int) -> Mapping[str, Times]:
    """Return the average on-call load per week of each person that a chain pages, over `weeks` weeks."""
    direct, _ = _paged(plan)
    averages: dict[str, Times] = dict.fromkeys(direct, ALWAYS)
    used = _used(plan)
    if not used:
        return averages
    times: dict[str, list[tuple[datetime, datetime]]] = defaultdict(list)
    for schedule in used:
        for stretch in rota.stretches(schedule, begin, begin + weeks * _WEEK):
            if stretch.person is not None:
                times[stretch.person].append((stretch.begin, stretch.end))
    zone = _zone(plan.policy, used[0])
    for person, spans in times.items():
        if person not in direct:
            hours, nights, week_ends = _measured(_merged(spans), zone)
            averages[person] = (round(hours / weeks, 1), round(nights / 8 / weeks, 1), round(week_ends / 48 / weeks, 2))
    return averages


def _paged(plan: Plan) -> tuple[frozenset[str], frozenset[str]]:
    """Return the people and the schedules that escalation steps page."""
    targets = {target for chain in plan.escalations for step in chain.steps for target in step.targets}
    return (
        frozenset(target.name for target in targets if target.kind == "person"),
        frozenset(target.name for target in targets if target.kind == "schedule"),
    )


def _used(plan: Plan) -> list[Schedule]:
    return [plan.policy.schedules[name] for name in sorted(_paged(plan)[1])]


def _rotas(plan: Plan) -> Mapping[str, object]:
    return {
        name: (schedule.timezone, tuple(schedule.layers.values())) for name, schedule in plan.policy.schedules.items()
    }


def _zone(policy: Policy, schedule: Schedule) -> ZoneInfo:
    return ZoneInfo(policy.calendar.timezone if policy.calendar else schedule.timezone)


def _monday(at: datetime) -> datetime:
    """Return the first Monday, 00:00 UTC, on or after an instant."""
    day = datetime.combine(at.astimezone(timezone.utc).date(), time(), timezone.utc)
    monday = day + -day.weekday() % 7 * _DAY
    return monday if monday >= at else monday + _WEEK


def _cycle(schedules: Iterable[Schedule]) -> int:
    """Return the number of weeks after which all rotations repeat, at most two years."""
    return rota.round_of(rota.rounds(schedules), _LONGEST * _WEEK) // _WEEK


def _merged(spans: Iterable[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    """Return the periods without overlaps: on call in two schedules counts once."""
    merged: list[tuple[datetime, datetime]] = []
    for begin, end in sorted(spans):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    return merged


def _measured(spans: Iterable[tuple[datetime, datetime]], zone: ZoneInfo) -> tuple[float, float, float]:
    """Return the hours of the periods: all, at night, and at week-ends, in local time."""
    hours = nights = week_ends = 0.0
    for begin, end in spans:
        first, last = (at.astimezone(zone).replace(tzinfo=None) for at in (begin, end))
        hours += (end - begin) / timedelta(hours=1)
        day = datetime.combine(first.date(), time()) - _DAY
        while day < last:
            nights += _shared(first, last, day + timedelta(hours=22), day + timedelta(hours=30))
            if day.weekday() >= 5:
                week_ends += _shared(first, last, day, day + _DAY)
            day += _DAY
    return hours, nights, week_ends


def _shared(first: datetime, last: datetime, begin: datetime, end: datetime) -> float:
    return max(timedelta(), min(last, end) - max(first, begin)) / timedelta(hours=1)
