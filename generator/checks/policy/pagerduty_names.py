"""Finds teams that have the same name to PagerDuty."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic
from generator.upstream import pagerduty

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.policy.model import Policy

POL242 = Code(
    name="POL242",
    title="Two teams have the same name",
    meaning="PagerDuty tells teams apart by their titles, whatever the case of the letters and the blanks at the ends, "
    "so the two would be one. Give each its own title.",
)


def check(policy: Policy) -> Iterator[Diagnostic]:
    """POL242: two teams have the same title to PagerDuty; the names of all else are the policy's, and differ."""
    first: dict[str, str] = {}
    for name, team in policy.teams.items():
        other = first.setdefault(pagerduty.folded(team.title), name)
        if other != name:
            yield Diagnostic(
                code=POL242.name,
                message=f"teams {other} and {name} have the same name to PagerDuty: "
                f"`{policy.teams[other].title}` and `{team.title}`",
                route=("teams", name, "title"),
                help="give each its own title: the case of letters and blanks at the ends do not count",
            )
