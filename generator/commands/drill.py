"""`alertc drill`: the rendered files on a real Prometheus and a real Alertmanager, predicted beside observed."""

from __future__ import annotations

import random
import tempfile
import time
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from generator.checks.verify import located
from generator.commands.project import Outcome, Project, Unknown, texts
from generator.commands.understood import understood
from generator.diagnostics import formats, positions
from generator.drill import changed, conditions, fire, reporting
from generator.drill.clock import Scale
from generator.drill.scenarios import SCENARIOS, not_played
from generator.drill.stage import DrillRun, Shutdown
from generator.system import guard, programs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from generator.behaviour.verification import Verification
    from generator.drill.conditions import Condition


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

    Raises PolicyErrors where there is no policy to read, Unanswered where it does not compile, Unknown where it has no
    such alert, EnvironmentProblem where the programs are missing or do not start.
    """
    known = understood(project)
    source, files = known.source, known.files
    now = datetime.now(timezone.utc)
    every = conditions.conditions(files.plan, files.behaviour, files.router, files.alerts, now)
    chosen = _chosen(project, every, files, asked)
    if not chosen:
        return Outcome(diagnostics=known.notes, sources={}, lines=reporting.unchanged(form))
    receivers = [one.name for one in files.behaviour.receivers]
    for name in asked.slow:
        if name not in receivers:
            raise Unknown(f"there is no receiver `{name}`", name, receivers)
    with tempfile.TemporaryDirectory(prefix="alertc-drill-", dir=guard.folder()) as folder:
        run = _play(files, asked, Path(folder))
        names = asked.scenarios or tuple(SCENARIOS)
        scenes = {name: tuple(SCENARIOS[name].scenes(run, chosen, every)) for name in names}
        left = tuple(not_played(run, scenes, chosen, own=asked.which == "named"))
        begun = time.monotonic()
        drilled = fire.drill(run.shutdown, [scene for some in scenes.values() for scene in some])
        took = time.monotonic() - begun
    routes = [(one.condition.route, True) for one in drilled]
    places = positions.locate(source.raw, source.path, routes)
    lines = {route: f"{place.path}:{place.line}" for (route, _), place in places.items()}
    report = reporting.DrillReport(
        run=run, drilled=drilled, lines=lines, seconds=took, scenarios=names, not_played=left
    )
    found = located(files.artifacts, (finding for one in drilled for finding in one.findings))
    return Outcome(
        diagnostics=(*known.notes, *formats.place(found, source)),
        sources=texts(project, source, files.artifacts),
        lines=_FORMS[form](report),
        idle=not drilled,
    )


def _chosen(project: Project, every: tuple[Condition, ...], files: Verification, asked: Asked) -> tuple[Condition, ...]:
    if asked.which == "all":
        return every
    if asked.which == "changed":
        now = changed.RenderedFiles(files=files.documents, behaviour=files.behaviour, router=files.router)
        return tuple(changed.changed(project.out, every, files.plan, now))
    known = {one.name for one in every}
    for name in asked.alerts:
        if name not in known:
            raise Unknown(f"there is no alert `{name}`", name, known)
    found = tuple(one for one in every if one.name in asked.alerts)
    return found[:1] if asked.real_time else found


def _play(files: Verification, asked: Asked, folder: Path) -> DrillRun:
    return DrillRun(
        plan=files.plan,
        artifacts=files.artifacts,
        documents=files.documents,
        behaviour=files.behaviour,
        router=files.router,
        prometheus=programs.find("prometheus"),
        alertmanager=programs.find("alertmanager"),
        scale=Scale(factor=1 if asked.real_time else asked.scale),
        at=asked.at or datetime.now(timezone.utc),
        seed=random.SystemRandom().randrange(10**6) if asked.seed is None else asked.seed,
        folder=folder,
        shutdown=Shutdown(),
        slow=asked.slow,
        real_time=asked.real_time,
    )


_FORMS: Mapping[str, Callable[[reporting.DrillReport], tuple[str, ...]]] = {
    "text": lambda report: tuple(reporting.text(report)),
    "json": lambda report: tuple(reporting.data(report).split("\n")),
    "junit": lambda report: tuple(reporting.junit(report).split("\n")),
}
