"""A diff says how one text becomes the other, whatever the texts are."""

import random
import re
from difflib import unified_diff

import pytest

from generator.system import differences


def applied(before, diff):
    """Return what the lines of `before` become by a unified diff, as `patch` reads it."""
    after, at = [], 0
    for line in diff[2:]:
        if line.startswith("@@"):
            begin, count = re.match(r"@@ -(\d+)(?:,(\d+))?", line).groups()
            first = int(begin) - (count != "0")
            after += before[at:first]
            at = first
        elif line.startswith("-"):
            assert before[at] == line[1:]
            at += 1
        elif line.startswith("+"):
            after.append(line[1:])
        else:
            assert before[at] == line[1:]
            after.append(line[1:])
            at += 1
    return [*after, *before[at:]]


@pytest.mark.parametrize("seed", range(200))
def test_a_diff_leads_from_one_text_to_the_other(seed, monkeypatch):
    chance = random.Random(seed)
    monkeypatch.setattr(differences, "_CLOSE", chance.choice([0, 50, 20_000_000]))
    before, after = ([str(chance.randrange(chance.choice([2, 40]))) for _ in range(chance.randrange(30))] for _ in "ab")
    if seed % 2:
        after = [line for line in before if chance.random() > 0.1]
    diff = list(differences.unified(before, after, "a", "b", seed % 4))
    assert applied(before, diff) == after
    assert bool(diff) == (before != after)


def test_a_small_diff_is_that_of_python():
    before = [f"line {number}" for number in range(50)]
    after = [*before[:10], "new", *before[12:30], *before[31:], "end"]
    for around in (0, 1, 3):
        assert list(differences.unified(before, after, "a", "b", around)) == list(
            unified_diff(before, after, "a", "b", lineterm="", n=around)
        )


def test_lines_that_are_often_alike_take_few_comparisons():
    class Line(str):
        __slots__ = ()
        compared = 0
        __hash__ = str.__hash__

        def __eq__(self, other):
            Line.compared += 1
            return str.__eq__(self, other)

    before = [Line(f"# {number % 150}") for number in range(20_000)]
    after = [line for one in before for line in (one, Line(""))]
    diff = list(differences.unified(before, after, "a", "b"))
    assert applied(before, diff) == after
    assert Line.compared < 1_000_000
