"""What a command costs: seconds, and the memory of its largest process."""

from __future__ import annotations

import contextlib
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

UNIT = 1 if sys.platform == "darwin" else 1024
"""Of ru_maxrss: bytes there, KiB elsewhere."""
_TUNING = (
    "GOGC",
    "GOMAXPROCS",
    "GOMEMLIMIT",
    "PYTHONDEVMODE",
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONMALLOC",
    "PYTHONOPTIMIZE",
    "PYTHONPYCACHEPREFIX",
)
"""What would make a program faster or slower than its users know it."""


class Failed(Exception):
    """A command that should be measured did not do its work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What a run cost. Where it was stopped at its time limit, `seconds` is that limit: it would have taken longer."""

    seconds: float
    memory: int
    """Bytes that its largest process held at most, programs that it started among them."""
    stopped: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """Why something was not measured."""

    why: str


Cost: TypeAlias = "Measured | Skipped"


def run(argv: Sequence[str | Path], *, folder: Path, limit: float = 3600) -> Measured:
    """Return what the command costs in `folder`; raise Failed where it ends with another code than 0.

    This process must stay small: Linux counts what it held when it started the other.
    """
    environment = {name: value for name, value in os.environ.items() if name not in _TUNING}
    with tempfile.TemporaryFile() as said:
        begun = time.perf_counter()
        process = subprocess.Popen(
            argv,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
        stopped = threading.Event()
        timer = threading.Timer(limit, _stop, (process.pid, stopped))
        timer.start()
        try:
            # Not `process.wait`: only this call tells the memory of one child.
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            _kill(process.pid)
            process.wait()
            raise
        finally:
            timer.cancel()
        seconds = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode and not stopped.is_set():
            said.seek(max(0, said.seek(0, os.SEEK_END) - 4000))
            command = " ".join(map(str, argv))[:200]
            text = said.read().decode(errors="replace").strip()
            raise Failed(f"`{command}` ended with code {process.returncode}; it said:\n{text}")
        if stopped.is_set():
            seconds = limit
    return Measured(seconds=seconds, memory=usage.ru_maxrss * UNIT, stopped=stopped.is_set())


def _stop(pid: int, stopped: threading.Event) -> None:
    stopped.set()
    _kill(pid)


def _kill(pid: int) -> None:
    # Its own session made the process the leader of a group of its number.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def medians(rounds: Sequence[Mapping[str, Cost]]) -> dict[str, Cost]:
    """Return the median of each cost over the rounds, which measured the same things."""
    return {name: _median([costs[name] for costs in rounds]) for name in rounds[0]}


def _median(costs: Sequence[Cost]) -> Cost:
    measured = []
    for cost in costs:
        if isinstance(cost, Skipped) or cost.stopped:
            # One that was not measured, or not to its end, has no place in a median.
            return cost
        measured.append(cost)
    return Measured(
        seconds=statistics.median(cost.seconds for cost in measured),
        memory=statistics.median_high(cost.memory for cost in measured),
    )
