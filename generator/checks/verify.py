"""The checks of what comes out: one module for each, all of them listed here.

Verifiers judge only the artifacts' text, as Prometheus, Alertmanager and PagerDuty will read it.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from generator import targets
from generator.behaviour import documents
from generator.behaviour.alerts import sent_alerts
from generator.behaviour.behaviour import behave
from generator.behaviour.documents import RULES, TESTS
from generator.behaviour.label_sets import LabelSets
from generator.behaviour.verification import Asker, Finding, Verification, Verifier
from generator.checks.files import (
    amlint,
    amtool,
    catch_all,
    destinations,
    detection,
    expanded_texts,
    hours,
    idle_routes,
    inhibitions,
    label_names,
    limits,
    of_others,
    other_promtool,
    other_routes,
    owners,
    pagerduty,
    phases,
    procedure,
    promtool,
    public,
    rendered_tests,
    rendered_twice,
    routing,
    rules,
    schedules,
    schemas,
    series_labels,
    templates,
    terraform_references,
    times,
    unended,
    versions,
)
from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, Place, PolicyErrors, has_errors
from generator.system.beside import MANY, beside
from generator.upstream.alertmanager.match import Router

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from generator.behaviour.documents import Documents
    from generator.behaviour.readings import Caches
    from generator.plan.plan import Plan
    from generator.system.artifact import Artifact
    from generator.system.memory import Answers
    from generator.system.programs import Runs

OUT607 = Code(
    name="OUT607",
    title="Generated file that no target owns",
    meaning="The record of each target names the paths that it writes, and from them follows who judges the files. Add "
    "the path to `owns` of the target.",
)

VERIFIERS: tuple[Verifier, ...] = (
    rules.check,
    routing.check,
    destinations.check,
    owners.check,
    of_others.check,
    catch_all.check,
    other_routes.check,
    series_labels.check,
    inhibitions.check,
    idle_routes.check,
    times.check,
    unended.check,
    hours.check,
    pagerduty.check,
    schedules.check,
    terraform_references.check,
    public.check,
    rendered_twice.check,
    detection.check,
    rendered_tests.check,
    limits.check,
    versions.check,
    label_names.check,
    procedure.check,
    amlint.check,
)
"""What we judge ourselves."""
_HALF = 8
"""With many rules, those from this one on take as long as those before and asking other programs."""

ASKERS: tuple[Asker, ...] = (promtool.ask, phases.ask, expanded_texts.ask, amtool.ask, templates.ask)
"""What other programs judge, the slowest first."""


def begin(plan: Plan, artifacts: tuple[Artifact, ...], folder: Path, runs: Runs) -> Documents:
    """Start what will be asked of these files and needs no other: it takes longest, and runs beside all of our work.

    They are those of a plan, and lie in `folder`. All rules come at once, and their tests with them. Returns what it
    read of the tests.
    """
    if not any(one.path.startswith(RULES) for one in artifacts):
        return {}
    checker = promtool.program()
    runs.start(promtool.checks(checker, artifacts, folder))
    tester = other_promtool.tester(plan, checker)
    try:
        files = documents.read(one for one in artifacts if one.path.startswith(TESTS))
    except PolicyErrors:
        return {}  # `verify` says why
    runs.start(promtool.tests(tester, files, folder).values())
    return files


def verify(
    plan: Plan,
    artifacts: tuple[Artifact, ...],
    folder: Path,
    begun: Documents,
    known: Caches,
    runs: Runs,
    out: str = "out",
) -> tuple[Diagnostic, ...]:
    """Return everything that is wrong with the artifacts, which lie in `folder` too; `out` is what messages call it.

    `begun` is what `begin` returned. What is `known` is neither read nor asked again, and what is read and asked is
    added to it. Where a file has not the form of its kind, that is all that is said: the rest would follow from it.
    Raises EnvironmentProblem where a program is missing or does not end.
    """
    try:
        found = _found(plan, artifacts, folder, begun, known, runs)
    except PolicyErrors as refused:
        found = refused.diagnostics
    return tuple(_renamed(finding, out) for finding in found)


def _found(
    plan: Plan, artifacts: tuple[Artifact, ...], folder: Path, begun: Documents, known: Caches, runs: Runs
) -> tuple[Diagnostic, ...]:
    recalled = {one.path: held for one in artifacts if (held := known.readings.recall(one)) is not None}
    unread = (one for one in artifacts if one.path not in recalled and one.path not in begun)
    read = {**begun, **documents.read(unread)}
    found = located(artifacts, schemas.check(plan, read, _schemas(artifacts)))
    if found:
        return found
    files = {**recalled, **read}
    known.readings.keep(artifacts, files)
    verification = read_back(plan, artifacts, files, folder)
    found = located(artifacts, _judged(verification, known.answers, runs))
    known.answers.keep()
    return found


def of_pagerduty(plan: Plan, artifacts: tuple[Artifact, ...]) -> Verification:
    """Return the files that PagerDuty is configured from; raises PolicyErrors with what is wrong. Asks no program."""
    files = documents.read(artifacts)
    wrong = located(artifacts, schemas.check(plan, files, _schemas(artifacts)))
    if wrong:
        raise PolicyErrors(*wrong)
    verification = read_back(plan, artifacts, files, Path())
    wrong = located(artifacts, (*pagerduty.check(verification), *schedules.check(verification)))
    if has_errors(wrong):
        raise PolicyErrors(*wrong)
    return verification


def _schemas(artifacts: tuple[Artifact, ...]) -> Mapping[str, str | None]:
    """Return the names of the files' schemas by their paths; raises PolicyErrors with the files that no target owns."""
    owned = {one.path: targets.owned(one.path) for one in artifacts}
    strays = (
        Diagnostic(
            code=OUT607.name,
            message=f"no target owns {documents.shown(path)}, so nobody checks it",
            place=Place(path=documents.shown(path)),
            help="add its path to `owns` of the target that writes it, in its module of generator/targets/",
        )
        for path, owner in owned.items()
        if owner is None
    )
    if None in owned.values():
        raise PolicyErrors(*strays)
    return {path: owner.schema for path, owner in owned.items() if owner}


def read_back(plan: Plan, artifacts: tuple[Artifact, ...], files: Documents, folder: Path) -> Verification:
    """Return what the verifiers are given of files that have been read."""
    behaviour = behave(files, artifacts)
    router = Router(behaviour.root)
    label_sets = LabelSets(behaviour.rules, plan.policy.stack.prometheus.external_labels)
    return Verification(
        plan=plan,
        artifacts=artifacts,
        documents=files,
        behaviour=behaviour,
        router=router,
        label_sets=label_sets,
        alerts=tuple(sent_alerts(plan, behaviour, router, label_sets)),
        folder=folder,
    )


def _judged(verification: Verification, answers: Answers, runs: Runs) -> list[Finding]:
    """Return the findings of all: the programs run side by side over the cores, our own verifiers meanwhile."""
    questions = []
    # While other programs run, the other core is busy.
    pays = len(verification.alerts) >= MANY and runs.rest()
    with beside(lambda: _of(VERIFIERS[_HALF:], verification), pays=pays) as second:
        for ask in ASKERS:
            questions.append(ask(verification))
            runs.start(questions[-1].commands)
        found = [*_of(VERIFIERS[:_HALF], verification), *second()]
    for question in questions:
        results = runs.results(question.commands)
        found += question.judge(results)
        for command, result in zip(question.commands, results, strict=True):
            answers.learn(command, result)
    return phases.besides(found)


def _of(verifiers: tuple[Verifier, ...], verification: Verification) -> list[Finding]:
    return [finding for check in verifiers for finding in check(verification)]


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
