"""Runs the lints of expressions, which are listed here, on every alert and recording rule."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING

from generator.checks.expressions import (
    comparisons,
    equal_series,
    fragile,
    histograms,
    known_names,
    lost_labels,
    matching,
    rates,
    windows,
)
from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, Level
from generator.diagnostics.wording import first_few
from generator.plan.conditions import Condition
from generator.plan.unread import NOT_PROVEN
from generator.upstream.promql import promql
from generator.upstream.promql.labels import Reader
from generator.upstream.promql.records import Records
from generator.upstream.promql.values import Values

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from generator.diagnostics.diagnostic import PolicyPath
    from generator.plan.plan import AlertRule, Plan, UnitTest

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
    windows.check,
    rates.check,
    histograms.check,
    fragile.check,
    known_names.check,
)


def check(plan: Plan) -> Iterator[Diagnostic]:
    """PQL725: alertc cannot analyse an expression. Also yields the findings of all lints of expressions."""
    judge = _Judge(plan)
    for name, record in plan.policy.records.items():
        yield from judge.findings(name, record.expr, ("records", name, "expr"), None)
    fine: set[tuple[object, ...]] = set()
    seen: set[tuple[object, ...]] = set()
    for rule in plan.rules:
        if not rule.origin.written:
            continue  # the policy's own rules, which have tests of their own
        # What the lints look at: rules that agree on all of it are alike, and services of one alert one finding.
        alike = (
            promql.alike(rule.expr, rule.service),
            rule.severity,
            rule.page_each,
            len(rule.labels),
            plan.policy.alerts[rule.name].seen_within is None,
            lost_labels.used(rule),
            _given(rule) if rule.tests else (),
        )
        if alike in fine or (rule.name, alike) in seen:
            continue
        findings = judge.findings(rule.name, rule.expr, (*rule.route, "expr"), rule)
        if not findings:
            fine.add(alike)
            continue
        seen.add((rule.name, alike))
        yield from findings
    if judge.unread:
        yield _unread(plan, judge.unread)


def _given(rule: AlertRule) -> tuple[str, ...]:
    """Return the series of tests that give several: what they show of the rule."""
    tests = (test for test in rule.tests if len(test.given) > 1)
    return tuple(promql.alike(series, rule.service) for test in tests for series in test.given)


class _Judge:
    """Runs all lints on expressions; recording rules are analysed once."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        records = Records(plan.policy.records.items())
        self.reader = Reader(records)
        self.values = Values(records)
        self.unread: dict[str, tuple[str, PolicyPath]] = {}
        """Why expressions cannot be analysed, and where they stand, by the names of alerts and records."""

    @cached_property
    def tests_of_records(self) -> Mapping[str, list[UnitTest]]:
        """Return the tests that give several series, by the recording rules that they depend on."""
        tests: dict[str, list[UnitTest]] = defaultdict(list)
        for test in (test for rule in self.plan.rules for test in rule.tests if len(test.given) > 1):
            for name in test.reads & self.plan.policy.records.keys():
                tests[name].append(test)
        return tests

    def findings(self, name: str, expression: str, route: PolicyPath, rule: AlertRule | None) -> tuple[Diagnostic, ...]:
        tree = promql.parsed(expression)
        if tree is None:
            self.unread.setdefault(name, (promql.why_not(expression), route))
            return ()
        try:
            condition = Condition(
                name=name,
                route=route,
                tree=tree,
                reading=self.reader.read(tree),
                reader=self.reader,
                values=self.values,
                plan=self.plan,
                rule=rule,
                tests=rule.tests if rule else tuple(self.tests_of_records.get(name, ())),
            )
            return tuple(finding for lint in EXPRESSION_LINTS for finding in lint(condition))
        except RecursionError:
            self.unread.setdefault(name, ("it is nested too deeply", route))
            return ()


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
