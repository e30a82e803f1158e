"""Objects of Kubernetes hold what was proven, and the operator takes them: read back as it mounts them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import yaml

from generator.behaviour import mounted
from generator.behaviour import objects as cluster_objects
from generator.behaviour.documents import (
    ALERTMANAGER,
    KUBERNETES,
    KUSTOMIZATION,
    MESSAGES,
    SECRET,
    MalformedFile,
    object_path,
    plain_path,
    shown,
    template_of,
)
from generator.behaviour.typed import is_text, typed
from generator.behaviour.verification import Finding
from generator.checks.files import operator_limits
from generator.checks.files.kubernetes_codes import KUB601, KUB602, KUB603, KUB607, KUB608
from generator.checks.files.schemas import explained
from generator.diagnostics.diagnostic import Diagnostic, PolicyErrors, route_text
from generator.diagnostics.wording import listed
from generator.policy import schema, source
from generator.policy.kubernetes import KUBERNETES as NAME
from generator.upstream.prometheus_operator import CONFIG_FOLDER, CONFIG_KEY, NOT_APPLIED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from generator.behaviour.verification import Rendered
    from generator.diagnostics.diagnostic import EntryPath
    from generator.plan.plan import Plan
    from generator.system.artifact import Artifact

TEMPLATE = "compare your template with the packaged one"


def check(rendered: Rendered) -> Iterator[Finding]:
    """KUB601 to KUB608, OUT602 to OUT604: an object is refused, not taken, or holds something else than was proven."""
    plan = rendered.plan
    if NAME not in plan.policy.targets:
        return
    plain = plain_files(rendered)
    objects = {one.path: one for one in rendered.artifacts if one.path.startswith(KUBERNETES)}
    trees: dict[str, Any] = {}
    refused: list[Finding] = []
    if SECRET in objects:
        # One that is far too large is not read first.
        refused += operator_limits.of_secret(SECRET, objects[SECRET].text)
    for path, one in sorted(objects.items()):
        if not refused or path != SECRET:
            refused += read(plan, _shortened(one, plain), _form(path), trees)
    yield from _of_one_template(refused)
    if refused:
        return  # the rest would follow from it
    yield from _of_one_template(list(_rules(plan, plain, objects, trees)))
    yield from _secret(plan, plain, objects, trees)
    for path, resources in cluster_objects.kustomizations(plain).items():
        yield from _kustomization(path, resources, trees)


def _of_one_template(findings: list[Finding]) -> Iterator[Finding]:
    """Yield findings; what one template writes wrong in each of many objects is one."""
    alike: dict[object, list[Finding]] = {}
    for one in findings:
        same = one.path is not None and one.diagnostic.code != KUB602.name and one.diagnostic.route is None
        key = (one.diagnostic.code, template_of(one.path or ""), one.where) if same else id(one)
        alike.setdefault(key, []).append(one)
    for first, *others in alike.values():
        if others:
            count = len(others)
            note = f"the same in {count} other object{'s' * (count > 1)}"
            yield replace(first, diagnostic=replace(first.diagnostic, notes=(*first.diagnostic.notes, note)))
        else:
            yield first


def plain_files(rendered: Rendered) -> Mapping[str, Artifact]:
    """Return the files of all environments by their paths; what they hold has been proven."""
    return {one.path: one for each in rendered.each for one in each.artifacts}


def _shortened(one: Artifact, plain: Mapping[str, Artifact]) -> Artifact:
    """Return an object without its rules where these are evidently those that were proven, and text throughout.

    With many services to read them a second time would take as long as all else.
    """
    proven = plain.get(plain_path(one.path) or "")
    try:
        same = proven is not None and mounted.rule_file(one).text == proven.text
    except (MalformedFile, PolicyErrors):
        return one
    return replace(one, text=f"{mounted.head_of(one)}{_ANY_RULES}") if same and is_text(one.text) else one


_ANY_RULES = "spec: {groups: [{name: any, rules: [{expr: vector(1)}]}]}\n"


def read(plan: Plan, artifact: Artifact, form: str, trees: dict[str, Any]) -> Iterator[Finding]:
    """Add what a file holds to the trees; yield what its schema refuses."""
    try:
        trees[artifact.path] = tree = typed(artifact.text)
        # Anchors, tags and a key twice are refused as in every file of ours.
        source.read(artifact.text.encode(), shown(artifact.path))
    except (yaml.YAMLError, PolicyErrors) as error:
        why = error.diagnostics[0].message if isinstance(error, PolicyErrors) else str(error).split("\n")[0]
        yield found(KUB601.name, f"{shown(artifact.path)} cannot be read back: {why}", artifact.path)
        return
    for fault in schema.faults(tree, form):
        yield from explained(plan, trees, artifact.path, fault)


def _form(path: str) -> str:
    if path.endswith(f"/{KUSTOMIZATION}"):
        return "kubernetes-kustomization"
    return "kubernetes-secret" if path == SECRET else "kubernetes-rule"


# ------------------------------------------------------------------------------------------- rules


def _rules(
    plan: Plan, plain: Mapping[str, Artifact], objects: Mapping[str, Artifact], trees: Mapping[str, Any]
) -> Iterator[Finding]:
    names = cluster_objects.object_names(plan.policy, plain)
    for path, name in names.items():
        where = object_path(path)
        if where not in objects:
            yield lacking(where, "its rules would not be applied")
            continue
        yield from _metadata(plan, where, trees[where], name, cluster_objects.rule_labels(plan.policy, path))
        yield from operator_limits.of_rules(where, objects[where].text)
        try:
            held = mounted.rule_file(objects[where])
        except MalformedFile as error:
            yield found(KUB601.name, f"{shown(where)}: {route_text(error.where)} {error.problem}", where, error.where)
            continue
        yield from _same(where, held, plain[path], ("spec",))
    rules = {path for path in objects if plain_path(path)}
    for path in sorted(rules - {object_path(path) for path in names}):
        yield found(KUB602.name, f"{shown(path)} holds rules that nobody has proven", path)
    called = {path: trees[path]["metadata"]["name"] for path in sorted(rules)}
    for name, count in Counter(called.values()).items():
        if count > 1:
            paths = [path for path in called if called[path] == name]
            message = f"{' and '.join(map(shown, paths))} are called `{name}`: one would replace the other"
            yield found(KUB607.name, message, paths[-1], ("metadata", "name"), "rename a service or a severity")


def _metadata(plan: Plan, path: str, tree: Any, name: str, labels: Mapping[str, str]) -> Iterator[Finding]:
    cluster = plan.policy.stack.kubernetes
    expected = {"name": name, "namespace": cluster.namespace if cluster else ""}
    for key, value in expected.items():
        if tree["metadata"][key] != value:
            message = f"metadata/{key} in {shown(path)} is `{tree['metadata'][key]}`, not `{value}`"
            yield found(KUB608.name, message, path, ("metadata", key))
    written = tree["metadata"].get("labels", {})
    missing = [f"`{key}: {value}`" for key, value in labels.items() if written.get(key) != value]
    if missing:
        message = f"{shown(path)} has no label{'s' * (len(missing) > 1)} {listed(missing)}"
        help = TEMPLATE if path == SECRET else f"Prometheus loads what has the labels that it selects by: {TEMPLATE}"
        yield found(KUB608.name, message, path, ("metadata", "labels"), help)
    for key, value in (tree["metadata"].get("annotations") or {}).items():
        tool, harmless = NOT_APPLIED.get(key, ("", frozenset()))
        if tool and value not in harmless:
            message = f"{shown(path)} has the annotation `{key}: {value}`, so {tool}"
            help = "take the annotation out of your template: the object must be in the cluster as it is written"
            yield found(KUB608.name, message, path, ("metadata", "annotations", key), help)


def _same(path: str, held: Artifact, plain: Artifact, within: EntryPath) -> Iterator[Finding]:
    """Yield how what an object holds differs from what was proven; nothing where both mean the same."""
    if held.text == plain.text:
        return
    where = difference(_tree(held), _tree(plain))
    if where is not None:
        message = f"{route_text((*within, *where))} in {shown(path)} is not what was proven"
        yield found(KUB602.name, message, path, (*within, *where))


def _tree(artifact: Artifact) -> Any:
    return source.read(artifact.text.encode(), shown(artifact.path)).tree


def difference(one: Any, other: Any, where: EntryPath = ()) -> EntryPath | None:
    """Return the way to the first entry in which two trees differ; None where they are alike."""
    if isinstance(one, dict) and isinstance(other, dict):
        ways: list[tuple[Any, Any, Any]] = [
            (key, one.get(key), other.get(key)) for key in dict.fromkeys((*one, *other))
        ]
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        ways = [(at, *pair) for at, pair in enumerate(zip(one, other, strict=True))]
    else:
        return None if one == other and type(one) is type(other) else where
    inside = (difference(mine, theirs, (*where, key)) for key, mine, theirs in ways)
    return next((way for way in inside if way is not None), None)


# ------------------------------------------------------------------------------------------- the Secret


def _secret(
    plan: Plan, plain: Mapping[str, Artifact], objects: Mapping[str, Artifact], trees: Mapping[str, Any]
) -> Iterator[Finding]:
    path, cluster = SECRET, plan.policy.stack.kubernetes
    if path not in objects or cluster is None:
        yield lacking(path, "nobody would be notified")
        return
    yield from _metadata(plan, path, trees[path], cluster.config_secret, cluster_objects.own_labels(plan.policy))
    texts = trees[path]["stringData"]
    yield from operator_limits.of_configuration(plan, path, texts[CONFIG_KEY], ("stringData", CONFIG_KEY))
    try:
        held = {one.path: one for one in mounted.configuration(objects[path], trees[path])}
    except PolicyErrors as error:
        yield found(KUB601.name, f"{CONFIG_KEY} in {shown(path)}: {error.diagnostics[0].message}", path)
        return
    wanted = {name: one for name, one in plain.items() if name == ALERTMANAGER or name.startswith(MESSAGES)}
    unseen = sorted(key for key in texts if f"{MESSAGES}{key}" in wanted.keys() - held.keys())
    if unseen:
        yield no_templates(path, unseen, ("stringData", CONFIG_KEY))
        return
    for name, one in sorted(wanted.items()):
        key = CONFIG_KEY if name == ALERTMANAGER else name.removeprefix(MESSAGES)
        if name not in held:
            yield found(KUB602.name, f"{shown(path)} has no `{key}`", path, ("stringData",))
        elif name == ALERTMANAGER:
            yield from _same(path, held[name], one, ("stringData", CONFIG_KEY))
        elif held[name].text != one.text:
            message = f"stringData/{key} in {shown(path)} is not what was proven"
            yield found(KUB602.name, message, path, ("stringData", key))
    for key in texts:
        if key != CONFIG_KEY and f"{MESSAGES}{key}" not in wanted:
            message = f"stringData/{key} in {shown(path)} is a file that nobody has proven"
            yield found(KUB602.name, message, path, ("stringData", key))


def no_templates(path: str, unseen: list[str], where: EntryPath) -> Finding:
    """KUB603: message templates that the configuration does not name where they are mounted."""
    return found(
        KUB603.name,
        f"`templates` in {shown(path)} does not find {', '.join(unseen)}: Alertmanager would load, and every page and "
        "every message would fail",
        path,
        where,
        f"write `{CONFIG_FOLDER}*.tmpl` under `templates`; of `templates/*.tmpl` in the plain file alertc makes just "
        "that",
    )


def _kustomization(path: str, resources: tuple[str, ...], trees: Mapping[str, Any]) -> Iterator[Finding]:
    if path not in trees:
        yield lacking(path, "`kubectl apply -k` would find nothing")
        return
    written = trees[path]["resources"]
    for resource in sorted({*written} ^ {*resources}):
        what = "applies" if resource in written else "does not apply"
        yield found(KUB602.name, f"{shown(path)} {what} `{resource}`", path, ("resources",))


def lacking(path: str, consequence: str) -> Finding:
    """KUB602: a file is not there."""
    return found(KUB602.name, f"{shown(path)} is missing: {consequence}", None)


def found(code: str, message: str, path: str | None, where: EntryPath = (), help: str = TEMPLATE) -> Finding:
    """Return the finding about an entry of an object."""
    place = template_of(path) if path else None
    return Finding(diagnostic=Diagnostic(code=code, message=message, place=place, help=help), path=path, where=where)
