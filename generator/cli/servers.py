"""The options of commands that ask servers: addresses, credentials, time-outs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable


def timeout_option(usual: float) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return the option that limits how long a whole answer may take."""
    return click.option(
        "--timeout",
        default=usual,
        show_default=True,
        type=click.FloatRange(min=0.1, max=3600),
        help="Seconds that an answer may take.",
    )


def addresses(_context: click.Context, _option: click.Parameter, urls: tuple[str, ...]) -> tuple[str, ...]:
    """Return the addresses of servers, each once."""
    from generator.remote.web import valid

    try:
        return tuple(dict.fromkeys(valid(url) for url in urls))
    except ValueError as wrong:
        raise click.BadParameter(str(wrong)) from None


def _headers(_context: click.Context, option: click.Parameter, file: Path | None) -> dict[str, str]:
    """Return the headers that a file holds; no message quotes the file."""
    if file is None:
        return {}
    from generator.commands import verify_live

    try:
        text = file.read_text(encoding="utf-8")
        return dict(verify_live.token(text) if option.name == "token" else verify_live.headers(text))
    except OSError as error:
        raise click.BadParameter(f"`{file}` cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise click.BadParameter(f"`{file}` is not text") from None
    except ValueError as wrong:
        raise click.BadParameter(f"`{file}`: {wrong}") from None


def credentials(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that name headers to be sent to each server."""
    file = click.Path(path_type=Path)
    options = (
        click.option(
            "--header-file",
            "headers",
            type=file,
            callback=_headers,
            help="Lines `Name: value` that are sent to each of them.",
        ),
        click.option("--token-file", "token", type=file, callback=_headers, help="A bearer token for each of them."),
    )
    for option in reversed(options):
        command = option(command)
    return command
