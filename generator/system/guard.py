"""Limits for the programs that we start: they get no more memory than allowed, and do not outlive us."""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from functools import lru_cache
from pathlib import Path
from typing import Final

from generator.diagnostics.diagnostic import EnvironmentProblem

BASE_MEMORY: Final = 2 << 30
MEMORY_FOR_EACH_BYTE: Final = 300
"""promtool takes about 200 bytes of memory for each byte of rules, amtool fewer."""
_LEAST_MEMORY: Final = 128
"""MiB: programs written in Go do not start with less."""

_NO_MEMORY: Final = re.compile(
    r"^(?:fatal error: .*(?:out of memory|cannot allocate memory)|runtime: out of memory|runtime/cgo: pthread_create "
    r"failed|fatal: Out of memory)",
    re.MULTILINE,
)


def memory_limit(size: int) -> int:
    """Return the bytes of memory for a program that reads `size` bytes, or what `ALERTC_MEMORY_LIMIT` sets for all."""
    own = os.environ.get("ALERTC_MEMORY_LIMIT")
    if not own:
        return BASE_MEMORY + MEMORY_FOR_EACH_BYTE * size
    if not re.fullmatch("[0-9]{1,9}", own) or int(own) < _LEAST_MEMORY:
        raise EnvironmentProblem(
            f"ALERTC_MEMORY_LIMIT is `{own}`, which is not a number of MiB from {_LEAST_MEMORY} on",
            help="correct or unset it",
        )
    return int(own) << 20


def limit_memory(pid: int, limit: int) -> None:
    """Limit the memory of a program that has just started, and of each one that it starts, where the system can."""
    if sys.platform != "linux":
        return
    import resource

    # Of what a program written in Go only reserves, this counts nothing.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        _, most = resource.prlimit(pid, resource.RLIMIT_DATA)
        soft = limit if most == resource.RLIM_INFINITY else min(limit, most)
        resource.prlimit(pid, resource.RLIMIT_DATA, (soft, most))


def out_of_memory(code: int, stderr: str) -> bool:
    """Return whether a program that ended with `code` says that it got no more memory."""
    return code != 0 and _NO_MEMORY.search(stderr) is not None


# A pipe ends where we do, however we end: by SIGKILL, too. `read` waits for that. What was about to be watched,
# and what left its group, is known by the folder that it was given, whose name nobody else has.
_WATCH: Final = """
trap '' HUP INT QUIT TERM
running=' '
while read -r mark pid; do
  case $mark in
    +) running="$running$pid " ;;
    .) exec rm -rf -- "$1" ;;
    -) case $running in *" $pid "*) running="${running%%" $pid "*} ${running#*" $pid "}" ;; esac ;;
  esac
done
for pid in $running; do kill -s KILL -- "-$pid"; done
for again in 1 2 3; do
  for file in $(grep -lsF "TMPDIR=$1" /proc/[0-9]*/environ); do
    pid=${file#/proc/}; kill -s KILL "${pid%/environ}"
  done
  sleep 0.1
done
rm -rf -- "$1"
"""


_PREFIX: Final = "alertc-run-"
_BEGINNING: Final = 60
"""Seconds after which a folder without a lock was left behind: a younger one may be about to be locked."""


def _remove_left_behind(where: Path) -> None:
    """Remove the folders of commands of this user that were killed together with their watch."""
    with os.scandir(where) as entries:
        folders = [entry.path for entry in entries if entry.name.startswith(_PREFIX) and not entry.is_symlink()]
    for path in folders:
        with contextlib.suppress(OSError):
            handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                seen = os.fstat(handle)
                if seen.st_uid == os.geteuid() and time.time() - seen.st_mtime > _BEGINNING:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(path)
            finally:
                os.close(handle)


class _Watch:
    def __init__(self) -> None:
        self.owner = os.getpid()
        with contextlib.suppress(OSError):
            _remove_left_behind(Path(tempfile.gettempdir()))
        self.folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
        # Held as long as we live: by this others tell our folder from one whose command was killed with its watch.
        self.descriptor = os.open(self.folder, os.O_RDONLY)
        fcntl.flock(self.descriptor, fcntl.LOCK_EX)
        self.process = subprocess.Popen(  # noqa: S603  # our own words, and a path of ours
            ["/bin/sh", "-c", _WATCH, "alertc-watch", self.folder],  # the name that `ps` shows
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            bufsize=0,
            start_new_session=True,
        )
        self.lock = threading.Lock()

    def say(self, line: str) -> None:
        # Whoever killed the watch did not kill us: the programs have time limits besides.
        with self.lock, contextlib.suppress(OSError, ValueError):
            if self.process.stdin is not None:
                self.process.stdin.write(line.encode())

    def end(self) -> None:
        if self.owner == os.getpid() and self.process.stdin is not None:
            self.say(". all\n")
            with self.lock:
                self.process.stdin.close()
            self.process.wait()


@lru_cache(maxsize=1)
def _watch() -> _Watch:
    """Return the process that kills the programs we started, and removes our folder, however we end.

    It costs a millisecond beside the first program that we start.
    """
    watch = _Watch()
    atexit.register(watch.end)
    return watch


def folder() -> Path:
    """Return the folder for temporary files of this process; it is removed when we end. Raises OSError without one."""
    return _watch().folder


def started(pid: int) -> None:
    """Register the process group that `pid` leads: it is killed when we end."""
    _watch().say(f"+ {pid}\n")


def ended(pid: int) -> None:
    """Unregister a process group whose processes have all ended."""
    _watch().say(f"- {pid}\n")
