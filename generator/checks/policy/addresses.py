"""Finds people who share an e-mail address, by which PagerDuty identifies users."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.policy.model import Policy

POL241 = Code(
    name="POL241",
    title="Two people share an e-mail address",
    meaning="PagerDuty identifies people by their e-mail address, so the two would be one user. Give each their own.",
)


def check(policy: Policy) -> Iterator[Diagnostic]:
    """POL241: two people share an e-mail address, so an escalation from one to the other pages nobody new."""
    first: dict[str, str] = {}
    for name, person in policy.people.items():
        other = first.setdefault(person.email.lower(), name)
        if other != name:
            yield Diagnostic(
                code=POL241.name,
                message=f"people {other} and {name} share an e-mail address: PagerDuty would make them one user",
                route=("people", name, "email"),
                help="give each their own address, or remove one of them",
            )
