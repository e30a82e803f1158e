"""Whom an alert tells beside the channels of its severity: those of its team, of its service, and its own.

A channel is told once, whoever names it: the severity, the team, the service and the alert, in this order.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from generator.plan import pagers
from generator.plan.plan import Origin

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from generator.diagnostics.diagnostic import PolicyPath
    from generator.plan.plan import AlertRule
    from generator.policy.model import Besides, Policy, Severity


class Scope(NamedTuple):
    """The alerts of a severity that a channel is told of: those with one of the values of each label."""

    channel: str
    severity: Severity
    labels: tuple[tuple[str, tuple[str, ...]], ...]
    """Names of labels and their values, sorted."""
    route: PolicyPath


def channels(policy: Policy, rule: AlertRule) -> frozenset[str]:
    """Return the channels that a rule's alerts tell beside those of its severity."""
    own = _own(policy, rule)
    told = {*(own.of(rule.severity) if own else ()), *of_service(policy, rule.service, rule.severity)}
    paged = pagers.of_team(policy, rule.service, rule.severity)
    return frozenset(told.difference(policy.severities[rule.severity].notify, (paged,)))


def of_service(policy: Policy, name: str, severity: Severity) -> Iterator[str]:
    """Yield the channels that a service and its team name for a severity; none of a service that nobody knows.

    The channel that pages the team for the service is told by that alone.
    """
    service = policy.services.get(name)
    if service:
        paged = pagers.of_team(policy, name, severity)
        told = (*service.notify.of(severity), *policy.teams[service.team].notify.of(severity))
        yield from (channel for channel in told if channel != paged)


def scopes(policy: Policy, rules: Iterable[AlertRule]) -> Iterator[Scope]:
    """Yield which alerts tell which channels beside those of their severity, no alert twice for a channel."""
    rules = tuple(rules)
    own = _of_alerts(policy, rules)
    heard = {(rule.severity, rule.service) for rule in rules if rule.origin.authored or rule.origin is Origin.PIPELINE}
    heard_of_team = {(severity, policy.services[service].team) for severity, service in heard}
    named = {channel for channel, _ in own}
    for _, _, beside in policy.besides():
        named.update(beside.always, *beside.by.values())
    for channel in sorted(named):
        for severity, entry in policy.severities.items():
            if channel in entry.notify:
                continue
            teams = tuple(
                sorted(
                    name
                    for name, team in policy.teams.items()
                    if channel in team.notify.of(severity)
                    and (severity, name) in heard_of_team
                    and pagers.of_teams(policy, severity).get(name) != channel
                )
            )
            services = tuple(
                sorted(
                    name
                    for name, service in policy.services.items()
                    if channel in of_service(policy, name, severity)
                    and service.team not in teams
                    and (severity, name) in heard
                )
            )
            if teams:
                yield Scope(channel, severity, ((policy.labels.team, teams),), ("teams", teams[0], "notify"))
            if services:
                yield Scope(
                    channel, severity, ((policy.labels.service, services),), ("services", services[0], "notify")
                )
            alike: dict[tuple[str, ...], dict[str, PolicyPath]] = defaultdict(dict)
            for (alert, name), of in sorted(own[channel, severity].items()):
                told = {one for one in of if one in services or policy.services[one].team in teams}
                told |= {one for one in of if pagers.of_team(policy, one, severity) == channel}
                untold = (one for one in of if one not in told)
                alike[tuple(sorted(untold))][name] = alert
            for left, names in alike.items():
                if left:
                    labels = (("alertname", tuple(names)), (policy.labels.service, left))
                    yield Scope(channel, severity, labels, (*min(names.values(), key=str), "notify"))


def _of_alerts(
    policy: Policy, rules: Iterable[AlertRule]
) -> defaultdict[tuple[str, Severity], dict[tuple[PolicyPath, str], set[str]]]:
    """Return the services of each alert and rule that names a channel itself, by channel and severity."""
    own: defaultdict[tuple[str, Severity], dict[tuple[PolicyPath, str], set[str]]] = defaultdict(dict)
    if not any(policy.besides()):
        return own
    for rule in rules:
        told = _own(policy, rule)
        for channel in told.of(rule.severity) if told else ():
            entry = rule.route[:2] if rule.origin.authored else rule.route
            own[channel, rule.severity].setdefault((entry, rule.name), set()).add(rule.service)
    return own


def _own(policy: Policy, rule: AlertRule) -> Besides | None:
    """Return the channels of the alert that a rule was made of; None where it has no entry in the policy."""
    if rule.origin is Origin.PIPELINE:
        tuned = policy.watch.alerts.get(rule.name)
        return tuned.notify if tuned else None
    alert = policy.alerts.get(str(rule.route[1])) if rule.origin.authored and rule.route[0] == "alerts" else None
    return alert.notify if alert else None
