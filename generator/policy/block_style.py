"""The way most policies and rule files are written, a line for each entry, read twice as fast as libyaml tells of it.

Only what has one meaning is read here: `key: value` and `- value` below one another, with plain text, quotes without
escapes and lists of words. An entry that says more (a text over lines, braces) is read by itself, with the lines that
belong to it, by whoever reads all of YAML. Where anything else is met, or is wrong, the whole text is left to them:
nothing is refused here.
"""

from __future__ import annotations

import re
from functools import lru_cache
from sys import intern
from typing import TYPE_CHECKING, Any, TypeAlias

from generator.diagnostics.diagnostic import PolicyErrors
from generator.diagnostics.yaml_events import BOM
from generator.policy.known_entries import long_sections, without

if TYPE_CHECKING:
    from collections.abc import Callable

    from generator.policy.known_entries import KnownEntries
    from generator.policy.source import Tree

_General: TypeAlias = "Callable[[bytes, int], dict[str, Tree]]"
_Entry: TypeAlias = "tuple[int, bool, str | None, Any]"

_WIDEST = 24
"""Columns of the innermost entry: so the depth of what is read here is bounded, too."""
_LONGEST = 4096
"""Characters of a line that is read here."""
_LINE = re.compile(r"( *)(- |-$)?(?:([A-Za-z0-9_][A-Za-z0-9_./-]{0,127}):(?: +|$))?(.*)", re.DOTALL)
_WORD = "[A-Za-z0-9_][A-Za-z0-9_-]*"
_LIST = re.compile(rf"\[({_WORD}(?:, {_WORD})*)?\](?: +#.*)?", re.DOTALL)
_QUOTED = re.compile(r"'((?:[^']|'')*)'(?: +#.*)?|\"([^\"\\]*)\"(?: +#.*)?", re.DOTALL)
_OF_DOCUMENTS = ("---", "...", "%")
_INDICATORS = frozenset("-?:,[]{}#&*!|>'\"%@` ")


class _Unclear(Exception):
    """The text says what is not read here."""


def tree(raw: bytes, general: _General, known: KnownEntries | None = None) -> dict[str, Tree] | None:
    """Return what a text says in UTF-8 that has passed for readable, or None where all of it is to be read in general.

    `general` returns what a text says that lies as many levels deep, and raises PolicyErrors. What is `known` of long
    sections is not read again.
    """
    if b"\t" in raw or b"\r" in raw or raw.startswith(BOM):
        return None
    try:
        return _read(raw, general) if known is None else _with_known(raw, general, known)
    except (_Unclear, PolicyErrors):
        return None


def _with_known(raw: bytes, general: _General, known: KnownEntries) -> dict[str, Tree] | None:
    sections = long_sections(raw)
    said = _read(without(raw, sections), general)
    for section in sections:
        if said is None or said.get(section.key, "") is not None:
            raise _Unclear
        entries: dict[str, Tree] = {}
        for run in known.runs(raw, section, lambda text: _entries(text, general)):
            if not entries.keys().isdisjoint(run):
                raise _Unclear
            entries.update(run)
        said[section.key] = entries
    return said


def _entries(text: bytes, general: _General) -> dict[str, Tree]:
    """Return what the lines of some entries of a section say."""
    said = _read(text, lambda entry, depth: general(entry, depth + 1))
    if said is None:
        raise _Unclear
    return said


@lru_cache(maxsize=32768)
def _entry(line: str) -> _Entry | None:
    """Return the column of an entry, whether it is an item of a list, its key and its value; None where there is none.

    The value is `...` where it is to be read in general; so is the key where both it and the item's mark are missing.
    """
    bare = line.strip(" ")
    if not bare or bare[0] == "#":
        return None
    if len(line) > _LONGEST:
        raise _Unclear
    blanks, dash, key, value = _LINE.fullmatch(line).groups()  # type: ignore[union-attr]  # it takes any line
    return len(blanks), bool(dash), intern(key) if key else None, _value(value.rstrip(" "))


def _value(text: str) -> Any:
    """Return what is written behind a key or an item's mark: None for nothing, a tuple for a list, `...` for more."""
    if not text or text[0] == "#":
        return None
    first = text[0]
    if first == "[":
        match = _LIST.fullmatch(text)
        return ... if match is None else tuple(match[1].split(", ")) if match[1] else ()
    if first in "'\"":
        match = _QUOTED.fullmatch(text)
        if match is None or not text.isprintable():
            return ...
        return match[2] if match[1] is None else match[1].replace("''", "'")
    if first in _INDICATORS:
        return ...
    plain = text.partition(" #")[0].rstrip(" ")
    return ... if ": " in plain or plain[-1] == ":" else plain


# One loop, for speed: there may be a million lines.
def _read(raw: bytes, general: _General) -> dict[str, Tree] | None:  # noqa: PLR0915
    """Return the mapping that a text is, or None where it is none."""
    lines = raw.decode().split("\n")
    root: dict[str, Tree] = {}
    current: Any = root
    column = -1  # of the entries of `current`
    around: list[tuple[int, Any]] = []  # what encloses it, with the columns of that
    empty: str | None = None  # the last key of `current`, while it has no value
    begin = number = 0  # the line of the last entry, and the next line
    end = len(lines)
    while number < end:
        entry = _entry(lines[number])
        if entry is None:
            number += 1
            continue
        at, is_item, key, value = entry
        if at > column >= 0:
            if empty is None or (key is None and not is_item):  # the last entry goes on
                current.popitem() if type(current) is dict else current.pop()
                stop = _in_general(lines, begin, current, column, len(around), general)
                if stop <= number:  # a comment stands between
                    raise _Unclear
                number, empty = stop, None
                continue
            if at > _WIDEST:
                raise _Unclear
            child: Any = [] if is_item else {}
            current[empty] = child
            around.append((column, current))
            column, current = at, child
        elif at < column:
            while column > at and around:
                column, current = around.pop()
            if column != at:
                raise _Unclear
        elif column < 0:
            column = at
        elif is_item and empty is not None:  # a list that is no deeper than its key
            current[empty] = child = []
            around.append((column, current))
            current = child
        if type(current) is list and not is_item:
            column, current = around.pop()
        if column != at or is_item != (type(current) is list):
            raise _Unclear
        begin = number
        empty = None
        if is_item and key is not None:
            item: dict[str, Tree] = {}
            current.append(item)
            around.append((column, current))
            column, current = at + 2, item
        if value is ... or (key is None and not is_item):
            number = _in_general(lines, begin, current, column, len(around), general)
            continue
        number += 1
        if type(value) is tuple:
            value = list(value)
        if key is None:
            current.append(value)
        elif key in current:
            raise _Unclear
        else:
            current[key] = value
            if value is None:
                empty = key
    return root or None


def _in_general(lines: list[str], begin: int, current: Any, column: int, depth: int, general: _General) -> int:
    """Add the entry that begins on a line to `current`, with all lines that belong to it; return the next line."""
    stop, end = begin + 1, len(lines)
    while stop < end:
        bare = lines[stop].lstrip(" ")
        if bare and len(lines[stop]) - len(bare) + (bare[0] in "]}") <= column:
            break
        stop += 1
    first = lines[begin]
    if first.startswith(_OF_DOCUMENTS) or first.lstrip(" ")[0] in "{[":
        raise _Unclear
    text = "\n".join((first[:column].replace("-", " ") + first[column:], *lines[begin + 1 : stop]))
    if stop < end:
        text += "\n"
    if type(current) is list:
        (added,) = general(f"k:\n{text}".encode(), depth - 1).values()
        if type(added) is not list or len(added) != 1:
            raise _Unclear
        current += added
    else:
        said = general(text.encode(), depth)
        if len(said) != 1 or not said.keys().isdisjoint(current):
            raise _Unclear
        current.update(said)
    return stop
