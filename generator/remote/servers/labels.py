"""What becomes of an alert's labels on the way: external labels and relabelling must not change who is told."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from generator.behaviour.behaviour import EACH_ALERT
from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Level
from generator.remote.servers import relabel
from generator.remote.servers.deviations import Deviation, listed, named, some, urgency

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from generator.behaviour.alerts import SentAlert
    from generator.behaviour.verification import Verification
    from generator.remote.servers.relabel import Labels, Relabel
    from generator.remote.servers.servers import Prometheus

LIV809 = Code(
    name="LIV809",
    title="Labels are changed on the way",
    meaning="Routes, groups and inhibitions depend on labels. External labels and `alert_relabel_configs` must "
    "leave those labels alone, and drop the one that tells replicas apart.",
)


def check(verification: Verification, servers: Sequence[Prometheus]) -> Iterator[Deviation]:
    """LIV809: labels on which routing depends change on the way, or replicas keep different labels."""
    labels_by_server: dict[str, Mapping[str, str]] = {}
    for server in servers:
        try:
            ways = tuple(_ways(server))
            yield from (deviation for way in ways for deviation in _changed(verification, server, way))
            labels_by_server[server.url] = {name: value for way in ways for name, value in way.kept().items()}
        except relabel.NotJudged as unjudged:  # noqa: PERF203 - one server that is not judged is no reason to skip others
            yield _unjudged(server, unjudged)
    if verification.plan.stack.replicas > 1:
        yield from _replicas(labels_by_server)


def _unjudged(server: Prometheus, why: relabel.NotJudged) -> Deviation:
    return Deviation(
        code=LIV809.name,
        program="Prometheus",
        server=server.url,
        said=f"alert_relabel_configs cannot be judged: {why}",
        route=_STACK,
        on_key=True,
        level=Level.WARNING,
        help="check yourself: the labels severity, escalation, environment, service and duty must stay as they are",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """How labels change on the way to one group of Alertmanagers."""

    external: Mapping[str, str]
    rules: tuple[Relabel, ...]

    def sent(self, labels: Mapping[str, str]) -> Labels | None:
        return relabel.sent(labels, self.external, self.rules)

    def kept(self) -> Mapping[str, str]:
        """Return the external labels with which an alert leaves."""
        return {name: value for name, value in (self.sent({}) or {}).items() if name in self.external}


def _ways(server: Prometheus) -> Iterator[_Way]:
    settings, alerting = _mapping(server.config.get("global")), _mapping(server.config.get("alerting"))
    external = {str(name): str(value) for name, value in _mapping(settings.get("external_labels")).items() if value}
    rules = relabel.read(alerting.get("alert_relabel_configs"))
    entries = alerting.get("alertmanagers")
    senders = entries if isinstance(entries, list) else []
    own = [relabel.read(_mapping(sender).get("alert_relabel_configs")) for sender in senders]
    for last in dict.fromkeys(own or [()]):
        yield _Way(external=external, rules=(*rules, *last))


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _changed(verification: Verification, server: Prometheus, way: _Way) -> Iterator[Deviation]:
    rests, declared = _rests_on(verification), verification.label_sets.external
    dropped: list[SentAlert] = []
    alike: Mapping[tuple[str, ...], list[tuple[SentAlert, Labels]]] = defaultdict(list)
    for alert in sorted(verification.alerts, key=partial(urgency, verification.plan.policy)):
        # Prometheus adds those itself, also in place of one that the rule removes.
        written = alert.rule.labels
        own = {name: value for name, value in alert.labels.items() if name not in declared or written.get(name)}
        after = way.sent(own)
        if after is None:
            dropped.append(alert)
            continue
        names = tuple(
            name
            for name in sorted(alert.labels.keys() | after.keys())
            if (name in rests or name in alert.labels)
            and not _as_declared(alert.labels.get(name, ""), after.get(name, ""), declared.get(name))
        )
        if names:
            alike[names].append((alert, after))
    if dropped:
        yield Deviation(
            code=LIV809.name,
            program="Prometheus",
            server=server.url,
            said=f"{_alerts(len(dropped), len(verification.alerts))} dropped by alert_relabel_configs: "
            f"{some(map(named, dropped))}",
            route=_STACK,
            on_key=True,
            help="nobody hears of them: remove the rule that drops them",
        )
    for names, alerts in alike.items():
        yield _effects(verification, server, names, alerts)


def _as_declared(expected: str, actual: str, values: tuple[str, ...] | None) -> bool:
    """Return whether a label is as expected, or has another of the values that an external label can have."""
    return expected == actual or (values is not None and bool(actual) and (not values or actual in values))


_STACK = ("stack", "prometheus")


def _rests_on(verification: Verification) -> frozenset[str]:
    """Return the labels that routes, groups and inhibitions use."""
    behaviour = verification.behaviour
    names = set(verification.router.reads)
    for rule in behaviour.inhibitions:
        names |= {*rule.equal, *(matcher.label for matcher in (*rule.source, *rule.target))}
    for alert in verification.alerts:
        for node in verification.router.routes_of(alert.labels):
            names.update(node.group_by)
    return frozenset(names - {EACH_ALERT})


def _effects(
    verification: Verification, server: Prometheus, names: tuple[str, ...], alerts: list[tuple[SentAlert, Labels]]
) -> Deviation:
    changes = dict.fromkeys(
        f"{name}={after.get(name) or '(none)'} in place of {_expected(verification, alert, name)}"
        for name in names
        for alert, after in alerts
    )
    recipients = list(dict.fromkeys(_other_recipients(verification, alerts)))
    more = len(recipients) - 3
    return Deviation(
        code=LIV809.name,
        program="Prometheus",
        server=server.url,
        said=f"{_alerts(len(alerts), len(verification.alerts))} sent with {some(changes)}",
        route=_STACK,
        on_key=True,
        level=Level.ERROR if recipients else Level.WARNING,
        notes=(*recipients[:3], *((f"and {more} more",) if more > 0 else ()))
        or ("who is told stays the same; which alerts share a message or an incident may not",),
        help="external_labels and alert_relabel_configs must leave alone what the policy's routes rest on; declare "
        "what is meant to be added in `stack.prometheus.external_labels`",
    )


def _expected(verification: Verification, alert: SentAlert, name: str) -> str:
    added = verification.label_sets.external.get(name, ()) if not alert.rule.labels.get(name) else ()
    return " or ".join(added) or alert.labels.get(name) or "(none)"


def _other_recipients(verification: Verification, alerts: list[tuple[SentAlert, Labels]]) -> Iterator[str]:
    for alert, after in alerts:
        before = [node.receiver for node in verification.router.routes_of(alert.labels)]
        then = [node.receiver for node in verification.router.routes_of(after)]
        if before != then:
            yield f"{named(alert)} goes to {listed(then)} in place of {listed(before)}"


def _replicas(labels_by_server: Mapping[str, Mapping[str, str]]) -> Iterator[Deviation]:
    """Yield a deviation for labels that differ between replicas and are not dropped."""
    for name in sorted({name for labels in labels_by_server.values() for name in labels}):
        values = {url: labels.get(name, "") for url, labels in labels_by_server.items()}
        if len(set(values.values())) == 1 and (len(labels_by_server) > 1 or "replica" not in name):
            continue
        written = listed([f"{name}={value}" if value else f"no {name}" for value in values.values()])
        for url in values:
            yield Deviation(
                code=LIV809.name,
                program="Prometheus",
                server=url,
                said=f"alerts are sent with {written}, which tells replicas apart: Alertmanager has each alert once "
                "for each replica",
                route=(*_STACK, "replicas"),
                help="drop the label before alerts are sent: alert_relabel_configs: "
                f"[{{action: labeldrop, regex: {name}}}]",
            )


def _alerts(count: int, total: int) -> str:
    if count == total:
        return f"all {total} alerts are" if total > 1 else "the alert is"
    return f"{count} of {total} alerts {'is' if count == 1 else 'are'}"
