"""A drill beside the promise: what `alertc drill --format json` saw, and what was predicted."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

MOST = 100
"""At most this many drilled alerts are shown, the broken ones first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A message; `x` and `width` are observed and predicted in thousandths of the longest time; None: none came."""

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
    """A drill: the programs, the pace, and every alert drilled."""

    prometheus: str
    alertmanager: str
    scale: str
    drilled: tuple[Drilled, ...]
    count: int
    broken: int

    @property
    def left_out(self) -> int:
        """How many drilled alerts are not shown."""
        return self.count - len(self.drilled)


class NoDrill(Exception):
    """The file is not what `alertc drill --format json` prints."""


def drill(raw: bytes) -> Drill:
    """Return the drill that a file holds; raises NoDrill where the file is something else."""
    from generator.policy import schema

    try:
        data = json.loads(raw, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise NoDrill("it is not JSON") from None
    for fault in schema.faults(data, "drill"):
        where = "/".join(map(str, fault.route))
        raise NoDrill(f"{where}: {fault.message[:200]}" if where else fault.message[:200])
    drilled = sorted(map(_drilled, data["drilled"]), key=lambda alert: alert.kept)
    return Drill(
        prometheus=data["prometheus"],
        alertmanager=data["alertmanager"],
        scale=f"{data['scale']:g}",
        drilled=tuple(drilled[:MOST]),
        count=len(drilled),
        broken=sum(not alert.kept for alert in drilled),
    )


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number")


def _drilled(entry: dict[str, Any]) -> Drilled:
    answered = entry["acknowledged"]
    lengths = [message[key] or 0 for message in (*entry["told"], *([answered] if answered else ())) for key in _TIMES]
    end = max((*lengths, answered["sla"] if answered else 0)) or 1
    return Drilled(
        alert=entry["alert"],
        severity=entry["severity"] or "",
        service=entry["service"] or "",
        scenario=entry["scenario"],
        kept=entry["kept"],
        heard=tuple(_heard(message, message["receiver"], _through(message), end) for message in entry["told"]),
        acknowledged=_heard(answered, "answered", "", end) if answered else None,
        sla=timedelta(seconds=answered["sla"]) if answered else None,
        broken=tuple((fault["code"], fault["message"]) for fault in entry["broken"]),
    )


_TIMES = ("predicted", "observed")


def _through(message: dict[str, Any]) -> str:
    people = ", ".join(message["people"])
    return f"{message['through']}: {people}" if people else message["through"]


def _heard(message: dict[str, Any], receiver: str, through: str, end: float) -> Heard:
    predicted, observed = message["predicted"], message["observed"]
    return Heard(
        receiver=receiver,
        through=through,
        predicted=None if predicted is None else timedelta(seconds=predicted),
        observed=None if observed is None else timedelta(seconds=observed),
        late=predicted is not None and (observed is None or observed > predicted),
        predicted_x=round((predicted or 0) / end * 1000, 1),
        observed_x=None if observed is None else round(observed / end * 1000, 1),
    )
