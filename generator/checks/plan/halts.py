"""Says where the policy lets people be told as soon as a halt is called, which comes first all the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, Level
from generator.policy import duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.plan.plan import Plan

SLA211 = Code(
    name="SLA211",
    title="A halt is called before anybody is told",
    meaning="Two routes that wait for nothing notify in any order, so a page could leave before the halt. Where the "
    "policy calls a containment, all others wait for a second at the least. Write `group_wait: 1s`, or leave it out.",
)


def check(plan: Plan) -> Iterator[Diagnostic]:
    """SLA211: a `group_wait` that is raised."""
    for name, severity in plan.policy.severities.items():
        waits = plan.severities[name].group_wait.length
        if severity.group_wait is not None and severity.group_wait < waits:
            yield Diagnostic(
                code=SLA211.name,
                level=Level.NOTE,
                message=f"a {name} waits for {duration.write(waits)}, not {duration.write(severity.group_wait)}, so "
                "that the halt is called first",
                route=("severities", name, "group_wait"),
                help=f"write {duration.write(waits)}, or leave `group_wait` out",
            )
