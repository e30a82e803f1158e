"""`alertc report`: write one HTML page that shows what the policy promises and what its files do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from generator.commands.analysis import analyse
from generator.commands.diff import compared
from generator.commands.project import Outcome, Unknown
from generator.report import calendar, changed, drilled, output, write
from generator.report.page import page

if TYPE_CHECKING:
    from datetime import date, datetime
    from pathlib import Path

    from generator.commands.project import Project
    from generator.report.drilled import Drill


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the page shows, and where it is written."""

    output: Path
    begin: date | None
    """The first day of the on-call calendar; None: the Monday of this week."""
    now: datetime
    against: str | None
    """A revision, a policy or a folder of files that it is compared with."""
    drill: Path | None
    """A file that `alertc drill --format json` printed."""
    link: str
    """The template of a link to a line of the policy; empty: places are plain text."""
    environment: str | None
    """The environment that is shown, of several; None: the first."""


def report(project: Project, options: Options) -> Outcome:
    """Write the page; where it goes to standard output, the outcome holds it.

    Raises PolicyErrors where there is no policy to read, Unanswered where it does not compile, Unknown where the drill
    is none or where there is no such revision, EnvironmentProblem where the page cannot be written.
    """
    drill = _drill(options.drill) if options.drill else None
    analysis = analyse(project, options.environment)
    changes = None
    if options.against is not None:
        comparison = compared(project, options.against, None, options.now.date())
        changes = changed.changed(comparison.changes, comparison.places, options.link)
    verified = analysis.files
    shown = page(
        verified.plan,
        verified.behaviour,
        verified.router,
        verified.alerts,
        analysis.source,
        begin=options.begin or calendar.monday(options.now, verified.plan.policy),
        link=options.link,
        changed=changes,
        drill=drill,
        every=analysis.every,
    )
    html = write.html(shown)
    if output.is_stdout(options.output):
        return Outcome(diagnostics=analysis.notes, sources={}, lines=tuple(html.rstrip("\n").split("\n")))
    line = output.save(html, options.output, "--output")
    return Outcome(diagnostics=analysis.notes, sources={}, lines=(line,))


def _drill(path: Path) -> Drill:
    try:
        return drilled.drill(path.read_bytes())
    except OSError as error:
        raise Unknown(f"cannot read {path}: {error.strerror}", "", ()) from None
    except drilled.NoDrill as fault:
        raise Unknown(f"{path} is not what `alertc drill --format json` prints: {fault}", "", ()) from None
