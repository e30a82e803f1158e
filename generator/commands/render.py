"""`alertc render`: compile, check, and only then replace `out/`."""

from __future__ import annotations

from generator import output, pipeline, report
from generator.commands.project import Outcome, Project, checked_by, header_path, texts
from generator.diagnostics import Refused, has_errors
from generator.render import Templates
from generator.source import read_file
from generator.verify import verify


def render(project: Project) -> Outcome:
    """Replace `out/` with what the policy stands for, or leave it as it is and say why."""
    source = compiled = None
    try:
        source = read_file(project.policy)
        compiled = pipeline.compile(source, Templates(project.templates), header_path(project))
        with output.staged(project.out, compiled.artifacts) as stage:
            found = verify(compiled.plan, compiled.artifacts, stage, project.out.as_posix())
            if has_errors(found):
                raise Refused(*compiled.diagnostics, *found)
            compared = output.replace(project.out, stage, compiled.artifacts)
    except Refused as refused:
        findings = report.place(refused.diagnostics, source) if source else refused.diagnostics
        return Outcome(diagnostics=findings, sources=texts(project, source, compiled))
    findings = report.place((*compiled.diagnostics, *found), source)
    return Outcome(
        diagnostics=findings,
        sources=texts(project, source, compiled),
        lines=(*_foreign(project, compared), f"{_summary(project, compared)}; {checked_by()}"),
    )


def _foreign(project: Project, compared: output.Comparison) -> tuple[str, ...]:
    return tuple(f"left alone, not ours: {(project.out / path).as_posix()}" for path in compared.foreign)


def _summary(project: Project, compared: output.Comparison) -> str:
    total = len(compared.unchanged) + len(compared.new) + len(compared.changed)
    changes = [
        f"{len(paths)} {word}"
        for word, paths in (("new", compared.new), ("changed", compared.changed), ("removed", compared.stale))
        if paths
    ]
    return f"{project.out.as_posix()}/: {total} files, " + (", ".join(changes) if changes else "nothing changed")
