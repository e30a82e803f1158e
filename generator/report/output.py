"""Where a page goes: a file that is replaced at one instant, or standard output."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from generator.diagnostics.diagnostic import EnvironmentProblem
from generator.system import files

if TYPE_CHECKING:
    from pathlib import Path

STDOUT = "-"


def save(html: str, output: Path, option: str) -> str:
    """Write a page to the file that an option names, and return the line that says so.

    Raises EnvironmentProblem where it cannot be written.
    """
    content = html.encode()
    try:
        files.write(output, content)
    except OSError as error:
        raise EnvironmentProblem(
            f"cannot write {output}: {error.strerror}", f"name another file with {option}"
        ) from error
    return f"wrote {output} ({len(content) // 1024} kB)"


def is_stdout(output: Path) -> bool:
    """Return whether the page goes to standard output, by whatever name: our own lines would overwrite it there."""
    if output.as_posix() == STDOUT:
        return True
    try:
        return os.path.samestat(output.stat(), os.fstat(sys.stdout.fileno()))
    except (OSError, ValueError):  # nothing there, or nothing that has a number
        return False
