"""The commands that answer a question about a policy."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from generator.cli.options import (
    alert_options,
    complete,
    complete_code,
    environment_option,
    moment,
    out_option,
    policy_option,
    templates_option,
    text_or_json,
)
from generator.cli.running import alertc, run

if TYPE_CHECKING:
    from datetime import date, datetime


@alertc.command(short_help="Say who is told of ALERT, when at the latest, by what.")
@alert_options("Explain any label set, known or not.")
@text_or_json
def explain(
    alert: str | None,
    service: str | None,
    labels: dict[str, str],
    environment: str | None,
    policy: Path | None,
    templates: Path,
    form: str,
) -> int:
    """Say who is told of ALERT, when at the latest, through what, and what could silence it."""
    if not alert and not labels:
        raise click.UsageError("name an alert, or a label set with --labels severity=P1,service=x")
    from generator.commands.analysis import Query
    from generator.commands.explain import explain as command

    query = Query(alert=alert, service=service, labels=labels, environment=environment)
    return run(lambda project: command(project, query, form), policy, Path("out"), templates, "text", "explaining")


@alertc.command(short_help="Draw who is told of ALERT, or the whole tree of routes.")
@alert_options("The routes of any label set, known or not.")
def graph(
    alert: str | None,
    service: str | None,
    labels: dict[str, str],
    environment: str | None,
    policy: Path | None,
    templates: Path,
) -> int:
    """Draw who is told of ALERT, or the whole tree of routes: who is told of what, who is paged after whom."""
    from generator.commands.analysis import Query
    from generator.commands.graph import graph as command

    query = Query(alert=alert, service=service, labels=labels, environment=environment)
    return run(lambda project: command(project, query), policy, Path("out"), templates, "text", "drawing")


@alertc.command(short_help="Say what changed since OLD: who is told, when, by what.")
@click.argument("old", default="git:HEAD")
@click.option("--to", "new", metavar="REV|FILE", help="What OLD is compared with; the working tree by default.")
@click.option("--fail-on", type=click.Choice(["weaker"]), help="Exit with 1 where a change makes the policy weaker.")
@policy_option
@out_option
@templates_option
@click.option(
    "--format",
    "form",
    default="text",
    show_default=True,
    type=click.Choice(["text", "markdown", "json", "github", "sarif"]),
)
def diff(
    old: str, new: str | None, fail_on: str | None, policy: Path | None, out: Path, templates: Path, form: str
) -> int:
    """Say what changed since OLD for those who are told: who, when at the latest, through what, silenced by what.

    OLD is a revision of git, a policy, or a folder of generated files. What is both is an error: git:OLD is the
    revision, ./OLD the file.
    """
    from generator.commands.diff import Options, compares_files
    from generator.commands.diff import diff as command
    from generator.system.today import today

    options = Options(old=old, new=new, form=form, fail_on_weaker=fail_on == "weaker", today=today())
    # Of two policies in policy/ none need be chosen where both are named as sides.
    policy = policy or (Path(new) if new and compares_files(options) else None)
    finding_form = form if form in ("github", "sarif") else "text"
    return run(lambda project: command(project, options), policy, out, templates, finding_form, "comparing")


@alertc.command(short_help="Name the people whom a page reaches, step by step.")
@click.argument("severity", shell_complete=complete("severities"))
@click.argument("service", shell_complete=complete("services"))
@click.option("--at", callback=moment, metavar="TIME", help="When the first page comes; now by default.")
@environment_option
@policy_option
@text_or_json
def who(
    severity: str, service: str, at: datetime | None, environment: str | None, policy: Path | None, form: str
) -> int:
    """Say whom a page of SEVERITY of SERVICE reaches, step by step: names, from the schedules.

    A TIME like "2026-12-24 03:00" is meant in the calendar's time zone, unless it says its own: 2026-12-24T03:00+01:00.
    """
    from generator.commands.who import Query
    from generator.commands.who import who as command

    query = Query(severity=severity, service=service, at=at, environment=environment)
    return run(lambda project: command(project, query, form), policy, Path("out"), None, "text", "looking it up")


def _day(_context: click.Context, _option: click.Parameter, written: str | None) -> date | None:
    """Return the day in `2026-12-24`, None where the option is not used; years are limited to 2000 to 2199."""
    from datetime import date

    if written is None:
        return None
    try:
        day = date.fromisoformat(written)
    except ValueError:
        raise click.BadParameter(f"`{written}` is not a day; write 2026-12-24") from None
    if not 2000 <= day.year <= 2199:
        raise click.BadParameter(f"the year of {written} is not between 2000 and 2199")
    return day


def _link(_context: click.Context, _option: click.Parameter, written: str) -> str:
    """Return the template of a link; raises BadParameter where it is not a URL of http or https with {line} in it."""
    if written and not (written.startswith(("https://", "http://")) and "{line}" in written):
        raise click.BadParameter("write it like https://git.example/blob/main/{path}#L{line}")
    return written


@alertc.command(short_help="Write one HTML page: promises, people, alerts.")
@click.option(
    "--output",
    default="report.html",
    show_default=True,
    type=click.Path(path_type=Path),
    help="The file to write; - prints it.",
)
@click.option(
    "--from", "begin", callback=_day, metavar="DATE", help="First day of the calendar; this Monday by default."
)
@click.option("--against", metavar="REV|FILE", help="Say what changed since a revision, a policy or a folder of files.")
@click.option("--drill", type=click.Path(path_type=Path), help="What `alertc drill --format json` printed, beside it.")
@click.option("--link", default="", callback=_link, metavar="URL", help="Link lines: .../blob/main/{path}#L{line}.")
@environment_option
@policy_option
@out_option
@templates_option
def report(
    output: Path,
    begin: date | None,
    against: str | None,
    drill: Path | None,
    link: str,
    environment: str | None,
    policy: Path | None,
    out: Path,
    templates: Path,
) -> int:
    """Write one HTML page: the promise, who is paged when, who is on call, what is watched, every alert.

    It needs no network and no other file, and reads on a phone, on paper and with a screen reader.
    """
    from datetime import datetime, timezone

    from generator.commands.report import Options
    from generator.commands.report import report as command

    options = Options(
        output=output,
        begin=begin,
        now=datetime.now(timezone.utc),
        against=against,
        drill=drill,
        link=link,
        environment=environment,
    )
    return run(lambda project: command(project, options), policy, out, templates, "text", "writing")


@alertc.command(short_help="Print the JSON Schema of the policy, or its reference.")
@click.option("--format", "form", default="json", show_default=True, type=click.Choice(["json", "markdown"]))
def schema(form: str) -> None:
    """Print the JSON Schema of the policy, or its reference for people."""
    from generator.commands import reference
    from generator.policy import schema as policy_schema

    click.echo(policy_schema.text() if form == "json" else reference.markdown(), nl=False)


@alertc.command(short_help="Print what makes SHELL complete options and names.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print what makes SHELL complete commands, options and the names of alerts; it says where to put it."""
    from click.shell_completion import BashComplete, FishComplete, ZshComplete

    kinds = {"bash": BashComplete, "zsh": ZshComplete, "fish": FishComplete}
    where = {
        "bash": 'eval "$(alertc completion bash)"  in ~/.bashrc',
        "zsh": 'eval "$(alertc completion zsh)"  in ~/.zshrc, after compinit',
        "fish": "alertc completion fish > ~/.config/fish/completions/alertc.fish",
    }
    script = kinds[shell](alertc, {}, "alertc", "_ALERTC_COMPLETE").source()
    click.echo(f"# Completion of alertc for {shell}. To have it always:\n#   {where[shell]}\n{script}")


@alertc.command("explain-code", short_help="Say what the CODE of a finding means, and what to do.")
@click.argument("code", shell_complete=complete_code)
def explain_code(code: str) -> None:
    """Say what CODE, the SLA201 of a finding, stands for, why it is said, and what to do about it."""
    from generator.commands.explain_code import explain_code as command
    from generator.commands.project import Unknown

    try:
        click.echo(command(code))
    except Unknown as unknown:
        raise click.UsageError(str(unknown)) from None
