"""What a running Prometheus and a running Alertmanager say of themselves, read from their APIs once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from generator import documents, match, source
from generator.artifact import Artifact
from generator.behaviour import behave, length
from generator.diagnostics import Refused, Unready
from generator.documents import ALERTMANAGER

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from generator.behaviour import Behaviour
    from generator.live.web import Client
    from generator.match import Matcher

Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedRule:
    """A rule as Prometheus evaluates it. `problem` is what went wrong at its last evaluation; empty where nothing."""

    group: str
    name: str
    records: bool
    expr: str
    interval: timedelta
    hold: timedelta
    keep_firing: timedelta
    labels: Labels
    annotations: Labels
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """The targets of one job: the longest interval and time-out of any of them."""

    interval: timedelta
    timeout: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Prometheus:
    """A Prometheus server that runs."""

    url: str
    version: tuple[int, ...]
    version_text: str
    flags: Labels
    config: Mapping[str, Any]
    retention: timedelta
    rules: tuple[LoadedRule, ...]
    alertmanagers: tuple[str, ...]
    jobs: Mapping[str, Job]
    jobs_of: Mapping[str, frozenset[str]]
    """The jobs from which it has a metric, for those that were asked for."""
    ahead: timedelta | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """A silence that is active."""

    id: str
    matchers: tuple[Matcher, ...]
    by: str
    comment: str
    ends: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Alertmanager:
    """An Alertmanager that runs. `members` counts the cluster, itself included; 1 where it knows no cluster."""

    url: str
    version: tuple[int, ...]
    version_text: str
    behaviour: Behaviour | None
    """None where it runs a configuration that we cannot read; `unreadable` says why."""
    unreadable: str
    config: Mapping[str, Any]
    members: int
    silences: tuple[Silence, ...]
    ahead: timedelta | None


# ------------------------------------------------------------------------------------------- Prometheus


def prometheus(client: Client, metrics: Iterable[str]) -> Prometheus:
    """Return what the server says, and from which jobs it has the `metrics`; raises Unready where it does not."""
    ask = _Prometheus(client)
    text = ask.text("api/v1/status/buildinfo", ask.of("api/v1/status/buildinfo"), "version")
    flags = ask.of("api/v1/status/flags")
    runtime = ask.of("api/v1/status/runtimeinfo")
    return Prometheus(
        url=client.url,
        version=_version(text),
        version_text=text,
        flags={name: value for name, value in flags.items() if isinstance(value, str)},
        config=ask.config(),
        retention=_retention(str(runtime.get("storageRetention", ""))),
        rules=tuple(ask.rules()),
        alertmanagers=tuple(ask.alertmanagers()),
        jobs=ask.jobs(),
        jobs_of=ask.jobs_of(metrics),
        ahead=client.get("api/v1/query", query="time()").ahead,
    )


@dataclass(frozen=True, slots=True)
class _Prometheus:
    client: Client

    def of(self, path: str, **query: str) -> Mapping[str, Any]:
        """Return `data` of an answer."""
        answer = self.client.get(path, **query).data
        if isinstance(answer, dict) and answer.get("status") == "success" and isinstance(answer.get("data"), dict):
            found: Mapping[str, Any] = answer["data"]
            return found
        raise self.client.nonsense(path, "what no Prometheus says: there is no `data` in it")

    def text(self, path: str, data: Mapping[str, Any], key: str) -> str:
        value = data.get(key)
        if isinstance(value, str):
            return value
        raise self.client.nonsense(path, f"what no Prometheus says: there is no `{key}` in it")

    def list(self, path: str, key: str, **query: str) -> Iterator[Mapping[str, Any]]:
        items = self.of(path, **query).get(key)
        if not isinstance(items, list) or not all(isinstance(one, dict) for one in items):
            raise self.client.nonsense(path, f"what no Prometheus says: there is no list `{key}` in it")
        yield from items

    def config(self) -> Mapping[str, Any]:
        path = "api/v1/status/config"
        return _tree(self.client, path, self.text(path, self.of(path), "yaml"))

    def rules(self) -> Iterator[LoadedRule]:
        path = "api/v1/rules"
        try:
            for group in self.list(path, "groups"):
                for rule in group.get("rules") or ():
                    yield _rule(group, rule)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
            raise self.client.nonsense(path, "what no Prometheus says: a rule without its parts") from None

    def alertmanagers(self) -> Iterator[str]:
        path = "api/v1/alertmanagers"
        for one in self.list(path, "activeAlertmanagers"):
            yield self.text(path, one, "url")

    def jobs(self) -> Mapping[str, Job]:
        path = "api/v1/targets"
        found: dict[str, Job] = {}
        for target in self.list(path, "activeTargets", state="active"):
            labels = target.get("labels")
            name = str(labels.get("job", "")) if isinstance(labels, dict) else ""
            try:
                interval, timeout = length(str(target["scrapeInterval"])), length(str(target["scrapeTimeout"]))
            except (KeyError, ValueError, OverflowError):
                raise self.client.nonsense(path, "what no Prometheus says: a target without its interval") from None
            known = found.get(name, Job(interval=interval, timeout=timeout))
            found[name] = Job(interval=max(interval, known.interval), timeout=max(timeout, known.timeout))
        return found

    def jobs_of(self, metrics: Iterable[str]) -> Mapping[str, frozenset[str]]:
        path = "api/v1/query"
        names = sorted(metrics)
        found: dict[str, set[str]] = {}
        for first in range(0, len(names), _AT_ONCE):
            wanted = "|".join(names[first : first + _AT_ONCE])
            for series in self.list(path, "result", query=f'group by (__name__, job) ({{__name__=~"{wanted}"}})'):
                labels = series.get("metric")
                if isinstance(labels, dict):
                    found.setdefault(str(labels.get("__name__")), set()).add(str(labels.get("job", "")))
        return {name: frozenset(jobs) for name, jobs in found.items()}


_AT_ONCE = 50


def _rule(group: Mapping[str, Any], rule: Mapping[str, Any]) -> LoadedRule:
    problem = rule.get("lastError") or (rule.get("health") == "err" and "its last evaluation failed") or ""
    return LoadedRule(
        group=str(group["name"]),
        name=str(rule["name"]),
        records=rule["type"] == "recording",
        expr=str(rule["query"]),
        interval=timedelta(seconds=group["interval"]),
        hold=timedelta(seconds=rule.get("duration", 0)),
        keep_firing=timedelta(seconds=rule.get("keepFiringFor", 0)),
        labels={str(name): str(value) for name, value in (rule.get("labels") or {}).items()},
        annotations={str(name): str(value) for name, value in (rule.get("annotations") or {}).items()},
        problem=str(problem),
    )


def _retention(said: str) -> timedelta:
    """Return how long samples are kept, from "15d or 10GiB"; no time where Prometheus gives none, only a size."""
    try:
        return length(said.partition(" or ")[0])
    except (ValueError, OverflowError):
        return timedelta.max


# ------------------------------------------------------------------------------------------- Alertmanager


def alertmanager(client: Client) -> Alertmanager:
    """Return what the server says; raises Unready where it does not."""
    path = "api/v2/status"
    answer = client.get(path)
    try:
        version = str(answer.data["versionInfo"]["version"])
        original = answer.data["config"]["original"]
        cluster = answer.data["cluster"]
        peers = cluster.get("peers") or ()
        members = max(len(peers), 1)
    except (KeyError, TypeError, AttributeError):
        raise client.nonsense(path, "what no Alertmanager says: there is no version, `config` or `cluster`") from None
    if not isinstance(original, str):
        raise client.nonsense(path, "what no Alertmanager says: its configuration is no text")
    original = _encodable(original)
    files = (Artifact(path=ALERTMANAGER, text=original),)
    behaviour, unreadable = None, ""
    try:
        behaviour = behave(documents.read(files), files)
    except Refused as refused:
        # Where it would stand in a file of ours says nothing to the reader.
        unreadable = "; ".join(finding.message.replace(f"out/{ALERTMANAGER}", "it") for finding in refused.diagnostics)
    except OverflowError:
        unreadable = "it holds a length of time beyond all measure"
    return Alertmanager(
        url=client.url,
        version=_version(version),
        version_text=version,
        behaviour=behaviour,
        unreadable=unreadable,
        config={} if behaviour is None else _tree(client, path, original),
        members=members,
        silences=tuple(_silences(client)),
        ahead=answer.ahead,
    )


def _silences(client: Client) -> Iterator[Silence]:
    path = "api/v2/silences"
    found = client.get(path).data
    try:
        for one in found:
            if one["status"]["state"] == "active":
                yield Silence(
                    id=str(one["id"]),
                    matchers=tuple(_matcher(matcher) for matcher in one["matchers"]),
                    by=str(one["createdBy"]),
                    comment=str(one["comment"]),
                    ends=_moment(str(one["endsAt"])),
                )
    except (KeyError, TypeError, AttributeError):
        raise client.nonsense(path, "what no Alertmanager says: a silence without its parts") from None


def _matcher(matcher: Mapping[str, Any]) -> Matcher:
    equal, regular = matcher.get("isEqual", True), matcher["isRegex"]
    operator: match.Operator = ("=~" if equal else "!~") if regular else ("=" if equal else "!=")
    return match.Matcher(label=str(matcher["name"]), operator=operator, value=str(matcher["value"]))


def _moment(text: str) -> str:
    """Return the time in UTC, as people read it."""
    try:
        return datetime.fromisoformat(re.sub(r"\.\d+", "", text).replace("Z", "+00:00")).strftime("%Y-%m-%d %H:%M UTC")
    except ValueError:
        return text


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text.partition("+")[0].partition("-")[0]))


def _encodable(text: str) -> str:
    """Return the text without the halves of characters that JSON can hold and UTF-8 cannot."""
    return text.encode("utf-8", "replace").decode()


def _tree(client: Client, path: str, text: str) -> Mapping[str, Any]:
    try:
        tree: Mapping[str, Any] = source.read(_encodable(text).encode(), f"{client.url}/{path}").tree
    except Refused as refused:
        said = refused.diagnostics[0].message
        raise Unready(f"the configuration at {client.url}/{path} cannot be read: {said}") from None
    return tree
