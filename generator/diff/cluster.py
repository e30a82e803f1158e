"""What applying objects of Kubernetes asks of the others in the cluster: selectors, Secrets, what is left behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.behaviour import mounted, objects
from generator.behaviour.documents import RULES, in_folder
from generator.diff.judge import listed, some
from generator.policy.kubernetes import FILES, HELM, KUBERNETES
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
    if not (old.own and new.own):
        return False
    shared = _carriers(old) & _carriers(new)
    return not shared or (FILES not in shared and _beginning(old, shared) != _beginning(new, shared))


def other_objects(old: Side, new: Side) -> tuple[bool, bool]:
    """Return whether Alertmanager reads another object, and whether those of Prometheus have other names or labels."""
    if _replaced(old, new):
        return True, True
    if not (_writes(old) and _writes(new)):
        return False, moved(old, new)
    return _secret(old) != _secret(new), moved(old, new) or _labels(old) != _labels(new)


def happens(old: Side, new: Side) -> Iterator[str]:
    """Yield what has to be done beside an apply, in the order in which to do it."""
    if not (old.own and new.own):
        return  # a folder of files does not say what was applied of it
    yield from _keys(old, new)
    if _replaced(old, new):
        yield (
            f"let Alertmanager read {_configuration(new)} in place of {_configuration(old)}, and only then take that "
            "away; without one of them nobody is paged"
        )
    else:
        yield from _other_target(old, new)
    if _writes(old) and _writes(new):
        yield from _objects(old, new)
    left = sorted(_rules(old) - _rules(new))
    if left:
        yield f"an apply leaves what is no longer written; delete it, or let it be pruned: {some(left)}"


def _keys(old: Side, new: Side) -> Iterator[str]:
    """Yield what has to be in mounted Secrets before Alertmanager reads it."""
    missing = _mounted(new) - _mounted(old) if _in_cluster(new) else frozenset()
    known = {key.partition("/")[0] for key in _mounted(old)} if _in_cluster(old) else set()
    added = sorted(key for key in missing if key.partition("/")[0] in known)
    if added:
        yield f"put new keys into the mounted Secret first: {some(added)}"
    for secret in sorted({key.partition("/")[0] for key in missing} - known):
        keys = sorted(key for key in missing if key.startswith(f"{secret}/"))
        yield (
            f"first make the Secret {secret} with its keys, name it in `secrets` of the Alertmanager, and wait until "
            f"its pods have it: {some(keys)}"
        )


def _other_target(old: Side, new: Side) -> Iterator[str]:
    """Yield what a target that is added or left out asks for: servers take the same from one of them."""
    for target in (name for name in new.plan.policy.targets if name not in _carriers(old)):
        yield f"{_FOLDERS[target]} is new and holds the same: with both applied, each rule is loaded twice"
    for target in (name for name in old.plan.policy.targets if name not in _carriers(new)):
        yield f"{_FOLDERS[target]} is no longer written: where it is what is applied, apply the other first"


def _objects(old: Side, new: Side) -> Iterator[str]:
    """Yield what objects in another namespace, or of other names or labels, ask for."""
    was, now = old.plan.policy.stack.kubernetes, new.plan.policy.stack.kubernetes
    if was and now and was.namespace != now.namespace:
        yield (
            f"Alertmanager reads Secrets of its own namespace: move it to {now.namespace}, with its Secrets of keys, "
            f"and only then delete {_secret(old)}; without it nobody is paged"
        )
    elif _secret(old) != _secret(new):
        yield (
            f"the Alertmanager object must read the Secret {_secret(new)}: apply that, change `configSecret`, and "
            f"only then delete {_secret(old)}; without it nobody is paged"
        )
    if lost := _lost(_labels(old), _labels(new)):
        yield (
            "first let `ruleSelector` of the Prometheus object select the new labels beside the old, or these "
            f"alerts are gone meanwhile: {listed(lost)}"
        )
    if _rule_folders(old) != _rule_folders(new):
        yield f"apply {listed(_rule_folders(new))} in place of {listed(_rule_folders(old))}"


_FOLDERS: Mapping[str, str] = {FILES: "prometheus/ and alertmanager/", KUBERNETES: "kubernetes/", HELM: "helm/"}


def _carriers(side: Side) -> frozenset[str]:
    return frozenset(side.plan.policy.targets)


def _replaced(old: Side, new: Side) -> bool:
    """Return whether nothing that servers were given is still written."""
    return old.own and new.own and not _carriers(old) & _carriers(new)


def _in_cluster(side: Side) -> bool:
    return side.own and _carriers(side) != {FILES}


def _configuration(side: Side) -> str:
    """Return from what Alertmanager takes its configuration."""
    if FILES in _carriers(side):
        return "the file alertmanager.yml"
    if KUBERNETES in _carriers(side):
        return f"the Secret {_secret(side)} (`configSecret`; of the chart, with `useExistingSecret`)"
    return "what the chart makes of helm/values.yaml"


def _writes(side: Side) -> bool:
    policy = side.plan.policy
    return side.own and KUBERNETES in policy.targets and policy.stack.kubernetes is not None


def _secret(side: Side) -> str:
    cluster = side.plan.policy.stack.kubernetes
    return f"{cluster.namespace}/{cluster.config_secret}" if cluster else ""


def _labels(side: Side) -> Mapping[str, str]:
    return objects.rule_labels(side.plan.policy, "")


def _lost(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    """Return the labels that no longer are what they were, as `role: alert-rules -> rules`; one more loses nothing."""
    keys = sorted(key for key in old if old[key] != new.get(key))
    return [f"{key}: {old[key]} -> {new.get(key, 'none')}" for key in keys]


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


def _beginning(side: Side, targets: frozenset[str]) -> tuple[str | None, ...]:
    cluster = side.plan.policy.stack.kubernetes
    if cluster is None:
        return ()
    return cluster.namespace, side.plan.policy.name, cluster.release if HELM in targets else None


def _mounted(side: Side) -> frozenset[str]:
    """Return the keys of mounted Secrets that the configuration reads as files."""
    settings = (each.settings for receiver in side.behaviour.receivers for each in receiver.integrations)
    files = (file for one in (*settings, side.settings) for file in mounted.secret_files(one))
    return frozenset(file.removeprefix(SECRETS_FOLDER) for file in files)
