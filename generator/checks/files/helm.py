"""Values for the chart kube-prometheus-stack: what the chart makes of them is what was proven."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from generator.behaviour import mounted, objects
from generator.behaviour.documents import ALERTMANAGER, HELM, MESSAGES, VALUES, folder_of, shown
from generator.behaviour.typed import typed
from generator.checks.files import operator_limits
from generator.checks.files.kubernetes import difference, found, lacking, no_templates, plain_files, read
from generator.checks.files.kubernetes_codes import KUB602, KUB607, KUB608
from generator.diagnostics.diagnostic import route_text
from generator.policy.kubernetes import HELM as NAME
from generator.upstream import chart

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from generator.behaviour.documents import Documents
    from generator.behaviour.verification import Finding, Rendered
    from generator.diagnostics.diagnostic import EntryPath
    from generator.plan.plan import Plan
    from generator.system.artifact import Artifact

_RULES = "additionalPrometheusRulesMap"


def check(rendered: Rendered) -> Iterator[Finding]:
    """KUB601 to KUB608, OUT602 to OUT604: the chart would refuse the values, or make something else than was proven."""
    plan = rendered.plan
    if NAME not in plan.policy.targets:
        return
    plain = plain_files(rendered)
    files = {path: file for each in rendered.each for path, file in each.documents.items()}
    trees: dict[str, Any] = {}
    refused: list[Finding] = []
    for one in rendered.artifacts:
        if one.path.startswith(HELM):
            refused += read(plan, one, "helm-values", trees)
    yield from refused
    if refused:
        return
    names = objects.object_names(plan.policy, plain)
    by_file: Mapping[str, dict[str, str]] = defaultdict(dict)
    for path, name in names.items():
        by_file[f"{HELM}{folder_of(path)}{VALUES}"][name] = path
    for path in dict.fromkeys((f"{HELM}{VALUES}", *by_file, *trees)):
        if path not in trees:
            yield lacking(path, "`helm upgrade` would not find it")
            continue
        yield from _rules(plan, path, trees[path], by_file[path], files)
        if path == f"{HELM}{VALUES}":
            yield from _alertmanager(plan, path, trees[path].get("alertmanager"), plain)
        elif "alertmanager" in trees[path]:
            yield found(KUB602.name, f"{shown(path)} configures Alertmanager a second time", path, ("alertmanager",))


def _rules(plan: Plan, path: str, tree: Any, expected: Mapping[str, str], files: Documents) -> Iterator[Finding]:
    cluster = plan.policy.stack.kubernetes
    for name, file in sorted(expected.items()):
        entry = tree[_RULES].get(name)
        if entry is None:
            yield found(KUB602.name, f"{shown(path)} has no rules `{name}`", path, (_RULES,))
            continue
        labels = entry.get("additionalLabels", {})
        if cluster and labels != dict(cluster.labels):
            message = f"the labels of `{name}` in {shown(path)} are not those of `stack.kubernetes`"
            yield found(KUB608.name, message, path, (_RULES, name))
        where = difference({"groups": _as_text(entry["groups"])}, files[file])
        if where is not None:
            yield _other(path, (_RULES, name, *where))
    for name in sorted(tree[_RULES].keys() - expected.keys()):
        yield found(KUB602.name, f"`{name}` in {shown(path)} holds rules that nobody has proven", path, (_RULES, name))
    cut: Mapping[str, list[str]] = defaultdict(list)
    for name in sorted(expected):
        cut[chart.rule_name(cluster.release if cluster else None, name)].append(name)
    for same in cut.values():
        if len(same) > 1:
            message = f"the chart cuts the names {' and '.join(same)} to one: of two objects one would be lost"
            yield found(KUB607.name, message, path, (_RULES, same[-1]), "shorten the names of the services")


def _alertmanager(plan: Plan, path: str, entry: Any, plain: Mapping[str, Artifact]) -> Iterator[Finding]:
    if entry is None:
        yield found(KUB602.name, f"{shown(path)} has no `alertmanager`: nobody would be notified", path)
        return
    inside: EntryPath = ("alertmanager", "config")
    text = mounted.into_the_volume(plain[ALERTMANAGER].text)
    yield from operator_limits.of_configuration(plan, path, text, inside)
    yield from operator_limits.of_secret(path, text, *entry["templateFiles"].values())
    wanted = {name.removeprefix(MESSAGES): one.text for name, one in plain.items() if name.startswith(MESSAGES)}
    where = difference(entry["templateFiles"], wanted)
    if where is not None:
        yield _other(path, ("alertmanager", "templateFiles", *where))
    proven = typed(text)
    # What Alertmanager has where nothing is written: config.go, DefaultGlobalConfig.
    proven = {"inhibit_rules": [], **proven, "global": {"resolve_timeout": "5m", **(proven.get("global") or {})}}
    where = difference(chart.laid_over(chart.CONFIG, entry["config"]), proven)
    if where is not None and where[0] == "templates":
        yield no_templates(path, sorted(wanted), (*inside, "templates"))
    elif where is not None:
        yield _other(path, (*inside, *where))


def _as_text(value: Any) -> Any:
    """Return what the chart is given of rules as our own files are read: each scalar is text."""
    if isinstance(value, dict):
        return {key: _as_text(below) for key, below in value.items()}
    if isinstance(value, list):
        return [_as_text(below) for below in value]
    return str(value)


def _other(path: str, where: EntryPath) -> Finding:
    return found(KUB602.name, f"{route_text(where)} in {shown(path)} is not what was proven", path, where)
