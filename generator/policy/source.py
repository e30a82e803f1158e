"""The policy file as data: every scalar stays the text that its author wrote, and nothing else gets in.

YAML can do more than a policy should: a file from a stranger's pull request may hold anchors that explode, tags
that build objects, keys that hide one another. All of that is refused here, with a place and a way out, so that
later stages meet only mappings, lists and text.
"""

from __future__ import annotations

import gc
import re
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from sys import intern
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from generator.diagnostics.diagnostic import Diagnostic, Place, PolicyErrors, route_text
from generator.diagnostics.positions import locate
from generator.diagnostics.yaml_events import BOM, Lines, events, place_of, refuse, short
from generator.policy import block_style
from generator.policy.pagerduty_services import spelled
from generator.policy.source_codes import (
    SRC101,
    SRC102,
    SRC103,
    SRC104,
    SRC107,
    SRC108,
    SRC109,
    SRC110,
    SRC111,
    SRC112,
    SRC113,
    SRC114,
    SRC115,
    SRC118,
)
from generator.policy.yaml_faults import refuse_syntax
from generator.system import files

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from generator.diagnostics.diagnostic import PolicyPath
    from generator.policy.known_entries import KnownEntries

Tree: TypeAlias = "dict[str, Tree] | list[Tree] | str | None"
"""What YAML can say in a policy. `None` is a key without a value; `null` and `~` are text like any other."""

MAX_BYTES = 256 * 1024 * 1024
MAX_DEPTH = 64
MAX_CHARACTERS = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A policy file that could be read: its path as it was given, its bytes, and what they say."""

    path: str
    raw: bytes
    tree: dict[str, Tree]
    """With what its parts say."""
    parts: tuple[Source, ...] = ()
    """The files that it includes."""
    own: dict[str, Tree] | None = None
    """What it says itself, where it includes files."""
    attached: Mapping[str, bytes] = field(default_factory=dict)
    """Files of others that it reads who owns what from, by their paths."""

    @property
    def texts(self) -> dict[str, bytes]:
        """The bytes of the policy and of its parts, by their paths."""
        return {one.path: one.raw for one in (self, *self.parts)}

    def located(self, wanted: Iterable[tuple[PolicyPath, bool]]) -> dict[tuple[PolicyPath, bool], Place]:
        """Return where each wanted route stands, as `locate` does: each in the file that has most of it."""
        asked = {(spelled(self.tree, route), on_key): (route, on_key) for route, on_key in wanted}
        return {asked[one]: place for one, place in self._located(asked).items()}

    def _located(self, wanted: Iterable[tuple[PolicyPath, bool]]) -> dict[tuple[PolicyPath, bool], Place]:
        if not self.parts:
            return locate(self.raw, self.path, wanted)
        files = (replace(self, tree=self.own or {}), *self.parts)
        of_file: dict[int, list[tuple[PolicyPath, bool]]] = {}
        for one in wanted:
            number = max(range(len(files)), key=lambda number: (_depth(files[number].tree, one[0]), -number))
            of_file.setdefault(number, []).append(one)
        return {
            key: place
            for number, some in of_file.items()
            for key, place in locate(files[number].raw, files[number].path, some).items()
        }


def _depth(tree: Tree, route: PolicyPath) -> int:
    """Return how many steps of a route there are in the tree."""
    for count, step in enumerate(route):
        if isinstance(tree, dict) and step in tree:
            tree = tree[str(step)]
        elif isinstance(tree, list) and isinstance(step, int) and step < len(tree):
            tree = tree[step]
        else:
            return count
    return len(route)


def read_file(path: Path) -> Source:
    """Return the policy that `path` holds; raise `PolicyErrors` where there is none, or where `read` refuses it."""
    return read(raw_file(path), path.as_posix())


def raw_file(path: Path) -> bytes:
    """Return the bytes of the policy file; raise `PolicyErrors` where there are none to be had."""
    name = path.as_posix()
    try:
        refuse_astray(path)
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        # ValueError: a NUL in the path.
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise PolicyErrors(
            Diagnostic(
                code=SRC101.name,
                message=f"cannot read the policy: {reason[:1].lower()}{reason[1:]}",
                place=Place(path=name),
                help="check the path, and that it is a file you may read",
            )
        ) from None


def refuse_astray(path: Path) -> None:
    """Raise PolicyErrors where a path of the repository leads out of it."""
    files.refuse_astray(path, SRC118.name, "put the policy there itself, or name the file that the link leads to")


def read(raw: bytes, path: str, known: KnownEntries | None = None) -> Source:
    """Return what the bytes of a policy say. Raise `PolicyErrors`, with the place, at the first thing that is wrong.

    What is `known` of long sections is not read again.

    `on`, `010`, `1:30`, `1e3` and `null` stay text; the schema decides what they mean. Text holds no control
    characters but tab and line feed, mappings hold no key twice, and nothing is deeper than `MAX_DEPTH`.
    """
    try:
        _refuse_unreadable(raw, path)
        with garbage_collection_paused():
            told = block_style.tree(raw, lambda text, depth: _build(text, path, depth), known)
            return Source(path=path, raw=raw, tree=_build(raw, path) if told is None else told)
    except PolicyErrors as refused:
        refused.sources = {path: raw}
        raise


# --- what no parser should see -------------------------------------------------------------------------------------

UTF_16 = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")
_PLAIN = bytes(range(0x20, 0x7F)) + bytes(range(0x80, 0x100)) + b"\t\n\r"
# Beyond ASCII: control characters, the line ends that only some programs see, byte order marks, non-characters.
_HIDDEN = re.compile(rb"\xc2[\x80-\x9f]|\xe2\x80[\xa8\xa9]|\xef(?:\xbb\xbf|\xbf[\xbe\xbf])")
_LEADS = (b"\xc2", b"\xe2\x80", b"\xef")
"""What each of them begins with: without it there is none."""
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)")
_FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")


def _refuse_unreadable(raw: bytes, path: str) -> None:
    """Refuse what is no text: `_build` may count on UTF-8 in which only a line feed ends a line."""
    if len(raw) > MAX_BYTES:
        refuse(SRC102.name, f"the file is larger than {MAX_BYTES:,} bytes", Place(path=path), "is this the policy?")
    if raw.startswith(UTF_16):
        refuse(SRC103.name, "the file is UTF-16 or UTF-32, not UTF-8", Place(path=path), "save it as UTF-8")
    plain = raw.isascii()
    try:
        if not plain:
            raw.decode()
    except UnicodeDecodeError as error:
        refuse(
            SRC103.name,
            f"the file is not UTF-8: {_listed(raw[error.start : error.end])} is no character",
            place_at(raw, error.start, path),
            "save it as UTF-8",
        )
    found = None
    # Two fast looks first: a regular expression over 33 MB costs more than building the tree of a small policy.
    if raw.translate(None, _PLAIN) or (b"\r" in raw and raw.count(b"\r") != raw.count(b"\r\n")):
        found = _CONTROL.search(raw)
    if found is None and any(lead in raw for lead in _LEADS):
        found = _HIDDEN.search(raw, len(BOM) if raw.startswith(BOM) else 0)
    if found is not None:
        name, advice = character_words(found[0].decode())
        refuse(SRC104.name, f"the file contains {name}", place_at(raw, found.start(), path), advice)


def character_words(character: str) -> tuple[str, str]:
    """Return a name for a character that no policy may contain, and what to do about it."""
    point = f"U+{ord(character):04X}"
    match character:
        case "\x00":
            return f"a NUL character ({point})", "delete it; a file full of them is UTF-16 or no text at all"
        case "\r":
            return f"a carriage return without a line feed ({point})", "end lines with LF or CRLF"
        case "\x85" | "\u2028" | "\u2029":
            return f"the line separator {point}", "end lines with LF or CRLF"
        case "\ufeff":
            return f"a byte order mark behind the beginning ({point})", "delete this invisible character"
    return f"the unprintable character {point}", "delete it"


def _listed(values: bytes) -> str:
    return " ".join(f"0x{value:02X}" for value in values)


def place_at(raw: bytes, offset: int, path: str) -> Place:
    """Return the place of the byte at `offset`."""
    before = raw[raw.rfind(b"\n", 0, offset) + 1 : offset].removeprefix(BOM)
    line = raw.count(b"\n", 0, offset) + 1
    return Place(path=path, line=line, column=len(before.decode("utf-8", "replace")) + 1)


# --- from events to data -------------------------------------------------------------------------------------------

_Container: TypeAlias = dict[str, Tree] | list[Tree]


@contextmanager
def garbage_collection_paused() -> Iterator[None]:
    """Spare the search for cycles: a tree has none, and looking for them takes as long as building it."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


# One loop, for speed: there are millions of events, and each call for one costs as much as what is done with it.
def _build(raw: bytes, path: str, depth: int = 0) -> dict[str, Tree]:  # noqa: PLR0915
    """Return the tree of the one document, of which `depth` levels more enclose what it says.

    Keeps a stack of its own: depth of input is not depth of calls.
    """
    root: dict[str, Tree] | None = None
    current: _Container | None = None
    key: str | None = None
    around: list[tuple[_Container | None, str | None]] = []  # what encloses `current`, and under which key
    try:
        for event in events(raw):
            kind = type(event)
            if kind is ScalarEvent:
                text = event.value
                style = event.style
                if (
                    event.anchor is not None
                    or event.tag is not None
                    or len(text) > MAX_CHARACTERS
                    or (style == '"' and not text.isprintable())
                ):
                    _refuse_scalar(event, path)
                if isinstance(current, dict):
                    if key is None:
                        if not text or text in current or (text == "<<" and not style):
                            _refuse_key(event, current, around, raw, path)
                        key = intern(text)
                    else:
                        current[key] = text if text or style else None
                        key = None
                elif current is not None:
                    current.append(text if text or style else None)
                elif text or style:
                    _refuse_top_level("text", event, path)
            elif kind is MappingStartEvent or kind is SequenceStartEvent:
                if event.anchor is not None or event.tag is not None:
                    _refuse_property(event, path)
                child: _Container = {} if kind is MappingStartEvent else []
                if isinstance(current, dict):
                    if key is None:
                        _refuse_complex_key(event, raw, path)
                    current[key] = child
                elif current is not None:
                    current.append(child)
                elif isinstance(child, dict):
                    root = child
                else:
                    _refuse_top_level("a list", event, path)
                around.append((current, key))
                if len(around) + depth > MAX_DEPTH:
                    _refuse_depth(event, path)
                current = child
                key = None
            elif kind is MappingEndEvent or kind is SequenceEndEvent:
                current = around.pop()[0]
                key = None
            elif kind is AliasEvent:
                _refuse_property(event, path)
            elif kind is DocumentStartEvent and root is not None:
                _refuse_second_document(event, path)
    except yaml.YAMLError as error:
        refuse_syntax(error, raw, path)
    if root is None:
        refuse(SRC107.name, "the policy is empty", Place(path=path), "a policy begins with `version: 1`")
    return root


def _refuse_scalar(event: Any, path: str) -> None:
    """Refuse text that has a property, is too long, or smuggles a control character in; else return."""
    if event.anchor is not None or event.tag is not None:
        _refuse_property(event, path)
    if len(event.value) > MAX_CHARACTERS:
        refuse(
            SRC115.name,
            f"this value has {len(event.value):,} characters, {MAX_CHARACTERS:,} are allowed",
            place_of(event, path, 1),
            "keep long texts in a file of their own, and link to it",
        )
    found = _FORBIDDEN.search(event.value)
    if found is not None:
        name, _ = character_words(found[0])
        refuse(
            SRC104.name,
            f"this value contains {name}, written as an escape",
            place_of(event, path),
            "take the escape out; tabs and line feeds are the only control characters of a policy",
        )


def _refuse_property(event: Any, path: str) -> NoReturn:
    """Refuse an alias, an anchor or a tag."""
    if type(event) is not AliasEvent and event.anchor is None:
        refuse(
            SRC113.name,
            f"the tag `{_tag(event.tag)}` has no meaning in a policy",
            place_of(event, path, 1),
            "leave the tag out; if it is part of the text, put the text in quotes",
        )
    sign = "*" if type(event) is AliasEvent else "&"
    refuse(
        SRC112.name,
        f"`{sign}{short(event.anchor)}` is a YAML {'alias' if sign == '*' else 'anchor'}; a policy has none",
        place_of(event, path, len(event.anchor) + 1),
        "write what is meant for many once, with `each`; if it is text, put it in quotes",
    )


def _tag(tag: str) -> str:
    """Return a tag in the short form in which people write it."""
    standard = "tag:yaml.org,2002:"
    return short("!!" + tag.removeprefix(standard) if tag.startswith(standard) else tag)


def _refuse_key(
    event: Any,
    mapping: dict[str, Tree],
    around: list[tuple[_Container | None, str | None]],
    raw: bytes,
    path: str,
) -> NoReturn:
    key = event.value
    if not key:
        refuse(SRC111.name, "this key is empty", place_of(event, path), "write a name before the `:`")
    if key not in mapping:
        refuse(
            SRC112.name,
            "`<<` merges mappings in some YAML programs; a policy has no merging",
            place_of(event, path),
            "write what is meant for many once, with `each`",
        )
    enclosing = tuple(
        len(container) - 1 if isinstance(container, list) else step or "" for container, step in around[1:]
    )
    first = locate(raw, path, [((*enclosing, key), True)])[(*enclosing, key), True]
    refuse(
        SRC110.name,
        f"the key `{short(key)}` is written twice" + (f" in {short(route_text(enclosing))}" if enclosing else ""),
        place_of(event, path),
        "keep one of the two: most YAML programs silently drop the first",
        f"the first is at line {first.line}, column {first.column}",
    )


def _refuse_complex_key(event: Any, raw: bytes, path: str) -> NoReturn:
    mark = event.start_mark
    before = Lines(raw)[mark.line + 1][: mark.column + 1]
    if before.endswith("{{"):
        refuse(
            SRC111.name,
            "a value that begins with `{{` needs quotes, or YAML takes it for a mapping",
            Place(path=path, line=mark.line + 1, column=mark.column, width=2),
            "put the whole value in single quotes: '{{ ... }}'",
        )
    refuse(
        SRC111.name,
        f"a {'mapping' if type(event) is MappingStartEvent else 'list'} cannot be a key",
        place_of(event, path, 1),
        "a key is plain text; if brackets are part of it, put it in quotes",
    )


def _refuse_depth(event: Any, path: str) -> NoReturn:
    refuse(
        SRC114.name,
        f"nested more than {MAX_DEPTH} levels deep",
        place_of(event, path, 1),
        "no entry of a policy needs that; is a bracket or an indentation wrong?",
    )


def _refuse_top_level(found: str, event: Any, path: str) -> NoReturn:
    refuse(
        SRC108.name,
        f"a policy is a mapping of keys; this file holds {found}",
        place_of(event, path, 1),
        "begin with `version: 1` at the left margin",
    )


def _refuse_second_document(event: Any, path: str) -> NoReturn:
    refuse(
        SRC109.name,
        "a second YAML document begins here; a policy is one document",
        place_of(event, path),
        "put it in a file of its own, or remove the `---`",
    )
