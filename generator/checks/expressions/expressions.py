"""Runs the lints of expressions, which are listed here, on every alert and recording rule."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from functools import cache, partial
from typing import TYPE_CHECKING

from generator.checks.expressions import (
    alert_states,
    circles,
    comparisons,
    down_targets,
    equal_series,
    fragile,
    histograms,
    instants,
    known_names,
    lost_labels,
    matching,
    one_series,
    rates,
    windows,
)
from generator.checks.expressions.condition import Condition, Given, RuleFacts, Sender, Surroundings, Words
from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, Level
from generator.diagnostics.wording import first_few
from generator.plan.unread import NOT_PROVEN
from generator.plan.urgency import is_urgent
from generator.upstream.promql import promql
from generator.upstream.promql.labels import Reader
from generator.upstream.promql.records import Records
from generator.upstream.promql.values import Values

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from generator.diagnostics.diagnostic import PolicyPath
    from generator.plan.plan import AlertRule, Plan

PQL725 = Code(
    name="PQL725",
    title="alertc cannot analyse expressions",
    meaning="The expressions use something that alertc's own parser does not know, so that none of alertc's lints ran "
    f"on them. promtool checks their syntax and runs their tests, but it is not proven {NOT_PROVEN}. Write them in "
    "another way, or review them by hand. Where a record or `when_missing` depends on one, it is an error (RUL602).",
    bad="""
expr: rate(request_errors_total[5m * 2]) > 1
""",
    good="""
expr: rate(request_errors_total[10m]) > 1
""",
)

_NAMED = 10
"""Expressions that are named; `alertc report` names all."""

EXPRESSION_LINTS: tuple[Callable[[Condition], Iterator[Diagnostic]], ...] = (
    lost_labels.check,
    equal_series.check,
    matching.check,
    comparisons.check,
    circles.check,
    windows.check,
    rates.check,
    histograms.check,
    fragile.check,
    known_names.check,
    alert_states.check,
    instants.check,
    down_targets.check,
    one_series.check,
)


def check(plan: Plan) -> Iterator[Diagnostic]:
    """PQL725: alertc cannot analyse an expression. Also yields the findings of all lints of expressions."""
    linter = Linter(_surroundings(plan))
    yield from _of_records(plan, linter)
    fine: set[tuple[object, ...]] = set()
    seen: set[tuple[object, ...]] = set()
    for rule in plan.rules:
        if not rule.origin.written:
            continue  # the policy's own rules, which have tests of their own
        texts = {key: rule.annotations[name] for name, key in _TEXTS.items() if name in rule.annotations}
        # What the lints look at: rules that agree on all of it are alike, and services of one alert one finding.
        alike = (
            promql.alike(rule.condition, rule.service),
            rule.severity,
            rule.page_each,
            rule.hold,
            len(rule.labels),
            rule.owned and rule.owned.matcher.label,
            plan.policy.alerts[rule.name].of_severity(rule.severity).seen_within is None,
            lost_labels.used(texts),
            _given_alike(rule) if rule.tests else (),
        )
        if alike in fine or (rule.name, alike) in seen:
            continue
        findings = linter.findings(_facts(plan, rule, texts))
        if not findings:
            fine.add(alike)
            continue
        seen.add((rule.name, alike))
        yield from findings
    if linter.unread:
        yield _unread(plan, linter.unread)


class Linter:
    """Runs all lints on expressions; each recorded metric is analysed once."""

    def __init__(self, around: Surroundings) -> None:
        self.around = around
        self.reader = Reader(around.records, around.external)
        self.values = Values(around.records)
        self.unread: dict[str, tuple[str, PolicyPath]] = {}
        """Why expressions cannot be analysed, and where they stand, by the names of alerts and records."""

    def findings(self, rule: RuleFacts) -> tuple[Diagnostic, ...]:
        """Return what the lints find in a rule; none where its expression is not read, which `unread` then says."""
        tree = promql.parsed(rule.expr)
        if tree is None:
            self.unread.setdefault(rule.name, (promql.why_not(rule.expr), (*rule.route, "expr")))
            return ()
        try:
            condition = Condition(
                rule=rule,
                tree=tree,
                reading=self.reader.read(tree),
                reader=self.reader,
                values=self.values,
                around=self.around,
            )
            return tuple(finding for lint in EXPRESSION_LINTS for finding in lint(condition))
        except RecursionError:
            self.unread.setdefault(rule.name, ("it is nested too deeply", (*rule.route, "expr")))
            return ()


def _surroundings(plan: Plan) -> Surroundings:
    @cache
    def alerts() -> Mapping[str, tuple[Sender, ...]]:
        senders: dict[str, list[Sender]] = defaultdict(list)
        for rule in plan.rules:
            senders[rule.name].append(
                Sender(labels=rule.labels, owner=rule.service, expr=rule.expr, waits=bool(rule.hold))
            )
        return {name: tuple(rules) for name, rules in senders.items()}

    return Surroundings(
        records=Records(plan.policy.records.items()),
        alerts=alerts,
        version=plan.policy.stack.prometheus.version,
        scrape=plan.stack.scrape,
        evaluate=plan.stack.evaluate,
        every={name: record.every for name, record in plan.policy.records.items()},
        blank=Level.ERROR,
        words=replace(_WORDS, filled={plan.policy.labels.service: "`$service`, which alertc fills in"}),
    )


def _of_records(plan: Plan, linter: Linter) -> Iterator[Diagnostic]:
    """Yield the findings of recording rules; their tests are those that depend on them and give several series."""
    records = plan.policy.records
    if not records:
        return
    tests: dict[str, list[Given]] = defaultdict(list)
    for test in (test for rule in plan.rules for test in rule.tests if len(test.given) > 1):
        for name in test.reads & records.keys():
            tests[name].append(Given(test=test.name, series=tuple(test.given)))
    for name, record in records.items():
        facts = RuleFacts(
            name=name,
            expr=record.expr,
            route=("records", name),
            labels=record.labels,
            records=True,
            urgent=partial(is_urgent, plan, name),
            tests=tuple(tests.get(name, ())),
        )
        yield from linter.findings(facts)


def _facts(plan: Plan, rule: AlertRule, texts: Mapping[str, str]) -> RuleFacts:
    """Return what is known of the rule of an alert: of the first of the services that share it."""
    alert = plan.policy.alerts[rule.name].of_severity(rule.severity)
    open_ended = plan.policy.severities[rule.severity].worst and alert.seen_within is None
    return RuleFacts(
        name=rule.name,
        expr=rule.condition,
        route=rule.route,
        labels=rule.labels,
        texts=texts,
        page_each=rule.page_each,
        told_apart=plan.policy.labels.told_apart_by(rule.page_each),
        owned_by=rule.owned.matcher.label if rule.owned else None,
        hold=rule.hold,
        urgent=lambda: rule.severity in plan.policy.urgent,
        acknowledge=plan.severities[rule.severity].acknowledge if open_ended else None,
        tests=tuple(Given(test=test.name, series=tuple(test.given)) for test in rule.tests),
    )


def _given_alike(rule: AlertRule) -> tuple[str, ...]:
    """Return the series of tests that give several: what they show of the rule."""
    tests = (test for test in rule.tests if len(test.given) > 1)
    return tuple(promql.alike(series, rule.service) for test in tests for series in test.given)


def _unread(plan: Plan, failed: Mapping[str, tuple[str, PolicyPath]]) -> Diagnostic:
    """PQL725: the expressions that alertc cannot analyse, all of them in one finding."""
    total = len(plan.policy.records) + len(plan.policy.alerts)
    names = first_few(list(failed), _NAMED)
    first = next(route for _, route in failed.values())
    return Diagnostic(
        code=PQL725.name,
        level=Level.NOTE,
        message=f"alertc cannot analyse {len(failed):,} of {total:,} expressions: {names}",
        route=first,
        notes=(
            *(f"{name}: {why}" for name, (why, _) in list(failed.items())[:_NAMED]),
            f"promtool checks them, but it is not proven {NOT_PROVEN}",
        ),
        help="if promtool accepts them, write them in another way, or review them by hand",
    )


_TEXTS = {"summary": "summary", "description": "details"}
"""Annotations with a template that the author wrote, by the key of the policy that it comes from."""
_WORDS = Words(
    undefined="which the policy does not define",
    heartbeat="to show that alerting works, use `watch.heartbeat`",
    removed="alertc routes, groups or silences by",
)
