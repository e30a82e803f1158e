"""The alerting pipeline watches itself; the heartbeat is for whoever watches it from outside.

These rules carry the label `duty`, too: they are the policy's own, never the source of an inhibition.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any

from generator.plan.plan import AlertRule, Origin
from generator.plan.timing import MINUTE, ZERO, whole
from generator.policy import duration, load, source
from generator.policy.model import Besides, WatchAlert
from generator.upstream import chart
from generator.upstream.promql.promql import quote

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import timedelta

    from generator.diagnostics.diagnostic import PolicyPath
    from generator.plan.expand import Expansion
    from generator.plan.timing import Premises

HEARTBEAT = "heartbeat"
PIPELINE = "pipeline"
ALERTS = Path(__file__).parent / "pipeline_alerts.yaml"


def rules(expansion: Expansion) -> Iterator[AlertRule]:
    """Yield the rules that monitor the alerting pipeline itself, the heartbeat last."""
    yield from _pipeline(expansion)
    yield _heartbeat(expansion)


def _pipeline(expansion: Expansion) -> Iterator[AlertRule]:
    route: PolicyPath = ("watch",)
    watch, stack = expansion.policy.watch, expansion.stack
    cluster = expansion.policy.stack.kubernetes
    usual = chart.jobs(cluster.release) if cluster and cluster.release else ("prometheus", "alertmanager")
    prometheus, alertmanager = watch.prometheus_job or usual[0], watch.alertmanager_job or usual[1]
    parameters = {
        "service": watch.service,
        "prometheus": f"job={quote(prometheus)}",
        "prometheus_job": prometheus,
        "alertmanager": f"job={quote(alertmanager)}",
        "alertmanager_job": alertmanager,
        "server": _BESIDE_SIDECARS if expansion.policy.stack.kubernetes else "",
        "replicas": str(stack.replicas),
        "peers": str(stack.peers),
    }
    for name, entry in known(stack.peers).items():
        own = watch.alerts.get(name, _USUAL)
        if own.off is not None:
            continue
        at = (*route, "alerts", name) if name in watch.alerts else route
        alert = load.alert(at, _on_this_stack(entry, expansion, own), [])
        given = {**parameters, "more_than": own.more_than or "0"}
        rule = expansion.rule(name, alert, watch.service, given, of=lambda _: True, duty=PIPELINE)
        tests = tuple(replace(test, name=name, route=at) for test in rule.tests)
        yield replace(rule, origin=Origin.PIPELINE, route=at, tests=tests)


_BESIDE_SIDECARS = ',endpoint!="reloader-web"'
"""The Prometheus operator runs a sidecar in each pod, which kube-prometheus and its chart scrape under the same job."""

_USUAL = WatchAlert(off=None, hold=None, severity=None, more_than=None, notify=Besides())


def known(peers: int | None = None) -> Mapping[str, Any]:
    """Return the alerts for so many Alertmanagers, or all that there can be, as the file writes them."""
    alerts = _alerts()
    both: Mapping[str, Any] = alerts["always"] | (alerts["several_alertmanagers"] if peers is None or peers > 1 else {})
    return both


@cache
def _alerts() -> Mapping[str, Any]:
    return source.read(ALERTS.read_bytes(), ALERTS.name).tree


def _on_this_stack(entry: Mapping[str, Any], expansion: Expansion, own: WatchAlert) -> Mapping[str, Any]:
    """Return an alert of the file as the policy has it, and with lengths and series that the stack decides."""
    watch, stack = expansion.policy.watch, expansion.stack
    severity = own.severity or watch.severity
    minute = MINUTE // stack.evaluate * stack.evaluate
    usual = min(expansion.hold_of(severity), minute) if "for" in entry else ZERO
    hold = usual if own.hold is None else own.hold
    at = whole(5 * stack.scrape, stack.evaluate) + whole(hold, stack.evaluate)
    tests = [
        {**test, "given": dict(_series(test["given"], stack, own, at)), "fires_at": duration.write(at)}
        for test in entry["tests"]
    ]
    held = {"for": duration.write(hold)} if hold or "for" in entry else {}
    return {**entry, **held, "service": watch.service, "severity": severity, "tests": tests}


def _series(given: Mapping[str, str], stack: Premises, own: WatchAlert, at: timedelta) -> Iterator[tuple[str, str]]:
    """Yield the series of a test, up to when it fires; what stands for all servers but the first, once for each."""
    failures = int(own.more_than or 0) + 1
    others = {"other_replica": stack.replicas, "other_peer": stack.peers}
    for series, values in given.items():
        count = next((count for name, count in others.items() if f"${name}" in series), None)
        for number in (1,) if count is None else range(2, count + 1):
            numbered = Template(series).safe_substitute(dict.fromkeys(others, number))
            filled = Template(values).substitute(peers=stack.peers, failures=failures)
            if own.hold and "${failures}" in values:  # what has to go on failing
                filled = filled.replace(f" {failures}x", f" {failures}+{failures}x")
            yield numbered, _lasting(filled, -(-at // stack.scrape))


def _lasting(values: str, samples: int) -> str:
    """Return the values of a series, the last of which last at least so long."""
    start, times, count = values.rpartition("x")
    return f"{start}{times}{max(int(count), samples)}" if count.isdecimal() else values


def _heartbeat(expansion: Expansion) -> AlertRule:
    watch = expansion.policy.watch
    labels = expansion.static_labels(watch.service, watch.severity, HEARTBEAT)
    annotations = {
        "summary": "Alerting works",
        "description": "This alert always fires. Its receiver raises the alarm when it stays away.",
    }
    route: PolicyPath = ("watch", "heartbeat")
    test = expansion.unit_test(
        "Heartbeat", frozenset(), labels, annotations, name="Heartbeat", given={}, at=ZERO, route=route
    )
    return AlertRule(
        name="Heartbeat",
        service=watch.service,
        expr="vector(1)",
        hold=ZERO,
        keep_firing=ZERO,
        detection=(),
        labels=labels,
        annotations=annotations,
        severity=watch.severity,
        escalation=labels[expansion.policy.labels.escalation],
        team=labels[expansion.policy.labels.team],
        page_each=(),
        origin=Origin.HEARTBEAT,
        duty=HEARTBEAT,
        reminds_of=None,
        owned=None,
        route=route,
        tests=(test,),
    )
