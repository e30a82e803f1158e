"""What clocks on walls show, also where they are set forward or back.

People and PagerDuty hand over by such clocks. A time that is skipped in spring counts as the moment of the change; of
a time that comes twice in autumn the first counts. So whatever follows on a clock without changes follows here too.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

_SECOND = timedelta(seconds=1)


def instant(shown: datetime, zone: ZoneInfo) -> datetime:
    """Return the first instant, in UTC, at which a clock in `zone` reaches `shown`, a time without a zone."""
    utc = shown.replace(tzinfo=zone).astimezone(timezone.utc)
    if utc.astimezone(zone).replace(tzinfo=None) == shown:
        return utc
    # Skipped: read with the offset from after the change, it lies before the change.
    return _change(shown.replace(tzinfo=zone, fold=1).astimezone(timezone.utc), utc, zone)


def reached(at: datetime, zone: ZoneInfo) -> datetime:
    """Return the latest local time that a clock in `zone` has shown up to `at`, ignoring when it is set back.

    `instant(shown, zone) <= at` is the same as `shown <= reached(at, zone)`.
    """
    local = at.astimezone(zone)
    if not local.fold:
        return local.replace(tzinfo=None)
    # The clock was set back, and shows times for the second time: it had come as far as the moment of the change.
    first = local.replace(fold=0).astimezone(timezone.utc)
    change = _change(first, at.astimezone(timezone.utc), zone)
    return (change - timedelta(microseconds=1)).astimezone(zone).replace(tzinfo=None)


def _change(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """Return the instant at which the offset of `zone` changed between two instants in UTC."""
    offset = after.astimezone(zone).utcoffset()
    while after - before > _SECOND:
        middle = before + (after - before) // 2
        if middle.astimezone(zone).utcoffset() == offset:
            after = middle
        else:
            before = middle
    # Clocks are changed at whole seconds.
    return after.replace(microsecond=0)
