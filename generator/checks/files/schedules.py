"""Who is on call when: the rendered schedules against the rotations of the policy, at every minute of a whole round."""

from __future__ import annotations

from bisect import bisect
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, NamedTuple

from generator.behaviour import on_call
from generator.behaviour.pagerduty import SCHEDULES, TERRAFORM
from generator.behaviour.verification import KEEP_TEMPLATE, Finding
from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, EnvironmentProblem
from generator.plan import rota, wall_clock, week

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from zoneinfo import ZoneInfo

    from generator.behaviour.on_call import Body
    from generator.behaviour.pagerduty import PagerSchedule
    from generator.behaviour.verification import Verification
    from generator.diagnostics.diagnostic import EntryPath
    from generator.plan.plan import Plan
    from generator.plan.week import Span
    from generator.policy.model import Layer, Schedule

PGD604 = Code(
    name="PGD604",
    title="Schedule differs from the policy",
    meaning="At some moment PagerDuty has another person on call than the policy says, or nobody. Compare your "
    "template with the packaged one.",
)

_YEAR, _LONGEST = timedelta(days=366), timedelta(days=3 * 366)
"""The least that is compared, since clocks are changed and years begin, and the most of a long round."""
_UTC = ("UTC", "Etc/UTC")


def check(verification: Verification) -> Iterator[Finding]:
    """PGD604: a schedule, as the REST API or Terraform makes it, has other people on call than the policy's."""
    paths = {artifact.path for artifact in verification.artifacts}
    behaviour = verification.behaviour
    if SCHEDULES in paths:
        yield from _of(verification.plan, behaviour.pagerduty.schedules, "", SCHEDULES)
    if TERRAFORM in paths:
        yield from _of(verification.plan, verification.terraform.schedules, " of Terraform", TERRAFORM)


def _of(plan: Plan, rendered: Iterable[PagerSchedule], whose: str, path: str) -> Iterator[Finding]:
    found = {schedule.name: schedule for schedule in rendered}
    for name, promised in plan.policy.schedules.items():
        schedule = found.get(name)
        if schedule is None:
            yield _finding(name, f"the schedule {name}{whose} is missing", path, ())
            continue
        reader = _Reader(plan, promised, schedule)
        try:
            moment = None if reader.is_alike() else reader.first_difference()
        except EnvironmentProblem as problem:
            yield _finding(name, str(problem), path, (*schedule.where, "time_zone"))
            continue
        if moment is not None:
            has = f"the schedule {name}{whose} has {moment.rendered} on call on {moment.at:%a %Y-%m-%d %H:%M}"
            yield _finding(name, f"{has}, the policy says {moment.promised}", path, reader.culprit())


def _finding(name: str, message: str, path: str, where: EntryPath) -> Finding:
    diagnostic = Diagnostic(
        code=PGD604.name,
        message=message,
        route=("schedules", name),
        on_key=True,
        help=KEEP_TEMPLATE,
    )
    return Finding(diagnostic=diagnostic, path=path, where=where)


class _Moment(NamedTuple):
    """A local time in the policy's zone at which the two differ, and whom either has on call."""

    at: datetime
    rendered: str
    promised: str


class _Reader:
    """Compares a schedule of the policy with a rendered one."""

    def __init__(self, plan: Plan, promised: Schedule, rendered: PagerSchedule) -> None:
        self._emails = {name: person.email for name, person in plan.policy.people.items()}
        self._promised = promised
        self._rendered = rendered
        self._layers: tuple[Mapping[str, Any], ...] = tuple(rendered.body["schedule_layers"])

    def is_alike(self) -> bool:
        """Return whether both are written alike, layer by layer: then they mean the same at all times."""
        return (
            self._is_same_zone()
            and len(self._layers) == len(self._promised.layers)
            and all(map(self._is_layer_alike, self._promised.layers.values(), self._layers))
        )

    def culprit(self) -> EntryPath:
        """Return the path of the first thing that is written in another way."""
        if not self._is_same_zone():
            return (*self._rendered.where, "time_zone")
        pairs = zip(self._promised.layers.values(), self._layers, strict=False)
        numbers = (number for number, pair in enumerate(pairs) if not self._is_layer_alike(*pair))
        number = next(numbers, None)
        return (*self._rendered.where_layers, *(() if number is None else (number,)))

    def first_difference(self) -> _Moment | None:
        """Return the first moment at which another is on call: of a round from each begin and end of a layer on."""
        zone = on_call.zone_of({"name": self._rendered.name, "time_zone": self._promised.timezone})
        begins = [wall_clock.instant(rota.first_hand_over(layer), zone) for layer in self._promised.layers.values()]
        edges = [on_call.instant(layer[key]) for layer in self._layers for key in ("start", "end") if layer.get(key)]
        first = min(begins)
        for begin in sorted({edge.astimezone(timezone.utc) for edge in (*begins, *edges) if edge >= first}):
            moment = self._first_difference(begin, zone)
            if moment is not None:
                return moment
        return None

    def _first_difference(self, begin: datetime, zone: ZoneInfo) -> _Moment | None:
        end = begin + self._round()
        body: Body = {**self._rendered.body, "name": self._rendered.name}
        stretches = rota.stretches(self._promised, begin, end)
        begins = [stretch.begin for stretch in stretches]
        for at in sorted({*begins, *(edge for edge in on_call.edges(body, begin, end) if begin <= edge < end)}):
            person = stretches[bisect(begins, at) - 1].person
            promised = self._emails[person] if person else None
            rendered = on_call.on_call(body, at)
            if (rendered or "").lower() != (promised or "").lower():
                return _Moment(at.astimezone(zone), rendered or "nobody", promised or "nobody")
        return None

    def _is_same_zone(self) -> bool:
        zones = self._promised.timezone, self._rendered.body["time_zone"]
        return zones[0] == zones[1] or {*zones} <= {*_UTC}

    def _is_layer_alike(self, promised: Layer, rendered: Mapping[str, Any]) -> bool:
        zone = on_call.zone_of(self._rendered.body)
        first = rota.first_hand_over(promised)
        spans = _spans(rendered)
        phase = on_call.shown_at(rendered["rotation_virtual_start"], zone) - first
        return (
            [self._emails[person] for person in promised.rotation] == [one["user"]["id"] for one in rendered["users"]]
            and on_call.turn(rendered) == promised.turn
            and on_call.instant(rendered["start"]) == wall_clock.instant(first, zone)
            and not phase % (promised.turn * len(promised.rotation))
            and not rendered.get("end")
            and spans is not None
            and week.uncovered(spans) == week.uncovered(rota.hours(promised))
        )

    def _round(self) -> timedelta:
        """Return after what time both begin anew, within what is looked at."""
        turns = [layer.turn * len(layer.rotation) for layer in self._promised.layers.values()]
        turns += [on_call.turn(layer) * len(layer["users"]) for layer in self._layers]
        return max(rota.round_of(turns, _LONGEST), _YEAR)


def _spans(layer: Mapping[str, Any]) -> tuple[Span, ...] | None:
    """Return the hours of the week in which a rendered layer counts; None where they are not of whole minutes."""
    restrictions = layer.get("restrictions") or ()
    if not restrictions:
        return week.of_days(None, 0, week.DAY)
    spans: list[Span] = []
    for restriction in restrictions:
        hours, minutes, seconds = map(int, restriction["start_time_of_day"].split(":"))
        length, rest = divmod(int(restriction["duration_seconds"]), 60)
        if seconds or rest:
            return None
        day = int(restriction.get("start_day_of_week") or 1) - 1
        weekly = restriction["type"] == "weekly_restriction"
        spans += week.of_days((day, day) if weekly else None, hours * 60 + minutes, length)
    return tuple(spans)
