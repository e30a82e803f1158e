"""Plays the commands that documentation shows, in a copy of the repository, and looks for what it says they print."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.compiling import ROOT
from tests.projects import alertc

SESSION = re.compile(r"<!-- run -->\n```console\n(.*?)```", re.DOTALL)
EXCERPT = re.compile(r"<!-- from (\S+) -->\n```[a-z]+\n(.*?)```", re.DOTALL)


def copied(folder: Path) -> None:
    """Put the files of this repository into `folder`, changed or not, all committed.

    What the programs say of them is remembered there: the commands that are played ask about what changes. So is what
    this checkout remembers, of mypy too, which is right or not used.
    """
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    for name in listed:
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    for memory in (".cache", ".mypy_cache"):
        if (ROOT / memory).is_dir():
            shutil.copytree(ROOT / memory, folder / memory)
    for command in ("init -q", "add -A", "commit -qm all"):
        subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *command.split()], cwd=folder, check=True)
    ran = alertc(folder, "check")
    assert ran.returncode == 0, ran.stderr


def play(session: str, folder: Path) -> None:
    """Run each command of a session; what the document shows of its output must come, in this order.

    alertc fails if and only if the document shows an error or a difference for it; nothing else fails.
    """
    with tempfile.TemporaryDirectory() as temporary:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        # The copy's own alertc, which a step may have changed.
        own = {"PATH": path, "TMPDIR": temporary, "PYTHONPATH": str(folder)}
        _play(session, folder, {**os.environ, **own})


def _play(session: str, folder: Path, env: dict[str, str]) -> None:
    steps: list[tuple[str, list[str]]] = []
    for line in session.splitlines():
        if line.startswith("$ "):
            steps.append((line[2:], []))
        else:
            steps[-1][1].append(line)
    for command, shown in steps:
        ran = subprocess.run(
            command,
            shell=True,
            cwd=folder,
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
        printed = (ran.stdout + ran.stderr).splitlines()
        where = 0
        for line in shown:
            assert line in printed[where:], f"{command} printed:\n{ran.stdout}{ran.stderr}"
            where = printed.index(line, where) + 1
        failing = command.startswith("alertc") and any(line.startswith(("error", "-", "+")) for line in shown)
        assert ran.returncode == (1 if failing else 0), f"{command}\n{ran.stdout}{ran.stderr}"
