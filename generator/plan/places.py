"""The external labels that tell places apart, such as regions: what happens in one does not happen in another."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from generator.policy.model import Policy

_REPLICAS = frozenset({"replica", "prometheus_replica", "__replica__"})
"""What people call the label by which the servers of a pair differ, which send the same alerts."""


def places(policy: Policy) -> tuple[str, ...]:
    """Return the external labels by which incidents and rooms are told apart, and which an inhibition compares."""
    names, declared = policy.labels, policy.stack.prometheus.external_labels
    # Each rule sets them, so that no external label of that name is added.
    always = {"alertname", names.escalation, names.service, names.severity, names.team}
    return tuple(sorted(declared.keys() - _REPLICAS - always - {names.environment}))
