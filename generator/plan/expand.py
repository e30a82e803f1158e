"""The author's alerts, expanded: one static rule for each alert and service."""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, PolicyPath
from generator.diagnostics.suggest import did_you_mean
from generator.plan import no_data, nobody, owned, sizes, thresholds
from generator.plan.plan import (
    ANYTHING,
    NO_CHAIN,
    AlertRule,
    ExpectedAlert,
    Labels,
    Origin,
    SeverityPlan,
    UnitTest,
    carried,
)
from generator.plan.texts import literal, rendered, resolve_text
from generator.plan.timing import ZERO, Premises, Term
from generator.policy import parameters as parameters_of
from generator.policy.environments import is_external, tests_route
from generator.policy.model import NOBODY
from generator.policy.owners import BY_OWNER
from generator.upstream.promql import promql
from generator.upstream.promql.records import in_order

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from generator.policy.model import Alert, Policy, Test

POL230 = Code(
    name="POL230",
    title="Unknown parameter",
    meaning="`$name` stands for a parameter of `each`. Define it there, or correct its name.",
)

POL233 = Code(
    name="POL233",
    title="Parameter is not a duration",
    meaning="A test says with a parameter when the alert fires, or how long it is silent. What `each` gives for a "
    "service is not a duration. Write one, such as `1m15s`.",
)

_OF_ALERTS = frozenset({"ALERTS", "ALERTS_FOR_STATE"})
_ACTION = re.compile(r"(\{\{.*?\}\})", re.DOTALL)


class Expansion:
    """Expands alerts into rules and collects findings; what several alerts share is computed once."""

    def __init__(self, policy: Policy, stack: Premises, severities: Mapping[str, SeverityPlan]) -> None:
        self.policy = policy
        self.stack = stack
        self.severities = severities
        self.findings: list[Diagnostic] = []
        self._delays: dict[str, Term] = {}
        self._kept: dict[str, timedelta] = {}
        """How long a record may be made after the series that it reads are gone."""
        self._containments = {name: _containment_text(policy, name) for name in policy.containments}
        self._published = _published(policy)
        names = policy.labels
        # Those that are pinned are there, and removed from the series where they are empty.
        self._labels = dict.fromkeys(sorted(names.names.values()), "")
        self._labels[names.environment] = "" if is_external(policy) else policy.environment
        self._told_apart: dict[tuple[str, ...], str] = {}

    @cached_property
    def examples(self) -> Mapping[str, str]:
        """Return for each severity the first service that has such an alert: others need have no chain for it."""
        services = self.policy.services
        having: dict[str, set[str]] = defaultdict(set)
        for alert in self.policy.alerts.values():
            known = alert.parameters(services).keys()
            for severity in alert.at or (alert.severity,):
                having[severity].update(known)  # `|=` would copy the set each time
        return {
            severity: next((service for service in services if service in having[severity]), next(iter(services)))
            for severity in self.severities
        }

    def rules(self) -> Iterator[AlertRule]:
        """Yield every rule that an alert of the policy stands for, its `NoData` rule after it."""
        for name, alert in self.policy.alerts.items():
            # Once for all services: each may have an alert of each.
            given = [(one, one.parameters(self.policy.services)) for one in alert.each_severity]
            for service in given[0][1]:
                rules = self._rules(name, service, [(one, of[service]) for one, of in given])
                yield from rules
                if alert.when_missing not in (None, "ignore"):
                    yield from no_data.rules(self, rules[0], alert)

    def _rules(
        self, name: str, service: str, given: Iterable[tuple[Alert, Mapping[str, str]]]
    ) -> tuple[AlertRule, ...]:
        """Return the rules of an alert for a service, the worst first; of owners, what each is for each of them.

        `given` has the alert at each severity, with the parameters of the service.
        """
        each = [self._rule_of_each(name, one, service, parameters) for one, parameters in given]
        if len(each) == 1:
            return each[0]
        of_services = zip(*each, strict=True)
        return tuple(rule for of in of_services for rule in thresholds.apart(self, of))

    def _rule_of_each(
        self, name: str, alert: Alert, service: str, parameters: Mapping[str, str]
    ) -> tuple[AlertRule, ...]:
        """Return the rule of one severity for a service; of owners, what it is for each, `otherwise` first."""
        if alert.each == BY_OWNER and self.policy.owners:
            return owned.rules_of(self, name, alert, self.policy.owners)
        tests = alert.tests_of(service)
        return (self.rule(name, alert, service, parameters, of=lambda test: test in tests),)

    def static_labels(
        self, service: str, severity: str, duty: str | None = None, page_each: tuple[str, ...] = ()
    ) -> dict[str, str]:
        """Return the labels by which Alertmanager routes a rule of `service`, sorted."""
        entry, names = self.policy.services[service], self.policy.labels
        if page_each not in self._told_apart:
            self._told_apart[page_each] = ",".join(names.told_apart_by(page_each))
        labels = self._labels.copy()
        labels[names.duty] = duty or ""
        labels[names.escalation] = entry.escalation or NO_CHAIN
        labels[names.page_each] = self._told_apart[page_each]
        labels[names.service] = service
        labels[names.severity] = severity
        labels[names.team] = entry.team
        return labels

    def annotations(
        self,
        service: str,
        severity: str,
        summary: str,
        details: str | None,
        *,
        containment: str | None = None,
        public: str | None = None,
        runbook: str | None = None,
    ) -> dict[str, str]:
        """Return what people read. `summary` and `details` are Prometheus templates, the rest is plain text."""
        promise, entry = self.severities[severity], self.policy.services[service]
        public = (public or entry.public) if severity in self._published else None
        texts = {
            "summary": summary,
            "description": details,
            "containment": self._containments[containment] if containment else None,
            "public": literal(public) if public else None,
            "runbook_url": literal(self.policy.runbooks[runbook or entry.runbook].url),
            "acknowledge_within": promise.promise,
            "resolve_within": resolve_text(promise.resolve) if promise.resolve else None,
        }
        return {name: text for name, text in texts.items() if text}

    def unit_test(
        self,
        rule_name: str,
        reads: frozenset[str],
        labels: Labels,
        annotations: Labels | None,
        *,
        name: str,
        given: Mapping[str, str],
        at: timedelta,
        route: PolicyPath,
        says: str | None = None,
    ) -> UnitTest:
        """Return the test that the rule is silent one evaluation before `at` and fires at `at`."""
        earlier = at - self.stack.evaluate
        silent = (_silent(rule_name, earlier),) if earlier >= ZERO else ()
        fires = ExpectedAlert(
            alert=rule_name,
            at=at,
            fires=True,
            labels=carried(dict(sorted(labels.items()))),
            annotations=annotations,
            says=says if annotations is None else None,
        )
        return self._unit_test(name, given, (*silent, fires), reads, route)

    def _unit_test(
        self,
        name: str,
        given: Mapping[str, str],
        expected: tuple[ExpectedAlert, ...],
        reads: frozenset[str],
        route: PolicyPath,
    ) -> UnitTest:
        return UnitTest(
            name=name,
            every=self.stack.scrape,
            clock=self.stack.evaluate,
            given=given,
            expected=expected,
            reads=reads,
            route=route,
        )

    def rule(
        self,
        name: str,
        alert: Alert,
        service: str,
        parameters: Mapping[str, str],
        *,
        of: Callable[[Test], bool],
        duty: str | None = None,
    ) -> AlertRule:
        """Return the rule of an alert for a service with its parameters, and those tests that are `of` it."""
        route: PolicyPath = ("alerts", name)
        expression = self._filled(alert.expr, parameters, (*route, "expr"))
        if expression is not alert.expr:
            self.findings.extend(sizes.expression(name, expression, (*route, "expr")))
        duty = NOBODY if alert.untold else duty
        labels = self.static_labels(service, alert.severity, duty, alert.page_each)
        if alert.containment:
            labels[self.policy.labels.containment] = alert.containment
        own = {key: self._filled(text, parameters, (*route, "labels", key)) for key, text in alert.labels.items()}
        if own:
            labels = dict(sorted({**own, **labels}.items()))
        annotations = self.annotations(
            service,
            alert.severity,
            self._text(name, "summary", alert.summary, parameters, route),
            self._text(name, "details", alert.details, parameters, route) if alert.details else None,
            containment=alert.containment,
            public=self._filled(alert.public, parameters, (*route, "public")) if alert.public else None,
            runbook=alert.runbook,
        )
        if alert.untold:
            annotations = nobody.texts(annotations, alert.untold)
        for key, text in alert.annotations.items():
            annotations[key] = self._text(name, key, text, parameters, (*route, "annotations"))
        reads = self._seen(expression, annotations) if alert.tests else frozenset()
        tests = tuple(
            self._test(name, labels, annotations, reads, test, number, parameters)
            for number, test in enumerate(alert.tests)
            if of(test)
        )
        return AlertRule(
            name=name,
            service=service,
            expr=expression,
            hold=alert.hold or ZERO,
            keep_firing=alert.keep_firing or ZERO,
            detection=self._detection(alert, expression, route),
            labels=labels,
            annotations=annotations,
            severity=alert.severity,
            escalation=labels[self.policy.labels.escalation],
            team=labels[self.policy.labels.team],
            page_each=alert.page_each,
            origin=_origin(alert),
            duty=duty,
            reminds_of=None,
            owned=None,
            route=route,
            tests=tests,
        )

    def gone(self, expression: str) -> tuple[Term, ...]:
        """Return how long a record that `expression` reads outlives its series: it is made as long as a range has some.

        What is scraped is gone at once.
        """
        recorded = self._recorded(expression)
        if recorded is None:
            return ()
        metric = max(self._records_in(expression), key=self._kept.__getitem__)
        kept = Term(name="ranges of records", length=self._kept[metric], route=("records", metric, "expr"))
        return (recorded, kept) if kept.length else (recorded,)

    def hold_of(self, severity: str, detection: Iterable[Term] = ()) -> timedelta:
        """Return the longest `for`, in whole evaluations up to 5 minutes, that still meets `detect_in`."""
        left = self.severities[severity].detect_in.length - sum((term.length for term in detection), ZERO)
        room = max(ZERO, min(left, timedelta(minutes=5)))
        return room // self.stack.evaluate * self.stack.evaluate

    def _test(
        self,
        name: str,
        labels: Labels,
        annotations: Labels,
        reads: frozenset[str],
        test: Test,
        number: int,
        parameters: Mapping[str, str],
    ) -> UnitTest:
        route: PolicyPath = (*tests_route(self.policy, name, labels[self.policy.labels.severity]), number)
        given = {
            self._filled(series, parameters, (*route, "given")): self._filled_value(
                str(values), parameters, (*route, "given", series)
            )
            for series, values in test.given.items()
        }
        reads = reads | frozenset(series.split("{", 1)[0].strip() for series in given)
        title = f"{name} #{number + 1}"
        if test.fires_at is None:
            until = self._time(test.silent_until, parameters, (*route, "silent_until"))
            silent = _silent(name, until, throughout=True)
            return self._unit_test(title, given, (silent,), reads, route)
        own_labels = {
            label: self._filled(value, parameters, (*route, "labels", label)) for label, value in test.labels.items()
        }
        says = self._filled(test.says, parameters, (*route, "says")) if test.says else None
        return self.unit_test(
            name,
            reads,
            {**own_labels, **labels},
            rendered(annotations, own_labels, says),
            name=title,
            given=given,
            at=self._time(test.fires_at, parameters, (*route, "fires_at")),
            route=route,
            says=says,
        )

    def _detection(self, alert: Alert, expression: str, route: PolicyPath) -> tuple[Term, ...]:
        terms = []
        if alert.seen_within:
            terms.append(Term(name="seen", length=alert.seen_within, route=(*route, "seen_within")))
        recorded = self._recorded(expression)
        return (*terms, recorded) if recorded else tuple(terms)

    def _recorded(self, expression: str) -> Term | None:
        """Return the terms of the longest chain of recording rules behind `expression`, each in its own group."""
        if not self.policy.records:
            return None
        read = self._records_in(expression)
        self._work_out(read)
        return max((self._delays[metric] for metric in read), key=_length, default=None)

    def _records_in(self, expression: str) -> list[str]:
        return sorted(promql.read_of(self.policy.records, expression))

    def _work_out(self, metrics: Iterable[str]) -> None:
        """Work out each recording rule after those that it reads."""
        records = self.policy.records
        for metric in in_order(metrics, lambda name: self._records_in(records[name].expr), self._delays):
            record = records[metric]
            below = self._records_in(record.expr)
            longest = max((delay.length for name in below if (delay := self._delays.get(name))), default=ZERO)
            reached = promql.reaches(record.expr)
            any_name = max((self._kept.get(name, ZERO) for name in below), default=ZERO)
            kept = (back + (self._kept.get(name, ZERO) if name else any_name) for name, back in reached)
            self._kept[metric] = max(kept, default=ZERO)
            self._delays[metric] = Term(
                name="recording rules", length=record.every + longest, route=("records", metric, "every")
            )

    def _seen(self, expression: str, annotations: Mapping[str, str]) -> frozenset[str]:
        """Return every metric that may change what an alert's test shows."""
        reads = self.reads(expression)
        queries = any("query" in action for text in annotations.values() for action in _ACTION.findall(text))
        return reads | {ANYTHING} if queries or reads & _OF_ALERTS else reads

    def reads(self, expression: str) -> frozenset[str]:
        """Return every metric that `expression` depends on, directly or through recording rules."""
        names: set[str] = set()
        waiting = set(self._read_by(expression))
        while waiting:
            metric = waiting.pop()
            names.add(metric)
            if metric in self.policy.records:
                waiting |= self._read_by(self.policy.records[metric].expr) - names
        return frozenset(names)

    def _read_by(self, expression: str) -> frozenset[str]:
        named = promql.metrics(expression) | promql.read_of(self.policy.records, expression)
        return named if promql.by_name(expression) else named | {ANYTHING}

    def _text(self, name: str, key: str, text: str, parameters: Mapping[str, str], route: PolicyPath) -> str:
        """Return a text with its parameters filled in; report a parameter that would make it print without end."""
        filled = self._template(text, parameters, (*route, key))
        if filled is not text:
            self.findings.extend(sizes.text(name, key, filled, (*route, key)))
        return filled

    def _template(self, text: str, parameters: Mapping[str, str], route: PolicyPath) -> str:
        """Fill in the parameters outside of `{{ }}`; inside, `$name` is a variable of Prometheus."""
        if "$" not in text:
            return text
        if "{{" not in text:
            return self._filled(text, parameters, route)
        parts = _ACTION.split(text)
        return "".join(part if part.startswith("{{") else self._filled(part, parameters, route) for part in parts)

    def _filled(self, text: str, parameters: Mapping[str, str], route: PolicyPath) -> str:
        return parameters_of.filled(text, parameters, lambda name: self._unknown(name, parameters, route))

    def _filled_value(self, text: str, parameters: Mapping[str, str], route: PolicyPath) -> str:
        return parameters_of.filled_value(text, parameters, lambda name: self._unknown(name, parameters, route))

    def _unknown(self, name: str, parameters: Mapping[str, str], route: PolicyPath) -> None:
        near = did_you_mean(name, parameters)
        known = ", ".join(f"`${parameter}`" for parameter in sorted(parameters))
        self._found(
            Diagnostic(
                code=POL230.name,
                message=f"`${name}` is not a parameter of this alert",
                route=route,
                help=f"did you mean `${near}`?" if near else f"known here: {known}",
            )
        )

    def _found(self, finding: Diagnostic) -> None:
        if finding not in self.findings:
            self.findings.append(finding)

    def _time(self, written: timedelta | str | None, parameters: Mapping[str, str], route: PolicyPath) -> timedelta:
        """Return a time of a test, which may be a parameter."""
        if not isinstance(written, str):
            return written or ZERO
        text = self._filled_value(written, parameters, route)
        length = parameters_of.length(written, parameters)
        if length is None and "$" not in text:
            self._found(
                Diagnostic(
                    code=POL233.name,
                    message=f"`{written}` is `{text}` for {parameters['service']}, which is not a duration",
                    route=route,
                    help="give it a duration, such as `1m15s`",
                )
            )
        return length or ZERO


def _origin(alert: Alert) -> Origin:
    if alert.untold:
        return Origin.NOBODY
    return Origin.ALERT if alert.means is None else Origin.SERVICE_DOWN


def _length(term: Term) -> timedelta:
    return term.length


def _silent(alert: str, at: timedelta, *, throughout: bool = False) -> ExpectedAlert:
    return ExpectedAlert(alert=alert, at=at, fires=False, throughout=throughout, labels={}, annotations=None)


def _published(policy: Policy) -> frozenset[str]:
    """Return the severities that a public channel is notified about."""
    public = {name for name, channel in policy.channels.items() if channel.audience == "public"}
    by_duty = {name for duty in policy.duties.values() if public & set(duty.via) for name in duty.during}
    besides = [told for _, _, told in policy.besides()]
    told = {
        name
        for name, entry in policy.severities.items()
        if public & set(entry.notify) or any(public & set(each.of(name)) for each in besides)
    }
    return frozenset(by_duty | told)


def _containment_text(policy: Policy, name: str) -> str:
    """Return the containment as the on-call person reads it: action, authority and steps."""
    entry = policy.containments[name]
    basis = ""
    if entry.basis:
        section = f", section {entry.basis.section}" if entry.basis.section else ""
        title = policy.references[entry.basis.reference].title
        basis = f" ({entry.basis.reference}: {title}{section})"
    steps = [f"{number}. {step}" for number, step in enumerate(entry.steps, start=1)]
    return literal("\n".join([f"{entry.title}{basis}", *steps]))
