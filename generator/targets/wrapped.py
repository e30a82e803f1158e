"""Plain files as other files hold them: indented, with templates where they are found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.behaviour import mounted
from generator.behaviour.documents import ALERTMANAGER, MESSAGES
from generator.upstream.prometheus_operator import CONFIG_KEY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from generator.system.artifact import Artifact


def secret_files(files: tuple[Artifact, ...]) -> Mapping[str, str]:
    """Return what the Secret holds: the configuration first, then the message templates beside it."""
    by_path = {file.path: file.text for file in files}
    messages = {path.removeprefix(MESSAGES): by_path[path] for path in sorted(by_path) if path.startswith(MESSAGES)}
    return {CONFIG_KEY: mounted.into_the_volume(by_path[ALERTMANAGER]), **messages}


def indented(text: str, spaces: int) -> str:
    """Return the lines of a text, but for empty ones, so many spaces deeper, without the last line's end."""
    margin = " " * spaces
    return "\n".join(f"{margin}{line}" if line else line for line in text.removesuffix("\n").split("\n"))
