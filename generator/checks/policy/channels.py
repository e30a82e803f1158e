"""Checks channels: reserved names, a mail server, and what machines and heartbeats need."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic
from generator.policy.environments import all_told
from generator.policy.model import NOBODY, PAGE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.diagnostics.diagnostic import PolicyPath
    from generator.policy.model import Policy

POL225 = Code(
    name="POL225",
    title="Channel name is reserved",
    meaning="`page`, names that begin with `page-`, and `unrouted` are receivers that alertc generates; so is `nobody` "
    "where nobody is told of something. Choose another name.",
)

POL226 = Code(
    name="POL226",
    title="E-mail channel without a mail server",
    meaning="Alertmanager needs a mail server to send e-mail. Set `stack.alertmanager.smtp`.",
)

POL228 = Code(
    name="POL228",
    title="Containment channel has another use",
    meaning="A machine that acts on an alert needs a webhook of its own, which nothing else uses and which is "
    "never told `resolved`.",
)

POL229 = Code(
    name="POL229",
    title="Missing heartbeat would go unnoticed",
    meaning="The heartbeat raises the alarm by staying away. Send it to a webhook of a service that notices "
    "this (a dead man's switch).",
)

_OURS = ("page", "unrouted")


def check(policy: Policy) -> Iterator[Diagnostic]:
    """POL225 to POL229: a reserved name, no mail server, a shared containment, a deaf heartbeat."""
    silent = (policy.alerts, policy.services, policy.severities, policy.others)
    untold = any(entry.untold for entries in silent for entry in entries.values()) or any(
        one.notify and not one.heartbeat for one in policy.environments.values()
    )
    for name, channel in policy.channels.items():
        route: PolicyPath = ("channels", name)
        if name in _OURS or name.startswith("page-") or (name == NOBODY and untold):
            yield Diagnostic(
                code=POL225.name,
                message=f"the name `{name}` is reserved",
                route=route,
                on_key=True,
                help="choose another name: alertc generates receivers called `page`, `page-...` and `unrouted`, and "
                "`nobody` for what nobody is told of",
            )
        if channel.kind.mail and policy.stack.alertmanager.smtp is None:
            yield Diagnostic(
                code=POL226.name,
                message=f"channel {name} sends e-mail, but the stack names no mail server",
                route=(*route, channel.kind.name),
                help="add `smtp: {smarthost: mail.internal:587, from: alertmanager@exchange.example}` to "
                "`stack.alertmanager`",
            )
    yield from _calls(policy)
    heartbeat = policy.channels[policy.watch.heartbeat.via]
    if not heartbeat.kind.program:
        yield Diagnostic(
            code=POL229.name,
            message=f"channel {policy.watch.heartbeat.via} is not a webhook: nobody would notice a missing heartbeat",
            route=("watch", "heartbeat", "via"),
            help="send it to a `webhook` of a service that raises the alarm when it stays away (a dead man's switch)",
        )


def _calls(policy: Policy) -> Iterator[Diagnostic]:
    """POL228: the channel of a containment is no webhook, has another use, or is told that the alert is over."""
    users = _users(policy)
    for name, containment in policy.containments.items():
        if containment.call is None:
            continue
        channel = policy.channels[containment.call]
        route: PolicyPath = ("containments", name, "call")
        problem = None
        if not channel.kind.program:
            problem, help = "is not a webhook, so no machine would receive the call", "name a channel with `webhook`"
        elif channel.resolved != "never":
            problem = "is told `resolved`: a machine could resume what only people may resume"
            help = f"write `resolved: never` in channel {containment.call}"
        elif users[containment.call]:
            others = ", ".join("/".join(map(str, user)) for user in users[containment.call])
            problem = f"is also used by {others}"
            help = "give the containment a channel that nothing else uses"
        if problem:
            message = f"{containment.call}, which {name} calls, {problem}"
            yield Diagnostic(code=POL228.name, message=message, route=route, help=help)


def _users(policy: Policy) -> dict[str, list[PolicyPath]]:
    """Return the paths in the policy that send to each channel, without containments."""
    users: dict[str, list[PolicyPath]] = defaultdict(list)
    users[policy.watch.heartbeat.via].append(("watch", "heartbeat", "via"))
    for channel in policy.watch.unrouted.notify:
        users[channel].append(("watch", "unrouted"))
    for name, severity in policy.severities.items():
        for channel in severity.notify:
            if channel != PAGE:
                users[channel].append(("severities", name, "notify"))
    for route, _, told in policy.besides():
        for channel in (*told.always, *(one for each in told.by.values() for one in each)):
            users[channel].append(route)
    for name, duty in policy.duties.items():
        for channel in duty.via:
            users[channel].append(("duties", name, "via"))
    for name, environment in policy.environments.items():
        for channel in all_told(environment.notify) if environment.notify else ():
            users[channel].append(("environments", name, "notify"))
        if environment.heartbeat:
            users[environment.heartbeat].append(("environments", name, "heartbeat"))
    return users
