"""The alerts that the rendered rules can send, each with a label set as Alertmanager will see it."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from generator.behaviour import owned
from generator.behaviour.label_sets import with_values
from generator.diagnostics.wording import listed
from generator.plan.plan import carried
from generator.system.record import record
from generator.system.unique import unique
from generator.upstream.alertmanager.values import Undecided
from generator.upstream.alertmanager.ways import Ways
from generator.upstream.promql import promql

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from generator.behaviour.behaviour import Behaviour, Rule
    from generator.behaviour.label_sets import LabelSets
    from generator.plan.plan import AlertRule, Plan
    from generator.policy.label_names import LabelNames
    from generator.upstream.alertmanager.match import RouteNode, Router
    from generator.upstream.alertmanager.values import Limits
    from generator.upstream.alertmanager.ways import Way

SAMPLE = "example"
"""The value of a label that only the expression knows."""


@record
class SentAlert:
    """An alert that a rendered rule can send. `promised` is the plan's rule for it, None where the plan has none."""

    rule: Rule
    promised: AlertRule | None
    names: LabelNames
    labels: Mapping[str, str]
    """All of its labels; for those that only the series know, an example."""
    nodes: tuple[RouteNode, ...]
    """The routes that it takes: one tuple for all alerts that the tree cannot tell apart."""
    depends: Mapping[str, str]
    """Labels of its series with whose values its routes change, as they are here, "" for none; empty: they never do."""
    undecided: str = ""
    """Why it is not known which routes the rule's alerts can take; these are those of an example."""

    @property
    def service(self) -> str:
        """The value of the label that names its service; "" where it has none."""
        return self.labels.get(self.names.service, "")

    @property
    def severity(self) -> str:
        """The value of the label that says how urgent it is; "" where it has none."""
        return self.labels.get(self.names.severity, "")


def distinction(alert: SentAlert) -> str:
    """Return which alerts of its rule alone it stands for: `with ledger="spot"`; empty where it stands for all."""
    there = [f"{label}={promql.quote(value)}" for label, value in alert.depends.items() if value]
    lacking = [label for label, value in alert.depends.items() if not value]
    parts = (f"{word} {listed(labels)}" for word, labels in (("with", there), ("without", lacking)) if labels)
    return " and ".join(parts)


class Promises:
    """Looks up the plan's rule for a rendered rule by the name and labels of the rendered rule."""

    def __init__(self, plan: Plan) -> None:
        self._names = plan.policy.labels
        self._promises: dict[tuple[str, str | None], list[AlertRule]] = defaultdict(list)
        for promised in plan.rules:
            self._promises[promised.name, promised.labels.get(self._names.service)].append(promised)

    def alike(self, rule: Rule) -> Sequence[AlertRule]:
        """Return the planned rules with the rule's name and service, whatever their other labels."""
        return self._promises.get((rule.name, rule.labels.get(self._names.service)), ())

    def of(self, rule: Rule) -> AlertRule | None:
        """Return the planned rule whose alerts have exactly the rule's name and labels; None where there is none."""
        return next((promised for promised in self.alike(rule) if _same(promised.labels, rule.labels)), None)


def _same(planned: Mapping[str, str], rendered: Mapping[str, str]) -> bool:
    return planned == rendered or carried(planned) == carried(rendered)


def sent_alerts(plan: Plan, behaviour: Behaviour, router: Router, label_sets: LabelSets) -> Iterator[SentAlert]:
    """Yield every alert that the rendered rules can send: one per rule and way through the tree of routes.

    A rule that watches others sends one for each kind of them: neither the tree of routes nor the policy's promise can
    tell apart what is of one kind.
    """
    rules = [case for rule in behaviour.rules if not rule.records for case in owned.cases(rule)]
    names, promises = plan.policy.labels, Promises(plan)
    sender = Sender(router, label_sets, names)
    kinds: Mapping[str, list[Rule]] | None = None
    for rule in rules:
        labels = rule.labels
        promised = promises.of(rule)
        if promised is None or not promised.origin.spread:
            yield from sender.sent(rule, promised, None)
            continue
        if kinds is None:
            kinds = sender.kinds(rules)
        for watched in kinds.get(labels.get(names.severity, ""), ()):
            yield from sender.sent(rule, promised, watched)


class Sender:
    """Works out the alerts of rules, all with one tree of routes."""

    def __init__(self, router: Router, label_sets: LabelSets, names: LabelNames) -> None:
        self._names = names
        self._router = router
        self._label_sets = label_sets
        self._ways = Ways(router)
        # A rule does not write its alerts' name, nor what is added to them.
        one = {label: values[0] for label, values in label_sets.external.items() if len(values) == 1}
        self._by_labels_alone = not {"alertname", *label_sets.external}.difference(one) & {*router.reads}
        self._added = {label: value for label, value in one.items() if label in router.reads}
        self._certain: dict[tuple[str, ...], tuple[Way, ...]] = {}

    def kinds(self, rules: Sequence[Rule]) -> Mapping[str, list[Rule]]:
        """Return watched rules by severity: one for each combination of routes and promise."""
        kinds: dict[str, list[Rule]] = defaultdict(list)
        authored = (rule for rule in rules if not rule.labels.get(self._names.duty))
        for rule in unique(authored, self._kind):
            kinds[rule.labels.get(self._names.severity, "")].append(rule)
        return kinds

    def sent(self, rule: Rule, promised: AlertRule | None, watched: Rule | None) -> Iterator[SentAlert]:
        """Yield the alerts of a rule: labels of its series or of the `watched` rule's alerts, then the rule's own."""
        read = {**carried(watched.labels), "alertname": watched.name} if watched else owned.example(rule)
        sample_labels = {label: SAMPLE for label in promised.page_each if label not in read} if promised else {}
        own_labels = rule.labels
        # There are 100,000 rules with nine labels each: only what has a template is looked at.
        if "{{" in "".join(own_labels.values()):
            own_labels = {name: with_values(value, read, SAMPLE) for name, value in own_labels.items()}
        labels = carried({**read, **sample_labels, **own_labels, "alertname": rule.name})
        if self._label_sets.external:
            labels = self._label_sets.added(labels, SAMPLE)
        try:
            written = None if watched else self._written(rule)
            if written is None:
                fixed, limits = self._known(rule, watched)
                # What the expression fixes is on the alert, too.
                labels = carried({**labels, **fixed})
                ways = self._ways.of(fixed, limits, SAMPLE)
            else:
                ways = self._ways_of(rule, written)
        except Undecided as reason:
            nodes = self._router.routes_of(labels)
            yield SentAlert(
                rule=rule,
                promised=promised,
                names=self._names,
                labels=labels,
                nodes=nodes,
                depends={},
                undecided=str(reason),
            )
            return
        for way in ways:
            yield SentAlert(
                rule=rule,
                promised=promised,
                names=self._names,
                labels=carried({**labels, **way.values}) if way.values else labels,
                nodes=way.nodes,
                depends=way.depends if len(ways) > 1 else {},
            )

    def _kind(self, rule: Rule) -> tuple[object, ...]:
        values: tuple[object, ...] | None = self._written(rule)
        if values is None:
            fixed, limits = self._known(rule, None)
            values = tuple(fixed[label] if label in fixed else limits[label] for label in self._router.reads)
        return (*values, *(rule.labels.get(label) for label in self._names.promised_by))

    def _ways_of(self, rule: Rule, written: tuple[str, ...]) -> tuple[Way, ...]:
        ways = self._certain.get(written)
        if ways is None:
            ways = self._certain[written] = self._ways.of(*self._known(rule, None), SAMPLE)
        return ways

    def _written(self, rule: Rule) -> tuple[str, ...] | None:
        """Return the values of the labels by which alerts are routed where the rule writes all of them, else None."""
        if not self._by_labels_alone:
            return None
        own, reads = rule.labels, self._router.reads
        # In one go: most rules write all of them, and there are 100,000.
        if self._added:
            values = tuple([own[label] or self._added.get(label, "") for label in reads if label in own])
        else:
            values = tuple([own[label] for label in reads if label in own])
        return None if len(values) < len(reads) or "{{" in "".join(values) else values

    def _known(self, rule: Rule, watched: Rule | None) -> tuple[dict[str, str], dict[str, Limits]]:
        """Return the labels whose value is known, of those by which alerts are routed, and what is known of others."""
        fixed: dict[str, str] = {}
        limits: dict[str, Limits] = {}
        for label in self._router.reads:
            value = self._label_sets.value(rule, label, watched)
            if isinstance(value, str):
                fixed[label] = value
            else:
                limits[label] = value
        return fixed, limits


Identity = tuple[str, frozenset[tuple[str, str]]]


def identity(name: str, labels: Mapping[str, str]) -> Identity:
    """Return the key that is unique to a rule: its name and the labels that its alerts have."""
    return name, frozenset(carried(labels).items())
