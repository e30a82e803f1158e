"""`alertc check`: everything that `render` checks, and that `out/` is what the policy says."""

from __future__ import annotations

from generator import output, pipeline, report
from generator.commands.project import Outcome, Project, checked_by, header_path, texts
from generator.diagnostics import Refused
from generator.render import Templates
from generator.source import read_file
from generator.verify import verify

_SHOWN = 200


def check(project: Project) -> Outcome:
    """Compile and check the policy, compare `out/` with it, change nothing."""
    source = compiled = None
    try:
        source = read_file(project.policy)
        compiled = pipeline.compile(source, Templates(project.templates), header_path(project))
    except Refused as refused:
        findings = report.place(refused.diagnostics, source) if source else refused.diagnostics
        return Outcome(diagnostics=findings, sources=texts(project, source, compiled))
    with output.aside(project.out, compiled.artifacts) as stage:
        found = verify(compiled.plan, compiled.artifacts, stage, project.out.as_posix())
    compared = output.compare(project.out, compiled.artifacts)
    findings = report.place((*compiled.diagnostics, *found), source)
    return Outcome(
        diagnostics=findings,
        sources=texts(project, source, compiled),
        lines=_stale(project, compiled, compared),
        stale=not compared.same,
    )


def _stale(project: Project, compiled: pipeline.Compiled, compared: output.Comparison) -> tuple[str, ...]:
    out = project.out.as_posix()
    if compared.same:
        return (f"{out}/: {len(compared.unchanged)} files, up to date; {checked_by()}",)
    lines = list(output.diff(project.out, compiled.artifacts, compared))
    shown = lines[:_SHOWN]
    if len(lines) > _SHOWN:
        shown.append(f"... and {len(lines) - _SHOWN} more lines")
    count = len(compared.new) + len(compared.changed) + len(compared.stale)
    files = "file is" if count == 1 else "files are"
    return (*shown, f"{out}/: {count} {files} not what the policy says; run `alertc render` and commit the result")
