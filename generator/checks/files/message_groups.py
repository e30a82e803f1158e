"""The groups of alerts for which messages are rendered: alone and with others, firing and over, with awkward values."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, TypeAlias

from generator.behaviour.alerts import SAMPLE
from generator.behaviour.documents import MESSAGES
from generator.diagnostics.wording import listed
from generator.system.unique import unique
from generator.upstream.alertmanager.match import every_node

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from generator.behaviour.alerts import SentAlert
    from generator.behaviour.fields import Field
    from generator.behaviour.verification import Verification
    from generator.upstream.alertmanager.match import RouteNode

FIRING, RESOLVED = "firing", "resolved"
MANY = 1_500
"""The alerts of a large group: in an outage of a provider each customer has one."""
LARGEST = 4_000_000
"""Characters of the labels and texts of a large group: where they are long, fewer alerts show how a message grows."""
LONG = "k: x {{ .y }}\n\"'<&>" + "a" * 1_000
"""A value with braces, quotes and a line break, of 1 KB."""
SHORT = "x"
STRUCTURED = ("x {{ .y }}", "k: x {{ .y }}", 'k": "x {{ .y }}', "k': 'x {{ .y }}")
"""Values with braces that fit into a mapping of YAML, or make one of a text: of a plain one, and of one in quotes."""

_SHOWN = 24
_ADDRESS = "http://alertmanager.example"
_ACTION = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_BRACES = '{{ "{{" }}'
_LABEL_READ = re.compile(r"(?:\$labels|\.Labels)\.([A-Za-z_]\w*)")
_NAMED = re.compile(r"(?:Labels|Annotations)\.([A-Za-z_]\w*)")
_METHODS = frozenset({"SortedPairs", "Names", "Values", "Remove", "String"})


Said: TypeAlias = "tuple[Field, str]"
"""A template of a receiver, and what it says for a group."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """An alert of a group, as Alertmanager hands it to a template."""

    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    status: str = FIRING


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Alerts of which one message tells, and the routes that can bring them together.

    `name` completes "what the receiver gets for"; `values` says which labels they have, where that is not plain.
    """

    name: str
    values: str
    members: tuple[Member, ...]
    nodes: tuple[RouteNode, ...]

    @property
    def over(self) -> bool:
        """Whether some of its alerts are over: only a receiver that wants to know is told of them."""
        return any(member.status == RESOLVED for member in self.members)

    @property
    def status(self) -> str:
        """The status of the group: it fires while one of its alerts does."""
        return FIRING if any(member.status == FIRING for member in self.members) else RESOLVED

    def data(self, node: RouteNode | None, receiver: str) -> str:
        """Return Alertmanager's template data as JSON; the labels to group by are those of `node`, or all."""
        common = _common([member.labels for member in self.members])
        by = common if node is None or node.group_by == ("...",) else node.group_by
        return json.dumps(
            {
                "receiver": receiver,
                "status": self.status,
                "alerts": [
                    {
                        "status": member.status,
                        "labels": member.labels,
                        "annotations": member.annotations,
                        "startsAt": "2026-01-05T09:00:00Z",
                        "endsAt": "2026-01-05T10:00:00Z" if member.status == RESOLVED else "0001-01-01T00:00:00Z",
                        "generatorURL": f"{_ADDRESS}/graph",
                        "fingerprint": "0123456789abcdef",
                    }
                    for member in self.members
                ],
                "groupLabels": {name: common[name] for name in by if name in common},
                "commonLabels": common,
                "commonAnnotations": _common([member.annotations for member in self.members]),
                "externalURL": _ADDRESS,
            }
        )


def _common(entries: Sequence[Mapping[str, str]]) -> dict[str, str]:
    first, *others = entries
    return {name: value for name, value in first.items() if all(other.get(name) == value for other in others)}


def groups(
    verification: Verification,
    alerts: Sequence[SentAlert],
    shapes: Sequence[SentAlert],
    templates: Mapping[str, tuple[str, ...]],
    *,
    structured: bool,
) -> Iterator[Group]:
    """Yield what is to be rendered: each alert alone, and each template for the groups that are awkward.

    `templates` are those of each receiver. Of `shapes`, one alert stands for all with labels and annotations of the
    same names. `structured`: with values, too, that make YAML of a text.
    """
    # What the author wrote comes first: its name says more than that of a deadline.
    authored_first = sorted(shapes, key=lambda alert: alert.promised is None or not alert.promised.origin.authored)
    made = _Groups(verification, [_subject(alert) for alert in authored_first], templates)
    for alert in alerts:
        yield from made.alone(_subject(alert))
    yield from made.over()
    values = STRUCTURED if structured else ()
    yield from made.awkward(values)
    yield from made.several()
    yield from made.met()
    yield from made.unknown(alerts, values)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Subject:
    """An alert with what of its labels is fixed, and what its series have in its tests: of each label set one."""

    alert: SentAlert
    fixed: Mapping[str, str]
    tested: Sequence[Mapping[str, str]]

    @property
    def name(self) -> str:
        service = self.alert.service
        return self.alert.rule.name + (f" of {service}" if service else "")

    def member(self, series: Mapping[str, str], value: object, status: str = FIRING) -> Member:
        """Return it with these labels from its series; `value` stands for what else its texts compute."""
        # Alertmanager knows no empty label: it is one that is not there.
        computed = {name: _expanded(self.alert.rule.labels[name], series, str(value)) for name in _computed(self.alert)}
        labels = {name: text for name, text in {**series, **self.fixed, **computed}.items() if text}
        annotations = {
            name: _expanded(text, series, str(value)) if "{{" in text else text
            for name, text in self.alert.rule.annotations.items()
        }
        return Member(labels=labels, annotations=annotations, status=status)

    def grouped(self, node: RouteNode) -> frozenset[str]:
        """Return the labels that are the same for all alerts of a group: those of the route, and what these hold."""
        labels = self.alert.rule.labels
        read = (_LABEL_READ.findall(labels[name]) for name in node.group_by if "{{" in labels.get(name, ""))
        return frozenset(node.group_by).union(*read)


def _computed(alert: SentAlert) -> Iterator[str]:
    """Yield the names of the labels that a rule computes from its series, but for those that decide its routes here."""
    return (name for name, text in alert.rule.labels.items() if "{{" in text and name not in alert.depends)


def _subject(alert: SentAlert) -> _Subject:
    if alert.promised is None or alert.promised.origin.spread:
        return _Subject(alert=alert, fixed=alert.labels, tested=({},))
    # Where labels of its series decide about its routes, they are those of these routes.
    own = {*alert.rule.labels, "alertname", *alert.depends}
    sample = {name: SAMPLE for name in alert.promised.page_each if name not in own}
    tested = [
        {**sample, **{name: value for name, value in expected.labels.items() if name not in own}}
        for test in alert.promised.tests
        for expected in test.expected
        if expected.fires
    ]
    distinct = tuple(unique(tested or [sample], lambda series: tuple(sorted(series.items()))))
    fixed = {name: text for name, text in alert.labels.items() if name not in distinct[0]}
    return _Subject(alert=alert, fixed=fixed, tested=distinct)


class _Groups:
    """Makes the groups of one verification."""

    def __init__(
        self, verification: Verification, shapes: Sequence[_Subject], templates: Mapping[str, tuple[str, ...]]
    ) -> None:
        self._root = verification.behaviour.root
        self._shapes = shapes
        self._templates = templates
        self._label_sets = verification.label_sets
        files = verification.texts(MESSAGES).values()
        self._names = (
            frozenset(_NAMED.findall("\n".join([*chain.from_iterable(templates.values()), *files]))) - _METHODS
        )

    def alone(self, subject: _Subject) -> Iterator[Group]:
        """Yield the alert alone while it fires, once for each label set of its tests."""
        for series in subject.tested:
            yield self._single(subject, series, 1)

    def over(self) -> Iterator[Group]:
        """Yield each alert alone when it is over."""
        for subject in self._shapes:
            yield self._single(subject, subject.tested[0], 1, RESOLVED)

    def awkward(self, structured: Sequence[str]) -> Iterator[Group]:
        """Yield, for each template, an alert alone whose series have long and short values, and none."""
        covered: set[tuple[str, str]] = set()
        fullest_first = sorted(self._shapes, key=lambda subject: -len(subject.tested[0]))
        for subject in fullest_first:
            names = self._open_names(subject)
            if self._new(covered, subject.alert.nodes, self._names.intersection(names)):
                for value in (LONG, SHORT, "", *structured):
                    series = self._with(subject, names, value)
                    yield self._single(subject, series, value)
                    if value not in structured:
                        yield self._single(subject, series, value, RESOLVED)

    def several(self) -> Iterator[Group]:
        """Yield, for each template, groups of two and of many alerts of one rule that a route brings together."""
        covered: set[tuple[str, str]] = set()
        many: set[tuple[str, str]] = set()
        most_texts_first = sorted(self._shapes, key=lambda subject: -len(self._texts(subject.alert.nodes)))
        for subject in most_texts_first:
            nodes, series = self._shared(subject)
            computed = [name for name, text in subject.alert.rule.annotations.items() if "{{" in text]
            if nodes and self._new(covered, nodes, {*series, *computed} & self._names):
                yield from _pairs(subject, nodes, series)
                if self._new(many, nodes, ()):
                    yield from _large(subject, nodes, series)

    def _new(self, covered: set[tuple[str, str]], nodes: Iterable[RouteNode], names: Iterable[str]) -> bool:
        """Return whether a template of these routes has not yet met one of the names, which are added to `covered`."""
        pairs = {(text, name) for text in self._texts(nodes) for name in ("", *names)}
        new = not pairs <= covered
        covered |= pairs
        return new

    def _open_names(self, subject: _Subject) -> Sequence[str]:
        """Return the labels that its series may have: those of its tests, and those that a template names."""
        rule = subject.alert.rule
        named = (name for name in self._names if not isinstance(self._label_sets.value(rule, name), str))
        return sorted({*subject.tested[0], *named}.difference(subject.fixed, subject.alert.depends))

    def met(self) -> Iterator[Group]:
        """Yield, for each template, a group of two rules that a route brings together."""
        covered: set[str] = set()
        first_of: dict[object, _Subject] = {}
        for subject in self._shapes:
            for node in subject.alert.nodes:
                by = tuple((name, subject.alert.labels.get(name)) for name in node.group_by)
                first = first_of.setdefault((node.where, by), subject)
                texts = self._texts((node,))
                if first is not subject and not texts <= covered:
                    covered |= texts
                    members = tuple(met.member(met.tested[0], 1) for met in (first, subject))
                    yield Group(name=f"{first.name} with {subject.name}", values="", members=members, nodes=(node,))

    def unknown(self, alerts: Iterable[SentAlert], structured: Sequence[str]) -> Iterator[Group]:
        """Yield, for the receivers that no known alert reaches, an alert that no rule sends."""
        reached = {node.receiver for alert in alerts for node in alert.nodes}
        nodes = {node.receiver: node for node in every_node(self._root) if node.receiver not in reached}
        if nodes:
            names = {name: "" for subject in self._shapes for name in subject.alert.rule.annotations}
            for value in ("", *structured):
                texts = dict.fromkeys(names, value) if value else {}
                stranger = Member(labels={"alertname": "Stranger"}, annotations=texts)
                yield Group(
                    name="an alert that no rule sends",
                    values=_values(texts),
                    members=(stranger,),
                    nodes=tuple(nodes.values()),
                )

    def _single(self, subject: _Subject, series: Mapping[str, str], value: object, status: str = FIRING) -> Group:
        member = subject.member(series, value, status)
        name = f"{subject.name} when it is over" if status == RESOLVED else subject.name
        return Group(name=name, values=_values(series), members=(member,), nodes=subject.alert.nodes)

    def _texts(self, nodes: Iterable[RouteNode]) -> frozenset[str]:
        return frozenset(text for node in nodes for text in self._templates.get(node.receiver, ()))

    def _with(self, subject: _Subject, names: Iterable[str], value: str) -> Mapping[str, str]:
        """Return the labels that its series can have with this value, and what its tests say of the others."""
        rule = subject.alert.rule
        possible = {name: value for name in names if self._label_sets.can_be(rule, {name: value})}
        return {**subject.tested[0], **possible}

    @cached_property
    def _open(self) -> frozenset[str]:
        """The severities with an alert whose series may differ in any label, so that those of a deadline do, too."""
        alerts = (subject.alert for subject in self._shapes)
        own = (alert for alert in alerts if alert.promised and not alert.promised.origin.spread)
        return frozenset(alert.severity for alert in own if self._label_sets.only(alert.rule) is None)

    def _shared(self, subject: _Subject) -> tuple[tuple[RouteNode, ...], Mapping[str, str]]:
        """Return the routes that bring several alerts of its rule together, and the labels that tell these apart."""
        spread = subject.alert.promised is not None and subject.alert.promised.origin.spread
        if spread and subject.alert.severity not in self._open:
            return (), {}
        rule, only = subject.alert.rule, self._label_sets.only(subject.alert.rule)
        nodes, series = [], subject.tested[0]
        for node in subject.alert.nodes:
            by = subject.grouped(node)
            if only is None:
                apart = {**series, **({} if series.keys() - by else {"instance": SAMPLE})}
            else:
                names = (name for name in sorted(only) if not isinstance(self._label_sets.value(rule, name), str))
                apart = {name: SAMPLE for name in names if name not in subject.fixed}
            if apart.keys() - by and node.group_by != ("...",):
                nodes.append(node)
                series = {**apart, **series}
        return tuple(nodes), series


def _numbered(subject: _Subject, nodes: Sequence[RouteNode], series: Mapping[str, str]) -> Callable[..., Member]:
    """Return what makes the alerts of a group, by their numbers: they differ in what the routes do not group by."""
    by = frozenset[str]().union(*(subject.grouped(node) for node in nodes))

    def member(number: int, status: str = FIRING) -> Member:
        labels = {name: value if name in by else f"{value}-{number}" for name, value in series.items()}
        return subject.member(labels, number, status)

    return member


def _pairs(subject: _Subject, nodes: Sequence[RouteNode], series: Mapping[str, str]) -> Iterator[Group]:
    member = _numbered(subject, nodes, series)
    for name, first, second in (
        ("two alerts {}", FIRING, FIRING),
        ("two alerts {}, of which one is over", RESOLVED, FIRING),
        ("two alerts {} when they are over", RESOLVED, RESOLVED),
    ):
        members = (member(1, first), member(2, second))
        yield Group(name=name.format(subject.name), values="", members=members, nodes=tuple(nodes))


def _large(subject: _Subject, nodes: Sequence[RouteNode], series: Mapping[str, str]) -> Iterator[Group]:
    member = _numbered(subject, nodes, series)
    one = member(0)
    size = sum(len(name) + len(text) for texts in (one.labels, one.annotations) for name, text in texts.items())
    count = max(2, min(MANY, LARGEST // size))
    firing = tuple(member(number) for number in range(count))
    over = tuple(replace(one, status=RESOLVED) for one in firing)
    for name, members in ((f"{count:,} alerts {{}}", firing), (f"{count:,} alerts {{}} when they are over", over)):
        yield Group(name=name.format(subject.name), values="", members=members, nodes=tuple(nodes))


def _expanded(text: str, series: Mapping[str, str], value: str) -> str:
    """Return a text of a rule with something in place of each action: the label that it reads, or `value`."""

    def said(action: re.Match[str]) -> str:
        read = _LABEL_READ.search(action[1])
        return series.get(read[1], "") if read else value

    return _ACTION.sub(said, text.replace(_BRACES, "\0")).replace("\0", "{{")


def _values(series: Mapping[str, str]) -> str:
    """Return the labels from series as words: `ledger is "spot"`."""
    there: Mapping[str, list[str]] = defaultdict(list)
    for name, value in series.items():
        there[value].append(f"`{name}`")
    words = []
    for value, names in there.items():
        verb = "is" if len(names) == 1 else "are"
        words.append(f"{listed(names)} {verb} {_quoted(value)}" if value else f"{listed(names)} {verb} not there")
    return listed(words) if words else ""


def _quoted(value: str) -> str:
    shown = value[:_SHOWN].replace("\n", "\\n")
    return f'"{shown}"' if len(value) <= _SHOWN else f'"{shown}…", which has {len(value):,} characters'
