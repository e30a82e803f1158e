"""The checks of what comes out: one module for each, all of them listed here.

Verifiers judge only the artifacts' text, as Prometheus, Alertmanager and PagerDuty will read it.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from generator import targets
from generator.behaviour import documents, objects
from generator.behaviour.alerts import sent_alerts
from generator.behaviour.behaviour import behave
from generator.behaviour.documents import RULES, TESTS
from generator.behaviour.label_sets import LabelSets
from generator.behaviour.verification import Asker, Finding, Question, Rendered, Verification, Verifier
from generator.checks.files import (
    across,
    amlint,
    amtool,
    catch_all,
    destinations,
    detection,
    expanded_texts,
    helm,
    hours,
    idle_routes,
    inhibitions,
    kubernetes,
    label_names,
    limits,
    of_others,
    old_names,
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
    unpaged,
    versions,
)
from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, Place, PolicyErrors, has_errors
from generator.policy.kubernetes import FILES
from generator.system.beside import MANY, beside
from generator.upstream.alertmanager.match import Router

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from generator.behaviour.behaviour import Behaviour
    from generator.behaviour.documents import Documents
    from generator.behaviour.readings import Caches
    from generator.plan.plan import Plan
    from generator.system.artifact import Artifact
    from generator.system.memory import Answers
    from generator.system.programs import Runs

_Given = TypeVar("_Given", bound=Rendered)

OUT607 = Code(
    name="OUT607",
    title="Generated file that no target owns",
    meaning="The record of each target names the paths that it writes, and from them follows who judges the files. Add "
    "the path to `owns` of the target.",
)

VERIFIERS: tuple[Verifier, ...] = (
    rules.check,
    routing.check,
    unpaged.check,
    across.check,
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
    old_names.check,
    rendered_twice.check,
    detection.check,
    rendered_tests.check,
    limits.check,
    versions.check,
    label_names.check,
    procedure.check,
    kubernetes.check,
    helm.check,
    amlint.check,
)
"""What we judge ourselves."""
_FOR_ALL = frozenset(
    {
        across.check,
        destinations.check,
        other_routes.check,
        idle_routes.check,
        unended.check,
        pagerduty.check,
        schedules.check,
        terraform_references.check,
        procedure.check,
        kubernetes.check,
        helm.check,
        amlint.check,
    }
)
"""Those of files that all environments share, which see all of them at once."""
_OF_RULES = frozenset(
    {
        rules.check,
        series_labels.check,
        detection.check,
        rendered_tests.check,
        limits.check,
        versions.check,
        label_names.check,
    }
)
"""Those of rules and tests alone: where several environments have the same files, one of them is enough."""
_OF_TEXTS: frozenset[Callable[[Rendered], Iterator[Finding]]] = frozenset(
    {
        detection.check,
        helm.check,
        kubernetes.check,
        label_names.check,
        limits.check,
        procedure.check,
        rendered_tests.check,
        terraform_references.check,
    }
)
"""Those that need not know what the files will do. With many rules they take about as long as reading that."""
_HALF = 8
"""Of the others, those from this one on take as long as those before and asking other programs."""

ASKERS: tuple[Asker, ...] = (promtool.ask, phases.ask, expanded_texts.ask, amtool.ask, templates.ask)
"""What other programs judge, the slowest first."""
_ASKED_OF_RULES = frozenset({promtool.ask, phases.ask, expanded_texts.ask})


def begin(plan: Plan, artifacts: tuple[Artifact, ...], folder: Path, known: Caches, runs: Runs) -> Documents:
    """Start what will be asked of these files and needs no other: it takes longest, and runs beside all of our work.

    They are those of a plan, and lie in `folder`. All rules come at once, and their tests with them. Returns what it
    read of the tests.
    """
    if not any(one.path.startswith(RULES) for one in artifacts):
        return {}
    checker = promtool.program()
    runs.start(promtool.checks(checker, artifacts, folder, known.answers))
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
    return tuple(_renamed(finding, out) for finding in in_written(plan, artifacts, found))


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
    rendered = _rendered(plan, artifacts, files, folder, known.answers)
    # While other programs run, the other core is busy.
    pays = len(plan.rules) >= MANY and runs.rest()
    of_texts = [check for check in VERIFIERS if check in _OF_TEXTS]
    with beside(lambda: _of(of_texts, rendered.each), pays=pays) as first:
        verification = _verification(rendered, behave(files, artifacts))
        found = located(artifacts, _judged(verification, first, known.answers, runs))
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
    """Return what the verifiers are given of files that have been read, those of other environments in `elsewhere`."""
    return _verification(_rendered(plan, artifacts, files, folder), behave(files, artifacts))


def _rendered(
    plan: Plan, artifacts: tuple[Artifact, ...], files: Documents, folder: Path, answers: Answers | None = None
) -> Rendered:
    """Return what the files are: for each environment, all but those of others."""
    first, *others = (
        Rendered(
            plan=one,
            artifacts=tuple(each for each in artifacts if _is_of(one, each.path)) if one.folder else artifacts,
            documents={path: file for path, file in files.items() if _is_of(one, path)} if one.folder else files,
            folder=folder,
            answers=answers,
        )
        for one in plan.each
    )
    return replace(first, elsewhere=tuple(others))


def _is_of(plan: Plan, path: str) -> bool:
    return documents.folder_of(path) in (None, plan.folder)


def _verification(rendered: Rendered, behaviour: Behaviour) -> Verification:
    """Return what files are with what they will do."""
    router = Router(behaviour.root)
    first, *others = (_of_environment(one, behaviour, router) for one in rendered.each)
    return replace(first, elsewhere=tuple(others))


def _of_environment(rendered: Rendered, behaviour: Behaviour, router: Router) -> Verification:
    plan = rendered.plan
    if plan.folder:
        own = tuple(rule for rule in behaviour.rules if documents.folder_of(rule.path) == plan.folder)
        behaviour = replace(behaviour, rules=own)
    label_sets = LabelSets(behaviour.rules, plan.policy.stack.prometheus.external_labels)
    return Verification(
        plan=plan,
        artifacts=rendered.artifacts,
        documents=rendered.documents,
        folder=rendered.folder,
        answers=rendered.answers,
        behaviour=behaviour,
        router=router,
        label_sets=label_sets,
        alerts=tuple(sent_alerts(plan, behaviour, router, label_sets)),
    )


def _judged(
    verification: Verification, of_texts: Callable[[], list[Finding]], answers: Answers, runs: Runs
) -> list[Finding]:
    """Return the findings of all: the programs run side by side over the cores, our own verifiers meanwhile.

    `of_texts` returns those of the verifiers that look at the text alone.
    """
    questions: list[tuple[Verification, Question]] = []
    verifiers = [check for check in VERIFIERS if check not in _OF_TEXTS]
    pays = len(verification.alerts) >= MANY and runs.rest()
    with beside(lambda: _of(verifiers[_HALF:], verification.each), pays=pays) as second:
        for ask in ASKERS:
            for one in verification.each if ask is not amtool.ask else (verification,):
                if one is verification or one.plan.folder or ask not in _ASKED_OF_RULES:
                    questions.append((one, ask(one)))
                    runs.start(questions[-1][1].commands)
        found = [*_of(verifiers[:_HALF], verification.each), *second(), *of_texts()]
    for one, question in questions:
        results = runs.results(question.commands)
        judged = list(question.judge(results))
        found += judged if one is verification else _only_in(one, judged, found)
        for command, result in zip(question.commands, results, strict=True):
            answers.learn(command, result)
    return phases.besides(found)


def _of(verifiers: Sequence[Callable[[_Given], Iterator[Finding]]], each: Sequence[_Given]) -> list[Finding]:
    """Return the findings about each environment, those about the first one first."""
    first, *others = each
    found = [finding for check in verifiers for finding in check(first)]
    for one in others:
        again = (check for check in verifiers if check not in _FOR_ALL and (one.plan.folder or check not in _OF_RULES))
        found += _only_in(one, (finding for check in again for finding in check(one)), found)
    return found


def _only_in(given: Rendered, findings: Iterable[Finding], known: list[Finding]) -> list[Finding]:
    """Return the findings that are not `known` of another environment, each with the name of its own."""
    name = given.plan.policy.environment
    return [
        one
        if one.diagnostic.route and one.diagnostic.route[:2] == ("environments", name)
        else replace(one, diagnostic=replace(one.diagnostic, message=f"in {name}: {one.diagnostic.message}"))
        for one in findings
        if one not in known
    ]


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


def in_written(plan: Plan, artifacts: tuple[Artifact, ...], findings: tuple[Diagnostic, ...]) -> tuple[Diagnostic, ...]:
    """Return the findings with the spots in the files that `out/` has: what holds the plain files where it has none."""
    if FILES in plan.policy.targets:
        return findings
    by_path = {documents.shown(one.path): one for one in artifacts}
    return tuple(
        replace(one, artifact=objects.in_holder(plan.policy, one.artifact, by_path)) if one.artifact else one
        for one in findings
    )


def _blamed(diagnostic: Diagnostic, path: str) -> Diagnostic:
    if diagnostic.route or diagnostic.place:
        return diagnostic
    return replace(diagnostic, place=documents.template_of(path))
