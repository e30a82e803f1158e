"""`alertc drill`: run the rendered files on a real Prometheus and Alertmanager, and compare predicted with observed."""

from __future__ import annotations

import random
import tempfile
import time
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

from generator.behaviour import mounted
from generator.behaviour.documents import MalformedFile, malformed
from generator.checks.verify import in_written, located
from generator.commands.analysis import analyse
from generator.commands.project import Outcome, Project, Unanswered, Unknown, texts
from generator.diagnostics import formats
from generator.diagnostics.diagnostic import PolicyErrors
from generator.drill import changed, conditions, fire, reporting
from generator.drill.clock import Scale
from generator.drill.scenarios import SCENARIOS, not_played
from generator.drill.stage import DrillRun, Shutdown
from generator.plan import wall_clock
from generator.plan.plan import Origin
from generator.policy.kubernetes import KUBERNETES
from generator.system import guard, programs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from generator.behaviour.verification import Verification
    from generator.drill.conditions import Condition
    from generator.policy.model import Policy
    from generator.system.artifact import Artifact


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Which alerts to drill, in which scenarios, and how."""

    alerts: tuple[str, ...]
    which: Literal["named", "all", "changed"]
    scenarios: tuple[str, ...]
    """By their names; empty: all of them."""
    scale: float
    seed: int | None
    at: datetime | None
    """The time at which schedules and business hours are read; None: now."""
    slow: Mapping[str, timedelta]
    """How long receivers take to answer."""
    real_time: bool
    """One alert, with its own expression and the series of its own test, at the policy's own pace."""
    environment: str | None = None
    """The environment whose alerts fire, of several; None: the first."""


def drill(project: Project, options: Options, form: str) -> Outcome:
    """Drill and return the results in the form `text`, `json` or `junit`; a broken promise is a finding.

    Raises PolicyErrors where there is no policy to read, Unanswered where it does not compile, Unknown where it has no
    such alert, EnvironmentProblem where the programs are missing or do not start.
    """
    analysis = analyse(project, options.environment)
    source, files = analysis.source, analysis.files
    now = datetime.now(timezone.utc)
    every = conditions.conditions(files.plan, files.behaviour, files.router, files.alerts, now)
    chosen = _chosen(project, every, files, options)
    if not chosen:
        return Outcome(diagnostics=analysis.notes, sources={}, lines=reporting.unchanged(form))
    receivers = [receiver.name for receiver in files.behaviour.receivers]
    for name in options.slow:
        if name not in receivers:
            raise Unknown(f"there is no receiver `{name}`", name, receivers)
    with tempfile.TemporaryDirectory(prefix="alertc-drill-", dir=guard.folder()) as folder:
        run = _play(files, options, Path(folder))
        names = options.scenarios or tuple(SCENARIOS)
        scenes = {name: tuple(SCENARIOS[name].scenes(run, chosen, every)) for name in names}
        left = tuple(not_played(run, scenes, chosen, own=options.which == "named"))
        begun = time.monotonic()
        drilled = fire.drill(run.shutdown, [scene for group in scenes.values() for scene in group])
        took = time.monotonic() - begun
    routes = [(alert.condition.route, True) for alert in drilled]
    places = source.located(routes)
    lines = {route: f"{place.path}:{place.line}" for (route, _), place in places.items()}
    report = reporting.DrillReport(
        run=run, drilled=drilled, lines=lines, seconds=took, scenarios=names, not_played=left
    )
    broken = located(files.artifacts, (finding for alert in drilled for finding in alert.findings))
    broken = in_written(files.plan, files.artifacts, broken)
    return Outcome(
        diagnostics=(*analysis.notes, *formats.place(broken, source)),
        sources=texts(project, source, files.artifacts),
        lines=_FORMS[form](report),
        idle=not drilled,
    )


def _chosen(
    project: Project, every: tuple[Condition, ...], files: Verification, options: Options
) -> tuple[Condition, ...]:
    if options.which == "all":
        return every
    if options.which == "changed":
        now = changed.RenderedFiles(files=files.documents, behaviour=files.behaviour, router=files.router)
        return tuple(changed.changed(project.out, every, files.plan, now))
    known = {condition.name for condition in every}
    for name in options.alerts:
        if name not in known:
            if any(rule.name == name and rule.origin is Origin.NOBODY for rule in files.plan.rules):
                raise Unknown(f"nobody is told of `{name}`: there is nothing to drill", name, ())
            raise Unknown(f"there is no alert `{name}`", name, known)
    named = tuple(condition for condition in every if condition.name in options.alerts)
    return named[:1] if options.real_time else named


def _play(files: Verification, options: Options, folder: Path) -> DrillRun:
    return DrillRun(
        plan=files.plan,
        artifacts=_loaded(files),
        documents=files.documents,
        behaviour=files.behaviour,
        router=files.router,
        prometheus=programs.find("prometheus"),
        alertmanager=programs.at_least(programs.find("alertmanager"), files.plan.policy.stack.alertmanager.version),
        scale=Scale(factor=1 if options.real_time else options.scale),
        at=_moment(files.plan.policy, options.at),
        seed=random.SystemRandom().randrange(10**6) if options.seed is None else options.seed,
        folder=folder,
        shutdown=Shutdown(),
        slow=options.slow,
        real_time=options.real_time,
    )


def _loaded(files: Verification) -> tuple[Artifact, ...]:
    """Return what the servers load: where the policy writes objects of Kubernetes, what the operator mounts of them."""
    if KUBERNETES not in files.plan.policy.targets:
        return files.artifacts
    try:
        return mounted.files(files.artifacts)
    except MalformedFile as error:
        raise Unanswered(Outcome(diagnostics=malformed(error, files.artifacts).diagnostics, sources={})) from None
    except PolicyErrors as refused:
        raise Unanswered(Outcome(diagnostics=refused.diagnostics, sources={})) from None


def _moment(policy: Policy, at: datetime | None) -> datetime:
    """Return when the drill takes place; a time without a zone is meant in that of the calendar."""
    if at is None or at.tzinfo is not None:
        return at or datetime.now(timezone.utc)
    return wall_clock.instant(at, ZoneInfo(policy.calendar.timezone if policy.calendar else "UTC"))


_FORMS: Mapping[str, Callable[[reporting.DrillReport], tuple[str, ...]]] = {
    "text": lambda report: tuple(reporting.text(report)),
    "json": lambda report: tuple(reporting.data(report).split("\n")),
    "junit": lambda report: tuple(reporting.junit(report).split("\n")),
}
