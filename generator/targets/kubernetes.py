"""Objects of Kubernetes for the Prometheus operator: the same rules and the same configuration as the plain files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.behaviour import mounted, objects
from generator.behaviour.documents import KUBERNETES, KUSTOMIZATION, SECRET, is_rules, object_path
from generator.policy.kubernetes import KUBERNETES as NAME
from generator.system.artifact import Artifact
from generator.targets import wrapped
from generator.targets.target import Owned, Package

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.plan.plan import Plan
    from generator.targets.render import Templates


def pack(plan: Plan, templates: Templates, source: str, files: tuple[Artifact, ...]) -> Iterator[Artifact]:
    """Yield `kubernetes/rules/*.yaml`, `kubernetes/alertmanager/secret.yaml` and the kustomizations of both.

    Environments with rules of their own have a folder each, as the plain files have.
    """
    cluster = plan.policy.stack.kubernetes
    if cluster is None:
        return
    names = objects.object_names(plan.policy, (file.path for file in files))
    for file in files:
        if is_rules(file.path):
            comments, body = mounted.split(file.text)
            text = templates.render(
                "kubernetes/rule.yaml.j2",
                comments=comments,
                called=names[file.path],
                namespace=cluster.namespace,
                labels=objects.rule_labels(plan.policy, file.path),
                spec=wrapped.indented(body, 2),
            )
            yield Artifact(path=object_path(file.path), text=text)
    text = templates.render(
        "kubernetes/secret.yaml.j2",
        source=source,
        called=cluster.config_secret,
        namespace=cluster.namespace,
        labels=objects.own_labels(plan.policy),
        files=wrapped.secret_files(files),
    )
    yield Artifact(path=SECRET, text=text)
    for path, resources in objects.kustomizations(file.path for file in files).items():
        yield Artifact(
            path=path,
            text=templates.render("kubernetes/kustomization.yaml.j2", source=source, resources=resources),
        )


TARGET = Package(
    name=NAME,
    pack=pack,
    owns=(
        # The first that holds a path counts.
        Owned(path=f"{KUBERNETES}*{KUSTOMIZATION}", schema="kubernetes-kustomization"),
        Owned(path=SECRET, schema="kubernetes-secret"),
        Owned(path=f"{KUBERNETES}rules/*.yaml", schema="kubernetes-rule"),
        Owned(path=f"{KUBERNETES}*/rules/*.yaml", schema="kubernetes-rule"),
    ),
)
