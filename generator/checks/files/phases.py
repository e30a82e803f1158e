"""Unit tests once more at other phases: a server never evaluates at the very moments of its scrapes, promtool does.

promtool puts samples, evaluations and steps of subqueries on one grid, so that a window of a minute holds five samples
in a test and four in life. Where that can matter, each test of an alert runs again with evaluations that come a little
more rarely than the policy says, and a little more often: none but the first is on the grid any more. Silence is
expected to stay, and the alert to fire by the evaluation after the one that the test names. At the author's own pace,
an alert that fires is to fire at the next evaluation, too: what is over sooner may be over before anybody is told.

The rules are those of the policy (`rules` compares them with the rendered ones), each shape of them once.
"""

from __future__ import annotations

import contextlib
import json
import re
import tempfile
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generator.behaviour.verification import Finding, Question
from generator.checks.files import promtool, unit_tests
from generator.checks.files.unit_tests_codes import PRM610, PRM611, PRM612, PRM614, PRM615, PRM618
from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, Level
from generator.plan import timing
from generator.plan.plan import AlertRule
from generator.plan.resolve import RECORDS
from generator.plan.unit_tests import files as packed
from generator.policy import duration
from generator.policy.model import URGENT
from generator.system import guard
from generator.upstream.promql import promql, samples

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from generator.behaviour.verification import Verification
    from generator.checks.files.unit_tests import Failure
    from generator.diagnostics.diagnostic import PolicyPath
    from generator.plan.plan import Plan, RuleFile, TestBlock, TestFile, UnitTest
    from generator.system.programs import Result

PRM620 = Code(
    name="PRM620",
    title="Test holds at one phase of the scrape only",
    meaning="promtool scrapes and evaluates at the same moments, a server never does. Where evaluations lie between "
    "samples the test fails: a window holds one sample fewer, or the steps of a subquery miss the change. Ask for "
    "fewer samples, or for a longer range.",
)

PRM621 = Code(
    name="PRM621",
    title="Alert fires at one evaluation only",
    meaning="With the series of the test, which go on as they end, the alert is over at the next evaluation. "
    "Alertmanager may hear that before it has told anybody. Let the condition hold for longer (`max_over_time`, a "
    "longer range), or the test give it for longer.",
)

PACES = (1, -1)
"""Evaluations come more rarely, then more often."""
_SHARE = 60
"""By this part of the time between two: with `for` and ranges of an hour, few of them fall on the grid once more."""
_PARTS = 4
"""A scrape has so many, where samples come one of them later."""
_MILLISECOND = timedelta(milliseconds=1)
_SUBQUERY = re.compile(r"\[[^\]]*:")
_ASKS_WHEN = re.compile(r"\[|\boffset\b|\b(?:time|timestamp|absent|absent_over_time)\s*\(", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trial:
    """A unit test at another pace of evaluations; 0: as it is, for one evaluation more."""

    rule: AlertRule
    test: UnitTest
    pace: int

    @property
    def ends(self) -> timedelta:
        """When promtool asks what has fired."""
        expected = self.test.expected[-1]
        return expected.at + (_patience(self.test.clock, self.pace) if expected.fires else timedelta())


def ask(verification: Verification) -> Question:
    """PRM620: each test of an alert at other phases of the scrape. PRM621: and for one evaluation more."""
    plan = verification.plan
    trials: dict[tuple[str, int], list[_Trial]] = defaultdict(list)
    for rule, test in _different(plan):
        again = (0,) if test.expected[-1].fires else ()
        steps = _steps(plan, test, rule.expr)
        for pace in (*again, *(PACES if _asks_when(plan, rule.expr) else ())):
            trials[rule.service, pace].append(_paced(rule, test, pace, steps))
    if not trials:
        return Question(commands=(), judge=lambda _: iter(()))
    folder = Path(tempfile.mkdtemp(prefix="phases-", dir=guard.folder()))
    written = tuple(_written(plan, trials, folder))
    commands = tuple(promtool.apart(folder, {path: read for path, read, _ in written}))

    def judge(results: tuple[Result, ...]) -> Iterator[Finding]:
        failed: dict[PolicyPath, _Trial] = {}
        for (_, _, some), result in zip(written, results, strict=True):
            promtool.trust_tests(("",), result)
            trials = (_of(failure, some) for failure in unit_tests.failures(result.stderr))
            failed = {**{trial.test.route: trial for trial in trials if trial}, **failed}
        yield from (Finding(diagnostic=_failed(trial)) for trial in failed.values())

    return Question(commands=commands, judge=judge)


def _of(failure: Failure, trials: Sequence[_Trial]) -> _Trial | None:
    """Return the trial with the failed assertion, preferably from the block that promtool names."""
    fitting = [trial for trial in trials if (trial.rule.name, trial.ends) == (failure.alert, failure.at)]
    names = (failure.block or "").split(", ")
    return next((trial for trial in fitting if trial.test.name in names), fitting[0] if fitting else None)


def besides(found: Iterable[Finding]) -> list[Finding]:
    """Return the findings without those about tests that fail as they are, too: one of the two says it."""
    found = list(found)
    failed = {finding.diagnostic.route for finding in found if finding.diagnostic.code in _AS_IT_IS}
    return [one for one in found if one.diagnostic.code not in _OURS or one.diagnostic.route not in failed]


_AS_IT_IS = frozenset({PRM610.name, PRM611.name, PRM612.name, PRM614.name, PRM615.name, PRM618.name})
_OURS = frozenset({PRM620.name, PRM621.name})

# ------------------------------------------------------------------------------------------- what is tried


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


def _asks_when(plan: Plan, expression: str) -> bool:
    """Whether it matters to an expression when the samples were taken."""
    return bool(_ASKS_WHEN.search(expression) or promql.read_of(plan.policy.records, expression))


def _steps(plan: Plan, test: UnitTest, expression: str) -> bool:
    """Whether an expression, or a record that it reads, has a subquery."""
    recorded = (record.expr for name, record in plan.policy.records.items() if name in test.reads)
    return any(_SUBQUERY.search(text) for text in (expression, *recorded))


def _paced(rule: AlertRule, test: UnitTest, pace: int, steps: bool) -> _Trial:
    """Return the test with its evaluations at another pace, and series that go on as they end.

    Steps of subqueries lie on a grid that no pace moves: where there are any, all samples come a bit later.
    """
    trial = _Trial(rule=rule, pace=pace, test=replace(test, clock=_clock(test.clock, pace)))
    count = trial.ends // test.every + 1
    every, given = test.every, {series: samples.prolonged(values, count) for series, values in test.given.items()}
    if pace and steps:
        with contextlib.suppress(ValueError):
            every, given = every / _PARTS, {series: samples.later(values, _PARTS) for series, values in given.items()}
    return replace(trial, test=replace(trial.test, every=every, given=given))


def _clock(evaluate: timedelta, pace: int) -> timedelta:
    return (evaluate + pace * evaluate / _SHARE) // _MILLISECOND * _MILLISECOND


def _patience(clock: timedelta, pace: int) -> timedelta:
    """Return how much later than it says a test is judged: where an alert need not fire at once, or at once and again.

    Off the grid, the first evaluation is up to one later than on it, and the alert may fire at the one after that.
    """
    return 2 * clock if pace else clock


# ------------------------------------------------------------------------------------------- how it is run


def _written(
    plan: Plan, trials: Mapping[tuple[str, int], Sequence[_Trial]], folder: Path
) -> Iterator[tuple[str, list[str], Sequence[_Trial]]]:
    """Write the tests of each service, and those rules alone; yield file, rule files, and what it tries."""
    for (service, pace), some in trials.items():
        rule_files = tuple(_reduced(plan, service, some))
        for rules in rule_files:
            (folder / _named(service, pace, rules)).write_text(
                json.dumps(_rules(rules, plan.stack.evaluate, pace)), encoding="utf-8"
            )
        files = packed(rule_files, {service: tuple(one.test for one in some)}, RECORDS)
        for number, file in enumerate(files):
            path = f"{service}.{pace}.{number}.test"
            read = [_named(service, pace, rules) for rules in rule_files if rules.name in file.rule_files]
            (folder / path).write_text(json.dumps(_tests(file, read, pace)), encoding="utf-8")
            yield path, read, some


def _named(service: str, pace: int, rules: RuleFile) -> str:
    return f"{service}.{pace}.{rules.name}.rules"


def _reduced(plan: Plan, service: str, trials: Iterable[_Trial]) -> Iterator[RuleFile]:
    """Yield the recording rules, and the service's file with those alerts alone that are tested."""
    tested = {trial.rule.name for trial in trials}
    read = frozenset[str]().union(*(trial.test.reads for trial in trials))
    for file in plan.rule_files:
        if file.name in (RECORDS, service):
            all_rules = file.name == service and "ALERTS" in read
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


def _hold(rule: AlertRule, evaluate: timedelta, pace: int) -> timedelta:
    """Return a `for` that takes no evaluation more where these come more often."""
    clock = _clock(evaluate, pace)
    return timing.whole(rule.hold, evaluate) // clock * clock if pace < 0 else rule.hold


def _rules(file: RuleFile, evaluate: timedelta, pace: int) -> Mapping[str, Any]:
    return {
        "groups": [
            {
                "name": group.name,
                "interval": duration.write(group.interval),
                "rules": [
                    {
                        "alert": rule.name,
                        "expr": rule.expr,
                        "for": _milliseconds(_hold(rule, evaluate, pace)),
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


def _tests(file: TestFile, rule_files: list[str], pace: int) -> Mapping[str, Any]:
    return {
        "rule_files": rule_files,
        "evaluation_interval": _milliseconds(file.evaluate),
        "group_eval_order": file.groups,
        "tests": [
            {
                "name": block.name,
                "interval": _milliseconds(block.every),
                "input_series": [{"series": series, "values": values} for series, values in block.given.items()],
                "promql_expr_test": list(_assertions(block, file.evaluate, pace)),
            }
            for block in file.blocks
        ],
    }


def _assertions(block: TestBlock, clock: timedelta, pace: int) -> Iterator[Mapping[str, Any]]:
    """Yield what promtool is to find in the series ALERTS, which it writes at each evaluation."""
    for one in block.expected:
        if one.fires:
            labels = {"alertname": one.alert, "alertstate": "firing", **one.labels}
            inside = "{" + ", ".join(f"{name}={promql.quote(value)}" for name, value in labels.items()) + "}"
            window, times = _patience(clock, pace), 1 if pace else 2
            yield {
                "expr": f"count_over_time(ALERTS{inside}[{_milliseconds(window + _LESS)}]) >= bool {times}",
                "eval_time": _milliseconds(one.at + window),
                "exp_samples": [{"labels": inside, "value": 1}],
            }
        elif one.throughout:
            firing = f'ALERTS{{alertname={promql.quote(one.alert)},alertstate="firing"}}'
            yield {
                "expr": f"count_over_time({firing}[{_milliseconds(one.at + _LESS)}])",
                "eval_time": _milliseconds(one.at),
                "exp_samples": [],
            }


def _length(length: timedelta) -> str:
    return f"{duration.write(length)}" if not length % timedelta(seconds=1) else f"{length.total_seconds():g}s"


_LESS = timedelta(milliseconds=500)
"""Less than between two evaluations: whether a range contains its own beginning, versions see differently."""


def _milliseconds(length: timedelta) -> str:
    return f"{length // _MILLISECOND}ms"


# ------------------------------------------------------------------------------------------- what is said


def _failed(trial: _Trial) -> Diagnostic:
    name, at = trial.rule.name, trial.test.expected[-1].at
    evaluate = trial.test.clock
    if not trial.pace:
        return Diagnostic(
            code=PRM621.name,
            level=Level.WARNING,
            message=f"{name} fires at {duration.write(at)} in its test, and no longer at "
            f"{duration.write(at + evaluate)}",
            route=trial.test.route,
            notes=("Alertmanager may be told that it is over before it has told anybody",),
            help="let the expression hold for longer (`max_over_time`, a longer range), or the test give it for longer",
        )
    level = Level.ERROR if trial.rule.severity in URGENT else Level.WARNING
    note = "promtool evaluates at the moments of samples and of the steps of subqueries; servers do at others"
    if trial.test.expected[-1].fires:
        return Diagnostic(
            code=PRM620.name,
            level=level,
            message=f"{name} fires at {duration.write(at)} in its test, but not where evaluations lie between samples",
            route=trial.test.route,
            notes=(note, f"evaluated every {_length(evaluate)}, it does not fire by {_length(trial.ends)}"),
            help="ask for fewer samples, or for a range that is one scrape longer",
        )
    return Diagnostic(
        code=PRM620.name,
        level=level,
        message=f"{name} is silent until {duration.write(at)} in its test, but not where evaluations lie between "
        "samples",
        route=trial.test.route,
        notes=(note,),
        help="correct the threshold or the expression, or the series of the test",
    )
