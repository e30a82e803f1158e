"""YAML as a stream of events, and the lines they stand on: what reading, locating and complaining share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import yaml

from generator.diagnostics.diagnostic import Diagnostic, Place, PolicyErrors

if TYPE_CHECKING:
    from collections.abc import Iterator

BOM = b"\xef\xbb\xbf"

# libyaml where PyYAML was built with it; the pure parser understands the same files, twenty times more slowly.
PARSER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def events(raw: bytes) -> Iterator[Any]:
    """Return the events of the file; raises yaml.YAMLError where it is not YAML."""
    # The pure parser would count the byte order mark as a column.
    return iter(PARSER(raw.removeprefix(BOM)).get_event, None)


class Lines:
    """The lines of a file as an editor counts and shows them: from 1, without line ends and byte order mark."""

    def __init__(self, raw: bytes) -> None:
        self._lines = raw.removeprefix(BOM).split(b"\n")

    def __getitem__(self, number: int) -> str:
        """Return the line; the empty string where the file has no such line."""
        if not 1 <= number <= len(self._lines):
            return ""
        return self._lines[number - 1].removesuffix(b"\r").decode("utf-8", "replace")


def place_of(event: Any, path: str, width: int | None = None) -> Place:
    """Return the place of an event; without a width, all of it that stands on its first line."""
    start, end = event.start_mark, event.end_mark
    if width is None:
        width = end.column - start.column if end.line == start.line else 1
    return Place(path=path, line=start.line + 1, column=start.column + 1, width=max(width, 1))


def refuse(code: str, message: str, place: Place, help: str, *notes: str) -> NoReturn:
    """Raise PolicyErrors with this one finding."""
    raise PolicyErrors(Diagnostic(code=code, message=message, place=place, help=help, notes=notes)) from None


def short(text: str) -> str:
    """Return what fits into a message: a key may have a thousand characters, a tag a million."""
    return text if len(text) <= 80 else text[:79] + "…"
