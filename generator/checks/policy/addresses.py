"""PagerDuty knows people by their e-mail addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.diagnostics.diagnostic import Diagnostic

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.policy.model import Policy


def check(policy: Policy) -> Iterator[Diagnostic]:
    """POL241: two people have one e-mail address, so that an escalation from one to the other pages nobody new."""
    first: dict[str, str] = {}
    for name, person in policy.people.items():
        other = first.setdefault(person.email.lower(), name)
        if other != name:
            yield Diagnostic(
                code="POL241",
                message=f"{name} has the e-mail address of {other}: to PagerDuty they are one person",
                route=("people", name, "email"),
                help="write their own address, or remove one of them",
            )
