"""Parameters of alerts: `$limit` or `${limit}` stands for what `each` says of a service."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from generator.policy import duration

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import timedelta

_PARAMETER = re.compile(r"\$(?:([a-z][a-z0-9_]*)|\{([a-z][a-z0-9_]*)\})")


def filled(text: str, parameters: Mapping[str, str], unknown: Callable[[str], None] = lambda _: None) -> str:
    """Return a text with its parameters filled in; one that is not known stays, and `unknown` is told its name.

    A group of a regular expression in the same text is none: `label_replace` writes it as `$name` or `${name}`, too.
    """
    if "$" not in text:
        return text

    def fill(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        is_group = f"(?P<{name}>" in text
        if name in parameters and not (is_group and match[2]):
            return parameters[name]
        if not is_group:
            unknown(name)
        return match[0]

    return _PARAMETER.sub(fill, text)


def length(written: timedelta | str, parameters: Mapping[str, str]) -> timedelta | None:
    """Return a length of time that may be a parameter; None where what stands for it is none."""
    if not isinstance(written, str):
        return written
    try:
        return duration.parse(filled(written, parameters))
    except ValueError:
        return None
