"""What a running Prometheus and a running Alertmanager say of themselves, read from their APIs once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from generator.behaviour import documents
from generator.behaviour.behaviour import behave
from generator.behaviour.documents import ALERTMANAGER
from generator.diagnostics.diagnostic import EnvironmentProblem, PolicyErrors
from generator.policy import duration, source
from generator.remote import answers
from generator.remote.servers.web import LARGE, USUAL
from generator.remote.web import quoted
from generator.system.artifact import Artifact
from generator.upstream.alertmanager import match

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from generator.behaviour.behaviour import Behaviour
    from generator.remote.answers import Shape
    from generator.remote.servers.web import Client
    from generator.upstream.alertmanager.match import Matcher

Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedRule:
    """A rule as loaded by Prometheus; `problem` is the error of its last evaluation, if any."""

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
    """The longest scrape interval and time-out of a job's targets."""

    interval: timedelta
    timeout: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Prometheus:
    """The state of a running Prometheus."""

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
    signs: tuple[tuple[Labels, float], ...]
    """The series of the query that was asked beside, with their values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """An active silence."""

    id: str
    matchers: tuple[Matcher, ...]
    by: str
    comment: str
    ends: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FiringAlert:
    """An alert that fires and is not silenced, with the names of the receivers that are told."""

    labels: Labels
    receivers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alertmanager:
    """The state of a running Alertmanager; `members` is the size of its cluster, 1 without one."""

    url: str
    version: tuple[int, ...]
    version_text: str
    behaviour: Behaviour | None
    """None where it runs a configuration that we cannot read; `unreadable` says why."""
    unreadable: str
    config: Mapping[str, Any]
    members: int
    silences: tuple[Silence, ...]
    hidden: str
    """The id of a silence for whose sake it shows none; empty where it shows all."""
    firing: tuple[FiringAlert, ...]
    ahead: timedelta | None


# ------------------------------------------------------------------------------------------- Prometheus


def prometheus(client: Client, metrics: Iterable[str], query: str = "") -> Prometheus:
    """Read the state of a Prometheus, with the jobs that have each of the `metrics` and what answers a `query`.

    Raises EnvironmentProblem where it does not.
    """
    ask = _Prometheus(client)
    text = ask.of("api/v1/status/buildinfo", answers.fields({"version": _VERSION}))["version"]
    flags = ask.of("api/v1/status/flags", answers.values(answers.text))
    runtime = ask.of("api/v1/status/runtimeinfo", answers.fields({}, {"storageRetention": answers.text}))
    return Prometheus(
        url=client.url,
        version=_version(text),
        version_text=text,
        flags=flags,
        config=ask.config(),
        retention=_retention(runtime.get("storageRetention") or ""),
        rules=tuple(ask.rules()),
        alertmanagers=tuple(ask.alertmanagers()),
        jobs=ask.jobs(),
        jobs_of=ask.jobs_of(metrics),
        ahead=client.get("api/v1/query", query="time()").ahead,
        signs=ask.values(query) if query else (),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a Prometheus says of itself alone: its version, external labels, and global intervals where they are set."""

    version: tuple[int, ...]
    external: Labels
    intervals: Labels


def about(client: Client) -> About:
    """Read what a Prometheus says of itself; raises EnvironmentProblem where it does not answer."""
    ask = _Prometheus(client)
    written = ask.config().get("global") or {}
    intervals = ("scrape_interval", "scrape_timeout", "evaluation_interval")
    return About(
        version=_version(ask.of("api/v1/status/buildinfo", answers.fields({"version": _VERSION}))["version"]),
        external={name: str(value) for name, value in (written.get("external_labels") or {}).items()},
        intervals={name: str(written[name]) for name in intervals if written.get(name)},
    )


def label_sets(client: Client, selector: str, labels: Iterable[str]) -> tuple[Labels, ...]:
    """Return the combinations of `labels` that the series of a selector have now."""
    query = f"count by ({', '.join(labels)}) ({selector})"
    series = _Prometheus(client).of("api/v1/query", _SERIES, LARGE, query=query)["result"]
    return tuple(each["metric"] for each in series)


@dataclass(frozen=True, slots=True)
class _Prometheus:
    client: Client

    def of(self, path: str, shape: Shape, size: int = USUAL, **query: str) -> Mapping[str, Any]:
        """Return `data` of an answer, which has this shape."""
        answer = self.client.get(path, answers.fields({"status": _SUCCESS, "data": shape}), size, **query)
        data: Mapping[str, Any] = answer.data["data"]
        return data

    def config(self) -> Mapping[str, Any]:
        path = "api/v1/status/config"
        return _tree(self.client, path, self.of(path, answers.fields({"yaml": answers.text}))["yaml"])

    def rules(self) -> Iterator[LoadedRule]:
        for group in self.of("api/v1/rules", _RULES, LARGE)["groups"]:
            for rule in group["rules"] or ():
                yield _rule(group, rule)

    def alertmanagers(self) -> Iterator[str]:
        for active in self.of("api/v1/alertmanagers", _ALERTMANAGERS)["activeAlertmanagers"]:
            yield active["url"]

    def jobs(self) -> Mapping[str, Job]:
        jobs: dict[str, Job] = {}
        for target in self.of("api/v1/targets", _TARGETS, LARGE, state="active")["activeTargets"]:
            name = (target.get("labels") or {}).get("job", "")
            interval, timeout = duration.parse(target["scrapeInterval"]), duration.parse(target["scrapeTimeout"])
            known = jobs.get(name, Job(interval=interval, timeout=timeout))
            jobs[name] = Job(interval=max(interval, known.interval), timeout=max(timeout, known.timeout))
        return jobs

    def values(self, query: str) -> tuple[tuple[Labels, float], ...]:
        series = self.of("api/v1/query", _VALUES, query=query)["result"]
        return tuple((one["metric"], float(one["value"][1])) for one in series)

    def jobs_of(self, metrics: Iterable[str]) -> Mapping[str, frozenset[str]]:
        names = sorted(metrics)
        jobs_by_metric: dict[str, set[str]] = {}
        for first in range(0, len(names), _AT_ONCE):
            pattern = "|".join(names[first : first + _AT_ONCE])
            query = f'group by (__name__, job) ({{__name__=~"{pattern}"}})'
            for series in self.of("api/v1/query", _SERIES, query=query)["result"]:
                labels = series["metric"]
                jobs_by_metric.setdefault(labels.get("__name__", ""), set()).add(labels.get("job", ""))
        return {name: frozenset(jobs) for name, jobs in jobs_by_metric.items()}


_AT_ONCE = 50
_SUCCESS = answers.matching("success", "`success`")
_VERSION = answers.which(answers.text, lambda text: len(text) < 100, "a version")


def _is_length(text: str) -> bool:
    try:
        duration.parse(text)
    except (ValueError, OverflowError):
        return False
    return True


def _is_sample(value: Any) -> bool:
    """Return whether this is a moment and a number, which is written as text."""
    try:
        return len(value) == 2 and isinstance(float(value[1]), float)
    except (TypeError, ValueError, KeyError):
        return False


_LABELS = answers.values(answers.text)
_SECONDS = answers.between(0, 10**10)
_LENGTH = answers.which(answers.text, _is_length, "a length of time")
_RULE = answers.fields(
    {"name": answers.text, "type": answers.text, "query": answers.text},
    {
        "duration": _SECONDS,
        "keepFiringFor": _SECONDS,
        "labels": _LABELS,
        "annotations": _LABELS,
        "lastError": answers.text,
        "health": answers.text,
    },
)
_RULES = answers.fields(
    {
        "groups": answers.each(
            answers.fields(
                {"name": answers.text, "interval": _SECONDS, "rules": answers.maybe(answers.each(_RULE))},
            )
        )
    }
)
_ALERTMANAGERS = answers.fields({"activeAlertmanagers": answers.each(answers.fields({"url": answers.text}))})
_TARGETS = answers.fields(
    {
        "activeTargets": answers.each(
            answers.fields({"scrapeInterval": _LENGTH, "scrapeTimeout": _LENGTH}, {"labels": _LABELS})
        )
    }
)
_SAMPLE = answers.which(answers.anything, _is_sample, "a sample")
_VALUES = answers.fields({"result": answers.each(answers.fields({"metric": _LABELS, "value": _SAMPLE}))})
_SERIES = answers.fields({"result": answers.each(answers.fields({"metric": _LABELS}))})


def _rule(group: Mapping[str, Any], rule: Mapping[str, Any]) -> LoadedRule:
    problem = rule.get("lastError") or (rule.get("health") == "err" and "its last evaluation failed") or ""
    return LoadedRule(
        group=group["name"],
        name=rule["name"],
        records=rule["type"] == "recording",
        expr=rule["query"],
        interval=timedelta(seconds=group["interval"]),
        hold=timedelta(seconds=rule.get("duration") or 0),
        keep_firing=timedelta(seconds=rule.get("keepFiringFor") or 0),
        labels=rule.get("labels") or {},
        annotations=rule.get("annotations") or {},
        problem=problem,
    )


def _retention(flag: str) -> timedelta:
    """Return the retention time from "15d or 10GiB"; timedelta.max where only a size limits it."""
    try:
        return duration.parse(flag.partition(" or ")[0])
    except (ValueError, OverflowError):
        return timedelta.max


# ------------------------------------------------------------------------------------------- Alertmanager


def alertmanager(client: Client) -> Alertmanager:
    """Read the state of an Alertmanager; raises EnvironmentProblem where it does not answer properly."""
    path = "api/v2/status"
    answer = client.get(path, _STATUS)
    version = answer.data["versionInfo"]["version"]
    members = max(len(answer.data["cluster"].get("peers") or ()), 1)
    original = answer.data["config"]["original"]
    files = (Artifact(path=ALERTMANAGER, text=original),)
    behaviour, unreadable = None, ""
    try:
        behaviour = behave(documents.read(files), files)
    except PolicyErrors as refused:
        # Where it would stand in a file of ours says nothing to the reader.
        unreadable = "; ".join(finding.message.replace(f"out/{ALERTMANAGER}", "it") for finding in refused.diagnostics)
    except OverflowError:
        unreadable = "it holds a length of time beyond all measure"
    silences, hidden = _silences(client)
    return Alertmanager(
        url=client.url,
        version=_version(version),
        version_text=version,
        behaviour=behaviour,
        unreadable=unreadable,
        config={} if behaviour is None else _tree(client, path, original),
        members=members,
        silences=silences,
        hidden=hidden,
        firing=tuple(_firing(client)),
        ahead=answer.ahead,
    )


_STATUS = answers.fields(
    {
        "versionInfo": answers.fields({"version": _VERSION}),
        "config": answers.fields({"original": answers.text}),
        "cluster": answers.fields({}, {"peers": answers.each(answers.anything)}),
    }
)
_SILENCES = answers.each(
    answers.fields(
        {
            "status": answers.fields({"state": answers.text}),
            # It stands in the command that ends the silence.
            "id": answers.matching(r"[A-Za-z0-9-]{1,100}", "an id"),
            "matchers": answers.each(
                answers.fields(
                    {"name": answers.text, "value": answers.text, "isRegex": answers.flag}, {"isEqual": answers.flag}
                )
            ),
            "createdBy": answers.text,
            "comment": answers.text,
            "endsAt": answers.text,
        }
    )
)


_ALERTS = answers.each(
    answers.fields({"labels": _LABELS, "receivers": answers.each(answers.fields({"name": answers.text}))})
)
_SEVERAL_SETS = re.compile(r"silence '([A-Za-z0-9-]{1,100})' has multiple matcher sets")


def _silences(client: Client) -> tuple[tuple[Silence, ...], str]:
    """Return the silences in force; where the API shows none for the sake of one, none and that one's id.

    Since 0.32 a silence may have several sets of matchers, of which this API knows nothing: where there is one, its
    list of all of them fails (api/v2/compat.go, GettableSilenceFromProto).
    """
    try:
        return tuple(_listed(client)), ""
    except EnvironmentProblem as problem:
        several = _SEVERAL_SETS.search(problem.message)
        if several is None:
            raise
        return (), several[1]


def _firing(client: Client) -> Iterator[FiringAlert]:
    query = {"active": "true", "silenced": "false", "inhibited": "false"}
    for alert in client.get("api/v2/alerts", _ALERTS, LARGE, **query).data:
        receivers = tuple(receiver["name"] for receiver in alert["receivers"])
        yield FiringAlert(labels=alert["labels"], receivers=receivers)


def _listed(client: Client) -> Iterator[Silence]:
    for silence in client.get("api/v2/silences", _SILENCES).data:
        if silence["status"]["state"] == "active":
            yield Silence(
                id=silence["id"],
                matchers=tuple(_matcher(matcher) for matcher in silence["matchers"]),
                by=quoted(silence["createdBy"]) if silence["createdBy"] else "",
                comment=quoted(silence["comment"], 500) if silence["comment"] else "",
                ends=_moment(silence["endsAt"]),
            )


def _matcher(matcher: Mapping[str, Any]) -> Matcher:
    equal, regular = matcher.get("isEqual") is not False, matcher["isRegex"]
    operator: match.Operator = ("=~" if equal else "!~") if regular else ("=" if equal else "!=")
    return match.Matcher(label=matcher["name"], operator=operator, value=matcher["value"])


def _moment(text: str) -> str:
    """Return the time in UTC, as people read it."""
    try:
        return datetime.fromisoformat(re.sub(r"\.\d+", "", text).replace("Z", "+00:00")).strftime("%Y-%m-%d %H:%M UTC")
    except (ValueError, OverflowError):
        return quoted(text)


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text.partition("+")[0].partition("-")[0]))


def _tree(client: Client, path: str, text: str) -> Mapping[str, Any]:
    try:
        tree: Mapping[str, Any] = source.read(text.encode(), f"{client.url}/{path}").tree
    except PolicyErrors as refused:
        problem = refused.diagnostics[0].message
        raise EnvironmentProblem(f"the configuration at {client.url}/{path} cannot be read: {problem}") from None
    return tree
