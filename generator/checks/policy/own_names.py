"""Checks that alerts set no label or annotation that alertc sets, and no label by a template."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.policy.model import Policy

POL259 = Code(
    name="POL259",
    title="Label or annotation that an alert cannot set",
    meaning="alertc sets this label, by which alerts are routed, or writes this annotation: another key of the alert "
    "says it. And a label must be the same for all series, or each value is another alert: what differs is a label of "
    "the series already, or belongs into an annotation.",
    bad="""
expr: disk_used_ratio > 0.9
labels: {team: storage}
""",
    good="""
expr: disk_used_ratio > 0.9
labels: {component: storage}
""",
)

_LABELS = {
    "environment": "it is the policy's `environment`",
    "escalation": "it is the service's `escalation`",
    "service": "write `service` or `each`",
    "severity": "write `severity`",
    "team": "it is the service's `team`",
    "duty": "give your label another name",
    "incident": "give your label another name",
    "containment": "write `containment`",
    "page_each": "write `page_each`",
}
"""The labels that alertc sets, by their usual names, with what says them."""
_ANNOTATIONS = {
    "summary": "write `summary`",
    "description": "write `details`",
    "containment": "write `containment`",
    "public": "write `public`",
    "runbook_url": "write `runbook`",
    "acknowledge_within": "it is the severity's `acknowledge`",
    "resolve_within": "it is the severity's `resolve`",
}
"""The annotations that alertc writes, with what says them."""


def check(policy: Policy) -> Iterator[Diagnostic]:
    """POL259: an alert sets a label or an annotation that alertc sets, or a label by a template."""
    names = policy.labels.names
    labels = {"alertname": "it is the name of the alert", **{names[usual]: _help(policy, usual) for usual in _LABELS}}
    for name, alert in policy.alerts.items():
        for kind, texts, taken in (("label", alert.labels, labels), ("annotation", alert.annotations, _ANNOTATIONS)):
            for key in texts:
                if key in taken:
                    yield _refused(name, kind, key, f"alertc sets the {kind} `{key}` of every alert", taken[key])
        for key, text in alert.labels.items():
            if key.startswith("__"):
                yield _refused(name, "label", key, f"`{key}` is for Prometheus alone", "give your label another name")
            elif "{{" in text:
                what = f"the label `{key}` of {name} would differ from series to series"
                yield _refused(name, "label", key, what, "write it into `annotations`")


def _help(policy: Policy, usual: str) -> str:
    chosen = "; or choose another name under `labels`" if usual in policy.labels.chosen else ""
    return f"{_LABELS[usual]}{chosen}"


def _refused(name: str, kind: str, key: str, message: str, help: str) -> Diagnostic:
    return Diagnostic(
        code=POL259.name, message=message, route=("alerts", name, f"{kind}s", key), on_key=True, help=help
    )
