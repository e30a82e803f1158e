"""`alertc drill`: the rendered files on a real Prometheus and a real Alertmanager, predicted beside observed."""

from __future__ import annotations

import random
import tempfile
import time
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from generator import documents, pipeline, positions, programs, report
from generator.behaviour import behave
from generator.commands.project import Outcome, Project, Unknown, header_path, texts
from generator.diagnostics import Refused
from generator.drill import conditions, fire, said
from generator.drill.clock import Scale
from generator.drill.stage import Curtain, Play
from generator.match import Router
from generator.render import Templates
from generator.source import raw_file, read
from generator.verify import located
from generator.verify.alerts import sent_alerts

if TYPE_CHECKING:
    from generator.behaviour import Behaviour
    from generator.documents import Documents
    from generator.drill.conditions import Condition
    from generator.pipeline import Compiled

_FORMS = {"text": lambda told: tuple(said.text(told)), "json": lambda told: tuple(said.data(told).split("\n"))}
_FORMS["junit"] = lambda told: tuple(said.junit(told).split("\n"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is to be drilled: these alerts, or every one; how many times as fast; when by the schedules."""

    alerts: tuple[str, ...]
    everything: bool
    scale: float
    seed: int | None
    at: datetime | None


def drill(project: Project, asked: Asked, form: str) -> Outcome:
    """Return what a drill showed, in the form `text`, `json` or `junit`; what broke a promise is a finding.

    Raises Refused where there is no policy to read, Unknown where it has no such alert, Unready where the programs
    are missing or do not start.
    """
    raw = raw_file(project.policy)
    source = read(raw, project.policy.as_posix())
    try:
        compiled = pipeline.compile(source, Templates(project.templates), header_path(project))
        files = documents.read(compiled.artifacts)
        behaviour = behave(files, compiled.artifacts)
    except Refused as refused:
        findings = report.place(refused.diagnostics, source)
        return Outcome(diagnostics=findings, sources=texts(project, source, None))
    router = Router(behaviour.root)
    possible = conditions.conditions(compiled.plan, behaviour, router, sent_alerts(compiled.plan, behaviour, router))
    chosen = _chosen(possible, asked)
    with tempfile.TemporaryDirectory(prefix="alertc-drill-") as folder:
        play = _play(compiled, files, behaviour, router, asked, Path(folder))
        begun = time.monotonic()
        drilled = fire.drill(play, fire.scenes(play, chosen))
        took = time.monotonic() - begun
    routes = [(one.condition.promised.route, True) for one in drilled]
    places = positions.locate(source.raw, source.path, routes)
    lines = {route: f"{place.path}:{place.line}" for (route, _), place in places.items()}
    told = said.Told(play=play, drilled=drilled, lines=lines, seconds=took)
    found = located(compiled.artifacts, (finding for one in drilled for finding in one.findings))
    return Outcome(
        diagnostics=report.place(found, source),
        sources=texts(project, source, compiled),
        lines=_FORMS[form](told),
    )


def _chosen(possible: tuple[Condition, ...], asked: Asked) -> tuple[Condition, ...]:
    if asked.everything:
        return possible
    known = {one.rule.name for one in possible}
    for name in asked.alerts:
        if name not in known:
            raise Unknown(f"there is no alert `{name}`", name, known)
    return tuple(one for one in possible if one.rule.name in asked.alerts)


def _play(
    compiled: Compiled, files: Documents, behaviour: Behaviour, router: Router, asked: Asked, folder: Path
) -> Play:
    scale = Scale(factor=asked.scale)
    return Play(
        plan=compiled.plan,
        artifacts=compiled.artifacts,
        documents=files,
        behaviour=behaviour,
        router=router,
        prometheus=programs.find("prometheus"),
        alertmanager=programs.find("alertmanager"),
        scale=scale,
        steps=scale,
        at=asked.at or datetime.now(timezone.utc),
        seed=random.SystemRandom().randrange(10**6) if asked.seed is None else asked.seed,
        folder=folder,
        curtain=Curtain(),
    )
