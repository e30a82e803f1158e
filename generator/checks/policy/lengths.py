"""Checks durations: greater than zero, not too frequent for Alertmanager, not too long for promtool."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic
from generator.policy import duration, parameters

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.diagnostics.diagnostic import PolicyPath
    from generator.policy.model import Policy

POL215 = Code(
    name="POL215",
    title="Duration must be greater than zero",
    meaning="Write at least `1s`.",
)

POL216 = Code(
    name="POL216",
    title="Unit test runs too long",
    meaning="promtool would evaluate this test over a very long time. Test a shorter one.",
)

POL217 = Code(
    name="POL217",
    title="Repeats too often for Alertmanager",
    meaning="Alertmanager cannot repeat a notification this often. Write at least `10s`.",
)

LEAST_REPEAT = timedelta(seconds=10)
MOST_EVALUATIONS = 20_000
"""Evaluations in one unit test: three and a half days at 15 seconds. promtool takes a second or two for them."""
A_WEEK = timedelta(days=8)
"""So long a test may run at any pace: after a week an expression that asks for the day has seen all of them."""


def check(policy: Policy) -> Iterator[Diagnostic]:
    """POL215: a duration of zero. POL216: a test that runs too long. POL217: repeats too often for Alertmanager."""
    ticks: list[tuple[PolicyPath, timedelta]] = [(("watch", "heartbeat", "every"), policy.watch.heartbeat.every)]
    ticks += [
        (("channels", name, "repeat"), channel.repeat) for name, channel in policy.channels.items() if channel.repeat
    ]
    for route, length in ticks:
        if timedelta() < length < LEAST_REPEAT:
            yield Diagnostic(
                code=POL217.name,
                message=f"every {duration.write(length)} is more often than Alertmanager can repeat",
                route=route,
                help=f"write at least {duration.write(LEAST_REPEAT)}",
            )
    zeros = [route for route, length in _lengths(policy) if length is not None and not length]
    for route in zeros:
        yield Diagnostic(
            code=POL215.name,
            message=f"`{route[-1]}` must be greater than zero",
            route=route,
            help="write at least `1s`",
        )
    if ("stack", "prometheus", "evaluate") in zeros:
        return
    for name, alert in policy.alerts.items():
        for number, test in enumerate(alert.tests):
            for key, written in (("fires_at", test.fires_at), ("silent_until", test.silent_until)):
                longest = max(A_WEEK, MOST_EVALUATIONS * policy.stack.prometheus.evaluate)
                each = (
                    alert.of_severity(test.severity).parameters(policy.services).values()
                    if isinstance(written, str)
                    else ({},)
                )
                lengths = (parameters.length(written, given) for given in each if written is not None)
                at = max((length for length in lengths if length), default=None)
                if at and at > longest:
                    yield Diagnostic(
                        code=POL216.name,
                        message=f"this test of {name} runs for {duration.write(at)}: promtool would take very long",
                        route=("alerts", name, "tests", number, key),
                        help=f"test a shorter time, at most {duration.write(longest)}",
                    )


def _lengths(policy: Policy) -> Iterator[tuple[PolicyPath, timedelta | None]]:
    """Yield every duration that must be greater than zero."""
    prometheus, alertmanager = policy.stack.prometheus, policy.stack.alertmanager
    stack: PolicyPath = ("stack", "prometheus")
    yield (*stack, "scrape"), prometheus.scrape
    yield (*stack, "evaluate"), prometheus.evaluate
    yield (*stack, "retention"), prometheus.retention
    yield ("stack", "alertmanager", "peer_timeout"), alertmanager.peer_timeout
    yield ("stack", "alertmanager", "resolve_timeout"), alertmanager.resolve_timeout
    for name, severity in policy.severities.items():
        route: PolicyPath = ("severities", name)
        yield (*route, "acknowledge"), severity.acknowledge
        yield (*route, "resolve"), severity.resolve if isinstance(severity.resolve, timedelta) else None
        yield (*route, "group_interval"), severity.group_interval
        yield (*route, "remind"), severity.remind
    for name, channel in policy.channels.items():
        yield ("channels", name, "repeat"), channel.repeat
    for name, duty in policy.duties.items():
        yield ("duties", name, "every"), duty.every
        yield ("duties", name, "within"), duty.within
    yield ("watch", "heartbeat", "every"), policy.watch.heartbeat.every
    for name, record in policy.records.items():
        yield ("records", name, "every"), record.every
