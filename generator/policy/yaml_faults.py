"""What the YAML parser says, in the words of somebody who edits a policy."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from generator.diagnostics.diagnostic import Place
from generator.diagnostics.yaml_events import Lines, refuse, short
from generator.policy.source_codes import SRC105, SRC106, SRC109, SRC111, SRC112, SRC113

if TYPE_CHECKING:
    import yaml


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
    code: str = SRC105.name


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
        code=SRC112.name,
    ),
    _Translation(
        "tag",
        "`!` begins a YAML tag; a policy has none",
        "leave the tag out; if it is part of the text, put the text in quotes",
        shown=r"\S*",
        at_opening=True,
        code=SRC113.name,
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
        code=SRC109.name,
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
_MISSING_KEY = _Translation("", "this key is empty", "write a name before the `:`", code=SRC111.name)
_COLON_IN_VALUE = _Translation("", "a value that contains `: ` needs quotes", _QUOTE_IT)
_TOO_DEEP = _Translation(
    "",
    "a key cannot stand here: the line above already gives a value",
    "check the indentation of this line and of the one above",
)
_CONFLICT = re.compile(rb"^(?:<{7}|={7}|>{7}|\|{7})(?=[ \r]|$)", re.MULTILINE)
_COMMENT_FOR_A_VALUE = re.compile(r"""(?::\s+|[,\[{]\s*)(#[^\s,\]}"']+)""")
_OTHER = _Translation("", "this is not YAML", "look at quotes, brackets and indentation, here and on the line above")


def refuse_syntax(error: yaml.YAMLError, raw: bytes, path: str) -> NoReturn:
    """Say what the parser could not read. Its own words stay, as a note."""
    lines = Lines(raw)
    mark = getattr(error, "problem_mark", None)
    opened = getattr(error, "context_mark", None) or mark
    said = ", ".join(part for part in (getattr(error, "context", ""), getattr(error, "problem", "")) if part)
    if mark is None or opened is None:
        refuse(SRC105.name, "this is not YAML", Place(path=path), _OTHER.help, f"the YAML parser says: {error}")
    _refuse_conflict(raw, path)
    if "flow" in said:
        _refuse_comment(lines, range(opened.line + 1, mark.line + 2), path)
    line = lines[mark.line + 1]
    indent = line[: len(line) - len(line.lstrip())]
    if "\t" in indent or (line[mark.column : mark.column + 1] == "\t"):
        refuse(
            SRC106.name,
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
    refuse(
        translation.code,
        translation.message.format(text=short(text), opened=f"line {opened.line + 1}"),
        Place(path=path, line=row, column=column + 1, width=max(len(text), 1)),
        translation.help,
        f"the YAML parser says: {said}",
    )


def _refuse_conflict(raw: bytes, path: str) -> None:
    """Refuse the first marker that git left where two branches changed the same lines."""
    marker = _CONFLICT.search(raw)
    if marker:
        line = raw.count(b"\n", 0, marker.start()) + 1
        refuse(
            SRC105.name,
            f"`{marker[0].decode()}` is a merge conflict that nobody has resolved",
            Place(path=path, line=line, column=1, width=7),
            "keep the lines that are meant, and remove the lines with `<<<<<<<`, `=======` and `>>>>>>>`",
        )


def _refuse_comment(lines: Lines, within: range, path: str) -> None:
    """Refuse the first value in brackets that begins with `#`: YAML has read the rest of its line as a comment."""
    for number in within:
        comment = _COMMENT_FOR_A_VALUE.search(lines[number])
        if comment:
            text = comment[1]
            refuse(
                SRC105.name,
                f"`{short(text)}` begins a comment, which hides the rest of the line and leaves a bracket open",
                Place(path=path, line=number, column=comment.start(1) + 1, width=len(text)),
                f'put the value in quotes: "{short(text)}"',
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
