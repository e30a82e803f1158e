"""What wakes people is shown to fire, shown to be silent, and says what limits the damage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.diagnostics.diagnostic import Diagnostic, Level
from generator.policy.model import URGENT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.policy.model import Policy

NAMED = 3
"""A policy may have ten thousand of them: so many are named, the others counted."""


def check(policy: Policy) -> Iterator[Diagnostic]:
    """PQL722: no test that fires. PQL723: no test that stays silent. PQL724: a P0 that names no containment."""
    urgent = {name: alert for name, alert in policy.alerts.items() if alert.severity in URGENT}
    yield from _lacking(
        policy,
        [name for name, alert in urgent.items() if all(test.fires_at is None for test in alert.tests)],
        code="PQL722",
        message="no test shows {} firing",
        help="add to its `tests` the series of a fault, and `fires_at`",
    )
    yield from _lacking(
        policy,
        [name for name, alert in urgent.items() if all(test.silent_until is None for test in alert.tests)],
        code="PQL723",
        message="no test shows {} silent",
        help="add to its `tests` the series of a good day, just short of the limit, and `silent_until`",
    )
    if policy.containments:
        yield from _lacking(
            policy,
            [name for name, alert in urgent.items() if alert.severity == "P0" and alert.containment is None],
            code="PQL724",
            message="no containment is named by {}",
            help="name what limits the damage: " + ", ".join(f"`{name}`" for name in sorted(policy.containments)[:8]),
        )


def _lacking(policy: Policy, names: list[str], *, code: str, message: str, help: str) -> Iterator[Diagnostic]:
    """One finding for all of them, at the first."""
    if not names:
        return
    shown = ", ".join(f"{name} ({policy.alerts[name].severity})" for name in names[:NAMED])
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    yield Diagnostic(
        code=code,
        level=Level.WARNING,
        message=message.format(shown + more),
        route=("alerts", names[0]),
        on_key=True,
        help=help,
    )
