"""Which services are watched by which alerts."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from generator.plan.plan import Plan
    from generator.report.standing import Standing

MOST = 60
"""At most this many services get a line each; of more, those covered alike share a line."""
LINES = 200
_NAMED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Covered:
    """A service, or several that are covered alike."""

    names: tuple[str, ...]
    """At most three of them."""
    services: int
    team: str
    chain: str
    counts: tuple[int, ...]
    """Alerts of each severity, in the order of the coverage."""
    tested: int
    """How many of its alerts have a unit test."""
    waits_for: tuple[str, ...]
    missing: str
    """What it lacks, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """The coverage of all services; `lines` show `shown` of them."""

    severities: tuple[str, ...]
    lines: tuple[Covered, ...]
    services: int
    shown: int
    bare: int
    """Services without any alert."""
    calm: int
    """Services with alerts, none of them urgent."""


def coverage(plan: Plan, standings: Sequence[Standing]) -> Coverage:
    """Return how each service is covered; those that lack something come first."""
    own: dict[str, list[Standing]] = defaultdict(list)
    for standing in standings:
        own[standing.service].append(standing)
    severities = tuple(plan.severities)
    lines = [_covered(plan, name, own[name], severities) for name in plan.policy.services]
    if len(lines) > MOST:
        lines = _folded(lines)
    ranked = sorted(lines, key=lambda line: (sum(line.counts) > 0, not line.missing))
    return Coverage(
        severities=severities,
        lines=tuple(ranked[:LINES]),
        services=len(plan.policy.services),
        shown=sum(line.services for line in ranked[:LINES]),
        bare=sum(line.services for line in lines if not any(line.counts)),
        calm=sum(line.services for line in lines if any(line.counts) and line.missing),
    )


def _covered(plan: Plan, name: str, own: Sequence[Standing], severities: Sequence[str]) -> Covered:
    service = plan.policy.services[name]
    counts = Counter(standing.severity for standing in own)
    urgent = any(counts[severity] for severity in plan.policy.urgent)
    return Covered(
        names=(name,),
        services=1,
        team=plan.policy.teams[service.team].title,
        chain=service.escalation or "",
        counts=tuple(counts[severity] for severity in severities),
        tested=sum(bool(standing.sent.promised and standing.sent.promised.tests) for standing in own),
        waits_for=service.depends_on,
        missing="" if urgent else f"no {plan.policy.urgent_words()}" if own else "no alert",
    )


def _folded(lines: Sequence[Covered]) -> list[Covered]:
    """Return one line for each group of services of a team that are covered alike."""
    alike: Mapping[object, list[Covered]] = defaultdict(list)
    for line in lines:
        alike[line.team, line.counts, line.tested].append(line)
    return [_merged(group) for group in alike.values()]


def _merged(group: Sequence[Covered]) -> Covered:
    chains = {line.chain for line in group}
    return Covered(
        names=tuple(line.names[0] for line in group[:_NAMED]),
        services=len(group),
        team=group[0].team,
        chain=group[0].chain if len(chains) == 1 else f"{len(chains):,} chains",
        counts=group[0].counts,
        tested=group[0].tested,
        waits_for=group[0].waits_for if len(group) == 1 else (),
        missing=group[0].missing,
    )
