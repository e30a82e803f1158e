"""The promise at a glance: for each severity the SLA, the proven worst case, and what is left."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from generator.diagnostics.wording import listed
from generator.plan import paging_hours
from generator.plan.timing import ZERO
from generator.policy import duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from generator.behaviour.behaviour import Behaviour
    from generator.plan.plan import Plan, SeverityPlan, Sprints
    from generator.plan.timing import Derived, Term
    from generator.report.standing import Standing

Part = Literal["seen", "sent", "steps", "answer"]
PARTS: dict[Part, str] = {
    "seen": "until Prometheus sees it",
    "sent": "until the first person is paged",
    "steps": "until the last person is paged",
    "answer": "until that person has answered",
}
_SEEN_ENDS = ("evaluation", "for")
"""Names of the last terms that pass before an alert fires."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A part of the bar: `x` and `width` are thousandths of the whole bar."""

    part: Part
    length: timedelta
    x: float
    width: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """What a severity promises. Where it pages nobody, `worst` has no acknowledgement, and there is no bar."""

    name: str
    title: str
    definition: str
    sla: timedelta
    within: str
    """The SLA in words: `4h of business hours`."""
    resolve: str
    channels: tuple[str, ...]
    closes: str
    hours: str
    alerts: int
    worst: Standing | None
    segments: tuple[Segment, ...]
    late: float
    """Where the SLA stands in the bar, in thousandths; 1000 where it is kept."""

    @property
    def share(self) -> int:
        """How much of the SLA is left, in percent, rounded down."""
        spare = self.worst.spare if self.worst else None
        return int(spare / self.sla * 100 // 1) if spare is not None else 0


def promises(plan: Plan, behaviour: Behaviour, standings: Sequence[Standing]) -> tuple[Promise, ...]:
    """Return what each severity promises, the most urgent first."""
    receivers = {receiver.name: receiver for receiver in behaviour.receivers}
    promised = []
    for name, severity in plan.severities.items():
        own = [standing for standing in standings if standing.severity == name]
        worst = max(own, key=_badness, default=None)
        total = worst.acknowledged if worst else None
        names = dict.fromkeys(receiver for standing in own for receiver in standing.receivers)
        ways = (
            integration.kind.says(integration.settings)
            for each in names
            if each in receivers
            for integration in receivers[each].integrations
        )
        promised.append(
            Promise(
                name=name,
                title=severity.title,
                definition=severity.definition,
                sla=severity.acknowledge,
                within=severity.promise,
                resolve=_resolved(severity.resolve),
                channels=tuple(dict.fromkeys(ways)),
                closes="by hand" if severity.by_hand else "with its alert",
                hours=_hours(plan, name),
                alerts=len(own),
                worst=worst,
                segments=tuple(_segments(severity, total)) if total else (),
                late=min(1000.0, severity.acknowledge / total.value * 1000) if total else 1000.0,
            )
        )
    return tuple(promised)


def _hours(plan: Plan, severity: str) -> str:
    """Return when people are paged, in words."""
    held_back = [
        team.title for name, team in plan.policy.teams.items() if paging_hours.holds_back(plan.policy, name, severity)
    ]
    if len(held_back) == len(plan.policy.teams) or plan.policy.severities[severity].hours == "business":
        return "in business hours"
    return f"at any time; {listed(held_back)} in business hours" if held_back else "at any time"


def _resolved(resolve: timedelta | Sprints | None) -> str:
    if resolve is None:
        return "at no promised time"
    if isinstance(resolve, timedelta):
        return f"in less than {duration.write(resolve)}"
    return "by the end of the next sprint"


def _badness(standing: Standing) -> tuple[timedelta, timedelta, int]:
    """Return a key that is largest for the tightest alert; of equally tight ones, for that with most receivers."""
    if standing.acknowledged is None:
        return -standing.sla, standing.heard, len(standing.receivers)
    return standing.acknowledged.value, ZERO, len(standing.receivers)


def parts(total: Derived) -> dict[Part, timedelta]:
    """Return how long each part of the way to an answer takes."""
    lengths: dict[Part, timedelta] = dict.fromkeys(PARTS, ZERO)
    for part, term in _parted(total.terms):
        lengths[part] += term.length
    return lengths


def _parted(terms: Sequence[Term]) -> Iterator[tuple[Part, Term]]:
    last_seen = max((number for number, term in enumerate(terms) if term.name in _SEEN_ENDS), default=-1)
    for number, term in enumerate(terms):
        if term.name in ("steps", "answer"):
            yield ("steps" if term.name == "steps" else "answer"), term
        else:
            yield ("seen" if number <= last_seen else "sent"), term


def _segments(severity: SeverityPlan, total: Derived) -> Iterable[Segment]:
    whole = max(severity.acknowledge, total.value)
    x = 0.0
    for part, length in parts(total).items():
        width = length / whole * 1000
        if width:
            yield Segment(part=part, length=length, x=round(x, 1), width=round(width, 1))
        x += width
