"""Finds alerts of which nobody is told, and nobody said that this is meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.checks.policy.of_others import POL285
from generator.diagnostics.diagnostic import Diagnostic
from generator.plan import besides
from generator.plan.plan import Origin

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.plan.plan import Plan


def check(plan: Plan) -> Iterator[Diagnostic]:
    """POL285: neither the severity of an alert nor its team, its service or itself names anybody."""
    named: set[str] = set()
    for rule in plan.rules:
        asked = rule.origin is Origin.PIPELINE or (rule.origin.authored and rule.origin is not Origin.NOBODY)
        if not asked or plan.severities[rule.severity].notify or besides.channels(plan.policy, rule):
            continue
        if rule.name not in named:
            named.add(rule.name)
            yield Diagnostic(
                code=POL285.name,
                message=f"nobody is told of {rule.called}",
                route=rule.route,
                on_key=True,
                help="add a channel to `notify` of the severity, the team, the service or the alert; or say that "
                "nobody is told, and why (`notify: nobody`, `because: ...`)",
            )
