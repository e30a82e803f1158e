"""What the page shows, part by part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from generator.behaviour import route_tree
from generator.plan.unread import unread
from generator.report import alerts, calendar, coverage, drawing, escalation, promise, standing
from generator.report.environments import environments
from generator.report.untold import untold

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from generator.behaviour.alerts import SentAlert
    from generator.behaviour.behaviour import Behaviour
    from generator.behaviour.route_tree import Branch
    from generator.behaviour.verification import Verification
    from generator.plan.plan import Plan
    from generator.policy.source import Source
    from generator.report.alerts import Alerts
    from generator.report.calendar import Calendar
    from generator.report.changed import Changed
    from generator.report.coverage import Coverage
    from generator.report.drilled import Drill
    from generator.report.environments import Shown
    from generator.report.escalation import Chart
    from generator.report.promise import Promise
    from generator.report.standing import Standing
    from generator.report.untold import Untold
    from generator.upstream.alertmanager.match import Router


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
    untold: tuple[Untold, ...]
    environments: tuple[Shown, ...]
    """All of them, where there are several; the page is about one."""
    tree: Branch
    picture: str
    changed: Changed | None
    drill: Drill | None
    unread: tuple[str, ...]
    """The alerts and recording rules whose expression alertc cannot analyse, of so many `expressions`."""
    expressions: int


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
    every: Sequence[Verification] = (),
) -> Page:
    """Return what the page of a policy shows; `link` is the template of a link to a line of the policy, or empty.

    `every` has the files of all environments, of which the others are those of one.
    """
    standings = standing.standings(plan, behaviour, sent)
    promises = promise.promises(plan, behaviour, standings)
    tree = route_tree.folded(plan.policy.labels, route_tree.whole(plan, behaviour, router, sent))
    return Page(
        plan=plan,
        path=source.path,
        promises=promises,
        missed=tuple(alert for alert in standings if not alert.kept),
        least=min((alert for alert in standings if alert.spare is not None), key=_share, default=None),
        alerts_in_all=len(standings),
        added=sum(not rule.origin.entered for rule in plan.rules),
        charts=escalation.charts(plan, behaviour, router, promises, standings),
        calendar=calendar.calendar(plan, begin),
        coverage=coverage.coverage(plan, standings),
        alerts=alerts.alerts(source, standings, link),
        untold=untold(plan),
        environments=environments(every),
        tree=tree,
        picture=drawing.svg(tree, "The tree of routes"),
        changed=changed,
        drill=drill,
        unread=tuple(expression.name for expression in unread(plan)),
        expressions=len(plan.policy.records) + len(plan.policy.alerts),
    )


def _share(alert: Standing) -> float:
    return alert.spare / alert.sla if alert.spare is not None else 1.0
