"""Routes that are silent at some hours are silent at those of the policy: at each minute at which somebody differs."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from generator.behaviour.documents import ALERTMANAGER
from generator.behaviour.verification import KEEP_TEMPLATE, Finding
from generator.checks.files import planned
from generator.checks.files.heard import heard_of
from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic
from generator.plan import time_intervals, wall_clock
from generator.upstream.alertmanager.match import Router, every_node
from generator.upstream.alertmanager.time_intervals import silencing

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from zoneinfo import ZoneInfo

    from generator.behaviour.verification import Verification
    from generator.checks.files.heard import Heard
    from generator.upstream.alertmanager.match import RouteNode
    from generator.upstream.alertmanager.time_intervals import Span, TimeInterval

RTE619 = Code(
    name="RTE619",
    title="Route is silent at other hours than the policy's",
    meaning="At some minute a receiver is told of an alert whose severity keeps business hours, or is not told, though "
    "the policy says otherwise. Compare your template with the packaged one.",
)

_YEAR, _LAST = 2026, 2037
"""All weekdays, months and changes of clocks are in one year; and what is said of others, up to the last."""


def check(verification: Verification) -> Iterator[Finding]:
    """RTE619: a route is silent at other hours. What is promised at all hours is for RTE609, the rest for RTE605."""
    behaviour, plan = verification.behaviour, verification.plan
    tree = planned.tree(plan.root)
    if not any(node.active or node.mute for root in (tree, behaviour.root) for node in every_node(root)):
        return
    known = {one.name: one for one in time_intervals.of_plan(plan)}
    told: set[object] = set()
    # What the author wrote comes first: its name says more than that of a deadline.
    for heard in sorted(
        heard_of(verification, Router(tree)), key=lambda one: not (one.rule and one.rule.origin.authored)
    ):
        hours = tuple((node.active, node.mute) for nodes in heard[3:] for node in nodes)
        if heard.rule is None or hours in told or not any(node.active for node in heard.planned):
            continue
        told.add(hours)
        yield from _differing(heard, known, behaviour.time_intervals)


def _differing(
    heard: Heard, known: Mapping[str, TimeInterval], rendered: Mapping[str, TimeInterval]
) -> Iterator[Finding]:
    sides = ((heard.planned, known), (heard.rendered, rendered))
    used = [
        tuple(
            dict.fromkeys(intervals[name] for node in nodes for name in (*node.active, *node.mute) if name in intervals)
        )
        for nodes, intervals in sides
    ]
    if any(name not in rendered for node in heard.rendered for name in (*node.active, *node.mute)):
        return  # amtool says so
    for instant in _instants((*used[0], *used[1])):
        should, does = (_is_told(nodes, intervals, instant) for nodes, intervals in sides)
        if should != does:
            zone = next((span.zone for one in used[0] or used[1] for span in one.spans), None)
            shown = f"{instant.astimezone(zone):%a %Y-%m-%d %H:%M}"
            hears, says = ("hears", "that it does not") if does else ("does not hear", "that it does")
            diagnostic = Diagnostic(
                code=RTE619.name,
                message=f"{heard.receiver} {hears} of {heard.who} on {shown}, the policy says {says}",
                route=heard.planned[0].where,
                on_key=True,
                help=KEEP_TEMPLATE,
            )
            yield Finding(diagnostic=diagnostic, path=ALERTMANAGER, where=heard.rendered[0].where)
            return


def _is_told(nodes: Iterable[RouteNode], intervals: Mapping[str, TimeInterval], instant: datetime) -> bool:
    return any(not silencing(node.active, node.mute, intervals, instant) for node in nodes)


def _instants(intervals: Collection[TimeInterval]) -> Iterator[datetime]:
    """Yield the instants at which intervals may begin or end, and those a minute before, through a year."""
    edges: dict[ZoneInfo, set[int]] = {}
    for interval in intervals:
        for span in interval.spans:
            minutes = edges.setdefault(span.zone, {0, 12 * 60})
            for first, end in span.times or ():
                minutes |= {first, end % (24 * 60)}
    for midnight in _days({year for interval in intervals for span in interval.spans for year in _years(span)}):
        shown = [(midnight + timedelta(minutes=minute), zone) for zone, minutes in edges.items() for minute in minutes]
        for at in sorted({wall_clock.instant(*edge) for edge in shown}):
            yield from (at - timedelta(minutes=1), at)


def _days(years: Collection[int]) -> Iterator[datetime]:
    for year in sorted({_YEAR, *years}):
        first = datetime.combine(date(year, 1, 1), time())
        # Into the next year: it begins at other instants in other zones.
        yield from (first + timedelta(days=number) for number in range(367))


def _years(span: Span) -> Iterator[int]:
    for first, last in span.years or ():
        yield from range(max(first, _YEAR), min(last, _LAST) + 1)
