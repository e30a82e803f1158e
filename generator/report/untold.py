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
    """Return the alerts with `notify: nobody`, and those of `watch` that are off, by their names."""
    services: dict[tuple[str, str, str], list[str]] = {}
    for rule in plan.rules:
        because = nobody.reason(plan.policy, rule)
        if because:
            services.setdefault((rule.name, rule.severity, because), []).append(rule.service)
    watch = plan.policy.watch
    for name, own in watch.alerts.items():
        if own.off is not None:
            services[name, own.severity or watch.severity, f"off: {own.off}"] = [watch.service]
    return tuple(
        Untold(name=name, severity=severity, services=tuple(names), because=because)
        for (name, severity, because), names in sorted(services.items())
    )
