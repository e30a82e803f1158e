"""Finds thresholds of an alert at which nobody is ever told: a worse one is always there first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.plan.plan import AlertRule, Plan

POL267 = Code(
    name="POL267",
    title="Lesser threshold that is never told alone",
    meaning="At a worse severity the alert has the same condition and waits no longer, so that the lesser is silent "
    "whenever it fires. Give the two other parameters, or let the worse wait longer.",
    bad="""
at: {P2: {limit: 0.8}, P3: {limit: 0.8}}
expr: max by (host) (disk_used_ratio) > $limit
""",
    good="""
at: {P2: {limit: 0.8, for: 30m}, P3: {limit: 0.8}}
expr: max by (host) (disk_used_ratio) > $limit
""",
)


def check(plan: Plan) -> Iterator[Diagnostic]:
    """POL267: a worse severity of the alert has the same condition, and waits no longer."""
    several = {name for name, alert in plan.policy.alerts.items() if alert.at}
    by_alert: dict[tuple[str, str], list[AlertRule]] = {}
    for rule in plan.rules:
        if rule.name in several and rule.origin.written:
            by_alert.setdefault((rule.name, rule.service), []).append(rule)
    told: set[tuple[str, str]] = set()
    for rules in by_alert.values():
        rules.sort(key=lambda rule: plan.policy.rank(rule.severity))
        for number, lesser in enumerate(rules):
            same = (one for one in rules[:number] if one.condition == lesser.condition and one.hold <= lesser.hold)
            worse = next(same, None)
            if worse is not None and (lesser.name, lesser.severity) not in told:
                told.add((lesser.name, lesser.severity))
                yield _finding(worse, lesser)


def _finding(worse: AlertRule, lesser: AlertRule) -> Diagnostic:
    return Diagnostic(
        code=POL267.name,
        level=Level.WARNING,
        message=f"nobody is told of {lesser.name} as a {lesser.severity}: as a {worse.severity} it has the same "
        "condition and waits no longer",
        route=(*lesser.route, "at", lesser.severity),
        on_key=True,
        help=f"give {lesser.severity} other parameters, or {worse.severity} a longer `for`",
    )
