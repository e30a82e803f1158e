"""Run a command and write its outcome in the form of --format, with the exit code."""

from __future__ import annotations

import gc
import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from generator import __version__
from generator.cli import streams
from generator.diagnostics.quoting import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from generator.commands.project import Outcome, Project

CLEAN, FINDINGS, USAGE, ENVIRONMENT = 0, 1, 2, 3


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(__version__, prog_name="alertc", message="%(prog)s %(version)s")
def alertc() -> None:
    """Compile one incident policy into alert rules, routes and escalations, and check them.

    Exit codes: 0 clean, 1 findings, 2 wrong usage, 3 something is missing on this machine.
    """


def run(
    command: Callable[[Project], Outcome],
    policy: Path | None,
    out: Path,
    templates: Path | None,
    form: str,
    doing: str,
) -> int:
    """Run a command on a project, write its outcome, and return the exit code."""
    from generator.commands.project import Outcome, Project, Unanswered, Unknown, find_policy
    from generator.diagnostics.diagnostic import PolicyErrors

    try:
        project = Project(policy=find_policy(policy), out=out, templates=templates)
        with progress(doing):
            outcome = command(project)
        # Nor need anything be collected as the process ends.
        gc.freeze()
    except PolicyErrors as refused:
        # The policy could not be read; whatever is wrong in one that could is in the outcome, with its lines.
        outcome = Outcome(diagnostics=refused.diagnostics, sources=refused.sources)
    except Unanswered as unanswered:
        outcome = unanswered.outcome
    except Unknown as unknown:
        raise click.UsageError(str(unknown)) from None
    return say(outcome, form)


def say(outcome: Outcome, form: str) -> int:
    """Write an outcome in a form (`text`, `json`, `github` or `sarif`), and return the exit code."""
    from generator.diagnostics import formats

    findings = (*outcome.diagnostics, *outcome.unsaid)
    if form == "json":
        click.echo(formats.to_json(findings))
    elif form == "github":
        streams.write_commands(formats.to_github(findings, _folder_in_checkout()))
    elif form == "sarif":
        from generator.commands import sarif

        # The policy is the first text at hand; without one, what is wrong is its absence.
        policy = next(iter(outcome.sources), "policy")
        click.echo(sarif.to_sarif(findings, policy, Path.cwd()), nl=False)
    elif outcome.diagnostics:
        text = formats.to_text(outcome.diagnostics, outcome.sources, color=streams.in_color(sys.stderr))
        click.echo(f"{text.rstrip()}\n\n{formats.summary(outcome.diagnostics)}", err=True)
    for line in outcome.lines:
        # A line may show a file that anybody wrote.
        click.echo(printable(line), err=form != "text")
    code = USAGE if outcome.idle else CLEAN if outcome.clean else FINDINGS
    if form == "text" and outcome.diagnostics:
        # Findings are the answer: 0 would say that there are none.
        streams.require_heard(unless_its_reader_stays=code != CLEAN)
    return code


def _folder_in_checkout() -> str:
    """Return the path of the current folder in the repository that a job of GitHub checked out; empty elsewhere."""
    checkout, here = Path(os.environ.get("GITHUB_WORKSPACE") or os.sep).resolve(), Path.cwd()
    inside = checkout != Path(os.sep) and here.is_relative_to(checkout) and here != checkout
    return here.relative_to(checkout).as_posix() if inside else ""


@contextmanager
def progress(doing: str) -> Iterator[None]:
    """Show what goes on to a person at a terminal; a file or a pipe gets nothing, nor does work without a name."""
    if not doing or not streams.in_color(sys.stderr):
        yield
        return
    from rich.console import Console

    with Console(file=streams.terminal()).status(f"{doing} ..."):
        yield
