"""Checks that Prometheus keeps samples for as long as the rules of deadlines look back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, PolicyPath
from generator.plan import duties
from generator.policy import duration

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import timedelta

    from generator.plan.plan import Plan

RUL521 = Code(
    name="RUL521",
    title="Retention is shorter than a deadline",
    meaning="A rule that watches a deadline looks back further than Prometheus keeps samples. Set `retention` "
    "to what your servers keep, or shorten the deadline.",
)


def check(plan: Plan) -> Iterator[Diagnostic]:
    """RUL521: a deadline's rule looks back further than Prometheus keeps samples."""
    kept = plan.stack.retention
    for name in sorted({rule.severity for rule in plan.rules if rule.origin.authored}, key=plan.policy.rank):
        needed = duties.look_back(plan.severities[name])
        if needed > kept:
            yield _finding(f"whether a {name} is overdue", ("severities", name, "resolve"), needed, kept)
    for name, duty in plan.policy.duties.items():
        if duty.within and duties.window(duty.within) > kept:
            yield _finding(
                f"whether {duty.title or name} is due", ("duties", name, "within"), duties.window(duty.within), kept
            )


def _finding(what: str, route: PolicyPath, needed: timedelta, kept: timedelta) -> Diagnostic:
    return Diagnostic(
        code=RUL521.name,
        message=f"{what} needs samples of {duration.write(needed)}, but Prometheus keeps {duration.write(kept)}",
        route=route,
        help=f"set `stack.prometheus.retention` to what your servers keep, at least {duration.write(needed)}",
    )
