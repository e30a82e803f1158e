"""Durations as the policy and we write them; they are read as Prometheus reads them."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from generator.upstream.durations import parse

if TYPE_CHECKING:
    from datetime import timedelta

__all__ = ["parse", "write"]

_UNITS = ((86400, "d"), (3600, "h"), (60, "m"), (1, "s"))


@lru_cache(maxsize=4096)
def write(length: timedelta) -> str:
    """Return `length` as "24h", "13d6h", "1m30s" or "0s": whole seconds, the largest units first.

    Days are used from three days on, since people say 48 hours.
    """
    left = int(length.total_seconds())
    if not left:
        return "0s"
    sign, left = ("-", -left) if left < 0 else ("", left)
    parts = []
    for size, unit in _UNITS if left >= 3 * 86400 else _UNITS[1:]:
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count}{unit}")
    return sign + "".join(parts)
