"""Jinja's sandbox for the templates of a project, which a pull request may bring: what they do has an end.

Jinja keeps them from files and from Python. This keeps them from the machine's time and memory: single operations on
numbers without end are refused before they begin, all else is interrupted, and memory has a limit where the system has
one for us.
"""

from __future__ import annotations

import signal
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from jinja2 import filters
from jinja2.sandbox import ImmutableSandboxedEnvironment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jinja2.runtime import Context

TIME_LIMIT = 60.0
"""Seconds that one file may take to render; a hundred rules take a millisecond or two."""
MEMORY_LIMIT = 1 << 30
"""Bytes that one file may take to render, beyond what is in use before."""

_MOST_BITS: Final = 4096
_MOST_DIGITS: Final = 1000


class TooMuch(Exception):
    """A template asked for more than it may have."""


class Sandbox(ImmutableSandboxedEnvironment):
    """Jinja's sandbox, which looks at each attribute of each type once: its answer depends on nothing else."""

    # Python does each in one step, which nothing can interrupt.
    intercepted_binops = frozenset({"**", "*", "%", "//", "/"})

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._safe: dict[tuple[type, str], bool] = {}
        self.filters["round"] = _round

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Return `left operator right`; raises TooMuch where that would take very long."""
        if isinstance(left, int) and isinstance(right, int):
            bits = max(left.bit_length(), right.bit_length())
            if operator == "**":
                bits = max(bits, left.bit_length() * abs(right))
            if bits > _MOST_BITS:
                raise TooMuch(f"it reckons (`{operator}`) with numbers of more than {_MOST_BITS:,} bits")
        return super().call_binop(context, operator, left, right)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Return whether a template may see `obj.attr`."""
        key = (type(obj), attr)
        known = self._safe.get(key)
        if known is None:
            known = self._safe[key] = super().is_safe_attribute(obj, attr, value)
        return known

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Return `obj.attribute` as Jinja does; what it found safe before it need not look at again.

        But for text: of its methods Jinja replaces some.
        """
        if self._safe.get((type(obj), attribute)) and not isinstance(obj, str):
            try:
                return getattr(obj, attribute)
            except AttributeError:
                pass
        return super().getattr(obj, attribute)


def _round(value: float, precision: int = 0, method: str = "common") -> float:
    """Round as Jinja does; ten to the power of the precision is one step of Python's, too."""
    if abs(precision) > _MOST_DIGITS or (isinstance(value, int) and value.bit_length() > _MOST_BITS):
        raise TooMuch(f"it rounds to more than {_MOST_DIGITS:,} digits")
    return filters.do_round(value, precision, method)  # type: ignore[arg-type]  # Jinja checks the method


@contextmanager
def limits() -> Iterator[None]:
    """Raise TooMuch or MemoryError in what takes more time or memory than a file may.

    Time has a limit in the main thread alone, elsewhere no signal comes; memory where the kernel counts it, on Linux.
    """
    with _memory_limit(), _time_limit():
        yield


@contextmanager
def _time_limit() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        yield
        return

    def stop(*_: object) -> None:
        raise TooMuch(f"it did not end within {TIME_LIMIT:g} s")

    before = signal.signal(signal.SIGALRM, stop)
    left, interval = signal.setitimer(signal.ITIMER_REAL, TIME_LIMIT)
    try:
        yield
    finally:
        # Whoever calls us may have an alarm of their own.
        signal.setitimer(signal.ITIMER_REAL, left, interval)
        signal.signal(signal.SIGALRM, signal.SIG_DFL if before is None else before)


@contextmanager
def _memory_limit() -> Iterator[None]:
    if sys.platform != "linux":
        yield
        return
    import resource

    before, most = resource.getrlimit(resource.RLIMIT_DATA)
    limit = _in_use(resource.getpagesize()) + MEMORY_LIMIT
    if any(0 <= other < limit for other in (before, most)):
        yield  # there is a stricter one already
        return
    resource.setrlimit(resource.RLIMIT_DATA, (limit, most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (before, most))


_seen = (-1.0, 0)


def _in_use(page: int) -> int:
    """Return the bytes that we hold and that the limit counts, as of a second ago at most."""
    global _seen  # noqa: PLW0603  # for each of a thousand files it would be a tenth of their time
    now = time.monotonic()
    if not 0 <= now - _seen[0] < 1:
        statm = Path("/proc/self/statm").read_bytes()
        _seen = (now, int(statm.split()[5]) * page)
    return _seen[1]
