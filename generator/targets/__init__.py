"""What comes out: one module for each kind of output, whose records are all listed here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.targets import alertmanager, pagerduty, procedure, prometheus

if TYPE_CHECKING:
    from generator.targets.target import Owned, Target

TARGETS: tuple[Target, ...] = (
    prometheus.TARGET,
    alertmanager.TARGET,
    pagerduty.TARGET,
    procedure.TARGET,
)


def owned(path: str) -> Owned | None:
    """Return the entry that a file stands for; None where no target owns it."""
    return next((entry for target in TARGETS for entry in target.owns if entry.holds(path)), None)
