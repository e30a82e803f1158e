"""`alertc drill`: the rendered files on a real Prometheus and a real Alertmanager, predicted beside observed."""

from __future__ import annotations

import random
import tempfile
import time
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from generator import documents, pipeline, positions, programs, report
from generator.behaviour import behave
from generator.commands.project import Outcome, Project, Unknown, header_path, texts
from generator.diagnostics import Refused
from generator.drill import changed, conditions, fire, said
from generator.drill.clock import Scale
from generator.drill.scenarios import SCENARIOS, not_played
from generator.drill.stage import Curtain, Play
from generator.match import Router
from generator.render import Templates
from generator.source import raw_file, read
from generator.verify import located
from generator.verify.alerts import sent_alerts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from generator.behaviour import Behaviour
    from generator.documents import Documents
    from generator.drill.conditions import Condition
    from generator.pipeline import Compiled


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is to be drilled, and how."""

    alerts: tuple[str, ...]
    which: Literal["named", "all", "changed"]
    scenarios: tuple[str, ...]
    """By their names; empty: all of them."""
    scale: float
    seed: int | None
    at: datetime | None
    """When it happens by the schedules; None: now."""
    slow: Mapping[str, timedelta]
    """How long receivers take to answer."""
    real_time: bool
    """One alert, with its own expression and the series of its own test, at the policy's own pace."""


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
    router, now = Router(behaviour.root), datetime.now(timezone.utc)
    every = conditions.conditions(compiled.plan, behaviour, router, sent_alerts(compiled.plan, behaviour, router), now)
    chosen = _chosen(project, every, compiled, files, behaviour, router, asked)
    if not chosen:
        return Outcome(diagnostics=(), sources={}, lines=said.unchanged(form))
    for name in asked.slow:
        known = [one.name for one in behaviour.receivers]
        if name not in known:
            raise Unknown(f"there is no receiver `{name}`", name, known)
    with tempfile.TemporaryDirectory(prefix="alertc-drill-") as folder:
        play = _play(compiled, files, behaviour, router, asked, Path(folder))
        names = asked.scenarios or tuple(SCENARIOS)
        scenes = {name: tuple(SCENARIOS[name].scenes(play, chosen, every)) for name in names}
        left = tuple(not_played(play, scenes, chosen, own=asked.which == "named"))
        begun = time.monotonic()
        drilled = fire.drill(play.curtain, [scene for some in scenes.values() for scene in some])
        took = time.monotonic() - begun
    routes = [(one.condition.route, True) for one in drilled]
    places = positions.locate(source.raw, source.path, routes)
    lines = {route: f"{place.path}:{place.line}" for (route, _), place in places.items()}
    told = said.Told(play=play, drilled=drilled, lines=lines, seconds=took, scenarios=names, not_played=left)
    found = located(compiled.artifacts, (finding for one in drilled for finding in one.findings))
    return Outcome(
        diagnostics=report.place(found, source),
        sources=texts(project, source, compiled),
        lines=_FORMS[form](told),
        idle=not drilled,
    )


def _chosen(
    project: Project,
    every: tuple[Condition, ...],
    compiled: Compiled,
    files: Documents,
    behaviour: Behaviour,
    router: Router,
    asked: Asked,
) -> tuple[Condition, ...]:
    if asked.which == "all":
        return every
    if asked.which == "changed":
        now = changed.Told(files=files, behaviour=behaviour, router=router)
        return tuple(changed.changed(project.out, every, compiled.plan, now))
    known = {one.name for one in every}
    for name in asked.alerts:
        if name not in known:
            raise Unknown(f"there is no alert `{name}`", name, known)
    found = tuple(one for one in every if one.name in asked.alerts)
    return found[:1] if asked.real_time else found


def _play(
    compiled: Compiled, files: Documents, behaviour: Behaviour, router: Router, asked: Asked, folder: Path
) -> Play:
    return Play(
        plan=compiled.plan,
        artifacts=compiled.artifacts,
        documents=files,
        behaviour=behaviour,
        router=router,
        prometheus=programs.find("prometheus"),
        alertmanager=programs.find("alertmanager"),
        scale=Scale(factor=1 if asked.real_time else asked.scale),
        at=asked.at or datetime.now(timezone.utc),
        seed=random.SystemRandom().randrange(10**6) if asked.seed is None else asked.seed,
        folder=folder,
        curtain=Curtain(),
        slow=asked.slow,
        real_time=asked.real_time,
    )


_FORMS: Mapping[str, Callable[[said.Told], tuple[str, ...]]] = {
    "text": lambda told: tuple(said.text(told)),
    "json": lambda told: tuple(said.data(told).split("\n")),
    "junit": lambda told: tuple(said.junit(told).split("\n")),
}
