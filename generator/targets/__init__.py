"""What comes out: one module for each kind of output, whose records are all listed here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.behaviour.documents import is_plain
from generator.policy.kubernetes import FILES
from generator.targets import alertmanager, helm, kubernetes, pagerduty, procedure, prometheus

if TYPE_CHECKING:
    from generator.policy.model import Policy
    from generator.targets.target import Owned, Package, Target

TARGETS: tuple[Target, ...] = (
    prometheus.TARGET,
    alertmanager.TARGET,
    pagerduty.TARGET,
    procedure.TARGET,
)

PACKAGES: tuple[Package, ...] = (kubernetes.TARGET, helm.TARGET)
"""Those that a policy asks for by `targets`; they hold what the others wrote."""


def owned(path: str) -> Owned | None:
    """Return the entry that a file stands for; None where no target owns it."""
    entries = (entry for owns in (record.owns for record in TARGETS + PACKAGES) for entry in owns)
    return next((entry for entry in entries if entry.holds(path)), None)


def is_written(policy: Policy, path: str) -> bool:
    """Return whether a file belongs into `out/`: plain files of servers do so where `targets` names them."""
    return FILES in policy.targets or not is_plain(path)
