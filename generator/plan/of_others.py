"""Alerts that none of the policy's rules sends: whom Alertmanager tells of them, by their severity and their owner.

They come with the labels of whoever wrote their rules. `is` says which severity a value of theirs is, `owners` whose
they are. What has the label `escalation` is an alert of the policy: its routes are elsewhere.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from generator.plan import besides, pagers, paging_hours, timing, unrouted
from generator.plan.pagers import pager
from generator.plan.places import places
from generator.plan.plan import NO_CHAIN, AlertRoute
from generator.policy.environments import is_first
from generator.policy.model import NOBODY, PAGE
from generator.upstream.alertmanager import match

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from generator.diagnostics.diagnostic import PolicyPath
    from generator.plan.paging_hours import PagingHours
    from generator.plan.plan import SeverityPlan
    from generator.policy.model import Channel, Policy, Severity
    from generator.upstream.alertmanager.match import Matcher


@dataclass(frozen=True, slots=True, kw_only=True)
class Sort:
    """Alerts of others that the policy treats alike."""

    what: str
    """What they are, for messages."""
    matchers: tuple[Matcher, ...]
    """What their labels suit: that none of the sorts before takes them is said, too."""
    receivers: frozenset[str]
    route: PolicyPath


def chains(policy: Policy) -> frozenset[tuple[str, str, Severity]]:
    """Return the chains that are paged of alerts of others, with their services and the severity."""
    owners = policy.owners.services if policy.owners else ()
    return frozenset(
        (chain, owner, name)
        for name, severity in policy.severities.items()
        for owner in owners
        if (severity.known_as or severity.otherwise) and PAGE in severity.notify
        if (chain := policy.services[owner].escalation) is not None
    )


def sorts(policy: Policy) -> Iterator[Sort]:
    """Yield all sorts of such alerts: no alert is of two of them."""
    for entry in _entries(policy):
        if entry.severity is None:
            yield Sort(
                what=entry.what,
                matchers=(*_asked(policy, entry), *entry.no_other),
                receivers=frozenset(entry.told),
                route=entry.route,
            )
            continue
        for service in policy.owners.services if policy.owners else ():
            yield Sort(
                what=f"{entry.what} that belongs to {service}",
                matchers=(*_asked(policy, entry), *entry.no_other, *_owned(policy, (service,))),
                receivers=receivers(policy, entry.severity, service) or frozenset({NOBODY}),
                route=entry.route,
            )


def unknown(policy: Policy) -> Sort | None:
    """Return what the policy says nothing of: it goes to `watch.unrouted`. None where a severity takes all others."""
    if any(severity.otherwise for severity in policy.severities.values()):
        return None
    return Sort(
        what="an alert that the policy does not know",
        matchers=(*_foreign(policy), _environment(policy), *_not_named(policy), *_not_known(policy)),
        receivers=frozenset(unrouted.receivers(policy)),
        route=("watch", "unrouted"),
    )


def routes(policy: Policy, severities: Mapping[Severity, SeverityPlan]) -> Iterator[AlertRoute]:
    """Yield the routes of alerts of others, one for each severity: whom it tells depends on the owner."""
    for entry in _entries(policy):
        severity = severities[entry.severity or [*severities][-1]]
        below = tuple(_below(policy, severity) if entry.severity else _named(policy, severity, entry.told))
        why = f"{entry.what[0].upper()}{entry.what[1:]}."
        # Of one that is told of all there need be no route below.
        children = below if len(below) > 1 or below[0].matchers or not entry.told else ()
        yield replace(
            below[0],
            why=why,
            matchers=tuple(map(str, _asked(policy, entry))),
            continues=False,
            active=None,
            mute=None,
            children=children,
            route=entry.route,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """Alerts of others that are of one severity."""

    what: str
    severity: Severity | None
    """None: `told` says who is told."""
    told: tuple[str, ...]
    matchers: tuple[Matcher, ...]
    no_other: tuple[Matcher, ...]
    """What else is true of them: the entries before did not take them."""
    route: PolicyPath


def _foreign(policy: Policy) -> tuple[Matcher, ...]:
    """Return what every alert of others suits: it lacks the labels by which alerts of the policy are routed."""
    return match.of(policy.labels.escalation, "=", ""), match.of(policy.labels.duty, "=", "")


def sort_of(policy: Policy, labels: Mapping[str, str]) -> Sort | None:
    """Return the sort of an alert with these labels; None where it is not one of others that the policy speaks of."""
    accepting = (
        sort
        for sort in sorts(policy)
        if all(matcher.accepts(labels.get(matcher.label, "")) for matcher in sort.matchers)
    )
    return next(accepting, None)


def _asked(policy: Policy, entry: _Entry) -> tuple[Matcher, ...]:
    return (*entry.matchers, *_foreign(policy), _environment(policy))


def _environment(policy: Policy) -> Matcher:
    # What names no environment is for the first one: nobody is paged in some of the others.
    name = policy.environment
    return (
        match.of(policy.labels.environment, "=~", f"|{name}")
        if is_first(policy)
        else match.of(policy.labels.environment, "=", name)
    )


def _entries(policy: Policy) -> Iterator[_Entry]:
    for name, other in policy.others.items():
        yield _Entry(
            what=f"the alert {name} of others",
            severity=other.severity,
            told=other.notify or ((NOBODY,) if other.untold else ()),
            matchers=(match.of("alertname", "=", name),),
            no_other=(),
            route=("others", name),
        )
    named = _not_named(policy)
    for name, severity in policy.severities.items():
        if severity.known_as:
            yield _Entry(
                what=f"an alert of others of severity {name}",
                severity=name,
                told=(),
                matchers=(_one_of(policy.labels.severity, severity.known_as),),
                no_other=named,
                route=("severities", name, "is"),
            )
    for name, severity in policy.severities.items():
        if severity.otherwise:
            yield _Entry(
                what=f"an alert of others of no other severity, so of {name}",
                severity=name,
                told=(),
                matchers=(),
                no_other=(*named, *_not_known(policy)),
                route=("severities", name, "is"),
            )


def _not_named(policy: Policy) -> tuple[Matcher, ...]:
    return (_one_of("alertname", [*policy.others]).negated(),) if policy.others else ()


def _not_known(policy: Policy) -> tuple[Matcher, ...]:
    values = known_severities(policy)
    return (_one_of(policy.labels.severity, values).negated(),) if values else ()


def known_severities(policy: Policy) -> tuple[str, ...]:
    """Return all values of the label of the severity that `is` names for alerts of others."""
    return tuple(value for severity in policy.severities.values() for value in severity.known_as)


def _one_of(label: str, values: Sequence[str]) -> Matcher:
    return match.of(label, "=", values[0]) if len(values) == 1 else match.one_of(label, values)


# ------------------------------------------------------------------------------------------- who is told


def _channels(policy: Policy, severity: Severity, service: str) -> frozenset[str]:
    """Return the channels that are told of a service's alerts of others: of the severity, the team and the service."""
    beside = besides.of_service(policy, service, severity)
    return frozenset((*beside, *(name for name in policy.severities[severity].notify if name != PAGE)))


def receivers(policy: Policy, severity: Severity, service: str) -> frozenset[str]:
    """Return whom Alertmanager tells of alerts of others of a severity that belong to a service."""
    pages = PAGE in policy.severities[severity].notify
    page = [pager(policy, policy.services[service].escalation or NO_CHAIN, service, severity)] if pages else []
    return _channels(policy, severity, service) | {*page}


def _owned(policy: Policy, services: Iterable[str]) -> tuple[Matcher, ...]:
    """Return what the label of `owners` suits where the owner is one of these; nothing where it is always."""
    owners, some = policy.owners, {*services}
    return () if owners is None or some == {*owners.services} else (owners.matcher(some),)


def _below(policy: Policy, severity: SeverityPlan) -> Iterator[AlertRoute]:
    """Yield the routes to those whom a severity tells: channels first, which go on, then pages."""
    owners = policy.owners.services if policy.owners else ()
    told: dict[tuple[str, PagingHours | None], list[str]] = defaultdict(list)
    paged: dict[tuple[str, PagingHours | None], list[str]] = defaultdict(list)
    for service in owners:
        for channel in sorted(_channels(policy, severity.name, service)):
            pages = channel in severity.pagers
            hours = paging_hours.of(policy, policy.services[service].team, severity.name) if pages else None
            told[channel, hours].append(service)
        if PAGE in severity.notify:
            entry = policy.services[service]
            hours = paging_hours.of(policy, entry.team, severity.name)
            paged[pager(policy, entry.escalation or NO_CHAIN, service, severity.name), hours].append(service)
    for (channel, hours), services in sorted(told.items(), key=_place):
        matchers = _owned(policy, services)
        yield _route(policy, severity, "", channel, matchers, channel=policy.channels[channel], hours=hours)
    silent = [service for service in owners if not receivers(policy, severity.name, service)]
    if silent:
        yield _route(policy, severity, "", NOBODY, _owned(policy, silent))
    for (receiver, hours), services in sorted(paged.items(), key=_place):
        yield _route(policy, severity, "", receiver, _owned(policy, services), hours=hours)


def _place(one: tuple[tuple[str, PagingHours | None], list[str]]) -> tuple[str, list[str]]:
    return one[0][0], one[1]


def _named(policy: Policy, severity: SeverityPlan, told: Sequence[str]) -> Iterator[AlertRoute]:
    """Yield the routes to the channels that an alert's entry names; the last one ends."""
    for channel in told:
        route = _route(policy, severity, "", channel, (), channel=policy.channels.get(channel))
        yield replace(route, continues=channel != told[-1])


def _route(
    policy: Policy,
    severity: SeverityPlan,
    why: str,
    receiver: str,
    matchers: tuple[Matcher, ...],
    *,
    channel: Channel | None = None,
    hours: PagingHours | None = None,
) -> AlertRoute:
    """Return a route with the times of a severity: that of a page, or of a channel, which waits a bit longer."""
    interval = severity.group_interval.length
    room = channel if receiver not in severity.pagers else None
    period = room.repeat or severity.tell_rooms if room else pagers.period(policy, severity, receiver)
    wait = severity.group_wait.length + (timing.BEHIND_A_HALT if room else timing.ZERO)
    if room and room.repeat:
        interval = min(interval, timing.tick(room.repeat))
    by = (policy.owners.by,) if policy.owners and policy.owners.by else ()
    return AlertRoute(
        why=why,
        receiver=receiver,
        matchers=tuple(map(str, matchers)),
        group_by=tuple(sorted({"alertname", *by, *places(policy)})),
        group_wait=min(wait, interval),
        group_interval=interval,
        repeat_interval=timing.repeat_interval(period, interval),
        continues=channel is not None,
        active=hours.active if hours else None,
        mute=hours.mute if hours else None,
        children=(),
        route=("severities", severity.name, "is"),
    )
