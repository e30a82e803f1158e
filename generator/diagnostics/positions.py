"""Where an entry stands in its file: from symbolic routes to line and column, in one pass over the events."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml
from yaml.events import (
    AliasEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from generator.diagnostics.diagnostic import Place, PolicyPath
from generator.diagnostics.yaml_events import Lines, events

if TYPE_CHECKING:
    from collections.abc import Iterable


def locate(raw: bytes, path: str, wanted: Iterable[tuple[PolicyPath, bool]]) -> dict[tuple[PolicyPath, bool], Place]:
    """Return where each wanted route stands: its value, or its key where the flag (`on_key`) is set.

    An entry without a value of its own to point at (nothing, or a block that begins on a later line) is shown at its
    key; a route that does not exist at its nearest ancestor's key; the policy as a whole at the file. One pass over
    the file for all of them, and it ends at the last one found.
    """
    wanted = list(wanted)
    root = _Entry()
    for route, _ in wanted:
        entry = root
        for step in route:
            entry = entry.children.setdefault(step, _Entry())
        entry.wanted = True
    _find(raw, root, unseen=len({route for route, _ in wanted if route}))
    lines = Lines(raw)
    return {(route, on_key): _place_of(root, route, on_key, path, lines) for route, on_key in wanted}


def glanced(raw: bytes, path: str, route: PolicyPath) -> Place | None:
    """Return where the key of an entry of a top-level mapping stands, found by its line; None where that is not plain.

    For policies of many megabytes, whose events take seconds. Only what stands there once in block style is plain.
    """
    if len(route) != 2 or not all(isinstance(step, str) for step in route):
        return None
    section, name = (re.escape(str(step).encode()) for step in route)
    top = re.search(rb"^%s:[ ]*(?:#[^\n]*)?\r?\n" % section, raw, re.MULTILINE)
    if top is None:
        return None
    after = re.compile(rb"^[^\s#]", re.MULTILINE).search(raw, top.end())
    end = after.start() if after else len(raw)
    first = re.compile(rb"^( +)[^\s#]", re.MULTILINE).search(raw, top.end(), end)
    if first is None:
        return None
    found = list(re.compile(rb"^%s%s:(?=\s)" % (first[1], name), re.MULTILINE).finditer(raw, top.end(), end))
    if len(found) != 1:
        return None
    column = len(first[1]) + 1
    return Place(path=path, line=raw.count(b"\n", 0, found[0].start()) + 1, column=column, width=len(str(route[1])))


@dataclass(slots=True)
class _Entry:
    """One entry of the policy on the way to a wanted one, and what the pass over the events saw of it."""

    children: dict[str | int, _Entry] = field(default_factory=dict)
    wanted: bool = False
    key: Any = None  # the event of its key
    value: Any = None  # the event with which its value begins
    end: Any = None  # the event with which its value ends


@dataclass(slots=True)
class _Level:
    """A mapping or list that the pass is inside of. `entry` and `inner` are None off every wanted way."""

    entry: _Entry | None
    is_mapping: bool
    count: int = 0
    key: Any = None
    inner: _Entry | None = None


def _find(raw: bytes, root: _Entry, unseen: int) -> None:
    """Note in `root` and below which events make up each entry; stop after `unseen` wanted ones."""
    levels: list[_Level] = []
    try:
        for event in events(raw):
            kind = type(event)
            if not unseen:
                return
            if kind is MappingEndEvent or kind is SequenceEndEvent:
                closed = levels.pop()
                if closed.entry is not None and closed.entry is not root:
                    closed.entry.end = event
                    unseen -= closed.entry.wanted
                if levels:
                    levels[-1].key = None
                continue
            opens = kind is MappingStartEvent or kind is SequenceStartEvent
            if not opens and kind is not ScalarEvent and kind is not AliasEvent:
                continue
            if not levels:
                levels.append(_Level(root, kind is MappingStartEvent))
                continue
            level = levels[-1]
            if level.is_mapping and level.key is None and not opens:
                level.key = event
                level.inner = _unseen_child(level.entry, getattr(event, "value", ""))
                continue
            if not level.is_mapping:
                level.inner = _unseen_child(level.entry, level.count)
                level.count += 1
            entry = level.inner
            if entry is not None:
                entry.key, entry.value = level.key, event
            if opens:
                levels.append(_Level(entry, kind is MappingStartEvent))
                continue
            level.key = None
            if entry is not None:
                entry.end = event
                unseen -= entry.wanted
    except yaml.YAMLError:
        return  # what was found before the fault has a place all the same


def _unseen_child(entry: _Entry | None, step: str | int) -> _Entry | None:
    """Return the entry below; None where nobody asks for it, or where the key was there before."""
    if entry is None:
        return None
    child = entry.children.get(step)
    return child if child is not None and child.value is None else None


def _place_of(root: _Entry, route: PolicyPath, on_key: bool, path: str, lines: Lines) -> Place:
    entry = root
    for step in route:
        child = entry.children[step]
        if child.value is None:
            on_key = True
            break
        entry = child
    if entry is root:
        return Place(path=path)
    begins, ends = entry.value.start_mark, (entry.end or entry.value).end_mark
    opens_block = type(entry.value) is not ScalarEvent and not getattr(entry.value, "flow_style", True)
    if entry.key is not None and (on_key or opens_block or begins.index == ends.index):
        begins, ends = entry.key.start_mark, entry.key.end_mark
    if begins.line == ends.line:
        width = ends.column - begins.column
    else:
        width = len(lines[begins.line + 1][begins.column :].rstrip())
    return Place(path=path, line=begins.line + 1, column=begins.column + 1, width=max(width, 1))
