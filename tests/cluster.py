"""Policies whose files are objects of Kubernetes and values of Helm, too."""

from tests.compiling import edited

SECRETS = "/etc/alertmanager/secrets"
STACK = "kubernetes: {namespace: monitoring, alertmanager: main, release: monitoring, labels: {role: alert-rules}}"

JOBS = "  prometheus_job: prometheus\n  alertmanager_job: alertmanager\n"
"""As the servers of the tests are scraped: those of a chart have other names."""


def objects(policy: str, targets: str = "files, kubernetes, helm") -> str:
    """Return the policy with these targets, a place in a cluster, and a folder for the mounted Secret."""
    return edited(
        policy.replace(SECRETS, f"{SECRETS}/alertmanager-keys"),
        ("\nstack:\n", f"\ntargets: [{targets}]\nstack:\n  {STACK}\n"),
        ("\nwatch:\n", f"\nwatch:\n{JOBS}"),
    )
