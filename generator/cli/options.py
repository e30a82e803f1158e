"""The options and arguments that several commands share, and what the shell completes in them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from generator.commands.completion import Kind


def folder_that_was_named(context: click.Context, option: click.Parameter, folder: Path) -> Path:
    """Return the folder; raises BadParameter where one that was named does not exist (the default may be missing)."""
    named = context.get_parameter_source(str(option.name)) is not click.core.ParameterSource.DEFAULT
    try:
        missing = named and not folder.is_dir()
    except OSError as error:  # too long a name, for one
        raise click.BadParameter(f"`{folder}` cannot be read: {error.strerror}") from None
    if missing:
        raise click.BadParameter(f"there is no folder `{folder}`")
    return folder


policy_option = click.option(
    "--policy", type=click.Path(path_type=Path), help="The policy; the one file in policy/ by default."
)
_NAMED = "alertc.policy"
"""Where the context keeps what `--policy` said, until the argument is read."""


def _by_option(context: click.Context, _option: click.Parameter, path: Path | None) -> None:
    context.meta[_NAMED] = path


def _by_argument(context: click.Context, _argument: click.Parameter, path: Path | None) -> Path | None:
    named = context.meta.get(_NAMED)
    if path is not None and named is not None:
        raise click.UsageError("name the policy once: as POLICY, or with --policy")
    return path if named is None else Path(named)


def policy_argument(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add what names the policy: an argument or, as in every command, `--policy`."""
    path = click.Path(path_type=Path)
    argument = click.argument("policy", required=False, type=path, callback=_by_argument)
    option = click.option(
        "--policy",
        "named",
        type=path,
        expose_value=False,
        is_eager=True,
        callback=_by_option,
        help="The policy, as in every command; the one file in policy/ by default.",
    )
    return argument(option(command))


out_option = click.option(
    "--out", default="out", show_default=True, type=click.Path(path_type=Path), help="Generated files."
)
text_or_json = click.option("--format", "form", default="text", show_default=True, type=click.Choice(["text", "json"]))
templates_option = click.option(
    "--templates",
    default="templates",
    show_default=True,
    type=click.Path(path_type=Path),
    callback=folder_that_was_named,
    help="Templates that go before the packaged ones, file by file.",
)


def alert_options(labels_help: str) -> Callable[..., Any]:
    """Return a decorator that adds the options of commands about one alert, or any label set."""

    def options(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in (
            templates_option,
            policy_option,
            environment_option,
            click.option("--labels", callback=labels, metavar="NAME=VALUE,...", help=labels_help),
            click.option(
                "--service",
                help="The service meant, where several have such an alert.",
                shell_complete=complete("services"),
            ),
            click.argument("alert", required=False, shell_complete=complete("alerts")),
        ):
            command = option(command)
        return command

    return options


def project_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of every command that compiles a policy."""
    options = (
        policy_argument,
        out_option,
        templates_option,
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


def complete(kind: Kind) -> Callable[..., list[str]]:
    """Return the shell completion of the names of a kind."""

    def complete(_context: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
        from generator.commands import completion

        return list(completion.names(kind, begun))

    return complete


environment_option = click.option(
    "--environment",
    metavar="NAME",
    help="The environment meant, where the policy has several; the first by default.",
    shell_complete=complete("environments"),
)


def complete_code(_context: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
    """Return the codes that begin with what was typed so far."""
    from generator.commands import completion

    return list(completion.codes(begun))


def labels(_context: click.Context, _option: click.Parameter, written: str | None) -> dict[str, str]:
    """Return the labels in `severity=P1,service=x`; raises BadParameter where one is malformed or written twice."""
    pairs = [pair.partition("=") for pair in (written or "").split(",") if pair.strip()]
    for name, equals, _ in pairs:
        if not equals or not name.strip():
            raise click.BadParameter(f"`{name}` is not a label; write severity=P1,service=x")
    values = {name.strip(): value.strip().strip('"') for name, _, value in pairs}
    if len(values) < len(pairs):
        names = [name.strip() for name, _, _ in pairs]
        raise click.BadParameter(f"`{next(name for name in names if names.count(name) > 1)}` is written twice")
    return values


def moment(_context: click.Context, _option: click.Parameter, written: str | None) -> datetime | None:
    """Return the time in `2026-12-24 03:00`, None where the option is not used."""
    from generator.commands.who import moment

    try:
        return moment(written) if written is not None else None
    except ValueError as wrong:
        raise click.BadParameter(str(wrong)) from None
