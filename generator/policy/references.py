"""Every name that the policy uses must be a name that it defines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, PolicyPath
from generator.diagnostics.suggest import did_you_mean
from generator.diagnostics.wording import first_few
from generator.policy.model import PAGE, Alert, Besides, PagerDutyService, Policy, Responder, TeamPager
from generator.policy.owners import BY_OWNER

REF301 = Code(
    name="REF301",
    title="Unknown name",
    meaning="The policy uses a name that it does not define. Correct the spelling, or define it.",
)


def check(policy: Policy) -> tuple[Diagnostic, ...]:
    """Return a finding for each name that nothing in the policy defines."""
    return tuple(_check(policy))


def _check(policy: Policy) -> Iterator[Diagnostic]:
    people, roles, channels = policy.people, policy.roles, policy.channels
    for name, severity in policy.severities.items():
        for number, told in enumerate(severity.notify):
            if told != PAGE:
                yield from _one("channel", told, {**channels, PAGE: None}, ("severities", name, "notify", number))
    for name, team in policy.teams.items():
        yield from _each("person", team.members, people, ("teams", name, "members"))
        if team.calendar is not None:
            yield from _one("calendar", team.calendar, policy.calendars, ("teams", name, "calendar"))
        yield from _besides(policy, team.notify, ("teams", name, "notify"))
        yield from _pager(policy, team.pager, ("teams", name, "pager"))
    for name, role in policy.roles.items():
        if role.held_by:
            yield from _responder(role.held_by, policy, ("roles", name, "held_by"))
    for name, schedule in policy.schedules.items():
        for layer_name, layer in schedule.layers.items():
            yield from _each("person", layer.rotation, people, ("schedules", name, "layers", layer_name, "rotation"))
    for name, kept in policy.chain_services.items():
        yield from _kept(policy, kept, ("escalations", name, "pagerduty"))
    for name, steps in policy.escalations.items():
        for number, step in enumerate(steps):
            for responder in step.page:
                yield from _responder(responder, policy, ("escalations", name, number, "page"))
            if step.role:
                yield from _one("role", step.role, roles, ("escalations", name, number, "as"))
    for name, containment in policy.containments.items():
        if containment.call:
            yield from _one("channel", containment.call, channels, ("containments", name, "call"))
        if containment.basis:
            reference = containment.basis.reference
            yield from _one("reference", reference, policy.references, ("containments", name, "basis", "reference"))
    for name, duty in policy.duties.items():
        route: PolicyPath = ("duties", name)
        yield from _each("severity", duty.during, policy.severities, (*route, "during"))
        yield from _each("severity", duty.after, policy.severities, (*route, "after"))
        yield from _each("channel", duty.via, channels, (*route, "via"))
        if duty.by:
            yield from _one("role", duty.by, roles, (*route, "by"))
    yield from _watch(policy)
    yield from _environments(policy)
    yield from _services(policy)
    yield from _alerts(policy)


def _watch(policy: Policy) -> Iterator[Diagnostic]:
    watch = policy.watch
    yield from _one("service", watch.service, policy.services, ("watch", "service"))
    yield from _one("severity", watch.severity, policy.severities, ("watch", "severity"))
    if watch.unrouted.severity is not None:
        yield from _one("severity", watch.unrouted.severity, policy.severities, ("watch", "unrouted"))
    for name, alert in watch.alerts.items():
        if alert.severity is not None:
            yield from _one("severity", alert.severity, policy.severities, ("watch", "alerts", name, "severity"))
        yield from _besides(policy, alert.notify, ("watch", "alerts", name, "notify"))
    yield from _each("channel", watch.unrouted.notify, policy.channels, ("watch", "unrouted", "notify"))
    yield from _one("channel", watch.heartbeat.via, policy.channels, ("watch", "heartbeat", "via"))


def _environments(policy: Policy) -> Iterator[Diagnostic]:
    for name, environment in policy.environments.items():
        route: PolicyPath = ("environments", name)
        if environment.notify:
            yield from _besides(policy, environment.notify, (*route, "notify"))
        if environment.heartbeat:
            yield from _one("channel", environment.heartbeat, policy.channels, (*route, "heartbeat"))
        for alert, own in environment.alerts.items():
            yield from _one("alert", alert, policy.alerts, (*route, "alerts", alert))
            if alert in policy.alerts:
                of_alert = policy.alerts[alert].parameters(policy.services)
                for number, test in enumerate(own.tests or ()):
                    where = (*route, "alerts", alert, "tests", number, "for")
                    yield from _each("service of this alert", test.services, of_alert, where)


def _services(policy: Policy) -> Iterator[Diagnostic]:
    if policy.owners:
        for pattern, owner in policy.owners.map.items():
            yield from _one("service", owner, policy.services, ("owners", "map", pattern))
        for name, owner in policy.owners.aliases.items():
            yield from _one("service", owner, policy.services, ("owners", "as", name))
        yield from _one("service", policy.owners.otherwise, policy.services, ("owners", "otherwise"))
    for name, other in policy.others.items():
        if other.severity:
            yield from _one("severity", other.severity, policy.severities, ("others", name, "severity"))
        yield from _each("channel", other.notify, policy.channels, ("others", name, "notify"))
    for name, service in policy.services.items():
        route: PolicyPath = ("services", name)
        yield from _one("team", service.team, policy.teams, (*route, "team"))
        if service.escalation is not None:
            yield from _one("escalation", service.escalation, policy.escalations, (*route, "escalation"))
        yield from _kept(policy, service.pagerduty, (*route, "pagerduty"))
        yield from _one("runbook", service.runbook, policy.runbooks, (*route, "runbook"))
        yield from _each("service", service.depends_on, policy.services, (*route, "depends_on"))
        yield from _besides(policy, service.notify, (*route, "notify"))


def _kept(policy: Policy, kept: PagerDutyService | None, route: PolicyPath) -> Iterator[Diagnostic]:
    if kept:
        yield from _each("severity", kept.severities, policy.severities, (*route, "severities"))


def _alerts(policy: Policy) -> Iterator[Diagnostic]:
    for name, alert in policy.alerts.items():
        route: PolicyPath = ("alerts", name)
        if alert.service is not None:
            yield from _one("service", alert.service, policy.services, (*route, "service"))
        elif isinstance(alert.each, Mapping):
            for service in alert.each:
                yield from _one("service", service, policy.services, (*route, "each", service))
        yield from _severities(policy, alert, route)
        yield from _besides(policy, alert.notify, (*route, "notify"))
        of_alert = {} if alert.each == BY_OWNER else alert.parameters(policy.services)
        for number, test in enumerate(alert.tests):
            if alert.each == BY_OWNER and test.services:
                yield _of_owners(policy, (*route, "tests", number, "for"))
                continue
            yield from _each("service of this alert", test.services, of_alert, (*route, "tests", number, "for"))
        if alert.containment is not None and not alert.at:
            yield from _one("containment", alert.containment, policy.containments, (*route, "containment"))
        if alert.runbook is not None:
            yield from _one("runbook", alert.runbook, policy.runbooks, (*route, "runbook"))
        if alert.when_missing not in (None, "page", "ignore"):
            yield from _one("severity", str(alert.when_missing), policy.severities, (*route, "when_missing"))


def _severities(policy: Policy, alert: Alert, route: PolicyPath) -> Iterator[Diagnostic]:
    """Yield what the severities of an alert name: themselves, their services and containments."""
    if not alert.at:
        yield from _one("severity", alert.severity, policy.severities, (*route, "severity"))
        return
    services = {} if alert.each == BY_OWNER else alert.parameters(policy.services)
    for name, one in alert.at.items():
        at = (*route, "at", name)
        yield from _one("severity", name, policy.severities, at)
        for service in one.given_to:
            yield from _one("service of this alert", service, services, (*at, "each", service))
        if one.containment is not None:
            yield from _one("containment", one.containment, policy.containments, (*at, "containment"))
    for number, test in enumerate(alert.tests):
        if test.severity is not None:
            yield from _one("severity of this alert", test.severity, alert.at, (*route, "tests", number, "severity"))


def _of_owners(policy: Policy, route: PolicyPath) -> Diagnostic:
    label = policy.owners.by if policy.owners and policy.owners.by else "namespace"
    return Diagnostic(
        code=REF301.name,
        message="a test of an alert with `each: owners` is of no service: its series say whose the alert is",
        route=route,
        on_key=True,
        help=f"leave out `for`, and name the owner's value under `labels`, for example `labels: {{{label}: ...}}`",
    )


def _besides(policy: Policy, told: Besides, route: PolicyPath) -> Iterator[Diagnostic]:
    yield from _each("channel", told.always, policy.channels, route)
    for severity, channels in told.by.items():
        yield from _one("severity", severity, policy.severities, (*route, severity))
        yield from _each("channel", channels, policy.channels, (*route, severity))


def _pager(policy: Policy, pager: TeamPager, route: PolicyPath) -> Iterator[Diagnostic]:
    if pager.always:
        yield from _one("channel", pager.always, policy.channels, route)
    for severity, channel in pager.by.items():
        yield from _one("severity", severity, policy.severities, (*route, severity))
        yield from _one("channel", channel, policy.channels, (*route, severity))


def _responder(responder: Responder, policy: Policy, route: PolicyPath) -> Iterator[Diagnostic]:
    known: Mapping[str, object] = policy.schedules if responder.kind == "schedule" else policy.people
    return _one(responder.kind, responder.name, known, route, prefix=f"{responder.kind}/")


def _each(kind: str, names: Iterable[str], known: Mapping[str, object], route: PolicyPath) -> Iterator[Diagnostic]:
    for number, name in enumerate(names):
        yield from _one(kind, name, known, (*route, number))


def _one(
    kind: str, name: str, known: Mapping[str, object], route: PolicyPath, *, prefix: str = ""
) -> Iterator[Diagnostic]:
    if name in known:
        return
    near = did_you_mean(name, known)
    if near:
        help = f"did you mean `{prefix}{near}`?"
    elif known:
        help = f"known: {first_few([f'`{prefix}{entry}`' for entry in sorted(known)], 8)}"
    else:
        help = f"the policy defines no {kind} at all"
    yield Diagnostic(code=REF301.name, message=f"there is no {kind} `{name}`", route=route, help=help)
