"""Policies whose files are objects of Kubernetes and values of Helm, too."""

from tests.compiling import edited

SECRETS = "/etc/alertmanager/secrets"
STACK = "kubernetes: {namespace: monitoring, release: monitoring, labels: {role: alert-rules}}"


def objects(policy: str, targets: str = "files, kubernetes, helm") -> str:
    """Return the policy with these targets, a place in a cluster, and a folder for the mounted Secret."""
    return edited(
        policy.replace(SECRETS, f"{SECRETS}/alertmanager-keys"),
        ("\nstack:\n", f"\ntargets: [{targets}]\nstack:\n  {STACK}\n"),
    )
