"""Business hours are open for long enough that Alertmanager looks at what was held back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic
from generator.plan import business_hours
from generator.policy import duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.plan.plan import Plan

SLA214 = Code(
    name="SLA214",
    title="Business hours are over before a page can come",
    meaning="What fires while a route is muted is told at the first tick of `group_interval` in business hours. Where "
    "these are no longer than a tick, none may fall into them, on any day. Write longer hours, or a shorter "
    "`group_interval`.",
)


def check(plan: Plan) -> Iterator[Diagnostic]:
    """SLA214: the shortest business hours are no longer than a tick of a severity that keeps to them."""
    calendar = plan.policy.calendar
    for name, severity in plan.severities.items():
        if severity.hours != "business" or calendar is None:
            continue
        shortest = business_hours.shortest_open(calendar.business_hours, calendar.timezone)
        tick = severity.group_interval
        if shortest is not None and shortest <= tick.length:
            yield Diagnostic(
                code=SLA214.name,
                message=f"{name} pages in business hours, which are {duration.write(shortest)} at the shortest, and "
                f"what they held back is told each {duration.write(tick.length)} only",
                route=("severities", name, "hours"),
                notes=(
                    "Alertmanager looks at what was muted at the next tick of `group_interval`: none may be in them",
                ),
                help="write longer business hours, or a `group_interval` of less than "
                f"{duration.write(shortest)} for {name}",
            )
