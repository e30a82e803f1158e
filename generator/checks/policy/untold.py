"""Finds alerts of which nobody is told, and which ask for what needs somebody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.policy.model import Alert, Policy

POL261 = Code(
    name="POL261",
    title="Nobody is told of an alert that needs somebody",
    meaning="Nobody hears of an alert with `notify: nobody`. So it cannot be urgent, call a containment, silence "
    "others or have incidents, and nobody could act where its series are missing. Remove `notify` and `because`, or "
    "what the message names.",
    bad="""
expr: disk_used_ratio > 0.9
notify: nobody
because: The alert DiskFillsUp reads it.
page_each: [instance]
""",
    good="""
expr: disk_used_ratio > 0.9
notify: nobody
because: The alert DiskFillsUp reads it.
""",
)


def check(policy: Policy) -> Iterator[Diagnostic]:
    """POL261: an alert of which nobody is told is urgent, or has a key that needs people."""
    for name, alert in policy.alerts.items():
        if alert.untold is None:
            continue
        if alert.severity in policy.urgent:
            yield _finding(name, "severity", f"is a {alert.severity}", "give it a severity that is not urgent")
        for key in _keys(alert):
            yield _finding(name, key, f"has `{key}`", f"remove `{key}`")


def _keys(alert: Alert) -> Iterator[str]:
    """Yield the keys that are written and need somebody who hears of the alert."""
    written = {
        "containment": alert.containment,
        "page_each": alert.page_each,
        "when_missing": alert.when_missing not in (None, "ignore"),
        "means": alert.means,
        "public": alert.public,
    }
    return (key for key, value in written.items() if value)


def _finding(name: str, key: str, what: str, way_out: str) -> Diagnostic:
    return Diagnostic(
        code=POL261.name,
        message=f"nobody is told of {name}, but it {what}",
        route=("alerts", name, key),
        on_key=True,
        help=f"{way_out}, or let people hear of it: remove `notify: nobody`",
    )
