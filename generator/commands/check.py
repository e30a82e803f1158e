"""`alertc check`: check all that `render` checks, and that `out/` is up to date."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from generator.commands.project import Outcome, Project, owner, texts
from generator.commands.remembered import left_alone, loaded, refuse_others, remember, run_of, unchanged
from generator.diagnostics import formats
from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, Level, Place, PolicyErrors, has_errors
from generator.policy.parts import on_disk
from generator.system import output
from generator.system.today import today

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.pipeline import Compiled
    from generator.policy.parts import PolicyFiles
    from generator.policy.source import Source

OUT702 = Code(
    name="OUT702",
    title="Output is not up to date",
    meaning="A file in `out/` is not what the policy says; `alertc check` reports this. Run `alertc render`, "
    "and commit the result.",
)

_SHOWN = 200
_HELP = "run `alertc render` and commit the result"


def check(project: Project) -> Outcome:
    """Compile and check the policy, compare `out/` with it, change nothing.

    What was verified before with the same inputs and the same programs is not verified again. Raises PolicyErrors where
    there is no policy to read.
    """
    written = on_disk(project.policy)
    run = run_of(project, written)
    return unchanged(project, written, run, "up to date", Level.ERROR) or _afresh(project, written, run, afresh=False)


def check_all(project: Project) -> Outcome:
    """Do what `check` does and rely on nothing that was verified before."""
    written = on_disk(project.policy)
    return _afresh(project, written, run_of(project, written), afresh=True)


def strictly(outcome: Outcome) -> Outcome:
    """Return the outcome with warnings as errors, and the notes that say what is not proven, or by no test tried."""
    # Only here: few ask for it.
    from generator.checks.expressions.expressions import PQL725
    from generator.checks.files.other_promtool import PRM623
    from generator.checks.plan.hours_tried import TST604

    untried = {PQL725.name, PRM623.name, TST604.name}
    return replace(
        outcome,
        diagnostics=tuple(
            replace(finding, level=Level.ERROR)
            if finding.level is Level.WARNING or finding.code in untried
            else finding
            for finding in outcome.diagnostics
        ),
    )


def _afresh(project: Project, written: PolicyFiles, run: str | None, *, afresh: bool) -> Outcome:
    # Only here: a run in which nothing changed does not pay for what it does not use.
    from generator import pipeline
    from generator.behaviour import readings
    from generator.checks.acceptances import accepted
    from generator.commands.verified import checked_by, verified

    source: Source | None = None
    try:
        known = readings.empty(project.out) if afresh else readings.saved(project.out)
        source = written.read(known.entries)
        judged = pipeline.judge(source)
        refuse_others(project, owner(project, judged.plan.policy.name))
        with output.aside() as stage:
            compiled, problems = verified(project, judged, stage, known)
    except PolicyErrors as refused:
        findings = formats.place(refused.diagnostics, source) if source else refused.diagnostics
        return Outcome(diagnostics=findings, sources={**refused.sources, **texts(project, source)})
    compared = output.compare(project.out, compiled.written, owner(project, compiled.plan.policy.name))
    meant = accepted((*compiled.diagnostics, *problems), compiled.plan.policy.accepts, today())
    findings = formats.place(meant.findings, source)
    checked = checked_by(compiled)
    if not has_errors(findings):
        remember(project, run, compiled, checked, findings, meant)
    return Outcome(
        diagnostics=(*findings, *_foreign(project, compared)),
        sources=texts(project, source, compiled.artifacts),
        lines=(*meant.lines, *left_alone(project, compared.foreign), *_stale(project, compiled, compared, checked)),
        stale=not compared.same,
        unsaid=tuple(_findings(project, compared)),
    )


def _foreign(project: Project, compared: output.Comparison) -> Iterator[Diagnostic]:
    """Yield findings about files in `out/` that alertc did not write."""
    interrupted = output.interrupted(project.out)
    if interrupted:
        yield interrupted
    for path in compared.in_the_way:
        yield output.in_the_way(project.out / path)
    beside = tuple(path for path in compared.foreign if path.rstrip("/") not in compared.in_the_way)
    yield from loaded(project, beside, Level.ERROR)


def _findings(project: Project, compared: output.Comparison) -> Iterator[Diagnostic]:
    if compared.empty:
        out = project.out.as_posix()
        yield Diagnostic(
            code=OUT702.name, message=f"nothing was rendered into {out}/", place=Place(path=out), help=_HELP
        )
        return
    words = (("is not what the policy says", compared.changed), ("is missing", compared.new))
    for problem, paths in (*words, ("is no longer made from the policy", compared.stale)):
        for path in paths:
            name = (project.out / path).as_posix()
            yield Diagnostic(
                code=OUT702.name,
                message=f"{name} {problem}",
                place=Place(path=name, line=1, column=1),
                help=_HELP,
            )


def _stale(project: Project, compiled: Compiled, compared: output.Comparison, checked: str) -> tuple[str, ...]:
    out = project.out.as_posix()
    if compared.same:
        return (f"{out}/: {len(compared.unchanged)} files, up to date; {checked}",)
    if compared.empty:
        return (f"{out}/: nothing was rendered there; {_HELP}",)
    ours = owner(project, compiled.plan.policy.name)
    lines = list(output.diff(project.out, compiled.written, compared, ours))
    shown = lines[:_SHOWN]
    if len(lines) > _SHOWN:
        shown.append(f"... and {len(lines) - _SHOWN} more lines")
    count = len(compared.new) + len(compared.changed) + len(compared.stale)
    files = "file is" if count == 1 else "files are"
    return (*shown, f"{out}/: {count} {files} not what the policy says; {_HELP}")
