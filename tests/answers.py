"""What promtool and amtool say of the same files is asked once in a session of tests, for all its workers."""

import fcntl
import json
import os
from dataclasses import astuple
from pathlib import Path

from generator.system import memory
from generator.system.programs import Result


def shared_folder(tmp_path_factory, name):
    """Return a folder that all workers of this session share."""
    base = tmp_path_factory.getbasetemp()
    # The folder of a worker of pytest-xdist lies in the one that they share.
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
    folder.mkdir(exist_ok=True)
    return folder


_LIMITS = ("ALERTC_MEMORY_LIMIT", "ALERTC_TIME_LIMIT")


class SharedAnswers:
    """Runs a command unless another test had the same answered: by the same program, about the same files.

    That an answer depends on nothing else is what `tests/commands/test_memory.py` holds, with programs that count how
    often they are asked. Those are scripts, which are always run; so is whatever runs within limits of its own.
    """

    def __init__(self, folder, finish):
        self._folder = folder
        self._finish = finish

    def finish(self, runs, command):
        question = None if _must_run(command) else memory._question(command)
        if question is None:
            return self._finish(runs, command)
        with (self._folder / question).open("a+", encoding="utf-8") as file:
            # Who asks the same at the same time waits for the answer.
            fcntl.flock(file, fcntl.LOCK_EX)
            try:
                file.seek(0)
                known = file.read()
                if known:
                    return Result(**dict(zip(("code", "stdout", "stderr"), json.loads(known), strict=True)))
                result = self._finish(runs, command)
                if result.code in (0, 1):
                    file.write(json.dumps(astuple(result)))
                    file.flush()
                return result
            finally:
                fcntl.flock(file, fcntl.LOCK_UN)


def _must_run(command):
    if command.inputs is None or any(name in os.environ for name in _LIMITS):
        return True
    try:
        with Path(command.argv[0]).open("rb") as program:
            return program.read(2) == b"#!"
    except OSError:
        return True
