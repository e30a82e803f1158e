"""Only what the declared versions of the stack support can be emitted."""

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
"""The oldest versions that the output was tried on."""


def check(policy: Policy) -> Iterator[Diagnostic]:
    """VER511: a version older than any that the output was tried on."""
    stack = policy.stack
    for program, version, oldest in (
        ("prometheus", stack.prometheus.version, OLDEST_PROMETHEUS),
        ("alertmanager", stack.alertmanager.version, OLDEST_ALERTMANAGER),
    ):
        if version < oldest:
            yield Diagnostic(
                code=VER511.name,
                message=f"{program} {_written(version)} is older than what alertc writes for",
                route=("stack", program, "version"),
                help=f"the oldest version that loads its output is {_written(oldest)}",
            )


def _written(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
