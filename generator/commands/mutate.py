"""`alertc check --mutate`: check that the tests of each alert would notice a fault in it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from generator import pipeline
from generator.behaviour.documents import TESTS, is_tests
from generator.checks import mutants
from generator.checks.files import promtool
from generator.commands.project import Outcome, Project, header_path
from generator.diagnostics import formats
from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, Level, has_errors
from generator.plan.resolve import RECORDS
from generator.policy.parts import on_disk
from generator.system import output, programs
from generator.system.programs import Command
from generator.targets import prometheus
from generator.targets.render import Templates

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from generator.checks.mutants import Mutant, Subject
    from generator.plan.plan import Plan
    from generator.system.artifact import Artifact
    from generator.system.programs import Result

TST611 = Code(
    name="TST611",
    title="Tests do not notice a fault",
    meaning="If the alert is changed as shown, its tests still pass. Add a test that fails for the changed alert.",
)

TST612 = Code(
    name="TST612",
    title="Alert without tests",
    meaning="No change of the alert would be noticed. Add a test in which it fires, and one in which it stays silent.",
)

TST613 = Code(
    name="TST613",
    title="Tests depend on another alert",
    meaning="Without the other alerts of its service, the alert fails its own tests, so its faults cannot be "
    "told from theirs. Give the series that it reads in the test.",
)

_TIME_LIMIT = 300
_FILES_IN_A_CALL = 16
"""Larger calls start promtool less often, smaller ones keep all cores busy to the end."""


def mutate(project: Project, checked: Outcome) -> Outcome:
    """Return what `check` found, and every mutant that the tests of its alert do not notice.

    Where `check` found errors, no mutant is tried: what is wrong already would be noticed in each of them.
    """
    if has_errors(checked.diagnostics):
        return replace(checked, lines=(*checked.lines, "no mutants were tried: fix the errors first"))
    source = on_disk(project.policy).read()
    own, header = Templates(project.templates), header_path(project)
    plan = pipeline.compile(source, own, header).plan
    subjects = mutants.subjects(plan)
    # The alerts as they are come first: what fails without a fault proves nothing with one.
    rules = (
        *(subject.rule for subject in subjects),
        *(mutant.rule for subject in subjects for mutant in subject.mutants),
    )
    artifacts = tuple(prometheus.build(mutants.trial(plan, rules, RECORDS), own, header))
    with output.aside() as stage:
        output.fill(stage, artifacts)
        failed = _failed(promtool.tester(plan).path, artifacts, stage)
    findings = (*_untested(plan), *_judged(subjects, failed))
    return replace(
        checked,
        diagnostics=(*checked.diagnostics, *formats.place(findings, source)),
        sources={**checked.sources, **source.texts},
        lines=(*checked.lines, *_summary(subjects, failed, findings)),
    )


# ------------------------------------------------------------------------------------------- running the tests


def _failed(program: Path, artifacts: tuple[Artifact, ...], folder: Path) -> frozenset[int]:
    """Return the numbers of the rules whose tests fail, by this promtool."""
    files = tuple(artifact.path for artifact in artifacts if is_tests(artifact.path))
    calls = [files[at : at + _FILES_IN_A_CALL] for at in range(0, len(files), _FILES_IN_A_CALL)]
    results = programs.run_all([_command(program, call, folder) for call in calls])
    failed: set[int] = set()
    unclear: list[str] = []
    for call, result in zip(calls, results, strict=True):
        count = _failures(call, result)
        named = mutants.numbers_in(result.stderr)
        failed |= named
        if count > len(named):
            # A file failed that promtool did not name: each that may be it gets a call of its own.
            unclear += [file for file in call if _number(file) not in named]
    again = programs.run_all([_command(program, (file,), folder) for file in unclear])
    return frozenset(
        failed | {_number(file) for file, result in zip(unclear, again, strict=True) if _failures((file,), result)}
    )


def _command(program: Path, files: Sequence[str], folder: Path) -> Command:
    return Command(argv=(program, "test", "rules", *files), cwd=folder, env=programs.SIDE_BY_SIDE, timeout=_TIME_LIMIT)


def _number(file: str) -> int:
    return mutants.number_of(file.removeprefix(TESTS))


_PASSED = re.compile(r"^  SUCCESS$", re.MULTILINE)
_FAILED = re.compile(r"^  FAILED:$", re.MULTILINE)
_NOT_RUN = re.compile(r"could not parse expression|WARNING: no file match pattern")


def _failures(files: Sequence[str], result: Result) -> int:
    """Return how many of the files failed.

    Raises EnvironmentProblem where promtool does not report a result for each file.
    """
    count = len(_FAILED.findall(result.stderr))
    passed = len(_PASSED.findall(result.stdout))
    if count + passed != len(files) or result.code != int(count > 0) or _NOT_RUN.search(result.stderr):
        raise programs.untrusted("promtool test rules", result)
    return count


# ------------------------------------------------------------------------------------------- the findings


def _untested(plan: Plan) -> Iterator[Diagnostic]:
    for name, alert in plan.policy.alerts.items():
        if not alert.tests:
            yield Diagnostic(
                code=TST612.name,
                message=f"{name} has no tests: nothing would notice a fault in it",
                level=Level.WARNING,
                route=("alerts", name),
                on_key=True,
                help="add `tests` to it: one with `fires_at`, one with `silent_until`",
            )


def _judged(subjects: tuple[Subject, ...], failed: frozenset[int]) -> Iterator[Diagnostic]:
    number = len(subjects)
    for at, subject in enumerate(subjects):
        numbered = tuple(enumerate(subject.mutants, start=number))
        number += len(numbered)
        if at in failed:
            yield _untried(subject)
        else:
            yield from (_survived(subject, mutant) for place, mutant in numbered if place not in failed)


def _untried(subject: Subject) -> Diagnostic:
    return Diagnostic(
        code=TST613.name,
        message=f"no mutant of {subject.name} was tried: its tests need another alert of its service",
        level=Level.WARNING,
        route=(*subject.rule.route, "tests"),
        on_key=True,
        help="give the tests the series `ALERTS{...}` that the expression reads",
    )


def _survived(subject: Subject, mutant: Mutant) -> Diagnostic:
    return Diagnostic(
        code=TST611.name,
        message=f"the tests of {subject.name} do not notice that {mutant.fault}",
        route=(*subject.rule.route, "tests"),
        on_key=True,
        help=f"add a test {mutant.wanted}",
    )


def _summary(subjects: tuple[Subject, ...], failed: frozenset[int], findings: Iterable[Diagnostic]) -> Iterator[str]:
    """Yield how many mutants were tried, and which alerts have nothing to mutate."""
    tried = [subject for at, subject in enumerate(subjects) if at not in failed]
    total = sum(len(subject.mutants) for subject in tried)
    missed = sum(finding.code == TST611.name for finding in findings)
    ended = f"the tests miss {missed}" if missed else "the tests notice each"
    yield f"{_counted(total, 'mutant')} of {_counted(len(tried), 'alert')}: {ended}"
    unchanging = [subject.name for subject in tried if not subject.mutants]
    if unchanging:
        yield f"no comparison and no `for` that could be changed: {', '.join(unchanging)}"


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
