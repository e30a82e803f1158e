"""`alertc comment`: keep one comment on the pull request that a job of CI runs for."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from generator.remote import forge

if TYPE_CHECKING:
    from pathlib import Path

_MARKER = re.compile(r"<!-- alertc [a-z-]+ -->")
_NAME = re.compile(r"(?!.*--)[\w./@+=, -]{1,200}")
"""What may stand in a comment of HTML, and between backticks."""


class NoComment(Exception):
    """The file cannot be read, or is not a comment that alertc wrote."""


def comment(file: Path, of: str | None, timeout: float) -> str:
    """Post the file as a comment, or update the comment posted before; return a line that says what was done.

    One that is `of` something says so, and stands beside those of others. `timeout` is in seconds, for each answer of
    the forge. Raises NoComment where the file does not begin with alertc's marker, or `of` cannot stand in one,
    EnvironmentProblem where it cannot be posted.
    """
    try:
        body = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise NoComment(f"{file} cannot be read: {error}") from None
    marker = _MARKER.match(body)
    if marker is None:
        raise NoComment(f"{file} does not begin with the marker of `alertc diff --format markdown`")
    if of is None:
        return forge.keep(forge.request(os.environ, timeout), marker[0], body)
    if not _NAME.fullmatch(of):
        raise NoComment(f"`{of}` cannot name a comment: write a path such as services/shop/out")
    own = f"{marker[0].removesuffix(' -->')} of {of} -->"
    return forge.keep(forge.request(os.environ, timeout), own, f"{own}\n`{of}`\n{body.removeprefix(marker[0])}")
