"""Kills `alertc render` before each of its file operations: `python tests/killing.py FOLDER [--without-swap]`.

A program of its own, since it forks, which a process with threads should not. The files are not verified here: what
the programs say changes nothing about how `out/` is replaced. Prints how many operations there were.
"""

import argparse
import json
import os
import shutil
import signal
import sys
from pathlib import Path

from generator import pipeline
from generator.checks import verify
from generator.commands import render as command
from generator.commands.project import Project
from generator.policy.source import read_file
from generator.system import output
from generator.targets.render import Templates

# What changes a file or a folder, as Python announces it (audit events), before it happens.
CHANGES = ("os.mkdir", "os.rename", "os.link", "os.remove", "os.rmdir", "os.chmod", "os.truncate", "os.utime")


def in_child(work, *arguments):
    """Run `work` in a process of its own and return how that ended."""
    child = os.fork()
    if not child:
        code = 1
        try:
            work(*arguments)
            code = 0
        finally:
            os._exit(code)
    return os.waitpid(child, 0)[1]


def render(folder, policy, kill_at=None):
    """Render `policy`; before the operation number `kill_at` this process dies."""
    os.chdir(folder)
    left = [kill_at]

    def watch(event, arguments):
        written = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        if event in CHANGES or written or event == "ctypes.dlsym":  # the swap itself is called through ctypes
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    if kill_at is not None:
        sys.addaudithook(watch)
    outcome = command.render(Project(policy=Path(policy), out=Path("out"), templates=None))
    if not outcome.clean:
        raise AssertionError(outcome.diagnostics)


def contents(folder):
    """Every file with its text, and every empty folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
        if path.is_file() or not any(path.iterdir())
    }


def main(folder, without_swap, every):
    if without_swap:
        output._exchange = lambda *_: False
    # Compiled once: every child would do it again.
    compiled = {}
    for name in ("old.yaml", "new.yaml"):
        source = read_file(folder / name)
        compiled[source.path] = pipeline.compile(source, Templates(None), name)
    pipeline.judge = lambda source: compiled[source.path]
    # As many pieces as there are targets.
    pipeline.build = lambda made, *_: [made.artifacts[start::4] for start in range(4)]
    verify.begin = lambda *_: {}
    verify.verify = lambda *_: ()
    # Only now: it takes the functions above with it.
    from generator.commands import verified

    verified.checked_by = lambda _: ""
    begun = folder / "begun"
    results = {}
    for name in ("old.yaml", "new.yaml"):
        # What is not ours lies there, too, in every state.
        shutil.copytree(begun, folder / name.removesuffix(".yaml"))
        if in_child(render, folder / name.removesuffix(".yaml"), folder / name):
            raise SystemExit(f"{name} does not render")
        results[name] = contents(folder / name.removesuffix(".yaml") / "out")
    old, new = results["old.yaml"], results["new.yaml"]
    assert old != new
    number, mixed = 1, 0
    while True:
        project = folder / f"kill-{number}"
        shutil.copytree(folder / "old", project, symlinks=True)
        status = in_child(render, project, folder / "new.yaml", number)
        assert status == 0 or os.WTERMSIG(status) == signal.SIGKILL, status
        found = contents(project / "out")
        if found not in (old, new):
            mixed += 1
            assert without_swap, f"neither old nor new when killed before operation {number}"
        assert in_child(render, project, folder / "new.yaml") == 0, f"no render after a kill at {number}"
        assert contents(project / "out") == new, f"not new after a kill before operation {number}"
        left = {path.name for path in project.iterdir()} - {".cache"}
        assert left == {"out"}, f"left behind after a kill before operation {number}: {left}"
        shutil.rmtree(project)
        if status == 0:
            break
        number += every
    sys.stdout.write(json.dumps({"operations": number - 1, "mixed": mixed}))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--without-swap", action="store_true")
    parser.add_argument("--every", type=int, default=1)
    given = parser.parse_args()
    main(given.folder.resolve(), given.without_swap, given.every)
