"""The rendered unit tests are those of the policy: a template that leaves one out would let a wrong expression pass.

promtool judges what a test says; here is judged that it says what the policy's does. Names, order and further tests
are free, and texts: promtool compares them with those of the rules.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

from generator.behaviour.documents import TESTS, in_folder, shown
from generator.behaviour.part import Part
from generator.behaviour.verification import KEEP_TEMPLATE, Finding
from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic
from generator.plan.assertions import assertions
from generator.plan.timing import ZERO
from generator.policy import duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from generator.behaviour.verification import Rendered
    from generator.diagnostics.diagnostic import EntryPath
    from generator.plan.plan import TestBlock, TestFile

TST605 = Code(
    name="TST605",
    title="Test of the policy is not rendered",
    meaning="The policy tests an alert in a way that the rendered file does not, so that a wrong expression would not "
    "be noticed. A template may write more tests, in another order, with other names. Compare yours with the packaged "
    "one.",
)


def check(rendered: Rendered) -> Iterator[Finding]:
    """TST605: a rendered file lacks a test of the policy, or runs it with other rules or at other times."""
    for file in rendered.plan.test_files:
        path = f"{in_folder(TESTS, rendered.plan.folder)}{file.name}.test.yaml"
        document = rendered.documents.get(path)
        if document is not None:
            for problem, where in _problems(file, Part(path=path, value=document)):
                diagnostic = Diagnostic(code=TST605.name, message=f"{shown(path)} {problem}", help=KEEP_TEMPLATE)
                yield Finding(diagnostic=diagnostic, path=path, where=where)


def _problems(file: TestFile, part: Part) -> Iterator[tuple[str, EntryPath]]:
    """Yield what is wrong with a file, to follow its path."""
    rules = [name.rpartition("/")[2].removesuffix(".yaml") for name in part.texts("rule_files")]
    if sorted(rules) != sorted(file.rule_files):
        yield f"loads the rules of {', '.join(rules)}, the policy says {', '.join(file.rule_files)}", ("rule_files",)
    clock = part.length("evaluation_interval", duration.parse("1m"))
    if clock != file.evaluate:
        times = f"{duration.write(clock)}, the policy says {duration.write(file.evaluate)}"
        yield f"evaluates every {times}", ("evaluation_interval",)
    if part.texts("group_eval_order") != file.groups:
        yield "does not evaluate the groups in the order of the policy", ("group_eval_order",)
    if part.value.get("fuzzy_compare") == "true":
        yield "takes values for equal that are not", ("fuzzy_compare",)
    yield from _lost_tests(file, part.list("tests"))


class _Given(NamedTuple):
    """What a block of tests feeds promtool with."""

    every: object
    series: frozenset[tuple[str, str]]


_Asserted = frozenset[tuple[object, ...]]


def _lost_tests(file: TestFile, blocks: tuple[Part, ...]) -> Iterator[tuple[str, EntryPath]]:
    there: dict[_Given, set[tuple[object, ...]]] = defaultdict(set)
    for part in blocks:
        there[_given(part)] |= _asserted(part)
    for block in file.blocks:
        given = _Given(block.every, frozenset(block.given.items()))
        lost = _promised(block) - there.get(given, set())
        if lost:
            where = next((part.where for part in blocks if part.value.get("name") == block.name), ("tests",))
            yield f"does not test what the policy does ({block.name})", where


def _given(part: Part) -> _Given:
    series = part.value.get("input_series") or ()
    return _Given(part.length("interval", ZERO), frozenset((one["series"], one["values"]) for one in series))


def _asserted(part: Part) -> set[tuple[object, ...]]:
    found: set[tuple[object, ...]] = set()
    for test in part.value.get("alert_rule_test") or ():
        alerts = test.get("exp_alerts") or ()
        expected = frozenset(frozenset((one.get("exp_labels") or {}).items()) for one in alerts)
        found.add((test["alertname"], _at(test), expected))
    for test in part.value.get("promql_expr_test") or ():
        samples = test.get("exp_samples") or ()
        found.add((test["expr"], _at(test), frozenset((one.get("labels"), str(one.get("value"))) for one in samples)))
    return found


def _at(test: Mapping[str, Any]) -> object:
    return duration.parse(test["eval_time"])


def _promised(block: TestBlock) -> _Asserted:
    alerts, expressions = assertions(block)
    return frozenset(
        [
            *((one.alert, one.at, frozenset([frozenset(one.labels.items())] if one.fires else ())) for one in alerts),
            *((one.expr, one.at, frozenset([(one.sample, "1")] if one.sample else ())) for one in expressions),
        ]
    )
