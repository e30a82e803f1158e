"""The alerts by service, each with its line of the policy."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import quote

from generator.diagnostics import positions
from generator.plan.timing import ZERO

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import timedelta

    from generator.policy.source import Source
    from generator.report.standing import Standing

MOST = 500
"""So many alerts are listed; of more, those with the least time to spare."""
_LEAST = 100

Counts: TypeAlias = "tuple[tuple[str, int], ...]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """An alert. `href` is empty where nobody said how places are linked."""

    standing: Standing
    hold: timedelta
    place: str
    href: str
    tests: int
    runbook: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The alerts of a service; without a name those with the least time to spare."""

    service: str
    alerts: tuple[Listed, ...]
    counts: Counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Alerts:
    """All that are listed, and how many are not."""

    groups: tuple[Group, ...]
    left_out: int


def alerts(source: Source, standings: Sequence[Standing], link: str) -> Alerts:
    """Return the alerts by service; `link` is the template of a link to a line of the policy, or empty."""
    whole = len(standings) <= MOST
    shown = standings if whole else sorted(standings, key=_spare)[:_LEAST]
    routes = {(one.route, True) for one in shown}
    places = positions.locate(source.raw, source.path, sorted(routes, key=str))
    services: dict[str, list[Listed]] = defaultdict(list)
    for one in shown:
        at = places[one.route, True]
        services[one.service if whole else ""].append(_listed(one, at.path, at.line, link))
    groups = tuple(
        Group(service=service, alerts=tuple(found), counts=_counts(found)) for service, found in services.items()
    )
    return Alerts(groups=groups, left_out=len(standings) - len(shown))


def _spare(one: Standing) -> tuple[bool, timedelta, str, str, str]:
    return one.spare is None, one.spare or ZERO, one.severity, one.service, one.name


def _listed(one: Standing, path: str, line: int, link: str) -> Listed:
    promised = one.sent.promised
    return Listed(
        standing=one,
        hold=one.sent.rule.hold,
        place=f"{path}:{line}",
        href=address(link, path, line),
        tests=len(promised.tests) if promised else 0,
        runbook=one.sent.rule.annotations.get("runbook_url", ""),
    )


def address(link: str, path: str, line: int) -> str:
    """Return the link to a line of a file; empty where there is no template for it."""
    return link.replace("{path}", quote(path, errors="replace")).replace("{line}", str(line))


def _counts(found: Sequence[Listed]) -> Counts:
    counts: Mapping[str, int] = Counter(one.standing.severity for one in found)
    return tuple(sorted(counts.items()))
