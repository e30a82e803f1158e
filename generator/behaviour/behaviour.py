"""What the generated files will do, read back from their text alone.

A user's own template may have changed anything, so nothing here knows what the plan promised.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from generator.behaviour import documents, pagerduty
from generator.behaviour.documents import ALERTMANAGER, MalformedFile
from generator.behaviour.pagerduty import PagerDuty
from generator.behaviour.part import Part
from generator.system.record import record
from generator.upstream.alertmanager import integrations, match, re2, time_intervals
from generator.upstream.alertmanager.inhibition import Inhibition
from generator.upstream.alertmanager.match import RouteNode
from generator.upstream.alertmanager.time_intervals import Span, TimeInterval

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from generator.behaviour.documents import Documents
    from generator.behaviour.part import Labels
    from generator.diagnostics.diagnostic import EntryPath
    from generator.system.artifact import Artifact
    from generator.upstream.alertmanager.kinds import Kind
    from generator.upstream.alertmanager.match import Matcher, Operator
    from generator.upstream.alertmanager.values import Limits

EACH_ALERT = "..."
"""Alertmanager's name for "group by every label"."""

_Read = TypeVar("_Read")


@record
class Rule:
    """One rule as Prometheus will load it. `path` and `where` say where it stands."""

    path: str
    group: str
    interval: timedelta | None
    """None: as often as Prometheus evaluates by default."""
    name: str
    records: bool
    expr: str
    hold: timedelta
    keep_firing: timedelta
    labels: Labels
    annotations: Labels
    where: EntryPath
    series: Mapping[str, Limits] = field(default_factory=dict)
    """What is known of its series' labels beside what the expression says: it is one case of a rule with several."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Integration:
    """One entry of a receiver, such as one of its `slack_configs`; `number` counts the receiver's entries, from 0."""

    kind: Kind
    settings: Mapping[str, Any]
    resolved: bool
    number: int
    where: EntryPath


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """An Alertmanager receiver with its integrations."""

    name: str
    integrations: tuple[Integration, ...]
    where: EntryPath


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """What the generated files configure in Prometheus, Alertmanager and PagerDuty."""

    rules: tuple[Rule, ...]
    root: RouteNode
    receivers: tuple[Receiver, ...]
    inhibitions: tuple[Inhibition, ...]
    time_intervals: Mapping[str, TimeInterval]
    pagerduty: PagerDuty
    """What the bodies of its REST API make."""


def rules_of(artifacts: tuple[Artifact, ...]) -> tuple[Rule, ...]:
    """Return the rules of some files; raises PolicyErrors where one cannot be read."""
    files = documents.read(artifacts)
    try:
        return tuple(rule for path, value in sorted(files.items()) for rule in _rules(Part(path=path, value=value)))
    except MalformedFile as error:
        raise documents.malformed(error, artifacts) from None


def rule_of(rule: Part, group: str, interval: timedelta | None) -> Rule:
    """Return a rule of a group; raises MalformedFile where it is none."""
    written = rule.mapping()
    recorded = written.get("record") is not None
    # There are 100,000 rules: a part is made only of what is there.
    return Rule(
        path=rule.path,
        group=group,
        interval=interval,
        name=rule.text_of("record" if recorded else "alert"),
        records=recorded,
        expr=rule.text_of("expr"),
        hold=rule.length("for", _NONE) if "for" in written else _NONE,
        keep_firing=rule.length("keep_firing_for", _NONE) if "keep_firing_for" in written else _NONE,
        labels=rule.labels("labels"),
        annotations=rule.labels("annotations") if "annotations" in written else {},
        where=rule.where,
    )


def receivers_of(behaviour: Behaviour, labels: Labels) -> tuple[str, ...]:
    """Return the receivers that Alertmanager notifies about an alert, in its order, each once."""
    return tuple(dict.fromkeys(node.receiver for node in match.routes_of(behaviour.root, labels)))


def alertmanager(configuration: Part) -> Behaviour:
    """Return what a configuration of Alertmanager does, without rules; raises MalformedFile where it is none."""
    intervals = [
        _interval(part) for key in ("time_intervals", "mute_time_intervals") for part in configuration.list(key)
    ]
    return Behaviour(
        rules=(),
        root=_node(configuration.need("route"), None),
        receivers=tuple(_receiver(part) for part in configuration.list("receivers")),
        inhibitions=tuple(_inhibition(part) for part in configuration.list("inhibit_rules")),
        time_intervals={interval.name: interval for interval in intervals},
        pagerduty=PagerDuty(),
    )


def behave(files: Documents, artifacts: tuple[Artifact, ...]) -> Behaviour:
    """Return what these files configure; raises PolicyErrors where a file has the wrong structure."""
    try:
        return _behave(files)
    except MalformedFile as error:
        raise documents.malformed(error, artifacts) from None


def terraform(files: Documents, artifacts: tuple[Artifact, ...]) -> PagerDuty:
    """Return what Terraform makes of its file; raises PolicyErrors where it has the wrong structure."""
    try:
        return pagerduty.of_terraform({path: Part(path=path, value=value) for path, value in files.items()})
    except MalformedFile as error:
        raise documents.malformed(error, artifacts) from None


_OLD_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_NONE = timedelta()
_UTC = time_intervals.zone("UTC")
_ANY: tuple[tuple[Matcher, ...], str] = ((), "accepting every value")
# Alertmanager's own defaults: config.go, DefaultGlobalConfig; dispatch/route.go, DefaultRouteOpts.
_DEFAULT_WAIT, _DEFAULT_INTERVAL, _DEFAULT_REPEAT = timedelta(seconds=30), timedelta(minutes=5), timedelta(hours=4)


def _behave(files: Documents) -> Behaviour:
    parts = {path: Part(path=path, value=value) for path, value in sorted(files.items())}
    if ALERTMANAGER not in parts:
        raise MalformedFile(ALERTMANAGER, (), "does not exist: nobody would be notified")
    rule_files = (part for path, part in parts.items() if documents.is_rules(path))
    return replace(
        alertmanager(parts[ALERTMANAGER]),
        rules=tuple(rule for file in rule_files for rule in _rules(file)),
        pagerduty=pagerduty.of_bodies(parts),
    )


def _rules(file: Part) -> Iterator[Rule]:
    for group in file.list("groups"):
        name = group.need("name").text()
        interval = group.length("interval", timedelta()) if group.get("interval") else None
        for rule in group.list("rules"):
            yield rule_of(rule, name, interval)


def _node(node: Part, parent: RouteNode | None) -> RouteNode:
    """Return a route, which inherits all but matchers, `continue` and time intervals from its parent."""
    receiver = node.get("receiver")
    if receiver is None and parent is None:
        raise node.malformed("has no `receiver`")
    own = RouteNode(
        receiver=receiver.text() if receiver else parent.receiver if parent else "",
        matchers=tuple(_matchers(node, "matchers", "match", "match_re")),
        group_by=_group_by(node, parent),
        group_wait=node.length("group_wait", parent.group_wait if parent else _DEFAULT_WAIT),
        group_interval=node.length("group_interval", parent.group_interval if parent else _DEFAULT_INTERVAL),
        repeat_interval=node.length("repeat_interval", parent.repeat_interval if parent else _DEFAULT_REPEAT),
        continues=node.flag("continue"),
        active=node.texts("active_time_intervals"),
        mute=node.texts("mute_time_intervals"),
        children=(),
        where=node.where,
    )
    return replace(own, children=tuple(_node(child, own) for child in node.list("routes")))


def _group_by(node: Part, parent: RouteNode | None) -> tuple[str, ...]:
    labels = node.texts("group_by")
    if EACH_ALERT in labels:
        return (EACH_ALERT,)
    inherited = parent.group_by if parent else ()
    written = node.get("group_by")
    if written and not labels and inherited:
        written.ambiguous(
            "Alertmanager before 0.31 inherits where the list is empty, later ones group by nothing",
            "grouping by nothing",
        )
        return ()
    return tuple(sorted(set(labels))) if labels else inherited


def _matchers(part: Part, new: str, equal: str, regular: str) -> Iterator[Matcher]:
    """Yield the matchers of an entry, in the current or the deprecated notation."""
    for number, text in enumerate(part.texts(new)):
        yield from _entry(part, new, number, text)
    operators: tuple[tuple[str, Operator], ...] = ((equal, "="), (regular, "=~"))
    for key, operator in operators:
        for label, value in sorted(part.labels(key).items()):
            if type(value) is not str or (operator == "=~" and part.mapping()[key][label] is None):
                raise part.malformed(f'has no text for "{label}" in `{key}`')
            if _OLD_LABEL.fullmatch(label) is None:
                raise part.malformed(f'has an invalid label name "{label}"')
            yield from _judged(part, "a matcher", *_ANY, _alone, label, operator, value)


def _entry(part: Part, key: str, number: int, text: str) -> tuple[Matcher, ...]:
    """Return the matchers in an entry of the list under `key`."""
    read = match.parse if part.doubt is None else _newest
    try:
        return read(text)
    except ValueError:
        # Only now a part of it is made, which says where it stands.
        return _judged(part.list(key)[number], "a matcher", *_ANY, read, text)


def _newest(text: str) -> tuple[Matcher, ...]:
    """Return the matchers in an entry as the newest Alertmanager reads them."""
    try:
        return match.parse(text)
    except re2.NotJudged:
        raise
    except ValueError:
        return match.parse_utf8(text)


def _alone(label: str, operator: Operator, value: str) -> tuple[Matcher, ...]:
    return (match.of(label, operator, value),)


def _judged(part: Part, kind: str, instead: _Read, taken: str, read: Callable[..., _Read], *written: str) -> _Read:
    """Call `read`; of a text whose meaning is uncertain, and may be, return `instead`."""
    try:
        return _valid(part, kind, read, *written)
    except (re2.NotJudged, time_intervals.UnknownPlace) as error:
        part.ambiguous(str(error), taken)
        return instead


def _valid(part: Part, kind: str, read: Callable[..., _Read], *written: str) -> _Read:
    """Call `read`; raises an error that points to the part if the text is invalid."""
    try:
        return read(*written)
    except (re2.NotJudged, time_intervals.UnknownPlace):
        raise
    except ValueError as error:
        raise part.malformed(f"is not {kind}: {error}") from None


def _interval(interval: Part) -> TimeInterval:
    return TimeInterval(
        name=interval.need("name").text(),
        spans=tuple(_span(part) for part in interval.list("time_intervals")),
        where=interval.where,
    )


def _span(span: Part) -> Span:
    location = span.get("location")
    return Span(
        times=_ranges(span, "times", lambda part: (part.need("start_time").text(), part.need("end_time").text())),
        weekdays=_ranges(span, "weekdays"),
        days_of_month=_ranges(span, "days_of_month"),
        months=_ranges(span, "months"),
        years=_ranges(span, "years"),
        zone=_judged(location, "a time zone", _UTC, "UTC", time_intervals.zone, location.text()) if location else _UTC,
    )


def _ranges(
    span: Part, key: str, texts: Callable[[Part], tuple[str, ...]] = lambda part: (part.text(),)
) -> tuple[time_intervals.Range, ...] | None:
    """Return the ranges under a key; None where the key is absent, which differs from an empty list."""
    if span.get(key) is None:
        return None
    read = time_intervals.READERS[key]
    return tuple(_valid(part, "a part of a time interval", read, *texts(part)) for part in span.list(key))


def _receiver(receiver: Part) -> Receiver:
    name = receiver.need("name").text()
    return Receiver(name=name, integrations=tuple(_integrations(receiver)), where=receiver.where)


def _integrations(receiver: Part) -> Iterator[Integration]:
    number = 0
    for key in receiver.value:
        if key.endswith(integrations.SUFFIX):
            kind = integrations.kind(key.removesuffix(integrations.SUFFIX))
            for entry in receiver.list(key):
                resolved = _resolved(entry, kind)
                yield Integration(kind=kind, settings=entry.value, resolved=resolved, number=number, where=entry.where)
                number += 1


def _resolved(entry: Part, kind: Kind) -> bool:
    if kind.resolved is None and entry.get("send_resolved") is None:
        question = f"`{kind.name}{integrations.SUFFIX}` send `resolved`"
        entry.ambiguous(
            f"alertc does not know whether {question} where `send_resolved` is not written", "not sending it"
        )
    return entry.flag("send_resolved", bool(kind.resolved))


def _inhibition(rule: Part) -> Inhibition:
    return Inhibition(
        source=tuple(_matchers(rule, "source_matchers", "source_match", "source_match_re")),
        target=tuple(_matchers(rule, "target_matchers", "target_match", "target_match_re")),
        equal=rule.texts("equal"),
        where=rule.where,
    )
