"""Whether a change makes the promise weaker or stronger, and why, in words."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from generator.diagnostics import wording
from generator.diff.changes import Verdict
from generator.policy import duration

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

_NONE = timedelta()
_NAMED = 6


def of_more(old: float | timedelta, new: float | timedelta, more: Verdict) -> Verdict:
    """Return the verdict of a changed amount: `more` where it grew, the opposite where it shrank."""
    if old == new:
        return Verdict.SAME
    grown = new > old  # type: ignore[operator]  # both are of one type
    return more if grown else more.swapped


def of_sets(old: AbstractSet[object], new: AbstractSet[object], more: Verdict) -> Verdict:
    """Return the verdict of a changed set: `more` where it only grew, the opposite where it only shrank."""
    if old == new:
        return Verdict.SAME
    if old < new:
        return more
    return more.swapped if new < old else Verdict.DIFFERENT


def later(old: timedelta, new: timedelta) -> str:
    """Return `40s later` or `1m sooner`."""
    by = new - old
    return f"{duration.write(by)} later" if by > _NONE else f"{duration.write(-by)} sooner"


def listed(words: list[str] | tuple[str, ...]) -> str:
    """Return `a, b and c`; `nothing` where there is none."""
    return wording.listed(words) if words else "nothing"


def some(words: list[str]) -> str:
    """Return `a, b and c`; of many the first few, and how many more there are."""
    return listed(words) if len(words) <= _NAMED else f"{', '.join(words[:_NAMED])} and {len(words) - _NAMED} more"
