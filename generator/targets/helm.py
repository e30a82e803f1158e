"""Values for the chart kube-prometheus-stack, with the same rules and the same configuration as the plain files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.behaviour import mounted, objects
from generator.behaviour.documents import HELM, VALUES, folder_of, is_rules
from generator.policy.kubernetes import HELM as NAME
from generator.system.artifact import Artifact
from generator.targets import wrapped
from generator.targets.target import Owned, Package
from generator.upstream.prometheus_operator import CONFIG_KEY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.plan.plan import Plan
    from generator.targets.render import Templates


def pack(plan: Plan, templates: Templates, source: str, files: tuple[Artifact, ...]) -> Iterator[Artifact]:
    """Yield `helm/values.yaml`; rules that one environment has alone are in `helm/ENVIRONMENT/values.yaml`."""
    names = objects.object_names(plan.policy, (file.path for file in files))
    rules: dict[str, list[dict[str, str]]] = {}
    for file in files:
        if is_rules(file.path):
            _, body = mounted.split(file.text)
            entry = {"name": names[file.path], "groups": wrapped.indented(body, 4)}
            rules.setdefault(folder_of(file.path) or "", []).append(entry)
    secret = dict(wrapped.secret_files(files))
    _, config = mounted.split(secret.pop(CONFIG_KEY))
    for folder in dict.fromkeys(("", *sorted(rules))):
        text = templates.render(
            "helm/values.yaml.j2",
            source=source,
            rules=rules.get(folder, []),
            labels=dict(plan.policy.stack.kubernetes.labels) if plan.policy.stack.kubernetes else {},
            config=None if folder else wrapped.indented(config, 4),
            inhibits="\ninhibit_rules:" in f"\n{config}",
            files=secret,
        )
        yield Artifact(path=f"{HELM}{folder}{VALUES}", text=text)


TARGET = Package(name=NAME, pack=pack, owns=(Owned(path=f"{HELM}*{VALUES}", schema="helm-values"),))
