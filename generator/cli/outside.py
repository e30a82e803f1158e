"""The commands that look at, or change, what is outside of this folder: servers, PagerDuty, pull requests."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from generator.cli.options import (
    environment_option,
    moment,
    policy_argument,
    policy_option,
    project_options,
    templates_option,
    text_or_json,
)
from generator.cli.running import alertc, run
from generator.cli.servers import addresses, credentials, timeout_option

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, timedelta


@alertc.command(short_help="Keep a diff as the one comment on the pull request.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--of", metavar="NAME", help="What it is about, where the pull request gets several: one for each NAME.")
@timeout_option(30.0)
def comment(file: Path, of: str | None, timeout: float) -> None:
    """Keep FILE, written by `alertc diff --format markdown`, as one comment on the pull request of this job.

    In GitHub Actions it needs GITHUB_TOKEN, in GitLab CI ALERTC_GITLAB_TOKEN.
    """
    from generator.commands.comment import NoComment
    from generator.commands.comment import comment as command

    try:
        click.echo(command(file, of, timeout))
    except NoComment as wrong:
        raise click.UsageError(str(wrong)) from None


@alertc.command("verify-live", short_help="Compare servers that run with POLICY. Changes nothing.")
@project_options
@click.option("--prometheus", multiple=True, metavar="URL", callback=addresses, help="A Prometheus; once for each.")
@click.option("--alertmanager", multiple=True, metavar="URL", callback=addresses, help="An Alertmanager, the same.")
@click.option(
    "--kubernetes", is_flag=True, help="The Prometheus operator gives the servers their files, from out/kubernetes/."
)
@environment_option
@credentials
@timeout_option(30.0)
def verify_live(
    policy: Path | None,
    out: Path,
    templates: Path,
    form: str,
    prometheus: tuple[str, ...],
    alertmanager: tuple[str, ...],
    kubernetes: bool,
    environment: str | None,
    headers: dict[str, str],
    token: dict[str, str],
    timeout: float,
) -> int:
    """Compare what runs with POLICY and what comes out of it, and say which promises no longer hold. Changes nothing.

    Asks each server named with --prometheus and --alertmanager through its API.
    """
    if not prometheus and not alertmanager:
        raise click.UsageError("name a server: --prometheus http://..., --alertmanager http://...")
    from generator.commands.verify_live import Options
    from generator.commands.verify_live import verify_live as command

    options = Options(
        prometheus=prometheus,
        alertmanagers=alertmanager,
        headers={**headers, **token},
        limit=timeout,
        environment=environment,
        kubernetes=kubernetes,
    )
    return run(lambda project: command(project, options), policy, out, templates, form, "asking the servers")


@alertc.group(short_help="Make PagerDuty match the policy; say what differs.")
def pagerduty() -> None:
    """Make PagerDuty match the policy, and say where it differs.

    The API key is read from PAGERDUTY_API_KEY, or from the file that --key-file names. Docs: docs/pagerduty.md.
    """


def _pagerduty_access(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of every command that talks to PagerDuty."""
    options = (
        policy_argument,
        templates_option,
        click.option(
            "--key-file",
            type=click.Path(path_type=Path),
            help="The file that holds the API key; else PAGERDUTY_API_KEY.",
        ),
        click.option(
            "--region",
            type=click.Choice(["us", "eu"]),
            help="Where the account is; else PAGERDUTY_SERVICE_REGION, else where the policy says.",
        ),
        click.option(
            "--keys",
            type=click.Path(path_type=Path, file_okay=False),
            help="Where Alertmanager's key files lie on this machine; by default where alertmanager.yml says.",
        ),
        timeout_option(60.0),
    )
    for option in reversed(options):
        command = option(command)
    return command


def _pagerduty_choices(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that allow more than to create and update what is ours."""
    prune = click.option("--prune", is_flag=True, help="Delete what is ours and no longer in the policy.")
    adopt = click.option("--adopt", is_flag=True, help="Take over what has a name of ours and is not ours.")
    return adopt(prune(command))


@pagerduty.command(name="plan", short_help="Say what apply would change. Changes nothing.")
@_pagerduty_access
@_pagerduty_choices
@text_or_json
def pagerduty_plan(policy: Path | None, templates: Path, form: Any, **options: Any) -> int:
    """Say what apply would change in PagerDuty: names and fields, and who goes on call. Changes nothing."""
    from generator.commands import pagerduty as commands

    what = commands.from_command_line(**options)
    return run(lambda project: commands.plan(project, what, form), policy, Path("out"), templates, "text", "asking")


@pagerduty.command(name="apply", short_help="Make PagerDuty match POLICY; asks first.")
@_pagerduty_access
@_pagerduty_choices
@click.option("--yes", is_flag=True, help="Do not ask.")
def pagerduty_apply(policy: Path | None, templates: Path, yes: bool, **options: Any) -> int:
    """Make PagerDuty match POLICY: say what will change and who goes on call, ask, and do it.

    Where it is interrupted, run it again: it finds what is there and does the rest.
    """
    from generator.commands import pagerduty as commands
    from generator.diagnostics.quoting import printable

    what = commands.from_command_line(**options)
    agreed = _agreed if not yes else lambda _question: True
    if not yes and not sys.stdin.isatty():
        raise click.UsageError("apply asks before it changes anything, and nobody is here to answer; --yes agrees")
    return run(
        lambda project: commands.apply(project, what, lambda line: click.echo(printable(line)), agreed),
        policy,
        Path("out"),
        templates,
        "text",
        "",
    )


@pagerduty.command(name="drift", short_help="Say where PagerDuty differs from POLICY.")
@_pagerduty_access
@text_or_json
def pagerduty_drift(policy: Path | None, templates: Path, form: Any, **options: Any) -> int:
    """Say where PagerDuty differs from POLICY, and who would not be called or notified at once.

    Somebody changed it by hand, or the policy is not applied yet. Key files are compared where they can be read. Exit
    code 1 where anything differs. Changes nothing.
    """
    from generator.commands import pagerduty as commands

    what = commands.from_command_line(**options, adopt=True)
    return run(lambda project: commands.drift(project, what, form), policy, Path("out"), templates, "text", "asking")


def _agreed(question: str) -> bool:
    return click.confirm(question)


def _slow(_context: click.Context, _option: click.Parameter, written: tuple[str, ...]) -> dict[str, timedelta]:
    """Return how long each receiver takes to answer, written as `incident-room=30s`."""
    from generator.policy import duration

    delays = {}
    for delay in written:
        name, _, length = delay.partition("=")
        try:
            delays[name] = duration.parse(length)
        except ValueError:
            raise click.BadParameter(f"`{delay}` is not a receiver with a time; write incident-room=30s") from None
    return delays


def _scenarios(_context: click.Context, _option: click.Parameter, written: tuple[str, ...]) -> tuple[str, ...]:
    """Return the scenarios; raises BadParameter for an unknown name."""
    from generator.diagnostics.suggest import did_you_mean
    from generator.drill.scenarios import SCENARIOS

    for name in written:
        if name not in SCENARIOS:
            meant = did_you_mean(name, SCENARIOS)
            tip = f"did you mean `{meant}`?" if meant else f"there are {', '.join(SCENARIOS)}"
            raise click.BadParameter(f"there is no scenario `{name}`; {tip}")
    return written


@alertc.command(short_help="Let alerts fire on real servers: observed beside predicted.")
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
@click.option(
    "--slow", multiple=True, callback=_slow, metavar="RECEIVER=TIME", help="Let a receiver take this long to answer."
)
@click.option("--scale", type=click.FloatRange(1, 60), default=15, show_default=True, help="How many times as fast.")
@click.option("--real-time", is_flag=True, help="One alert: its own expression, its own test's series, no scale.")
@click.option("--seed", type=click.IntRange(0), help="Of the phases, which are drawn before the run; printed.")
@click.option("--at", callback=moment, metavar="TIME", help="When it happens by the schedules; now by default.")
@environment_option
@policy_option
@templates_option
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
    environment: str | None,
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
    from generator.commands.drill import Options
    from generator.commands.drill import drill as command

    options = Options(
        alerts=alerts,
        which="all" if everything else "changed" if changed else "named",
        scenarios=() if thoroughly else scenarios,
        scale=scale,
        seed=seed,
        at=at,
        slow=slow,
        real_time=real_time,
        environment=environment,
    )
    return run(lambda project: command(project, options, form), policy, Path("out"), templates, "text", "drilling")
