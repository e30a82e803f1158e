"""Alerts of rules that are not the policy's, which fire and page by its routes all the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Level
from generator.remote.servers.deviations import Deviation, listed, some
from generator.remote.web import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.behaviour.verification import Verification
    from generator.remote.servers.servers import Alertmanager, FiringAlert, Labels

LIV818 = Code(
    name="LIV818",
    title="Alert of others pages",
    meaning="An alert fires that no rule of the policy sends, and its receiver pages somebody. Take its rule into the "
    "policy, or give the Prometheus that sends it other labels.",
)


def check(verification: Verification, server: Alertmanager) -> Iterator[Deviation]:
    """LIV818: an alert fires and pages that is of no rule of the policy."""
    if server.behaviour is None:
        return
    paging = verification.paging(server.behaviour)
    alien = [
        alert
        for alert in server.firing
        if paging.intersection(alert.receivers) and not _is_ours(verification, alert.labels)
    ]
    if alien:
        names = dict.fromkeys(quoted(alert.labels.get("alertname", "without a name")) for alert in alien)
        fire = "alert fires" if len(alien) == 1 else "alerts fire"
        through = sorted({name for alert in alien for name in alert.receivers if name in paging})
        yield Deviation(
            code=LIV818.name,
            program="Alertmanager",
            server=server.url,
            said=f"{len(alien)} {fire} that no rule of the policy sends, which {listed(through)} is told and pages: "
            f"{some(names)}",
            route=("watch", "unrouted"),
            level=Level.WARNING,
            notes=tuple(_labels(alert) for alert in alien[:1]),
            help="take their rules into the policy, or let whoever sends them go to another receiver",
        )


def _is_ours(verification: Verification, labels: Labels) -> bool:
    """Return whether a rule of the policy sends alerts with these labels; what its series add may be anything."""
    return any(
        rule.name == labels.get("alertname")
        and all(labels.get(name, "") == value for name, value in rule.labels.items() if "{{" not in value)
        for rule in verification.behaviour.rules
    )


def _labels(alert: FiringAlert) -> str:
    labels = ", ".join(
        f"{quoted(name)}={quoted(value)}" for name, value in sorted(alert.labels.items()) if name != "alertname"
    )
    return f"the first has {labels}" if labels else "the first has no label beside its name"
