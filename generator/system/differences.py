"""Unified diffs whose time grows with the texts: Python's own takes minutes for 50 kB of lines that are often alike."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_CLOSE: Final = 20_000_000
"""How many comparisons of lines all gaps together may take; gaps beyond that count as replaced."""

_Opcode = tuple[Literal["replace", "delete", "insert", "equal"], int, int, int, int]
_Block = tuple[int, int, int]
"""Where lines are the same: the first such line in each of the two texts, and how many."""


def unified(before: Sequence[str], after: Sequence[str], old: str, new: str, around: int = 3) -> Iterator[str]:
    """Yield the lines of a unified diff as `difflib.unified_diff` writes them, without line ends."""
    matcher = _Matcher([*_opcodes([*_blocks(before, after), (len(before), len(after), 0)])])
    for number, group in enumerate(matcher.get_grouped_opcodes(around)):
        if number == 0:
            yield f"--- {old}"
            yield f"+++ {new}"
        yield f"@@ -{_range(group[0][1], group[-1][2])} +{_range(group[0][3], group[-1][4])} @@"
        for kind, begin, end, beside, until in group:
            if kind == "equal":
                yield from (f" {line}" for line in before[begin:end])
            else:
                yield from (f"-{line}" for line in before[begin:end])
                yield from (f"+{line}" for line in after[beside:until])


class _Matcher(SequenceMatcher[str]):
    """A SequenceMatcher with opcodes that are computed already: it only groups them."""

    def __init__(self, opcodes: list[_Opcode]) -> None:
        super().__init__()
        self._opcodes = opcodes

    def get_opcodes(self) -> list[_Opcode]:
        """Return the opcodes that it was made with."""
        return self._opcodes


def _range(begin: int, end: int) -> str:
    count = end - begin
    if count == 1:
        return str(begin + 1)
    return f"{begin + 1 if count else begin},{count}"


def _opcodes(blocks: Sequence[_Block]) -> Iterator[_Opcode]:
    """Yield the opcodes that turn one text into the other, as `SequenceMatcher.get_opcodes` does."""
    here = there = equal = 0
    for at, beside, count in blocks:
        if (at, beside) != (here + equal, there + equal) or not count:
            if equal:
                yield "equal", here, here + equal, there, there + equal
            here, there, equal = here + equal, there + equal, 0
            if (here, there) != (at, beside):
                yield "replace", here, at, there, beside
            here, there = at, beside
        equal += count


def _blocks(before: Sequence[str], after: Sequence[str]) -> Iterator[_Block]:
    """Yield the blocks of equal lines, in order: around lines that each text has once, and in the gaps between them."""
    left, here, there = _CLOSE, 0, 0
    for end, until in (*_anchors(before, after), (len(before), len(after))):
        while here < end and there < until and before[here] == after[there]:
            yield here, there, 1
            here, there = here + 1, there + 1
        tail = 0
        while here < end - tail and there < until - tail and before[end - tail - 1] == after[until - tail - 1]:
            tail += 1
        gap, other = before[here : end - tail], after[there : until - tail]
        cost = len(gap) * len(other) * min(len(gap), len(other))
        if 0 < cost <= left:
            left -= cost
            blocks = SequenceMatcher(None, gap, other).get_matching_blocks()
            yield from ((here + at, there + beside, count) for at, beside, count in blocks if count)
        if tail:
            yield end - tail, until - tail, tail
        here, there = end, until


def _anchors(before: Sequence[str], after: Sequence[str]) -> list[tuple[int, int]]:
    """Return the longest row of lines that each text has exactly once, in the same order in both."""
    once = {line for line, times in Counter(before).items() if times == 1}
    places = {line: at for at, line in enumerate(after) if line in once}
    for line, times in Counter(line for line in after if line in once).items():
        if times > 1:
            del places[line]
    pairs = [(at, places[line]) for at, line in enumerate(before) if line in places]
    ends: list[int] = []  # the least place at which a row of this length ends
    last: list[int] = []  # and its pair
    links: list[int] = []
    for number, (_, place) in enumerate(pairs):
        length = bisect_left(ends, place)
        links.append(last[length - 1] if length else -1)
        ends[length : length + 1] = [place]
        last[length : length + 1] = [number]
    row = []
    number = last[-1] if last else -1
    while number >= 0:
        row.append(pairs[number])
        number = links[number]
    return row[::-1]
