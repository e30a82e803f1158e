"""The Alertmanager configuration that people have: a file, a Secret, a ConfigMap, AlertmanagerConfigs on top of one."""

from __future__ import annotations

import base64
import binascii
import zlib
from typing import TYPE_CHECKING, Any

from generator.audit import alertmanager_configs, files_of_others, unrendered, yaml_of_others
from generator.audit.masked import Masked
from generator.audit.reading_codes import AUD907, AUD908, AUD909, AUD929
from generator.audit.written import Configuration
from generator.behaviour import behaviour
from generator.behaviour.documents import AmbiguousValue, MalformedFile
from generator.behaviour.part import Part
from generator.diagnostics.diagnostic import Diagnostic, Level, Place, PolicyErrors, has_errors, route_text
from generator.diagnostics.wording import listed
from generator.diagnostics.yaml_events import short
from generator.system.record import record
from generator.upstream.alertmanager.match import every_node
from generator.upstream.prometheus_operator import CONFIG_FOLDER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from os import PathLike

    from generator.audit.alertmanager_configs import NamespacedConfig, Strategy
    from generator.audit.yaml_of_others import Document, Tree
    from generator.behaviour.behaviour import Behaviour
    from generator.diagnostics.diagnostic import EntryPath

OPTION = "--alertmanager"
"""The option of `audit` that names what is read here."""


def read(paths: Iterable[str | PathLike[str]]) -> Configuration:
    """Return what a configuration does, with the AlertmanagerConfigs among the files merged into it.

    Raises PolicyErrors where there is no configuration that Alertmanager would load. What has several meanings is a
    warning, and has that of the newest Alertmanager. No finding shows a secret, nor do the sources that come with it.
    """
    reading = _Reading()
    for file in files_of_others.files((str(path) for path in paths), reading.findings):
        reading.read(file)
    try:
        return _configuration(reading)
    except PolicyErrors as refused:
        refused.sources = reading.sources
        raise


@record
class _Base:
    """A whole configuration, and its place."""

    path: str
    tree: Mapping[str, Any]
    place: Place


class _Reading:
    """What was read so far."""

    def __init__(self) -> None:
        self.bases: list[_Base] = []
        self.objects: list[NamespacedConfig] = []
        self.strategy: Strategy | None = None
        self.documents: list[Document] = []
        self.sources = Masked()
        self.findings: list[Diagnostic] = []

    def place_of(self, mapping: object) -> Place | None:
        """Return where a mapping of some document begins."""
        return next((place for document in self.documents if (place := document.place(mapping))), None)

    def read(self, file: files_of_others.File) -> None:
        """Read a file; what is wrong with it becomes findings."""
        path = file.path
        try:
            raw = files_of_others.content(path)
            self.sources.add(path, raw)
            documents = yaml_of_others.read(raw, path)
        except PolicyErrors as invalid:
            kind = unrendered.language(raw, path, is_yaml=False) if path in self.sources else None
            # Where the keys of secrets cannot be read, no line is shown.
            self.sources.drop(path)
            if kind is None:
                self.findings += invalid.diagnostics
            else:
                self.findings.append(unrendered.finding(kind, path, OPTION, Level.ERROR))
            return
        before = len(self.bases), len(self.objects), len(self.findings), self.strategy
        for document in documents:
            self.documents.append(document)
            self.sources.hide(path, document.tree)
            self._read_tree(document, document.tree, raw)
        for base in self.bases[before[0] :]:
            kind = unrendered.language("\n".join(_texts(base.tree)).encode(), "", is_yaml=True)
            if kind is not None:
                self.findings.append(unrendered.finding(kind, path, OPTION, Level.ERROR))
        if file.named and (len(self.bases), len(self.objects), len(self.findings), self.strategy) == before:
            self.findings.append(_no_configuration(path, documents))

    def _read_tree(self, document: Document, tree: Tree, raw: bytes) -> None:
        if isinstance(tree, list):
            for item in tree:
                self._read_tree(document, item, raw)
        if not isinstance(tree, dict):
            return
        kind = tree.get("kind")
        place = document.place(tree) or Place(path=document.path)
        if kind == alertmanager_configs.KIND:
            self.objects.append(alertmanager_configs.of(tree, place, self.findings))
        elif kind == "Alertmanager":
            self.strategy = alertmanager_configs.strategy_of(tree)
        elif kind in ("Secret", "ConfigMap"):
            self._read_map(document, tree, raw)
        elif isinstance(tree.get("items"), list):
            self._read_tree(document, tree["items"], raw)
        elif isinstance(tree.get("alertmanager_config"), str):  # as Mimir's and Cortex' Alertmanagers are given it
            self._read_documents(yaml_of_others.within(document, tree, "alertmanager_config", raw), raw)
        elif "route" in tree or ("receivers" in tree and "service" not in tree):
            self.bases.append(_Base(path=document.path, tree=tree, place=place))

    def _read_documents(self, documents: tuple[Document, ...], raw: bytes) -> None:
        for document in documents:
            self.documents.append(document)
            self.sources.hide(document.path, document.tree)
            self._read_tree(document, document.tree, raw)

    def _read_map(self, document: Document, tree: dict[str, Tree], raw: bytes) -> None:
        """Read the configuration in a Secret or a ConfigMap; of the same key `stringData` counts, as for Kubernetes."""
        encoded = tree.get("kind") == "Secret"
        texts = {
            key: (holder, encoded and name == "data")
            for name in ("data", "binaryData", "stringData")
            if isinstance(holder := tree.get(name), dict)
            for key, value in holder.items()
            if isinstance(value, str)
        }
        preferred = [key for key in _KEYS if key in texts]
        for key in preferred[:1] or sorted(texts):
            holder, is_base64 = texts[key]
            whole = document.place(holder) or Place(path=document.path)
            try:
                if is_base64 or holder is tree.get("binaryData"):
                    text = _decoded(str(holder[key]), key, whole)
                    outer = yaml_of_others.Outer(path=document.path, whole=whole, first=None, indent=0)
                    documents = yaml_of_others.inside(text, outer)
                else:
                    documents = yaml_of_others.within(document, holder, key, raw)
            except PolicyErrors as invalid:
                if preferred:
                    self.findings += invalid.diagnostics
                continue
            known = len(self.bases)
            self._read_documents(documents, raw)
            self.findings += (lost for base in self.bases[known:] for lost in _unfound(base, texts))


def _unfound(base: _Base, keys: Iterable[str]) -> Iterator[Diagnostic]:
    """AUD929: the message templates beside a configuration are looked for in a folder, and are in none."""
    patterns = base.tree.get("templates")
    beside = [key for key in keys if key.endswith(".tmpl")]
    if not beside or not isinstance(patterns, list) or not patterns:
        return
    # What is mounted has no folders: whoever mounts it, and wherever, such a path finds nothing.
    if all(isinstance(one, str) and "/" in one and not one.startswith(("/", "./")) for one in patterns):
        yield Diagnostic(
            code=AUD929.name,
            level=Level.WARNING,
            message=f"`{short(patterns[0])}` finds no message template: {listed(sorted(beside))} are mounted without a "
            "folder. Alertmanager starts, and then each message fails that uses one",
            place=base.place,
            help=f"the Prometheus operator mounts them in {CONFIG_FOLDER}: write `{CONFIG_FOLDER}*.tmpl`",
        )


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)


_KEYS = ("alertmanager.yaml", "alertmanager.yml", "alertmanager.yaml.gz", "alertmanager.yml.gz")


def _decoded(text: str, key: str, place: Place) -> bytes:
    try:
        content = base64.b64decode("".join(text.split()), validate=True)
        if content.startswith(b"\x1f\x8b"):
            inflated = zlib.decompressobj(wbits=31)
            content = inflated.decompress(content, yaml_of_others.MAX_BYTES)
    except (binascii.Error, zlib.error, ValueError):
        raise PolicyErrors(
            Diagnostic(
                code=AUD907.name,
                message=f"`{short(key)}` is not base64, as the data of a Secret is, or what it holds is broken",
                place=place,
                help="write plain text under `stringData`, or take the Secret from the cluster anew",
            )
        ) from None
    return content


def _configuration(reading: _Reading) -> Configuration:
    findings = reading.findings
    if has_errors(tuple(findings)):
        raise PolicyErrors(*findings)
    base = _base(reading)
    made: dict[int, Place] = {}
    tree: Mapping[str, Any] = base.tree
    if reading.objects:
        strategy = reading.strategy or alertmanager_configs.Strategy()
        tree = alertmanager_configs.merged(tree, reading.objects, made, reading.place_of, findings, strategy)

    def place(where: EntryPath) -> Place:
        here: Any = tree
        nearest = base.place
        for step in where:
            try:
                here = here[step]
            except (KeyError, IndexError, TypeError):
                break
            nearest = made.get(id(here)) or reading.place_of(here) or nearest
        return nearest

    doubts: list[MalformedFile] = []
    try:
        conduct = behaviour.alertmanager(Part(path=base.path, value=tree, doubt=doubts.append))
    except MalformedFile as error:
        raise PolicyErrors(*findings, _malformed(error, place(error.where))) from None
    findings += [_doubt(error, place(error.where)) for error in doubts]
    findings += _undefined(conduct, place)
    routes = (error.where[:-2] if error.where[-2:-1] == ("matchers",) else error.where for error in doubts)
    return Configuration(
        behaviour=conduct,
        tree=tree,
        doubted=frozenset(routes),
        place=place,
        sources=reading.sources,
        findings=tuple(findings),
    )


def _base(reading: _Reading) -> _Base:
    """Return the one configuration that everything belongs to."""
    if len(reading.bases) > 1:
        first, second = reading.bases[:2]
        raise PolicyErrors(
            *reading.findings,
            Diagnostic(
                code=AUD907.name,
                message=f"there are {len(reading.bases)} configurations of Alertmanager, and each audit is of one",
                place=second.place,
                notes=(f"the first is at {first.place.path}:{first.place.line}",),
                help="name one of them; beside it only AlertmanagerConfig objects count",
            ),
        )
    if reading.bases:
        return reading.bases[0]
    if not reading.objects:
        raise PolicyErrors(
            *reading.findings,
            Diagnostic(
                code=AUD907.name,
                message="there is no configuration of Alertmanager in what was named",
                place=Place(path=next(iter(reading.sources), "")),
                help="name the file with `route` and `receivers`, or the Secret that holds it",
            ),
        )
    first_object = reading.objects[0]
    reading.findings.append(
        Diagnostic(
            code=AUD909.name,
            message="there are only AlertmanagerConfigs, and no configuration that the operator adds them to",
            level=Level.WARNING,
            place=first_object.place,
            notes=("the audit takes the operator's own, whose only receiver, `null`, tells nobody",),
            help="name the Secret with the main configuration too (`alertmanager-NAME`, key `alertmanager.yaml`)",
        )
    )
    return _Base(path=first_object.place.path, tree=alertmanager_configs.ALONE, place=first_object.place)


def _malformed(error: MalformedFile, place: Place) -> Diagnostic:
    entry = route_text(error.where)
    return Diagnostic(
        code=AUD907.name,
        message=f"{entry or 'the configuration'} {error.problem}",
        place=place,
        help="`amtool check-config` says whether Alertmanager loads it",
    )


def _doubt(error: MalformedFile, place: Place) -> Diagnostic:
    return Diagnostic(
        code=AUD908.name,
        message=f"{route_text(error.where)} {error.problem}",
        level=Level.WARNING,
        place=place,
        notes=(f"the audit takes it as {error.taken}",) if isinstance(error, AmbiguousValue) else (),
        help="write it so that it has one meaning everywhere",
    )


def _undefined(conduct: Behaviour, place: Callable[[EntryPath], Place]) -> Iterator[Diagnostic]:
    """Yield what Alertmanager does not load though each entry alone can be read."""
    receivers = [receiver.name for receiver in conduct.receivers]
    for number, receiver in enumerate(conduct.receivers):
        if receiver.name in receivers[:number]:
            yield _refused(
                f'two receivers have the name "{short(receiver.name)}"', place(receiver.where), "rename one of them"
            )
    known = frozenset(receivers)
    if conduct.root.matchers:
        yield _refused("the first route has matchers", place(conduct.root.where), "remove them: it takes every alert")
    if conduct.root.active or conduct.root.mute:
        yield _refused(
            "the first route has time intervals", place(conduct.root.where), "put them into a route below it"
        )
    for node in every_node(conduct.root):
        if node.receiver not in known:
            yield _refused(
                f'there is no receiver "{short(node.receiver)}", which this route names',
                place(node.where),
                "add it to `receivers`, or name one that is there",
            )
        for interval in (*node.active, *node.mute):
            if interval not in conduct.time_intervals:
                yield _refused(
                    f'there is no time interval "{short(interval)}", which this route names',
                    place(node.where),
                    "add it to `time_intervals`, or name one that is there",
                )


def _refused(message: str, place: Place, help: str) -> Diagnostic:
    return Diagnostic(
        code=AUD907.name, message=message, place=place, notes=("Alertmanager does not load the file",), help=help
    )


def _no_configuration(path: str, documents: tuple[Document, ...]) -> Diagnostic:
    trees = [document.tree for document in documents if isinstance(document.tree, dict)]
    if not documents:
        message, help = "is empty", "a configuration has `route` and `receivers`"
    elif any("groups" in tree or tree.get("kind") == "PrometheusRule" for tree in trees):
        message, help = "holds rules, not a configuration of Alertmanager", "name it with --rules"
    else:
        message, help = (
            "is no configuration of Alertmanager: it has no `route`",
            "name the file with `route` and `receivers`",
        )
    return Diagnostic(code=AUD907.name, message=f"{path} {message}", place=Place(path=path), help=help)
