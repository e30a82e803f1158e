"""Which services are watched by which alerts."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from generator.policy.model import SEVERITIES, URGENT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from generator.plan.plan import Plan
    from generator.report.standing import Standing

MOST = 60
"""So many services are shown one by one; of more, those covered alike are one line."""
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
    """All services. `lines` stand for `shown` of them."""

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
    for one in standings:
        own[one.service].append(one)
    severities = tuple(name for name in SEVERITIES if name in plan.severities)
    lines = [_covered(plan, name, own[name], severities) for name in plan.policy.services]
    if len(lines) > MOST:
        lines = _folded(lines)
    ranked = sorted(lines, key=lambda one: (sum(one.counts) > 0, not one.missing))
    return Coverage(
        severities=severities,
        lines=tuple(ranked[:LINES]),
        services=len(plan.policy.services),
        shown=sum(one.services for one in ranked[:LINES]),
        bare=sum(one.services for one in lines if not any(one.counts)),
        calm=sum(one.services for one in lines if any(one.counts) and one.missing),
    )


def _covered(plan: Plan, name: str, own: Sequence[Standing], severities: Sequence[str]) -> Covered:
    service = plan.policy.services[name]
    counts = Counter(one.severity for one in own)
    urgent = any(counts[severity] for severity in URGENT)
    return Covered(
        names=(name,),
        services=1,
        team=plan.policy.teams[service.team].title,
        chain=service.escalation,
        counts=tuple(counts[severity] for severity in severities),
        tested=sum(bool(one.sent.promised and one.sent.promised.tests) for one in own),
        waits_for=service.depends_on,
        missing="" if urgent else "no P0 or P1" if own else "no alert",
    )


def _folded(lines: Sequence[Covered]) -> list[Covered]:
    """Return one line for all services of a team that are covered alike."""
    alike: Mapping[object, list[Covered]] = defaultdict(list)
    for one in lines:
        alike[one.team, one.counts, one.tested].append(one)
    return [_together(found) for found in alike.values()]


def _together(found: Sequence[Covered]) -> Covered:
    chains = {one.chain for one in found}
    return Covered(
        names=tuple(one.names[0] for one in found[:_NAMED]),
        services=len(found),
        team=found[0].team,
        chain=found[0].chain if len(chains) == 1 else f"{len(chains):,} chains",
        counts=found[0].counts,
        tested=found[0].tested,
        waits_for=found[0].waits_for if len(found) == 1 else (),
        missing=found[0].missing,
    )
