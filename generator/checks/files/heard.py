"""Who hears of an alert by the routes of the plan, and by the rendered ones, so that their times can be compared."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from generator.checks.files.catch_all import unknown_alerts
from generator.plan import unrouted
from generator.system.unique import unique

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import timedelta

    from generator.behaviour.verification import Verification
    from generator.plan.plan import AlertRule
    from generator.upstream.alertmanager.match import RouteNode, Router

Times: TypeAlias = "tuple[timedelta, timedelta, timedelta]"


class Heard(NamedTuple):
    """A receiver that hears of an alert, by the routes of the plan and by the rendered ones."""

    who: str
    rule: AlertRule | None
    """None: no rule of the policy sends the alert."""
    receiver: str
    planned: tuple[RouteNode, ...]
    rendered: tuple[RouteNode, ...]


def is_timed_alike(planned: RouteNode | None, rendered: RouteNode | None) -> bool:
    """Return whether two trees send the same alerts to the same receivers at the same times."""
    if planned is None or rendered is None:
        return False
    return (
        planned.receiver == rendered.receiver
        and planned.matchers == rendered.matchers
        and planned.continues == rendered.continues
        and times_of((planned,)) == times_of((rendered,))
        and all(is_timed_alike(*pair) for pair in zip_longest(planned.children, rendered.children))
    )


def times_of(nodes: Iterable[RouteNode]) -> tuple[Times, ...]:
    """Return the times of some routes, each once: `group_wait`, `group_interval`, `repeat_interval`."""
    return tuple(sorted({(node.group_wait, node.group_interval, node.repeat_interval) for node in nodes}))


def bound(nodes: Sequence[RouteNode]) -> timedelta:
    """Return for how long Alertmanager holds an alert back: the least of several routes."""
    return min(max(node.group_wait, node.group_interval) for node in nodes)


def heard_of(verification: Verification, by_plan: Router) -> Iterator[Heard]:
    """Yield who is told of which alert, on both sides; those whom one side alone tells are not about times."""
    promised_by = verification.plan.policy.labels.promised_by
    kinds = unique(
        ((alert, alert.promised) for alert in verification.alerts if alert.promised is not None),
        lambda pair: (id(pair[0].nodes), pair[1].duty, *map(pair[0].labels.get, promised_by)),
    )
    for alert, rule in kinds:
        yield from _pairs(rule.called, rule, by_plan.routes_of(alert.labels), alert.nodes)
    told = unrouted.receivers(verification.plan.policy)
    for unknown in unknown_alerts(verification.plan):
        both = (router.routes_of(unknown.labels) for router in (by_plan, verification.router))
        yield from (one for one in _pairs(unknown.what, None, *both) if one.receiver in told)


def _pairs(
    who: str, rule: AlertRule | None, planned: Sequence[RouteNode], rendered: Sequence[RouteNode]
) -> Iterator[Heard]:
    for receiver in dict.fromkeys(node.receiver for node in planned):
        sides = [tuple(node for node in nodes if node.receiver == receiver) for nodes in (planned, rendered)]
        if all(sides):
            yield Heard(who, rule, receiver, sides[0], sides[1])
