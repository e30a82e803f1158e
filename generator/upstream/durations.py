"""Durations as Prometheus and Alertmanager read them."""

from __future__ import annotations

import re
from datetime import timedelta
from functools import lru_cache

_PARTS = re.compile(
    r"(?:([0-9]+)y)?(?:([0-9]+)w)?(?:([0-9]+)d)?(?:([0-9]+)h)?(?:([0-9]+)m)?(?:([0-9]+)s)?(?:([0-9]+)ms)?"
)


@lru_cache(maxsize=4096)
def parse(text: str) -> timedelta:
    """Return the duration in `text` as Prometheus and Alertmanager read it: 1w2d, 90s, 500ms (common/model/time.go).

    The policy's schema allows fewer units. Raises ValueError.
    """
    if text == "0":  # alone it needs no unit
        return timedelta()
    match = _PARTS.fullmatch(text)
    if match is None or not text:
        raise ValueError(f'not a valid duration: "{text}"')
    years, weeks, days, hours, minutes, seconds, milliseconds = (int(part or 0) for part in match.groups())
    days += 365 * years + 7 * weeks
    try:
        return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds, milliseconds=milliseconds)
    except OverflowError:
        raise ValueError(f'longer than any program can count: "{text}"') from None
