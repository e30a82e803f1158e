"""Who is told of each alert, at the latest when, and what can silence it: certainly, or with some values alone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from generator.audit.hours import Hours
from generator.audit.silencing import Silencers
from generator.behaviour.alerts import SAMPLE, Sender, distinction
from generator.behaviour.label_sets import LabelSets
from generator.plan import timing
from generator.plan.timing import Term
from generator.policy.label_names import USUAL
from generator.system.record import record
from generator.system.today import today
from generator.upstream.alertmanager.match import Router
from generator.upstream.alertmanager.values import suits
from generator.upstream.promql import promql
from generator.upstream.promql.records import in_order

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime, timedelta

    from generator.audit.promise import Promise, SeverityPromise
    from generator.audit.silencing import Silencing
    from generator.audit.written import Configuration, WrittenRule
    from generator.behaviour.alerts import SentAlert
    from generator.behaviour.behaviour import Behaviour, Integration, Receiver
    from generator.behaviour.label_sets import Seen
    from generator.plan.timing import Derived
    from generator.upstream.alertmanager.match import RouteNode


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
        self._hours = Hours(self.behaviour.time_intervals, today())
        self.router = Router(self.behaviour.root)
        self.label_sets = LabelSets([written.rule for written in rules], promise.external, seen)
        self._sender = Sender(self.router, self.label_sets, USUAL)
        self._receivers: Mapping[str, Receiver] = {
            receiver.name: receiver for receiver in reversed(self.behaviour.receivers)
        }
        self._told: dict[tuple[int, timedelta, timedelta, tuple[Term, ...]], Told] = {}
        self.recording: dict[str, list[WrittenRule]] = {}
        """The recording rules by the metric that they record."""
        for written in rules:
            if written.rule.records:
                self.recording.setdefault(written.rule.name, []).append(written)
        self._delays: dict[str, timedelta] = {}
        self.silencers = Silencers(self.behaviour.inhibitions, self.alerting, self.label_sets)

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
            silenced=tuple(self.silencers.of(written)),
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
        telling = (node for node in alert.nodes if self.tells(node.receiver) and not self._hours.is_always_silent(node))
        told = tuple(self._told_by(node, rule.hold, interval, detection) for node in telling)
        return Way(
            alert=alert,
            told=told,
            silent_at=self._hours.silent(route.node for route in told),
            unpaged_at=self._hours.silent(route.node for route in told if route.pages),
        )

    def _detection(self, written: WrittenRule) -> tuple[Term, ...]:
        """Return what a rule needs before its expression is true: recording rules that it reads, an offset."""
        read = self.recorded_by(written)
        for metric in in_order(read, self.recorded_behind, self._delays):
            self._delays[metric] = max(map(self._delay, self.recording[metric]))
        recorded = max((self._delays[metric] for metric in read), default=timing.ZERO)
        terms = (Term(name="recording rules", length=recorded), Term(name="query offset", length=written.offset))
        return tuple(term for term in terms if term.length)

    def _delay(self, written: WrittenRule) -> timedelta:
        """Return how old what a rule records can be: the interval of its group, and of those that it reads."""
        below = (self._delays.get(metric, timing.ZERO) for metric in self.recorded_by(written))
        interval = written.rule.interval or self.promise.premises.evaluate
        return interval + written.offset + max(below, default=timing.ZERO)

    def recorded_behind(self, metric: str) -> frozenset[str]:
        """Return the recorded metrics that the rules of a recorded metric read."""
        return frozenset(name for written in self.recording[metric] for name in self.recorded_by(written))

    def recorded_by(self, written: WrittenRule) -> frozenset[str]:
        """Return the recorded metrics that a rule reads."""
        return promql.read_of(self.recording, written.rule.expr) if self.recording else frozenset()

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


def _length(derived: Derived) -> timedelta:
    return derived.value
