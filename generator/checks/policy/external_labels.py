"""Checks that no label that Prometheus adds to every alert decides where alerts go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.policy.model import Policy

POL254 = Code(
    name="POL254",
    title="External label decides who is paged",
    meaning="Alerts are routed, grouped or silenced by this label, and rules that do not set it remove it. Prometheus "
    "adds an external label of that name to all of them. Give the external label another name.",
)


def check(policy: Policy) -> Iterator[Diagnostic]:
    """POL254: an external label has the name of one by which alerts are routed."""
    for name in policy.stack.prometheus.external_labels:
        if name in policy.labels.pinned and name not in policy.labels.chosen.values():
            yield Diagnostic(
                code=POL254.name,
                message=f"Prometheus would add the label `{name}` to every alert, and alerts are routed by it",
                route=("stack", "prometheus", "external_labels", name),
                on_key=True,
                help="give the external label another name, in Prometheus too",
            )
