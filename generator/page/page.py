"""All that the page shows, part by part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from generator import drawing, route_tree
from generator.page import alerts, calendar, coverage, escalation, promise, standing

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from generator.behaviour import Behaviour
    from generator.match import Router
    from generator.page.alerts import Alerts
    from generator.page.calendar import Calendar
    from generator.page.changed import Changed
    from generator.page.coverage import Coverage
    from generator.page.drilled import Drill
    from generator.page.escalation import Chart
    from generator.page.promise import Promise
    from generator.page.standing import Standing
    from generator.plan import Plan
    from generator.route_tree import Branch
    from generator.source import Source
    from generator.verify.alerts import SentAlert


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The whole page."""

    plan: Plan
    path: str
    promises: tuple[Promise, ...]
    missed: tuple[Standing, ...]
    least: Standing | None
    """The alert with the smallest part of its SLA to spare."""
    alerts_in_all: int
    added: int
    """Alerts that alertc adds: reminders, deadlines, the heartbeat, the watch over the pipeline itself."""
    charts: tuple[Chart, ...]
    calendar: Calendar
    coverage: Coverage
    alerts: Alerts
    tree: Branch
    picture: str
    changed: Changed | None
    drill: Drill | None


def page(
    plan: Plan,
    behaviour: Behaviour,
    router: Router,
    sent: Sequence[SentAlert],
    source: Source,
    *,
    begin: date,
    link: str,
    changed: Changed | None,
    drill: Drill | None,
) -> Page:
    """Return what the page of a policy shows; `link` is the template of a link to a line of the policy, or empty."""
    found = standing.standings(plan, behaviour, sent)
    promises = promise.promises(plan, behaviour, found)
    tree = route_tree.folded(route_tree.whole(plan, behaviour, router, sent))
    return Page(
        plan=plan,
        path=source.path,
        promises=promises,
        missed=tuple(one for one in found if not one.kept),
        least=min((one for one in found if one.spare is not None), key=_share, default=None),
        alerts_in_all=len(found),
        added=sum(rule.duty is not None for rule in plan.rules),
        charts=escalation.charts(plan, behaviour, router, promises, found),
        calendar=calendar.calendar(plan, begin),
        coverage=coverage.coverage(plan, found),
        alerts=alerts.alerts(source, found, link),
        tree=tree,
        picture=drawing.inline(tree, "The tree of routes"),
        changed=changed,
        drill=drill,
    )


def _share(one: Standing) -> float:
    return one.spare / one.sla if one.spare is not None else 1.0
