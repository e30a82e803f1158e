"""Lists as people write them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def listed(words: Iterable[str]) -> str:
    """Return `a`, `a and b`, `a, b and c`; raises ValueError where there is none."""
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last


def first_of_routes(count: int) -> tuple[str, ...]:
    """Return a note that says of how many routes one is the first; none where it is alone."""
    return (f"so it is at {count:,} routes; this is the first of them",) if count > 1 else ()


def shortened(words: Sequence[str], most: int) -> list[str]:
    """Return the first `most` words, and how many more there are: `a`, `b`, `7 more`."""
    return list(words) if len(words) <= most else [*words[:most], f"{len(words) - most:,} more"]


def first_few(words: Sequence[str], most: int) -> str:
    """Return the first `most` words with commas, and how many more there are: `a, b and 7 more`."""
    return ", ".join(words[:most]) + (f" and {len(words) - most:,} more" if len(words) > most else "")
