"""What was found, as people and programs read it: text, JSON, GitHub annotations."""

from __future__ import annotations

import json
import posixpath
import unicodedata
from collections import Counter
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

from generator.diagnostics.diagnostic import Diagnostic, Level, Place, route_text
from generator.diagnostics.quoting import printable
from generator.diagnostics.yaml_events import Lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from generator.diagnostics.diagnostic import PolicyPath


class File(Protocol):
    """The file that routes lead into."""

    @property
    def path(self) -> str:
        """As the user reads it."""

    @property
    def raw(self) -> bytes:
        """What stands in it."""

    def located(self, wanted: Iterable[tuple[PolicyPath, bool]]) -> Mapping[tuple[PolicyPath, bool], Place]:
        """Return where each wanted route stands; its key where the flag is set."""


def place(diagnostics: Iterable[Diagnostic], source: File) -> tuple[Diagnostic, ...]:
    """Return the diagnostics with their routes turned into places: one pass over the file, if any at all."""
    diagnostics = tuple(diagnostics)
    wanted = {(finding.route, finding.on_key) for finding in diagnostics if finding.place is None}
    routes = [(route, on_key) for route, on_key in wanted if route is not None]
    if not routes:
        return diagnostics
    places = source.located(routes)
    return tuple(
        finding
        if finding.place is not None or finding.route is None
        else replace(finding, place=places[finding.route, finding.on_key])
        for finding in diagnostics
    )


def ordered(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Return the findings in the order of the files, the worst of a line first, each once; last, those of no file."""
    # An entry that stands for many alerts gives the same finding for each of them.
    once = {replace(finding, route=None, on_key=False): finding for finding in reversed(tuple(diagnostics))}
    return tuple(sorted(once.values(), key=_order))


_LEVELS = tuple(Level)


def _order(finding: Diagnostic) -> tuple[Any, ...]:
    at = finding.place or Place(path="")
    artifact = finding.artifact or Place(path="")
    return (
        *(finding.place is None, at.path, at.line, _LEVELS.index(finding.level)),
        *(at.column, finding.code, finding.message),
        *(artifact.path, artifact.line, artifact.column, finding.notes, finding.help or ""),
    )


def summary(diagnostics: Iterable[Diagnostic]) -> str:
    """Return the closing line: `1 error, 2 warnings`."""
    counts = Counter(finding.level for finding in ordered(diagnostics))
    parts = (f"{counts[level]} {level.value}{'' if counts[level] == 1 else 's'}" for level in Level if counts[level])
    return ", ".join(parts) or "nothing found"


# --- text ----------------------------------------------------------------------------------------------------------

_COLORS = {Level.ERROR: "1;31", Level.WARNING: "1;33", Level.NOTE: "1;36"}
_HELP_COLOR = "32"
_FRAME_COLOR = "34"

# A longer line is shown in part: this much of it, of which this much stands before the meant column.
_LONGEST = 120
_BEFORE = 40


def to_text(diagnostics: Iterable[Diagnostic], sources: Mapping[str, bytes], color: bool = False) -> str:
    """Return the diagnostics as text with the lines they refer to; `sources` has the available files by path.

    Errors come last, where a terminal shows them. Nothing of the input reaches it as control or direction characters:
    they are shown as escapes.
    """
    worst_last = sorted(ordered(diagnostics), key=lambda finding: -_LEVELS.index(finding.level))
    return in_this_order(worst_last, sources, color)


def in_this_order(diagnostics: Iterable[Diagnostic], sources: Mapping[str, bytes], color: bool = False) -> str:
    """Return what `to_text` does, with the diagnostics in the order in which they come."""
    lines = cache(lambda path: Lines(sources[path]) if path in sources else Lines(b""))
    return "\n".join(_block(finding, lines, color) for finding in diagnostics)


def _block(finding: Diagnostic, lines_of: Callable[[str], Lines], color: bool) -> str:
    shade = _COLORS[finding.level]
    gutter = max(2, *(len(str(at.line)) for at in (finding.place, finding.artifact) if at is not None), 0)
    margin = " " * gutter
    bar = _painted("|", _FRAME_COLOR, color)
    equals = _painted("=", _FRAME_COLOR, color)
    block = [_painted(f"{finding.level.value}[{finding.code}]", shade, color) + f": {printable(finding.message)}"]
    for arrow, at in (("-->", finding.place), (":::", finding.artifact)):
        if at is None:
            continue
        block.append(f"{margin}{_painted(arrow, _FRAME_COLOR, color)} {printable(_position(at))}")
        text = lines_of(at.path)[at.line]
        if not text or finding.secret:
            continue
        excerpt, before, carets = _excerpt(text, at.column, at.width)
        number = _painted(f"{at.line:>{gutter}}", _FRAME_COLOR, color)
        block += [f"{margin} {bar}", f"{number} {bar} {excerpt}"]
        if at.column:
            block.append(f"{margin} {bar} {before}{_painted(carets, shade, color)}")
    block += [f"{margin} {equals} {_indented(note, gutter + 3)}" for note in finding.notes]
    if finding.help is not None:
        word = _painted("help", _HELP_COLOR, color)
        block.append(f"{margin} {equals} {word}: {_indented(finding.help, gutter + 9)}")
    return "\n".join(block) + "\n"


def _position(at: Place) -> str:
    """Return `path:line:column`, as far as known: the form that editors and terminals open at a click."""
    return at.path + (f":{at.line}" if at.line else "") + (f":{at.column}" if at.line and at.column else "")


def _excerpt(text: str, column: int, width: int) -> tuple[str, str, str]:
    """Return a line as a terminal can show it, the space up to what is meant, and the carets below that."""
    meant = min(max(column, 1) - 1, len(text))
    first = max(0, min(meant - _BEFORE, len(text) - _LONGEST))
    last = min(first + _LONGEST, len(text))
    before, under, after = text[first:meant], text[meant : min(meant + width, last)], text[meant + width : last]
    dots = "…" if first else ""
    shown = dots + "".join(map(printable, (before, under, after))) + ("…" if last < len(text) else "")
    return shown, " " * (len(dots) + _cells(printable(before))), "^" * max(_cells(printable(under)), 1)


def _cells(shown: str) -> int:
    """Return how many columns of a terminal a printable text takes."""
    return sum(map(_cell, shown))


def _cell(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


def _indented(text: str, by: int) -> str:
    """Return the text, its further lines below the first; what a checker said may have several."""
    return f"\n{' ' * by}".join(map(printable, text.rstrip("\n").split("\n")))


def _painted(text: str, shade: str, color: bool) -> str:
    return f"\x1b[{shade}m{text}\x1b[0m" if color and text else text


# --- for programs --------------------------------------------------------------------------------------------------


def to_json(diagnostics: Iterable[Diagnostic]) -> str:
    """Return one JSON object, ASCII only; positions count characters from 1, `endColumn` is the first one after."""
    return json.dumps({"version": 1, "diagnostics": list(map(data, ordered(diagnostics)))}, indent=2) + "\n"


def data(finding: Diagnostic) -> dict[str, Any]:
    """Return a finding as it stands in JSON."""
    return {
        "code": finding.code,
        "level": finding.level.value,
        "message": finding.message,
        **_where(finding.place),
        "route": None if finding.route is None else route_text(finding.route),
        "notes": list(finding.notes),
        "help": finding.help,
        "artifact": None if finding.artifact is None else _where(finding.artifact),
    }


def _where(at: Place | None) -> dict[str, str | int | None]:
    if at is None or not at.line:
        return {"path": at.path if at is not None else None, "line": None, "column": None, "endColumn": None}
    column = at.column or None
    return {"path": at.path, "line": at.line, "column": column, "endColumn": column and column + at.width}


def in_full(finding: Diagnostic) -> str:
    """Return all that a finding says, without its place: the message, where it shows, why, and what to do."""
    artifact = () if finding.artifact is None else (f"::: {_position(finding.artifact)}",)
    advice = () if finding.help is None else (f"help: {finding.help}",)
    return "\n".join((finding.message, *artifact, *finding.notes, *advice))


_GITHUB_LEVELS = {Level.ERROR: "error", Level.WARNING: "warning", Level.NOTE: "notice"}


def to_github(diagnostics: Iterable[Diagnostic], folder: str = "") -> str:
    """Return workflow commands, one a line, that GitHub shows beside the lines of a pull request.

    GitHub knows a file by its path in the repository, in which the paths of findings begin at `folder`. Escaped as
    GitHub's toolkit does: actions/toolkit, packages/core/src/command.ts.
    """
    return "".join(_annotation(finding, folder) for finding in ordered(diagnostics))


def _annotation(finding: Diagnostic, folder: str) -> str:
    where = _where(finding.place)
    path = finding.place.path if finding.place else None
    properties = {
        "file": posixpath.normpath(posixpath.join(folder, path)) if folder and path else path,
        "line": where["line"],
        "endLine": where["line"],
        "col": where["column"],
        "endColumn": where["endColumn"],
        "title": finding.code,
    }
    given = ",".join(f"{name}={_property(value)}" for name, value in properties.items() if value is not None)
    return f"::{_GITHUB_LEVELS[finding.level]} {given}::{_message(in_full(finding))}\n"


def _message(text: str) -> str:
    lines = (printable(line) for line in text.split("\n"))
    return "%0A".join(line.replace("%", "%25") for line in lines)


def _property(value: str | int) -> str:
    return _message(str(value)).replace(":", "%3A").replace(",", "%2C")
