"""A policy in its canonical layout: every comment stays, and what the file says stays the same.

Indentation is two spaces a level, lists stand below their key, a mapping of one-line mappings is a table, comments
stand two spaces behind what they are about. Order, quotes, line breaks within values and the words are the author's.

It edits lines by what libyaml says of them; nothing is written anew but the space between the parts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from yaml.events import MappingEndEvent, MappingStartEvent, ScalarEvent, SequenceEndEvent, SequenceStartEvent

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Place
from generator.diagnostics.yaml_events import BOM, events, refuse
from generator.policy import source

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

SRC117 = Code(
    name="SRC117",
    title="Layout that `alertc fmt` cannot format",
    meaning="`alertc fmt` leaves a file alone where it cannot be sure to keep its meaning, for example at a "
    "key behind `?`. Write it as `key: value`.",
)

_STEP = 2
_BEFORE_A_COMMENT = 2
_BLANK = " \t"


def formatted(raw: bytes, path: str) -> bytes:
    """Return the policy in its layout; raises PolicyErrors where it cannot be read.

    Formatting twice is formatting once. A layout of which it cannot keep what the policy says is refused too.
    """
    before = source.read(raw, path)
    try:
        layout = _Layout(raw.removeprefix(BOM).replace(b"\r\n", b"\n").decode())
    except _ExplicitKey as found:
        refuse(
            SRC117.name,
            "a key that is written with `?` is not formatted",
            Place(path=path, line=found.mark.line + 1, column=found.mark.column + 1),
            "write `key: value`",
        )
    text = "\n".join(_spaced(layout.lines())) + ("" if layout.ends_in_a_block else "\n")
    if source.read(text.encode(), path).tree != before.tree or _Layout(text).comments() != layout.comments():
        refuse(
            SRC117.name,
            "a layout that `alertc fmt` cannot tidy without changing what the file says",
            Place(path=path),
            "write it more plainly, and please report the file: its layout is unknown to alertc",
        )
    return text.encode()


def _spaced(lines: Iterable[tuple[str, bool]]) -> Iterator[str]:
    """Yield the lines, of blank ones between entries at most one, and none where the file begins or ends."""
    blank, begun = False, False
    for line, is_gap in lines:
        if is_gap:
            blank = begun
            continue
        if blank:
            yield ""
        yield line
        blank, begun = False, True


class _ExplicitKey(Exception):
    """A key that stands on lines of its own, behind a `?`."""

    def __init__(self, mark: Any) -> None:
        super().__init__(str(mark))
        self.mark = mark


# ------------------------------------------------------------------------------------------- what the events say


@dataclass(slots=True)
class _Level:
    """A block mapping or list: the column at which its entries stand, and are to stand."""

    is_mapping: bool
    old: int
    new: int
    entries: list[_Entry] = field(default_factory=list)
    last_dash: int = -1


@dataclass(slots=True)
class _Entry:
    """A key and its value, or an item of a list."""

    line: int
    key: Any = None  # the event
    value: Any = None  # the event with which it begins
    end: Any = None  # the event with which it ends
    flow: str = ""  # a flow collection that stands on one line, as it is to be written
    pad: int = 0  # blanks before it, so that those of a table stand below one another


@dataclass(slots=True)
class _Head:
    """A line on which entries of block collections begin: where it is, its dashes, and what follows them."""

    old: int
    new: int
    dashes: int = 0
    entry: _Entry | None = None
    levels: Mapping[int, int] = field(default_factory=dict)  # of each open level: the old column, the new one


@dataclass(frozen=True, slots=True)
class _Inside:
    """A line on which a value goes on: how far it moves, and how long a line of blanks is a part of the text."""

    move: int
    blanks: int | None = None


class _Layout:
    """One pass over the events of a text, and the lines made from it."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._old = text.split("\n")
        self._begins = list(accumulate((len(line) + 1 for line in self._old), initial=0))
        self._heads: dict[int, _Head] = {}
        self._inside: dict[int, _Inside] = {}
        self._levels: list[_Level] = []
        stream = events(text.encode())
        for event in stream:
            kind = type(event)
            if kind is MappingEndEvent or kind is SequenceEndEvent:
                closed = self._levels.pop() if self._levels else None
                if closed and closed.is_mapping:
                    _align(closed.entries)
            elif kind is MappingStartEvent or kind is SequenceStartEvent or kind is ScalarEvent:
                self._take(event, stream)

    def _take(self, event: Any, stream: Iterator[Any]) -> None:
        """Take in what begins here: a key, the value of one, an item of a list, or the policy as a whole."""
        level = self._levels[-1] if self._levels else None
        entry: _Entry | None = None
        if level and level.is_mapping:
            if not level.entries or level.entries[-1].value is not None:
                self._begin_key(level, event)
                return
            entry = level.entries[-1]
        elif level:
            entry = self._begin_item(level, event)
        if type(event) is not ScalarEvent and not event.flow_style:
            new = level.new + _STEP if level else 0
            is_mapping = type(event) is MappingStartEvent
            self._levels.append(_Level(is_mapping=is_mapping, old=event.start_mark.column, new=new))
        if entry is None or level is None:
            if type(event) is not ScalarEvent and event.flow_style:
                # The whole policy is in braces: it stays as it is.
                _, end = self._flow(event, stream)
                begun = event.start_mark.line + 1
                self._inside.update(dict.fromkeys(range(begun, end.end_mark.line + 1), _Inside(0)))
            return
        entry.value = entry.end = event
        if type(event) is not ScalarEvent and event.flow_style:
            entry.flow, entry.end = self._flow(event, stream)
        if _is_inline(event):
            self._go_on(entry, level)

    def _begin_key(self, level: _Level, event: Any) -> None:
        behind = self._old[event.end_mark.line][event.end_mark.column :].lstrip(_BLANK)
        if event.start_mark.line != event.end_mark.line or not behind.startswith(":"):
            raise _ExplicitKey(event.start_mark)
        entry = _Entry(line=event.start_mark.line, key=event)
        level.entries.append(entry)
        self._head(entry.line, level).entry = entry

    def _begin_item(self, level: _Level, event: Any) -> _Entry:
        """Return the item, its dash found: on the line where it begins, or on one before."""
        line = min(event.start_mark.line, len(self._old) - 1)
        while line > level.last_dash + 1 and not self._old[line].startswith("-", level.old):
            line -= 1
        level.last_dash = line
        entry = _Entry(line=line)
        level.entries.append(entry)
        head = self._head(line, level)
        head.dashes += 1
        if event.start_mark.line == line and _is_inline(event):
            head.entry = entry
        return entry

    def _head(self, line: int, level: _Level) -> _Head:
        head = self._heads.setdefault(line, _Head(old=level.old, new=level.new))
        head.levels = {one.old: one.new for one in self._levels}
        return head

    def _flow(self, event: Any, stream: Iterator[Any]) -> tuple[str, Any]:
        """Return a flow collection as it is to be written, and the event with which it ends.

        The empty text where it goes over lines, or leaves out a value or braces (`[a: 1]`): it stays as it is.
        """
        parts: list[list[str]] = [[]]
        mappings = [type(event) is MappingStartEvent]
        simple = True
        for inner in stream:
            kind = type(inner)
            if kind is ScalarEvent:
                parts[-1].append(self._slice(inner))
                simple = simple and bool(parts[-1][-1])
            elif kind is MappingStartEvent or kind is SequenceStartEvent:
                simple = simple and self._text[inner.start_mark.index] in "{["
                parts.append([])
                mappings.append(kind is MappingStartEvent)
            else:
                written = _collection(parts.pop(), is_mapping=mappings.pop())
                if not parts:
                    simple = simple and event.start_mark.line == inner.end_mark.line
                    return (written if simple else ""), inner
                parts[-1].append(written)
        raise AssertionError("a flow collection that does not end is not YAML")

    def _go_on(self, entry: _Entry, level: _Level) -> None:
        """Say of each line on which a value goes on how it moves."""
        ends = entry.end.end_mark
        is_text = type(entry.value) is ScalarEvent
        if _is_block(entry.value):
            self._go_on_in_a_block(entry, level)
            return
        for number in range(entry.line + 1, ends.line + 1):
            # How far a folded line is indented says nothing.
            move = level.new + _STEP - _blanks(self._old[number]) if is_text else level.new - level.old
            self._inside[number] = _Inside(move)

    def _go_on_in_a_block(self, entry: _Entry, level: _Level) -> None:
        """Say how the lines of a text in a block move: all alike."""
        begins, ends = entry.value.start_mark, entry.end.end_mark
        if begins.line > entry.line:
            # `|` on a line of its own.
            self._inside[begins.line] = _Inside(level.new + _STEP - _blanks(self._old[begins.line]))
        header = self._old[begins.line][begins.column + 1 :][:2]
        digits = "".join(filter(str.isdigit, header))
        # It ends where the next entry begins.
        last = ends.line - (ends.column == 0)
        lines = range(begins.line + 1, last + 1)
        written = [self._old[number] for number in lines if self._old[number].strip(_BLANK)]
        indent = level.old + int(digits) if digits else _blanks(written[0]) if written else self._widest(lines)
        # The empty lines at its end count where `+` keeps them, and those that are wider than the indentation.
        while last > begins.line and "+" not in header and self._is_empty(last, indent):
            last -= 1
        move = level.new - level.old if digits else level.new + _STEP - indent
        for number in range(begins.line + 1, last + 1):
            self._inside[number] = _Inside(move, indent)

    def _widest(self, lines: range) -> int:
        """Return how many blanks the widest of some lines of blanks has."""
        return max((_blanks(self._old[number]) for number in lines), default=0)

    def _is_empty(self, number: int, indent: int) -> bool:
        """Return whether a line of a block is nothing but its line feed."""
        return not self._old[number].strip(_BLANK) and len(self._old[number]) <= indent

    # --------------------------------------------------------------------------------- what the lines become

    @property
    def ends_in_a_block(self) -> bool:
        """Return whether a text in a block goes to the end of the file, where one more line feed would belong to it."""
        last = len(self._old) - 1
        indent = self._inside[last].blanks if last in self._inside else None
        return indent is not None and not self._is_empty(last, indent)

    def lines(self) -> Iterator[tuple[str, bool]]:
        """Yield each line as it is to be, and whether it is a gap between entries."""
        ahead = iter([*sorted(self._heads), -1])
        following = next(ahead)
        last: _Head | None = None
        for number, old in enumerate(self._old):
            if number == following:
                last = self._heads[number]
                following = next(ahead)
                yield self._headed(number, last), False
            elif number in self._inside:
                yield _moved(old, self._inside[number]), False
            elif not old.strip(_BLANK):
                yield "", True
            elif old.lstrip(_BLANK).startswith("#"):
                yield " " * _column_of_comment(old, last, self._heads.get(following)) + old.strip(_BLANK), False
            else:
                yield old.rstrip(_BLANK), False

    def comments(self) -> list[str]:
        """Return the comments in their order: those behind a value, and those on lines of their own."""
        found = []
        for number, old in enumerate(self._old):
            if number in self._heads:
                found.append(self._parts(number, self._heads[number])[1])
            elif number not in self._inside and old.lstrip(_BLANK).startswith("#"):
                found.append(old.strip(_BLANK))
        return [comment for comment in found if comment]

    def _headed(self, number: int, head: _Head) -> str:
        code, comment = self._parts(number, head)
        line = " " * head.new + code
        if not comment:
            return line
        # It stays below the comments of its neighbours where there is room.
        stood = len(self._old[number].rstrip(_BLANK)) - len(comment)
        return line.ljust(max(stood, len(line) + _BEFORE_A_COMMENT)) + comment

    def _parts(self, number: int, head: _Head) -> tuple[str, str]:
        """Return what the line says from its first column, and its comment."""
        line, begins, entry = self._old[number], self._begins[number], head.entry
        code = ["-"] * head.dashes
        # Behind the dashes, where nothing or another line follows them: they end with the value of an empty item.
        after = begins + len(line) - len(line[head.old :].lstrip("- \t"))
        if entry is not None and entry.key is not None:
            code.append(f"{self._slice(entry.key)}:")
            after = self._text.index(":", entry.key.end_mark.index) + 1
        if entry is not None and _is_inline(entry.value) and entry.value.start_mark.line == number:
            start, end = entry.value.start_mark.index, entry.end.end_mark.index
            if entry.end.end_mark.line != number or _is_block(entry.value):
                return " ".join((*code, _trimmed(self._text[start : begins + len(line)]))), ""
            written = entry.flow or self._text[start:end]
            if written:
                code.append(" " * entry.pad + written)
                after = end
        return " ".join(code), self._text[after : begins + len(line)].strip(_BLANK)

    def _slice(self, event: Any) -> str:
        return self._text[event.start_mark.index : event.end_mark.index]


def _is_inline(event: Any) -> bool:
    """Return whether a value is text or in brackets: it may stand on the line of its key."""
    return type(event) is ScalarEvent or (event is not None and event.flow_style)


def _is_block(event: Any) -> bool:
    """Return whether a value is text behind `|` or `>`."""
    return type(event) is ScalarEvent and event.style in ("|", ">")


def _collection(parts: list[str], *, is_mapping: bool) -> str:
    if is_mapping:
        pairs = zip(parts[::2], parts[1::2], strict=True)
        return "{" + ", ".join(f"{key}: {value}" for key, value in pairs) + "}"
    return "[" + ", ".join(parts) + "]"


def _align(entries: list[_Entry]) -> None:
    """Put the values of a table below one another: neighbouring one-line mappings where no value is text."""
    if any(type(entry.value) is ScalarEvent for entry in entries):
        return
    run: list[_Entry] = []
    for entry in (*entries, None):
        if entry and entry.flow.startswith("{") and (not run or entry.line == run[-1].line + 1):
            run.append(entry)
            continue
        widths = [one.key.end_mark.column - one.key.start_mark.column for one in run]
        for one, width in zip(run, widths, strict=True):
            one.pad = max(widths) - width
        run = [entry] if entry and entry.flow.startswith("{") else []


def _moved(old: str, inside: _Inside) -> str:
    moved = " " * max(_blanks(old) + inside.move, 0) + old.lstrip(" ")
    if inside.blanks is not None and (old.strip(_BLANK) or len(old) > inside.blanks):
        return moved
    return _trimmed(moved)


def _trimmed(line: str) -> str:
    """Return the line without the blanks at its end, but for one that a backslash escapes."""
    shown = line.rstrip(_BLANK)
    escapes = len(shown) - len(shown.rstrip("\\"))
    return line[: len(shown) + escapes % 2]


def _column_of_comment(old: str, last: _Head | None, following: _Head | None) -> int:
    """Return where a comment goes: with the entries at whose column it stands, or above them in the tree."""
    levels = {**(last.levels if last else {}), **(following.levels if following else {})}
    beside = max((column for column in levels if column <= _blanks(old)), default=None)
    return levels[beside] if beside is not None else 0


def _blanks(line: str) -> int:
    """Return with how many blanks it begins."""
    return len(line) - len(line.lstrip(" "))
