"""Finds escalation steps that page only people whom an earlier step has paged already."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, Level
from generator.plan import oncall, rota

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from generator.plan.plan import Plan
    from generator.policy.model import Policy, Responder

SCH502 = Code(
    name="SCH502",
    title="Escalation reaches the same person again",
    meaning="Everybody whom this step pages has been paged by an earlier step. Page somebody else, or shift "
    "one of the rotations.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """A time in which a step pages only people whom earlier steps have paged; without `begin`: at any time."""

    begin: datetime | None
    end: datetime | None
    """None: it lasts beyond the time that was searched."""
    zone: str
    people: tuple[str, ...]


def check(plan: Plan) -> Iterator[Diagnostic]:
    """SCH502: a step pages nobody new; a warning where nothing urgent goes through the chain."""
    severities = defaultdict(set)
    for escalation in plan.escalations:
        if oncall.pages(plan.policy, escalation.chain, escalation.severity):
            severities[escalation.chain].add(escalation.severity)
    known: dict[tuple[tuple[Responder, ...], ...], Repeat | None] = {}
    for chain, used in severities.items():
        pages = tuple(step.page for step in plan.policy.escalations[chain])
        for number in range(1, len(pages)):
            # Chains of the same steps are searched once.
            same = pages[: number + 1]
            if same not in known:
                earlier = tuple(target for page in pages[:number] for target in page)
                known[same] = _first_repeat(plan.policy, earlier, pages[number])
            repeat = known[same]
            if repeat is not None:
                yield _finding(plan.policy, chain, number, repeat, urgent=bool(used & plan.policy.urgent))


def _finding(policy: Policy, chain: str, number: int, repeat: Repeat, *, urgent: bool) -> Diagnostic:
    names = " and ".join(policy.people[person].name for person in repeat.people)
    paged = "is paged" if len(repeat.people) == 1 else "are paged"
    by = "step 1" if number == 1 else "the steps before"
    return Diagnostic(
        code=SCH502.name,
        level=Level.ERROR if urgent else Level.WARNING,
        message=f"step {number + 1} of {chain} pages nobody new {_when(repeat)}: {names} {paged} by {by} already",
        route=("escalations", chain, number, "page"),
        help="page somebody else in this step, or start the two rotations with different people",
    )


def _when(repeat: Repeat) -> str:
    if repeat.begin is None:
        return "at any time"
    zone = ZoneInfo(repeat.zone)
    begin = f"{repeat.begin.astimezone(zone):%a %Y-%m-%d %H:%M}"
    if repeat.end is None:
        return f"from {begin} on ({repeat.zone})"
    return f"from {begin} to {repeat.end.astimezone(zone):%a %Y-%m-%d %H:%M} ({repeat.zone})"


def _first_repeat(policy: Policy, earlier: Sequence[Responder], page: Sequence[Responder]) -> Repeat | None:
    """Return the first time in which `page` reaches only people whom `earlier` reaches too, None without one."""
    before = frozenset[str]().union(*(_ever(policy, target) for target in earlier))
    if any(before.isdisjoint(_ever(policy, target)) for target in page):
        return None
    paged = frozenset[str]().union(*(_ever(policy, target) for target in page))
    involved = [target for target in (*page, *earlier) if not paged.isdisjoint(_ever(policy, target))]
    schedules = [target for target in involved if target.kind == "schedule"]
    if not schedules:
        return Repeat(begin=None, end=None, zone="", people=tuple(sorted(paged)))
    found = [policy.schedules[schedule.name] for schedule in schedules]
    begun = rota.begins(found)
    end = begun + rota.searched(found)
    timelines = {schedule: rota.stretches(policy.schedules[schedule.name], begun, end) for schedule in schedules}
    return _search(
        timelines,
        [target for target in earlier if target in involved],
        page,
        policy.schedules[schedules[0].name].timezone,
    )


def _search(
    timelines: Mapping[Responder, tuple[rota.Stretch, ...]],
    earlier: Sequence[Responder],
    page: Sequence[Responder],
    zone: str,
) -> Repeat | None:
    begins = {target: [stretch.begin for stretch in stretches] for target, stretches in timelines.items()}

    def reached(targets: Sequence[Responder], at: datetime) -> frozenset[str]:
        people = set()
        for target in targets:
            if target in timelines:
                people.add(timelines[target][bisect_right(begins[target], at) - 1].person)
            else:
                people.add(target.name)
        return frozenset(person for person in people if person is not None)

    repeat = None
    for edge in sorted({edge for edges in begins.values() for edge in edges}):
        people = reached(page, edge)
        again = bool(people) and people <= reached(earlier, edge)
        if again and repeat is None:
            repeat = Repeat(begin=edge, end=None, zone=zone, people=tuple(sorted(people)))
        elif repeat is not None and (not again or tuple(sorted(people)) != repeat.people):
            return Repeat(begin=repeat.begin, end=edge, zone=zone, people=repeat.people)
    return repeat


def _ever(policy: Policy, target: Responder) -> frozenset[str]:
    """Return everybody whom a target reaches at some time."""
    return rota.people(policy.schedules[target.name]) if target.kind == "schedule" else frozenset([target.name])
