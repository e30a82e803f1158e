"""`alertc render`: compile, check, and only then replace `out/`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.commands.project import Outcome, Project, owner, texts
from generator.commands.remembered import left_alone, loaded, refuse_others, remember, run_of, unchanged
from generator.diagnostics import formats
from generator.diagnostics.diagnostic import Level, PolicyErrors, has_errors
from generator.policy.parts import on_disk
from generator.system import output
from generator.system.today import today

if TYPE_CHECKING:
    from generator.pipeline import Compiled
    from generator.policy.parts import PolicyFiles
    from generator.policy.source import Source


def render(project: Project, *, take_over: bool = False) -> Outcome:
    """Replace `out/` with the files of the policy, or leave it as it is and say why.

    Files of another policy are replaced only with `take_over`. Raises PolicyErrors where there is no policy to read.
    """
    written = on_disk(project.policy)
    run = run_of(project, written)
    known = unchanged(project, written, run, "nothing changed", Level.WARNING)
    return known or _afresh(project, written, run, take_over=take_over)


def _afresh(project: Project, written: PolicyFiles, run: str | None, *, take_over: bool) -> Outcome:
    # Only here: a run in which nothing changed does not pay for what it does not use.
    from generator import pipeline
    from generator.behaviour import readings
    from generator.checks.acceptances import accepted
    from generator.commands.verified import checked_by, verified

    source: Source | None = None
    compiled: Compiled | None = None
    try:
        known = readings.saved(project.out)
        source = written.read(known.entries)
        judged = pipeline.judge(source)
        ours = owner(project, judged.plan.policy.name)
        if not take_over:
            refuse_others(project, ours)
        with output.staged(project.out) as stage:
            compiled, problems = verified(project, judged, stage, known)
            if has_errors(problems):
                raise PolicyErrors(*compiled.diagnostics, *problems)
            if len(compiled.written) < len(compiled.artifacts):
                output.keep(stage, compiled.written)
            compared = output.replace(project.out, stage, compiled.written, ours, take_over=take_over)
    except PolicyErrors as refused:
        findings = formats.place(refused.diagnostics, source) if source else refused.diagnostics
        shown = texts(project, source, compiled.artifacts if compiled else ())
        return Outcome(diagnostics=findings, sources={**refused.sources, **shown})
    meant = accepted((*compiled.diagnostics, *problems), compiled.plan.policy.accepts, today())
    findings = formats.place(meant.findings, source)
    checked = checked_by(compiled)
    remember(project, run, compiled, checked, findings, meant)
    return Outcome(
        # The files are ours and written; what else servers would load is judged by `check`.
        diagnostics=(*findings, *loaded(project, compared.foreign, Level.WARNING)),
        sources=texts(project, source, compiled.artifacts),
        lines=(*meant.lines, *left_alone(project, compared.foreign), f"{_summary(project, compared)}; {checked}"),
    )


def _summary(project: Project, compared: output.Comparison) -> str:
    total = len(compared.unchanged) + len(compared.new) + len(compared.changed)
    changes = [
        f"{len(paths)} {word}"
        for word, paths in (("new", compared.new), ("changed", compared.changed), ("removed", compared.stale))
        if paths
    ]
    return f"{project.out.as_posix()}/: {total} files, " + (", ".join(changes) if changes else "nothing changed")
