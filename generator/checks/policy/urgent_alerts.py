"""Checks that nothing holds back what is urgent: business hours, a missing page, low urgency."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.policy.model import Policy

SLA203 = Code(
    name="SLA203",
    title="Urgent severity pages in business hours only",
    meaning="An urgent alert that begins and ends outside of business hours would page nobody. Write `hours: "
    "always`, or make the severity one that is not urgent.",
)

SLA204 = Code(
    name="SLA204",
    title="Urgent severity pages nobody",
    meaning="Whatever is urgent must page somebody. Add `page` to its `notify`, or a channel with `pages: true`.",
)

SLA205 = Code(
    name="SLA205",
    title="Urgent severity pages with low urgency",
    meaning="PagerDuty may hold back a page of low urgency until the morning. Write `urgency: high`.",
)

SLA206 = Code(
    name="SLA206",
    title="Minor severity silences other alerts",
    meaning="An alert that silences others must never be silenced itself. Give it an urgent severity (P0 or P1).",
)


def check(policy: Policy) -> Iterator[Diagnostic]:
    """SLA203: hours other than always. SLA204: nobody is paged. SLA205: low urgency. SLA206: a minor alert silences."""
    for name, severity in policy.severities.items():
        if not severity.urgent:
            continue
        if severity.hours == "business":
            written = "acknowledge" if severity.in_business_hours else "hours"
            yield Diagnostic(
                code=SLA203.name,
                message=f"{name} pages in business hours only: an alert that resolves before they begin pages nobody",
                route=("severities", name, written),
                help="promise it by the clock, or write `urgent: false`"
                if severity.in_business_hours
                else "write `hours: always`",
            )
        if not policy.pages(name):
            yield Diagnostic(
                code=SLA204.name,
                message=f"{name} pages nobody",
                route=("severities", name, "notify"),
                help="add `page` to `notify`, or a channel where somebody answers (`pages: true`)",
            )
        if severity.urgency == "low":
            yield Diagnostic(
                code=SLA205.name,
                message=f"{name} has low urgency: PagerDuty may hold its pages back until the morning",
                route=("severities", name, "urgency"),
                help="write `urgency: high`",
            )
    for name, alert in policy.alerts.items():
        if alert.means is not None and alert.severity not in policy.urgent:
            yield Diagnostic(
                code=SLA206.name,
                message=f"{name} silences what depends on its service, but is itself only a {alert.severity}",
                route=("alerts", name, "means"),
                help=f"make it a {policy.urgent_words()}, or remove `means`: what silences others must not be "
                "silenced itself",
            )
