"""`alertc comment`: keep one comment on the pull request that a job of CI runs for."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from generator.remote import forge

if TYPE_CHECKING:
    from pathlib import Path

_MARKER = re.compile(r"<!-- alertc [a-z-]+ -->")


class NoComment(Exception):
    """The file cannot be read, or is not a comment that alertc wrote."""


def comment(file: Path, timeout: float) -> str:
    """Post the file as a comment, or update the comment posted before; return a line that says what was done.

    `timeout` is in seconds, for each answer of the forge. Raises NoComment where the file does not begin with alertc's
    marker, EnvironmentProblem where it cannot be posted.
    """
    try:
        body = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise NoComment(f"{file} cannot be read: {error}") from None
    marker = _MARKER.match(body)
    if marker is None:
        raise NoComment(f"{file} does not begin with the marker of `alertc diff --format markdown`")
    return forge.keep(forge.request(os.environ, timeout), marker[0], body)
