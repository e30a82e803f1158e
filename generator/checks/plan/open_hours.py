"""Business hours are open for long enough that Alertmanager looks at what was held back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic
from generator.plan import business_hours, paging_hours
from generator.policy import duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.plan.paging_hours import PagingHours
    from generator.plan.plan import Plan, SeverityPlan

SLA214 = Code(
    name="SLA214",
    title="Business hours are over before a page can come",
    meaning="What fires while a route is muted is told at the first tick of `group_interval` in business hours. Where "
    "these are no longer than a tick, none may fall into them, on any day. Write longer hours, or a shorter "
    "`group_interval`.",
)


def check(plan: Plan) -> Iterator[Diagnostic]:
    """SLA214: the shortest business hours are no longer than a tick of a severity that keeps to them."""
    for name, severity in plan.severities.items():
        own = (paging_hours.of(plan.policy, team, name) for team in (None, *plan.policy.teams))
        for paging in dict.fromkeys(hours for hours in own if hours is not None):
            yield from _of(name, severity, paging)


def _of(name: str, severity: SeverityPlan, paging: PagingHours) -> Iterator[Diagnostic]:
    shortest = business_hours.shortest_open(paging.opening)
    tick = severity.group_interval
    if shortest is not None and shortest <= tick.length:
        of = f" of {paging.calendar}" if paging.calendar else ""
        yield Diagnostic(
            code=SLA214.name,
            message=f"{name} pages in business hours{of}, which are {duration.write(shortest)} at the shortest, and "
            f"what they held back is told each {duration.write(tick.length)} only",
            route=(*paging.route, "business_hours") if paging.calendar else ("severities", name, "hours"),
            notes=("Alertmanager looks at what was muted at the next tick of `group_interval`: none may be in them",),
            help="write longer business hours, or a `group_interval` of less than "
            f"{duration.write(shortest)} for {name}",
        )
