"""Finds repeats that come further apart than Alertmanager remembers whom it told."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, Level
from generator.policy import duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.diagnostics.diagnostic import PolicyPath
    from generator.policy.model import Policy

POL218 = Code(
    name="POL218",
    title="Repeats come sooner than written",
    meaning="Alertmanager forgets after its retention (`--data.retention`, 120h by default) that it told somebody, and "
    "tells them again. Write a shorter time; or raise the flag, and say so in `stack.alertmanager.retention`.",
)

USUAL = timedelta(hours=120)
"""The default of `--data.retention` (cmd/alertmanager/main.go)."""


def check(policy: Policy) -> Iterator[Diagnostic]:
    """POL218: something repeats less often than Alertmanager forgets."""
    kept = policy.stack.alertmanager.retention or USUAL
    for route, period in _periods(policy):
        if period and period > kept:
            yield Diagnostic(
                code=POL218.name,
                level=Level.WARNING,
                message=f"`{route[-1]}: {duration.write(period)}` repeats every {duration.write(kept)}: Alertmanager "
                "remembers no longer whom it told",
                route=route,
                help=f"write at most {duration.write(kept)}; or start Alertmanager with `--data.retention` of at least "
                f"{duration.write(period)}, and write that into `stack.alertmanager.retention`",
            )


def _periods(policy: Policy) -> Iterator[tuple[PolicyPath, timedelta | None]]:
    """Yield all that says how often somebody is told again."""
    for name, severity in policy.severities.items():
        yield ("severities", name, "remind"), severity.remind
    for name, channel in policy.channels.items():
        yield ("channels", name, "repeat"), channel.repeat
    for name, duty in policy.duties.items():
        yield ("duties", name, "every"), duty.every
    yield ("watch", "heartbeat", "every"), policy.watch.heartbeat.every
