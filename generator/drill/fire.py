"""A drill from beginning to end: what is drilled, on how many stages at once, and what came of it."""

from __future__ import annotations

from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING

from generator.drill import conditions as possible
from generator.drill import scenarios

if TYPE_CHECKING:
    from collections.abc import Sequence

    from generator.drill.compare import Drilled
    from generator.drill.conditions import Condition
    from generator.drill.scenarios import Scene
    from generator.drill.stage import Play

_AT_ONCE = 4
"""Stages beside one another: most of their time is waiting."""


def scenes(play: Play, conditions: tuple[Condition, ...]) -> tuple[Scene, ...]:
    """Return what is to be played for these conditions: those that silence one another on stages of their own."""
    return tuple(
        scenarios.Scene(name=f"page-and-escalate-{number}", play=scenarios.page_and_escalate, conditions=batch)
        for number, batch in enumerate(possible.apart(play.behaviour, conditions))
    )


def drill(play: Play, every: Sequence[Scene]) -> tuple[Drilled, ...]:
    """Return what the scenes showed, in their order. Where one cannot be played, or we are interrupted, all end."""
    # Threads that wait to be joined would hold an interrupt: they are told to end first.
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        futures = [pool.submit(one.play, play, one.name, one.conditions) for one in every]
        try:
            wait(futures, return_when=FIRST_EXCEPTION)
            failed = next((one for one in futures if one.done() and one.exception()), None)
            if failed:
                failed.result()
            return tuple(drilled for future in futures for drilled in future.result())
        finally:
            for future in futures:
                future.cancel()
            play.curtain.fall()
