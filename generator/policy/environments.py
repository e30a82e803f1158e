"""The environments of a policy, and the policy as it counts in one of them.

One Alertmanager serves all. What the policy says of severities, teams, services and alerts is meant for the first; each
other one is seen through `seen_in`, which gives a policy of that environment alone.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic
from generator.policy import duration
from generator.policy.model import NOBODY, Besides, Environment, Override, Policy, Unrouted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import timedelta

    from generator.diagnostics.diagnostic import PolicyPath
    from generator.policy.model import Alert, Containment, Duty, Severity, SeverityPolicy, Test

    Data = Mapping[str, Any]
    ReadTest = Callable[[PolicyPath, Data, list[Diagnostic]], Test]

POL290 = Code(
    name="POL290",
    title="Environment is not clear",
    meaning="A policy says either `environment`, the name of the only one, or `environments`, which names several.",
)

_NOT_PARAMETERS = ("for", "keep_firing_for", "tests", "at")


def environments(tree: Data, findings: list[Diagnostic], read_test: ReadTest) -> dict[str, Environment]:
    """Return the environments by their names, in the order of the file; none where `environment` names the only one."""
    if ("environment" in tree) == ("environments" in tree):
        both = "environment" in tree
        findings.append(
            Diagnostic(
                code=POL290.name,
                message=f"the policy has {'both' if both else 'neither'} `environment` {'and' if both else 'nor'} "
                "`environments`",
                route=("environments",) if both else (),
                on_key=True,
                help="write `environment: production`, or `environments` where there are several",
            )
        )
    return {
        name: _environment(("environments", name), entry, findings, read_test)
        for name, entry in tree.get("environments", {}).items()
    }


def _environment(route: PolicyPath, entry: Data, findings: list[Diagnostic], read_test: ReadTest) -> Environment:
    told = entry.get("notify")
    notify = None
    if told is not None:
        notify = Besides(always=tuple(told)) if isinstance(told, list) else _by_severity(told)
    alerts = {
        name: _override((*route, "alerts", name), written, findings, read_test)
        for name, written in entry.get("alerts", {}).items()
    }
    return Environment(notify=notify, heartbeat=entry.get("heartbeat"), alerts=alerts)


def _by_severity(told: Mapping[str, list[str]]) -> Besides:
    return Besides(by={severity: tuple(channels) for severity, channels in told.items()})


def _override(route: PolicyPath, entry: Data, findings: list[Diagnostic], read_test: ReadTest) -> Override:
    tests = entry.get("tests")
    return Override(
        hold=_length(entry, "for"),
        keep_firing=_length(entry, "keep_firing_for"),
        parameters={name: value for name, value in entry.items() if name not in _NOT_PARAMETERS},
        tests=None
        if tests is None
        else tuple(read_test((*route, "tests", number), test, findings) for number, test in enumerate(tests)),
        at={
            severity: _override((*route, "at", severity), own, findings, read_test)
            for severity, own in entry.get("at", {}).items()
        },
    )


def _length(entry: Data, key: str) -> timedelta | None:
    return duration.parse(entry[key]) if key in entry else None


# ------------------------------------------------------------------------------------------- one of them


def is_external(policy: Policy) -> bool:
    """Return whether Prometheus adds the label `environment`, in place of the rules."""
    return bool(policy.environments) and policy.labels.environment in policy.stack.prometheus.external_labels


def has_own_files(policy: Policy) -> bool:
    """Return whether each environment has rules of its own: they set its label, or something in them differs."""
    several = len(policy.environments) > 1
    return several and (not is_external(policy) or any(one.alerts for one in policy.environments.values()))


def pages(policy: Policy) -> bool:
    """Return whether somebody is paged in the policy's environment; what is not paged is never halted or published."""
    own = policy.environments.get(policy.environment)
    return own is None or own.notify is None


def is_first(policy: Policy) -> bool:
    """Return whether the policy is seen in its first environment, or has only one."""
    return policy.environment == names(policy)[0]


def names(policy: Policy) -> tuple[str, ...]:
    """Return the environments of the policy, the first of them first."""
    return tuple(policy.environments) or (policy.environment,)


def seen_in(policy: Policy, name: str) -> Policy:
    """Return the policy as it counts in one of its environments."""
    own = policy.environments.get(name)
    if own is None:
        return policy
    alerts = {key: _overridden(alert, own.alerts.get(key)) for key, alert in policy.alerts.items()}
    stack = policy.stack
    if is_external(policy):
        labels = {**stack.prometheus.external_labels, policy.labels.environment: (name,)}
        stack = replace(stack, prometheus=replace(stack.prometheus, external_labels=labels))
    seen = replace(policy, environment=name, alerts=alerts, stack=stack)
    if own.heartbeat is not None:
        seen = _with_heartbeat(seen, own.heartbeat)
    return seen if own.notify is None else _only_told(seen, own.notify, own.heartbeat)


def tests_route(policy: Policy, alert: str, severity: Severity) -> PolicyPath:
    """Return where the tests of an alert are written that run in the policy's environment."""
    environment = policy.environments.get(policy.environment)
    own = environment.alerts.get(alert) if environment else None
    if own is None:
        return ("alerts", alert, "tests")
    route: PolicyPath = ("environments", policy.environment, "alerts", alert)
    at = own.at.get(severity)
    if at is not None and at.tests is not None:
        return (*route, "at", severity, "tests")
    return ("alerts", alert, "tests") if own.tests is None else (*route, "tests")


def _only_told(policy: Policy, told: Besides, heartbeat: str | None) -> Policy:
    """Return the policy with only these channels told: nobody is paged, nothing halted, nothing said in public."""
    nobody = Besides()
    return replace(
        policy,
        severities={name: _telling(entry, told.of(name)) for name, entry in policy.severities.items()},
        teams={name: replace(team, notify=nobody, hours=None) for name, team in policy.teams.items()},
        services={name: replace(service, notify=nobody) for name, service in policy.services.items()},
        alerts={name: _alone(alert) for name, alert in policy.alerts.items()},
        containments={name: _uncalled(containment) for name, containment in policy.containments.items()},
        duties={name: _reminding(duty, told) for name, duty in policy.duties.items() if duty.every is None},
        watch=replace(
            _with_heartbeat(policy, heartbeat or NOBODY).watch,
            unrouted=Unrouted(notify=all_told(told)),
            alerts={name: replace(alert, notify=nobody) for name, alert in policy.watch.alerts.items()},
        ),
    )


def _alone(alert: Alert) -> Alert:
    """Return an alert that names no channel itself."""
    return replace(alert, notify=Besides(), at={name: replace(one, notify=Besides()) for name, one in alert.at.items()})


def _telling(entry: SeverityPolicy, channels: tuple[str, ...]) -> SeverityPolicy:
    return replace(entry, notify=channels, hours=None)


def _uncalled(containment: Containment) -> Containment:
    return replace(containment, call=None)


def _reminding(duty: Duty, told: Besides) -> Duty:
    return replace(duty, via=all_told(told, duty.after))


def all_told(told: Besides, severities: tuple[Severity, ...] | None = None) -> tuple[str, ...]:
    """Return the channels that are told of any of these severities, each once; None: of any at all."""
    names = tuple(told.by) if severities is None else severities
    return tuple(dict.fromkeys(channel for each in (told.always, *map(told.of, names)) for channel in each))


def _with_heartbeat(policy: Policy, channel: str) -> Policy:
    return replace(policy, watch=replace(policy.watch, heartbeat=replace(policy.watch.heartbeat, via=channel)))


def _overridden(alert: Alert, own: Override | None) -> Alert:
    if own is None:
        return alert
    if alert.at:
        at = {name: _at_severity(one, own) for name, one in alert.at.items()}
        return replace(at[alert.severity], at=at)
    each = alert.each
    if own.parameters and not isinstance(each, str) and each is not None:
        each = {service: {**given, **own.parameters} for service, given in each.items()}
    return replace(
        alert,
        each=each,
        hold=alert.hold if own.hold is None else own.hold,
        keep_firing=alert.keep_firing if own.keep_firing is None else own.keep_firing,
        tests=alert.tests if own.tests is None else own.tests,
    )


def _at_severity(alert: Alert, own: Override) -> Alert:
    """Return one of several thresholds as it is in an environment: what is said of its severity goes first."""
    seen = _overridden(alert, own)
    of_severity = own.at.get(alert.severity)
    if of_severity is None:
        return seen
    given = of_severity.parameters
    left = {service: {**parameters, **given} for service, parameters in seen.given_to.items()}
    return replace(_overridden(seen, replace(of_severity, parameters={})), given={**seen.given, **given}, given_to=left)
