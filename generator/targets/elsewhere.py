"""What the procedure says of further environments: who is told there, and which alerts differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from generator.diagnostics.wording import listed
from generator.policy.environments import pages

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.plan.plan import Plan


class Elsewhere(NamedTuple):
    """A further environment."""

    name: str
    pages: bool
    """Whether people are paged as in the first one."""
    told: tuple[tuple[str, str], ...]
    """Where nobody is paged: severities, and who is told of them."""
    differing: tuple[str, ...]
    """Alerts with other thresholds or times."""


def elsewhere(plan: Plan) -> Iterator[Elsewhere]:
    """Yield the further environments, in the order of the policy."""
    for other in plan.elsewhere:
        policy = other.policy
        own = policy.environments[policy.environment]
        told: dict[str, list[str]] = {}
        for name, severity in () if pages(policy) else other.severities.items():
            told.setdefault(listed(list(map(policy.place, severity.notify))) or "nobody", []).append(name)
        yield Elsewhere(
            name=policy.environment,
            pages=pages(policy),
            told=tuple((listed(names), whom) for whom, names in told.items()),
            differing=tuple(sorted(own.alerts)),
        )
