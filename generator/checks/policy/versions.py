"""Checks that the declared versions of the stack are not older than alertc supports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.policy.model import Policy

VER511 = Code(
    name="VER511",
    title="Version is too old",
    meaning="alertc's output was never tested with this version of the program. Upgrade it.",
)

OLDEST_PROMETHEUS = (2, 42)
OLDEST_ALERTMANAGER = (0, 25)
"""The oldest versions that the output was tested with."""


def check(policy: Policy) -> Iterator[Diagnostic]:
    """VER511: a version is older than any that the output was tested with."""
    stack = policy.stack
    for program, version, oldest in (
        ("prometheus", stack.prometheus.version, OLDEST_PROMETHEUS),
        ("alertmanager", stack.alertmanager.version, OLDEST_ALERTMANAGER),
    ):
        if version < oldest:
            yield Diagnostic(
                code=VER511.name,
                message=f"{program} {_written(version)} is older than any version that alertc supports",
                route=("stack", program, "version"),
                help=f"upgrade it: alertc supports {program} {_written(oldest)} and later",
            )


def _written(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
