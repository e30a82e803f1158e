"""Which recording rules urgent alerts depend on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.upstream.promql import promql

if TYPE_CHECKING:
    from generator.plan.plan import Plan


def is_urgent(plan: Plan, record: str) -> bool:
    """Whether an urgent alert reads this recording rule, directly or through others."""
    readers = {record}
    while more := {
        name
        for name, other in plan.policy.records.items()
        if name not in readers and promql.read_of(readers, other.expr)
    }:
        readers |= more
    urgent = plan.policy.urgent
    return any(promql.read_of(readers, rule.expr) for rule in plan.rules if rule.severity in urgent)
