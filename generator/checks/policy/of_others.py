"""Checks that it is clear of which severity, and whose, an alert is that no rule of the policy sends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.policy.model import Policy

POL283 = Code(
    name="POL283",
    title="Nobody owns the alerts of others",
    meaning="`is` says of which severity alerts are whose rules are not in this policy; whose they are, `owners` says. "
    "Where all belong to one service, `owners: {otherwise: platform}` is enough.",
)

POL284 = Code(
    name="POL284",
    title="Value of two severities",
    meaning="Two severities claim the same value of the label `severity` of alerts of others, or all that is left. "
    "Give each value to one of them.",
)


def check(policy: Policy) -> Iterator[Diagnostic]:
    """POL283: `is` without `owners`. POL284: a value is of two severities."""
    known = {name: severity for name, severity in policy.severities.items() if severity.known_as or severity.otherwise}
    if known and policy.owners is None:
        name = next(iter(known))
        yield Diagnostic(
            code=POL283.name,
            message=f"{name} has `is`, and the policy does not say whose alerts of others are",
            route=("severities", name, "is"),
            on_key=True,
            help="say whose they are, for example `owners: {otherwise: platform}`",
        )
        return
    yield from _claimed_twice(policy)


def _claimed_twice(policy: Policy) -> Iterator[Diagnostic]:
    claimed: dict[str, str] = {}
    for name, severity in policy.severities.items():
        for value in (*severity.known_as, *(["otherwise"] if severity.otherwise else [])):
            other = claimed.setdefault(value, name)
            if other != name:
                yield Diagnostic(
                    code=POL284.name,
                    message=f"`{value}` of others is both a {other} and a {name}",
                    route=("severities", name, "is"),
                    help="name it in one of them",
                )
