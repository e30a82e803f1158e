"""A team's pager pages its services without an escalation, in PagerDuty's place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, Level
from generator.policy.model import PAGE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from generator.diagnostics.diagnostic import PolicyPath
    from generator.policy.model import Policy, Severity

SLA218 = Code(
    name="SLA218",
    title="Pager of a team cannot page it",
    meaning="The channel that pages a team in PagerDuty's place is one where somebody answers (`pages: true`), and it "
    "is told of the team's alerts alone, not of every alert of the severity as well.",
)

SLA219 = Code(
    name="SLA219",
    title="Pager of a team pages nobody",
    meaning="A team's `pager` pages for its services without an `escalation`, where `page` is in `notify` of the "
    "severity, and there are none of them. Remove it, or remove `escalation` from a service.",
)


def check(policy: Policy) -> Iterator[Diagnostic]:
    """SLA218: nobody answers at a team's pager, or it pages for all teams. SLA219: it never pages."""
    for name, team in policy.teams.items():
        route: PolicyPath = ("teams", name, "pager")
        places = {severity: (*route, severity) for severity in team.pager.by}
        for channel in dict.fromkeys(filter(None, (team.pager.always, *team.pager.by.values()))):
            where = next((place for severity, place in places.items() if team.pager.by[severity] == channel), route)
            if not policy.channels[channel].pages:
                yield _unanswered(name, channel, where)
        paging = _paging(policy, name)
        for severity, channel in paging.items():
            if channel in policy.pagers(severity):
                yield _twice(severity, channel, places.get(severity, route))
        if team.pager.always or team.pager.by:
            yield from _idle(policy, name, paging)


def _paging(policy: Policy, team: str) -> Mapping[Severity, str]:
    """Return the team's channel for each severity that pages."""
    pager = policy.teams[team].pager
    found = ((name, pager.of(name)) for name, severity in policy.severities.items() if PAGE in severity.notify)
    return {name: channel for name, channel in found if channel}


def _unanswered(team: str, channel: str, route: PolicyPath) -> Diagnostic:
    return Diagnostic(
        code=SLA218.name,
        message=f"{channel} is the pager of {team}, and nobody answers there",
        route=route,
        help=f"write `pages: true` in channel {channel} where somebody does, or name another one",
    )


def _twice(severity: Severity, channel: str, route: PolicyPath) -> Diagnostic:
    return Diagnostic(
        code=SLA218.name,
        message=f"{channel} pages for every {severity} already: its people would be paged twice",
        route=route,
        help=f"remove it from `notify` of {severity}, or name another channel",
    )


def _idle(policy: Policy, team: str, paging: Mapping[Severity, str]) -> Iterator[Diagnostic]:
    own = any(one.team == team and one.escalation is None for one in policy.services.values())
    if own and paging:
        return
    why = "no severity that it is for has `page` in `notify`" if own else "all of its services have an `escalation`"
    yield Diagnostic(
        code=SLA219.name,
        level=Level.WARNING,
        message=f"the pager of {team} pages nobody: {why}",
        route=("teams", team, "pager"),
        on_key=True,
        help="write `page` in `notify` of the severity" if own else "remove it, or `escalation` from a service",
    )
