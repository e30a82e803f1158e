"""The environments of a policy, side by side: who is told in each, and which alerts differ there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from generator.policy.environments import is_external, pages
from generator.report.standing import standings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from generator.behaviour.verification import Verification


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One environment."""

    name: str
    files: str
    """Where its rules are, below the folder of generated files."""
    label: str
    """Who sets the label `environment`."""
    pages: bool
    receivers: tuple[str, ...]
    """Who is told of the alerts that the policy's author wrote, by the rendered files."""
    last: timedelta | None
    """The latest first message, of all alerts; None where there are none."""
    missed: int
    """The alerts that miss their SLA there."""
    differing: tuple[str, ...]
    """The alerts for which the policy says something else there."""


def environments(every: Sequence[Verification]) -> tuple[Shown, ...]:
    """Return all environments, the first of them first; none where the policy has only one."""
    return tuple(_shown(one) for one in every) if len(every) > 1 else ()


def _shown(files: Verification) -> Shown:
    plan = files.plan
    policy = plan.policy
    alerts = standings(plan, files.behaviour, files.alerts)
    return Shown(
        name=policy.environment,
        files=f"prometheus/{plan.folder}rules/",
        label="Prometheus" if is_external(policy) else "the rules",
        pages=pages(policy),
        receivers=tuple(dict.fromkeys(receiver for alert in alerts for receiver in alert.receivers)),
        last=max((alert.heard for alert in alerts), default=None),
        missed=sum(not alert.kept for alert in alerts),
        differing=tuple(policy.environments[policy.environment].alerts),
    )
