"""Removal of duplicates: of the items that share a key, the first is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator

_Item = TypeVar("_Item")


def unique(items: Iterable[_Item], key: Callable[[_Item], Hashable]) -> Iterator[_Item]:
    """Yield the first item of each key, lazily: a key may be the id of something that is kept alive meanwhile."""
    seen = set()
    for item in items:
        its_key = key(item)
        if its_key not in seen:
            seen.add(its_key)
            yield item
