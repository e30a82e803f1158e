"""The scale of a drill: the policy's time, and the shorter time in which it is played."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta

from generator.policy import duration


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How much faster than real time a drill runs; with `factor` 15 a minute takes four seconds."""

    factor: float

    def seconds(self, length: timedelta) -> float:
        """Return how many seconds of the drill a length of the policy takes."""
        return length.total_seconds() / self.factor

    def policy(self, seconds: float) -> timedelta:
        """Return the policy time for seconds of the drill."""
        return timedelta(seconds=seconds * self.factor)

    def shrunk(self, written: str) -> str:
        """Return a length in the notation of Prometheus and Alertmanager, scaled, in whole milliseconds."""
        return self.milliseconds(duration.parse(written))

    def milliseconds(self, length: timedelta) -> str:
        """Return a scaled length as a setting for the programs; a positive length stays positive."""
        return _written(max(round(self.seconds(length) * 1000), 1)) if length else "0s"

    def hold(self, written: str) -> str:
        """Return a scaled `for`, rounded down so that it does not take one evaluation more."""
        return _written(math.floor(self.seconds(duration.parse(written)) * 1000 + 1e-6))


def _written(milliseconds: int) -> str:
    return f"{milliseconds}ms" if milliseconds else "0s"
