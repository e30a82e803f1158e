"""The routes by which one receiver pages: by the hours of teams, and by what tells incidents apart."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from generator.diagnostics.wording import listed
from generator.plan import paging_hours, timing
from generator.plan.places import places
from generator.plan.plan import AlertRoute
from generator.upstream.alertmanager.matchers import is_any, is_one

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import timedelta

    from generator.diagnostics.diagnostic import PolicyPath
    from generator.plan.paging_hours import PagingHours
    from generator.plan.plan import AlertRule, SeverityPlan
    from generator.policy.model import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRoutes:
    """Who is paged, for which severity, and how often."""

    policy: Policy
    severity: SeverityPlan
    receiver: str
    matchers: tuple[str, ...]
    why: str
    repeat: timedelta
    continues: bool
    route: PolicyPath

    def of(self, rules: Iterable[AlertRule], more: Iterable[str]) -> AlertRoute:
        """Return the route for these rules, whose incidents all have `more` labels.

        Below it is a route for teams that are paged at other hours, and one for each set of labels by which alerts
        there are told apart.
        """
        (usual, _, own), *others = self._at_hours(tuple(rules))
        below = tuple(
            self._route(
                _why(teams), (is_any(self.policy.labels.team, teams),), more, hours, self._each(some, more, hours)
            )
            for hours, teams, some in others
        )
        below += self._each(own, more, usual)
        return replace(self._route(self.why, self.matchers, more, usual, below), continues=self.continues)

    def _at_hours(self, rules: tuple[AlertRule, ...]) -> list[tuple[PagingHours | None, list[str], list[AlertRule]]]:
        """Return the hours in which people are paged, with the teams and their rules: first at all hours, if at all."""
        found: dict[PagingHours | None, tuple[list[str], list[AlertRule]]] = {}
        for team in sorted({rule.team for rule in rules if rule.team}):
            teams, own = found.setdefault(paging_hours.of(self.policy, team, self.severity.name), ([], []))
            teams.append(team)
            own += [rule for rule in rules if rule.team == team]
        return sorted(((hours, *some) for hours, some in found.items()), key=lambda one: one[0] is not None)

    def _each(
        self, rules: Iterable[AlertRule], more: Iterable[str], hours: PagingHours | None
    ) -> tuple[AlertRoute, ...]:
        """Return a route for each set of labels by which some alerts are told apart."""
        names = self.policy.labels
        sets = {names.told_apart_by(each) for each in {rule.page_each for rule in rules}}
        return tuple(
            self._route(
                f"An incident for each {listed(labels)}.",
                (is_one(names.page_each, ",".join(labels)),),
                {*labels, *more},
                hours,
            )
            for labels in sorted(sets)
            if labels
        )

    def _route(
        self,
        why: str,
        matchers: tuple[str, ...],
        labels: Iterable[str],
        hours: PagingHours | None,
        children: tuple[AlertRoute, ...] = (),
    ) -> AlertRoute:
        """Return a route that pages in some hours, with an incident for each value of `labels`."""
        interval = self.severity.group_interval.length
        own = (*self.policy.labels.every_page, *self.policy.labels.told_apart_by(labels))
        return AlertRoute(
            why=why,
            receiver=self.receiver,
            matchers=matchers,
            group_by=(*own, *(label for label in places(self.policy) if label not in own)),
            group_wait=self.severity.group_wait.length,
            group_interval=interval,
            repeat_interval=timing.repeat_interval(self.repeat, interval),
            continues=False,
            active=hours.active if hours else None,
            mute=hours.mute if hours else None,
            children=children,
            route=self.route,
        )


def _why(teams: Iterable[str]) -> str:
    """Return what a route of some teams is for."""
    return f"{listed(teams)} by business hours of their own."
