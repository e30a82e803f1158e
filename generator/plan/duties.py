"""The rules that watch deadlines: incidents that are open too long, post-mortems that nobody writes.

All of them carry the label `duty` and read only alerts that have none, so none of them watches itself.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from generator.plan.plan import NO_CHAIN, AlertRule, ExpectedAlert, Origin, SeverityPlan, Sprints, UnitTest, carried
from generator.plan.texts import literal, rendered
from generator.plan.timing import MINUTE, ZERO
from generator.policy import duration
from generator.policy.environments import is_external

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from generator.diagnostics.diagnostic import PolicyPath
    from generator.plan.expand import Expansion
    from generator.policy.model import Duty

DUE_SOON = "resolution-due-soon"
OVERDUE = "resolution-overdue"

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
SLOW = MINUTE
"""How often rules are evaluated whose deadlines are hours away."""


def rules(expansion: Expansion, severities_in_use: frozenset[str]) -> Iterator[AlertRule]:
    """Yield the rules that watch the deadlines of incidents of these severities."""
    for name in sorted(severities_in_use, key=expansion.policy.rank):
        yield from _resolution(expansion, expansion.severities[name])
    for name, duty in expansion.policy.duties.items():
        for severity in duty.after:
            if duty.within and severity in severities_in_use:
                yield _due(expansion, name, duty, severity, duty.within)


def _incidents(expansion: Expansion, severity: str, *more: str) -> str:
    """Return the matchers of the alerts of one severity that the policy's author wrote."""
    policy = expansion.policy
    # What Prometheus adds to alerts that it sends is not in ALERTS: there is one environment in one Prometheus then.
    names = policy.labels
    own = [] if is_external(policy) else [f'{names.environment}="{policy.environment}"']
    return ",".join([*more, f'{names.severity}="{severity}"', *own, f'{names.duty}=""'])


# ------------------------------------------------------------------------------------------- resolution


def _resolution(expansion: Expansion, severity: SeverityPlan) -> Iterator[AlertRule]:
    """Yield the rules that warn at 75% of `resolve` and page at 100%."""
    if not severity.notify or severity.resolve is None:
        return  # its teams and services hear of alerts, and nobody of the severity as such
    if severity.rooms:
        yield _overdue(expansion, severity, Origin.RESOLUTION_DUE_SOON, 75)
    yield _overdue(expansion, severity, Origin.RESOLUTION_OVERDUE, 100)


def _overdue(expansion: Expansion, severity: SeverityPlan, origin: Origin, percent: int) -> AlertRule:
    route: PolicyPath = ("severities", severity.name, "resolve")
    back = look_back(severity)
    step = _step(back)
    since = f"min_over_time(ALERTS_FOR_STATE{{{_incidents(expansion, severity.name)}}}[{_range(back, step)}])"
    # A restart resets ALERTS_FOR_STATE; its minimum over a longer window keeps the true start.
    age = f"(time() - {since})"
    parts = [age, f"  > {_allowance(severity, since, percent)}"]
    # An earlier episode in the window must not count as the beginning. Where the incident closes with its alert, the
    # alert has been there all the time; where people close it, at least half of the time.
    share = 0.5 if severity.by_hand else 0.9
    seen = f"count_over_time(ALERTS_FOR_STATE{{{_incidents(expansion, severity.name)}}}[{_range(back, step, True)}])"
    parts += [f"and {seen} * {int((step or MINUTE).total_seconds())}", f"  > {share} * {age}"]
    firing = _incidents(expansion, severity.name, 'alertstate="firing"')
    parts.append(f"and ignoring (alertstate) ALERTS{{{firing}}}")
    service = expansion.policy.labels.service
    state = "soon due" if percent < 100 else "overdue"
    promise = "by the end of the next sprint"
    if isinstance(severity.resolve, timedelta):
        promise = f"within {duration.write(severity.resolve)}"
    return _spread(
        expansion,
        name="ResolutionDueSoon" if origin is Origin.RESOLUTION_DUE_SOON else "ResolutionOverdue",
        origin=origin,
        duty=DUE_SOON if origin is Origin.RESOLUTION_DUE_SOON else OVERDUE,
        severity=severity.name,
        expr="\n".join(parts),
        summary=f"{severity.name} {{{{ $labels.alertname }}}} of {{{{ $labels.{service} }}}} is {state}: "
        "open for {{ $value | humanizeDuration }}",
        details=f"{severity.name} incidents are resolved {promise}. {percent}% of that time is over.",
        route=route,
        test=_overdue_test(expansion, severity, percent, step),
    )


def look_back(severity: SeverityPlan) -> timedelta:
    """Return the range of a severity's rules: longer than `resolve`, so that no restart hides an incident."""
    deadline = severity.deadline
    longest = deadline if isinstance(deadline, timedelta) else 2 * deadline.length
    return longest + min(longest, _DAY)


def window(within: timedelta) -> timedelta:
    """Return for how long a duty with a deadline is reminded of: 1.5 times its deadline."""
    return within * 3 / 2


def _allowance(severity: SeverityPlan, since: str, percent: int) -> str:
    deadline = severity.deadline
    if isinstance(deadline, timedelta):
        return f"{int(deadline.total_seconds() * percent / 100)}"
    length, start = int(deadline.length.total_seconds()), deadline.start
    begun = f"floor(({since} - {start}) / {length})"
    # The end of the sprint after the one it began in, less the time at which it began.
    left = f"(\n    ({begun} + 2) * {length} + {start}\n    - {since}\n  )"
    return left if percent == 100 else f"{percent / 100} * {left}"


def _step(back: timedelta) -> timedelta | None:
    """Return the resolution of the subquery over a long window; None where every sample is read."""
    if back <= 12 * _HOUR:
        return None
    return 5 * MINUTE if back <= 4 * _DAY else _HOUR


def _range(back: timedelta, step: timedelta | None, subquery: bool = False) -> str:
    if step is None and not subquery:
        return duration.write(back)
    return f"{duration.write(back)}:{duration.write(step or MINUTE)}"


def _overdue_test(
    expansion: Expansion, severity: SeverityPlan, percent: int, step: timedelta | None
) -> tuple[Mapping[str, str], timedelta, timedelta, timedelta]:
    """Return the series of an incident that begins at 0, their interval, and when the alert is silent and fires."""
    allowed = _time_left_at_0(severity.deadline) * percent / 100
    interval = step or MINUTE
    clock = max(interval, _tidy(allowed))
    silent = allowed // clock * clock
    fires = silent + clock
    count = fires // interval + 1
    series = 'alertname="Example",' + ",".join(f'{key}="{value}"' for key, value in _example(expansion, severity.name))
    given = {
        f"ALERTS_FOR_STATE{{{series}}}": f"0x{count}",
        f'ALERTS{{alertstate="firing",{series}}}': f"1x{count}",
    }
    return given, interval, silent, fires


def _time_left_at_0(resolve: timedelta | Sprints) -> timedelta:
    """Return the time left for an incident that begins at time 0 of a test, which is 1970-01-01."""
    if isinstance(resolve, timedelta):
        return resolve
    length = int(resolve.length.total_seconds())
    return timedelta(seconds=((0 - resolve.start) // length + 2) * length + resolve.start)


def _tidy(length: timedelta) -> timedelta:
    """Return a round evaluation interval that gives a test of this length about 150 evaluations."""
    for nice in (MINUTE, 5 * MINUTE, 15 * MINUTE, _HOUR, 6 * _HOUR):
        if length / nice <= 150:
            return nice
    return _DAY


# ------------------------------------------------------------------------------------------- duties that end


def _due(expansion: Expansion, key: str, duty: Duty, severity: str, within: timedelta) -> AlertRule:
    """Remind from 75% of `within` after the incident's last alert until it is reported done or the window ends."""
    name = "".join(part.capitalize() for part in key.split("-")) + "Due"
    done = f"alertc_{key.replace('-', '_')}_done_timestamp_seconds"
    step = MINUTE
    firing = _incidents(expansion, severity, 'alertstate="firing"')
    ended = f"max_over_time(timestamp(ALERTS{{{firing}}})[{_range(window(within), step)}])"
    names = expansion.policy.labels
    service, incident = names.service, names.incident
    environment = "" if is_external(expansion.policy) else f"{names.environment}, "
    last = f"max by (alertname, {environment}{names.escalation}, {service}, {names.severity}, {names.team}) ({ended})"
    reported = f'label_replace(max by ({incident}, {service}) ({done}), "alertname", "$1", "{incident}", "(.+)")'
    remind_after = int(within.total_seconds() * 0.75)
    expr = (
        f"(time() - {last}) > {remind_after}\n"
        f"unless on (alertname, {service}) (\n"
        f"  {reported}\n"
        f"  >= on (alertname, {service}) max by (alertname, {service}) ({ended})\n"
        f")"
    )
    title = literal(duty.title or key)
    clock = _tidy(within)
    ended_at = clock
    count = ended_at // step
    fires = (ended_at + timedelta(seconds=remind_after)) // clock * clock + clock
    series = 'alertname="Example",' + ",".join(f'{label}="{value}"' for label, value in _example(expansion, severity))
    steps = literal("".join(f"\n- {line}" for line in duty.steps))
    who = literal(f" by the {expansion.policy.roles[duty.by].title}") if duty.by else ""
    return _spread(
        expansion,
        name=name,
        origin=Origin.DUTY,
        duty=f"{key}-due",
        reminds_of=key,
        severity=severity,
        expr=expr,
        summary=f"{title} of {severity} {{{{ $labels.alertname }}}} ({{{{ $labels.{service} }}}}): "
        "{{ $value | humanizeDuration }} since the incident",
        details=f"It must be completed{who} within {duration.write(within)} of the {duty.of}.{steps}"
        f"\nWhen it is done, push the time to the metric {done}, with the labels {incident} (the alert) and {service}.",
        route=("duties", key),
        test=({f'ALERTS{{alertstate="firing",{series}}}': f"1x{count} stale"}, step, fires - clock, fires),
    )


def _example(expansion: Expansion, severity: str) -> list[tuple[str, str]]:
    labels = expansion.static_labels(expansion.examples[severity], severity)
    return sorted(carried(labels).items())


def _spread(
    expansion: Expansion,
    *,
    name: str,
    origin: Origin,
    duty: str,
    severity: str,
    expr: str,
    summary: str,
    details: str,
    route: PolicyPath,
    test: tuple[Mapping[str, str], timedelta, timedelta, timedelta],
    reminds_of: str | None = None,
) -> AlertRule:
    """Return a rule that copies service, team and escalation from the alerts that it watches, and names them."""
    watch = expansion.policy.watch
    environment = "" if is_external(expansion.policy) else expansion.policy.environment
    names = expansion.policy.labels
    own_labels = {names.duty: duty, names.environment: environment, names.severity: severity}
    labels = dict(sorted({**own_labels, names.incident: "{{ $labels.alertname }}"}.items()))
    annotations = {"summary": summary, "description": details}
    if origin is Origin.RESOLUTION_OVERDUE:  # the one that pages
        annotations["acknowledge_within"] = expansion.severities[severity].promise
    given, every, silent, fires = test
    seen = carried(
        dict(sorted({**dict(_example(expansion, severity)), **own_labels, names.incident: "Example"}.items()))
    )
    expected = ExpectedAlert(
        alert=name,
        at=fires,
        fires=True,
        labels=seen,
        annotations=rendered(annotations, seen, None),
    )
    quiet = ExpectedAlert(alert=name, at=silent, fires=False, throughout=True, labels={}, annotations=None)
    return AlertRule(
        name=name,
        service=watch.service,
        expr=expr,
        hold=ZERO,
        keep_firing=ZERO,
        detection=(),
        labels=labels,
        annotations=annotations,
        severity=severity,
        escalation=expansion.policy.services[watch.service].escalation or NO_CHAIN,
        team=None,
        page_each=(names.incident,),
        origin=origin,
        duty=duty,
        reminds_of=reminds_of,
        owned=None,
        route=route,
        tests=(
            UnitTest(
                name=f"{name} {severity}",
                every=every,
                clock=fires - silent,
                given=given,
                expected=(quiet, expected),
                reads=frozenset({"ALERTS", "ALERTS_FOR_STATE"}),
                route=route,
            ),
        ),
    )
