"""While one Alertmanager hangs, the others must still be told of all alerts before these are sent once more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, Level
from generator.plan import timing
from generator.policy import duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.plan.plan import Plan

SLA212 = Code(
    name="SLA212",
    title="More alerts than can be sent past a hung Alertmanager",
    meaning="Before 3.10 Prometheus waits for all Alertmanagers with each batch of alerts (64 of them, 256 from 3.0 "
    "on), and sends all that fire again each minute. If one hangs and the batches of a minute take longer than that, "
    "the queue only grows: a page may never leave. Give `timeout` in `alerting` of prometheus.yml a smaller value, "
    "and write it into the policy.",
)

SLA216 = Code(
    name="SLA216",
    title="More alerts than Prometheus's queue holds",
    meaning="What fires at once waits in a queue of 10,000, unless `--alerting.notification-queue-capacity` says "
    "otherwise. Prometheus drops the oldest of more, and sends them again a minute later, when the same happens. "
    "Give the flag a larger value and accept this, or let rules aggregate.",
)

QUEUE = 10_000
"""Alerts (cmd/prometheus/main.go, `alerting.notification-queue-capacity`)."""


def check(plan: Plan) -> Iterator[Diagnostic]:
    """SLA212: `alerts_at_once` takes longer than a minute to be sent. SLA216: it is more than the queue holds."""
    yield from _slow(plan)
    at_once = plan.policy.stack.prometheus.alerts_at_once or 0
    if at_once > QUEUE:
        yield Diagnostic(
            code=SLA216.name,
            level=Level.WARNING,
            message=f"of {at_once:,} alerts at once Prometheus drops {at_once - QUEUE:,}: its queue holds {QUEUE:,}",
            route=("stack", "prometheus", "alerts_at_once"),
            notes=("what is dropped is sent again after a minute at the earliest, which is in no sum",),
            help="start Prometheus with a larger `--alerting.notification-queue-capacity` and accept this, or let "
            "rules aggregate",
        )


def _slow(plan: Plan) -> Iterator[Diagnostic]:
    stack = plan.stack
    if stack.peers == 1 or timing.sending(stack) <= timing.RESEND_DELAY:
        return
    prometheus = plan.policy.stack.prometheus
    size = timing.batch(prometheus.version)
    alerts = timing.most_alerts(prometheus)
    most = timing.RESEND_DELAY // stack.batches // timing.SECOND * timing.SECOND
    batches, timeout = "1 batch" if stack.batches == 1 else f"{stack.batches} batches", stack.alertmanager_timeout
    yield Diagnostic(
        code=SLA212.name,
        message=f"while one Alertmanager hangs, {alerts:,} alerts take {duration.write(timing.sending(stack))} to be "
        "sent to the others, and after a minute all are sent again",
        route=("stack", "prometheus", "alerts_at_once" if prometheus.alerts_at_once else "alertmanager_timeout"),
        notes=(f"{batches} of {size}, each held back for {duration.write(timeout)} (`alertmanager_timeout`)",),
        help="set `timeout` in `alerting` of prometheus.yml, and `alertmanager_timeout`, to at most "
        f"{duration.write(most)}"
        if most
        else "Prometheus 3.10 and later send to each Alertmanager on its own: run that, and write its `version`",
    )
