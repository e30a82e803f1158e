"""What the Prometheus operator (0.93) makes of its objects.

Read in its source: pkg/operator/rules.go, pkg/alertmanager/operator.go and statefulset.go,
cmd/prometheus-config-reloader, and how that replaces variables in pkg/reloader/reloader.go of Thanos.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

CONFIG_KEY = "alertmanager.yaml"
"""The key of the Secret that holds Alertmanager's configuration; all others are files beside it."""
CONFIG_FOLDER = "/etc/alertmanager/config/"
"""Where the files of the Secret are, without sub-folders. The configuration itself is loaded from `OUT_FOLDER`."""
OUT_FOLDER = "/etc/alertmanager/config_out/"
"""Where relative paths of the configuration begin: the reloader writes nothing there but the configuration."""
SECRETS_FOLDER = "/etc/alertmanager/secrets/"
"""In it each Secret that `spec.secrets` of the Alertmanager names is a folder, and each of its keys a file."""

MOST_OF_A_RULE = 512 * 1024
"""Bytes of the rules of one object; of a larger one the operator takes nothing (MaxConfigMapDataSize)."""
MOST_OF_A_SECRET = 1024 * 1024
"""Bytes of all values of a Secret; the API server refuses a larger one (MaxSecretSize of Kubernetes' core/v1)."""

NOT_APPLIED: Mapping[str, tuple[str, frozenset[str]]] = {
    "config.kubernetes.io/local-config": ("kustomize leaves it out", frozenset({"false"})),
    "argocd.argoproj.io/hook": ("Argo CD leaves it out, or makes it anew at each sync", frozenset()),
    "helm.sh/hook": ("Helm and Argo CD make it anew at each sync", frozenset()),
    "kustomize.toolkit.fluxcd.io/reconcile": ("Flux leaves it as it is", frozenset({"enabled"})),
    "kustomize.toolkit.fluxcd.io/ssa": ("Flux leaves it as it is", frozenset({"Override", "Merge"})),
}
"""Annotations because of which an object is not in the cluster as it is written: what they do, and harmless values.

Sources: kustomize's filter for local configuration; Argo CD's "Sync Phases and Waves" (it knows Helm's hooks, too);
Flux's "Controlling the apply behavior of resources".
"""

REPLACED = re.compile(r"\$\(([a-zA-Z_0-9]+)\)")
"""What the reloader replaces in the configuration by a variable of its environment, if it has that one."""

SECRET_FILE = re.compile(re.escape(SECRETS_FOLDER) + r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?/[-._a-zA-Z0-9]+")
"""The path of a file of a mounted Secret."""
