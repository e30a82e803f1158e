"""Checks that PagerDuty keeps paging until the SLA is over, while nobody answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic
from generator.plan import oncall, timing
from generator.policy import duration

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import timedelta

    from generator.plan.plan import EscalationPlan, Plan, SeverityPlan

SCH503 = Code(
    name="SCH503",
    title="Paging stops before the SLA ends",
    meaning="PagerDuty runs through a chain at most ten times. Lengthen a round with a longer `answer_in`, for "
    "which the last step waits, or with a later step.",
)


def check(plan: Plan) -> Iterator[Diagnostic]:
    """SCH503: PagerDuty has repeated a chain as often as it can before the time to acknowledge is over."""
    for name, severity in plan.severities.items():
        chains = [
            chain
            for chain in plan.escalations
            if chain.severity == name and oncall.pages(plan.policy, chain.chain, name)
        ]
        short = [chain for chain in chains if _length(chain) < severity.acknowledge and not _ends(severity, chain)]
        if not short:
            continue
        worst = min(short, key=_length)
        length = duration.write(_round(worst))
        notes = [f"the chain takes {length}, and PagerDuty repeats it {worst.loops} times at most"]
        if len(short) > 1:
            notes.append(f"the same holds for {len(short) - 1} more of the {len(chains)} chains")
        yield Diagnostic(
            code=SCH503.name,
            message=f"{worst.chain} stops paging {duration.write(_length(worst))} after the first page of a {name}; "
            f"the SLA is {severity.promise}",
            route=("severities", name, "answer_in"),
            notes=tuple(notes),
            help=f"write `answer_in: {duration.write(_answer(severity, worst))}` or more: the last step "
            "waits that long before the chain is repeated",
        )


def _ends(severity: SeverityPlan, escalation: EscalationPlan) -> bool:
    """Return whether something else is the cause: fewer loops than possible, or a first round that is too late."""
    answered = escalation.first_page.value + escalation.last_step + severity.answer_in.length
    return escalation.loops < oncall.MAX_LOOPS or answered >= severity.acknowledge


def _length(escalation: EscalationPlan) -> timedelta:
    """Return how long all rounds of the chain take, from the first page on."""
    return _round(escalation) * (escalation.loops + 1)


def _answer(severity: SeverityPlan, escalation: EscalationPlan) -> timedelta:
    """Return the shortest `answer_in` with which all rounds of the chain last until the SLA is over."""
    rounds = escalation.loops + 1
    return timing.whole(severity.acknowledge / rounds, timing.MINUTE) - escalation.last_step


def _round(escalation: EscalationPlan) -> timedelta:
    return sum((step.wait for step in escalation.steps), timing.ZERO)
