"""Where the Prometheus operator runs Prometheus and Alertmanager, as the policy says it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

TargetName = Literal["files", "kubernetes", "helm"]
FILES: TargetName = "files"
KUBERNETES: TargetName = "kubernetes"
HELM: TargetName = "helm"
"""What `targets` can name."""
DEFAULT: tuple[TargetName, ...] = (FILES,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kubernetes:
    """The objects of a cluster that rules and configuration are for."""

    namespace: str
    config_secret: str
    """The Secret from which the operator takes Alertmanager's configuration."""
    is_named: bool
    """Whether the policy says which Secret, or which `Alertmanager`."""
    release: str | None
    labels: Mapping[str, str]
    """What each `PrometheusRule` has for the selector of the `Prometheus` object, but for `release`."""


def kubernetes(entry: Mapping[str, Any] | None) -> Kubernetes | None:
    """Return what `stack.kubernetes` says; None where it is not written."""
    if entry is None:
        return None
    # pkg/alertmanager/statefulset.go of the operator: defaultConfigSecretName.
    default = f"alertmanager-{entry.get('alertmanager', 'main')}"
    return Kubernetes(
        namespace=entry["namespace"],
        config_secret=entry.get("config_secret", default),
        is_named="config_secret" in entry or "alertmanager" in entry,
        release=entry.get("release"),
        labels=entry.get("labels", {}),
    )
