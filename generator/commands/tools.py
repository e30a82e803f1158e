"""`alertc tools`: list the programs that check our files, and fetch those that are missing."""

from __future__ import annotations

import contextlib
import os
import re
from itertools import islice
from typing import TYPE_CHECKING

from generator.commands.project import find_policy
from generator.diagnostics.diagnostic import EnvironmentProblem, PolicyErrors
from generator.policy.parts import on_disk
from generator.system import debian, programs
from generator.system.programs import NAMES, Missing
from generator.upstream.behaviours import differs
from generator.upstream.features import written

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.policy.source import Tree
    from generator.system.programs import Program
    from generator.upstream.features import Version

_NEEDED = ("promtool", "amtool")


def suites_to_fetch() -> Iterator[str | None]:
    """Yield the suite to fetch where promtool or amtool is missing (None: the machine's own).

    Then the one to fetch where that promtool behaves otherwise than the Prometheus that the policy declares, and the
    one where that amtool is older than its Alertmanager.
    """
    try:
        for name in _NEEDED:
            programs.find(name)
    except Missing:
        yield os.environ.get("ALERTC_GENERATION") or None
    stack = _stack()
    declared, promtool = _version(stack, "prometheus"), programs.find("promtool")
    if declared and not any(_fits(declared, program) for program in (promtool, *programs.fetched("promtool"))):
        fitting = (suite for suite, has in debian.VERSIONS.items() if not differs(declared, has))
        yield from islice(fitting, 1)
    declared, amtool = _version(stack, "alertmanager"), programs.find("amtool")
    if declared and not any(_knows(declared, program) for program in (amtool, *programs.fetched("amtool"))):
        newer = (suite for suite, has in debian.ALERTMANAGERS.items() if has >= declared[:2])
        yield from islice(newer, 1)


def _fits(declared: Version, program: Program) -> bool:
    return program.named or not differs(declared, program.version)


def _knows(declared: Version, program: Program) -> bool:
    return program.named or not programs.is_older(program, declared)


def _stack() -> Tree:
    """Return what the project's policy says of its servers; None where there is none, or it is not to be read."""
    with contextlib.suppress(PolicyErrors):
        return on_disk(find_policy(None)).read().tree.get("stack")
    return None


def _version(stack: Tree, server: str) -> Version | None:
    """Return the version that `stack` declares of a server; None where it does not, or not as a version is written."""
    entry = stack.get(server) if isinstance(stack, dict) else None
    text = entry.get("version") if isinstance(entry, dict) else None
    if isinstance(text, str) and re.fullmatch(r"\d+\.\d+(\.\d+)?", text):
        return tuple(map(int, text.split(".")))
    return None


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
    """Return a line for each program: its version, its path and where it came from, or what to do about it.

    Below them stand those that are taken for the policy here, since its servers are newer.
    """
    return "\n".join((*(_line(name) for name in NAMES), *_for_policy()))


def _for_policy() -> Iterator[str]:
    declared = _version(_stack(), "alertmanager")
    if declared is None:
        return
    for name in ("amtool", "alertmanager"):
        with contextlib.suppress(EnvironmentProblem):
            program = programs.find(name)
            other = programs.at_least(program, declared)
            if other != program:
                yield _written(other) + f", for the policy, which declares {written(declared)}"


def _line(name: str) -> str:
    try:
        program = programs.find(name)
    except Missing as missing:
        # Compiling does not need the servers.
        return f"{name:<13} missing: " + (missing.help or "" if name in _NEEDED else "only tests and drills run it")
    except EnvironmentProblem as unready:
        return f"{name:<13} unusable: {unready.message}; {unready.help}"
    return _written(program)


def _written(program: Program) -> str:
    return f"{program.name:<13} {program.version_text:<13} {program.path} ({program.origin})"
