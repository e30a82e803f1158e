"""Checks that the calendar has the sprint and the business hours that severities refer to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic
from generator.plan import paging_hours

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.diagnostics.diagnostic import PolicyPath
    from generator.policy.model import Policy, Severity

CAL501 = Code(
    name="CAL501",
    title="No sprint in the calendar",
    meaning="`resolve: next-sprint` needs `calendar.sprint`. Add the length and the first day of a sprint.",
)

CAL502 = Code(
    name="CAL502",
    title="No business hours in the calendar",
    meaning="`hours: business` needs `calendar.business_hours`. Add the days and hours.",
)


def check(policy: Policy) -> Iterator[Diagnostic]:
    """CAL501: `resolve: next-sprint` without a sprint. CAL502: `hours: business` without business hours."""
    calendar = policy.calendar
    for name, severity in policy.severities.items():
        if severity.resolve == "next-sprint" and not (calendar and calendar.sprint):
            yield Diagnostic(
                code=CAL501.name,
                message=f"{name} is resolved by the next sprint, but the calendar has no sprint",
                route=("severities", name, "resolve"),
                help="add `sprint: {length: 14d, starts: 2026-01-05}` to `calendar`",
            )
        if severity.hours == "business":
            yield from _without_hours(policy, name)
    for name, team in policy.teams.items():
        _, calendar = paging_hours.calendar_of(policy, name)
        if team.hours == "business" and not (calendar and calendar.business_hours):
            yield _nowhere(f"team {name} works in business hours, but the calendar has none", ("teams", name, "hours"))


def _without_hours(policy: Policy, severity: Severity) -> Iterator[Diagnostic]:
    """Yield a finding where the business hours of a severity are those of a calendar that has none, or is not there."""
    organisation = policy.calendar
    own = bool(policy.teams) and all(team.calendar for team in policy.teams.values())
    if not own and not (organisation and organisation.business_hours):
        promised = policy.severities[severity].in_business_hours
        does, key = ("is promised", "acknowledge") if promised else ("pages", "hours")
        route = ("severities", severity, key)
        yield _nowhere(f"{severity} {does} in business hours, but the calendar has none", route)


def _nowhere(message: str, route: PolicyPath) -> Diagnostic:
    return Diagnostic(
        code=CAL502.name,
        message=message,
        route=route,
        help='add `business_hours: {days: Mon-Fri, hours: "09:00-18:00"}` to `calendar`',
    )
