"""The routes and inhibitions of the plan as they are read of a file, so that both can be asked alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.upstream.alertmanager import inhibition, match
from generator.upstream.alertmanager.match import RouteNode

if TYPE_CHECKING:
    from collections.abc import Iterable

    from generator.plan.plan import AlertRoute, Inhibition
    from generator.upstream.alertmanager.match import Matcher


def tree(route: AlertRoute) -> RouteNode:
    """Return a route of the plan, with those below it, as the router reads it; its path is the policy's."""
    return RouteNode(
        receiver=route.receiver,
        matchers=_matchers(route.matchers),
        group_by=route.group_by,
        group_wait=route.group_wait,
        group_interval=route.group_interval,
        repeat_interval=route.repeat_interval,
        continues=route.continues,
        active=(route.active,) if route.active else (),
        mute=(route.mute,) if route.mute else (),
        children=tuple(map(tree, route.children)),
        where=route.route,
    )


def inhibitions(planned: Iterable[Inhibition]) -> tuple[inhibition.Inhibition, ...]:
    """Return the inhibitions of the plan; their paths are the policy's."""
    return tuple(
        inhibition.Inhibition(
            source=_matchers(one.source), target=_matchers(one.target), equal=one.equal, where=one.route
        )
        for one in planned
    )


def _matchers(texts: Iterable[str]) -> tuple[Matcher, ...]:
    return tuple(one for text in texts for one in match.parse(text))
