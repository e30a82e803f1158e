"""The command line: parse, call, print, exit code.

Commands import what they need when they are called, so that `alertc --help` answers at once.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import traceback
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

import click

from generator import __version__
from generator.diagnostics import Unready

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import date, datetime, timedelta

    from generator.commands.completion import Kind
    from generator.commands.project import Outcome, Project

CLEAN, FINDINGS, USAGE, ENVIRONMENT = 0, 1, 2, 3
_BROKEN_PIPE, _INTERRUPTED, _TERMINATED = 128 + signal.SIGPIPE, 128 + signal.SIGINT, 128 + signal.SIGTERM


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(__version__, prog_name="alertc", message="%(prog)s %(version)s")
def alertc() -> None:
    """Compile one incident policy into alert rules, routes and escalations, and check them.

    Exit codes: 0 clean, 1 findings, 2 wrong usage, 3 something is missing on this machine.
    """


def _folder_that_was_named(context: click.Context, option: click.Parameter, folder: Path) -> Path:
    """Refuse a folder that somebody named and that is not there; the default may be missing."""
    given = context.get_parameter_source(str(option.name)) is not click.core.ParameterSource.DEFAULT
    if given and not folder.is_dir():
        raise click.BadParameter(f"there is no folder `{folder}`")
    return folder


def _project_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of every command that compiles a policy."""
    options = (
        click.argument("policy", required=False, type=click.Path(path_type=Path)),
        click.option(
            "--out", default="out", show_default=True, type=click.Path(path_type=Path), help="Generated files."
        ),
        click.option(
            "--templates",
            default="templates",
            show_default=True,
            type=click.Path(path_type=Path),
            callback=_folder_that_was_named,
            help="Templates that go before the packaged ones, file by file.",
        ),
        click.option(
            "--format",
            "form",
            default="text",
            show_default=True,
            type=click.Choice(["text", "json", "github", "sarif"]),
            help="How findings are written.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


@alertc.command()
def init() -> int:
    """Write a small policy to begin with, policy/policy.yaml. It compiles as it is."""
    from generator.commands.init import init as command
    from generator.commands.project import Outcome
    from generator.diagnostics import Refused

    try:
        outcome = Outcome(diagnostics=(), sources={}, lines=command())
    except Refused as refused:
        outcome = Outcome(diagnostics=refused.diagnostics, sources={})
    return _say(outcome, "text")


@alertc.command()
@_project_options
def render(policy: Path | None, out: Path, templates: Path, form: str) -> int:
    """Compile POLICY, check what comes out, and replace the files in out/.

    POLICY is the one file in policy/ where it is left out. Where anything is wrong, out/ stays as it is.
    """
    from generator.commands.render import render as command

    return _run(command, policy, out, templates, form, "rendering and checking")


@alertc.command()
@_project_options
@click.option("--all", "everything", is_flag=True, help="Verify again what was verified before.")
@click.option("--mutate", "mutating", is_flag=True, help="Then change each alert, to see whether its tests notice.")
def check(policy: Path | None, out: Path, templates: Path, form: str, everything: bool, mutating: bool) -> int:
    """Check POLICY and what comes out, and that the files in out/ are up to date. Changes nothing.

    With --mutate, each alert loses its `for`, each of its comparisons points the other way, and each threshold is
    moved up and down by half: a fault that the tests of the alert do not notice is an error.
    """
    from generator.commands.check import check as checked
    from generator.commands.check import check_all

    command = check_all if everything else checked
    if not mutating:
        return _run(command, policy, out, templates, form, "checking")
    from generator.commands.mutate import mutate

    return _run(lambda project: mutate(project, command(project)), policy, out, templates, form, "checking")


def _complete(kind: Kind) -> Callable[..., list[str]]:
    """Return what completes the names of a kind while somebody types."""

    def complete(_context: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
        from generator.commands import completion

        return list(completion.names(kind, begun))

    return complete


def _complete_code(_context: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
    from generator.commands import completion

    return list(completion.codes(begun))


def _labels(_context: click.Context, _option: click.Parameter, written: str | None) -> dict[str, str]:
    """Return the labels in `severity=P1,service=x`."""
    pairs = [pair.partition("=") for pair in (written or "").split(",") if pair.strip()]
    for name, equals, _ in pairs:
        if not equals or not name.strip():
            raise click.BadParameter(f"`{name}` is no label; write severity=P1,service=x")
    return {name.strip(): value.strip().strip('"') for name, _, value in pairs}


@alertc.command()
@_project_options
def watch(policy: Path | None, out: Path, templates: Path, form: str) -> int:
    """Render again whenever POLICY or a template is saved, until Ctrl-C."""
    from generator.commands.watch import watch as command

    def last(project: Project) -> Outcome:
        for outcome in command(project):
            _say(outcome, form)
        raise AssertionError("only an interrupt ends it")

    return _run(last, policy, out, templates, form, "")


@alertc.command()
@click.argument("policy", required=False, type=click.Path(path_type=Path))
@click.option("--check", "checking", is_flag=True, help="Show what would change, and change nothing.")
def fmt(policy: Path | None, checking: bool) -> int:
    """Give POLICY its canonical layout. Comments, order and words stay, and what it says."""
    from generator.commands.fmt import fmt as command
    from generator.commands.fmt import fmt_check

    asked = fmt_check if checking else command
    return _run(lambda project: asked(project.policy), policy, Path("out"), None, "text", "formatting")


@alertc.command()
@click.argument("alert", required=False, shell_complete=_complete("alerts"))
@click.option(
    "--service",
    help="The service meant, where several have such an alert.",
    shell_complete=_complete("services"),
)
@click.option("--labels", callback=_labels, metavar="NAME=VALUE,...", help="Explain any label set, known or not.")
@click.option("--policy", type=click.Path(path_type=Path), help="The policy; the one file in policy/ by default.")
@click.option(
    "--templates",
    default="templates",
    show_default=True,
    type=click.Path(path_type=Path),
    callback=_folder_that_was_named,
    help="Templates that go before the packaged ones, file by file.",
)
@click.option("--format", "form", default="text", show_default=True, type=click.Choice(["text", "json"]))
def explain(
    alert: str | None,
    service: str | None,
    labels: dict[str, str],
    policy: Path | None,
    templates: Path,
    form: str,
) -> int:
    """Say who is told of ALERT, when at the latest, through what, and what could silence it."""
    if not alert and not labels:
        raise click.UsageError("name an alert, or a label set with --labels severity=P1,service=x")
    from generator.commands.explain import explain as command
    from generator.commands.understood import Asked

    asked = Asked(alert=alert, service=service, labels=labels)
    return _run(lambda project: command(project, asked, form), policy, Path("out"), templates, "text", "explaining")


@alertc.command()
@click.argument("alert", required=False, shell_complete=_complete("alerts"))
@click.option(
    "--service",
    help="The service meant, where several have such an alert.",
    shell_complete=_complete("services"),
)
@click.option("--labels", callback=_labels, metavar="NAME=VALUE,...", help="The routes of any label set, known or not.")
@click.option("--policy", type=click.Path(path_type=Path), help="The policy; the one file in policy/ by default.")
@click.option(
    "--templates",
    default="templates",
    show_default=True,
    type=click.Path(path_type=Path),
    callback=_folder_that_was_named,
    help="Templates that go before the packaged ones, file by file.",
)
@click.option("--format", "form", default="mermaid", show_default=True, type=click.Choice(["mermaid", "svg"]))
def graph(
    alert: str | None,
    service: str | None,
    labels: dict[str, str],
    policy: Path | None,
    templates: Path,
    form: str,
) -> int:
    """Draw who is told of ALERT, or the whole tree of routes: who is told of what, who is paged after whom."""
    from generator.commands.graph import graph as command
    from generator.commands.understood import Asked

    asked = Asked(alert=alert, service=service, labels=labels)
    return _run(lambda project: command(project, asked, form), policy, Path("out"), templates, "text", "drawing")


@alertc.command()
@click.argument("old", default="HEAD")
@click.option("--to", "new", metavar="REV|FILE", help="What OLD is compared with; the working tree by default.")
@click.option("--fail-on", type=click.Choice(["weaker"]), help="Exit with 1 where a change makes the policy weaker.")
@click.option("--policy", type=click.Path(path_type=Path), help="The policy; the one file in policy/ by default.")
@click.option("--out", default="out", show_default=True, type=click.Path(path_type=Path), help="Generated files.")
@click.option(
    "--templates",
    default="templates",
    show_default=True,
    type=click.Path(path_type=Path),
    callback=_folder_that_was_named,
    help="Templates that go before the packaged ones, file by file.",
)
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

    OLD is a revision of git, a policy, or a folder of generated files.
    """
    from datetime import datetime, timezone

    from generator.commands.diff import Asked
    from generator.commands.diff import diff as command

    today = datetime.now(timezone.utc).date()
    asked = Asked(old=old, new=new, form=form, fail_on_weaker=fail_on == "weaker", today=today)
    said = form if form in ("github", "sarif") else "text"
    return _run(lambda project: command(project, asked), policy, out, templates, said, "comparing")


@alertc.command()
@click.argument("file", type=click.Path(path_type=Path))
def comment(file: Path) -> None:
    """Keep FILE, written by `alertc diff --format markdown`, as one comment on the pull request of this job.

    In GitHub Actions it needs GITHUB_TOKEN, in GitLab CI ALERTC_GITLAB_TOKEN.
    """
    from generator.commands.comment import NoComment
    from generator.commands.comment import comment as command

    try:
        click.echo(command(file))
    except NoComment as wrong:
        raise click.UsageError(str(wrong)) from None


def _moment(_context: click.Context, _option: click.Parameter, written: str | None) -> datetime | None:
    """Return the time in `2026-12-24 03:00`, None where none is given."""
    from generator.commands.who import moment

    try:
        return moment(written) if written is not None else None
    except ValueError as wrong:
        raise click.BadParameter(str(wrong)) from None


@alertc.command()
@click.argument("severity", shell_complete=_complete("severities"))
@click.argument("service", shell_complete=_complete("services"))
@click.option("--at", callback=_moment, metavar="TIME", help="When the first page comes; now by default.")
@click.option("--policy", type=click.Path(path_type=Path), help="The policy; the one file in policy/ by default.")
@click.option("--format", "form", default="text", show_default=True, type=click.Choice(["text", "json"]))
def who(severity: str, service: str, at: datetime | None, policy: Path | None, form: str) -> int:
    """Say whom a page of SEVERITY of SERVICE reaches, step by step: names, from the schedules.

    A TIME like "2026-12-24 03:00" is meant in the calendar's time zone, unless it says its own: 2026-12-24T03:00+01:00.
    """
    from generator.commands.who import Asked
    from generator.commands.who import who as command

    asked = Asked(severity=severity, service=service, at=at)
    return _run(lambda project: command(project, asked, form), policy, Path("out"), None, "text", "looking it up")


def _addresses(_context: click.Context, _option: click.Parameter, urls: tuple[str, ...]) -> tuple[str, ...]:
    """Return the addresses of servers, each once."""
    from generator.live.web import valid

    try:
        return tuple(dict.fromkeys(valid(url) for url in urls))
    except ValueError as wrong:
        raise click.BadParameter(str(wrong)) from None


def _headers(_context: click.Context, option: click.Parameter, file: Path | None) -> dict[str, str]:
    """Return the headers that a file holds; nothing of it is ever shown."""
    from generator.commands import verify_live

    if file is None:
        return {}
    try:
        text = file.read_text(encoding="utf-8")
        return dict(verify_live.token(text) if option.name == "token" else verify_live.headers(text))
    except OSError as error:
        raise click.BadParameter(f"`{file}` cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise click.BadParameter(f"`{file}` is no text") from None
    except ValueError as wrong:
        raise click.BadParameter(f"`{file}`: {wrong}") from None


@alertc.command("verify-live")
@_project_options
@click.option("--prometheus", multiple=True, metavar="URL", callback=_addresses, help="A Prometheus; once for each.")
@click.option("--alertmanager", multiple=True, metavar="URL", callback=_addresses, help="An Alertmanager, the same.")
@click.option(
    "--header-file",
    "headers",
    type=click.Path(path_type=Path),
    callback=_headers,
    help="Lines `Name: value` that are sent to each of them.",
)
@click.option(
    "--token-file", "token", type=click.Path(path_type=Path), callback=_headers, help="A bearer token for each of them."
)
@click.option(
    "--timeout",
    default=30.0,
    show_default=True,
    type=click.FloatRange(min=0.1, max=3600),
    help="Seconds that an answer may take.",
)
def verify_live(
    policy: Path | None,
    out: Path,
    templates: Path,
    form: str,
    prometheus: tuple[str, ...],
    alertmanager: tuple[str, ...],
    headers: dict[str, str],
    token: dict[str, str],
    timeout: float,
) -> int:
    """Compare what runs with POLICY and what comes out of it, and say which promises no longer hold. Changes nothing.

    Asks each server named with --prometheus and --alertmanager through its API.
    """
    if not prometheus and not alertmanager:
        raise click.UsageError("name a server: --prometheus http://..., --alertmanager http://...")
    from generator.commands.verify_live import Asked
    from generator.commands.verify_live import verify_live as command

    asked = Asked(prometheus=prometheus, alertmanagers=alertmanager, headers={**headers, **token}, limit=timeout)
    return _run(lambda project: command(project, asked), policy, out, templates, form, "asking the servers")


@alertc.group()
def pagerduty() -> None:
    """Make PagerDuty as the policy says, and say what is otherwise there.

    The API key is read from PAGERDUTY_API_KEY, or from the file that --key-file names. Docs: docs/pagerduty.md.
    """


def _pagerduty_access(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of every command that talks to PagerDuty."""
    options = (
        click.argument("policy", required=False, type=click.Path(path_type=Path)),
        click.option(
            "--templates",
            default="templates",
            show_default=True,
            type=click.Path(path_type=Path),
            callback=_folder_that_was_named,
            help="Templates that go before the packaged ones, file by file.",
        ),
        click.option(
            "--key-file",
            type=click.Path(path_type=Path),
            help="The file that holds the API key; else PAGERDUTY_API_KEY.",
        ),
        click.option(
            "--region",
            type=click.Choice(["us", "eu"]),
            help="Where the account is; else PAGERDUTY_SERVICE_REGION, else us.",
        ),
        click.option(
            "--keys",
            type=click.Path(path_type=Path, file_okay=False),
            help="Where Alertmanager's key files lie on this machine; by default where alertmanager.yml says.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def _pagerduty_choices(command: Callable[..., Any]) -> Callable[..., Any]:
    """What may be done beyond creating and updating what is ours."""
    prune = click.option("--prune", is_flag=True, help="Delete what is ours and no longer in the policy.")
    adopt = click.option("--adopt", is_flag=True, help="Take over what has a name of ours and is not ours.")
    return adopt(prune(command))


@pagerduty.command(name="plan")
@_pagerduty_access
@_pagerduty_choices
@click.option("--format", "form", default="text", show_default=True, type=click.Choice(["text", "json"]))
def pagerduty_plan(policy: Path | None, templates: Path, form: Any, **asked: Any) -> int:
    """Say what apply would change in PagerDuty: names and fields, and who goes on call. Changes nothing."""
    from generator.commands import pagerduty as commands

    what = commands.asked(**asked)
    return _run(lambda project: commands.plan(project, what, form), policy, Path("out"), templates, "text", "asking")


@pagerduty.command(name="apply")
@_pagerduty_access
@_pagerduty_choices
@click.option("--yes", is_flag=True, help="Do not ask.")
def pagerduty_apply(policy: Path | None, templates: Path, yes: bool, **asked: Any) -> int:
    """Make PagerDuty as POLICY says: says what it will do and who goes on call, asks, and does it.

    Where it is interrupted, run it again: it finds what is there and does the rest.
    """
    from generator.commands import pagerduty as commands
    from generator.report import printable

    what = commands.asked(**asked)
    agreed = _agreed if not yes else lambda _question: True
    if not yes and not sys.stdin.isatty():
        raise click.UsageError("apply asks before it changes anything, and nobody is here to answer; --yes agrees")
    return _run(
        lambda project: commands.apply(project, what, lambda line: click.echo(printable(line)), agreed),
        policy,
        Path("out"),
        templates,
        "text",
        "",
    )


@pagerduty.command(name="drift")
@_pagerduty_access
@click.option("--format", "form", default="text", show_default=True, type=click.Choice(["text", "json"]))
def pagerduty_drift(policy: Path | None, templates: Path, form: Any, **asked: Any) -> int:
    """Say what somebody changed in PagerDuty by hand, and who would not be called or notified at once.

    Exit code 1 where anything is otherwise than POLICY says. Changes nothing.
    """
    from generator.commands import pagerduty as commands

    what = commands.asked(**asked, adopt=True)
    return _run(lambda project: commands.drift(project, what, form), policy, Path("out"), templates, "text", "asking")


def _agreed(question: str) -> bool:
    return click.confirm(question)


def _slow(_context: click.Context, _option: click.Parameter, written: tuple[str, ...]) -> dict[str, timedelta]:
    """Return how long each receiver takes to answer in `incident-room=30s`."""
    from generator import duration

    found = {}
    for one in written:
        name, _, length = one.partition("=")
        try:
            found[name] = duration.parse(length)
        except ValueError:
            raise click.BadParameter(f"`{one}` is no receiver with a time; write incident-room=30s") from None
    return found


def _scenarios(_context: click.Context, _option: click.Parameter, written: tuple[str, ...]) -> tuple[str, ...]:
    """Return the scenarios, which are known only where somebody asks."""
    from generator.drill.scenarios import SCENARIOS
    from generator.suggest import did_you_mean

    for name in written:
        if name not in SCENARIOS:
            meant = did_you_mean(name, SCENARIOS)
            tip = f"did you mean `{meant}`?" if meant else f"there are {', '.join(SCENARIOS)}"
            raise click.BadParameter(f"there is no scenario `{name}`; {tip}")
    return written


@alertc.command()
@click.argument("alerts", nargs=-1, metavar="[ALERT]...")
@click.option("--all", "everything", is_flag=True, help="Drill every alert.")
@click.option("--changed", is_flag=True, help="Drill what differs from the out/ of git's HEAD.")
@click.option(
    "--scenario",
    "scenarios",
    multiple=True,
    default=["page-and-escalate"],
    show_default=True,
    callback=_scenarios,
    metavar="NAME",
    help="What is to happen; docs/drill.md lists the scenarios.",
)
@click.option("--all-scenarios", "thoroughly", is_flag=True, help="Play every scenario.")
@click.option("--slow", multiple=True, callback=_slow, metavar="RECEIVER=TIME", help="Let a receiver answer so late.")
@click.option("--scale", type=click.FloatRange(1, 60), default=15, show_default=True, help="How many times as fast.")
@click.option("--real-time", is_flag=True, help="One alert: its own expression, its own test's series, no scale.")
@click.option("--seed", type=click.IntRange(0), help="Of the phases, which are drawn before the run; printed.")
@click.option("--at", callback=_moment, metavar="TIME", help="When it happens by the schedules; now by default.")
@click.option("--policy", type=click.Path(path_type=Path), help="The policy; the one file in policy/ by default.")
@click.option(
    "--templates",
    default="templates",
    show_default=True,
    type=click.Path(path_type=Path),
    callback=_folder_that_was_named,
    help="Templates that go before the packaged ones, file by file.",
)
@click.option("--format", "form", default="text", show_default=True, type=click.Choice(["text", "json", "junit"]))
def drill(
    alerts: tuple[str, ...],
    everything: bool,
    changed: bool,
    scenarios: tuple[str, ...],
    thoroughly: bool,
    slow: dict[str, timedelta],
    scale: float,
    real_time: bool,
    seed: int | None,
    at: datetime | None,
    policy: Path | None,
    templates: Path,
    form: str,
) -> int:
    """Let each ALERT fire on a real Prometheus and a real Alertmanager, and see who is told when.

    They run on this machine with the rendered files, faster than the policy by a scale; whom they call is played
    here, PagerDuty and its escalation too. Prints what was predicted beside what was observed; exit code 1 where
    that breaks a promise.
    """
    if sum((bool(alerts), everything, changed)) != 1:
        raise click.UsageError("name alerts, or say --all, or --changed")
    if real_time and (len(alerts) != 1 or thoroughly or scenarios != ("page-and-escalate",)):
        raise click.UsageError("--real-time drills one alert, named, and only that a page escalates")
    from generator.commands.drill import Asked
    from generator.commands.drill import drill as command

    asked = Asked(
        alerts=alerts,
        which="all" if everything else "changed" if changed else "named",
        scenarios=() if thoroughly else scenarios,
        scale=scale,
        seed=seed,
        at=at,
        slow=slow,
        real_time=real_time,
    )
    return _run(lambda project: command(project, asked, form), policy, Path("out"), templates, "text", "drilling")


def _day(_context: click.Context, _option: click.Parameter, written: str | None) -> date | None:
    """Return the day in `2026-12-24`, None where none is given."""
    from datetime import date

    try:
        return date.fromisoformat(written) if written is not None else None
    except ValueError:
        raise click.BadParameter(f"`{written}` is no day; write 2026-12-24") from None


def _link(_context: click.Context, _option: click.Parameter, written: str) -> str:
    """Return the template of a link; only pages of the web are linked."""
    if written and not (written.startswith(("https://", "http://")) and "{line}" in written):
        raise click.BadParameter("write it like https://git.example/blob/main/{path}#L{line}")
    return written


@alertc.command()
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
@click.option("--policy", type=click.Path(path_type=Path), help="The policy; the one file in policy/ by default.")
@click.option("--out", default="out", show_default=True, type=click.Path(path_type=Path), help="Generated files.")
@click.option(
    "--templates",
    default="templates",
    show_default=True,
    type=click.Path(path_type=Path),
    callback=_folder_that_was_named,
    help="Templates that go before the packaged ones, file by file.",
)
def report(
    output: Path,
    begin: date | None,
    against: str | None,
    drill: Path | None,
    link: str,
    policy: Path | None,
    out: Path,
    templates: Path,
) -> int:
    """Write one HTML page: the promise, who is paged when, who is on call, what is watched, every alert.

    It needs no network and no other file, and reads on a phone, on paper and with a screen reader.
    """
    from datetime import datetime, timezone

    from generator.commands.report import Asked
    from generator.commands.report import report as command

    asked = Asked(output=output, begin=begin, now=datetime.now(timezone.utc), against=against, drill=drill, link=link)
    return _run(lambda project: command(project, asked), policy, out, templates, "text", "writing")


@alertc.command()
@click.option("--format", "form", default="json", show_default=True, type=click.Choice(["json", "markdown"]))
def schema(form: str) -> None:
    """Print the JSON Schema of the policy, or its reference for people."""
    from generator import reference
    from generator import schema as policy_schema

    click.echo(policy_schema.text() if form == "json" else reference.markdown(), nl=False)


@alertc.command()
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


@alertc.command("explain-code")
@click.argument("code", shell_complete=_complete_code)
def explain_code(code: str) -> None:
    """Say what CODE, the SLA201 of a finding, stands for, why it is said, and what to do about it."""
    from generator.commands.explain_code import explain_code as command
    from generator.commands.project import Unknown

    try:
        click.echo(command(code))
    except Unknown as unknown:
        raise click.UsageError(str(unknown)) from None


@alertc.command()
@click.option("--fetch", is_flag=True, help="Fetch promtool and amtool where they are missing (Debian's packages).")
@click.option(
    "--generation", "generations", multiple=True, metavar="SUITE", help="Fetch the programs of this Debian suite."
)
def tools(fetch: bool, generations: tuple[str, ...]) -> None:
    """Say which promtool and amtool are used, and fetch them.

    The first that is set decides: ALERTC_PROMTOOL and ALERTC_AMTOOL (a program), ALERTC_GENERATION (a Debian suite
    fetched with --generation), the PATH, what --fetch unpacked into the cache (ALERTC_CACHE, else ~/.cache/alertc).
    """
    from generator.commands import tools as command

    for suite in generations:
        click.echo(f"fetching Debian's programs of {suite} ...", err=True)
        click.echo(command.fetch(suite))
    for own in command.suites_to_fetch() if fetch else ():
        click.echo("fetching promtool and amtool (Debian's packages) ...", err=True)
        command.fetch(own)
    if fetch or not generations:
        click.echo(command.table())


def _run(
    command: Callable[[Project], Outcome],
    policy: Path | None,
    out: Path,
    templates: Path | None,
    form: str,
    doing: str,
) -> int:
    """Run a command over a project and write what it found."""
    from generator.commands.project import Outcome, Project, Unanswered, Unknown, find_policy
    from generator.diagnostics import Refused

    try:
        project = Project(policy=find_policy(policy), out=out, templates=templates)
        # What a run builds, it keeps to its end, without cycles: looking for garbage costs a quarter of a large run.
        gc.disable()
        with _progress(doing):
            outcome = command(project)
        # Nor is there any to look for as the process ends.
        gc.freeze()
    except Refused as refused:
        # There is no policy to be read; whatever is wrong in one is in the outcome, with its lines.
        outcome = Outcome(diagnostics=refused.diagnostics, sources={})
    except Unanswered as unanswered:
        outcome = unanswered.outcome
    except Unknown as unknown:
        raise click.UsageError(str(unknown)) from None
    return _say(outcome, form)


def _say(outcome: Outcome, form: str) -> int:
    """Write what a command found in the form that was asked for, and return the exit code."""
    from generator import report

    if form == "json":
        click.echo(report.to_json(outcome.diagnostics))
    elif form == "github":
        click.echo(report.to_github(outcome.diagnostics), nl=False)
    elif form == "sarif":
        from generator import sarif

        # The policy is the first text at hand; without one, what is wrong is its absence.
        policy = next(iter(outcome.sources), "policy")
        click.echo(sarif.to_sarif(outcome.diagnostics, policy, Path.cwd()), nl=False)
    elif outcome.diagnostics:
        text = report.to_text(outcome.diagnostics, outcome.sources, color=_in_color(sys.stderr))
        click.echo(f"{text.rstrip()}\n\n{report.summary(outcome.diagnostics)}", err=True)
    for line in outcome.lines:
        # A line may show a file that anybody wrote.
        click.echo(report.printable(line), err=form != "text")
    return CLEAN if outcome.clean else FINDINGS


def _in_color(stream: TextIO) -> bool:
    return stream.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"


@contextmanager
def _progress(doing: str) -> Iterator[None]:
    """Show a person what goes on, where that has a name; a file or a pipe gets nothing."""
    if not doing or not _in_color(sys.stderr):
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(f"{doing} ..."):
        yield


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    for name in (signal.SIGTERM, signal.SIGHUP):
        # As an exception, so that the programs we started are stopped and what we staged is removed.
        signal.signal(name, _terminate)
    try:
        code = alertc.main(arguments, prog_name="alertc", standalone_mode=False)
        sys.stdout.flush()
    except click.Abort:
        return _INTERRUPTED
    except click.ClickException as wrong:
        wrong.show()
        return wrong.exit_code
    except Unready as unready:
        from generator.report import printable

        click.echo(f"alertc: {printable(unready.message)}", err=True)
        if unready.help:
            click.echo(f"help: {printable(unready.help)}", err=True)
        return ENVIRONMENT
    except BrokenPipeError:
        return _reader_left()
    except SystemExit as end:
        # click turns a reader that left (`alertc ... | head -1`) into exit code 1, which is ours for findings;
        # with standalone_mode off it exits for nothing else. What remains is `_terminate`.
        if end.code == 1:
            return _reader_left()
        raise
    except MemoryError:
        click.echo("alertc: there is not enough memory\nhelp: the files in `out/` are as they were", err=True)
        return ENVIRONMENT
    except Exception as bug:
        click.echo(_bug_report(bug), err=True)
        return ENVIRONMENT
    # With standalone_mode off click returns what the command returned; only a number is an exit code.
    return code if isinstance(code, int) else CLEAN


def _terminate(signum: int, _frame: Any) -> NoReturn:
    raise SystemExit(128 + signum)


def _reader_left() -> int:
    # Python flushes stdout once more as it ends: give it somewhere to go.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return _BROKEN_PIPE


def _bug_report(bug: Exception) -> str:
    if os.environ.get("ALERTC_TRACEBACK") == "1":
        return "".join(traceback.format_exception(bug))
    package = Path(__file__).parent
    ours = [frame for frame in traceback.extract_tb(bug.__traceback__) if Path(frame.filename).is_relative_to(package)]
    where = f"generator/{Path(ours[-1].filename).relative_to(package)}:{ours[-1].lineno}"
    return (
        f"alertc: this is a bug in alertc {__version__}, not in your policy: {type(bug).__name__}: {bug} ({where})\n"
        "help: please report it with the policy that shows it; ALERTC_TRACEBACK=1 shows how it came about"
    )
