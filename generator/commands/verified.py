"""The policy's files, built into a stage and verified there: what `render` and `check` share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator import pipeline
from generator.behaviour.documents import reader_of
from generator.checks.files import amtool, other_promtool
from generator.checks.verify import begin, verify
from generator.commands.project import header_path
from generator.diagnostics.wording import listed, shortened
from generator.system import output, programs
from generator.targets.render import Templates

if TYPE_CHECKING:
    from pathlib import Path

    from generator.behaviour.readings import Caches
    from generator.commands.project import Project
    from generator.diagnostics.diagnostic import Diagnostic
    from generator.pipeline import Compiled, Judged
    from generator.system.artifact import Artifact


_NAMED = 3
_PROGRAMS = ("promtool", "amtool")


def checked_by(compiled: Compiled) -> str:
    """Return a sentence that says who checked how many of the files, and which nobody checked."""
    files: dict[str | None, list[str]] = {}
    written = {artifact.path for artifact in compiled.written}
    for artifact in compiled.artifacts:
        reader = reader_of(artifact.path)
        # The programs judge what objects hold, too.
        if artifact.path in written or reader in _PROGRAMS:
            files.setdefault(reader, []).append(artifact.path)
    nobody = files.pop(None, [])
    found = {name: programs.find(name) for name in _PROGRAMS if name in files}
    if "amtool" in found:
        found["amtool"] = amtool.program(compiled.plan)
    who = [f"{name} {program.version_text} ({len(files[name]):,})" for name, program in found.items()]
    if "promtool" in found and (tester := other_promtool.tester(compiled.plan, found["promtool"])) != found["promtool"]:
        who[0] = f"{who[0][:-1]}, tests by {tester.version_text})"
    who += [f"alertc ({len(files['alertc'])})"] if "alertc" in files else []
    rest = f"; not verified: {listed(shortened(nobody, _NAMED))}" if nobody else ""
    return f"checked by {listed(who)}{rest}"


def verified(project: Project, judged: Judged, stage: Path, known: Caches) -> tuple[Compiled, tuple[Diagnostic, ...]]:
    """Build the files into `stage`, verify them, and return them with all findings.

    promtool judges the rules while the other files are built. Raises PolicyErrors where a template fails,
    EnvironmentProblem where a program is missing.
    """
    artifacts: list[Artifact] = []
    begun: dict[str, Any] = {}
    with programs.Runs(known.answers.recall) as runs:
        for built in pipeline.build(judged, Templates(project.templates), header_path(project)):
            output.fill(stage, built, project.out)
            begun.update(begin(judged.plan, built, stage, known, runs))
            artifacts += built
        compiled = pipeline.collect(judged, artifacts)
        problems = verify(compiled.plan, compiled.artifacts, stage, begun, known, runs, project.out.as_posix())
    return compiled, problems
