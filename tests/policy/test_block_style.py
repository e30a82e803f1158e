"""What is read line by line is what libyaml tells of the same text: the same values, in the same order, or nothing."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

from generator.diagnostics.diagnostic import PolicyErrors
from generator.policy import block_style, known_entries, source
from generator.policy.known_entries import KnownEntries
from tests import seeds
from tests.compiling import ROOT, SMALL

if TYPE_CHECKING:
    from pathlib import Path

BASE = b"""\
version: 1
labels: {a: b}

severities:   # in their order
    P0:
        notify: [page, room-1]
        acknowledge: '5m'   # at once
        "quoted": "text: with # signs"
alerts:
- alert: Down
  expr: |
    up == 0

      # a comment of PromQL
  for: 1m
  - odd
- alert: Slow
  annotations:
    summary: Slow for
      long
    it's: 'it''s "so"'
    braces: {
      a: [b, c],
    }
    list:
    - a
    -
      b: c
    - - d
    - e: >+
        f

# the end
empty:
last: []
"""
RIGHT = BASE.replace(b"  - odd\n", b"")
CORPUS = (
    RIGHT,
    SMALL.encode(),
    *(path.read_bytes() for path in sorted((ROOT / "policy").glob("*.yaml"))),
    *(path.read_bytes() for path in sorted((ROOT / "tests/policies").glob("*.yaml"))),
    *(path.read_bytes() for path in sorted((ROOT / "out").rglob("*.y*ml"))),
)
SNIPPETS = (
    *("- ", "-", ": ", ":", " #", "#", "'", '"', "''", "\\", "[", "]", "{", "}", ", ", "|", ">-", "|2", "&a "),
    *("*a", "!t ", "? ", "---", "...", "%", "@", "`", "<<: ", "a: ", "b:", "é", "\u00a0", "\n", "\n\n", " ", "  "),
)  # fmt: skip


def in_general(raw: bytes, depth: int = 0) -> dict[str, Any]:
    return source._build(raw, "policy.yaml", depth)


def in_order(tree: Any) -> Any:
    """Return a tree in which the order of keys counts."""
    if isinstance(tree, dict):
        return [(key, in_order(value)) for key, value in tree.items()]
    return [in_order(item) for item in tree] if isinstance(tree, list) else tree


def told(raw: bytes) -> Any:
    """Return what a readable text says in general; None where it is refused."""
    try:
        return in_order(in_general(raw))
    except PolicyErrors:
        return None


def held(raw: bytes) -> bool:
    """Return whether a text was read line by line; fail where that says anything else."""
    try:
        source._refuse_unreadable(raw, "policy.yaml")
    except PolicyErrors:
        return False
    found = block_style.tree(raw, in_general)
    assert found is None or in_order(found) == told(raw), raw.decode()
    by_runs = block_style.tree(raw, in_general, KnownEntries(None))
    assert by_runs is None or in_order(by_runs) == told(raw), raw.decode()
    return found is not None


@pytest.fixture(autouse=True)
def _short_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read the shortest of sections in runs of one entry or two."""
    monkeypatch.setattr(known_entries, "LONG", 1)
    monkeypatch.setattr(known_entries, "EACH", 2)


def test_what_people_write_is_read_line_by_line() -> None:
    assert all(held(raw) for raw in CORPUS)


@pytest.mark.parametrize(
    "raw", [b"", b"# nothing\n", b"- a\n", b"text\n", b"a: 1\na: 2\n", b"a:\n    b: 1\n  c: 2\n", BASE]
)
def test_what_is_wrong_is_left_to_libyaml(raw: bytes) -> None:
    assert told(raw) is None
    assert block_style.tree(raw, in_general) is None


@pytest.mark.parametrize(
    "raw",
    [
        b"---\n  a: 1\n---\n  b: 2\n",
        b"a: |+\n  b\n\n# c\n\nd: e\n",
        b"a: |\n  b",
        b"a:\n- |2\n    b\n-\n  c\n- d\n  e\n",
        b"- a: 1\n",
        b"a: b\n c: d\n",
        b"a: 'b\nc'\nd: e\n",
        b"a: [b,\nc]\nd: e\n",
        b"a: b\n...\nc: d\n",
        b"a: b\n...\n",
        b"a:\n - b\n- c\n",
        b"a: b\n# c\n  d\n",
        b"a:\n{b: c}\n",
        b"a:\n  b\n  c\nd: - e\n",
        b"a: #b\n  c: d\n",
        b"a: -1\nb: ?c\nd: :e\n",
        b"a: b\n%TAG\n",
        b"  a: b\n  c: d\n",
        b"a:\n  b: 1\n  c: 2\n  b: 3\n",
        b"a:\n  b: 1\n- c\n",
        b"a:\n    b: 1\n  c: 2\n",
        b"a:\n  b: 1\na:\n  c: 2\n",
        b"a:\n  b: 1\n  - c\n  d: 2\n",
        b"a:\n  b: 'c\n  d: e'\n  f: g\n",
        b"a:\n  b: {c: d,\n  e: f}\n  g: h\n",
        b"a:\n  b: |\n    c\n\n# d\n\n  e: f\n# g\n\nh: i\n",
        b"a: # b\n  c: d\n  e:\n    - f\n  g: h",
        b"a:\n{b: c}\n  d: e\n",
        b"a:\n  b: c\n...\n",
        b"".join(b" " * depth + b"a:\n" for depth in range(source.MAX_DEPTH + 1)),
        b"".join(b" " * depth + b"a:\n" for depth in range(24)) + b" " * 24 + b"a: " + b"[" * 40 + b"]" * 40,
        b"".join(b" " * depth + b"a:\n" for depth in range(24)) + b" " * 24 + b"a: " + b"[" * 39 + b"]" * 39,
        b"".join(b" " * depth + b"a:\n" for depth in range(24)) + b" " * 24 + b"- " + b"[" * 39 + b"]" * 39,
        b"".join(b" " * depth + b"a:\n" for depth in range(24)) + b" " * 24 + b"- " + b"[" * 38 + b"]" * 38,
    ],
)
def test_it_says_what_libyaml_says(raw: bytes) -> None:
    held(raw)


def test_of_a_section_that_was_edited_only_the_runs_with_another_text_are_read(tmp_path: Path) -> None:
    entries = [f"  name-{number}:\n    number: {number}\n    list:\n      - a\n" for number in range(200)]
    edits = {
        "none": entries,
        "one other": [*entries[:70], entries[70].replace("- a", "- b"), *entries[71:]],
        "one more": [*entries[:70], "  more: {}\n", *entries[70:]],
        "one less": [*entries[:70], *entries[71:]],
    }

    def read(some: list[str], *, known: KnownEntries) -> int:
        """Return how many runs were not known."""
        raw = f"alerts:\n{''.join(some)}last: c\n".encode()
        asked: list[bytes] = []

        def general(run: bytes) -> dict[str, Any]:
            asked.append(run)
            return in_general(run)

        (section,) = known_entries.long_sections(raw)
        said = [entry for run in known.runs(raw, section, general) for entry in run.items()]
        assert in_order({"alerts": dict(said), "last": "c"}) == told(raw)
        known.keep()
        return len(asked)

    out = tmp_path / "out"
    assert read(entries, known=KnownEntries(out)) > 50
    for name, edited in edits.items():
        assert read(edited, known=KnownEntries(out)) <= (0 if name == "none" else 2), name
        read(entries, known=KnownEntries(out))
    assert read(entries, known=KnownEntries(out, afresh=True)) > 50


@pytest.mark.drawn
def test_a_text_that_was_edited_at_random_says_what_libyaml_says() -> None:
    dice = random.Random(seeds.seed())
    read = 0
    cases = seeds.many(for_a_commit=2000, thorough=40000)
    for _ in range(cases):
        lines = dice.choice(CORPUS[:3]).decode().split("\n")
        start = dice.randrange(max(1, len(lines) - 40))
        lines = lines[start : start + dice.randint(1, 40)]
        for _ in range(dice.randint(1, 3)):
            edit(lines, dice)
        read += held("\n".join(lines).encode())
    assert read > cases / 10 or not seeds.are_enough()


def edit(lines: list[str], dice: random.Random) -> None:
    """Change a line as people do, or as nobody would."""
    number = dice.randrange(len(lines))
    line = lines[number]
    match dice.randrange(6):
        case 0:
            lines[number] = " " * dice.randint(0, 3) + line.lstrip(" " * dice.randint(0, 1))
        case 1:
            lines.insert(number, dice.choice(lines))
        case 2 if len(lines) > 1:
            del lines[number]
        case 3:
            lines[number] = " " * (len(line) - len(line.lstrip())) + dice.choice(SNIPPETS) + line.lstrip()
        case _:
            place = dice.randint(0, len(line))
            lines[number] = line[:place] + dice.choice(SNIPPETS) + line[place:]
