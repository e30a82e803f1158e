"""Schedules that begin in the future: until then they have nobody on call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, Level
from generator.plan import oncall, rota
from generator.system.today import today

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.plan.plan import Plan

SCH504 = Code(
    name="SCH504",
    title="Schedule begins in the future",
    meaning="Until the first layer of a schedule begins it has nobody on call, and PagerDuty waits out each step that "
    "pages it. The proof holds from that day on. Correct `from`, or add a layer for the time before.",
)


def check(plan: Plan) -> Iterator[Diagnostic]:
    """SCH504: a schedule that is paged has nobody on call yet."""
    paged = {
        target.name
        for escalation in plan.escalations
        if oncall.pages(plan.policy, escalation.chain, escalation.severity)
        for step in escalation.steps
        for target in step.targets
        if target.kind == "schedule"
    }
    for name in sorted(paged):
        begins = min(map(rota.first_hand_over, plan.policy.schedules[name].layers.values()))
        if begins.date() > today():
            yield Diagnostic(
                code=SCH504.name,
                level=Level.WARNING,
                message=f"nobody is on call in {name} until {begins:%a %Y-%m-%d %H:%M}: it begins then",
                route=("schedules", name),
                on_key=True,
                notes=("PagerDuty waits out each step that pages it until then",),
                help="correct the day of its first layer, or add a layer for the time before",
            )
