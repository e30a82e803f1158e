"""The commands that compile a policy, or edit it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from generator.cli.options import policy_argument, project_options
from generator.cli.running import CLEAN, ENVIRONMENT, alertc, run, say

if TYPE_CHECKING:
    from generator.commands.project import Outcome, Project


@alertc.command()
def init() -> int:
    """Write a small policy to begin with, policy/policy.yaml. It compiles as it is."""
    from generator.commands.init import init as command
    from generator.commands.project import Outcome
    from generator.diagnostics.diagnostic import PolicyErrors

    try:
        outcome = Outcome(diagnostics=(), sources={}, lines=command())
    except PolicyErrors as refused:
        outcome = Outcome(diagnostics=refused.diagnostics, sources={})
    return say(outcome, "text")


@alertc.command(short_help="List the packaged templates, or copy some to edit them.")
@click.argument("names", nargs=-1)
def templates(names: tuple[str, ...]) -> int:
    """Copy the packaged templates NAMES into templates/, where they go before the packaged ones; without, list them.

    Whatever a template of yours changes is held against the policy; one that exists is not overwritten.
    """
    from generator.commands.project import Outcome, Unknown
    from generator.commands.templates import templates as command
    from generator.diagnostics.diagnostic import PolicyErrors

    try:
        outcome = Outcome(diagnostics=(), sources={}, lines=command(names))
    except PolicyErrors as refused:
        outcome = Outcome(diagnostics=refused.diagnostics, sources={})
    except Unknown as unknown:
        raise click.UsageError(str(unknown)) from None
    return say(outcome, "text")


@alertc.command(short_help="Compile POLICY, check what comes out, replace out/.")
@project_options
@click.option("--take-over", is_flag=True, help="Replace the files of another policy, if out/ belongs to one.")
def render(policy: Path | None, out: Path, templates: Path, form: str, take_over: bool) -> int:
    """Compile POLICY, check what comes out, and replace the files in out/.

    POLICY is the one file in policy/ where it is left out. Where anything is wrong, out/ stays as it is.
    """
    from generator.commands.render import render as command

    return run(
        lambda project: command(project, take_over=take_over), policy, out, templates, form, "rendering and checking"
    )


@alertc.command(short_help="Check POLICY, what comes out, and that out/ is up to date.")
@project_options
@click.option("--all", "everything", is_flag=True, help="Verify again what was verified before.")
@click.option("--mutate", "mutating", is_flag=True, help="Then change each alert, to see whether its tests notice.")
@click.option("--strict", is_flag=True, help="Warnings, and notes on what no test tries, are errors.")
def check(
    policy: Path | None, out: Path, templates: Path, form: str, everything: bool, mutating: bool, strict: bool
) -> int:
    """Check POLICY and what comes out, and that the files in out/ are up to date. Changes nothing.

    With --mutate, each alert loses its `for`, each of its comparisons points the other way, and each threshold is
    moved up and down by half: a fault that the tests of the alert do not notice is an error.
    """
    from generator.commands.check import check as checked
    from generator.commands.check import check_all, strictly

    def command(project: Project) -> Outcome:
        outcome = check_all(project) if everything else checked(project)
        return strictly(outcome) if strict else outcome

    if not mutating:
        return run(command, policy, out, templates, form, "checking")
    from generator.commands.mutate import mutate

    return run(lambda project: mutate(project, command(project)), policy, out, templates, form, "checking")


@alertc.command(short_help="Render again whenever POLICY or a template is saved.")
@project_options
def watch(policy: Path | None, out: Path, templates: Path, form: str) -> int:
    """Render again whenever POLICY or a template is saved, until Ctrl-C."""
    from generator.commands.watch import watch as command

    def last(project: Project) -> Outcome:
        for outcome in command(project):
            say(outcome, form)
        raise AssertionError("only an interrupt ends it")

    return run(last, policy, out, templates, form, "")


@alertc.command()
@policy_argument
@click.option("--check", "checking", is_flag=True, help="Show what would change, and change nothing.")
def fmt(policy: Path | None, checking: bool) -> int:
    """Give POLICY its canonical layout. Comments, order and words stay, and what it says."""
    from generator.commands.fmt import fmt as command
    from generator.commands.fmt import fmt_check

    action = fmt_check if checking else command
    return run(lambda project: action(project.policy), policy, Path("out"), None, "text", "formatting")


@alertc.command(short_help="Write the public holidays of the years to come into POLICY.")
@policy_argument
@click.option(
    "--through", type=click.IntRange(2000, 2199), metavar="YEAR", help="The last year; default: in two years."
)
@click.option("--check", "checking", is_flag=True, help="Show what would change, and change nothing.")
def calendar(policy: Path | None, through: int | None, checking: bool) -> int:
    """Write the public holidays of the years to come into POLICY, for each calendar whose `holidays` say `of` what.

    Comments, order and layout stay, and what stands under `own`. What is rendered depends on these days alone: commit
    them with out/. The package `holidays` knows them: pip install 'alertc[calendar]'.
    """
    from generator.commands.calendar import calendar as command

    return run(
        lambda project: command(project.policy, through, checking=checking),
        policy,
        Path("out"),
        None,
        "text",
        "writing holidays",
    )


@alertc.command()
@click.option("--fetch", is_flag=True, help="Fetch promtool and amtool where they are missing (Debian's packages).")
@click.option(
    "--generation", "generations", multiple=True, metavar="SUITE", help="Fetch the programs of this Debian suite."
)
def tools(fetch: bool, generations: tuple[str, ...]) -> int:
    """Say which promtool and amtool are used, and fetch them. Exit code 3 where one of them is missing or broken.

    The first that is set decides: ALERTC_PROMTOOL and ALERTC_AMTOOL (a program), ALERTC_GENERATION (a Debian suite
    fetched with --generation), the PATH, what --fetch unpacked into the cache (ALERTC_CACHE, else ~/.cache/alertc).
    Where that promtool evaluates expressions in another way than the Prometheus that the policy declares, --fetch
    fetches one that does as it, for the tests.
    """
    from generator.commands import tools as command

    for suite in generations:
        click.echo(f"fetching Debian's programs of {suite} ...", err=True)
        click.echo(command.fetch(suite))
    for own in command.suites_to_fetch() if fetch else ():
        of = f" of {own}" if own else ""
        click.echo(f"fetching promtool and amtool (Debian's packages{of}) ...", err=True)
        command.fetch(own)
    if fetch or not generations:
        click.echo(command.table())
        return CLEAN if command.ready() else ENVIRONMENT
    return CLEAN
