"""The policy file as data: every scalar stays the text that its author wrote, and nothing else gets in.

YAML can do more than a policy should: a file from a stranger's pull request may hold anchors that explode, tags
that build objects, keys that hide one another. All of that is refused here, with a place and a way out, so that
later stages meet only mappings, lists and text.
"""

from __future__ import annotations

import gc
import re
from contextlib import contextmanager
from dataclasses import dataclass, field
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

from generator.diagnostics import Diagnostic, Place, Refused, Route

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

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


def read_file(path: Path) -> Source:
    """Return the policy that `path` holds; raise `Refused` where there is none, or where `read` refuses it."""
    name = path.as_posix()
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        # ValueError: a NUL in the path.
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise Refused(
            Diagnostic(
                code="SRC101",
                message=f"cannot read the policy: {reason[:1].lower()}{reason[1:]}",
                place=Place(path=name),
                help="check the path, and that it is a file you may read",
            )
        ) from None
    return read(raw, name)


def read(raw: bytes, path: str) -> Source:
    """Return what the bytes of a policy say. Raise `Refused`, with the place, at the first thing that is wrong.

    `on`, `010`, `1:30`, `1e3` and `null` stay text; the schema decides what they mean. Text holds no control
    characters but tab and line feed, mappings hold no key twice, and nothing is deeper than `MAX_DEPTH`.
    """
    _refuse_unreadable(raw, path)
    with _garbage_collection_paused():
        return Source(path=path, raw=raw, tree=_build(raw, path))


def locate(raw: bytes, path: str, wanted: Iterable[tuple[Route, bool]]) -> dict[tuple[Route, bool], Place]:
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


class Lines:
    """The lines of a file as an editor counts and shows them: from 1, without line ends and byte order mark."""

    def __init__(self, raw: bytes) -> None:
        self._lines = raw.removeprefix(_BOM).split(b"\n")

    def __getitem__(self, number: int) -> str:
        """Return the line; the empty string where the file has no such line."""
        if not 1 <= number <= len(self._lines):
            return ""
        return self._lines[number - 1].removesuffix(b"\r").decode("utf-8", "replace")


# --- what no parser should see -------------------------------------------------------------------------------------

_BOM = b"\xef\xbb\xbf"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")
_PLAIN = bytes(range(0x20, 0x7F)) + bytes(range(0x80, 0x100)) + b"\t\n\r"
# Beyond ASCII: control characters, the line ends that only some programs see, byte order marks, non-characters.
_HIDDEN = re.compile(rb"\xc2[\x80-\x9f]|\xe2\x80[\xa8\xa9]|\xef(?:\xbb\xbf|\xbf[\xbe\xbf])")
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)")
_FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")


def _refuse_unreadable(raw: bytes, path: str) -> None:
    """Refuse what is no text: `_build` may count on UTF-8 in which only a line feed ends a line."""
    if len(raw) > MAX_BYTES:
        _refuse("SRC102", f"the file is larger than {MAX_BYTES:,} bytes", Place(path=path), "is this the policy?")
    if raw.startswith(_UTF_16):
        _refuse("SRC103", "the file is UTF-16 or UTF-32, not UTF-8", Place(path=path), "save it as UTF-8")
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        _refuse(
            "SRC103",
            f"the file is not UTF-8: {_listed(raw[error.start : error.end])} is no character",
            _place_at(raw, error.start, path),
            "save it as UTF-8",
        )
    found = None
    # Two fast looks first: a regular expression over 33 MB costs more than building the tree of a small policy.
    if raw.translate(None, _PLAIN) or (b"\r" in raw and raw.count(b"\r") != raw.count(b"\r\n")):
        found = _CONTROL.search(raw)
    if found is None and not raw.isascii():
        found = _HIDDEN.search(raw, len(_BOM) if raw.startswith(_BOM) else 0)
    if found is not None:
        name, advice = _character(found[0].decode())
        _refuse("SRC104", f"the file contains {name}", _place_at(raw, found.start(), path), advice)


def _character(character: str) -> tuple[str, str]:
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


def _place_at(raw: bytes, offset: int, path: str) -> Place:
    """Return the place of the byte at `offset`."""
    before = raw[raw.rfind(b"\n", 0, offset) + 1 : offset].removeprefix(_BOM)
    line = raw.count(b"\n", 0, offset) + 1
    return Place(path=path, line=line, column=len(before.decode("utf-8", "replace")) + 1)


def _refuse(code: str, message: str, place: Place, help: str, *notes: str) -> NoReturn:
    raise Refused(Diagnostic(code=code, message=message, place=place, help=help, notes=notes)) from None


# --- from events to data -------------------------------------------------------------------------------------------

# libyaml where PyYAML was built with it; the pure parser understands the same files, twenty times more slowly.
_PARSER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_Container: TypeAlias = dict[str, Tree] | list[Tree]


@contextmanager
def _garbage_collection_paused() -> Iterator[None]:
    """Spare the search for cycles: a tree has none, and looking for them takes as long as building it."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _events(raw: bytes) -> Iterator[Any]:
    # The pure parser would count the byte order mark as a column.
    return iter(_PARSER(raw.removeprefix(_BOM)).get_event, None)


# One loop, for speed: there are millions of events, and each call for one costs as much as what is done with it.
def _build(raw: bytes, path: str) -> dict[str, Tree]:  # noqa: PLR0915
    """Return the tree of the one document. Keeps a stack of its own: depth of input is not depth of calls."""
    root: dict[str, Tree] | None = None
    current: _Container | None = None
    key: str | None = None
    around: list[tuple[_Container | None, str | None]] = []  # what encloses `current`, and under which key
    try:
        for event in _events(raw):
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
                if len(around) > MAX_DEPTH:
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
        _refuse_syntax(error, raw, path)
    if root is None:
        _refuse("SRC107", "the policy is empty", Place(path=path), "a policy begins with `version: 1`")
    return root


def _mark(event: Any, path: str, width: int | None = None) -> Place:
    """Return the place of an event; without a width, all of it that stands on its first line."""
    start, end = event.start_mark, event.end_mark
    if width is None:
        width = end.column - start.column if end.line == start.line else 1
    return Place(path=path, line=start.line + 1, column=start.column + 1, width=max(width, 1))


def _refuse_scalar(event: Any, path: str) -> None:
    """Refuse text that has a property, is too long, or smuggles a control character in; else return."""
    if event.anchor is not None or event.tag is not None:
        _refuse_property(event, path)
    if len(event.value) > MAX_CHARACTERS:
        _refuse(
            "SRC115",
            f"this value has {len(event.value):,} characters, {MAX_CHARACTERS:,} are allowed",
            _mark(event, path, 1),
            "keep long texts in a file of their own, and link to it",
        )
    found = _FORBIDDEN.search(event.value)
    if found is not None:
        name, _ = _character(found[0])
        _refuse(
            "SRC104",
            f"this value contains {name}, written as an escape",
            _mark(event, path),
            "take the escape out; tabs and line feeds are the only control characters of a policy",
        )


def _refuse_property(event: Any, path: str) -> NoReturn:
    """Refuse an alias, an anchor or a tag."""
    if type(event) is not AliasEvent and event.anchor is None:
        _refuse(
            "SRC113",
            f"the tag `{_tag(event.tag)}` has no meaning in a policy",
            _mark(event, path, 1),
            "leave the tag out; if it is part of the text, put the text in quotes",
        )
    sign = "*" if type(event) is AliasEvent else "&"
    _refuse(
        "SRC112",
        f"`{sign}{_short(event.anchor)}` is a YAML {'alias' if sign == '*' else 'anchor'}; a policy has none",
        _mark(event, path, len(event.anchor) + 1),
        "write what is meant for many once, with `each`; if it is text, put it in quotes",
    )


def _tag(tag: str) -> str:
    """Return a tag in the short form in which people write it."""
    standard = "tag:yaml.org,2002:"
    return _short("!!" + tag.removeprefix(standard) if tag.startswith(standard) else tag)


def _short(text: str) -> str:
    """Return what fits into a message: a key may have a thousand characters, a tag a million."""
    return text if len(text) <= 80 else text[:79] + "…"


def _refuse_key(
    event: Any,
    mapping: dict[str, Tree],
    around: list[tuple[_Container | None, str | None]],
    raw: bytes,
    path: str,
) -> NoReturn:
    key = event.value
    if not key:
        _refuse("SRC111", "this key is empty", _mark(event, path), "write a name before the `:`")
    if key not in mapping:
        _refuse(
            "SRC112",
            "`<<` merges mappings in some YAML programs; a policy has no merging",
            _mark(event, path),
            "write what is meant for many once, with `each`",
        )
    enclosing = tuple(
        len(container) - 1 if isinstance(container, list) else step or "" for container, step in around[1:]
    )
    first = locate(raw, path, [((*enclosing, key), True)])[(*enclosing, key), True]
    _refuse(
        "SRC110",
        f"the key `{_short(key)}` is written twice" + (f" in {_short(route_text(enclosing))}" if enclosing else ""),
        _mark(event, path),
        "keep one of the two: most YAML programs silently drop the first",
        f"the first is at line {first.line}, column {first.column}",
    )


def route_text(route: Route) -> str:
    """Return a route as people read it: `alerts/LedgerDown/tests/0`."""
    return "/".join(str(step) for step in route)


def _refuse_complex_key(event: Any, raw: bytes, path: str) -> NoReturn:
    mark = event.start_mark
    before = Lines(raw)[mark.line + 1][: mark.column + 1]
    if before.endswith("{{"):
        _refuse(
            "SRC111",
            "a value that begins with `{{` needs quotes, or YAML takes it for a mapping",
            Place(path=path, line=mark.line + 1, column=mark.column, width=2),
            "put the whole value in single quotes: '{{ ... }}'",
        )
    _refuse(
        "SRC111",
        f"a {'mapping' if type(event) is MappingStartEvent else 'list'} cannot be a key",
        _mark(event, path, 1),
        "a key is plain text; if brackets are part of it, put it in quotes",
    )


def _refuse_depth(event: Any, path: str) -> NoReturn:
    _refuse(
        "SRC114",
        f"nested more than {MAX_DEPTH} levels deep",
        _mark(event, path, 1),
        "no entry of a policy needs that; is a bracket or an indentation wrong?",
    )


def _refuse_top_level(found: str, event: Any, path: str) -> NoReturn:
    _refuse(
        "SRC108",
        f"a policy is a mapping of keys; this file holds {found}",
        _mark(event, path, 1),
        "begin with `version: 1` at the left margin",
    )


def _refuse_second_document(event: Any, path: str) -> NoReturn:
    _refuse(
        "SRC109",
        "a second YAML document begins here; a policy is one document",
        _mark(event, path),
        "put it in a file of its own, or remove the `---`",
    )


# --- what the parser says, in the words of somebody who edits a policy ---------------------------------------------


@dataclass(frozen=True, slots=True)
class _Translation:
    """What to say where the parser's complaint contains `needle`.

    `shown` is the text that is meant at the place, `{text}` in the message; `{opened}` is where the parser was when it
    began what it could not finish. `at_opening`: that is where the fault is, the parser only noticed later.
    """

    needle: str
    message: str
    help: str
    shown: str = r"\S?"
    at_opening: bool = False
    code: str = "SRC105"


_QUOTE_IT = "put the whole value in single quotes"

# The first that fits counts.
_TRANSLATIONS = (
    _Translation(
        "quoted scalar, found unexpected", "the quote that opens here is never closed", "close it", at_opening=True
    ),
    _Translation(
        "unknown escape character",
        "`{text}` is no escape that YAML knows in double quotes",
        "use single quotes, in which a backslash is only a backslash, or write it twice",
        shown=r"\\?.",
    ),
    _Translation(
        "quoted scalar",
        "this escape does not name a character",
        "write `\\u` and four digits of 0-9 and a-f, or use single quotes, in which a backslash is only a backslash",
    ),
    _Translation("cannot start any token", "a value cannot begin with `{text}` unless it is in quotes", _QUOTE_IT),
    _Translation(
        "block sequence entries are not allowed",
        "a list cannot begin on the line of its key",
        "begin the list on the next line; if `-` begins a text, put it in single quotes",
    ),
    _Translation(
        "could not find expected ':'",
        "this is neither `key: value` nor an item of a list",
        "is a `:` missing, or the indentation of a text that continues?",
        shown=r"\S*",
        at_opening=True,
    ),
    _Translation(
        "'-' indicator",
        "this line is not an item of the list that begins at {opened}",
        "begin it with `- `, or indent it like what it belongs to",
        shown=r"\S*",
    ),
    _Translation(
        "flow node",
        "a bracket above is not closed, or there is a comma too many",
        "close it, or take the comma out",
    ),
    _Translation(
        "flow",
        "the bracket that opens here is not closed, or a comma is missing",
        "close it, or put a comma between its entries",
        at_opening=True,
    ),
    _Translation(
        "did not find expected node content",
        "a value cannot begin with `{text}` unless it is in quotes",
        _QUOTE_IT,
    ),
    _Translation(
        "scanning an a",  # an anchor, an alias
        "`*` and `&` begin YAML's aliases and anchors; a policy has none",
        "write what is meant for many once, with `each`; if it is text, put it in quotes",
        shown=r"\S*",
        at_opening=True,
        code="SRC112",
    ),
    _Translation(
        "tag",
        "`!` begins a YAML tag; a policy has none",
        "leave the tag out; if it is part of the text, put the text in quotes",
        shown=r"\S*",
        at_opening=True,
        code="SRC113",
    ),
    _Translation(
        "scanning a block scalar",
        "`{text}` does not begin a block of text",
        "write `|-` alone, and the text on the lines below, indented",
        shown=r"\S*",
        at_opening=True,
    ),
    _Translation(
        "expected <document start>",
        "something follows after the end of the document",
        "put it in a file of its own, or remove the `...` above it",
        shown=r"\S*",
        code="SRC109",
    ),
)
_UNFITTING_LINE = _Translation(
    "",
    "`{text}` does not line up with the mapping that begins at {opened}",
    "indent it like the other keys of the mapping it belongs to",
    shown=r"\S*",
)
_REST_OF_VALUE = _Translation(
    "", "`{text}` follows a value that has already ended", "put the whole value in single quotes", shown=r"\S*"
)
_MISSING_KEY = _Translation("", "this key is empty", "write a name before the `:`", code="SRC111")
_COLON_IN_VALUE = _Translation("", "a value that contains `: ` needs quotes", _QUOTE_IT)
_TOO_DEEP = _Translation(
    "",
    "a key cannot stand here: the line above already gives a value",
    "check the indentation of this line and of the one above",
)
_OTHER = _Translation("", "this is not YAML", "look at quotes, brackets and indentation, here and on the line above")


def _refuse_syntax(error: yaml.YAMLError, raw: bytes, path: str) -> NoReturn:
    """Say what the parser could not read. Its own words stay, as a note."""
    lines = Lines(raw)
    mark = getattr(error, "problem_mark", None)
    opened = getattr(error, "context_mark", None) or mark
    said = ", ".join(part for part in (getattr(error, "context", ""), getattr(error, "problem", "")) if part)
    if mark is None or opened is None:
        _refuse("SRC105", "this is not YAML", Place(path=path), _OTHER.help, f"the YAML parser says: {error}")
    line = lines[mark.line + 1]
    indent = line[: len(line) - len(line.lstrip())]
    if "\t" in indent or (line[mark.column : mark.column + 1] == "\t"):
        _refuse(
            "SRC106",
            "a tab is used for indentation",
            Place(path=path, line=mark.line + 1, column=line.index("\t") + 1),
            "indent with spaces; YAML does not say how wide a tab is",
        )
    translation = _translation(said, line, mark.column)
    shown_at = opened if translation.at_opening else mark
    row, column = shown_at.line + 1, shown_at.column
    while row > 1 and not lines[row].strip():
        # The parser noticed at the end of the file, where there is nothing to show.
        row, column = row - 1, len(lines[row - 1])
    found = re.compile(translation.shown).match(lines[row], column)
    text = found[0] if found else ""
    _refuse(
        translation.code,
        translation.message.format(text=_short(text), opened=f"line {opened.line + 1}"),
        Place(path=path, line=row, column=column + 1, width=max(len(text), 1)),
        translation.help,
        f"the YAML parser says: {said}",
    )


def _translation(said: str, line: str, column: int) -> _Translation:
    """Return how to put the parser's complaint about `column` (from 0) of `line`."""
    before = line[:column]
    if "mapping values are not allowed" in said:
        return _COLON_IN_VALUE if re.search(r":\s", before) else _TOO_DEEP
    if "block mapping" in said:
        if line[column:].startswith(":"):
            return _MISSING_KEY
        return _REST_OF_VALUE if before.strip() else _UNFITTING_LINE
    return next((translation for translation in _TRANSLATIONS if translation.needle in said), _OTHER)


# --- from routes to places -----------------------------------------------------------------------------------------


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
        for event in _events(raw):
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


def _place_of(root: _Entry, route: Route, on_key: bool, path: str, lines: Lines) -> Place:
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


__all__ = ["Lines", "Source", "Tree", "locate", "read", "read_file", "route_text"]
