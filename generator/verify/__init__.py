"""The checks of what comes out: one module for each, all of them listed here.

Verifiers judge only the artifacts' text, as Prometheus, Alertmanager and PagerDuty will read it.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from generator import documents, programs
from generator.behaviour import behave
from generator.diagnostics import Diagnostic, Refused, has_errors
from generator.match import Router
from generator.verify import (
    amlint,
    amtool,
    clock,
    detection,
    pagerduty,
    promtool,
    public,
    routing,
    schemas,
    templates,
    versions,
)
from generator.verify.alerts import sent_alerts
from generator.verify.verification import Asker, Finding, Verification, Verifier

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from generator.artifact import Artifact
    from generator.documents import Documents
    from generator.memory import Answers
    from generator.plan import Plan
    from generator.programs import Command
    from generator.readings import Known

VERIFIERS: tuple[Verifier, ...] = (
    routing.check,
    clock.check,
    pagerduty.check,
    public.check,
    detection.check,
    versions.check,
    amlint.check,
)
"""What we judge ourselves."""

ASKERS: tuple[Asker, ...] = (promtool.ask, amtool.ask, templates.ask)
"""What other programs judge, the slowest first."""

EAGER: Mapping[Asker, Callable[[tuple[Artifact, ...], Path], tuple[Command, ...]]] = {promtool.ask: promtool.checks}
"""Of what they will ask, what needs nothing but the files: it runs beside our own reading."""


def verify(
    plan: Plan, artifacts: tuple[Artifact, ...], folder: Path, known: Known, out: str = "out"
) -> tuple[Diagnostic, ...]:
    """Return everything that is wrong with the artifacts, which lie in `folder` too; `out` is what messages call it.

    What is `known` is neither read nor asked again, and what is read and asked is added to it. Where a file has not
    the form of its kind, that is all that is said: the rest would follow from it. Raises Unready where a program is
    missing or does not end.
    """
    try:
        with programs.Runs(known.answers.recall) as runs:
            for ask in ASKERS:
                runs.start(EAGER[ask](artifacts, folder) if ask in EAGER else ())
            found = _found(plan, artifacts, folder, known, runs)
    except Refused as refused:
        found = refused.diagnostics
    return tuple(_renamed(finding, out) for finding in found)


def _found(
    plan: Plan, artifacts: tuple[Artifact, ...], folder: Path, known: Known, runs: programs.Runs
) -> tuple[Diagnostic, ...]:
    files = documents.read(artifacts, known.readings)
    found = located(artifacts, schemas.check(plan, files))
    if has_errors(found):
        return found
    verification = taken_in(plan, artifacts, files, folder)
    return (*found, *located(artifacts, _judged(verification, known.answers, runs)))


def of_pagerduty(plan: Plan, artifacts: tuple[Artifact, ...]) -> tuple[Diagnostic, ...]:
    """Return what is wrong with the files that PagerDuty is configured from; asks no program."""
    files = documents.read(artifacts)
    found = located(artifacts, schemas.check(plan, files))
    return found or located(artifacts, pagerduty.check(taken_in(plan, artifacts, files, Path())))


def taken_in(plan: Plan, artifacts: tuple[Artifact, ...], files: Documents, folder: Path) -> Verification:
    """Return what the verifiers are given of files that have been read."""
    behaviour = behave(files, artifacts)
    router = Router(behaviour.root)
    return Verification(
        plan=plan,
        artifacts=artifacts,
        documents=files,
        behaviour=behaviour,
        router=router,
        alerts=tuple(sent_alerts(plan, behaviour, router)),
        folder=folder,
    )


def _judged(verification: Verification, answers: Answers, runs: programs.Runs) -> list[Finding]:
    """Return the findings of all: the programs run side by side over the cores, our own verifiers meanwhile."""
    questions = []
    for ask in ASKERS:
        questions.append(ask(verification))
        runs.start(questions[-1].commands)
    found = [finding for check in VERIFIERS for finding in check(verification)]
    for question in questions:
        results = runs.results(question.commands)
        found += question.judge(results)
        for command, result in zip(question.commands, results, strict=True):
            answers.learn(command, result)
    return found


def _renamed(finding: Diagnostic, out: str) -> Diagnostic:
    """Return the finding with its spot in the folder that the user named."""
    at = finding.artifact
    if at is None or out == "out":
        return finding
    return replace(finding, artifact=replace(at, path=f"{out}/{at.path.removeprefix('out/')}"))


def located(artifacts: tuple[Artifact, ...], findings: Iterable[Finding]) -> tuple[Diagnostic, ...]:
    """Return the diagnostics with the spots in the files: one pass over each file that has any.

    Where no entry of the policy is to blame, the template is that wrote the file.
    """
    findings = tuple(findings)
    spots = {(one.path, one.where, one.on_key) for one in findings if one.path is not None}
    places = documents.places(artifacts, spots)
    return tuple(
        one.diagnostic
        if one.path is None
        else replace(_blamed(one.diagnostic, one.path), artifact=places[one.path, one.where, one.on_key])
        for one in findings
    )


def _blamed(diagnostic: Diagnostic, path: str) -> Diagnostic:
    if diagnostic.route or diagnostic.place:
        return diagnostic
    return replace(diagnostic, place=documents.template_of(path))
