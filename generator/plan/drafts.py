"""What a channel for the public drafts: the duties that send something there, and when they hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.diagnostics.wording import listed
from generator.policy import duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.policy.model import Duty, Policy


def title(policy: Policy, channel: str) -> str:
    """Return what a draft there is for: `Update the status page, every 30m while it lasts`; empty: no duty.

    It stands above a text for the public, so it names no severity.
    """
    return "; ".join(f"{name}, {_when(duty)}" for name, duty in _duties(policy, channel))


def purpose(policy: Policy, channel: str) -> str:
    """Return the same for the procedure, with the severities: `Update the status page, every 30m during P0 and P1`."""
    return "; ".join(f"{name}, {_when_exactly(duty)}" for name, duty in _duties(policy, channel))


def _duties(policy: Policy, channel: str) -> Iterator[tuple[str, Duty]]:
    """Yield the duties that draft something in a channel, with their titles; none where it is not public."""
    if policy.channels[channel].audience == "public":
        found = ((name, duty) for name, duty in sorted(policy.duties.items()) if channel in duty.via)
        yield from ((duty.title or name, duty) for name, duty in found)


def _when(duty: Duty) -> str:
    return f"every {duration.write(duty.every)} while it lasts" if duty.every else _within(duty)


def _when_exactly(duty: Duty) -> str:
    if duty.every:
        return f"every {duration.write(duty.every)} during {listed(duty.during)}"
    return f"{_within(duty)} of {listed(duty.after)}"


def _within(duty: Duty) -> str:
    return f"within {duration.write(duty.within)} of the {duty.of}" if duty.within else f"of the {duty.of}"
