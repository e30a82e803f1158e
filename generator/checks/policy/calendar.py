"""Checks that the calendar has the sprint and the business hours that severities refer to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.policy.model import Policy

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
        if severity.resolve is None and not (calendar and calendar.sprint):
            yield Diagnostic(
                code=CAL501.name,
                message=f"{name} is resolved by the next sprint, but the calendar has no sprint",
                route=("severities", name, "resolve"),
                help="add `sprint: {length: 14d, starts: 2026-01-05}` to `calendar`",
            )
        if severity.hours == "business" and not (calendar and calendar.business_hours):
            yield Diagnostic(
                code=CAL502.name,
                message=f"{name} pages in business hours, but the calendar has none",
                route=("severities", name, "hours"),
                help='add `business_hours: {days: Mon-Fri, hours: "09:00-18:00"}` to `calendar`',
            )
