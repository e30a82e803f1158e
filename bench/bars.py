"""What was measured beside what it may be at most."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.measure import Measured, Skipped

if TYPE_CHECKING:
    from bench.measure import Cost

MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line of a table: what was measured, its figure, and the bar, if there is one, that it keeps or not."""

    what: str
    figure: str
    bar: str = ""
    kept: bool | None = None
    seconds: str = ""
    memory: str = ""


def alone(what: str, cost: Cost, figure: str = "1") -> Row:
    """Return a row for what others are compared with."""
    return Row(what=what, figure=figure, seconds=_seconds(cost), memory=_memory(cost))


def ratio(what: str, cost: Cost, of: Cost, name: str, bar: float | None = None) -> Row:
    """Return a row that compares the seconds of two costs; `name` is what the reader calls the second."""
    limit = "" if bar is None else f"{bar:g}"
    if isinstance(cost, Skipped):
        return _unmeasured(what, cost, limit)
    if isinstance(of, Skipped):
        return _unmeasured(what, of, limit)
    times = cost.seconds / of.seconds
    return Row(
        what=what,
        figure=f"{_more(cost)}{_number(times)} x {name}",
        bar=limit,
        kept=None if bar is None else times <= bar and not cost.stopped,
        seconds=_seconds(cost),
        memory=_memory(cost),
    )


def _unmeasured(what: str, skipped: Skipped, limit: str) -> Row:
    # A bar that nobody could measure is not kept.
    return Row(what=what, figure=f"not measured: {skipped.why}", bar=limit, kept=False if limit else None)


def memory(what: str, cost: Cost, bar: int) -> Row:
    """Return a row for bytes that have a bar."""
    kept = isinstance(cost, Measured) and cost.memory <= bar and not cost.stopped
    return Row(what=what, figure=_memory(cost), bar=_megabytes(bar), kept=kept)


def _seconds(cost: Cost) -> str:
    return cost.why if isinstance(cost, Skipped) else f"{_more(cost)}{_number(cost.seconds)} s"


def _memory(cost: Cost) -> str:
    return "" if isinstance(cost, Skipped) else _megabytes(cost.memory)


def _megabytes(size: int) -> str:
    return f"{size / MEGABYTE:,.0f} MB"


def _more(cost: Measured) -> str:
    """Return what goes before a figure that would have become larger."""
    return "more than " if cost.stopped else ""


def _number(value: float) -> str:
    """Return a number with the digits that count."""
    for least, digits in ((100, 0), (10, 1), (0.1, 2)):
        if value >= least:
            return f"{value:,.{digits}f}"
    return f"{value:.3f}"
