"""Checks who is paged where PagerDuty does not page all: channels that page, and services without an escalation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, Level
from generator.diagnostics.wording import first_few
from generator.plan import pagers, unrouted
from generator.policy.environments import all_told
from generator.policy.model import PAGE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.policy.model import Policy, Severity

POL274 = Code(
    name="POL274",
    title="Page without an escalation",
    meaning="`page` in `notify` pages the people of the service's `escalation` through PagerDuty, and the service "
    "names none. Add `escalation` to it, or the channel that pages its team (`pager`) to the team; or name a channel "
    "with `pages: true` in `notify` in place of `page`.",
)

POL275 = Code(
    name="POL275",
    title="Public channel is told what people must answer",
    meaning="A channel for the public gets drafts of what the public may read, and nobody answers there. Page another "
    "channel, and name an internal one in `watch.unrouted`.",
)

POL277 = Code(
    name="POL277",
    title="Environment that pages nobody tells a pager",
    meaning="An environment with `notify` tells channels and pages nobody, but somebody answers at one of these "
    "(`pages: true`). Name another channel, or leave out `notify` there: then it pages as the first environment does.",
)

POL276 = Code(
    name="POL276",
    title="Closing of incidents contradicts the channel",
    meaning="Where a channel has incidents that close when the end of an alert is told there, `closes` of the severity "
    "and `resolved` of the channel say so both. Make both say the same, or page the two severities by two channels.",
)

_NAMED = 3


def check(policy: Policy) -> Iterator[Diagnostic]:
    """POL274: a page, and no escalation. POL275: a public pager. POL276: what closes is not told its end.

    POL277: an environment that pages nobody tells a pager.
    """
    yield from _without_escalation(policy)
    yield from _public(policy)
    yield from _closing(policy)
    yield from _environments(policy)


def _without_escalation(policy: Policy) -> Iterator[Diagnostic]:
    for service, entry in policy.services.items():
        if entry.escalation is None:
            paged = [
                name
                for name, severity in _paged(policy, service)
                if PAGE in policy.severities[severity].notify and not pagers.of_team(policy, service, severity)
            ]
            if paged:
                yield Diagnostic(
                    code=POL274.name,
                    message=f"{service} has no `escalation`, but {first_few(paged, _NAMED)} of it "
                    f"page{'s' if len(paged) == 1 else ''} people through PagerDuty",
                    route=("services", service),
                    on_key=True,
                    help="add `escalation` to the service or `pager` to its team, or a channel with `pages: true` "
                    "instead of `page`",
                )
    if not unrouted.receivers(policy):
        severity = policy.watch.unrouted.severity
        yield Diagnostic(
            code=POL274.name,
            message=f"what no route knows is a {severity}, which pages nobody: {policy.watch.service} has no "
            "`escalation`, and no channel pages",
            route=("watch", "unrouted"),
            help="name channels: `unrouted: {notify: [...]}`",
        )


def _paged(policy: Policy, service: str) -> Iterator[tuple[str, Severity]]:
    """Yield the alerts of a service with their severities."""
    for name, alert in policy.alerts.items():
        if service in _services(policy, name):
            yield from ((name, one.severity) for one in alert.each_severity if not one.untold)
            if alert.when_missing in policy.severities:
                yield f"{name} (missing)", str(alert.when_missing)
    if service == policy.watch.service:
        yield "the watch", policy.watch.severity
        yield from ((name, one.severity) for name, one in policy.watch.alerts.items() if one.severity)
    for name, severity in policy.severities.items():
        if policy.owners and service in policy.owners.services and (severity.known_as or severity.otherwise):
            yield f"a {name} of others", name


def _services(policy: Policy, name: str) -> frozenset[str]:
    """Return the services whose people may be called for an alert."""
    own = policy.alerts[name].parameters(policy.services)
    return frozenset(own) if all(one in policy.services for one in own) else frozenset(policy.services)


def _public(policy: Policy) -> Iterator[Diagnostic]:
    for name, channel in policy.channels.items():
        if channel.audience == "public" and channel.pages:
            yield Diagnostic(
                code=POL275.name,
                message=f"channel {name} is public, and pages: nobody answers there",
                route=("channels", name, "pages"),
                help="page an internal channel",
            )
    for number, name in enumerate(policy.watch.unrouted.notify):
        if policy.channels[name].audience == "public":
            yield Diagnostic(
                code=POL275.name,
                message=f"what no route knows would be told to the public channel {name} alone, as a draft",
                route=("watch", "unrouted", "notify", number),
                help="name an internal channel",
            )


def _closing(policy: Policy) -> Iterator[Diagnostic]:
    for name, severity in policy.severities.items():
        for channel in dict.fromkeys((*policy.pagers(name), *pagers.of_teams(policy, name).values())):
            told = pagers.tells_the_end(policy, channel)
            contradicts = severity.closes is not None and told == (severity.closes == "by-hand")
            if contradicts and policy.channels[channel].kind.closes:
                says = "is told" if told else "is not told"
                yield Diagnostic(
                    code=POL276.name,
                    level=Level.WARNING,
                    message=f"{name} has `closes: {severity.closes}`, but {channel}, which pages it, {says} that an "
                    "alert is over",
                    route=("severities", name, "closes"),
                    help=f"write `resolved: {'never' if told else 'send'}` in channel {channel}, or page this severity "
                    "by another channel",
                )


def _environments(policy: Policy) -> Iterator[Diagnostic]:
    for name, environment in policy.environments.items():
        told = all_told(environment.notify) if environment.notify else ()
        for channel in told:
            if policy.channels[channel].pages:
                yield Diagnostic(
                    code=POL277.name,
                    message=f"{name} pages nobody, but tells {channel}, where somebody answers",
                    route=("environments", name, "notify"),
                    help="name another channel, or leave out `notify` of this environment",
                )
