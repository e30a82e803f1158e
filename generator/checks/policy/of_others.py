"""Checks that it is clear of which severity, and whose, an alert is that no rule of the policy sends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic
from generator.diagnostics.wording import listed
from generator.plan import of_others

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.diagnostics.diagnostic import PolicyPath
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


POL285 = Code(
    name="POL285",
    title="Alert that nobody hears of",
    meaning="Neither the severity nor the team, the service or the alert itself names somebody to tell. Add a channel "
    "to one of their `notify`; or say that nobody is told, and why (`notify: nobody` with `because`).",
)


def check(policy: Policy) -> Iterator[Diagnostic]:
    """POL283: `is` without `owners`. POL284: a value is of two severities. POL285: nobody is told."""
    known = [name for name, severity in policy.severities.items() if severity.known_as or severity.otherwise]
    if policy.owners is None and (known or any(other.severity for other in policy.others.values())):
        route: PolicyPath = ("severities", known[0], "is") if known else ("others",)
        yield Diagnostic(
            code=POL283.name,
            message="the policy says of which severity alerts of others are, and not whose they are",
            route=route,
            on_key=True,
            help="say whose they are, for example `owners: {otherwise: platform}`",
        )
        return
    yield from _claimed_twice(policy)
    yield from _unheard(policy)


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


def _unheard(policy: Policy) -> Iterator[Diagnostic]:
    services = policy.owners.services if policy.owners else ()
    for name, severity in policy.severities.items():
        used = severity.known_as or severity.otherwise or any(one.severity == name for one in policy.others.values())
        told = ((one, of_others.receivers(policy, name, one) or policy.services[one].untold) for one in services)
        deaf = [one for one, somebody in told if not somebody]
        if used and deaf and severity.untold is None:
            yield Diagnostic(
                code=POL285.name,
                message=f"nobody is told of an alert of others of severity {name} that belongs to {listed(deaf)}",
                route=("severities", name),
                on_key=True,
                help="add a channel to `notify` of the severity, the team or the service; or say that nobody is told, "
                "and why (`notify: nobody`, `because: ...`)",
            )
