"""Findings about what people need at 3 a.m.: an owner, a runbook, a test."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.audit.shared import finding
from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Level
from generator.diagnostics.wording import first_few

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from generator.audit.judge import Verdict
    from generator.audit.shared import Case
    from generator.diagnostics.diagnostic import Diagnostic

AUD940 = Code(
    name="AUD940",
    title="Alerts without an owner",
    meaning="No label of the alert says whose it is. `owner` of the promise names the labels that count.",
)

AUD941 = Code(
    name="AUD941",
    title="Urgent alerts without a runbook",
    meaning="No annotation of the alert leads to a runbook. `runbook` of the promise names the annotations that count.",
)

AUD942 = Code(
    name="AUD942",
    title="Urgent alerts without a unit test",
    meaning="No unit test among the files expects the alert. promtool runs unit tests: `promtool test rules`.",
)

_NAMED = 8


def check(verdicts: Sequence[Verdict], case: Case) -> Iterator[Diagnostic]:
    """AUD940: alerts without an owner. AUD941, AUD942: urgent alerts without a runbook, without a test."""
    promise, label_sets = case.promise, case.judge.label_sets
    urgent = [verdict for verdict in verdicts if verdict.urgent]
    lacking = [
        verdict
        for verdict in verdicts
        if promise.owner
        and not any(label_sets.may_have(verdict.written.rule, label) for label in owner_labels(verdict, case))
    ]
    if lacking and promise.owner:
        yield _note(
            AUD940.name, verdicts, lacking, f"label {' or '.join(promise.owner)} on", "set such a label in the rule"
        )
    without = [verdict for verdict in urgent if not any(map(verdict.written.rule.annotations.get, promise.runbook))]
    if without and promise.runbook:
        asked = f"annotation {' or '.join(promise.runbook)} on"
        yield _note(AUD941.name, urgent, without, asked, "write what to do, and link to it")
    untested = [verdict for verdict in urgent if verdict.name not in case.rules.tested]
    if untested:
        yield _note(AUD942.name, urgent, untested, "unit test among the files of", "give the tests with --rules, too")


def owner_labels(verdict: Verdict, case: Case) -> tuple[str, ...]:
    """Return the labels of an owner that the rule or Prometheus gives; what series carry by chance does not count."""
    return tuple(
        label for label in case.promise.owner if label in verdict.written.rule.labels or label in case.promise.external
    )


def _note(code: str, of: Sequence[Verdict], lacking: Sequence[Verdict], what: str, help: str) -> Diagnostic:
    names = list(dict.fromkeys(verdict.name for verdict in lacking))
    urgent = "urgent " if code != AUD940.name else ""
    return finding(
        code,
        Level.NOTE,
        f"no {what} {len(lacking):,} of {len(of):,} {urgent}alerts",
        lacking[0].written.place,
        notes=(f"without: {first_few(names, _NAMED)}",),
        help=help,
    )
