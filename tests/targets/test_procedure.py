"""docs/procedure-coverage.md keeps its word: each sentence of the procedure is carried by what its rows name.

A row names an entry of the policy, a file in out/ and a text in that file. Without the entry the row must fail:
either the policy is refused because of it, or the text is gone. A required entry is changed as well, so that a refusal
alone does not pass for a text that has nothing to do with it.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from generator import pipeline
from generator.diagnostics.diagnostic import PolicyErrors
from generator.policy import source
from generator.targets.render import Templates
from tests import seeds

if TYPE_CHECKING:
    from collections.abc import Callable

    from yaml import Node

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "docs" / "procedure-coverage.md"
POLICY = ROOT / "policy" / "exchange.yaml"
PEOPLE = "people's work"

PROCEDURE = "5672fb6af338037736a6254e26d9dcc8741ccb2a8a22e970ed0decb4146a7754"
"""What `fingerprint` makes of the procedure as the exchange wrote it: the table quotes the whole of it."""

Files = dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of the table. `route` is empty where only people can carry the sentence."""

    line: int
    sentence: str
    route: tuple[str, ...]
    people: bool
    place: str
    text: str

    def __str__(self) -> str:
        return f"line {self.line}: {'/'.join(self.route) or PEOPLE}"


# --- reading the table -----------------------------------------------------------------------------------------------


@cache
def page() -> tuple[tuple[str, ...], tuple[Row, ...]]:
    """Return what the page quotes of the procedure, headings included, and the rows of its tables."""
    quoted: list[str] = []
    rows: list[Row] = []
    cells: list[str] = []
    for number, line in enumerate(TABLE.read_text(encoding="utf-8").splitlines(), start=1):
        if line.startswith("##"):
            quoted.append(line)
        if not line.startswith("|") or re.fullmatch(r"[|\s-]+", line) or line == HEADER:
            continue
        cells = [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        sentence, policy, place, text = cells
        if sentence:
            quoted.append(sentence)
        route = code(policy)
        rows.append(
            Row(
                line=number,
                sentence=sentence or rows[-1].sentence,
                route=tuple(route.split("/")) if route else (),
                people=PEOPLE in policy,
                place=code(place),
                text=code(text),
            )
        )
    return tuple(quoted), tuple(rows)


HEADER = "| The procedure | In the policy | In `out/` | What stands there |"


def code(cell: str) -> str:
    found = re.search(r"`([^`]+)`", cell)
    return found[1] if found else ""


def rows() -> tuple[Row, ...]:
    return page()[1]


def fingerprint(markdown: str) -> str:
    """Return a digest of the words: of all but what marks headings, list items and the cells of tables."""
    words: list[str] = []
    for line in markdown.splitlines():
        if re.fullmatch(r"[|\s-]+", line):
            continue
        text = re.sub(r"^(#+ )?\s*((\d+\.|-) )?", "", line.replace("|", " "))
        words += text.split()
    return hashlib.sha256(" ".join(words).encode()).hexdigest()


# --- the policy without an entry, and with another --------------------------------------------------------------------


class Wrong(AssertionError):
    """A row that does not hold."""


def without(node: Node, route: tuple[str, ...]) -> None:
    """Take the entry out of the policy."""
    parent = at(node, route[:-1])
    del parent.value[position(parent, route[-1])]


_OTHER = {"by-hand": "with-alert", "with-alert": "by-hand"}


def changed(node: Node, route: tuple[str, ...]) -> None:
    """Give the entry another value: a number counts one more, one of two is the other, a text is another."""
    entry = at(node, route)
    if entry.value in _OTHER:
        entry.value = _OTHER[entry.value]
        return
    number = re.fullmatch(r"(\D*)(\d+)(.*)", entry.value)
    entry.value = f"{number[1]}{int(number[2]) + 1}{number[3]}" if number else "Something else"


def is_scalar(node: Node, route: tuple[str, ...]) -> bool:
    return isinstance(at(node, route), yaml.ScalarNode)


def at(node: Node, route: tuple[str, ...]) -> Node:
    for step in route:
        found = node.value[position(node, step)]
        node = found[1] if isinstance(node, yaml.MappingNode) else found
    return node


def position(node: Node, step: str) -> int:
    """Return where a mapping has the key, or a list the item: by its number or by what it says."""
    names: list[str] = []
    if isinstance(node, yaml.MappingNode):
        names = [key.value for key, _ in node.value]
    elif isinstance(node, yaml.SequenceNode):
        if step.isdigit() and int(step) < len(node.value):
            return int(step)
        names = [item.value for item in node.value]
    if step not in names:
        raise Wrong(f"the policy has no `{step}` there")
    return names.index(step)


@cache
def policy_text() -> str:
    return POLICY.read_text(encoding="utf-8")


def policy_node() -> Node:
    # As nodes, not as values: what is read as text, such as 0x20 in a unit test, stays as it was written.
    return yaml.compose(policy_text(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def compiled(text: str) -> Files:
    read = source.read(text.encode(), "policy/exchange.yaml")
    found = pipeline.compile(read, Templates(None), "policy/exchange.yaml")
    return {artifact.path: artifact.text for artifact in found.artifacts}


@cache
def out() -> Files:
    return compiled(policy_text())


def edited(row: Row, edit: Callable[[Node, tuple[str, ...]], None]) -> Files | PolicyErrors:
    """Return what the policy compiles to after the edit of the row's entry, or why it is refused."""
    node = policy_node()
    edit(node, row.route)
    text = yaml.serialize(node, Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper), allow_unicode=True)
    try:
        return compiled(text)
    except PolicyErrors as refused:
        return refused


# --- what a row promises ----------------------------------------------------------------------------------------------


def check(row: Row) -> None:
    """Raise Wrong where the row does not hold."""
    if not row.route:
        if not row.people or row.place or row.text:
            raise Wrong("a row without an entry of the policy is people's work and names no place")
        return
    at(policy_node(), row.route)
    if not row.text or not has(out(), row):
        raise Wrong(f"{row.place} does not hold `{row.text}`")
    bare = edited(row, without)
    if not isinstance(bare, PolicyErrors):
        if not has(bare, row):
            return
        if bare != out():
            raise Wrong(f"{row.place} holds `{row.text}` without {'/'.join(row.route)} too")
        # The default says the same: then the entry must still be what decides.
        other = edited(row, changed) if is_scalar(policy_node(), row.route) else out()
        if isinstance(other, PolicyErrors) or has(other, row):
            raise Wrong(f"{row.place} holds `{row.text}` without {'/'.join(row.route)} too")
        return
    if not is_about(bare, row.route):
        raise Wrong(f"the policy is refused for something else: {bare}")
    if is_scalar(policy_node(), row.route):
        other = edited(row, changed)
        if isinstance(other, PolicyErrors):
            if not is_about(other, row.route):
                raise Wrong(f"the changed policy is refused for something else: {other}")
        elif has(other, row):
            raise Wrong(f"{row.place} holds `{row.text}` whatever {'/'.join(row.route)} says")


def has(files: Files, row: Row) -> bool:
    return any(row.text in text for path, text in files.items() if fnmatchcase(path, row.place))


def is_about(refused: PolicyErrors, route: tuple[str, ...]) -> bool:
    """Return whether a finding points at the place where the entry was, or names it."""
    name = next(step for step in reversed(route) if not step.isdigit())
    return any(
        tuple(map(str, finding.route or ()))[: len(route) - 1] == route[:-1]
        or re.search(rf"[`$]{re.escape(name)}`", finding.message)
        for finding in refused.diagnostics
    )


# --- tests ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", seeds.parameters(rows(), 4), ids=str)
def test_a_row_holds_and_fails_without_its_entry(row: Row) -> None:
    check(row)


def test_every_word_of_the_procedure_is_quoted_in_its_order() -> None:
    quoted, _ = page()
    assert fingerprint("\n".join(quoted)) == PROCEDURE


def test_a_sentence_that_is_left_out_is_missed() -> None:
    quoted, _ = page()
    for number in range(len(quoted)):
        assert fingerprint("\n".join(quoted[:number] + quoted[number + 1 :])) != PROCEDURE


def test_most_sentences_are_carried_by_software() -> None:
    """What is left to people alone is only what says where the document is filed."""
    left = [row.sentence for row in rows() if not row.route]
    assert left == ["**Phase**: Launch & Operational Docs", "**Component**: Operations"]
    assert len(rows()) > 80


@cache
def wrong_rows() -> tuple[tuple[str, Row], ...]:
    good = next(row for row in rows() if row.route == ("severities", "P0", "acknowledge"))
    return (
        ("the policy has no `P9` there", replace(good, route=("severities", "P9", "acknowledge"))),
        ("does not hold `nowhere to be seen`", replace(good, text="nowhere to be seen")),
        ("does not hold", replace(good, place="prometheus/rules/no-such-service.yaml")),
        ("does not hold ``", replace(good, text="")),
        ("whatever severities/P1/acknowledge says", replace(good, route=("severities", "P1", "acknowledge"))),
        ("whatever severities/P0/title says", replace(good, route=("severities", "P0", "title"))),
        ("without purpose too", replace(good, route=("purpose",))),
        ("is people's work", replace(good, route=())),
    )


@pytest.mark.parametrize(("complaint", "row"), wrong_rows())
def test_a_row_that_is_wrong_fails(complaint: str, row: Row) -> None:
    with pytest.raises(Wrong, match=re.escape(complaint)):
        check(row)


def test_a_refusal_for_another_reason_does_not_count() -> None:
    row = next(row for row in rows() if row.route == ("severities", "P0", "acknowledge"))
    refused = edited(row, without)
    assert isinstance(refused, PolicyErrors)
    assert is_about(refused, row.route)
    assert not is_about(refused, ("duties", "post-mortem", "within"))
