"""The command that judges files which alertc did not write."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from generator.cli import streams
from generator.cli.running import CLEAN, ENVIRONMENT, FINDINGS, alertc, progress, say
from generator.cli.servers import addresses, credentials, timeout_option
from generator.diagnostics.quoting import printable

if TYPE_CHECKING:
    from generator.commands.audit import Answer


def address(context: click.Context, option: click.Parameter, url: str | None) -> str | None:
    """Return the address of a server."""
    return addresses(context, option, (url,))[0] if url else None


_PATH = click.Path(path_type=Path, allow_dash=True)


def _file(_context: click.Context, _option: click.Parameter, path: Path | None) -> Path | None:
    """Return the file of a page; raises BadParameter where it is standard output, which has the answer."""
    from generator.report.output import is_stdout

    if path is not None and is_stdout(path):
        raise click.BadParameter("standard output has the answer; name a file")
    return path


@alertc.command(short_help="Say what rules and routes of others do.")
@click.argument("more_rules", nargs=-1, type=_PATH, metavar="[RULES]...")
@click.option("--rules", multiple=True, type=_PATH, help="A file or folder of rules; more can follow: `--rules *.yml`.")
@click.option("--alertmanager", multiple=True, type=_PATH, help="The configuration; once for each file of it.")
@click.option("--promise", type=click.Path(path_type=Path), help="What is promised; a policy will do.")
@click.option("--print-promise", is_flag=True, help="Print the promise that is taken without --promise.")
@click.option("--pagerduty", type=click.Path(path_type=Path), help="Services and escalation policies, as JSON.")
@click.option("--prometheus", metavar="URL", callback=address, help="A Prometheus that says what the series have.")
@credentials
@timeout_option(30.0)
@click.option("--alert", help="Say all about this alert.")
@click.option(
    "--format",
    "form",
    default="text",
    show_default=True,
    type=click.Choice(["text", "json", "markdown", "sarif"]),
)
@click.option(
    "--fail-on",
    default="error",
    show_default=True,
    type=click.Choice(["error", "warning", "note"]),
    help="Exit with 1 where a finding is as bad as that.",
)
@click.option("--report", type=click.Path(path_type=Path), callback=_file, help="Write one HTML page, too.")
def audit(
    more_rules: tuple[Path, ...],
    rules: tuple[Path, ...],
    alertmanager: tuple[Path, ...],
    promise: Path | None,
    print_promise: bool,
    pagerduty: Path | None,
    prometheus: str | None,
    headers: dict[str, str],
    token: dict[str, str],
    timeout: float,
    alert: str | None,
    form: str,
    fail_on: str,
    report: Path | None,
) -> int:
    """Say of each alert of --rules who is told, at the latest when, and what silences it, as --alertmanager has it.

    Nothing needs to be migrated. Exit codes: 0 clean, 1 findings, 2 wrong usage, 3 where nothing could be read.
    """
    from generator.audit import promise as promises

    if print_promise:
        click.echo(promises.DEFAULT, nl=False)
        return CLEAN
    if not (rules or more_rules) or not alertmanager:
        raise click.UsageError("name rules and a configuration: --rules PATH --alertmanager FILE")
    from generator.commands import audit as command
    from generator.commands.project import Outcome, Unknown
    from generator.diagnostics.diagnostic import PolicyErrors

    question = command.Question(
        rules=tuple(map(str, (*rules, *more_rules))),
        alertmanager=tuple(map(str, alertmanager)),
        promise=promise,
        pagerduty=pagerduty,
        prometheus=prometheus,
        headers={**headers, **token},
        limit=timeout,
    )
    try:
        with progress("reading"):
            found = command.ask(question)
        if report and command.reads(found, question, report):
            raise click.BadParameter("it is one of the files that are audited; name another", param_hint="'--report'")
        answer = command.answer(found, form, alert)
    except PolicyErrors as refused:
        say(Outcome(diagnostics=refused.diagnostics, sources=refused.sources), "text")
        return ENVIRONMENT
    except Unknown as unknown:
        raise click.UsageError(str(unknown)) from None
    for piece in answer.pieces:
        click.echo(piece, nl=False)
    if alert is not None:
        return CLEAN
    if form == "text":
        _findings(answer)
    if not answer.alerts:
        return ENVIRONMENT
    if report:
        click.echo(printable(command.report(found, report, defaults=promise is None)), err=True)
    return FINDINGS if command.fails(answer, fail_on) else CLEAN


def _findings(answer: Answer) -> None:
    from generator.commands import audit as command
    from generator.diagnostics import formats

    blocks = command.blocks(answer, color=streams.in_color(sys.stdout))
    click.echo(f"\n{blocks}\n{formats.summary(answer.findings)}" if blocks else "\nnothing found")
