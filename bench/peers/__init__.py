"""What people use without alertc, at work on the same policy and the same files."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from bench.machine import AMLINT
from bench.measure import Measured, Skipped, run

if TYPE_CHECKING:
    from bench.measure import Cost

JSONNET = "rjsonnet"
JSONNET_VERSION = "0.5.6"
"""The implementation in Rust: 50 times as fast here as the one in C++. Pinned so that figures stay comparable."""
PATIENCE = 240
AMLINT_PATIENCE = 120
"""Seconds, then it is stopped: its time grows with the square of the routes."""


def jinja(policy: Path, promtool: Path, folder: Path) -> Cost:
    """Return the cost of a template, and of a shell loop that asks promtool of one file after the other."""
    return _rules([sys.executable, Path(__file__).with_name("with_jinja.py")], policy, folder, _loop(promtool))


def jsonnet(python: Path | Skipped, policy: Path, promtool: Path, folder: Path) -> Cost:
    """Return the cost of Jsonnet, and of asking promtool once of all files."""
    if isinstance(python, Skipped):
        return python
    check = f'exec {shlex.quote(str(promtool))} check rules "$2"/*.yaml'
    return _rules([python, Path(__file__).with_name("with_jsonnet.py")], policy, folder, check)


def amlint(alertmanager: Path) -> Measured:
    """Return the cost of a check of the routes."""
    return run([AMLINT, "check", alertmanager], folder=alertmanager.parent, limit=AMLINT_PATIENCE)


def python_with_jsonnet(folder: Path) -> Path | Skipped:
    """Return a Python in `folder` that has Jsonnet, or why there is none."""
    python = folder / "bin/python"
    package = f"{JSONNET}=={JSONNET_VERSION}"
    for argv in (
        [sys.executable, "-m", "venv", folder],
        [python, "-m", "pip", "--quiet", "--disable-pip-version-check", "install", "--only-binary", ":all:", package],
    ):
        done = subprocess.run(list(map(str, argv)), capture_output=True, text=True, check=False)
        if done.returncode:
            return Skipped(why=f"{package} could not be installed")
    return python


def _loop(promtool: Path) -> str:
    # The loop itself goes on whatever promtool says; here every file is right, and one that is not must be seen.
    return f'for file in "$2"/*.yaml; do {shlex.quote(str(promtool))} check rules "$file" || exit 1; done'


def _rules(writer: list[str | Path], policy: Path, folder: Path, check: str) -> Measured:
    folder.mkdir()
    write = " ".join(shlex.quote(str(part)) for part in writer)
    return run(["sh", "-c", f'{write} "$1" "$2" && {check}', "sh", policy, folder], folder=folder, limit=PATIENCE)
