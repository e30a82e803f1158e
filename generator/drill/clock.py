"""The scale of a drill: the policy's time, and the shorter time in which it is played."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta

from generator.policy import duration


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """`factor` 15: a minute of the policy is played in four seconds."""

    factor: float

    def seconds(self, length: timedelta) -> float:
        """Return the seconds that a length of the policy takes in the drill."""
        return length.total_seconds() / self.factor

    def policy(self, seconds: float) -> timedelta:
        """Return the policy's time for seconds of the drill."""
        return timedelta(seconds=seconds * self.factor)

    def shrunk(self, written: str) -> str:
        """Return a length as Prometheus and Alertmanager write it, scaled, in whole milliseconds."""
        return self.milliseconds(duration.parse(written))

    def milliseconds(self, length: timedelta) -> str:
        """Return a length of the policy as the programs are told it; what is more than 0 stays so."""
        return _written(max(round(self.seconds(length) * 1000), 1)) if length else "0s"

    def hold(self, written: str) -> str:
        """Return a `for`: it counts in whole evaluations, so it is rounded down where their interval is not up."""
        return _written(math.floor(self.seconds(duration.parse(written)) * 1000 + 1e-6))


def _written(milliseconds: int) -> str:
    return f"{milliseconds}ms" if milliseconds else "0s"
