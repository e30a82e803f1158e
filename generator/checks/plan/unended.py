"""What is sent without an end must live until somebody has been told of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, Level
from generator.policy import duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.plan.plan import Plan

SLA217 = Code(
    name="SLA217",
    title="An alert without an end is over before anybody is told",
    meaning="Prometheus sends an end with each alert; what others send without one is over `resolve_timeout` after it "
    "was received. Where the route for unknown alerts waits as long, nobody hears of what is sent once. Write a longer "
    "`resolve_timeout`.",
)


def check(plan: Plan) -> Iterator[Diagnostic]:
    """SLA217: `resolve_timeout` is no longer than the wait of the route for what the policy does not know."""
    lasts, waits = plan.stack.resolve_timeout, plan.root.group_wait
    if lasts <= waits:
        yield Diagnostic(
            code=SLA217.name,
            level=Level.WARNING,
            message=f"an alert that is sent once, without an end, is over after {duration.write(lasts)}, but the route "
            f"for what the policy does not know waits {duration.write(waits)} before it tells anybody",
            route=("stack", "alertmanager", "resolve_timeout"),
            notes=("alerts of Prometheus carry their end: `resolve_timeout` changes nothing for them",),
            help=f"write more than {duration.write(waits)}; Alertmanager's own default is 5m",
        )
