"""A drill beside the promise: what `alertc drill --format json` saw, and what was predicted."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

MOST = 100
"""So many drilled alerts are shown, the broken ones first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A message; `x` and `width` are observed and predicted in thousandths of the longest; None: it never came."""

    receiver: str
    through: str
    predicted: timedelta | None
    observed: timedelta | None
    late: bool
    predicted_x: float
    observed_x: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Drilled:
    """An alert in one scenario."""

    alert: str
    severity: str
    service: str
    scenario: str
    kept: bool
    heard: tuple[Heard, ...]
    acknowledged: Heard | None
    sla: timedelta | None
    broken: tuple[tuple[str, str], ...]
    """Code and message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drill:
    """A whole drill."""

    prometheus: str
    alertmanager: str
    scale: str
    drilled: tuple[Drilled, ...]
    count: int
    broken: int

    @property
    def left_out(self) -> int:
        """How many are not shown."""
        return self.count - len(self.drilled)


class NoDrill(Exception):
    """A file is not what `alertc drill --format json` prints."""


def drill(raw: bytes) -> Drill:
    """Return the drill that a file holds; raises NoDrill where it is none."""
    from generator.policy import schema

    try:
        found = json.loads(raw, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise NoDrill("it is not JSON") from None
    for fault in schema.faults(found, "drill"):
        where = "/".join(map(str, fault.route))
        raise NoDrill(f"{where}: {fault.message[:200]}" if where else fault.message[:200])
    drilled = sorted(map(_drilled, found["drilled"]), key=lambda one: one.kept)
    return Drill(
        prometheus=found["prometheus"],
        alertmanager=found["alertmanager"],
        scale=f"{found['scale']:g}",
        drilled=tuple(drilled[:MOST]),
        count=len(drilled),
        broken=sum(not one.kept for one in drilled),
    )


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


def _drilled(one: dict[str, Any]) -> Drilled:
    answered = one["acknowledged"]
    lengths = [told[key] or 0 for told in (*one["told"], *([answered] if answered else ())) for key in _TIMES]
    end = max((*lengths, answered["sla"] if answered else 0)) or 1
    return Drilled(
        alert=one["alert"],
        severity=one["severity"] or "",
        service=one["service"] or "",
        scenario=one["scenario"],
        kept=one["kept"],
        heard=tuple(_heard(told, told["receiver"], _through(told), end) for told in one["told"]),
        acknowledged=_heard(answered, "answered", "", end) if answered else None,
        sla=timedelta(seconds=answered["sla"]) if answered else None,
        broken=tuple((fault["code"], fault["message"]) for fault in one["broken"]),
    )


_TIMES = ("predicted", "observed")


def _through(told: dict[str, Any]) -> str:
    people = ", ".join(told["people"])
    return f"{told['through']}: {people}" if people else told["through"]


def _heard(told: dict[str, Any], receiver: str, through: str, end: float) -> Heard:
    predicted, observed = told["predicted"], told["observed"]
    return Heard(
        receiver=receiver,
        through=through,
        predicted=None if predicted is None else timedelta(seconds=predicted),
        observed=None if observed is None else timedelta(seconds=observed),
        late=predicted is not None and (observed is None or observed > predicted),
        predicted_x=round((predicted or 0) / end * 1000, 1),
        observed_x=None if observed is None else round(observed / end * 1000, 1),
    )
