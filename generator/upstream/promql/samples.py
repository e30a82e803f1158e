"""The samples of a series in a unit test, in promtool's notation: `0x4 7x10`, `0+15x20`, `_x3 1 stale`."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import timedelta

_SEGMENT = re.compile(
    r"(?P<none>_|stale)(?:x(?P<gaps>\d+))?"
    r"|(?P<first>[+-]?(?:\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+|[iI]nf|[nN]a[nN]))"
    r"(?:(?P<slope>[+-](?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?))?(?:x(?P<more>\d+))?"
)


@dataclass(frozen=True, slots=True)
class _Segment:
    first: float | None
    """None: no sample, or the mark that the series has ended."""
    slope: float
    count: int

    @property
    def next(self) -> float | None:
        """The value that would follow the last one."""
        return None if self.first is None else self.first + self.slope * self.count


def count(values: str) -> int:
    """Return how many samples `values` stands for at most, in any notation, without expanding it."""
    repeats = [int(number) if len(number) < _DIGITS else 10**_DIGITS for number in _REPEAT.findall(values)]
    return len(values.split()) + sum(repeats)


_REPEAT = re.compile(r"x\s*([0-9]+)")
_DIGITS = 18


def change(values: str) -> int | None:
    """Return the number, from 0, of the first sample that departs from those before it.

    A series that climbs as it did from its start goes on as before. None: nothing departs, or the notation is one that
    only promtool can read.
    """
    segments = []
    for written in values.split():
        segment = _segment(written)
        if segment is None:
            return None
        if segment.count:
            segments.append(segment)
    at = 0
    for before, segment in pairwise(segments):
        at += before.count
        if not _equal(before.next, segment.first):
            return at
        if before.slope != segment.slope and segment.count > 1:
            return at + 1
    return None


def climbs(values: str) -> bool:
    """Return whether a series that has changed goes on to change, each time by about as much: it does not jump."""
    try:
        samples = [sample for sample in expand(values) if sample is not None]
    except ValueError:
        return False
    steps = [abs(later - before) for before, later in pairwise(samples) if later != before]
    return len(steps) > 1 and steps[0] <= _ABOUT * steps[1]


_ABOUT = 2.0


def expand(values: str) -> tuple[float | None, ...]:
    """Return every sample, None where there is none; raises ValueError where only promtool can read the notation."""
    samples: list[float | None] = []
    for written in values.split():
        segment = _segment(written)
        if segment is None:
            raise ValueError(f"`{written}` is a notation that only promtool can read")
        first = segment.first
        numbers = range(segment.count)
        samples += [None if first is None else first + segment.slope * number for number in numbers]
    return tuple(samples)


def prolonged(values: str, count: int) -> str:
    """Return the samples, and after them as many as make `count`: the series goes on as it ends.

    One that ends with no sample, or in a notation that only promtool can read, stays as it is.
    """
    segments = [_segment(written) for written in values.split()]
    last = segments[-1] if segments and None not in segments else None
    there = sum(segment.count for segment in segments if segment)
    if last is None or last.next is None or there >= count:
        return values
    return f"{values} {last.next!r}{last.slope:+}x{count - there - 1}"


def noticed(values: str) -> str:
    """Return the samples with the mark `stale` where one is missing after another: a server writes it."""
    written = []
    there = False
    for text in values.split():
        segment = _segment(text)
        if segment is not None and segment.first is None and segment.count:
            left = segment.count - 1
            gone = there and not text.startswith("stale")
            written += ["stale", *([f"_x{left}"] if left else [])] if gone else [text]
        else:
            written.append(text)
        there = segment is None or segment.first is not None
    return " ".join(written)


def down(values: str, up: str) -> str:
    """Return the samples of a target whose `up` has these values: those of its scrapes that fail are missing."""
    samples, ups = expand(values), expand(up)
    written = []
    for number, sample in enumerate(samples):
        fails = number < len(ups) and ups[number] == 0
        written.append("_" if sample is None or fails else repr(sample))
    return " ".join(written)


def later(values: str, parts: int) -> str:
    """Return the samples with `parts` values for each: none, the sample, and none up to the next.

    What is written in a notation that only promtool can read raises ValueError.
    """
    written = []
    for text in values.split():
        segment = _segment(text)
        if segment is None:
            raise ValueError(f"`{text}` is a notation that only promtool can read")
        first = segment.first
        none = "stale" if text.startswith("stale") else "_"
        numbers = range(segment.count)
        written += [none if first is None else repr(first + segment.slope * number) for number in numbers]
    return " ".join(f"_ {text} _x{parts - 2}" for text in written)


def as_recorded(values: str, step: timedelta, every: timedelta) -> str:
    """Return the samples, one each `step`, that a rule leaves which makes one each `every`, beginning with the change.

    Where it makes none after one, it writes the mark `stale`. What is written in a notation that only promtool can
    read raises ValueError.
    """
    first = change(values) or 0
    made = None
    written = []
    for number, sample in enumerate(expand(values)):
        if (number - first) * step // every == (number - first - 1) * step // every:
            written.append("_")
            continue
        written.append(repr(sample) if sample is not None else "_" if made is None else "stale")
        made = sample
    return " ".join(written)


def _segment(written: str) -> _Segment | None:
    match = _SEGMENT.fullmatch(written)
    if match is None:
        return None
    if match["none"]:
        return _Segment(None, 0.0, int(match["gaps"] or 1))
    # `1x4` are five samples: promtool counts those that follow the first.
    return _Segment(float(match["first"]), float(match["slope"] or 0), int(match["more"] or 0) + 1)


def _equal(first: float | None, second: float | None) -> bool:
    if first is None or second is None:
        return first is second
    return math.isclose(first, second, rel_tol=1e-9, abs_tol=1e-12) or (math.isnan(first) and math.isnan(second))
