"""The checks of what comes out: one module for each, all of them listed here.

Verifiers judge only the artifacts' text, as Prometheus, Alertmanager and PagerDuty will read it.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

from generator import documents, programs
from generator.behaviour import behave
from generator.diagnostics import Diagnostic, Refused, has_errors
from generator.match import Router
from generator.verify import amlint, amtool, promtool, public, routing, schemas, templates
from generator.verify.verification import Asker, Finding, Verification, Verifier

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from generator.artifact import Artifact
    from generator.plan import Plan

VERIFIERS: tuple[Verifier, ...] = (routing.check, public.check, amlint.check)
"""What we judge ourselves."""

ASKERS: tuple[Asker, ...] = (promtool.ask, amtool.ask, templates.ask)
"""What other programs judge, the slowest first."""


def verify(plan: Plan, artifacts: tuple[Artifact, ...], folder: Path, out: str = "out") -> tuple[Diagnostic, ...]:
    """Return everything that is wrong with the artifacts, which lie in `folder` too; `out` is what messages call it.

    Where a file has not the form of its kind, that is all that is said: the rest would follow from it. Raises Unready
    where a program is missing or does not end.
    """
    try:
        found = _found(plan, artifacts, folder)
    except Refused as refused:
        found = refused.diagnostics
    return tuple(_renamed(finding, out) for finding in found)


def _found(plan: Plan, artifacts: tuple[Artifact, ...], folder: Path) -> tuple[Diagnostic, ...]:
    files = documents.read(artifacts)
    found = _located(artifacts, schemas.check(plan, files))
    if has_errors(found):
        return found
    behaviour = behave(files, artifacts)
    verification = Verification(
        plan=plan,
        artifacts=artifacts,
        documents=files,
        behaviour=behaviour,
        router=Router(behaviour.root),
        folder=folder,
    )
    return (*found, *_located(artifacts, _judged(verification)))


def _judged(verification: Verification) -> list[Finding]:
    """Return the findings of all: the programs run side by side over the cores, our own verifiers meanwhile.

    The main thread waits for the programs: an interrupt arrives there, and stops them.
    """
    with ThreadPoolExecutor(max_workers=1) as pool:
        questions = [ask(verification) for ask in ASKERS]
        own = pool.submit(lambda: [finding for check in VERIFIERS for finding in check(verification)])
        results = programs.run_all([command for question in questions for command in question.commands])
        found = own.result()
    for question in questions:
        mine, results = results[: len(question.commands)], results[len(question.commands) :]
        found += question.judge(mine)
    return found


def _renamed(finding: Diagnostic, out: str) -> Diagnostic:
    """Return the finding with its spot in the folder that the user named."""
    at = finding.artifact
    if at is None or out == "out":
        return finding
    return replace(finding, artifact=replace(at, path=f"{out}/{at.path.removeprefix('out/')}"))


def _located(artifacts: tuple[Artifact, ...], findings: Iterable[Finding]) -> tuple[Diagnostic, ...]:
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
