"""The rendered files as a drill runs them: faster, their expressions replaced by samples, everybody called on loopback.

Whatever is not named here stays to the letter: routes, matchers, groups, labels, templates, texts.
"""

from __future__ import annotations

import functools
import hashlib
import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

import yaml

from generator.behaviour.documents import ALERTMANAGER
from generator.diagnostics.diagnostic import EnvironmentProblem
from generator.diagnostics.wording import listed
from generator.drill import nodes
from generator.plan.watch import HEARTBEAT
from generator.upstream.alertmanager import integrations
from generator.upstream.alertmanager.integrations import KINDS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from generator.diagnostics.diagnostic import EntryPath
    from generator.drill.clock import Scale
    from generator.drill.nodes import Node
    from generator.plan.plan import Plan
    from generator.system.artifact import Artifact
    from generator.upstream.alertmanager.kinds import Kind

MARK = "alertc_drill"
"""The annotation that says which condition an alert comes from, and what every message carries of it."""

_MARKS = "{{ range .Alerts }}{{ .Annotations.alertc_drill }}={{ .Status }} {{ end }}"
_TIMES = ("group_wait", "group_interval", "repeat_interval")
_SECRETS = frozenset({"credentials_file", "password_file", "client_secret_file"})
"""The settings of an `http_config` that name a file with a secret."""
_ADDRESSES = frozenset({"url", "api_url", "proxy_url", "token_url", "smarthost", "webhook_url", "host"})
_TEXTS = frozenset({"client_url", "title_link", "image_url", "thumb_url", "author_link", "href", "src", "icon_url"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressed:
    """The folder and the loopback addresses that stand in for real receivers in a drill."""

    folder: Path
    url: str
    """Of everything that speaks HTTP."""
    mail: str
    """`127.0.0.1:25` or so: who takes e-mail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretNamed:
    """A secret file that a receiver reads, with its entry in the rendered configuration."""

    receiver: str
    path: str
    where: EntryPath


def secret(path: str) -> str:
    """Return the drill's content of the secret file at `path`: 32 characters, like a PagerDuty routing key."""
    return hashlib.sha256(path.encode()).hexdigest()[:32]


def known_secrets(plan: Plan) -> frozenset[str]:
    """Return the secret files that the policy knows and its users therefore create."""
    paths = {one.key_file for one in plan.paged}
    return frozenset(paths | {path for receiver in plan.receivers for path in receiver.files.values()})


def metric(number: int) -> str:
    """Return the name of the series that replaces a condition's expression."""
    return f"alertc_condition_{number}"


# ------------------------------------------------------------------------------------------- rules


def rules(
    artifact: Artifact,
    scale: Scale,
    numbers: Mapping[tuple[str, EntryPath], int],
    labels: Mapping[int, tuple[str, ...]],
) -> str:
    """Return a rendered rule file with scaled times; `numbers` maps positions of rules to conditions.

    A rule without one never fires. `labels` are those that the expression of a condition gives.
    """
    root = nodes.read(artifact.text)
    for at, group in enumerate(nodes.items(root, "groups")):
        for key in ("interval", "query_offset"):
            _scale(group, key, scale)
        for number, rule in enumerate(nodes.items(group, "rules")):
            if nodes.get(rule, "alert") is None:
                continue
            condition = numbers.get((artifact.path, ("groups", at, "rules", number)))
            if condition is None:
                nodes.put(rule, "expr", "vector(1) < 0")
                continue
            by = ", ".join(labels[condition])
            nodes.put(rule, "expr", f"max by ({by}) ({metric(condition)}) > 0")
            hold = nodes.text(rule, "for")
            if hold is not None:
                nodes.put(rule, "for", scale.hold(hold))
            _scale(rule, "keep_firing_for", scale)
            nodes.put(nodes.below(rule, "annotations"), MARK, f"{condition}/{{{{ $value }}}}")
    return nodes.write(root)


def rules_in_real_time(artifact: Artifact, numbers: Mapping[tuple[str, EntryPath], int], given: Collection[str]) -> str:
    """Return a rendered rule file in which only the rules of the conditions can fire.

    A recording rule whose metric is `given` would record it a second time.
    """
    root = nodes.read(artifact.text)
    for at, group in enumerate(nodes.items(root, "groups")):
        for number, rule in enumerate(nodes.items(group, "rules")):
            condition = numbers.get((artifact.path, ("groups", at, "rules", number)))
            if condition is not None:
                nodes.put(nodes.below(rule, "annotations"), MARK, f"{condition}/1")
            elif nodes.get(rule, "alert") is not None or nodes.text(rule, "record") in given:
                nodes.put(rule, "expr", "vector(1) < 0")
    return nodes.write(root)


def _scale(mapping: Node, key: str, scale: Scale) -> None:
    written = nodes.text(mapping, key)
    if written is not None:
        nodes.put(mapping, key, scale.shrunk(written))


# ------------------------------------------------------------------------------------------- Alertmanager


def alertmanager(artifact: Artifact, scale: Scale, addressed: Addressed, known: frozenset[str]) -> str:
    """Return the rendered configuration, scaled, with all receivers on loopback; only `known` secrets exist."""
    root = nodes.read(artifact.text)
    top = nodes.below(root, "global")
    _scale(top, "resolve_timeout", scale)
    # Each receiver gets an address of its own: none of these is used.
    nodes.drop(top, *(key.value for key, _ in list(top.value) if key.value != "resolve_timeout"))
    for route in _routes(nodes.get(root, "route")):
        for key in _TIMES:
            _scale(route, key, scale)
    for receiver, kind, number, entry in _integrations(root):
        _play(entry, receiver, kind, number, addressed, known)
    text = nodes.write(root)
    _all_on_loopback(root)
    return text


def secrets_named(artifact: Artifact) -> tuple[SecretNamed, ...]:
    """Return every secret file that the rendered configuration names."""
    root = nodes.read(artifact.text)
    named_secrets = []
    for at, receiver in enumerate(nodes.items(root, "receivers")):
        for key, entries in receiver.value:
            for number, entry in enumerate(entries.value if key.value.endswith(integrations.SUFFIX) else ()):
                where: EntryPath = ("receivers", at, key.value, number)
                secrets = _SECRETS.union(_kind(key).secrets)
                for route, path in _files(entry, where, secrets):
                    named_secrets.append(
                        SecretNamed(receiver=nodes.text(receiver, "name") or "", path=path, where=route)
                    )
    return tuple(named_secrets)


def _kind(key: Node) -> Kind:
    return integrations.kind(key.value.removesuffix(integrations.SUFFIX))


def _files(node: Node, where: EntryPath, secrets: frozenset[str]) -> Iterator[tuple[EntryPath, str]]:
    if not hasattr(node, "value") or not isinstance(node.value, list):
        return
    for pair in node.value:
        if not isinstance(pair, tuple):
            continue
        key, value = pair
        if key.value in secrets:
            yield (*where, key.value), str(value.value)
        else:
            yield from _files(value, (*where, key.value), secrets)


def _routes(route: Node) -> Iterator[Node]:
    yield route
    for child in nodes.items(route, "routes"):
        yield from _routes(child)


def _integrations(root: Node) -> Iterator[tuple[str, Kind, int, Node]]:
    for receiver in nodes.items(root, "receivers"):
        number = 0
        for key, entries in receiver.value:
            if key.value.endswith(integrations.SUFFIX):
                for entry in entries.value:
                    yield nodes.text(receiver, "name") or "", _kind(key), number, entry
                    number += 1


def _play(entry: Node, receiver: str, kind: Kind, number: int, addressed: Addressed, known: frozenset[str]) -> None:
    """Redirect one integration to the drill's receivers, and mark its messages."""
    if kind.played is None:
        played = listed(f"`{kind.name}{integrations.SUFFIX}`" for kind in KINDS.values() if kind.played)
        raise EnvironmentProblem(
            f"the receiver {receiver} sends by `{kind.name}{integrations.SUFFIX}`, which a drill does not play",
            help=f"drills play {played}",
        )
    address_path = f"{quote(receiver, safe='')}/{number}"
    nodes.drop(entry, *kind.played.drops)
    if kind.mail:
        nodes.put(entry, kind.played.address, addressed.mail)
        nodes.put(entry, "require_tls", nodes.plain("false"))
        if nodes.get(entry, "from") is None:
            nodes.put(entry, "from", "drill@localhost")
        nodes.put(nodes.below(entry, "headers"), "X-Alertc-Receiver", address_path)
    else:
        _lead(entry, kind.played.address, f"{addressed.url}/to/{kind.name}/{address_path}", known)
    if kind.played.mark:
        *way, last = kind.played.mark
        nodes.put(functools.reduce(nodes.below, way, entry), last, _MARKS)
    http = nodes.get(entry, "http_config")
    if http is not None:
        nodes.drop(http, "proxy_url", "proxy_from_environment", "tls_config", "oauth2")
    for mapping in nodes.every_mapping(entry):
        for key, value in list(mapping.value):
            if key.value.endswith("_file") and isinstance(value.value, str):
                nodes.put(mapping, key.value, f"{addressed.folder}/secrets{_absolute(value.value)}")


def _lead(entry: Node, key: str, address: str, known: frozenset[str]) -> None:
    """Set an address, unless it comes from a file that the policy does not know: that file must stay missing."""
    path = nodes.text(entry, f"{key}_file")
    if path is None or path in known:
        nodes.drop(entry, f"{key}_file")
        nodes.put(entry, key, address)


def _absolute(path: str) -> str:
    """Return the path inside the folder that stands in for the root; `..` cannot leave it."""
    return "/" + posixpath.normpath(f"/{path}").lstrip("/")


def _all_on_loopback(root: Node) -> None:
    """Raise an error if the configuration has an address outside of this machine."""
    for mapping in nodes.every_mapping(root):
        for key, value in mapping.value:
            if key.value in _ADDRESSES and isinstance(value.value, str):
                written = value.value if "//" in value.value else f"//{value.value}"
                if urlsplit(written).hostname != "127.0.0.1":
                    raise AssertionError(f"{key.value} of the scaled configuration is not on loopback")


def write_secrets(folder: Path, known: frozenset[str]) -> None:
    """Write the known secret files to the paths in the scaled configuration."""
    for path in sorted(known):
        file = folder / "secrets" / _absolute(path)[1:]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(secret(path), encoding="utf-8")


# ------------------------------------------------------------------------------------------- Prometheus


def prometheus(
    plan: Plan, scale: Scale, *, rule_files: str, targets: Mapping[str, str], alertmanagers: Sequence[str]
) -> str:
    """Return a Prometheus configuration with the scaled intervals of `stack`.

    `targets` are the addresses that it scrapes, each by its path.
    """
    stack = plan.stack
    scraped = [{"targets": [address], "labels": {"__metrics_path__": path}} for path, address in targets.items()]
    config = {
        "global": {
            "scrape_interval": scale.milliseconds(stack.scrape),
            "scrape_timeout": scale.milliseconds(stack.scrape_timeout),
            "evaluation_interval": scale.milliseconds(stack.evaluate),
            **_external_labels(plan),
        },
        "rule_files": [rule_files],
        "alerting": {
            "alertmanagers": [
                {
                    "timeout": scale.milliseconds(stack.alertmanager_timeout),
                    "static_configs": [{"targets": list(alertmanagers)}],
                }
            ]
        },
        "scrape_configs": [{"job_name": "drill", "honor_labels": True, "static_configs": scraped}],
    }
    return yaml.safe_dump(config, sort_keys=False)


def _external_labels(plan: Plan) -> dict[str, dict[str, str]]:
    """Return the setting with the first value of each label that Prometheus adds; nothing where it adds none."""
    declared = plan.policy.stack.prometheus.external_labels
    labels = {name: next(iter(values), "drill") for name, values in declared.items()}
    return {"external_labels": labels} if labels else {}


def others(plan: Plan, number: int) -> str:
    """Return a rule file with so many alerts that fire from the start; they are told where the heartbeat is."""
    names = plan.policy.labels
    labels = {names.duty: HEARTBEAT, names.environment: plan.policy.environment}
    rules = [
        {"alert": "Another", "expr": "vector(1)", "labels": {**labels, "number": str(each)}} for each in range(number)
    ]
    return yaml.safe_dump({"groups": [{"name": "others", "rules": rules}]}, sort_keys=False)


def is_alertmanagers(artifact: Artifact) -> bool:
    """Return whether Alertmanager loads the file."""
    return artifact.path.startswith(ALERTMANAGER.rpartition("/")[0])
