"""Alerts of which nobody is told (`notify: nobody`): a dashboard shows them, or another alert reads them.

Their rules carry `duty="nobody"`, so that no other route, deadline or inhibition is about them: all those want another
`duty`. The first route ends at a receiver that sends nothing.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from generator.plan import timing
from generator.plan.plan import AlertRoute, Origin
from generator.plan.texts import literal
from generator.policy.model import NOBODY
from generator.upstream.alertmanager.matchers import is_any, is_one

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from generator.diagnostics.diagnostic import PolicyPath
    from generator.plan.plan import AlertRule, Plan
    from generator.policy.model import Policy

BECAUSE = "because"
"""The annotation with the reason."""
_PROMISES = frozenset({"acknowledge_within", "resolve_within"})


def reason(policy: Policy, rule: AlertRule) -> str | None:
    """Return why nobody is told of a rule's alerts; None where people are."""
    return policy.alerts[str(rule.route[1])].untold if rule.origin is Origin.NOBODY else None


def texts(annotations: Mapping[str, str], because: str) -> dict[str, str]:
    """Return the texts of an alert without those that say until when people do something, and with the reason."""
    kept = {name: text for name, text in annotations.items() if name not in _PROMISES}
    return {**kept, BECAUSE: literal(because)}


def routes(policy: Policy, rules: tuple[AlertRule, ...], environment: str) -> Iterator[AlertRoute]:
    """Yield the route to nobody, for exactly these alerts: what others call so is paged as all that is unknown."""
    untold = {rule.name: rule for rule in rules if rule.origin is Origin.NOBODY}
    if untold:
        interval = timedelta(minutes=5)
        yield AlertRoute(
            why="The policy says why nobody is told of these.",
            receiver=NOBODY,
            matchers=(is_any("alertname", untold), environment, is_one(policy.labels.duty, NOBODY)),
            group_by=("alertname", policy.labels.environment, policy.labels.service, policy.labels.severity),
            group_wait=timing.group_wait(interval),
            group_interval=interval,
            repeat_interval=timing.repeat_interval(timedelta(hours=4), interval),
            continues=False,
            active=None,
            children=(),
            route=untold[min(untold)].route,
        )


def place(plan: Plan) -> PolicyPath | None:
    """Return the policy's entry for which a route ends at nobody; None where none does: a channel may be called so."""
    return None if NOBODY in plan.policy.channels else next(_ends(plan.root), None)


def _ends(route: AlertRoute) -> Iterator[PolicyPath]:
    if route.receiver == NOBODY:
        yield route.route
    for child in route.children:
        yield from _ends(child)
