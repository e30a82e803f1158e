"""The alerts of which nobody is told, with the reasons that the policy gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from generator.plan import nobody

if TYPE_CHECKING:
    from generator.plan.plan import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Untold:
    """An alert of which nobody is told."""

    name: str
    severity: str
    services: tuple[str, ...]
    because: str


def untold(plan: Plan) -> tuple[Untold, ...]:
    """Return the alerts with `notify: nobody`, by their names."""
    services: dict[tuple[str, str, str], list[str]] = {}
    for rule in plan.rules:
        because = nobody.reason(plan.policy, rule)
        if because:
            services.setdefault((rule.name, rule.severity, because), []).append(rule.service)
    return tuple(
        Untold(name=name, severity=severity, services=tuple(names), because=because)
        for (name, severity, because), names in sorted(services.items())
    )
