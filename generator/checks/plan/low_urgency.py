"""PagerDuty does not escalate incidents of low urgency: only the first step of their chain is ever paged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, Level
from generator.diagnostics.wording import first_few
from generator.plan import oncall

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.plan.plan import Plan

SLA213 = Code(
    name="SLA213",
    title="Low urgency does not escalate",
    meaning="PagerDuty escalates incidents of high urgency only. Of low urgency nobody but the first step is ever "
    "paged, and only once, whatever the chain says. Write `urgency: high`, or give these services a chain of one step.",
)

_NAMED = 3


def check(plan: Plan) -> Iterator[Diagnostic]:
    """SLA213: a severity of low urgency pages a chain of several steps."""
    for name, severity in plan.severities.items():
        chains = [
            escalation.chain
            for escalation in plan.escalations
            if escalation.severity == name
            and len(escalation.steps) > 1
            and oncall.pages(plan.policy, escalation.chain, name)
        ]
        if severity.urgency == "low" and chains:
            yield Diagnostic(
                code=SLA213.name,
                level=Level.WARNING,
                message=f"a {name} has low urgency, which PagerDuty does not escalate: nobody but step 1 of "
                f"{first_few(chains, _NAMED)} is ever paged",
                route=("severities", name, "urgency"),
                help="write `urgency: high`, or give these services a chain of one step",
            )
