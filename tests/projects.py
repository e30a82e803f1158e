"""A project in a folder, and alertc run in it as a user runs it."""

import gc
import io
import os
import signal
import subprocess
import sys
import threading
from contextlib import ExitStack, contextmanager
from pathlib import Path
from unittest import mock

from generator import cli
from generator.system import memory
from tests.compiling import edited

ALERTC = Path(sys.executable).parent / "alertc"

_READ_AT_START = ("PYTHON", "LANG", "LC_", "TMPDIR")
"""How the names of variables begin that Python looks at once, as it starts."""


def alertc(folder, *arguments, **environment):
    """Run a command in this process, and return what a process of its own would have returned.

    What only a process shows (signals, closed streams, limits, its start and end) is tested by starting ALERTC.
    """
    assert not any(name.startswith(_READ_AT_START) for name in environment), "that needs a process of its own"
    if threading.current_thread() is not threading.main_thread():
        # A working folder and handlers of signals are those of a whole process.
        env = {**os.environ, "COLUMNS": "100", **environment}
        return subprocess.run([ALERTC, *arguments], cwd=folder, env=env, capture_output=True, text=True, check=False)
    stdout, stderr = (io.TextIOWrapper(io.BytesIO(), "utf-8") for _ in range(2))
    with ExitStack() as stack:
        stack.enter_context(mock.patch.dict(os.environ, {"COLUMNS": "100", **environment}))
        stack.enter_context(_inside(folder))
        stack.enter_context(_one_run())
        stdin = stack.enter_context(Path(os.devnull).open(encoding="utf-8"))
        stack.enter_context(mock.patch.multiple(sys, stdin=stdin, stdout=stdout, stderr=stderr))
        code = cli.main([str(word) for word in arguments])
    printed = []
    for stream in (stdout, stderr):
        stream.flush()
        printed.append(stream.buffer.getvalue().decode("utf-8"))
    return subprocess.CompletedProcess(["alertc", *arguments], code, *printed)


@contextmanager
def _inside(folder):
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


@contextmanager
def _one_run():
    """Undo what a command does to its process, and begin without what it remembers for the length of a run."""
    handlers = {name: signal.getsignal(name) for name in (signal.SIGTERM, signal.SIGHUP)}
    memory._identity.cache_clear()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()
        for name, handler in handlers.items():
            signal.signal(name, handler)


def change(project, *edits):
    policy = project / "policy/shop.yaml"
    policy.write_text(edited(policy.read_text(encoding="utf-8"), *edits), encoding="utf-8")


def contents(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


CHANGED_SUMMARY = ("is off by {{ $value }}", "is wrong by {{ $value }}"), ("north is off by 7", "north is wrong by 7")

FAULTS = {
    "typo": [("    containment: stop-sales\n    page", "    containment: stop-sale\n    page")],
    "promql": [("expr: max by (till) (abs(till_difference)) > 0", "expr: max by (till) (abs(till_difference) > 0")],
    "go-template": [("summary: Till {{ $labels.till }} is", "summary: Till {{ $labels.till is")],
    "unit-test": [("fires_at: 1m15s\n        labels: {till: north}", "fires_at: 2m\n        labels: {till: north}")],
}  # fmt: skip
