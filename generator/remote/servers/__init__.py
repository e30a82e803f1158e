"""What runs, held against what was proven: all that a Prometheus and an Alertmanager say of themselves.

`web` asks, `servers` reads the answers; all else is pure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.remote.servers import deviations, labels, premises, routes, rules, silences

if TYPE_CHECKING:
    from collections.abc import Sequence

    from generator.behaviour.verification import Verification
    from generator.diagnostics.diagnostic import Diagnostic
    from generator.remote.servers.deviations import Deviation
    from generator.remote.servers.servers import Alertmanager, Prometheus


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
