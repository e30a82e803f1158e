"""What day it is."""

from __future__ import annotations

from datetime import date, datetime, timezone


def today() -> date:
    """Return the day that it is, everywhere alike."""
    return datetime.now(timezone.utc).date()
