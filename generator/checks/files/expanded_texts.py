"""The texts of alerts whose tests cannot say what they read: promtool shows how it expands them."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from generator.behaviour.documents import is_tests
from generator.behaviour.verification import Finding, Question
from generator.checks.files import promtool, unit_tests

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import timedelta

    from generator.behaviour.verification import Verification
    from generator.checks.files.unit_tests import Failure
    from generator.plan.plan import ExpectedAlert, UnitTest
    from generator.system.programs import Command, Result

_ACTION = re.compile(r"\{\{-?\s*(.*?)\s*-?\}\}", re.DOTALL)
_LABEL = r"\$(?:labels|externalLabels)(?:\.[A-Za-z_]\w*(?:\s*\|\s*(?:stripPort|title|toLower|toUpper))?)?"
_NUMBER = r"\$value(?:\s*\|\s*(?:humanize|humanize1024|humanizeDuration|humanizePercentage|printf\s+\"[^\"]*\"))?"
_HARMLESS = re.compile(rf"{_LABEL}|{_NUMBER}|printf\s+\"[^\"]*\"\s+\$value|\"[^\"]*\"")
"""Actions that Prometheus can expand for every alert."""
_FIRING = re.compile(r'ALERTS\{alertname=("(?:[^"\\]|\\.)*"),alertstate="firing"\}')


def ask(verification: Verification) -> Question:
    """PRM619: Prometheus cannot expand a text of an alert for the series of its test.

    PRM613: the summary is not what the test `says`, where the other texts of the alert are not known beforehand.
    """
    saying = _saying(verification)
    names = {
        rule.name
        for rule in verification.behaviour.rules
        if "{{" in "".join(rule.annotations.values()) and any(map(_can_fail, rule.annotations.values()))
    }
    names |= {alert for alert, _ in saying}
    probes = dict(_probes(verification, names)) if names else {}

    def judge(results: tuple[Result, ...]) -> Iterator[Finding]:
        for path, result in zip(probes, results, strict=True):
            promtool.trust_tests((path,), result)
            for failure in unit_tests.failures(result.stderr):
                texts = unit_tests.unexpanded(failure.got)
                if texts:
                    yield unit_tests.not_expanded(verification, path, failure, texts)
                else:
                    yield from _otherwise(verification, path, failure, saying.get((failure.alert, failure.at), ()))

    return Question(commands=tuple(probes.values()), judge=judge)


def _saying(verification: Verification) -> Mapping[tuple[str, timedelta], list[tuple[UnitTest, ExpectedAlert]]]:
    """Return, by alert and time, the tests whose `says` could not be written into them."""
    found = defaultdict(list)
    for rule in verification.plan.rules:
        for test in rule.tests:
            for expected in test.expected:
                if expected.says is not None:
                    found[expected.alert, expected.at].append((test, expected))
    return found


def _otherwise(
    verification: Verification, path: str, failure: Failure, saying: Iterable[tuple[UnitTest, ExpectedAlert]]
) -> Iterator[Finding]:
    """Yield a finding for each alert whose summary is not what its test says."""
    tests = (failure.block or "").split(", ")
    for test, expected in saying:
        labels = {"alertname": expected.alert, **expected.labels}
        for alert in failure.got if test.name in tests else ():
            if alert.labels == labels and alert.annotations.get("summary") != expected.says:
                yield unit_tests.says_otherwise(verification, path, failure, test, expected, alert)


@lru_cache(maxsize=4096)
def _can_fail(text: str) -> bool:
    return any(_HARMLESS.fullmatch(action) is None for action in _ACTION.findall(text))


def _probes(verification: Verification, names: set[str]) -> Iterator[tuple[str, Command]]:
    """Yield, for each file of tests with such an alert, tests that expect it to be silent: promtool says what it got.

    They come on stdin and are nowhere else: what is written out holds only tests that pass.
    """
    for path, document in verification.documents.items():
        if is_tests(path):
            blocks = [probe for block in document["tests"] if (probe := _probe(block, names))]
            if blocks:
                text = json.dumps(
                    {**document, "tests": blocks, "rule_files": [_HERE + name for name in _rules(document)]}
                )
                yield path, promtool.probing(verification, path, text)


_HERE = "/proc/self/cwd/prometheus/"


def _rules(document: Mapping[str, Any]) -> Iterator[str]:
    return (name.removeprefix("../") for name in document["rule_files"])


def _probe(block: Mapping[str, Any], names: set[str]) -> Mapping[str, Any] | None:
    fires = [
        {"alertname": name, "eval_time": test["eval_time"], "exp_alerts": []}
        for test in block.get("promql_expr_test") or ()
        if test.get("exp_samples")
        and (match := _FIRING.fullmatch(test["expr"]))
        and (name := json.loads(match[1])) in names
    ]
    kept = {key: value for key, value in block.items() if key not in ("promql_expr_test", "alert_rule_test")}
    return {**kept, "alert_rule_test": fires} if fires else None
