"""Finds schedules in a time zone that PagerDuty does not take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic
from generator.upstream import pagerduty

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.policy.model import Policy

POL243 = Code(
    name="POL243",
    title="PagerDuty does not take this time zone",
    meaning="PagerDuty has a list of time zones of its own, which lacks many names of the IANA database. Write a zone "
    "of the list that has the same clock.",
)


def check(policy: Policy) -> Iterator[Diagnostic]:
    """POL243: a schedule has a time zone that PagerDuty does not take."""
    for name, schedule in policy.schedules.items():
        if not pagerduty.takes(schedule.timezone):
            yield Diagnostic(
                code=POL243.name,
                message=f"PagerDuty does not take the time zone `{schedule.timezone}`",
                route=("schedules", name, "timezone"),
                help=_help(schedule.timezone),
            )


def _help(zone: str) -> str:
    same = pagerduty.same_clock(zone)
    if same:
        return f"write `{same}`, whose clocks show the same time"
    return "none of its zones has the same clock: write one near it, and set the hand-over and the hours by that clock"
