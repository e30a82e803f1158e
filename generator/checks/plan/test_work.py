"""Limits the work of promtool: for each test it evaluates every rule of its files at every tick."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic
from generator.plan import owned

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.diagnostics.diagnostic import PolicyPath
    from generator.plan.plan import Plan, TestFile

POL251 = Code(
    name="POL251",
    title="Unit tests are too much work for promtool",
    meaning="For each test promtool evaluates all rules of the service at every tick. Write fewer tests, or "
    "shorter ones.",
)

MOST_IN_A_FILE = 2_000_000
"""Evaluations of single rules; promtool needs about a minute for a million."""
MOST_TOGETHER = 20_000_000
FOR_EACH_TEST = 2_000
"""Evaluations that each test adds to MOST_TOGETHER, so that large policies with short tests are accepted."""


def check(plan: Plan) -> Iterator[Diagnostic]:
    """POL251: the unit tests make promtool evaluate rules for hours."""
    rules = {file.name: sum(len(group.rules) for group in file.groups) for file in plan.rule_files}
    work = {file.name: _work(file, rules) for file in plan.test_files}
    for file in plan.test_files:
        if work[file.name] > MOST_IN_A_FILE:
            yield Diagnostic(
                code=POL251.name,
                message=f"the unit tests of {file.name} make promtool evaluate rules {work[file.name]:,} times, more "
                f"than the {MOST_IN_A_FILE:,} that are allowed",
                route=_longest(plan, set(file.rule_files)),
                notes=(f"blocks of tests: {len(file.blocks):,}, each for all {_rules(file, rules):,} rules",),
                help="write fewer tests, shorter ones, or fewer alerts of one service; this alert's tests take longest",
            )
    together = sum(work.values())
    limit = MOST_TOGETHER + FOR_EACH_TEST * sum(len(file.blocks) for file in plan.test_files)
    if together > limit:
        yield Diagnostic(
            code=POL251.name,
            message=f"all unit tests together make promtool evaluate rules {together:,} times, more than the "
            f"{limit:,} that are allowed",
            route=_longest(plan, {file.name for file in plan.rule_files}),
            help="write fewer tests, or shorter ones; this alert's tests take longest",
        )


def _longest(plan: Plan, files: set[str]) -> PolicyPath | None:
    """Return the path of the alert whose tests take longest, among the rules in these files."""
    longest: dict[PolicyPath, timedelta] = {}
    for rule in plan.rules:
        if rule.tests and owned.home(rule) in files and rule.origin.entered:
            ends = (max(expected.at for expected in test.expected) for test in rule.tests)
            longest[rule.route] = max(longest.get(rule.route, timedelta()), sum(ends, timedelta()))
    return max(longest, key=lambda route: longest[route], default=None)


def _work(file: TestFile, rules: dict[str, int]) -> int:
    ends = (max((expected.at for expected in block.expected), default=file.evaluate) for block in file.blocks)
    return sum(end // file.evaluate + 1 for end in ends) * _rules(file, rules)


def _rules(file: TestFile, rules: dict[str, int]) -> int:
    return sum(rules[name] for name in file.rule_files)
