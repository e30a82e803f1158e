"""Checks that the names which `labels` chooses are free."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic
from generator.plan import watch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.policy.model import Policy

POL268 = Code(
    name="POL268",
    title="Name of a label is taken",
    meaning="`labels` chooses names for the labels that alertc sets. Each needs a name of its own, which Prometheus "
    "does not use itself (`alertname`, `alertstate`, `__name__`), and which no external label has: only that of the "
    "environment may be one. Nor may it be one that tells alerts of one rule apart where alertc watches the alerting "
    "(`job`, `instance`), or one by which `owners` reads alerts of others that never have it. Choose another name.",
)

_OF_PROMETHEUS = frozenset({"alertname", "alertstate"})
"""Those of alerts, and of the series ALERTS (rules/alerting.go)."""


def check(policy: Policy) -> Iterator[Diagnostic]:
    """POL268: a chosen name is another label's, Prometheus's own, or that of an external label."""
    for usual, name in policy.labels.chosen.items():
        taken = _taken(policy, usual, name)
        if taken:
            yield Diagnostic(
                code=POL268.name,
                message=f"`labels` calls the label of the {usual} `{name}`, {taken}",
                route=("labels", usual),
                help="choose another name, which no other label of an alert has",
            )


def _taken(policy: Policy, usual: str, name: str) -> str:
    """Return whose the name is already; empty where it is free."""
    if name in _OF_PROMETHEUS or name.startswith("__"):
        return "a name that Prometheus uses itself"
    same = [other for other, used in policy.labels.names.items() if used == name]
    # Of two that are chosen alike the later one is told.
    if any(other not in policy.labels.chosen or other < usual for other in same):
        return f"which is that of the {next(other for other in same if other != usual)}"
    if usual != "environment" and name in policy.stack.prometheus.external_labels:
        return "a label that Prometheus adds to every alert (`external_labels`)"
    for alert, entry in watch.known().items():
        own = policy.watch.alerts.get(alert)
        if name in entry.get("page_each", ()) and (own is None or own.off is None):
            return f"by which {alert} of the pipeline tells its alerts apart"
    others_lack = {*policy.labels.pinned, policy.labels.escalation}
    if policy.owners and policy.owners.by == name and name in others_lack:
        return "by which `owners` tells whose the alerts of others are, and those never have it"
    return ""
