"""What runs, held against what was proven: all that a Prometheus and an Alertmanager say of themselves.

`web` asks, `servers` reads the answers; all else is pure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.remote.servers import deviations, labels, others, premises, routes, rules, sidecars, silences

if TYPE_CHECKING:
    from collections.abc import Sequence

    from generator.behaviour.verification import Verification
    from generator.diagnostics.diagnostic import Diagnostic
    from generator.remote.servers.deviations import Deviation
    from generator.remote.servers.servers import Alertmanager, Prometheus


def compare(
    verification: Verification, prometheus: Sequence[Prometheus], alertmanagers: Sequence[Alertmanager]
) -> tuple[Diagnostic, ...]:
    """Return a finding for each difference between the servers and the policy, with the promises that it breaks."""
    own_deviations: list[Deviation] = []
    for server in prometheus:
        own_deviations += premises.of_prometheus(verification, server)
        own_deviations += rules.check(verification, server)
        own_deviations += sidecars.of_prometheus(verification, server)
    own_deviations += labels.check(verification, prometheus)
    for alertmanager in alertmanagers:
        own_deviations += premises.of_alertmanager(verification, alertmanager)
        own_deviations += routes.check(verification, alertmanager)
        own_deviations += sidecars.of_alertmanager(verification, alertmanager)
        own_deviations += silences.check(verification, alertmanager)
        own_deviations += others.check(verification, alertmanager)
    return deviations.diagnostics(verification, own_deviations)
