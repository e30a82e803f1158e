"""Alerts with one fault each, to see whether the tests of the alert notice it.

The faults are the ones that people make and no other check can see:

- `for` is gone;
- a comparison, wherever it stands, points the other way: `>` and `<`, `>=` and `<=`, `==` and `!=` change places;
- a threshold is half as much again, or half. It is the side of a comparison that is a number; where both sides are
  series, the right one. 0 has no half: it becomes 1 and -1, and where the other side looks back over a range, so that
  it has no unit in which 1 would be much or little, plus and minus infinity. An equality gets one other value.

So a test for each side of a threshold, less than half of it away, catches all of them. A fault that nothing could
notice is left out: what counts yields 1 or more, or nothing, and never the 0 by which `> 0` and `> -1` differ.
"""

from __future__ import annotations

import math
import operator
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from generator.plan import unit_tests
from generator.plan.plan import AlertRule, Plan, RuleFile, RuleGroup
from generator.plan.timing import ZERO
from generator.policy import duration
from generator.upstream.promql.comparisons import Comparison, Operand, comparisons, has_range

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from generator.policy.model import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """`rule` is an alert with one fault."""

    rule: AlertRule
    fault: str
    """Follows "the tests do not notice that"."""
    wanted: str
    """The test that would notice, to follow "add a test"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """An alert with its mutants. It stands for all services whose parameters are the same."""

    rule: AlertRule
    among: str
    """Which of the alert's services it is; empty where the alert is the same for all."""
    mutants: tuple[Mutant, ...]

    @property
    def name(self) -> str:
        """What messages call it."""
        return f"{self.rule.name} ({self.among})" if self.among else self.rule.name


def subjects(plan: Plan) -> tuple[Subject, ...]:
    """Return the alerts that the policy's author wrote and tests, in their order, each with its mutants."""
    return tuple(
        Subject(rule=rule, among=among, mutants=tuple(_mutants(rule)))
        for name in plan.policy.alerts
        for rule, among in _different(plan, name)
    )


def trial(plan: Plan, rules: tuple[AlertRule, ...], records: str) -> Plan:
    """Return the plan of these rules alone, each in a file of its own with the tests of its alert.

    The file is called by the rule's number, and so is the alert in it: promtool names the alert in what it says.
    `records` is the file of recording rules, which stays.
    """
    kept = tuple(file for file in plan.rule_files if file.name == records)
    files, tests = [], {}
    for number, rule in enumerate(rules):
        tried = _numbered(rule, number)
        group = RuleGroup(name=f"mutant-{number}", interval=plan.stack.evaluate, rules=(tried,))
        files.append(RuleFile(name=str(number), title=rule.name, groups=(group,)))
        tests[str(number)] = tried.tests
    rule_files = (*kept, *files)
    return replace(plan, rule_files=rule_files, test_files=unit_tests.files(rule_files, tests, records))


def number_of(test_file: str) -> int:
    """Return the number of the rule that a test file of the trial is about, by the name of the file."""
    return int(test_file.partition(".")[0])


def numbers_in(said: str) -> frozenset[int]:
    """Return the numbers of the rules that promtool names in its complaints."""
    return frozenset(int(number) for number in _NAMED.findall(said))


_NAMED = re.compile(r'^    (?:alertname: |rule: |expr: .*ALERTS\{alertname=\\")[^,"\\]* mutant (\d+)\b', re.MULTILINE)


_UNSAFE = re.compile(r'[,"\\]')


def _numbered(rule: AlertRule, number: int) -> AlertRule:
    if "ALERTS" in rule.expr:
        return rule  # what asks for alerts by name may ask for this one
    # promtool prints names as they are: those with quotes, commas or backslashes could not be told from its own words.
    name = f"{_UNSAFE.sub('', rule.name)} mutant {number}"
    tests = tuple(
        replace(test, expected=tuple(replace(one, alert=name) for one in test.expected)) for test in rule.tests
    )
    return replace(rule, name=name, tests=tests)


def _different(plan: Plan, name: str) -> Iterator[tuple[AlertRule, str]]:
    """Yield the alert once for each set of parameters: services that share it share rule and tests."""
    alert = plan.policy.alerts[name]
    of_severity = {one.severity: one.parameters(plan.policy.services) for one in alert.each_severity}
    same: dict[Severity, dict[object, AlertRule]] = {}
    for rule in plan.written():
        if rule.tests and rule.route == ("alerts", name):
            given = of_severity[rule.severity].get(rule.service, {})
            parameters = tuple(sorted(pair for pair in given.items() if pair[0] != "service"))
            same.setdefault(rule.severity, {}).setdefault(parameters, rule)
    for severity, rules in same.items():
        for rule in rules.values():
            words = (severity if alert.at else "", rule.service if len(rules) > 1 else "")
            yield rule, ", ".join(word for word in words if word)


# ------------------------------------------------------------------------------------------- the faults


def _mutants(rule: AlertRule) -> Iterator[Mutant]:
    if rule.hold:
        yield Mutant(
            rule=replace(rule, hold=ZERO),
            fault=f"`for: {duration.write(rule.hold)}` is gone",
            wanted="with `fires_at`: it is silent one evaluation before",
        )
    # What worse thresholds take out is tested where they are.
    own = range(rule.expr.index(rule.condition), rule.expr.index(rule.condition) + len(rule.condition))
    found = [comparison for comparison in comparisons(rule.expr) if comparison.start in own]
    for comparison in found:
        # Which of them is meant is clear by what is measured.
        before = f"{_short(comparison.left)} " if len(found) > 1 else ""
        for fault, expr, wanted in (_flipped(rule.expr, comparison), *_moved(rule.expr, comparison)):
            yield Mutant(rule=replace(rule, expr=expr), fault=f"`{before}{fault}", wanted=wanted)


_OTHER_WAY = {">": "<", "<": ">", ">=": "<=", "<=": ">=", "==": "!=", "!=": "=="}


def _flipped(expression: str, comparison: Comparison) -> tuple[str, str, str]:
    other = _OTHER_WAY[comparison.operator]
    end = comparison.start + len(comparison.operator)
    threshold = _short(comparison.right)
    return (
        f"{comparison.operator} {threshold}` became `{other} {threshold}`",
        f"{expression[: comparison.start]}{other}{expression[end:]}",
        "in which this comparison decides whether it fires",
    )


def _moved(expression: str, comparison: Comparison) -> Iterator[tuple[str, str, str]]:
    """Yield the faults of the threshold: what it became, the expression then, and what would notice."""
    measured, threshold = comparison.left, comparison.right
    on_the_left = threshold.number() is None and measured.number() is not None
    if on_the_left:
        measured, threshold = threshold, measured
    value = threshold.number()
    if value is None:
        changes = [
            (f"{factor} * ({threshold.text})", f"between {between} times `{_short(threshold)}`")
            for factor, between in (("1.5", "1 and 1.5"), ("0.5", "0.5 and 1"))
        ]
    else:
        changes = [
            (_written(other), f"between {_written(min(value, other))} and {_written(max(value, other))}")
            for other in _others(value, has_range(measured.text))
            if not measured.counts() or _counts_differ(comparison.operator, value, other, on_the_left)
        ]
    if comparison.operator in ("==", "!="):
        changes = [(text, f"equal to `{_short(threshold)}`") for text, _ in changes[:1]]
    for text, where in changes:
        before, after = (f"{one} {comparison.operator}" for one in (_short(threshold), text))
        if not on_the_left:
            before, after = (f"{comparison.operator} {one}" for one in (_short(threshold), text))
        yield (
            f"{before}` became `{after}`",
            f"{expression[: threshold.start]}{text}{expression[threshold.end :]}",
            f"in which `{_short(measured)}` is {where}: only one of the two fires",
        )


def _others(value: float, looks_back: bool) -> tuple[float, float]:
    if value:
        return 1.5 * value, 0.5 * value
    return (math.inf, -math.inf) if looks_back else (1.0, -1.0)


_COMPARES: Mapping[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
}


def _counts_differ(compared: str, value: float, other: float, on_the_left: bool) -> bool:
    """Whether some count, 1 or more, tells the two thresholds apart; then one that is next to either does."""
    holds = _COMPARES[compared]
    next_to = {math.floor(one) + step for one in (value, other) if math.isfinite(one) for step in (0, 1)}
    counts = [count for count in {1, *next_to} if count >= 1]
    if on_the_left:
        return any(holds(value, count) != holds(other, count) for count in counts)
    return any(holds(count, value) != holds(count, other) for count in counts)


# ------------------------------------------------------------------------------------------- in words


def _written(value: float) -> str:
    """Return the number as PromQL takes it."""
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else f"{value:.12g}"


def _short(side: Operand) -> str:
    text = " ".join(side.text.split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


_LONGEST = 60
