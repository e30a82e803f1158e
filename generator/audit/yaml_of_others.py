"""YAML that others wrote, read as Go's programs read it: many documents, anchors, merges, tags.

Scalars are text, as in the policy: what a number or a flag means is for whoever needs one. Where the policy's reader
refuses what hides from a reviewer, this one follows go-yaml v3, which Prometheus uses (decode.go, `merge`, `mapping`).
"""

from __future__ import annotations

import re
from dataclasses import replace
from sys import intern
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

import yaml
from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from yaml.reader import ReaderError

from generator.audit.reading_codes import AUD901, AUD902
from generator.diagnostics.diagnostic import Diagnostic, Place, PolicyErrors
from generator.diagnostics.yaml_events import BOM, Lines, events, place_of, refuse, short
from generator.policy import source
from generator.policy.source_codes import SRC112, SRC113
from generator.policy.yaml_faults import refuse_syntax
from generator.system.record import record

if TYPE_CHECKING:
    from collections.abc import Mapping

Tree: TypeAlias = "dict[str, Tree] | list[Tree] | str | None"
"""What a document holds; None is null, and a key without a value."""

MAX_BYTES = 256 * 1024 * 1024
MAX_DEPTH = 100
MAX_EXPANDED = 32 * 1024 * 1024
"""Characters that aliases may add: a file of a few lines can say that it means terabytes."""


@record
class Document:
    """A document of a file. `marks` and `blocks` are looked up by the identity of what the tree holds."""

    path: str
    tree: Tree
    marks: Mapping[int, Any]
    """Where each mapping begins."""
    blocks: Mapping[int, Any]
    """Where each text in literal style (`|`) begins: such a text may hold a document itself."""
    outer: Outer | None

    def place(self, mapping: object) -> Place | None:
        """Return where a mapping begins; None for what is no mapping of the document."""
        mark = self.marks.get(id(mapping))
        if mark is None:
            return None
        if self.outer is None:
            return Place(path=self.path, line=mark.line + 1, column=mark.column + 1)
        return self.outer.place(mark.line, mark.column)


@record
class Outer:
    """The file that a document is a text in, and where; `first` is the line of the file above its first line."""

    path: str
    whole: Place
    """The mapping that holds the text."""
    first: int | None
    """None: the text has no lines of its own in the file (it is base64, or one line in quotes)."""
    indent: int

    def place(self, line: int, column: int) -> Place:
        """Return the place in the file of a line and a column, from 0, of the text."""
        if self.first is None:
            return self.whole
        return Place(path=self.path, line=self.first + line + 1, column=self.indent + column + 1)


def read(raw: bytes, path: str) -> tuple[Document, ...]:
    """Return the documents of a file that hold something; raise PolicyErrors, with the place, where it is not YAML.

    JSON is YAML too. Nothing is deeper than `MAX_DEPTH`, aliases written out.
    """
    try:
        _refuse_unreadable(raw, path)
        return _documents(raw, path, None)
    except PolicyErrors as refused:
        refused.sources = {path: raw}
        raise


def within(document: Document, holder: dict[str, Tree], key: str, raw: bytes) -> tuple[Document, ...]:
    """Return the documents of the text `holder[key]` in a file of these bytes; places are those of the file."""
    text = holder[key]
    whole = document.place(holder) or Place(path=document.path)
    mark = document.blocks.get(id(text)) if document.outer is None else None
    first, indent = None, 0
    if mark is not None and isinstance(text, str):
        first = mark.line + 1
        lines = Lines(raw)
        shown = next(((number, line) for number, line in enumerate(text.split("\n")) if line.strip()), None)
        indent = len(lines[first + shown[0] + 1]) - len(shown[1]) if shown else 0
    return inside(str(text).encode(), Outer(path=document.path, whole=whole, first=first, indent=max(indent, 0)))


def inside(raw: bytes, outer: Outer) -> tuple[Document, ...]:
    """Return the documents of a text in a file; raise PolicyErrors with a place in the file."""
    try:
        _refuse_unreadable(raw, outer.path)
        return _documents(raw, outer.path, outer)
    except PolicyErrors as refused:
        raise PolicyErrors(*(_moved(finding, outer) for finding in refused.diagnostics)) from None


def _moved(finding: Diagnostic, outer: Outer) -> Diagnostic:
    place = finding.place
    moved = outer.place(place.line - 1, place.column - 1) if place is not None and place.line else outer.whole
    notes = finding.notes
    if outer.first is None and place is not None and place.line:
        notes = (*notes, f"it is line {place.line} of the text that is written there")
    return replace(finding, place=moved, notes=notes)


# Control characters but tab and line ends, byte order marks within, non-characters: what libyaml and go-yaml refuse.
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\xc2[\x80-\x84\x86-\x9f]|\xef(?:\xbb\xbf|\xbf[\xbe\xbf])")


def _refuse_unreadable(raw: bytes, path: str) -> None:
    if len(raw) > MAX_BYTES:
        refuse(
            AUD901.name, f"the file is larger than {MAX_BYTES:,} bytes", Place(path=path), "is this the file you mean?"
        )
    if raw.startswith(source.UTF_16):
        refuse(AUD901.name, "the file is UTF-16 or UTF-32, not UTF-8", Place(path=path), "save it as UTF-8")
    if raw.isascii():
        return
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        refuse(
            AUD901.name,
            f"the file is not UTF-8: 0x{raw[error.start]:02X} is no character",
            source.place_at(raw, error.start, path),
            "save it as UTF-8",
        )


def _refuse_yaml(error: yaml.YAMLError, raw: bytes, path: str) -> NoReturn:
    control = _CONTROL.search(raw, len(BOM) if raw.startswith(BOM) else 0)
    if isinstance(error, ReaderError) and control is not None:
        name, advice = source.character_words(control[0].decode())
        refuse(AUD902.name, f"the file contains {name}", source.place_at(raw, control.start(), path), advice)
    try:
        refuse_syntax(error, raw, path)
    except PolicyErrors as refused:
        finding = refused.diagnostics[0]
        if finding.code in _PROPERTIES:
            finding = replace(finding, message=_PROPERTIES[finding.code], help="if it is text, put it in quotes")
        raise PolicyErrors(replace(finding, code=AUD902.name)) from None


_PROPERTIES = {
    SRC112.name: "`*` and `&` begin YAML's aliases and anchors, and no name follows",
    SRC113.name: "`!` begins a YAML tag, and this is none",
}
_STRING = "tag:yaml.org,2002:str"
_OFTEN = 40
"""Characters: what is longer is rarely there twice."""
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})


# One loop, for speed: there are millions of events, and each call for one costs as much as what is done with it.
def _documents(raw: bytes, path: str, outer: Outer | None) -> tuple[Document, ...]:  # noqa: PLR0915
    """Return the documents. Keeps a stack of its own: depth of input is not depth of calls."""
    documents: list[Document] = []
    marks: dict[int, Any] = {}
    blocks: dict[int, Any] = {}
    root: Tree = None
    current: dict[str, Tree] | list[Tree] | None = None
    key: str | None = None
    around: list[tuple[dict[str, Tree] | list[Tree] | None, str | None]] = []
    anchors = _Anchors(path)
    merges: dict[int, Any] = {}
    value: Any
    try:
        for event in events(raw):
            kind = type(event)
            if kind is ScalarEvent:
                text = event.value
                style = event.style
                if key is None and type(current) is dict:
                    key = intern(text)
                    if event.anchor is not None:
                        anchors.keep(event.anchor, key, event, event)
                    if key in current:
                        _refuse_twice(key, event, path)
                    if key == "<<" and not style:
                        merges[id(current)] = event
                    continue
                value = text
                if not style:
                    if text in _NULLS and event.tag != _STRING:
                        value = None
                    elif len(text) <= _OFTEN:
                        value = intern(text)  # a label has the same value in a thousand rules
                elif style == "|":
                    blocks[id(text)] = event.start_mark
                elif len(text) <= _OFTEN:
                    value = intern(text)
                if event.anchor is not None:
                    anchors.keep(event.anchor, value, event, event)
            elif kind is MappingStartEvent or kind is SequenceStartEvent:
                if kind is MappingStartEvent:
                    value = {}
                    marks[id(value)] = event.start_mark
                else:
                    value = []
                if event.anchor is not None:
                    anchors.open(event.anchor, value, event)
                if key is None and type(current) is dict:
                    _refuse_complex_key(event, raw, path)
                if type(current) is dict:
                    current[key] = value  # type: ignore[index]  # there is a key, or it was refused
                elif current is not None:
                    current.append(value)  # type: ignore[union-attr]  # it is a list
                else:
                    root = value
                around.append((current, key))
                if len(around) > MAX_DEPTH:
                    _refuse_depth(event, path)
                current = value
                key = None
                continue
            elif kind is MappingEndEvent or kind is SequenceEndEvent:
                if merges and id(current) in merges:
                    _merge(current, merges.pop(id(current)), path)
                if anchors.opened:
                    anchors.close(current, event)
                current = around.pop()[0]
                key = None
                continue
            elif kind is AliasEvent:
                value = anchors.value(event, len(around))
                if key is None and type(current) is dict:
                    if not isinstance(value, str):
                        _refuse_complex_key(event, raw, path)
                    if value in current:
                        _refuse_twice(value, event, path)
                    key = value
                    continue
            else:
                if kind is DocumentEndEvent:
                    if root is not None:
                        documents.append(Document(path=path, tree=root, marks=marks, blocks=blocks, outer=outer))
                    root = None
                    anchors.forget()
                continue
            if type(current) is dict:
                current[key] = value  # type: ignore[index]  # as above
                key = None
            elif current is not None:
                current.append(value)  # type: ignore[union-attr]  # as above
            else:
                root = value
    except yaml.YAMLError as error:
        _refuse_yaml(error, raw, path)
    return tuple(documents)


class _Anchors:
    """The anchors of a document, and what their aliases would add to it if they were written out."""

    def __init__(self, path: str) -> None:
        self.opened: dict[int, tuple[str, int, int]] = {}
        """The anchors of mappings and lists that have not ended: name, first character, and what was added before."""
        self._path = path
        self._added = 0
        self._values: dict[str, tuple[Any, int, int]] = {}
        """By name: the value, its characters, and its depth."""
        self._depths: dict[int, int] = {}
        self._kept: list[Any] = []
        """All values of anchors: what is kept in no tree would give its identity to another."""

    def keep(self, name: str, value: Any, begins: Any, ends: Any) -> None:
        """Keep the anchor of a text."""
        self._values[name] = (value, ends.end_mark.index - begins.start_mark.index, 0)

    def open(self, name: str, value: Any, begins: Any) -> None:
        """Note that the value of an anchor begins."""
        self.opened[id(value)] = (name, begins.start_mark.index, self._added)
        self._values.pop(name, None)

    def close(self, value: Any, ends: Any) -> None:
        """Keep the anchor of this mapping or list, if it has one."""
        opened = self.opened.pop(id(value), None)
        if opened is not None:
            name, begin, before = opened
            size = ends.end_mark.index - begin + self._added - before
            self._values[name] = (value, size, _depth(value, self._depths))
            self._kept.append(value)

    def value(self, alias: Any, depth: int) -> Any:
        """Return what an alias stands for."""
        if alias.anchor not in self._values:
            inside = any(name == alias.anchor for name, _, _ in self.opened.values())
            refuse(
                AUD902.name,
                "the value of this alias contains the alias itself"
                if inside
                else "no anchor has the name of this alias",
                place_of(alias, self._path),
                "name an anchor (`&name`) that stands above; if it is text, put it in quotes",
            )
        value, size, below = self._values[alias.anchor]
        self._added += size + 1
        if self._added > MAX_EXPANDED:
            refuse(
                AUD902.name,
                f"aliases make the file larger than {MAX_EXPANDED:,} characters",
                place_of(alias, self._path),
                "write the file without aliases of what contains aliases",
            )
        if depth + below > MAX_DEPTH:
            _refuse_depth(alias, self._path)
        return value

    def forget(self) -> None:
        """Forget the anchors: a new document begins."""
        self._values.clear()
        self.opened.clear()


def _depth(value: Any, known: dict[int, int]) -> int:
    if not isinstance(value, dict | list):
        return 0
    depth = known.get(id(value))
    if depth is None:
        children = value.values() if isinstance(value, dict) else value
        depth = known[id(value)] = 1 + max((_depth(child, known) for child in children), default=0)
    return depth


def _merge(mapping: Any, event: Any, path: str) -> None:
    """Do what `<<` says: keys of the mapping itself win, and of several merged mappings the first one's."""
    merged = mapping.pop("<<")
    for other in merged if isinstance(merged, list) else (merged,):
        if not isinstance(other, dict):
            refuse(
                AUD902.name,
                "`<<` takes the keys of a mapping, or of a list of mappings, and here is neither",
                place_of(event, path),
                "name an anchor of a mapping: `<<: *name`",
            )
        for key, value in other.items():
            mapping.setdefault(key, value)


def _refuse_twice(key: str, event: Any, path: str) -> NoReturn:
    refuse(
        AUD902.name,
        f"the key `{short(key)}` is written twice in one mapping",
        place_of(event, path),
        "keep one of the two",
    )


def _refuse_complex_key(event: Any, raw: bytes, path: str) -> NoReturn:
    start = event.start_mark
    if Lines(raw)[start.line + 1][: start.column + 1].endswith("{{"):
        refuse(
            AUD902.name,
            "a value that begins with `{{` needs quotes, or YAML takes it for a mapping",
            Place(path=path, line=start.line + 1, column=max(start.column, 1), width=2),
            "put the whole value in single quotes: '{{ ... }}'",
        )
    refuse(
        AUD902.name,
        "a mapping or a list cannot be a key",
        place_of(event, path),
        "a key is plain text; if brackets are part of it, put it in quotes",
    )


def _refuse_depth(event: Any, path: str) -> NoReturn:
    refuse(
        AUD902.name,
        f"nested more than {MAX_DEPTH} levels deep",
        place_of(event, path),
        "is a bracket or an indentation wrong?",
    )
