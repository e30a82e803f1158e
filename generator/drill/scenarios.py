"""What is played: each scenario lets conditions begin and end, and says what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from generator.drill import compare
from generator.drill.stage import stage

if TYPE_CHECKING:
    from collections.abc import Callable

    from generator.drill.compare import Drilled
    from generator.drill.conditions import Condition
    from generator.drill.stage import Play

_PATIENCE = 3.0
"""Seconds of the drill that a message which is late is waited for, to say how late."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One scenario on a stage of its own."""

    name: str
    play: Callable[[Play, str, tuple[Condition, ...]], tuple[Drilled, ...]]
    conditions: tuple[Condition, ...]


def page_and_escalate(play: Play, name: str, conditions: tuple[Condition, ...]) -> tuple[Drilled, ...]:
    """Let every condition become true and stay so; nobody answers before the last step is paged."""
    with stage(play, name, conditions) as set_up:
        series = {one.number: set_up.series(one) for one in conditions}
        set_up.begin(*series.values())
        until = max(_latest(play, one, set_up.begun[series[one.number].mark]) for one in conditions)
        set_up.world.wait(
            until + _PATIENCE,
            lambda: all(compare.is_complete(set_up, one, series[one.number].mark) for one in conditions),
        )
        return tuple(compare.drilled(set_up, "page-and-escalate", one, series[one.number].mark) for one in conditions)


def _latest(play: Play, condition: Condition, begun: float) -> float:
    """Return until when everything should have come, by time.monotonic."""
    told = list(compare.told_of(condition))
    first = max((one.at.value for one in told if not one.step), default=timedelta())
    last = max((one.at.value for one in told), default=timedelta())
    acknowledged = condition.timeline.acknowledged
    whole = max(last, acknowledged.value) if acknowledged else last
    return begun + play.scale.seconds(first) + play.steps.seconds(max(whole - first, timedelta()))
