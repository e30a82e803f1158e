"""Each alert of an audit in full."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.audit import pagerduty, said
from generator.plan import timing
from generator.policy import duration
from generator.report.fates import Counts, Decisions, Fate, counts, fate
from generator.system.record import record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import timedelta

    from generator.audit.judge import Verdict, Way
    from generator.audit.pagerduty import Services
    from generator.audit.silencing import Silencing
    from generator.diagnostics.diagnostic import Place

MOST = 2_000
"""At most this many alerts are shown."""
_ROUTES, _EXPRESSION = 4, 600
"""At most this many possibilities of an alert are shown, and characters of its expression."""
_WORST_FIRST = (Fate.NOBODY, Fate.DEPENDS, Fate.UNPAGED, Fate.PAGES)


@record
class Possibility:
    """Who is told, through what and at the latest when, and which alerts of the rule they are."""

    condition: str
    more: int
    """Other conditions with which the same are told."""
    messages: tuple[tuple[str, str], ...]


@record
class Alert:
    """All that is known of the alerts of a rule; `more` possibilities are not shown."""

    name: str
    place: Place
    fate: Fate
    expression: str
    hold: timedelta
    owner: str
    possibilities: tuple[Possibility, ...]
    more: int
    decision: int | None
    """The number of the decision that shows all conditions; None: there is none, or it is not shown."""
    within: str
    sum: str
    """How long the first message takes at the latest, term by term."""
    remarks: tuple[str, ...]
    hidden: tuple[tuple[str, tuple[int, ...]], ...]
    """By which inhibition rules it is silent: surely, and with some labels alone."""


@record
class Group:
    """The alerts of a severity that are shown, the worst first."""

    severity: str
    urgent: bool
    counts: Counts
    """Of all alerts of the severity."""
    alerts: tuple[Alert, ...]


@record
class Alerts:
    """The alerts by severity, and how many are left out."""

    groups: tuple[Group, ...]
    left_out: int


def alerts(
    groups: Mapping[str, Sequence[Verdict]],
    ambiguous: Decisions,
    services: Services,
    owner: Callable[[Verdict], str],
) -> Alerts:
    """Return the alerts of each severity in full, as many as a page can hold, the worst first.

    `services` are those of PagerDuty.
    """
    room = MOST
    shown = []
    for severity, group in groups.items():
        listed = sorted(group, key=lambda verdict: _WORST_FIRST.index(fate(verdict)))[:room]
        room -= len(listed)
        if listed:
            shown.append(
                Group(
                    severity=severity,
                    urgent=group[0].urgent,
                    counts=counts(group),
                    alerts=tuple(_alert(verdict, ambiguous, services, owner(verdict)) for verdict in listed),
                )
            )
    return Alerts(groups=tuple(shown), left_out=sum(map(len, groups.values())) - (MOST - room))


def _alert(verdict: Verdict, ambiguous: Decisions, services: Services, owner: str) -> Alert:
    rule = verdict.written.rule
    expression = " ".join(rule.expr.split())
    possibilities = tuple(said.by_routes(verdict))
    slowest = verdict.slowest(page=False)
    return Alert(
        name=rule.name,
        place=verdict.written.place,
        fate=fate(verdict),
        expression=expression if len(expression) <= _EXPRESSION else f"{expression[:_EXPRESSION]} ...",
        hold=rule.hold,
        owner=owner,
        possibilities=tuple(_possibility(ways, verdict.certain) for ways in possibilities[:_ROUTES]),
        more=max(0, len(possibilities) - _ROUTES),
        decision=ambiguous.of.get(id(verdict)),
        within=said.within((verdict,)),
        sum=timing.written_sum(slowest.terms) if slowest else "",
        remarks=(
            *dict.fromkeys(
                f"PagerDuty pages {steps}."
                for way in verdict.ways
                for told in way.told
                for steps in pagerduty.steps(told, services)
            ),
            *said.kept(verdict),
            *((f"Not all ways could be followed: {verdict.undecided}.",) if verdict.undecided else ()),
        ),
        hidden=tuple(_hidden(verdict.silenced)),
    )


def _hidden(silenced: Sequence[Silencing]) -> Iterator[tuple[str, tuple[int, ...]]]:
    for certain, words in ((True, "Surely"), (False, "With some labels")):
        numbers = tuple(silencing.number + 1 for silencing in silenced if silencing.certain is certain)
        if numbers:
            yield words, numbers


def _possibility(ways: Sequence[Way], certain: bool) -> Possibility:
    conditions = tuple(dict.fromkeys(way.distinction for way in ways))
    return Possibility(
        condition="" if certain else conditions[0],
        more=0 if certain else len(conditions) - 1,
        messages=tuple((duration.write(told.latest.value), said.message(told)) for told in ways[0].told),
    )
