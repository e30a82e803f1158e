"""While an SLA runs, somebody is paged: a chain that nobody answers begins anew until then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.diagnostics.diagnostic import Diagnostic
from generator.plan import oncall
from generator.plan.timing import ZERO
from generator.policy import duration

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import timedelta

    from generator.plan.plan import EscalationPlan, Plan, SeverityPlan


def check(plan: Plan) -> Iterator[Diagnostic]:
    """SCH503: PagerDuty has gone through a chain as often as it can, and the time to acknowledge is not over."""
    for name, severity in plan.severities.items():
        chains = [one for one in plan.escalations if one.severity == name and oncall.pages(plan.policy, one)]
        short = [one for one in chains if _over(one) < severity.acknowledge and not _ends(severity, one)]
        if not short:
            continue
        worst = min(short, key=_over)
        length = duration.write(_turn(worst))
        said = [f"the chain takes {length}, and PagerDuty begins it anew {worst.loops} times, which is its limit"]
        if len(short) > 1:
            said.append(f"so it is with {len(short) - 1} more of the {len(chains)} chains")
        yield Diagnostic(
            code="SCH503",
            message=f"{worst.chain} pages nobody any more {duration.write(_over(worst))} after the first page of a "
            f"{name}, the SLA is {duration.write(severity.acknowledge)}",
            route=("severities", name, "answer_in"),
            notes=tuple(said),
            help="write a longer `answer_in`, for which the last step of a chain waits, or a step that comes later",
        )


def _ends(severity: SeverityPlan, escalation: EscalationPlan) -> bool:
    """Return whether there is a better reason: the time to resolve is over, or the first round is too late already."""
    answered = severity.first_page.value + escalation.last_step + severity.answer_in.length
    return escalation.loops < oncall.MAX_LOOPS or answered >= severity.acknowledge


def _over(escalation: EscalationPlan) -> timedelta:
    """Return how long the chain goes on after the first page, all its rounds."""
    return _turn(escalation) * (escalation.loops + 1)


def _turn(escalation: EscalationPlan) -> timedelta:
    return sum((step.wait for step in escalation.steps), ZERO)
