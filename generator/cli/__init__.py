"""The command line: parse, call, print, exit code.

Commands import what they need when they are called, so that `alertc --help` answers at once.
"""

from __future__ import annotations

import gc
import os
import re
import signal
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from generator import __version__
from generator.cli import answering, auditing, compiling, outside, streams
from generator.cli.running import CLEAN, ENVIRONMENT, FINDINGS, alertc
from generator.diagnostics.diagnostic import EnvironmentProblem
from generator.diagnostics.quoting import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

# The four modules are imported for the commands that they add.
__all__ = ["CLEAN", "FINDINGS", "alertc", "answering", "auditing", "compiling", "main", "outside"]

_BROKEN_PIPE, _INTERRUPTED = 128 + signal.SIGPIPE, 128 + signal.SIGINT


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    # What a run builds, it keeps to its end, without cycles: looking for garbage costs a quarter of a large run, and a
    # twentieth of a small one, which is imports.
    gc.disable()
    for name in (signal.SIGTERM, signal.SIGHUP):
        # As an exception, so that the programs we started are stopped and what we staged is removed.
        signal.signal(name, _terminate)
    with streams.guarded():
        try:
            code = alertc.main(arguments, prog_name="alertc", standalone_mode=False)
            sys.stdout.flush()
        except streams.Unwritable as unwritable:
            return _unwritable(unwritable)
        except click.Abort:
            return _INTERRUPTED
        except click.ClickException as wrong:
            return _wrong(wrong)
        except EnvironmentProblem as unready:
            return _not_ready(unready.message, unready.help)
        except SystemExit as end:
            # With standalone_mode off click exits for a broken pipe alone, which is no stream of ours any more. What
            # remains is `_terminate`.
            if not isinstance(end.__context__, OSError):
                raise
            return _bug(end.__context__)
        except OSError as error:
            return _not_there(error)
        except MemoryError:
            return _not_ready("there is not enough memory", "the files in `out/` are as they were")
        except Exception as bug:
            return _bug(bug)
    # With standalone_mode off click returns what the command returned; only a number is an exit code.
    return code if isinstance(code, int) else CLEAN


def _terminate(signum: int, _frame: Any) -> NoReturn:
    raise SystemExit(128 + signum)


def _unwritable(unwritable: streams.Unwritable) -> int:
    if unwritable.reader_left:
        return _BROKEN_PIPE
    return _not_ready(str(unwritable), "its output is incomplete: write it to a place that has room")


def _not_ready(message: str, help: str | None) -> int:
    click.echo(f"alertc: {printable(message)}", err=True)
    if help:
        click.echo(f"help: {printable(help)}", err=True)
    return ENVIRONMENT


def _wrong(wrong: click.ClickException) -> int:
    """Print the message of click with its usage; line breaks in names and arguments are escaped."""
    # click lists choices on lines that begin with a tab.
    message = "\n".join(map(printable, re.sub(r"\n(?!\t)", r"\\n", wrong.format_message()).split("\n")))
    context = wrong.ctx if isinstance(wrong, click.UsageError) else None
    if context is not None:
        click.echo(context.get_usage(), err=True)
        click.echo(f"Try '{context.command_path} --help' for help.\n", err=True)
    click.echo(f"Error: {message}", err=True)
    return wrong.exit_code


def _not_there(error: OSError) -> int:
    """Print what the operating system refused: a path that is too long, a full disk, a folder without permission."""
    if error.strerror is None or os.environ.get("ALERTC_TRACEBACK") == "1":
        return _bug(error)
    where = "" if error.filename is None else f" `{os.fsdecode(error.filename)}`"
    return _not_ready(
        f"the system refuses{where}: {error.strerror}", "see that the path, its permissions and the disk are in order"
    )


def _bug(bug: Exception) -> int:
    click.echo(_bug_report(bug), err=True)
    return ENVIRONMENT


def _bug_report(bug: Exception) -> str:
    if os.environ.get("ALERTC_TRACEBACK") == "1":
        return "".join(traceback.format_exception(bug))
    package = Path(__file__).parent.parent
    ours = [frame for frame in traceback.extract_tb(bug.__traceback__) if Path(frame.filename).is_relative_to(package)]
    last = ours[-1] if ours else None
    where = f"generator/{Path(last.filename).relative_to(package)}:{last.lineno}" if last else "before it began"
    problem = f"{type(bug).__name__}: {printable(str(bug))} ({where})"
    return (
        f"alertc: this is a bug in alertc {__version__}, not in your policy: {problem}\n"
        "help: please report it with the policy that shows it; ALERTC_TRACEBACK=1 shows how it came about"
    )
