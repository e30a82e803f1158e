"""On what was measured: cores and versions, no name and no date."""

from __future__ import annotations

import os
import platform
import sys
from importlib.metadata import version
from pathlib import Path

from generator.system import programs

ALERTC = Path(sys.executable).parent / "alertc"
AMLINT = Path(sys.executable).parent / "amlint"
ROOT = Path(__file__).parent.parent
CORES = 2


def use_two_cores() -> None:
    """Keep this process, and all that it will start, to two cores: the bars are for two."""
    if sys.platform == "linux":
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])


def described() -> str:
    """Return the cores that are used and the versions that count."""
    cores = programs.cores()
    parts = [f"{cores} core{'s' if cores > 1 else ''}", f"Python {platform.python_version()}"]
    parts += [f"{name} {programs.find(name).version_text}" for name in ("promtool", "amtool")]
    return ", ".join([*parts, *(f"{name} {version(name.lower())}" for name in ("Jinja2", "amlint"))])
