"""Checks that a policy whose objects a cluster takes says which cluster's they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic
from generator.policy.kubernetes import FILES, KUBERNETES
from generator.upstream.prometheus_operator import SECRETS_FOLDER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.policy.kubernetes import Kubernetes
    from generator.policy.model import Policy

KUB201 = Code(
    name="KUB201",
    title="Objects for no cluster",
    meaning="Objects of Kubernetes have a namespace and the labels by which the operator selects them. Write them into "
    "`stack.kubernetes`.",
)


KUB202 = Code(
    name="KUB202",
    title="Label or Secret that has another use",
    meaning="alertc gives each object the labels `app.kubernetes.io/managed-by` and `app.kubernetes.io/part-of`, and "
    "those of an environment with rules of its own `environment`; `release` is a label, too. The Secret with the "
    "configuration is written anew: it cannot be the one that holds the keys.",
)

KUB203 = Code(
    name="KUB203",
    title="Secret that no Alertmanager reads",
    meaning="The chart kube-prometheus-stack writes the Secret of its Alertmanager itself. Objects beside it need "
    "one of another name, which the chart's values name: `useExistingSecret: true`, `configSecret: NAME`.",
)

_OURS = frozenset({"app.kubernetes.io/managed-by", "app.kubernetes.io/part-of", "environment"})


def check(policy: Policy) -> Iterator[Diagnostic]:
    """KUB201 to KUB203: `targets` asks for objects, and `stack.kubernetes` is missing, or says what cannot be."""
    cluster = policy.stack.kubernetes
    if cluster:
        yield from _taken(cluster)
        yield from _unread(policy, cluster)
        return
    asked = [name for name in policy.targets if name != FILES]
    if asked:
        yield Diagnostic(
            code=KUB201.name,
            message=f"the target `{asked[0]}` needs `stack.kubernetes`, which is missing",
            route=("targets",),
            help="write under `stack`, for example: `kubernetes: {namespace: monitoring, labels: {role: alert-rules}}`",
        )


def _taken(cluster: Kubernetes) -> Iterator[Diagnostic]:
    """Yield a finding for each label that alertc sets itself, to its own value or to that of the release."""
    for key in cluster.labels:
        if key in _OURS:
            yield Diagnostic(
                code=KUB202.name,
                message=f"alertc sets the label `{key}` itself",
                route=("stack", "kubernetes", "labels", key),
                on_key=True,
                help="leave it out",
            )
    if cluster.release and cluster.labels.get("release", cluster.release) != cluster.release:
        yield Diagnostic(
            code=KUB202.name,
            message=f"the label `release` is `{cluster.labels['release']}`, and the release is {cluster.release}",
            route=("stack", "kubernetes", "labels", "release"),
            on_key=True,
            help="leave the label out: `release` sets it",
        )


def _unread(policy: Policy, cluster: Kubernetes) -> Iterator[Diagnostic]:
    """Yield a finding where no Alertmanager reads the Secret, or where it would take the place of the keys."""
    if cluster.release and KUBERNETES in policy.targets and not cluster.is_named:
        yield Diagnostic(
            code=KUB203.name,
            message=f"nothing says which Secret the Alertmanager of the release {cluster.release} reads",
            route=("stack", "kubernetes"),
            on_key=True,
            help="write `config_secret: alertmanager-routes` here, and in the chart's values `alertmanager: "
            "{alertmanagerSpec: {useExistingSecret: true, configSecret: alertmanager-routes}}`",
        )
    if policy.stack.alertmanager.secrets.rstrip("/") == f"{SECRETS_FOLDER}{cluster.config_secret}":
        yield Diagnostic(
            code=KUB202.name,
            message=f"the Secret {cluster.config_secret} holds the configuration, so the keys cannot be in it",
            route=("stack", "alertmanager", "secrets"),
            help="keep the keys in a Secret of another name",
        )
