"""Warns where an urgent incident closes with its alert, which may resolve while the fault goes on."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.plan.plan import Plan

SLA210 = Code(
    name="SLA210",
    title="Urgent incident closes by itself",
    meaning="A restart of Prometheus or a series that vanishes resolves an alert while the fault goes on, and "
    "its incident would be closed. Write `closes: by-hand`.",
)

# Prometheus keeps `for` over a restart only where it is longer than the grace period (10m by default); and what is
# pending for longer than Alertmanager's patience (4m) is resolved there. Seen on 2.42, 2.53 and 3.5.
_CLOSES, _KEPT = timedelta(minutes=4), timedelta(minutes=10)


def check(plan: Plan) -> Iterator[Diagnostic]:
    """SLA210: an urgent severity that closes with its alert."""
    for name, severity in plan.severities.items():
        if name not in plan.policy.urgent or severity.by_hand:
            continue
        risks = ["a series that vanishes closes it"]
        if plan.stack.replicas > 1:
            risks.append(f"of {plan.stack.replicas} Prometheus servers the first that resolves it closes it")
        rules = (
            rule
            for rule in plan.rules
            if rule.severity == name and rule.origin.authored and _CLOSES < rule.hold <= _KEPT
        )
        closed = sorted({rule.name for rule in rules})
        if closed:
            risks.append(f"a restart of Prometheus closes it, because of their `for`: {', '.join(closed)}")
        yield Diagnostic(
            code=SLA210.name,
            level=Level.WARNING,
            message=f"a {name} closes with its alert, which may resolve while the fault goes on",
            route=("severities", name, "closes"),
            notes=tuple(risks),
            help="write `closes: by-hand`, so that people close it after they have looked",
        )
