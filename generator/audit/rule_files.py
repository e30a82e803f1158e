"""The rules that people have: rule files, Kubernetes objects with rules in them, namespaces of Mimir, unit tests."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from generator.audit import files_of_others, unrendered, yaml_of_others
from generator.audit.reading_codes import AUD904, AUD905, AUD906
from generator.audit.written import RuleFiles, WrittenRule
from generator.behaviour.behaviour import rule_of
from generator.behaviour.documents import MalformedFile
from generator.behaviour.part import Part
from generator.checks.files.versions import uses_in_group
from generator.diagnostics.diagnostic import Diagnostic, Level, Place, PolicyErrors, has_errors, route_text
from generator.diagnostics.yaml_events import short
from generator.policy.source import garbage_collection_paused

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from os import PathLike

    from generator.audit.yaml_of_others import Document, Tree
    from generator.behaviour.behaviour import Rule
    from generator.behaviour.part import Labels
    from generator.diagnostics.diagnostic import EntryPath
    from generator.upstream.features import Feature

OPTION = "--rules"
"""The option of `audit` that names what is read here."""


def read(paths: Iterable[str | PathLike[str]]) -> RuleFiles:
    """Return the rules of files and folders; `-` is what a pipe brings.

    A rule or a file that cannot be read is a finding, and all others are read. Of a folder's files those count that
    hold rules or unit tests of rules; what was named must hold rules.
    """
    reading = _Reading()
    names = tuple(str(path) for path in paths)
    with garbage_collection_paused():
        for file in files_of_others.files(names, reading.findings):
            reading.read(file)
    if not reading.rules and not has_errors(tuple(reading.findings)):
        named = files_of_others.shown(names)
        reading.findings.append(
            Diagnostic(
                code=AUD904.name,
                message=f"there is no rule in {named}",
                place=Place(path=names[0] if names else ""),
                help="name rule files, or folders with files that end in .yml, .yaml, .json or .rules",
            )
        )
    return RuleFiles(
        rules=tuple(reading.rules),
        tested=frozenset(reading.tested),
        sources=reading.sources,
        features=tuple(reading.features.values()),
        findings=tuple(reading.findings),
    )


class _Reading:
    """What was read so far."""

    def __init__(self) -> None:
        self.rules: list[WrittenRule] = []
        self.tested: set[str] = set()
        self.sources = files_of_others.Texts()
        self.features: dict[str, tuple[Feature, Place]] = {}
        self.findings: list[Diagnostic] = []

    def read(self, file: files_of_others.File) -> None:
        """Read a file; what is wrong with it becomes findings."""
        path = file.path
        try:
            raw = files_of_others.content(path)
        except PolicyErrors as unreadable:
            self.findings += unreadable.diagnostics
            return
        try:
            documents = yaml_of_others.read(raw, path)
        except PolicyErrors as invalid:
            if file.named or unrendered.looks_like_rules(raw):
                self.sources.add(path, raw)
                kind = unrendered.language(raw, path, is_yaml=False)
                self.findings += invalid.diagnostics if kind is None else [_template(kind, file)]
            return
        rules, findings, tested = len(self.rules), len(self.findings), len(self.tested)
        self._read_documents(documents, raw)
        # An expression has no templates of Prometheus' own.
        in_expressions = any("{{" in written.rule.expr for written in self.rules[rules:])
        kind = unrendered.language(raw, path, is_yaml=not in_expressions)
        unread = [finding for finding in self.findings[findings:] if finding.code == AUD905.name]
        # Beside rules there may be whatever else a cluster has, scripts too: their own texts decide.
        if kind is not None and (kind.by_name or unread or in_expressions or _has_template(self.rules[rules:])):
            del self.rules[rules:], self.findings[findings:]
            self.findings.append(_template(kind, file))
        if (len(self.rules), len(self.findings), len(self.tested)) != (rules, findings, tested):
            self.sources.add(path, raw)
        elif file.named:
            self.findings.append(_no_rule(path, documents))

    def _read_documents(self, documents: tuple[Document, ...], raw: bytes) -> None:
        plain = 0
        for document in documents:
            before = len(self.rules)
            tree = document.tree
            self._read_tree(document, tree, (), raw)
            if isinstance(tree, dict) and "groups" in tree and "kind" not in tree and len(self.rules) > before:
                plain += 1
                if plain == 2:
                    self.findings.append(_unread_document(document))

    def _read_tree(self, document: Document, tree: Tree, where: EntryPath, raw: bytes) -> None:
        """Read the rules, and the names of tested alerts, of whatever this is."""
        if isinstance(tree, list):
            for number, item in enumerate(tree):
                self._read_tree(document, item, (*where, number), raw)
        if not isinstance(tree, dict):
            return
        spec = tree.get("spec")
        items = tree.get("items")
        if isinstance(tree.get("tests"), list):
            self.tested.update(_tested(tree["tests"]))
        elif "groups" in tree:
            self._read_groups(document, tree["groups"], (*where, "groups"))
        elif isinstance(spec, dict) and "groups" in spec:
            self._read_groups(document, spec["groups"], (*where, "spec", "groups"))
        elif isinstance(items, list):
            self._read_tree(document, items, (*where, "items"), raw)
        elif tree.get("kind") == "ConfigMap":
            self._read_config_map(document, tree.get("data"), raw)
        elif "kind" not in tree and all(_are_groups(value) for value in tree.values()):
            for namespace, groups in tree.items():  # what the rulers of Mimir, Cortex and Loki answer
                self._read_groups(document, groups, (*where, namespace))

    def _read_config_map(self, document: Document, data: Tree, raw: bytes) -> None:
        if not isinstance(data, dict):
            return
        for key, text in data.items():
            if not isinstance(text, str) or "groups" not in text:
                continue
            try:
                documents = yaml_of_others.within(document, data, key, raw)
            except PolicyErrors as invalid:
                if unrendered.looks_like_rules(text.encode()):
                    self.findings += invalid.diagnostics
                continue
            for inner in documents:
                if isinstance(inner.tree, dict) and "groups" in inner.tree:
                    self._read_groups(inner, inner.tree["groups"], ("groups",))

    def _read_groups(self, document: Document, groups: Tree, where: EntryPath) -> None:
        path = document.path
        if groups is None:
            return
        try:
            parts = Part(path=path, value=groups, where=where).list()
        except MalformedFile as error:
            holder = document.tree
            self.findings.append(_malformed(f"{route_text(error.where)} {error.problem}", document, holder))
            return
        for group in parts:
            try:
                name = group.text_of("name")
                interval = group.length("interval", _NONE) or None
                limit = _limit(group)
                offset = group.length("query_offset", _NONE)
                labels = _labels(group)
                rules = group.list("rules")
            except MalformedFile as error:
                self.findings.append(_unreadable_group(error, group, document))
                continue
            for feature in uses_in_group(group.value):
                if feature.what not in self.features:
                    self.features[feature.what] = feature, document.place(group.value) or Place(path=path)
            for part in rules:
                try:
                    rule = _rule(part, name, interval)
                except MalformedFile as error:
                    self.findings.append(_unreadable_rule(error, part, name, document, group.value))
                    continue
                if labels:
                    rule = replace(rule, labels={**labels, **rule.labels})
                place = document.place(part.value) or Place(path=path)
                self.rules.append(WrittenRule(rule=rule, place=place, limit=limit, offset=offset))


def _template(kind: unrendered.Language, file: files_of_others.File) -> Diagnostic:
    return unrendered.finding(kind, file.path, OPTION, Level.ERROR if file.named else Level.WARNING)


def _has_template(rules: list[WrittenRule]) -> bool:
    for written in rules:
        rule = written.rule
        texts = (rule.name, rule.group, rule.expr, *rule.labels.values(), *rule.annotations.values())
        if unrendered.language("\n".join(texts).encode(), "", is_yaml=True):
            return True
    return False


_NONE = timedelta()
_NUMBER = re.compile(r"\+?[0-9]{1,9}")


def _rule(part: Part, group: str, interval: timedelta | None) -> Rule:
    """Return a rule; raises MalformedFile where Prometheus would not read it."""
    written = part.mapping()
    alert, record = written.get("alert"), written.get("record")
    if not alert and not record:
        raise part.malformed("has neither `alert` nor `record`")
    if alert and record:
        raise part.malformed("has both `alert` and `record`")
    if not written.get("expr"):
        raise part.malformed("has no `expr`")
    rule = rule_of(part, group, interval)
    _refuse_no_text(part, "labels", rule.labels)
    _refuse_no_text(part, "annotations", rule.annotations)
    return rule


def _labels(group: Part) -> Labels:
    labels = group.labels("labels")
    _refuse_no_text(group, "labels", labels)
    return labels


def _refuse_no_text(part: Part, key: str, texts: Labels) -> None:
    for value in texts.values():
        if type(value) is not str:
            name = next(name for name, other in texts.items() if other is value)
            raise part.need(key).below(name, value).malformed("is not text")


def _limit(group: Part) -> int:
    written = group.get("limit")
    if written is None:
        return 0
    if not isinstance(written.value, str) or _NUMBER.fullmatch(written.value) is None:
        raise written.malformed("is not a whole number")
    return int(written.value)


def _are_groups(value: Tree) -> bool:
    return isinstance(value, list) and all(isinstance(group, dict) and "rules" in group for group in value)


def _tested(tests: Tree) -> Iterator[str]:
    """Yield the names of the alerts that unit tests of promtool expect."""
    for test in tests if isinstance(tests, list) else ():
        cases = test.get("alert_rule_test") if isinstance(test, dict) else None
        for case in cases if isinstance(cases, list) else ():
            name = case.get("alertname") if isinstance(case, dict) else None
            if isinstance(name, str):
                yield name


def _malformed(message: str, document: Document, *around: object) -> Diagnostic:
    """Return the finding about what cannot be read; `around` are mappings, the nearest first."""
    places = (document.place(mapping) for mapping in around)
    return Diagnostic(
        code=AUD905.name,
        message=message,
        place=next((place for place in places if place), Place(path=document.path)),
        help="Prometheus refuses the file; `promtool check rules` says whether it is mended",
    )


def _unreadable_group(error: MalformedFile, part: Part, document: Document) -> Diagnostic:
    entry = route_text(error.where[len(part.where) :])
    name = part.value.get("name") if isinstance(part.value, dict) else None
    group = f"the group `{short(name)}`" if isinstance(name, str) else "a group"
    message = f"{group} cannot be read: its `{entry}` {error.problem}" if entry else f"a group {error.problem}"
    return _malformed(message, document, part.value)


def _unreadable_rule(error: MalformedFile, part: Part, group: str, document: Document, around: Any) -> Diagnostic:
    written = part.value if isinstance(part.value, dict) else {}
    name = next((written[key] for key in ("alert", "record") if isinstance(written.get(key), str)), "")
    rule = (
        f"the rule `{short(name)}`" if name else f"rule {part.where[-1] + 1 if isinstance(part.where[-1], int) else ''}"
    )
    entry = route_text(error.where[len(part.where) :])
    entry = f"its `{entry}`" if entry else "it"
    return _malformed(
        f"{rule} of the group `{short(group)}` cannot be read: {entry} {error.problem}", document, part.value, around
    )


def _no_rule(path: str, documents: tuple[Document, ...]) -> Diagnostic:
    trees = [document.tree for document in documents if isinstance(document.tree, dict)]
    if not documents:
        message, help = "is empty", "name a file with rules"
    elif any("rule_files" in tree and "tests" not in tree for tree in trees):
        message, help = (
            "is a configuration of Prometheus, and holds no rules",
            "name the files that its `rule_files` lists",
        )
    elif any("route" in tree and "receivers" in tree for tree in trees):
        message, help = "is a configuration of Alertmanager, and holds no rules", "name it with --alertmanager"
    else:
        message = "holds no rules"
        help = "rules stand under `groups`, in a rule file, a PrometheusRule or a ConfigMap"
    return Diagnostic(code=AUD904.name, message=f"{path} {message}", place=Place(path=path), help=help)


def _unread_document(document: Document) -> Diagnostic:
    place = document.place(document.tree) or Place(path=document.path)
    return Diagnostic(
        code=AUD906.name,
        message="a second document with rules begins here, and Prometheus reads only the first",
        level=Level.WARNING,
        place=place,
        help="put its groups into a file of their own; the audit takes them as if they were there",
    )
