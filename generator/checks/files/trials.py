"""Unit tests of the author's alerts as they are tried once more, and how they are written for promtool.

The rules are those of the policy (`rules` compares them with the rendered ones); each file has those under test alone.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from generator.checks.files import recorded_series
from generator.plan import owned, timing
from generator.plan.plan import AlertRule
from generator.plan.resolve import RECORDS
from generator.plan.unit_tests import files as packed
from generator.policy import duration
from generator.upstream.promql import promql, samples
from generator.upstream.promql.labels import Reader
from generator.upstream.promql.records import Records

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from generator.plan.plan import Plan, RuleFile, TestBlock, TestFile, UnitTest

_SHARE = 60
"""By this part of the time between two: with `for` and ranges of an hour, few of them fall on the grid once more."""
_PARTS = 4
"""A scrape has so many, where samples come one of them later."""
AT_LEAST = 2
"""An alert is to fire at so many evaluations, however short its group waits."""
_MILLISECOND = timedelta(milliseconds=1)
_SUBQUERY = re.compile(r"\[[^\]]*:")
_ASKS_WHEN = re.compile(r"\[|\boffset\b|\b(?:time|timestamp|absent|absent_over_time)\s*\(", re.IGNORECASE)
_BY_SCRAPE = {"job": "a", "instance": "a:1"}
"""The labels that every scrape adds, with values of our own."""


class Kind(Enum):
    """In what a trial differs from the test that the author wrote."""

    AGAIN = auto()
    """In nothing, but the alert is to fire at one evaluation more, and until its group has waited."""
    SCRAPED = auto()
    """Its series have the labels that every scrape adds."""
    MISSED = auto()
    """What a scrape misses is gone at once, as is all else of a target that is down."""
    RECORDED = auto()
    """What it gives of a record comes as rarely as the record is made, and ALERTS as rarely as rules are evaluated."""
    KEPT = auto()
    """What it gives of a record has no label that the record drops."""
    RARER = auto()
    """Evaluations come a little more rarely, so that they lie between samples."""
    OFTENER = auto()

    @property
    def pace(self) -> int:
        """1 where evaluations come more rarely, -1 where more often, else 0."""
        return {Kind.RARER: 1, Kind.OFTENER: -1}.get(self, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A unit test that is tried once more."""

    rule: AlertRule
    urgent: bool
    test: UnitTest
    kind: Kind
    times: int = 1
    """At so many evaluations it is to fire."""
    made: timedelta = timedelta()
    """Between two samples of what rules make, where that is tried."""
    slack: timedelta = timedelta()
    """How much later it may fire, because what it reads is made more rarely."""

    @property
    def patience(self) -> timedelta:
        """How much later than it says the test is judged, where an alert need not fire at once, or at once and again.

        Off the grid, the first evaluation is up to one later than on it, and the alert may fire at the one after that.
        """
        clock = self.test.clock
        return (2 * clock if self.kind.pace else max(1, self.times - 1) * clock) + self.slack

    @property
    def ends(self) -> timedelta:
        """When promtool asks what has fired."""
        expected = self.test.expected[-1]
        return expected.at + (self.patience if expected.fires else timedelta())


def trials(plan: Plan) -> Iterator[Trial]:
    """Yield the trials of all tests that an author wrote."""
    records = Records(plan.policy.records.items())
    reader = Reader(records)
    for rule, test in _different(plan):
        if test.expected[-1].fires:
            yield _trial(plan, rule, test, Kind.AGAIN, times=_until_told(plan, rule))
        scraped = {as_scraped(series, records): values for series, values in test.given.items()}
        if scraped.keys() != test.given.keys():
            yield _trial(plan, rule, replace(test, given=scraped), Kind.SCRAPED)
        noticed = _noticed(scraped)
        if noticed != scraped:
            yield _trial(plan, rule, replace(test, given=noticed), Kind.MISSED)
        yield from _recorded(plan, rule, test)
        kept = {recorded_series.labelled(series, reader): values for series, values in test.given.items()}
        if kept.keys() != test.given.keys():
            yield _trial(plan, rule, replace(test, given=kept), Kind.KEPT)
        if _asks_when(plan, rule.expr):
            yield _trial(plan, rule, test, Kind.RARER)
            yield _trial(plan, rule, test, Kind.OFTENER)


def _until_told(plan: Plan, rule: AlertRule) -> int:
    """Return at how many evaluations an alert must fire that Alertmanager tells anybody of: its group waits first."""
    return max(AT_LEAST, plan.severities[rule.severity].group_wait.length // plan.stack.evaluate + 1)


def _different(plan: Plan) -> Iterator[tuple[AlertRule, UnitTest]]:
    """Yield the tests that the author wrote, those that differ in the name of the service alone once."""
    seen = set()
    for rule in plan.rules:
        if rule.origin.written:
            for test in rule.tests:
                given = promql.alike(json.dumps(sorted(test.given.items())).replace('\\"', '"'), rule.service)
                last = test.expected[-1]
                key = (promql.alike(rule.expr, rule.service), rule.hold, given, last.at, last.fires)
                if key not in seen:
                    seen.add(key)
                    yield rule, test


def _recorded(plan: Plan, rule: AlertRule, test: UnitTest) -> Iterator[Trial]:
    """Yield the trial in which what rules make comes as rarely as they make it, where the test has it more often.

    promtool makes records at each evaluation: where it is to make them, all evaluations come as rarely, if one pace
    does for all records.
    """
    given = max((recorded_series.every(plan, series) for series in test.given), default=timedelta())
    if given > test.every:
        yield _trial(plan, rule, test, Kind.RECORDED, made=given, slack=given)
        return
    paces = {record.every for name, record in plan.policy.records.items() if name in test.reads}
    every = paces.pop() if len(paces) == 1 and "[" in rule.expr else timedelta()
    if every > test.clock:
        longer = timing.whole(rule.hold, every) - timing.whole(rule.hold, test.clock)
        yield _trial(plan, rule, replace(test, clock=every), Kind.RECORDED, made=every, slack=longer)


def _asks_when(plan: Plan, expression: str) -> bool:
    """Whether it matters to an expression when the samples were taken."""
    return bool(_ASKS_WHEN.search(expression) or promql.read_of(plan.policy.records, expression))


def _steps(plan: Plan, test: UnitTest, expression: str) -> bool:
    """Whether an expression, or a record that it reads, has a subquery."""
    recorded = (record.expr for name, record in plan.policy.records.items() if name in test.reads)
    return any(_SUBQUERY.search(text) for text in (expression, *recorded))


def _noticed(given: Mapping[str, str]) -> dict[str, str]:
    """Return the series of a test as a server stores them: it marks what a scrape misses, and what it cannot reach."""
    targets = {series: _target(series) for series in given}
    ups = {target: given[series] for series, (metric, target) in targets.items() if metric == "up"}
    found = {}
    for series, values in given.items():
        metric, target = targets[series]
        found[series] = values
        if metric != "up" and target in ups and metric:
            with contextlib.suppress(ValueError):
                found[series] = _same(values, samples.down(values, ups[target]))
        found[series] = samples.noticed(found[series])
    return found


def _same(before: str, after: str) -> str:
    """Return the shorter notation where both have the same samples."""
    return before if samples.expand(before) == samples.expand(after) else after


def _target(series: str) -> tuple[str | None, tuple[str | None, ...]]:
    """Return the metric of a series and the target that it is of; no metric where it is of none."""
    tree = promql.selector(series)
    if tree is None:
        return None, ()
    labels = {label: value for label, _, value in promql.matchers(tree)}
    target = tuple(labels.get(name) for name in _BY_SCRAPE)
    return (promql.metric_of(tree) if None not in target else None), target


def as_scraped(series: str, records: Records) -> str:
    """Return a series of a test with the labels that every scrape adds, where it is one that is scraped."""
    tree = promql.selector(series)
    if tree is None:
        return series
    metric = promql.metric_of(tree)
    if metric is None or records.of(metric) or not records.may_be_scraped(metric):
        return series
    there = {label for label, _, _ in promql.matchers(tree)}
    missing = ", ".join(f"{name}={promql.quote(value)}" for name, value in _BY_SCRAPE.items() if name not in there)
    if not missing:
        return series
    if "{" not in series:
        return f"{series.strip()}{{{missing}}}"
    before, _, _ = series.rpartition("}")
    comma = "" if before.rstrip().endswith(("{", ",")) else ", "
    return f"{before}{comma}{missing}}}"


def _trial(
    plan: Plan,
    rule: AlertRule,
    test: UnitTest,
    kind: Kind,
    *,
    times: int = 1,
    made: timedelta = timedelta(),
    slack: timedelta = timedelta(),
) -> Trial:
    """Return the trial of a test, with series that go on as they end.

    Steps of subqueries lie on a grid that no pace moves: where there are any, all samples come a bit later.
    """
    test = replace(test, clock=_clock(test.clock, kind))
    urgent = rule.severity in plan.policy.urgent
    trial = Trial(rule=rule, urgent=urgent, kind=kind, test=test, times=times, made=made, slack=slack)
    count = trial.ends // test.every + 1
    every, given = test.every, {series: samples.prolonged(values, count) for series, values in test.given.items()}
    if kind is Kind.RECORDED:
        given = {series: recorded_series.samples_of(plan, series, values, every) for series, values in given.items()}
    if kind.pace and _steps(plan, test, rule.expr):
        with contextlib.suppress(ValueError):
            every, given = every / _PARTS, {series: samples.later(values, _PARTS) for series, values in given.items()}
    return replace(trial, test=replace(test, every=every, given=given))


def _clock(evaluate: timedelta, kind: Kind) -> timedelta:
    return (evaluate + kind.pace * evaluate / _SHARE) // _MILLISECOND * _MILLISECOND


# ------------------------------------------------------------------------------------------- how they are written


def written(plan: Plan, all_trials: Iterable[Trial], folder: Path) -> Iterator[tuple[str, list[str], Sequence[Trial]]]:
    """Write the tests of each service, and those rules alone; yield file, rule files, and what it tries."""
    together: dict[tuple[str, Kind, int, timedelta], list[Trial]] = defaultdict(list)
    for trial in all_trials:
        together[owned.home(trial.rule), trial.kind, trial.times, trial.patience].append(trial)
    for part, ((home, kind, _, _), some) in enumerate(together.items()):
        rule_files = tuple(_reduced(plan, home, some))
        name = f"{home}.{kind.name}.{part}"
        for rules in rule_files:
            (folder / _named(name, rules)).write_text(
                json.dumps(_rules(rules, plan.stack.evaluate, kind)), encoding="utf-8"
            )
        files = packed(rule_files, {home: tuple(one.test for one in some)}, RECORDS)
        for number, file in enumerate(files):
            path = f"{name}.{number}.test"
            read = [_named(name, rules) for rules in rule_files if rules.name in file.rule_files]
            (folder / path).write_text(json.dumps(_tests(file, read, some[0])), encoding="utf-8")
            yield path, read, some


def _named(part: str, rules: RuleFile) -> str:
    return f"{part}.{rules.name}.rules"


def _reduced(plan: Plan, home: str, trials: Iterable[Trial]) -> Iterator[RuleFile]:
    """Yield the recording rules, and the file that is their home with those alerts alone that are tested."""
    tested = {trial.rule.name for trial in trials}
    read = frozenset[str]().union(*(trial.test.reads for trial in trials))
    for file in plan.rule_files:
        if file.name in (RECORDS, home):
            all_rules = file.name == home and "ALERTS" in read
            groups = (
                replace(
                    group,
                    rules=tuple(
                        rule
                        for rule in group.rules
                        if all_rules or rule.name in (tested if isinstance(rule, AlertRule) else read)
                    ),
                )
                for group in file.groups
            )
            yield replace(file, groups=tuple(group for group in groups if group.rules))


def _hold(rule: AlertRule, evaluate: timedelta, kind: Kind) -> timedelta:
    """Return a `for` that takes no evaluation more where these come more often."""
    clock = _clock(evaluate, kind)
    return timing.whole(rule.hold, evaluate) // clock * clock if kind.pace < 0 else rule.hold


def _rules(file: RuleFile, evaluate: timedelta, kind: Kind) -> Mapping[str, Any]:
    return {
        "groups": [
            {
                "name": group.name,
                "interval": duration.write(group.interval),
                "rules": [
                    {
                        "alert": rule.name,
                        "expr": rule.expr,
                        "for": _milliseconds(_hold(rule, evaluate, kind)),
                        **({"keep_firing_for": _milliseconds(rule.keep_firing)} if rule.keep_firing else {}),
                        "labels": rule.labels,
                    }
                    if isinstance(rule, AlertRule)
                    else {"record": rule.name, "expr": rule.expr, "labels": rule.labels}
                    for rule in group.rules
                ],
            }
            for group in file.groups
        ]
    }


def _tests(file: TestFile, rule_files: list[str], like: Trial) -> Mapping[str, Any]:
    return {
        "rule_files": rule_files,
        "evaluation_interval": _milliseconds(file.evaluate),
        "group_eval_order": file.groups,
        "tests": [
            {
                "name": block.name,
                "interval": _milliseconds(block.every),
                "input_series": [{"series": series, "values": values} for series, values in block.given.items()],
                "promql_expr_test": list(_assertions(block, like)),
            }
            for block in file.blocks
        ],
    }


def _assertions(block: TestBlock, like: Trial) -> Iterator[Mapping[str, Any]]:
    """Yield what promtool is to find in the series ALERTS, which it writes at each evaluation.

    All trials of a file are judged as late, and fire as often, as `like`.
    """
    for one in block.expected:
        if one.fires:
            labels = {"alertname": one.alert, "alertstate": "firing", **one.labels}
            inside = "{" + ", ".join(f"{name}={promql.quote(value)}" for name, value in labels.items()) + "}"
            window = like.patience
            count = f"count_over_time(ALERTS{inside}[{_milliseconds(window + _LESS)}])"
            yield {
                # It may have labels of its series beside those that the test names.
                "expr": f"max({count}) >= bool {like.times}",
                "eval_time": _milliseconds(one.at + window),
                "exp_samples": [{"labels": "{}", "value": 1}],
            }
        elif one.throughout:
            firing = f'ALERTS{{alertname={promql.quote(one.alert)},alertstate="firing"}}'
            yield {
                "expr": f"count_over_time({firing}[{_milliseconds(one.at + _LESS)}])",
                "eval_time": _milliseconds(one.at),
                "exp_samples": [],
            }


_LESS = timedelta(milliseconds=500)
"""Less than between two evaluations: whether a range contains its own beginning, versions see differently."""


def _milliseconds(length: timedelta) -> str:
    return f"{length // _MILLISECOND}ms"
