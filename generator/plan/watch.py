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
from generator.upstream.promql.promql import quote

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

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
    prometheus, alertmanager = watch.prometheus_job or "prometheus", watch.alertmanager_job or "alertmanager"
    parameters = {
        "service": watch.service,
        "prometheus": f"job={quote(prometheus)}",
        "prometheus_job": prometheus,
        "alertmanager": f"job={quote(alertmanager)}",
        "alertmanager_job": alertmanager,
        "replicas": str(stack.replicas),
        "peers": str(stack.peers),
    }
    alerts = _alerts()
    for name, entry in (alerts["always"] | (alerts["several_alertmanagers"] if stack.peers > 1 else {})).items():
        alert = load.alert(route, _on_this_stack(entry, expansion), [])
        rule = expansion.rule(name, alert, watch.service, parameters, of=lambda _: True, duty=PIPELINE)
        tests = tuple(replace(test, name=name, route=route) for test in rule.tests)
        yield replace(rule, origin=Origin.PIPELINE, route=route, tests=tests)


@cache
def _alerts() -> Mapping[str, Any]:
    return source.read(ALERTS.read_bytes(), ALERTS.name).tree


def _on_this_stack(entry: Mapping[str, Any], expansion: Expansion) -> Mapping[str, Any]:
    """Return an alert of the file with its service and severity, and with lengths and series that the stack decides."""
    watch, stack = expansion.policy.watch, expansion.stack
    minute = MINUTE // stack.evaluate * stack.evaluate
    hold, scraped = min(expansion.hold_of(watch.severity), minute), whole(5 * stack.scrape, stack.evaluate)
    lengths = {"$hold": hold, "$scraped": scraped, "$scraped_and_held": scraped + hold}
    tests = [
        {
            **test,
            "given": dict(_series(test["given"], stack)),
            "fires_at": duration.write(lengths[test["fires_at"]]),
        }
        for test in entry["tests"]
    ]
    held = {"for": duration.write(lengths[entry["for"]])} if "for" in entry else {}
    return {**entry, **held, "service": watch.service, "severity": watch.severity, "tests": tests}


def _series(given: Mapping[str, str], stack: Premises) -> Iterator[tuple[str, str]]:
    """Yield the series of a test; what stands for all servers but the first stands once for each of them."""
    others = {"other_replica": stack.replicas, "other_peer": stack.peers}
    for series, values in given.items():
        count = next((count for name, count in others.items() if f"${name}" in series), None)
        for number in (1,) if count is None else range(2, count + 1):
            numbered = Template(series).safe_substitute(dict.fromkeys(others, number))
            yield numbered, Template(values).substitute(peers=stack.peers)


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
        escalation=labels["escalation"],
        page_each=(),
        origin=Origin.HEARTBEAT,
        duty=HEARTBEAT,
        reminds_of=None,
        owned=None,
        route=route,
        tests=(test,),
    )
