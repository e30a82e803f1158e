"""What applying objects of Kubernetes asks of the others in the cluster: selectors, Secrets, what is left behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.behaviour import mounted, objects
from generator.behaviour.documents import RULES, in_folder
from generator.diff.judge import listed, some
from generator.policy.kubernetes import FILES, KUBERNETES
from generator.upstream.prometheus_operator import SECRETS_FOLDER

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from generator.diff.sides import Side


def folders(side: Side) -> Mapping[str, str]:
    """Return what a cluster is given for each program; nothing where servers read plain files."""
    targets = side.plan.policy.targets
    if not side.own or FILES in targets:
        return {}
    if KUBERNETES in targets:
        return {"Alertmanager": "kubernetes/alertmanager", "Prometheus": " and ".join(_rule_folders(side))}
    return {"Alertmanager": "helm/values.yaml", "Prometheus": "helm/values.yaml"}


def moved(old: Side, new: Side) -> bool:
    """Return whether Prometheus loads each rule from a file of another name: in a cluster, that of an object."""
    return old.own and new.own and _beginning(old) != _beginning(new)


def other_objects(old: Side, new: Side) -> tuple[bool, bool]:
    """Return whether the object of Alertmanager differs in its name, and those of Prometheus in names or labels."""
    if not (_writes(old) and _writes(new)):
        return False, moved(old, new)
    return _secret(old) != _secret(new), moved(old, new) or _labels(old) != _labels(new)


def happens(old: Side, new: Side) -> Iterator[str]:
    """Yield what has to be done beside an apply, in the order in which to do it."""
    if _writes(new):
        missing = sorted(_mounted(new) - _mounted(old))
        if missing:
            yield f"put new keys into the mounted Secret first: {some(missing)}"
        if _writes(old) and _secret(old) != _secret(new):
            yield (
                f"the Alertmanager object must read the Secret {_secret(new)}: apply that, change `configSecret`, and "
                f"only then delete {_secret(old)}; without it nobody is paged"
            )
        if _writes(old) and _labels(old) != _labels(new):
            yield (
                "first let `ruleSelector` of the Prometheus object select the new labels beside the old, or these "
                f"alerts are gone meanwhile: {listed(_changed(_labels(old), _labels(new)))}"
            )
        if _writes(old) and _rule_folders(old) != _rule_folders(new):
            yield f"apply {listed(_rule_folders(new))} in place of {listed(_rule_folders(old))}"
    left = [f"Secret {_secret(old)}"] if _writes(old) and not _writes(new) else []
    left += sorted(_rules(old) - _rules(new))
    if left:
        yield f"an apply leaves what is no longer written; delete it, or let it be pruned: {some(left)}"


def _writes(side: Side) -> bool:
    policy = side.plan.policy
    return side.own and KUBERNETES in policy.targets and policy.stack.kubernetes is not None


def _secret(side: Side) -> str:
    cluster = side.plan.policy.stack.kubernetes
    return f"{cluster.namespace}/{cluster.config_secret}" if cluster else ""


def _labels(side: Side) -> Mapping[str, str]:
    return objects.rule_labels(side.plan.policy, "")


def _changed(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    """Return the labels that differ, as `role: alert-rules -> rules`."""
    keys = sorted(key for key in {**old, **new} if old.get(key) != new.get(key))
    return [f"{key}: {old.get(key, 'none')} -> {new.get(key, 'none')}" for key in keys]


def _rules(side: Side) -> frozenset[str]:
    """Return the rules of a side as objects are called; none where it writes none."""
    cluster = side.plan.policy.stack.kubernetes
    if not _writes(side) or cluster is None:
        return frozenset()
    paths = (f"{in_folder(RULES, plan.folder)}{file.name}.yaml" for plan in side.plan.each for file in plan.rule_files)
    names = objects.object_names(side.plan.policy, paths).values()
    return frozenset(f"PrometheusRule {cluster.namespace}/{name}" for name in names)


def _rule_folders(side: Side) -> list[str]:
    return [f"kubernetes/{plan.folder}rules" for plan in side.plan.each if plan.folder or plan is side.plan.each[0]]


def _beginning(side: Side) -> tuple[str, ...]:
    cluster = side.plan.policy.stack.kubernetes
    if cluster is None or FILES in side.plan.policy.targets:
        return ()
    return (*side.plan.policy.targets, cluster.namespace, side.plan.policy.name)


def _mounted(side: Side) -> frozenset[str]:
    """Return the keys of mounted Secrets that the configuration reads as files."""
    settings = (each.settings for receiver in side.behaviour.receivers for each in receiver.integrations)
    files = (file for one in (*settings, side.settings) for file in mounted.secret_files(one))
    return frozenset(file.removeprefix(SECRETS_FOLDER) for file in files)
