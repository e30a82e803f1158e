"""Who is told of each alert, at the latest when, and what can silence it: certainly, or with some values alone."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import datetime, timezone
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING

from generator.audit.hours import Hours
from generator.behaviour.alerts import SAMPLE, Sender, distinction
from generator.behaviour.label_sets import LabelSets
from generator.plan import timing
from generator.plan.timing import Term
from generator.system.record import record
from generator.upstream.alertmanager.match import Router
from generator.upstream.alertmanager.values import may_be, suits
from generator.upstream.promql import promql

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import timedelta

    from generator.audit.promise import Promise, SeverityPromise
    from generator.audit.written import Configuration, WrittenRule
    from generator.behaviour.alerts import SentAlert
    from generator.behaviour.behaviour import Behaviour, Integration, Receiver
    from generator.behaviour.label_sets import Seen
    from generator.plan.timing import Derived
    from generator.upstream.alertmanager.inhibition import Inhibition
    from generator.upstream.alertmanager.match import Matcher, RouteNode
    from generator.upstream.alertmanager.values import Limits


SERIES = "(by its series)"
"""The severity of an alert that takes it from its series."""


@record
class Told:
    """A route that tells of an alert; `latest` is the first message at the latest, since the condition is true."""

    node: RouteNode
    integrations: tuple[Integration, ...]
    pages: bool
    latest: Derived


@record
class Way:
    """The routes that some of a rule's alerts take."""

    alert: SentAlert
    told: tuple[Told, ...]
    """Only routes that are not always silent and whose receiver has a way to tell somebody."""
    silent_at: datetime | None
    """A time at which time intervals silence all of them; None where there is none."""
    unpaged_at: datetime | None
    """The same of those that page."""

    @property
    def distinction(self) -> str:
        """Which alerts of the rule take it, `with namespace="x"`; empty where all do.

        Labels for which any value will do that no route asks for are left out.
        """
        depends = self.alert.depends
        asked = {label: value for label, value in depends.items() if value != SAMPLE}
        if depends and not asked:
            return "with values that no route asks for"
        return distinction(replace(self.alert, depends=asked))

    @property
    def pages(self) -> bool:
        """Whether somebody is paged, whatever the time."""
        return self.pages_sometimes and self.unpaged_at is None

    @property
    def pages_sometimes(self) -> bool:
        """Whether somebody is paged, at some time of the week at least."""
        return any(told.pages for told in self.told)

    @property
    def receivers(self) -> tuple[str, ...]:
        """The receivers of its routes in their order, also those that tell nobody."""
        return tuple(dict.fromkeys(node.receiver for node in self.alert.nodes))


@record
class Silencing:
    """An inhibition rule that can silence an alert."""

    inhibition: Inhibition
    number: int
    certain: bool
    """Whether each alert of the rule can be silenced so; else only those with some labels."""


@record
class Verdict:
    """What becomes of the alerts of one rule."""

    written: WrittenRule
    severity: str
    """The value of the severity label; "" where the rule has none, SERIES where only the series know it."""
    promise: SeverityPromise | None
    """What is promised of that; where only the series know it, of the worst that it can be."""
    ways: tuple[Way, ...]
    doubt: str
    """Why its alerts may not take the routes that they seem to take; empty where they do."""
    silenced: tuple[Silencing, ...]

    @property
    def name(self) -> str:
        """The name of the alert."""
        return self.written.rule.name

    @property
    def decided(self) -> bool:
        """Whether the rule itself says how bad its alerts are."""
        return self.severity != SERIES

    @property
    def urgent(self) -> bool:
        """Whether somebody must hear of it at once, or may have to."""
        return self.promise is not None and self.promise.urgent

    @property
    def certain(self) -> bool:
        """Whether all alerts of the rule take the same routes."""
        return len(self.ways) == 1 and not self.undecided

    @property
    def undecided(self) -> str:
        """Why it is not known which routes its alerts can take; empty where it is."""
        return self.doubt or self.ways[0].alert.undecided

    @property
    def latest(self) -> Derived | None:
        """When somebody has heard of it at the latest; None where some of its alerts reach nobody, or may do so."""
        return self.slowest(page=False) if all(way.told for way in self.ways) and not self.undecided else None

    def slowest(self, *, page: bool) -> Derived | None:
        """Return the first message, or the first page, at the latest, on the slowest of the ways that have one."""
        firsts = [
            min((told.latest for told in way.told if told.pages or not page), key=_length, default=None)
            for way in self.ways
        ]
        return max((first for first in firsts if first is not None), key=_length, default=None)


class Judge:
    """Works out what becomes of the alerts of rules under one configuration."""

    def __init__(
        self, rules: Iterable[WrittenRule], configuration: Configuration, promise: Promise, seen: Seen | None = None
    ) -> None:
        rules = tuple(rules)
        self.alerting = tuple(written for written in rules if not written.rule.records)
        self.promise = promise
        self._doubted = configuration.doubted
        self.behaviour: Behaviour = configuration.behaviour
        self._hours = Hours(self.behaviour.time_intervals, datetime.now(timezone.utc).date())
        self.router = Router(self.behaviour.root)
        self.label_sets = LabelSets([written.rule for written in rules], promise.external, seen)
        self._sender = Sender(self.router, self.label_sets)
        self._receivers: Mapping[str, Receiver] = {
            receiver.name: receiver for receiver in reversed(self.behaviour.receivers)
        }
        self._told: dict[tuple[int, timedelta, timedelta, tuple[Term, ...]], Told] = {}
        self._records: dict[str, list[WrittenRule]] = defaultdict(list)
        for written in rules:
            if written.rule.records:
                self._records[written.rule.name].append(written)
        self._delays: dict[str, timedelta] = {}
        self._sources = tuple(_Sources(self, inhibition) for inhibition in self.behaviour.inhibitions)
        self._by_value: dict[str, dict[str | None, list[WrittenRule]]] = {}
        self._targets = self._indexed()

    def verdict(self, written: WrittenRule) -> Verdict:
        """Return what becomes of the alerts of an alerting rule."""
        value = self.label_sets.value(written.rule, self.promise.label)
        severity = value if isinstance(value, str) else ""
        promise = self.promise.of(severity)
        # That any series may carry such a label is no reason to think that one does.
        if not isinstance(value, str) and self.label_sets.evidently_has(written.rule, self.promise.label):
            severity = SERIES
            worst = (each for name, each in self.promise.severities.items() if suits(name, value))
            promise = next(worst, None)
        detection = self._detection(written)
        ways = tuple(self._way(alert, detection) for alert in self._sender.sent(written.rule, None, None))
        return Verdict(
            written=written,
            severity=severity,
            promise=None if any(map(written.rule.labels.get, self.promise.apart)) else promise,
            ways=ways,
            doubt=next(filter(None, map(self._doubt, ways)), "") if self._doubted else "",
            silenced=tuple(self._silencing(written)),
        )

    @property
    def asks(self) -> frozenset[str]:
        """The labels of alerts that the configuration or the promise asks for."""
        inhibited = {
            label
            for inhibition in self.behaviour.inhibitions
            for label in (
                *inhibition.equal,
                *(matcher.label for matcher in (*inhibition.source, *inhibition.target)),
            )
        }
        return frozenset({*self.router.reads, *inhibited, self.promise.label} - {"alertname"})

    def _doubt(self, way: Way) -> str:
        """Return why a way may be another: a route on it has a matcher that is not judged."""
        for node in way.alert.nodes:
            if any(node.where[: len(route)] == route for route in self._doubted):
                return f"a matcher on the way to {node.receiver} cannot be judged"
        return ""

    def tells(self, receiver: str) -> tuple[Integration, ...]:
        """Return the integrations of a receiver; none where it tells nobody, or is not there."""
        known = self._receivers.get(receiver)
        return known.integrations if known else ()

    def _way(self, alert: SentAlert, detection: tuple[Term, ...]) -> Way:
        rule = alert.rule
        interval = rule.interval or self.promise.premises.evaluate
        telling = (node for node in alert.nodes if self.tells(node.receiver) and not self._hours.always_silent((node,)))
        told = tuple(self._told_by(node, rule.hold, interval, detection) for node in telling)
        return Way(
            alert=alert,
            told=told,
            silent_at=self._hours.silent(route.node for route in told),
            unpaged_at=self._hours.silent(route.node for route in told if route.pages),
        )

    def _detection(self, written: WrittenRule) -> tuple[Term, ...]:
        """Return what a rule needs before its expression is true: recording rules that it reads, an offset."""
        read = promql.read_of(self._records, written.rule.expr) if self._records else ()
        try:
            recorded = max(map(self._delay, read), default=timing.ZERO)
        except RecursionError:
            recorded = timing.ZERO  # nobody records a thousand metrics one out of another
        terms = (Term(name="recording rules", length=recorded), Term(name="query offset", length=written.offset))
        return tuple(term for term in terms if term.length)

    def _delay(self, metric: str) -> timedelta:
        """Return how old a recorded metric can be: the interval of its group, and of those that it reads."""
        if metric not in self._delays:
            self._delays[metric] = timing.ZERO  # a rule that reads itself ends here
            self._delays[metric] = max(
                (each.rule.interval or self.promise.premises.evaluate)
                + each.offset
                + max(map(self._delay, promql.read_of(self._records, each.rule.expr)), default=timing.ZERO)
                for each in self._records[metric]
            )
        return self._delays[metric]

    def _told_by(self, node: RouteNode, hold: timedelta, interval: timedelta, detection: tuple[Term, ...]) -> Told:
        key = (id(node), hold, interval, detection)
        if key not in self._told:
            integrations = self.tells(node.receiver)
            self._told[key] = Told(
                node=node,
                integrations=integrations,
                pages=any(self.promise.is_page(node.receiver, integration) for integration in integrations),
                latest=timing.worst_case(
                    replace(self.promise.premises, evaluate=interval),
                    detection=detection,
                    hold=Term(name="for", length=hold),
                    group_wait=Term(name="group", length=node.group_wait),
                    group_interval=Term(name="group", length=node.group_interval),
                ),
            )
        return self._told[key]

    # ------------------------------------------------------------------------------------------- what silences it

    def _silencing(self, written: WrittenRule) -> Iterator[Silencing]:
        for number in self._may_target(written):
            inhibition = self.behaviour.inhibitions[number]
            certain = self.matches(written, inhibition.target)
            if certain is not None and self._sources[number].can_silence(written):
                certain = certain and self._sources[number].surely_silences(written)
                yield Silencing(inhibition=inhibition, number=number, certain=certain)

    def _may_target(self, written: WrittenRule) -> list[int]:
        """Return the inhibition rules whose target some alert of a rule may be, by one label of each."""
        numbers: list[int] = []
        for label, by_value in self._targets.items():
            value = self.label_sets.value(written.rule, label) if label else ""
            if isinstance(value, str):
                numbers += by_value.get(value, ())
            else:
                numbers += chain.from_iterable(by_value.values())
        return sorted(numbers)

    def candidates(self, matchers: Iterable[Matcher]) -> Iterable[WrittenRule]:
        """Return the rules of which an alert may match by the one label that leaves fewest of them."""
        choices = []
        for matcher in _fixed(matchers):
            by_value = self._rules_by(matcher.label)
            choices.append((by_value.get(matcher.value, []), by_value.get(None, [])))
        return chain(*min(choices, key=lambda lists: sum(map(len, lists)))) if choices else self.alerting

    def _rules_by(self, label: str) -> Mapping[str | None, list[WrittenRule]]:
        """Return the rules by the value that a label surely has on their alerts; None: only the series know."""
        known = self._by_value.get(label)
        if known is None:
            known = self._by_value[label] = defaultdict(list)
            for written in self.alerting:
                value = self.label_sets.value(written.rule, label)
                known[value if isinstance(value, str) else None].append(written)
        return known

    def _indexed(self) -> Mapping[str, Mapping[str, list[int]]]:
        """Return the inhibition rules by a label and the value that their target asks for, "" and "" without one.

        There may be thousands: of the labels that one asks for, that counts for which most values are asked.
        """
        targets = [_fixed(inhibition.target) for inhibition in self.behaviour.inhibitions]
        values: dict[str, set[str]] = defaultdict(set)
        for matcher in chain.from_iterable(targets):
            values[matcher.label].add(matcher.value)
        index: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
        for number, matchers in enumerate(targets):
            best = max(matchers, key=lambda matcher: len(values[matcher.label]), default=None)
            index[best.label if best else ""][best.value if best else ""].append(number)
        return index

    def sources(self, number: int) -> tuple[WrittenRule, ...]:
        """Return the rules whose alerts can be the source of an inhibition rule."""
        return self._sources[number].rules

    def matches(self, written: WrittenRule, matchers: Iterable[Matcher]) -> bool | None:
        """Return whether all alerts of a rule match (True), only some can (False), or none does (None)."""
        return self.label_sets.matches(written.rule, matchers)


Known = tuple["str | Limits", ...]


class _Sources:
    """The rules whose alerts can be the source of an inhibition rule, by what is known of its `equal` labels."""

    def __init__(self, judge: Judge, inhibition: Inhibition) -> None:
        self._judge = judge
        self._inhibition = inhibition
        self._answers: dict[tuple[Known, bool], bool] = {}

    @cached_property
    def rules(self) -> tuple[WrittenRule, ...]:
        """The rules themselves."""
        source = self._inhibition.source
        judge = self._judge
        return tuple(written for written in judge.candidates(source) if judge.matches(written, source) is not None)

    @cached_property
    def _known(self) -> Mapping[tuple[Known, bool], None]:
        """What is known of the `equal` labels of each, and whether it is certainly a target, too."""
        return dict.fromkeys(
            (self._values(written), self._judge.matches(written, self._inhibition.target) is True)
            for written in self.rules
        )

    def can_silence(self, target: WrittenRule) -> bool:
        """Return whether some source can silence an alert of a rule that can be a target.

        Of two alerts that are on both sides, neither silences the other.
        """
        both = self._judge.matches(target, self._inhibition.source) is True
        key = (self._values(target), both)
        if key not in self._answers:
            self._answers[key] = any(
                not (both and source_is_target) and all(map(_can_agree, values, key[0]))
                for values, source_is_target in self._alike(key[0])
            )
        return self._answers[key]

    def surely_silences(self, target: WrittenRule) -> bool:
        """Return whether some source silences each alert of a rule: they surely agree in the `equal` labels."""
        return any(source is not target for source in self._sure.get(self._values(target), ()))

    @cached_property
    def _sure(self) -> Mapping[Known, list[WrittenRule]]:
        """The rules all of whose alerts are a source, by the values that their `equal` labels surely have."""
        sure: dict[Known, list[WrittenRule]] = defaultdict(list)
        for written in self.rules:
            values = self._values(written)
            if all(isinstance(value, str) for value in values) and self._judge.matches(
                written, self._inhibition.source
            ):
                sure[values].append(written)
        return sure

    def _alike(self, values: Known) -> Iterable[tuple[Known, bool]]:
        """Return the sources without those that surely differ in the label of which most is known."""
        best = self._best
        value = values[best] if best is not None else None
        if not isinstance(value, str):
            return self._known
        return chain(self._by_value.get(value, ()), self._by_value.get(None, ()))

    @cached_property
    def _best(self) -> int | None:
        """The label of `equal` that most sources surely have, by its place; None where there is none."""
        places = range(len(self._inhibition.equal))
        fixed = {place: sum(isinstance(values[place], str) for values, _ in self._known) for place in places}
        return max(fixed, key=lambda place: fixed[place], default=None)

    @cached_property
    def _by_value(self) -> Mapping[str | None, list[tuple[Known, bool]]]:
        """The sources by their values of that label; None: it is not known."""
        sources: dict[str | None, list[tuple[Known, bool]]] = defaultdict(list)
        for source in self._known:
            value = source[0][self._best or 0]
            sources[value if isinstance(value, str) else None].append(source)
        return sources

    def _values(self, written: WrittenRule) -> Known:
        label_sets = self._judge.label_sets
        return tuple(label_sets.value(written.rule, label) for label in self._inhibition.equal)


def _fixed(matchers: Iterable[Matcher]) -> list[Matcher]:
    """Return the matchers that ask for one value."""
    return [matcher for matcher in matchers if matcher.operator == "=" and matcher.value]


def _can_agree(first: str | Limits, second: str | Limits) -> bool:
    if isinstance(first, str):
        return first == second if isinstance(second, str) else suits(first, second)
    return suits(second, first) if isinstance(second, str) else may_be(first | second)


def _length(derived: Derived) -> timedelta:
    return derived.value
