"""The alerts by service, each with its line of the policy."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import quote

from generator.plan.timing import ZERO

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import timedelta

    from generator.policy.source import Source
    from generator.report.standing import Standing

MOST = 500
"""At most this many alerts are listed by service; of more, only the _LEAST with the least time to spare."""
_LEAST = 100

Counts: TypeAlias = "tuple[tuple[str, int], ...]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """An alert with its place in the policy; `href` is empty where there is no template for links."""

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
    """The listed alerts, and how many are left out."""

    groups: tuple[Group, ...]
    left_out: int


def alerts(source: Source, standings: Sequence[Standing], link: str) -> Alerts:
    """Return the alerts by service; `link` is the template of a link to a line of the policy, or empty."""
    whole = len(standings) <= MOST
    shown = standings if whole else sorted(standings, key=_spare)[:_LEAST]
    routes = {(standing.route, True) for standing in shown}
    places = source.located(sorted(routes, key=str))
    services: dict[str, list[Listed]] = defaultdict(list)
    for standing in shown:
        at = places[standing.route, True]
        services[standing.service if whole else ""].append(_listed(standing, at.path, at.line, link))
    groups = tuple(
        Group(service=service, alerts=tuple(listed), counts=_counts(listed)) for service, listed in services.items()
    )
    return Alerts(groups=groups, left_out=len(standings) - len(shown))


def _spare(standing: Standing) -> tuple[bool, timedelta, str, str, str]:
    return standing.spare is None, standing.spare or ZERO, standing.severity, standing.service, standing.name


def _listed(standing: Standing, path: str, line: int, link: str) -> Listed:
    promised = standing.sent.promised
    return Listed(
        standing=standing,
        hold=standing.sent.rule.hold,
        place=f"{path}:{line}",
        href=address(link, path, line),
        tests=len(promised.tests) if promised else 0,
        runbook=standing.sent.rule.annotations.get("runbook_url", ""),
    )


def address(link: str, path: str, line: int) -> str:
    """Return the link to a line of a file; empty where there is no template for it."""
    return link.replace("{path}", quote(path, errors="replace")).replace("{line}", str(line))


def _counts(listed: Sequence[Listed]) -> Counts:
    counts: Mapping[str, int] = Counter(alert.standing.severity for alert in listed)
    return tuple(sorted(counts.items()))
