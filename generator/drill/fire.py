"""A drill from beginning to end: as many stages at once as a machine bears, and what came of them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from generator.system import programs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from generator.drill.compare import Drilled
    from generator.drill.scenarios import Scene
    from generator.drill.stage import Shutdown

AT_ONCE = 8
"""Stages beside one another: most of their time is waiting."""


def drill(shutdown: Shutdown, scenes: Sequence[Scene], at_once: int = AT_ONCE) -> tuple[Drilled, ...]:
    """Run the scenes and return their results in order; where one fails or the run is interrupted, all are stopped."""
    with ThreadPoolExecutor(max_workers=at_once) as pool:
        futures = [pool.submit(scene.play) for scene in scenes]
        try:
            programs.wait_for(futures)
            for future in futures:
                if future.done() and future.exception():
                    future.result()
            return tuple(drilled for future in futures for drilled in future.result())
        finally:
            for future in futures:
                future.cancel()
            # Before the threads are waited for: they wait themselves.
            shutdown.stop_all()
