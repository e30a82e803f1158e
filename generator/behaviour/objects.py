"""What objects of Kubernetes are called, by which labels the operator selects them, and what applies them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from generator.behaviour import mounted
from generator.behaviour.documents import (
    ALERTMANAGER,
    HELM,
    KUBERNETES,
    KUSTOMIZATION,
    MESSAGES,
    VALUES,
    folder_of,
    is_loaded,
    is_rules,
    object_path,
    shown,
)
from generator.policy.kubernetes import FILES
from generator.policy.kubernetes import KUBERNETES as KUBERNETES_TARGET
from generator.upstream.prometheus_operator import CONFIG_KEY

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from generator.diagnostics.diagnostic import Place
    from generator.policy.model import Policy
    from generator.system.artifact import Artifact

_FOLDERS = ("alertmanager", "rules")


def object_names(policy: Policy, paths: Iterable[str]) -> Mapping[str, str]:
    """Return the names of the objects by the paths of their rule files.

    What belongs to no service stands behind a dot, so that no service has its name: `exchange.records`.
    """
    return {path: _name(policy, path) for path in paths if is_rules(path)}


def _name(policy: Policy, path: str) -> str:
    stem = path.rpartition("/")[2].removesuffix(".yaml").lower()
    beginning = "-".join((policy.name, *filter(None, [(folder_of(path) or "").rstrip("/")])))
    return f"{beginning}.{stem[1:].replace('_', '-')}" if stem.startswith("_") else f"{beginning}-{stem}"


def holder(policy: Policy, path: str) -> str:
    """Return the file of `out/` that holds a plain file, which is this one where `targets` names plain files."""
    if FILES in policy.targets or not is_loaded(path):
        return path
    if KUBERNETES_TARGET not in policy.targets:
        return f"{HELM}{folder_of(path) or ''}{VALUES}"
    return object_path(path)


def own_labels(policy: Policy) -> Mapping[str, str]:
    """Return the labels that each of our objects has."""
    return {"app.kubernetes.io/managed-by": "alertc", "app.kubernetes.io/part-of": policy.name}


def rule_labels(policy: Policy, path: str) -> Mapping[str, str]:
    """Return the labels of the `PrometheusRule` of a rule file: those by which the operator selects it are among them.

    Where environments have rules of their own, each says whose it is: one Prometheus must not load those of another.
    """
    folder = (folder_of(path) or "").rstrip("/")
    return {**own_labels(policy), **({"environment": folder} if folder else {}), **_selected_by(policy)}


def _selected_by(policy: Policy) -> Mapping[str, str]:
    """Return the labels by which the operator selects rules."""
    cluster = policy.stack.kubernetes
    if cluster is None:
        return {}
    return {**({"release": cluster.release} if cluster.release else {}), **cluster.labels}


def kustomizations(paths: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
    """Return the resources of each kustomization by its path.

    That of the root takes all, where all environments have the same rules; others are applied by their folders.
    """
    folders: dict[str, list[str]] = {}
    for path in paths:
        if is_rules(path):
            folder, _, name = object_path(path).rpartition("/")
            folders.setdefault(folder, []).append(name)
    found = {f"{folder}/{KUSTOMIZATION}": tuple(sorted(names)) for folder, names in sorted(folders.items())}
    found[f"{KUBERNETES}alertmanager/{KUSTOMIZATION}"] = ("secret.yaml",)
    if set(folders) == {"kubernetes/rules"}:
        found[f"{KUBERNETES}{KUSTOMIZATION}"] = _FOLDERS
    return found


def in_holder(policy: Policy, place: Place, artifacts: Mapping[str, Artifact]) -> Place:
    """Return where a place of a plain file is in the file of `out/` that holds it: an object, or values of Helm.

    `artifacts` are all files by their paths in messages.
    """
    plain = artifacts.get(place.path)
    if plain is None or not is_loaded(plain.path):
        return place
    path = shown(holder(policy, plain.path))
    in_object = KUBERNETES_TARGET in policy.targets
    above, begin, indent = _held_in_object(plain) if in_object else _held_in_values(policy, plain)
    text = artifacts[path].text if path in artifacts else ""
    at = -1
    for mark in begin:
        at = text.find(mark, at + 1)
        if at < 0:
            break
    if at < 0 or place.line <= above:
        return replace(place, path=path, line=0, column=0)
    line = place.line - above + text.count("\n", 0, at + len(begin[-1]))
    return replace(place, path=path, line=line, column=place.column + indent if place.column else 0)


_Held: TypeAlias = "tuple[int, tuple[str, ...], int]"
"""How many lines of a plain file its holder leaves out, what stands before the rest, and how deep that is indented."""


def _held_in_object(plain: Artifact) -> _Held:
    if plain.path.startswith((ALERTMANAGER, MESSAGES)):
        key = CONFIG_KEY if plain.path == ALERTMANAGER else plain.path.removeprefix(MESSAGES)
        return 0, (f"\n  {key}: |\n",), 4
    return _above(plain), (mounted.SPEC,), len(mounted.INDENT)


def _held_in_values(policy: Policy, plain: Artifact) -> _Held:
    if plain.path.startswith(MESSAGES):
        return 0, (f"\n    {plain.path.removeprefix(MESSAGES)}: |\n",), 6
    if plain.path == ALERTMANAGER:
        return _above(plain), ("\nalertmanager:\n", "\n  config:\n"), 4
    # Labels may stand between the name and the groups, which are the first line of what is held.
    return _above(plain) + 1, (f"\n  {_name(policy, plain.path)}:\n", "\n    groups:\n"), 4


def _above(plain: Artifact) -> int:
    """Return how many lines of comments a file begins with."""
    comments, _ = mounted.split(plain.text)
    return comments.count("\n")
