"""Work in a process of its own, while we go on with ours: Python has one core at a time."""

from __future__ import annotations

import os
import pickle
import signal
import sys
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar

from generator.diagnostics.diagnostic import Diagnostic, PolicyErrors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_Done = TypeVar("_Done")

MANY = 2000
"""Rules: with fewer, all is done sooner than a second process has started and answered."""


@contextmanager
def beside(work: Callable[[], _Done], *, pays: bool = True) -> Iterator[Callable[[], _Done]]:
    """Start `work` in a child process; the context gives a function that waits for its result, or raises its error.

    `work` changes nothing but what it returns, which can be pickled. Where there is no such process (not on Linux, not
    with threads, whose locks it would inherit), where it gave no result, or where it does not pay, `work` is done by
    that function. Leaving the context ends the process.
    """
    if not pays or sys.platform != "linux" or threading.active_count() > 1:
        yield work
        return
    reader, writer = os.pipe()
    parent = os.getpid()
    child = os.fork()
    if not child:
        _end(work, writer, parent)
    os.close(writer)
    with os.fdopen(reader, "rb") as answer:
        try:
            yield lambda: _waited(work, answer.read())
        finally:
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


def _end(work: Callable[[], Any], writer: int, parent: int) -> None:
    """Send the result of `work` to the parent and end this process, without running the parent's exit handlers."""
    try:
        _die_with(parent)
        try:
            outcome: Any = (True, work())
        except PolicyErrors as refused:
            outcome = (False, refused.diagnostics)
        with os.fdopen(writer, "wb") as answer:
            pickle.dump(outcome, answer, pickle.HIGHEST_PROTOCOL)
    finally:
        os._exit(0)


def _die_with(parent: int) -> None:
    """Let the kernel kill this process when its parent ends, however that ends."""
    import ctypes

    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)


_PR_SET_PDEATHSIG = 1


def _waited(work: Callable[[], _Done], answer: bytes) -> _Done:
    try:
        done, outcome = pickle.loads(answer)  # noqa: S301  # our own child wrote it
    except (EOFError, pickle.UnpicklingError):
        return work()
    if not done:
        refused: tuple[Diagnostic, ...] = outcome
        raise PolicyErrors(*refused)
    result: _Done = outcome
    return result
