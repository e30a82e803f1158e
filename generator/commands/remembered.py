"""The outcome of the last run, reused where none of its inputs has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.behaviour.documents import KUBERNETES
from generator.checks.plan.beginnings import SCH504
from generator.checks.policy.public_holidays import CAL504, quiet_until
from generator.commands.project import Outcome, Project, header_path, owner
from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, EnvironmentProblem, Level, Place, PolicyErrors
from generator.system import memory, output
from generator.system.programs import fetched, find
from generator.system.today import today

if TYPE_CHECKING:
    from generator.checks.acceptances import Accepted
    from generator.pipeline import Compiled
    from generator.policy.parts import PolicyFiles
    from generator.system.belonging import Owner

OUT704 = Code(
    name="OUT704",
    title="Foreign file where servers load all files",
    meaning="Prometheus and Alertmanager load every file in `prometheus/rules/` and `alertmanager/templates/`, "
    "and alertc proves nothing about files that it did not write. Keep your own files in a folder "
    "beside `out/`, and name that folder too in `rule_files` (of prometheus.yml) or `templates`; or "
    "delete the file. In `kubernetes/` kustomize takes no second `kustomization` file in one folder.",
)


def run_of(project: Project, written: PolicyFiles) -> str | None:
    """Return a key of everything that a run depends on; None where a program is missing, which is reported later."""
    try:
        programs = [find("promtool"), find("amtool"), *fetched("promtool"), *fetched("amtool")]
    except EnvironmentProblem:
        return None
    names = (header_path(project), project.policy.as_posix(), project.out.as_posix())
    return memory.key(policy=written.key, names=names, templates=(project.templates,), programs=programs)


def unchanged(project: Project, written: PolicyFiles, run: str | None, verdict: str, level: Level) -> Outcome | None:
    """Return the outcome of the last run where its inputs were the same and `out/` is unchanged since, else None.

    `verdict` is printed of the files; `level` is that of OUT704.
    """
    known = memory.recall(project.out, run) if run else None
    if known is None or (known.until and known.until < today().isoformat()):
        return None
    foreign = output.holds(project.out, known.files)
    if foreign is None:
        return None
    out = project.out.as_posix()
    sources = {**written.texts, **written.attached}
    for finding in known.diagnostics:
        if finding.artifact:
            sources[finding.artifact.path] = (project.out / finding.artifact.path.removeprefix(f"{out}/")).read_bytes()
    return Outcome(
        diagnostics=(*known.diagnostics, *loaded(project, foreign, level)),
        sources=sources,
        lines=(
            *known.accepted,
            *left_alone(project, foreign),
            f"{out}/: {len(known.files)} files, {verdict}; {known.checked_by}",
        ),
    )


def remember(
    project: Project,
    run: str | None,
    compiled: Compiled,
    checked_by: str,
    diagnostics: tuple[Diagnostic, ...],
    meant: Accepted,
) -> None:
    """Remember the outcome of a run that found no error, until the day on which what is `meant` no longer counts.

    What looks at the day itself holds for that day alone.
    """
    if run:
        dated = any(finding.code in (SCH504.name, CAL504.name) for finding in diagnostics)
        ends = [day for day in (meant.until, quiet_until(compiled.plan.policy)) if day]
        until = today() if dated else min(ends, default=None)
        listed = output.manifest(compiled.written, owner(project, compiled.plan.policy.name))
        outcome = memory.Remembered(
            files={artifact.path: artifact.digest for artifact in (*compiled.written, listed)},
            checked_by=checked_by,
            diagnostics=diagnostics,
            accepted=meant.lines,
            until=until.isoformat() if until else "",
        )
        memory.remember(project.out, run, outcome)


def refuse_others(project: Project, ours: Owner) -> None:
    """Raise PolicyErrors where the files in `out/` belong to another policy."""
    theirs = output.of_another(project.out, ours)
    if theirs:
        raise PolicyErrors(theirs)


def left_alone(project: Project, foreign: tuple[str, ...]) -> tuple[str, ...]:
    """Return a line for each file in `out/` that alertc did not write and that no server loads."""
    return tuple(
        f"left alone, not ours: {(project.out / path).as_posix()}" for path in foreign if not output.is_loaded(path)
    )


def loaded(project: Project, foreign: tuple[str, ...], level: Level) -> tuple[Diagnostic, ...]:
    """OUT704: files that are not ours, and that Prometheus, Alertmanager or kustomize would take in beside ours."""

    def finding(path: str) -> Diagnostic:
        name = (project.out / path).as_posix()
        consequence = "would be loaded with its files"
        help = "move it into a folder beside out/ that the servers load too"
        if path.startswith(KUBERNETES):
            consequence = "kustomize refuses a folder with two such files"
            help = "let one in another folder name this one"
        return Diagnostic(
            code=OUT704.name,
            level=level,
            message=f"{name} was not written by alertc, and {consequence}",
            place=Place(path=name),
            help=f"{help}, or delete it",
        )

    return tuple(finding(path) for path in foreign if output.is_loaded(path))
