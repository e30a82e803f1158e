"""Parameters of alerts: `$limit` stands for what `each` says of a service; in values of tests `${limit}`, too."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from generator.policy import duration

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import timedelta

    Unknown = Callable[[str], None]

_PARAMETER = re.compile(r"\$([a-z][a-z0-9_]*)")
_OF_A_VALUE = re.compile(r"\$(?:([a-z][a-z0-9_]*)|\{([a-z][a-z0-9_]*)\})")
"""`${limit}x10`: what follows would be taken for a part of the name."""


def filled(text: str, parameters: Mapping[str, str], unknown: Unknown = lambda _: None) -> str:
    """Return a text with its parameters filled in; one that is not known stays, and `unknown` is told its name.

    A group of a regular expression in the same text is none: `label_replace` writes it as `$name`, too.
    """
    if "$" not in text:
        return text

    def fill(match: re.Match[str]) -> str:
        name = match[1]
        if name in parameters:
            return parameters[name]
        if f"(?P<{name}>" not in text:
            unknown(name)
        return match[0]

    return _PARAMETER.sub(fill, text)


def filled_value(text: str, parameters: Mapping[str, str], unknown: Unknown = lambda _: None) -> str:
    """Return the values of a series, or a time of a test, with their parameters filled in."""
    if "$" not in text:
        return text

    def fill(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        if name not in parameters:
            unknown(name)
        return parameters.get(name, match[0])

    return _OF_A_VALUE.sub(fill, text)


def length(written: timedelta | str, parameters: Mapping[str, str]) -> timedelta | None:
    """Return a length of time that may be a parameter; None where what stands for it is none."""
    if not isinstance(written, str):
        return written
    try:
        return duration.parse(filled_value(written, parameters))
    except ValueError:
        return None
