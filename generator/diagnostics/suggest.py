"""A guess at what a mistyped name was meant to be."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """Return the known name that is most like `word`, or None where none is like it. Letter case counts for nothing.

    The same for every order of `known`: of equally good names, the first by alphabet.
    """
    from difflib import SequenceMatcher

    folded = word.casefold()
    matcher = SequenceMatcher()
    matcher.set_seq2(folded)
    best: tuple[float, str] | None = None
    for name in sorted(set(known)):
        matcher.set_seq1(name.casefold())
        floor = best[0] if best is not None else 0.6
        # The two quick ratios are upper bounds: among thousands of names, few need the real one.
        if matcher.real_quick_ratio() < floor or matcher.quick_ratio() < floor:
            continue
        ratio = matcher.ratio()
        if ratio >= floor and (best is None or ratio > best[0]):
            best = (ratio, name)
    return best[1] if best is not None else None
