"""Who is paged after whom, drawn to scale: a chart for each severity, a row for each chain."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from generator.behaviour import timeline
from generator.diagnostics.wording import first_few, listed
from generator.plan import pagers
from generator.policy import duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from generator.behaviour.behaviour import Behaviour
    from generator.plan.plan import Plan
    from generator.report.promise import Promise
    from generator.report.standing import Standing
    from generator.upstream.alertmanager.match import Router

ROWS = 8
"""At most this many rows are drawn for a severity."""
LEFT, PLOT, RIGHT = 12, 1060, 40
"""Pixels beside and within the axis."""
_LETTER = 7.2
"""Width of a letter of a label, in pixels: a generous guess."""
_LABEL = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A moment at which somebody is told. `x` is its place; the label begins at `label_x`, `y` below the line."""

    at: str
    who: str
    x: float
    label_x: float
    y: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of the chart: one chain, several chains that do the same, or the channels that are told."""

    title: str
    chains: int
    marks: tuple[Mark, ...]
    first: float
    """Where the first page stands."""
    answered: float | None
    answered_at: str
    kept: bool
    y: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """The chart of a severity, from the moment at which the condition is true (left) to its SLA."""

    severity: str
    title: str
    sla: str
    sla_x: float
    ticks: tuple[tuple[float, str], ...]
    rows: tuple[Row, ...]
    left_out: int
    width: float
    height: float
    columns: int
    """The number of marks in the row that has most of them."""


def charts(
    plan: Plan, behaviour: Behaviour, router: Router, promises: Sequence[Promise], standings: Sequence[Standing]
) -> tuple[Chart, ...]:
    """Return a chart for each severity that pages."""
    worst: dict[str, dict[str, Standing]] = defaultdict(dict)
    for standing in standings:
        if standing.acknowledged:
            chain = standing.chain
            name = chain.chain if chain else listed(_channels(plan, standing))
            known = worst[standing.severity].get(name)
            if known is None or not known.acknowledged or known.acknowledged.value < standing.acknowledged.value:
                worst[standing.severity][name] = standing
    return tuple(
        _chart(plan, behaviour, router, promise, worst[promise.name]) for promise in promises if worst[promise.name]
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Moment:
    at: timedelta
    who: str


def _chart(plan: Plan, behaviour: Behaviour, router: Router, promise: Promise, worst: dict[str, Standing]) -> Chart:
    alike: dict[tuple[tuple[_Moment, ...], timedelta], list[str]] = defaultdict(list)
    for chain, standing in worst.items():
        answered = standing.acknowledged.value if standing.acknowledged else promise.sla
        alike[tuple(_pages(plan, behaviour, standing)), answered].append(chain)
    end = max(promise.sla, *(answered for _, answered in alike))
    scale = _Scale(end=end)
    rows: list[Row] = []
    y = 46.0
    if promise.worst:
        heard = tuple(_heard(plan, behaviour, router, promise.worst, promise.sla))
        if heard:
            rows.append(_row("rooms and machines", 0, heard, None, promise.sla, scale, y))
            y += rows[-1].height
    groups = sorted(alike.items(), key=lambda pair: (pair[1][0], len(pair[1])))
    for (moments, answered), chains in groups[:ROWS]:
        rows.append(_row(first_few(chains, 3), len(chains), moments, answered, promise.sla, scale, y))
        y += rows[-1].height
    return Chart(
        severity=promise.name,
        title=promise.title,
        sla=promise.within,
        sla_x=scale.x(promise.sla),
        ticks=tuple((scale.x(at), duration.write(at)) for at in _ticks(end)),
        rows=tuple(rows),
        left_out=sum(len(chains) for _, chains in groups[ROWS:]),
        width=LEFT + PLOT + RIGHT,
        height=round(y + 4),
        columns=max(len(row.marks) for row in rows),
    )


def _pages(plan: Plan, behaviour: Behaviour, standing: Standing) -> Iterator[_Moment]:
    if standing.first is None:
        return
    if standing.chain is None:
        yield _Moment(at=standing.first, who="whoever answers there")
        return
    for step in timeline.steps_of(plan, behaviour, standing.chain):
        who = " and ".join(timeline.title(plan.policy, responder) for responder in step.responders)
        yield _Moment(at=standing.first + step.after, who=f"{who} ({step.role})" if step.role else who)


def _channels(plan: Plan, standing: Standing) -> tuple[str, ...]:
    """Return the channels that page somebody of an alert."""
    promised = standing.sent.promised
    return pagers.channels(plan.severities[standing.severity], promised) if promised else ()


def _heard(plan: Plan, behaviour: Behaviour, router: Router, standing: Standing, sla: timedelta) -> Iterator[_Moment]:
    """Yield the messages to rooms and machines that arrive before the SLA is over; pages are not among them."""
    if standing.sent.promised is None:
        return
    channels = _channels(plan, standing)
    for message in timeline.of(
        plan, behaviour, router, standing.sent.labels, (standing.sent.rule, standing.sent.promised)
    ).messages:
        if not message.responders and message.receiver not in channels and message.at.value < sla:
            yield _Moment(at=message.at.value, who=message.receiver)


# ------------------------------------------------------------------------------------------- places


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scale:
    end: timedelta

    def x(self, at: timedelta) -> float:
        return round(LEFT + at / self.end * PLOT, 1)


def _ticks(end: timedelta) -> Iterator[timedelta]:
    """Yield round moments from 0 to the end, at most ten."""
    sizes = (15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400, 172800, 604800)
    size = next((timedelta(seconds=seconds) for seconds in sizes if end / timedelta(seconds=seconds) <= 10), end)
    at = timedelta()
    while at <= end:
        yield at
        at += size


def _row(
    title: str,
    chains: int,
    moments: Sequence[_Moment],
    answered: timedelta | None,
    sla: timedelta,
    scale: _Scale,
    y: float,
) -> Row:
    marks = tuple(_marks(moments, scale))
    lanes = max((mark.y for mark in marks), default=0.0)
    return Row(
        title=title,
        chains=chains,
        marks=marks,
        first=min((mark.x for mark in marks), default=float(LEFT)),
        answered=None if answered is None else scale.x(answered),
        answered_at="" if answered is None else duration.write(answered),
        kept=answered is None or answered < sla,
        y=y,
        height=lanes + 44,
    )


def _marks(moments: Sequence[_Moment], scale: _Scale) -> Iterator[Mark]:
    """Yield the marks; a label that would overlap another one goes a line further down."""
    ends: list[float] = []
    for moment in moments:
        x = scale.x(moment.at)
        width = (len(moment.who) + len(duration.write(moment.at)) + 1) * _LETTER
        label_x = max(0.0, min(x - 4, LEFT + PLOT + RIGHT - width))
        lane = next((number for number, end in enumerate(ends) if end + 8 <= label_x), len(ends))
        ends[lane : lane + 1] = [label_x + width]
        yield Mark(at=duration.write(moment.at), who=moment.who, x=x, label_x=round(label_x, 1), y=18.0 + lane * _LABEL)
