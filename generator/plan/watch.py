"""The alerting pipeline watches itself; the heartbeat is for whoever watches it from outside.

These rules carry the label `duty`, too: they are the policy's own, never the source of an inhibition.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.plan.expand import Expansion, rendered
from generator.plan.plan import AlertRule, Origin, UnitTest
from generator.plan.timing import MINUTE, ZERO, whole
from generator.upstream.promql.promql import metrics, quote

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import timedelta

    from generator.diagnostics.diagnostic import PolicyPath

HEARTBEAT = "heartbeat"
PIPELINE = "pipeline"


def rules(expansion: Expansion) -> Iterator[AlertRule]:
    """Yield the rules that monitor the alerting pipeline itself, the heartbeat last."""
    yield from _pipeline(expansion)
    yield _heartbeat(expansion)


def _pipeline(expansion: Expansion) -> Iterator[AlertRule]:
    watch, stack = expansion.policy.watch, expansion.stack
    prometheus = f"job={quote(watch.prometheus_job or 'prometheus')}"
    alertmanager = f"job={quote(watch.alertmanager_job or 'alertmanager')}"
    hold = min(expansion.hold_of(watch.severity), MINUTE)

    def rule(
        name: str,
        expr: str,
        summary: str,
        details: str,
        *,
        given: Mapping[str, str],
        each: tuple[str, ...] = (),
        says: str | None = None,
        hold: timedelta = ZERO,
        seen: Mapping[str, str] | None = None,
        other: tuple[Mapping[str, str], Mapping[str, str]] | None = None,
    ) -> AlertRule:
        """`other` is a second test, for an expression with two halves: what is given, and the labels that are seen."""
        labels = expansion.static_labels(watch.service, watch.severity, PIPELINE)
        annotations = expansion.annotations(watch.service, watch.severity, summary, details)
        route: PolicyPath = ("watch",)

        def test(series: Mapping[str, str], seen: Mapping[str, str]) -> UnitTest:
            shown = {**seen, **labels}
            return expansion.unit_test(
                name,
                metrics(expr),
                shown,
                rendered(annotations, shown, says),
                name=name,
                given=series,
                at=whole(5 * stack.scrape, stack.evaluate) + hold,
                route=route,
            )

        return AlertRule(
            name=name,
            service=watch.service,
            expr=expr,
            hold=hold,
            detection=(),
            labels=labels,
            annotations=annotations,
            severity=watch.severity,
            escalation=labels["escalation"],
            page_each=each,
            origin=Origin.PIPELINE,
            duty=PIPELINE,
            reminds_of=None,
            route=route,
            tests=tuple(test(*case) for case in ((given, seen or {}), other) if case),
        )

    yield rule(
        "RuleEvaluationsFail",
        f"sum by (rule_group) (increase(prometheus_rule_evaluation_failures_total{{{prometheus}}}[5m])) > 0",
        "Rules of {{ $labels.rule_group }} cannot be evaluated",
        "An alert of that group can no longer fire. Prometheus' log and its page /rules say why.",
        given={
            f'prometheus_rule_evaluation_failures_total{{{prometheus},rule_group="ledger.yaml;ledger"}}': "0x4 1x20"
        },
        each=("rule_group",),
        seen={"rule_group": "ledger.yaml;ledger"},
    )
    yield rule(
        "NotificationsFail",
        f"sum by (integration) (increase(alertmanager_notifications_failed_total{{{alertmanager}}}[5m])) > 0",
        "Alertmanager cannot deliver to {{ $labels.integration }}",
        "A template that fails, a key that is not accepted, or a provider that is down. Alertmanager's log says which.",
        given={f'alertmanager_notifications_failed_total{{{alertmanager},integration="slack"}}': "0x4 1x20"},
        each=("integration",),
        seen={"integration": "slack"},
    )
    yield rule(
        "AlertsNotSent",
        f"sum(increase(prometheus_notifications_dropped_total{{{prometheus}}}[5m])) > 0",
        "Prometheus drops alerts instead of sending them to Alertmanager",
        "Either no Alertmanager is reachable or the queue is full.",
        given={f"prometheus_notifications_dropped_total{{{prometheus}}}": "0x4 1x20"},
    )
    yield rule(
        "ReloadRejected",
        f"min by (job, instance) (prometheus_config_last_reload_successful{{{prometheus}}}) == 0\n"
        f"or min by (job, instance) (alertmanager_config_last_reload_successful{{{alertmanager}}}) == 0",
        "{{ $labels.instance }} rejected its configuration and runs the one before",
        "What was merged last does not act. The log says what is wrong with it.",
        given={f'prometheus_config_last_reload_successful{{{prometheus},instance="a"}}': "1x4 0x20"},
        each=("instance", "job"),
        seen={"instance": "a", "job": watch.prometheus_job or "prometheus"},
        other=(
            {f'alertmanager_config_last_reload_successful{{{alertmanager},instance="a"}}': "1x4 0x20"},
            {"instance": "a", "job": watch.alertmanager_job or "alertmanager"},
        ),
    )
    yield rule(
        "TargetsGone",
        "count by (job) (count_over_time(up[1h])) unless on (job) count by (job) (up)",
        "All targets of {{ $labels.job }} have left the configuration",
        "Its alerts cannot fire any more, and `up == 0` does not see it: there is no `up` left.",
        given={'up{job="gone",instance="a"}': "1x4 stale"},
        each=("job",),
        hold=hold,
        seen={"job": "gone"},
    )
    yield rule(
        "AlertingReplicaDown",
        f"sum by (job) (up{{{prometheus}}}) < {stack.replicas} or sum by (job) (up{{{alertmanager}}}) < {stack.peers}\n"
        # Where there is none at all (or the job has another name) there is nothing to add up.
        f"or absent(up{{{prometheus}}}) or absent(up{{{alertmanager}}})",
        "A server of {{ $labels.job }} is down",
        f"The policy rests on {stack.replicas} Prometheus and {stack.peers} Alertmanager.",
        given=_replicas(prometheus, stack.replicas, 1) | _replicas(alertmanager, stack.peers, 0),
        each=("job",),
        hold=hold,
        seen={"job": watch.prometheus_job or "prometheus"},
        other=(
            _replicas(prometheus, stack.replicas, 0) | _replicas(alertmanager, stack.peers, 1),
            {"job": watch.alertmanager_job or "alertmanager"},
        ),
    )
    if stack.peers > 1:
        yield rule(
            "ClusterMembersMissing",
            f"min(alertmanager_cluster_members{{{alertmanager}}}) < {stack.peers}",
            f"The Alertmanagers do not see one another: {{{{ $value }}}} of {stack.peers}",
            "Each half notifies on its own, so pages come twice; one more fault and they do not come at all.",
            given={f'alertmanager_cluster_members{{{alertmanager},instance="a"}}': f"{stack.peers}x4 1x20"},
            hold=hold,
            says=f"The Alertmanagers do not see one another: 1 of {stack.peers}",
        )


def _replicas(job: str, count: int, lost: int) -> dict[str, str]:
    """Return the series `up` of `count` servers, the first `lost` of which go down after a minute."""
    return {
        f'up{{{job},instance="{number}"}}': "1x4 0x20" if number <= lost else "1x24" for number in range(1, count + 1)
    }


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
        detection=(),
        labels=labels,
        annotations=annotations,
        severity=watch.severity,
        escalation=labels["escalation"],
        page_each=(),
        origin=Origin.HEARTBEAT,
        duty=HEARTBEAT,
        reminds_of=None,
        route=route,
        tests=(test,),
    )
