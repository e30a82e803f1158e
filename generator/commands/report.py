"""`alertc report`: what the policy promises and what its files do, on one page."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from generator.commands.diff import compared
from generator.commands.project import Outcome, Unknown
from generator.commands.understood import understood
from generator.diagnostics.diagnostic import EnvironmentProblem
from generator.report import calendar, changed, drilled, write
from generator.report.page import page
from generator.system import files

if TYPE_CHECKING:
    from datetime import date, datetime
    from pathlib import Path

    from generator.commands.project import Project
    from generator.report.drilled import Drill

STDOUT = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the page is to show, and where it goes."""

    output: Path
    begin: date | None
    """The first day of the on-call calendar; None: the Monday of this week."""
    now: datetime
    against: str | None
    """A revision, a policy or a folder of files that it is compared with."""
    drill: Path | None
    """What a drill printed as JSON."""
    link: str
    """The template of a link to a line of the policy; empty: places are plain text."""


def report(project: Project, asked: Asked) -> Outcome:
    """Write the page; where it goes to the terminal it is what the outcome says.

    Raises PolicyErrors where there is no policy to read, Unanswered where it does not compile, Unknown where the drill
    is none or where there is no such revision, EnvironmentProblem where the page cannot be written.
    """
    drill = _drill(asked.drill) if asked.drill else None
    known = understood(project)
    changes = None
    if asked.against is not None:
        found = compared(project, asked.against, None, asked.now.date())
        changes = changed.changed(found.changes, found.places, asked.link)
    verified = known.files
    shown = page(
        verified.plan,
        verified.behaviour,
        verified.router,
        verified.alerts,
        known.source,
        begin=asked.begin or calendar.monday(asked.now, verified.plan.policy),
        link=asked.link,
        changed=changes,
        drill=drill,
    )
    html = write.html(shown)
    if _is_stdout(asked.output):
        return Outcome(diagnostics=known.notes, sources={}, lines=tuple(html.rstrip("\n").split("\n")))
    try:
        files.write(asked.output, html.encode())
    except OSError as error:
        raise EnvironmentProblem(
            f"cannot write {asked.output}: {error.strerror}", "name another file with --output"
        ) from error
    said = f"wrote {asked.output} ({len(html.encode()) // 1024} kB)"
    return Outcome(diagnostics=known.notes, sources={}, lines=(said,))


def _is_stdout(output: Path) -> bool:
    """Return whether the page goes where we print, by whatever name: what we say would stand over its beginning."""
    if output.as_posix() == STDOUT:
        return True
    try:
        return os.path.samestat(output.stat(), os.fstat(sys.stdout.fileno()))
    except (OSError, ValueError):  # nothing there, or nothing that has a number
        return False


def _drill(path: Path) -> Drill:
    try:
        return drilled.drill(path.read_bytes())
    except OSError as error:
        raise Unknown(f"cannot read {path}: {error.strerror}", "", ()) from None
    except drilled.NoDrill as fault:
        raise Unknown(f"{path} is not what `alertc drill --format json` prints: {fault}", "", ()) from None
