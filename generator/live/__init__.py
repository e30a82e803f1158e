"""What runs, held against what was proven: all that a Prometheus and an Alertmanager say of themselves.

`web` asks, `servers` reads the answers; all else is pure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.live import deviations, labels, premises, routes, rules, silences

if TYPE_CHECKING:
    from collections.abc import Sequence

    from generator.diagnostics import Diagnostic
    from generator.live.deviations import Deviation
    from generator.live.servers import Alertmanager, Prometheus
    from generator.verify.verification import Verification


def compare(
    verification: Verification, prometheus: Sequence[Prometheus], alertmanagers: Sequence[Alertmanager]
) -> tuple[Diagnostic, ...]:
    """Return everything that runs otherwise than the policy and its files say, with the promises that it breaks."""
    found: list[Deviation] = []
    for server in prometheus:
        found += premises.of_prometheus(verification, server)
        found += rules.check(verification, server)
    found += labels.check(verification, prometheus)
    for alertmanager in alertmanagers:
        found += premises.of_alertmanager(verification, alertmanager)
        found += routes.check(verification, alertmanager)
        found += silences.check(verification, alertmanager)
    return deviations.diagnostics(verification, found)
