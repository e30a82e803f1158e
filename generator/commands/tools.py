"""`alertc tools`: list the programs that check our files, and fetch those that are missing."""

from __future__ import annotations

import os

from generator.diagnostics.diagnostic import EnvironmentProblem
from generator.system import debian, programs
from generator.system.programs import NAMES, Missing

_NEEDED = ("promtool", "amtool")


def suites_to_fetch() -> tuple[str | None, ...]:
    """Return the suite to fetch where promtool or amtool is missing (None: the machine's own), else nothing."""
    try:
        for name in _NEEDED:
            programs.find(name)
    except Missing:
        return (os.environ.get("ALERTC_GENERATION") or None,)
    return ()


def fetch(suite: str | None) -> str:
    """Fetch the programs of a suite where they are not there yet; return a line with their versions."""
    fetched = debian.fetch(suite)
    versions = ", ".join(f"{program.name} {program.version_text}" for program in fetched)
    return f"{suite or 'fetched'}: {versions}"


def ready() -> bool:
    """Return whether promtool and amtool are there and can be run."""
    try:
        for name in _NEEDED:
            programs.checker(name)
    except EnvironmentProblem:
        return False
    return True


def table() -> str:
    """Return a line for each program: its version, its path and where it came from, or what to do about it."""
    return "\n".join(_line(name) for name in NAMES)


def _line(name: str) -> str:
    try:
        program = programs.find(name)
    except Missing as missing:
        # Compiling does not need the servers.
        return f"{name:<13} missing: " + (missing.help or "" if name in _NEEDED else "only tests and drills run it")
    except EnvironmentProblem as unready:
        return f"{name:<13} unusable: {unready.message}; {unready.help}"
    return f"{name:<13} {program.version_text:<13} {program.path} ({program.origin})"
