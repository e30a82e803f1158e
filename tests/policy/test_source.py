"""What a policy file may hold, what is refused and in which words, and where its entries stand."""

from __future__ import annotations

import gc
import random
import string
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from generator.diagnostics import positions, yaml_events
from generator.diagnostics.diagnostic import Diagnostic, Place, PolicyErrors, PolicyPath
from generator.diagnostics.formats import to_text
from generator.diagnostics.positions import locate
from generator.policy import source
from generator.policy.source import MAX_CHARACTERS, MAX_DEPTH, Tree, read, read_file

POLICY = """\
version: 1
severities:
  P0: {acknowledge: 5m, notify: [page, incident-room]}
alerts:
  # Money first.
  BalanceConservationViolated:
    "severity": P0
    expr: |-
      max by (ledger) (abs(ledger_balance_delta)) > 0
    for:
    summary: 'Ledger {{ $labels.ledger }} is off
      by {{ $value }}'
    tests:
      - given: {up: 0x4}
        fires_at: 1m15s
      - silent
"""


def read_text(text: str) -> dict[str, Tree]:
    return read(text.encode(), "policy.yaml").tree


def refusal(raw: bytes) -> str:
    with pytest.raises(PolicyErrors) as caught:
        read(raw, "policy.yaml")
    assert len(caught.value.diagnostics) == 1
    return to_text(caught.value.diagnostics, {"policy.yaml": raw})


def test_a_policy_is_mappings_lists_and_text() -> None:
    assert read_text(POLICY) == {
        "version": "1",
        "severities": {"P0": {"acknowledge": "5m", "notify": ["page", "incident-room"]}},
        "alerts": {
            "BalanceConservationViolated": {
                "severity": "P0",
                "expr": "max by (ledger) (abs(ledger_balance_delta)) > 0",
                "for": None,
                "summary": "Ledger {{ $labels.ledger }} is off by {{ $value }}",
                "tests": [{"given": {"up": "0x4"}, "fires_at": "1m15s"}, "silent"],
            }
        },
    }


@pytest.mark.parametrize(
    "text",
    ["on", "no", "yes", "true", "null", "~", "010", "0x10", "1:30", "1e3", "1_000", ".inf", "2026-01-05", "=", "5%"],
)
@pytest.mark.parametrize("quote", ["", "'", '"'])
def test_no_scalar_changes_its_meaning(text: str, quote: str) -> None:
    quoted = f"{quote}{text}{quote}"
    assert read_text(f"key: {quoted}\n{quoted}: value\nlist: [{quoted}]\n") == {
        "key": text,
        text: "value",
        "list": [text],
    }


def test_only_a_value_that_is_not_written_is_nothing() -> None:
    tree = read_text("nothing:\nquoted: ''\nblock: |\nlist:\n  -\n  - ''\n? alone\n")
    assert tree == {"nothing": None, "quoted": "", "block": "", "list": [None, ""], "alone": None}


@pytest.mark.parametrize(
    "raw",
    [
        POLICY.replace("\n", "\r\n").encode(),
        b"\xef\xbb\xbf" + POLICY.encode(),
        b"\xef\xbb\xbf" + POLICY.replace("\n", "\r\n").encode(),
        b"%YAML 1.2\n---\n" + POLICY.encode(),
        b"# a comment\n---\n" + POLICY.encode() + b"...\n",
        POLICY.rstrip("\n").encode(),
    ],
    ids=["CRLF", "byte order mark", "both", "directive", "document marks", "no last line end"],
)
def test_other_ways_to_save_a_file_say_the_same(raw: bytes) -> None:
    assert read(raw, "policy.yaml").tree == read_text(POLICY)


def test_the_pure_parser_reads_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    routes = [(route, on_key) for route in routes_of(read_text(POLICY)) for on_key in (False, True)]
    raw = b"\xef\xbb\xbf" + POLICY.encode()
    tree, places = read(raw, "policy.yaml").tree, locate(raw, "policy.yaml", routes)
    monkeypatch.setattr(yaml_events, "PARSER", yaml.SafeLoader)
    assert read(raw, "policy.yaml").tree == tree
    assert locate(raw, "policy.yaml", routes) == places


REFUSED = [
    pytest.param(
        b"alerts:\n  Down:\n    for: 1m\n    tests:\n      - given: a\n    for: 2m\n",
        """\
error[SRC110]: the key `for` is written twice in alerts/Down
  --> policy.yaml:6:5
   |
 6 |     for: 2m
   |     ^^^
   = the first is at line 3, column 5
   = help: keep one of the two: most YAML programs silently drop the first
""",
        id="a duplicate key",
    ),
    pytest.param(
        b"a:\n  - b: 1\n  - c: 1\n    c: 2\n",
        """\
error[SRC110]: the key `c` is written twice in a/1
  --> policy.yaml:4:5
   |
 4 |     c: 2
   |     ^
   = the first is at line 3, column 5
   = help: keep one of the two: most YAML programs silently drop the first
""",
        id="a duplicate key inside a list",
    ),
    pytest.param(
        b"a:\n  b: 1\n\tc: 2\n",
        """\
error[SRC106]: a tab is used for indentation
  --> policy.yaml:3:1
   |
 3 |     c: 2
   | ^^^^
   = help: indent with spaces; YAML does not say how wide a tab is
""",
        id="a tab",
    ),
    pytest.param(
        b"a: |\n\ttext\n",
        """\
error[SRC106]: a tab is used for indentation
  --> policy.yaml:2:1
   |
 2 |     text
   | ^^^^
   = help: indent with spaces; YAML does not say how wide a tab is
""",
        id="a tab in a text",
    ),
    pytest.param(
        b"summary: Ledger: off\n",
        """\
error[SRC105]: a value that contains `: ` needs quotes
  --> policy.yaml:1:16
   |
 1 | summary: Ledger: off
   |                ^
   = the YAML parser says: mapping values are not allowed in this context
   = help: put the whole value in single quotes
""",
        id="a colon in a value",
    ),
    pytest.param(
        b"a: 1\n  b: 2\n",
        """\
error[SRC105]: a key cannot stand here: the line above already gives a value
  --> policy.yaml:2:4
   |
 2 |   b: 2
   |    ^
   = the YAML parser says: mapping values are not allowed in this context
   = help: check the indentation of this line and of the one above
""",
        id="a key that is indented too far",
    ),
    pytest.param(
        b"a:\n    b: 1\n  c: 2\n",
        """\
error[SRC105]: `c:` does not line up with the mapping that begins at line 1
  --> policy.yaml:3:3
   |
 3 |   c: 2
   |   ^^
   = the YAML parser says: while parsing a block mapping, did not find expected key
   = help: indent it like the other keys of the mapping it belongs to
""",
        id="a key that is indented too little",
    ),
    pytest.param(
        b"a: 'x\nb: y\n",
        """\
error[SRC105]: the quote that opens here is never closed
  --> policy.yaml:1:4
   |
 1 | a: 'x
   |    ^
   = the YAML parser says: while scanning a quoted scalar, found unexpected end of stream
   = help: close it
""",
        id="a quote that is never closed",
    ),
    pytest.param(
        b'expr: "a" or b\n',
        """\
error[SRC105]: `or` follows a value that has already ended
  --> policy.yaml:1:11
   |
 1 | expr: "a" or b
   |           ^^
   = the YAML parser says: while parsing a block mapping, did not find expected key
   = help: put the whole value in single quotes
""",
        id="text after a quoted value",
    ),
    pytest.param(
        b'expr: {job="x"} == 0\n',
        """\
error[SRC105]: `==` follows a value that has already ended
  --> policy.yaml:1:17
   |
 1 | expr: {job="x"} == 0
   |                 ^^
   = the YAML parser says: while parsing a block mapping, did not find expected key
   = help: put the whole value in single quotes
""",
        id="a selector that begins a value",
    ),
    pytest.param(
        b"a: [1, 2\nb: 3\n",
        """\
error[SRC105]: the bracket that opens here is not closed, or a comma is missing
  --> policy.yaml:1:4
   |
 1 | a: [1, 2
   |    ^
   = the YAML parser says: while parsing a flow sequence, did not find expected ',' or ']'
   = help: close it, or put a comma between its entries
""",
        id="a bracket that is never closed",
    ),
    pytest.param(
        b"a: [1,\n",
        """\
error[SRC105]: a bracket above is not closed, or there is a comma too many
  --> policy.yaml:1:7
   |
 1 | a: [1,
   |       ^
   = the YAML parser says: while parsing a flow node, did not find expected node content
   = help: close it, or take the comma out
""",
        id="a bracket that is open at the end",
    ),
    pytest.param(
        b"summary: {{ $labels.ledger }} is off\n",
        """\
error[SRC111]: a value that begins with `{{` needs quotes, or YAML takes it for a mapping
  --> policy.yaml:1:10
   |
 1 | summary: {{ $labels.ledger }} is off
   |          ^^
   = help: put the whole value in single quotes: '{{ ... }}'
""",
        id="a template without quotes",
    ),
    pytest.param(
        b"a: %x\n",
        """\
error[SRC105]: a value cannot begin with `%` unless it is in quotes
  --> policy.yaml:1:4
   |
 1 | a: %x
   |    ^
   = the YAML parser says: while scanning for the next token, found character that cannot start any token
   = help: put the whole value in single quotes
""",
        id="a percent sign without quotes",
    ),
    pytest.param(
        b'a: "\\d+"\n',
        """\
error[SRC105]: `\\d` is no escape that YAML knows in double quotes
  --> policy.yaml:1:5
   |
 1 | a: "\\d+"
   |     ^^
   = the YAML parser says: while parsing a quoted scalar, found unknown escape character
   = help: use single quotes, in which a backslash is only a backslash, or write it twice
""",
        id="a regular expression in double quotes",
    ),
    pytest.param(
        b'a: "\\ud800"\n',
        """\
error[SRC105]: this escape does not name a character
  --> policy.yaml:1:7
   |
 1 | a: "\\ud800"
   |       ^
   = the YAML parser says: while parsing a quoted scalar, found invalid Unicode character escape code
   = help: write `\\u` and four digits of 0-9 and a-f, or use single quotes, in which a backslash is only a backslash
""",
        id="an escape that is no character",
    ),
    pytest.param(
        b"a: 1\nb\nc: 2\n",
        """\
error[SRC105]: this is neither `key: value` nor an item of a list
  --> policy.yaml:2:1
   |
 2 | b
   | ^
   = the YAML parser says: while scanning a simple key, could not find expected ':'
   = help: is a `:` missing, or the indentation of a text that continues?
""",
        id="a line without a colon",
    ),
    pytest.param(
        b"a: - x\n",
        """\
error[SRC105]: a list cannot begin on the line of its key
  --> policy.yaml:1:4
   |
 1 | a: - x
   |    ^
   = the YAML parser says: block sequence entries are not allowed in this context
   = help: begin the list on the next line; if `-` begins a text, put it in single quotes
""",
        id="a list on the line of its key",
    ),
    pytest.param(
        b"a:\n  - x\n  b: 1\n",
        """\
error[SRC105]: this line is not an item of the list that begins at line 2
  --> policy.yaml:3:3
   |
 3 |   b: 1
   |   ^^
   = the YAML parser says: while parsing a block collection, did not find expected '-' indicator
   = help: begin it with `- `, or indent it like what it belongs to
""",
        id="a key among the items of a list",
    ),
    pytest.param(
        b"a: |text\n  more\n",
        """\
error[SRC105]: `|text` does not begin a block of text
  --> policy.yaml:1:4
   |
 1 | a: |text
   |    ^^^^^
   = the YAML parser says: while scanning a block scalar, did not find expected comment or line break
   = help: write `|-` alone, and the text on the lines below, indented
""",
        id="a block header with text",
    ),
    pytest.param(
        b"a: &x 1\nb: *x\n",
        """\
error[SRC112]: `&x` is a YAML anchor; a policy has none
  --> policy.yaml:1:4
   |
 1 | a: &x 1
   |    ^^
   = help: write what is meant for many once, with `each`; if it is text, put it in quotes
""",
        id="an alias",
    ),
    pytest.param(
        b"a: *\n",
        """\
error[SRC112]: `*` and `&` begin YAML's aliases and anchors; a policy has none
  --> policy.yaml:1:4
   |
 1 | a: *
   |    ^
   = the YAML parser says: while scanning an alias, did not find expected alphabetic or numeric character
   = help: write what is meant for many once, with `each`; if it is text, put it in quotes
""",
        id="a star without a name",
    ),
    pytest.param(
        b"a:\n  <<: {b: 1}\n",
        """\
error[SRC112]: `<<` merges mappings in some YAML programs; a policy has no merging
  --> policy.yaml:2:3
   |
 2 |   <<: {b: 1}
   |   ^^
   = help: write what is meant for many once, with `each`
""",
        id="a merge key",
    ),
    pytest.param(
        b"a: !!python/object/apply:os.system [ls]\n",
        """\
error[SRC113]: the tag `!!python/object/apply:os.system` has no meaning in a policy
  --> policy.yaml:1:4
   |
 1 | a: !!python/object/apply:os.system [ls]
   |    ^
   = help: leave the tag out; if it is part of the text, put the text in quotes
""",
        id="a tag that builds objects",
    ),
    pytest.param(
        b"a: 1\nb: ! x\n",
        """\
error[SRC113]: the tag `!` has no meaning in a policy
  --> policy.yaml:2:4
   |
 2 | b: ! x
   |    ^
   = help: leave the tag out; if it is part of the text, put the text in quotes
""",
        id="a tag of our own",
    ),
    pytest.param(
        b"a: 1\n'': 2\n",
        """\
error[SRC111]: this key is empty
  --> policy.yaml:2:1
   |
 2 | '': 2
   | ^^
   = help: write a name before the `:`
""",
        id="an empty key",
    ),
    pytest.param(
        b": 1\n",
        """\
error[SRC111]: this key is empty
  --> policy.yaml:1:1
   |
 1 | : 1
   | ^
   = the YAML parser says: while parsing a block mapping, did not find expected key
   = help: write a name before the `:`
""",
        id="no key",
    ),
    pytest.param(
        b"? [a]\n: b\n",
        """\
error[SRC111]: a list cannot be a key
  --> policy.yaml:1:3
   |
 1 | ? [a]
   |   ^
   = help: a key is plain text; if brackets are part of it, put it in quotes
""",
        id="a list as a key",
    ),
    pytest.param(
        b"a: 1\n---\nb: 2\n",
        """\
error[SRC109]: a second YAML document begins here; a policy is one document
  --> policy.yaml:2:1
   |
 2 | ---
   | ^^^
   = help: put it in a file of its own, or remove the `---`
""",
        id="two documents",
    ),
    pytest.param(
        b"a: 1\n...\nb: 2\n",
        """\
error[SRC109]: something follows after the end of the document
  --> policy.yaml:3:1
   |
 3 | b: 2
   | ^^
   = the YAML parser says: did not find expected <document start>
   = help: put it in a file of its own, or remove the `...` above it
""",
        id="more after the end",
    ),
    pytest.param(
        b"%YAML 2.0\n---\na: 1\n",
        """\
error[SRC105]: this is not YAML
  --> policy.yaml:1:1
   |
 1 | %YAML 2.0
   | ^
   = the YAML parser says: found incompatible YAML document
   = help: look at quotes, brackets and indentation, here and on the line above
""",
        id="another version of YAML",
    ),
    pytest.param(
        b"",
        """\
error[SRC107]: the policy is empty
  --> policy.yaml
   = help: a policy begins with `version: 1`
""",
        id="an empty file",
    ),
    pytest.param(
        b"# nothing\n---\n",
        """\
error[SRC107]: the policy is empty
  --> policy.yaml
   = help: a policy begins with `version: 1`
""",
        id="only comments",
    ),
    pytest.param(
        b"- a\n",
        """\
error[SRC108]: a policy is a mapping of keys; this file holds a list
  --> policy.yaml:1:1
   |
 1 | - a
   | ^
   = help: begin with `version: 1` at the left margin
""",
        id="a list as a policy",
    ),
    pytest.param(
        b"hello\n",
        """\
error[SRC108]: a policy is a mapping of keys; this file holds text
  --> policy.yaml:1:1
   |
 1 | hello
   | ^
   = help: begin with `version: 1` at the left margin
""",
        id="a text as a policy",
    ),
    pytest.param(
        b"a: x\x00y\n",
        """\
error[SRC104]: the file contains a NUL character (U+0000)
  --> policy.yaml:1:5
   |
 1 | a: x\\x00y
   |     ^^^^
   = help: delete it; a file full of them is UTF-16 or no text at all
""",
        id="a NUL",
    ),
    pytest.param(
        b'a: "x\\0y"\n',
        """\
error[SRC104]: this value contains a NUL character (U+0000), written as an escape
  --> policy.yaml:1:4
   |
 1 | a: "x\\0y"
   |    ^^^^^^
   = help: take the escape out; tabs and line feeds are the only control characters of a policy
""",
        id="a NUL as an escape",
    ),
    pytest.param(
        b"a: 1\rb: 2\n",
        """\
error[SRC104]: the file contains a carriage return without a line feed (U+000D)
  --> policy.yaml:1:5
   |
 1 | a: 1\\rb: 2
   |     ^^
   = help: end lines with LF or CRLF
""",
        id="a carriage return alone",
    ),
    pytest.param(
        b"a: 1\nb: x\xef\xbb\xbf\n",
        """\
error[SRC104]: the file contains a byte order mark behind the beginning (U+FEFF)
  --> policy.yaml:2:5
   |
 2 | b: x\\ufeff
   |     ^^^^^^
   = help: delete this invisible character
""",
        id="a byte order mark inside",
    ),
    pytest.param(
        b"a: |\n  x\xe2\x80\xa8y\n",
        """\
error[SRC104]: the file contains the line separator U+2028
  --> policy.yaml:2:4
   |
 2 |   x\\u2028y
   |    ^^^^^^
   = help: end lines with LF or CRLF
""",
        id="a line separator",
    ),
    pytest.param(
        b"a: \xef\xbf\xbf\n",
        """\
error[SRC104]: the file contains the unprintable character U+FFFF
  --> policy.yaml:1:4
   |
 1 | a: \\uffff
   |    ^^^^^^
   = help: delete it
""",
        id="a non-character",
    ),
    pytest.param(
        b"a: caf\xe9 \xe9\n",
        """\
error[SRC103]: the file is not UTF-8: 0xE9 is no character
  --> policy.yaml:1:7
   |
 1 | a: caf� �
   |       ^
   = help: save it as UTF-8
""",
        id="Latin 1",
    ),
    pytest.param(
        b"\xff\xfea\x00:\x00 \x001\x00\n\x00",
        """\
error[SRC103]: the file is UTF-16 or UTF-32, not UTF-8
  --> policy.yaml
   = help: save it as UTF-8
""",
        id="UTF-16",
    ),
    pytest.param(
        b"a: '\xe6\x97\xa5\xe6\x9c\xac' \xe2\x80\xae\n",
        """\
error[SRC105]: `\\u202e` follows a value that has already ended
  --> policy.yaml:1:9
   |
 1 | a: '日本' \\u202e
   |           ^^^^^^
   = the YAML parser says: while parsing a block mapping, did not find expected key
   = help: put the whole value in single quotes
""",
        id="a wide character before the fault",
    ),
]


@pytest.mark.parametrize(("raw", "expected"), REFUSED)
def test_what_a_policy_cannot_hold_is_refused_with_a_way_out(raw: bytes, expected: str) -> None:
    assert refusal(raw) == expected


@pytest.mark.parametrize("raw", [case.values[0] for case in REFUSED], ids=[case.id for case in REFUSED])
def test_the_pure_parser_refuses_the_same(raw: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_events, "PARSER", yaml.SafeLoader)
    assert "error[SRC1" in refusal(raw)


@pytest.mark.parametrize("opening", ["[", "{a: ", "[{a: "])
def test_twenty_thousand_levels_are_refused(opening: str) -> None:
    assert f"error[SRC114]: nested more than {MAX_DEPTH} levels deep" in refusal(b"a: " + opening.encode() * 20_000)


def test_depth_is_allowed_up_to_the_limit() -> None:
    assert read_text("a: " + "[" * (MAX_DEPTH - 1) + "]" * (MAX_DEPTH - 1))
    assert "SRC114" in refusal(b"a: " + b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)


def test_a_text_is_allowed_up_to_the_limit() -> None:
    assert read_text("a: " + "x" * MAX_CHARACTERS) == {"a": "x" * MAX_CHARACTERS}
    assert refusal(b"a: " + b"x" * 5_000_000).startswith(
        "error[SRC115]: this value has 5,000,000 characters, 1,048,576 are allowed\n  --> policy.yaml:1:4\n"
    )


def test_a_message_stays_short_whatever_it_quotes() -> None:
    for raw in (b"a: !" + b"x" * 3_000_000, b"a: &" + b"x" * 3_000_000, b'a: "" ' + b"x" * 3_000_000):
        assert len(refusal(raw)) < 1_000


def test_a_file_above_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "MAX_BYTES", 4)
    assert read(b"a: b", "policy.yaml").tree == {"a": "b"}
    assert refusal(b"a: bc") == (
        "error[SRC102]: the file is larger than 4 bytes\n  --> policy.yaml\n   = help: is this the policy?\n"
    )


@pytest.mark.parametrize(
    ("name", "reason"),
    [("none.yaml", "no such file or directory"), ("folder", "is a directory"), ("a\0b", "embedded null byte")],
)
def test_a_file_that_cannot_be_read_is_named(name: str, reason: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    path = tmp_path / name
    with pytest.raises(PolicyErrors) as caught:
        read_file(path)
    (finding,) = caught.value.diagnostics
    assert (finding.code, finding.message) == ("SRC101", f"cannot read the policy: {reason}")
    assert finding.place == Place(path=path.as_posix())


def test_a_file_keeps_the_path_it_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("policy").mkdir()
    Path("policy/exchange.yaml").write_text("version: 1\n")
    read_policy = read_file(Path("policy/exchange.yaml"))
    assert read_policy == source.Source(path="policy/exchange.yaml", raw=b"version: 1\n", tree={"version": "1"})


@pytest.mark.parametrize("raw", [b"a: 1", b"a: [", b"\xff"])
def test_garbage_collection_goes_on_afterwards(raw: bytes) -> None:
    assert gc.isenabled()
    with suppress(PolicyErrors):
        read(raw, "policy.yaml")
    assert gc.isenabled()


# --- places --------------------------------------------------------------------------------------------------------

ALERT = ("alerts", "BalanceConservationViolated")


@pytest.mark.parametrize(
    ("route", "on_key", "meant"),
    [
        (("version",), False, (1, 10, "1")),
        (("version",), True, (1, 1, "version")),
        (("severities", "P0"), False, (3, 7, "{acknowledge: 5m, notify: [page, incident-room]}")),
        (("severities", "P0", "notify"), False, (3, 33, "[page, incident-room]")),
        (("severities", "P0", "notify", 1), False, (3, 40, "incident-room")),
        (("severities", "P0", "notify", 1), True, (3, 40, "incident-room")),
        # A block has no line of its own: its key shows it.
        (("alerts",), False, (4, 1, "alerts")),
        (ALERT, False, (6, 3, "BalanceConservationViolated")),
        ((*ALERT, "severity"), True, (7, 5, '"severity"')),
        ((*ALERT, "expr"), False, (8, 11, "|-")),
        ((*ALERT, "for"), False, (10, 5, "for")),
        ((*ALERT, "summary"), False, (11, 14, "'Ledger {{ $labels.ledger }} is off")),
        ((*ALERT, "tests", 0), False, (14, 9, "given: {up: 0x4}")),
        ((*ALERT, "tests", 0, "given", "up"), False, (14, 21, "0x4")),
        ((*ALERT, "tests", 1), False, (16, 9, "silent")),
        # What does not exist stands at the nearest entry that does.
        ((*ALERT, "containment"), False, (6, 3, "BalanceConservationViolated")),
        ((*ALERT, "tests", 2, "given"), False, (13, 5, "tests")),
        ((*ALERT, "tests", 1, "given"), False, (16, 9, "silent")),
        (("alerts", "Other", "for"), True, (4, 1, "alerts")),
        (("severities", "P0", "notify", "page"), False, (3, 25, "notify")),
    ],
)
@pytest.mark.parametrize("form", ["LF", "CRLF", "byte order mark"])
def test_a_route_leads_to_its_place(route: PolicyPath, on_key: bool, meant: tuple[int, int, str], form: str) -> None:
    raw = POLICY.replace("\n", "\r\n" if form == "CRLF" else "\n").encode()
    raw = b"\xef\xbb\xbf" + raw if form == "byte order mark" else raw
    place = locate(raw, "policy.yaml", [(route, on_key)])[route, on_key]
    line, column, text = meant
    assert place == Place(path="policy.yaml", line=line, column=column, width=len(text))


@pytest.mark.parametrize("route", [(), ("nowhere",), (0,)])
def test_the_policy_as_a_whole_is_its_file(route: PolicyPath) -> None:
    assert locate(POLICY.encode(), "p.yaml", [(route, False)]) == {(route, False): Place(path="p.yaml")}


def test_many_routes_take_one_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    passes = []
    events = positions.events
    monkeypatch.setattr(positions, "events", lambda raw: passes.append(1) or events(raw))
    wanted = [(route, on_key) for route in routes_of(read_text(POLICY)) for on_key in (False, True)]
    passes.clear()
    assert set(locate(POLICY.encode(), "policy.yaml", wanted)) == set(wanted)
    assert len(passes) == 1


# --- properties ----------------------------------------------------------------------------------------------------

# All but control characters, other programs' line ends, byte order marks and non-characters.
TEXT = st.text(
    st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"], exclude_characters="\ufeff\ufffe\uffff")
    | st.sampled_from("\t\n '\"\\:#-{}[]<>$%&*!|\u202e\u200f\U0001f600")
)
WORD = st.text(st.sampled_from(string.ascii_letters + "éß日本語\u0301"), min_size=1, max_size=8)
TREE = st.dictionaries(
    WORD,
    st.recursive(
        WORD | st.just(""), lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORD, inner, max_size=4)
    ),
    min_size=1,
)


@given(TEXT)
def test_any_text_in_double_quotes_arrives_unchanged(text: str) -> None:
    escapes = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t"}
    quoted = "".join(escapes.get(character, character) for character in text)
    assert read_text(f'key: "{quoted}"\n') == {"key": text}


@given(TEXT)
def test_any_text_in_a_literal_block_arrives_unchanged(text: str) -> None:
    block = "".join(f"    {line}\n" for line in text.split("\n"))
    assert read_text(f"outer:\n  key: |2+\n{block}  next: 1\n") == {"outer": {"key": text + "\n", "next": "1"}}


@given(st.characters(), st.sampled_from(['"{}"', "'{}'", "x{}x", "|\n  x{}x"]))
def test_a_character_arrives_or_is_refused(character: str, form: str) -> None:
    raw = ("key: " + form.replace("{}", character)).encode("utf-8", "surrogatepass")
    try:
        (value,) = read(raw, "policy.yaml").tree.values()
    except PolicyErrors:
        return
    # A line end inside of quotes is a space, and one that ends a text is none; so YAML folds.
    assert character in str(value) or character in " \t\n\"'"


@given(st.integers(min_value=0))
def test_a_mutated_policy_is_read_or_refused(seed: int) -> None:
    raw = mutated(POLICY.encode(), random.Random(seed))
    findings: tuple[Diagnostic, ...] = ()
    try:
        routes_of(read(raw, "policy.yaml").tree)
    except PolicyErrors as refused:
        findings = refused.diagnostics
    assert all(finding.help and finding.place is not None for finding in findings)
    assert all(finding.place.line <= raw.count(b"\n") + 1 for finding in findings if finding.place is not None)
    assert bool(to_text(findings, {"policy.yaml": raw})) == bool(findings)
    locate(raw, "policy.yaml", [((*ALERT, "for"), False), ((*ALERT, "tests", 0, "given"), True)])


def mutated(raw: bytes, rng: random.Random) -> bytes:
    """Return the bytes with up to five cuts, copies, flips or insertions."""
    pieces = [b"\t", b"- ", b": ", b"{", b"]", b"'", b'"', b"&a ", b"*a", b"!", b"\n", b"\r", b"\0", b"\xff", b"---\n"]
    for _ in range(rng.randint(1, 5)):
        at, until = sorted((rng.randrange(len(raw) + 1), rng.randrange(len(raw) + 1)))
        change = rng.choice([b"", raw[at:until], bytes([rng.randrange(256)]), *pieces])
        where = rng.randrange(len(raw) + 1)
        raw = raw[:where] + change + raw[where + rng.choice([0, 1, 2, until - at]) :]
    return raw


@given(TREE, st.data())
def test_every_entry_of_a_tree_has_its_place(tree: dict[str, Any], data: st.DataObject) -> None:
    text = yaml.safe_dump(
        tree,
        allow_unicode=True,
        default_flow_style=data.draw(st.sampled_from([True, False, None])),
        default_style=data.draw(st.sampled_from([None, '"', "'"])),
        indent=data.draw(st.integers(2, 6)),
        width=1_000_000,
        sort_keys=False,
    )
    raw = text.replace("\n", data.draw(st.sampled_from(["\n", "\r\n"]))).encode()
    raw = data.draw(st.sampled_from([b"", b"\xef\xbb\xbf"])) + raw
    assert read(raw, "policy.yaml").tree == tree
    routes = routes_of(tree)
    wanted = [(route, on_key) for route in routes for on_key in (False, True)]
    lines = text.split("\n")
    for (route, on_key), place in locate(raw, "policy.yaml", wanted).items():
        value = routes[route]
        shown = lines[place.line - 1][place.column - 1 :][: place.width]
        if isinstance(value, str) and (not on_key or isinstance(route[-1], int)):
            assert shown.strip("'\"") == value
        elif isinstance(route[-1], str) and (on_key or shown[0] not in "[{"):
            assert shown.strip("'\"") == route[-1]
        else:
            assert shown[0] in "[{" or list_item_begins(shown, value)


def list_item_begins(shown: str, value: Any) -> bool:
    """Return whether a block that is an item of a list begins with `shown`: with its first entry."""
    return shown.startswith("- ") if isinstance(value, list) else shown.strip("'\"").startswith(next(iter(value)))


def routes_of(tree: dict[str, Tree]) -> dict[PolicyPath, Tree]:
    """Return every entry of a tree by its route."""
    found: dict[PolicyPath, Tree] = {}
    open_entries: list[tuple[PolicyPath, Tree]] = [((key,), value) for key, value in tree.items()]
    while open_entries:
        route, value = open_entries.pop()
        assert value is None or isinstance(value, dict | list | str)
        found[route] = value
        if isinstance(value, dict):
            open_entries += [((*route, key), inner) for key, inner in value.items()]
        elif isinstance(value, list):
            open_entries += [((*route, index), inner) for index, inner in enumerate(value)]
    return found
