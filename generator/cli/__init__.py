"""The command line: parse, call, print, exit code.

Commands import what they need when they are called, so that `alertc --help` answers at once.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from generator import __version__
from generator.cli import answering, compiling, outside
from generator.cli.running import CLEAN, ENVIRONMENT, FINDINGS, alertc
from generator.diagnostics import Unready

if TYPE_CHECKING:
    from collections.abc import Sequence

# The three modules are imported for the commands that they add.
__all__ = ["CLEAN", "FINDINGS", "alertc", "answering", "compiling", "main", "outside"]

_BROKEN_PIPE, _INTERRUPTED = 128 + signal.SIGPIPE, 128 + signal.SIGINT


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    # What a run builds, it keeps to its end, without cycles: looking for garbage costs a quarter of a large run, and a
    # twentieth of a small one, which is imports.
    gc.disable()
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
    package = Path(__file__).parent.parent
    ours = [frame for frame in traceback.extract_tb(bug.__traceback__) if Path(frame.filename).is_relative_to(package)]
    where = f"generator/{Path(ours[-1].filename).relative_to(package)}:{ours[-1].lineno}"
    return (
        f"alertc: this is a bug in alertc {__version__}, not in your policy: {type(bug).__name__}: {bug} ({where})\n"
        "help: please report it with the policy that shows it; ALERTC_TRACEBACK=1 shows how it came about"
    )
