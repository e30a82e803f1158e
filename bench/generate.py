"""Writes a policy of many services, every alert written out: `python bench/generate.py 1000 > policy.yaml`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

EXCHANGE = Path(__file__).parent.parent / "policy/exchange.yaml"
CHAINS = 1_000
"""At most; with four severities that makes four thousand paging routes, and one for a `page_each` below each."""

# Name, severity, expression (%s: the service's name, %t: its threshold), `for`, more keys.
ALERTS = (
    ("Down", "P1", 'sum(up{job="%s"}) == 0', "30s", "when_missing: ignore"),
    ("InstanceDown", "P2", 'up{job="%s"} == 0', "5m", "page_each: [instance]"),
    ("ErrorRatioHigh", "P2", 'sum(rate(errors_total{job="%s"}[5m])) > 0.02 * sum(rate(requests_total{job="%s"}[5m]))', "5m", ""),
    ("LatencyHigh", "P1", 'histogram_quantile(0.99, sum by (le) (rate(duration_seconds_bucket{job="%s"}[1m]))) > 0.5', "30s", "seen_within: 1m"),
    ("SaturationHigh", "P2", 'max by (job) (worker_busy_ratio{job="%s"}) > %t', "10m", ""),
    ("QueueStalled", "P1", 'max by (queue) (oldest_message_seconds{job="%s"}) > 60', "30s", "page_each: [queue]"),
    ("BalanceOff", "P0", 'max by (ledger) (abs(balance_delta{job="%s"})) > 0', "0s", "page_each: [ledger]"),
    ("DiskFilling", "P3", 'predict_linear(filesystem_avail_bytes{job="%s"}[30m], 86400) < 0', "15m", "page_each: [instance]"),
    ("RestartsOften", "P3", 'sum by (instance) (changes(process_start_time_seconds{job="%s"}[1h])) > 3', "15m", ""),
    ("CertificateExpiring", "P3", 'min by (instance) (certificate_expiry_timestamp_seconds{job="%s"}) - time() < 1209600', "15m", ""),
)  # fmt: skip


def policy(services: int, changed: int | None = None, most: int = CHAINS) -> Iterator[str]:
    """Yield the text of a policy of so many services with ten alerts each; one service in a hundred has tests.

    The service `changed` has another threshold than it would have; of chains there are `most` at the most.
    """
    head = EXCHANGE.read_text(encoding="utf-8").split("\nescalations:\n")[0].rsplit("\n\n", 1)[0]
    channels = (
        EXCHANGE.read_text(encoding="utf-8").split("\nchannels:\n")[1].split("\nwatch:\n")[0].rsplit("\n\n", 1)[0]
    )
    chains = min(most, services)
    yield f"{head}\n\nescalations:\n"
    for chain in range(chains):
        yield (
            f"  chain-{chain}:\n"
            "    - {page: schedule/trading-primary, by: first}\n"
            "    - {page: schedule/trading-secondary, by: 60%}\n"
            "    - {page: schedule/incident-commanders, by: 80%, as: incident-commander}\n"
        )
    yield f"\nchannels:\n{channels}\n\nwatch:\n  service: service-0\n  severity: P1\n  unrouted: P1\n"
    yield "  heartbeat: {via: dead-mans-switch, every: 1m}\n\nservices:\n"
    for number in range(services):
        depends = f"\n    depends_on: [service-{number // 2}]" if number else ""
        yield (
            f"  service-{number}:\n    team: trading\n    escalation: chain-{number % chains}\n"
            f"    runbook: 06-rollback-procedure.md{depends}\n    public: Something may be slow.\n"
        )
    yield "\nalerts:\n"
    for number in range(services):
        yield from _alerts(number, saturated="0.8" if number == changed else "0.9")


def with_staging(text: Iterator[str]) -> Iterator[str]:
    """Yield the text of a policy with a second environment, which pages nobody and has the same thresholds."""
    head = next(text)
    own = next(line for line in head.splitlines(keepends=True) if line.startswith("environment:"))
    head = head.replace(own, "environments: {production: {}, staging: {notify: [operations-room]}}\n")
    added = "    external_labels: {environment: [production, staging]}\n"
    yield head.replace("    retention: 45d\n", f"    retention: 45d\n{added}", 1)
    yield from text


def with_objects(text: Iterator[str]) -> Iterator[str]:
    """Yield the text of a policy whose files are objects of Kubernetes and values of Helm, too."""
    head = next(text).replace("secrets: /etc/alertmanager/secrets", "secrets: /etc/alertmanager/secrets/keys", 1)
    cluster = "targets: [files, kubernetes, helm]\n\nstack:\n  kubernetes: {namespace: monitoring}\n"
    yield head.replace("stack:\n", cluster, 1)
    yield from text


def _alerts(number: int, saturated: str) -> Iterator[str]:
    service = f"service-{number}"
    for name, severity, expression, hold, more in ALERTS:
        filled = expression.replace("%s", service).replace("%t", saturated)
        yield (
            f"  {name}Of{number}:\n    service: {service}\n    severity: {severity}\n    expr: {filled}\n    for: {hold}\n"
            + (f"    {more}\n" if more else "")
            + f"    summary: {name} of {service}, see the dashboard of the service for what changed\n"
            f"    details: What it means, where to look first and whom to ask, in a sentence or two as people write them.\n"
        )
        if number % 100 == 0 and name in ("Down", "InstanceDown"):
            label = "" if name == "Down" else f"\n        labels: {{job: {service}, instance: a}}"
            fires = "1m45s" if name == "Down" else "6m15s"
            yield (
                f'    tests:\n      - given: {{\'up{{job="{service}",instance="a"}}\': 1x4 0x30}}\n'
                f"        fires_at: {fires}{label}\n"
            )


if __name__ == "__main__":
    sys.stdout.writelines(policy(int(sys.argv[1])))
