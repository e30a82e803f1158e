"""Checks that environments are told apart, that each has its alerts told to somebody, and that one pages for itself."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic
from generator.diagnostics.wording import listed
from generator.policy import thresholds
from generator.policy.environments import all_told, has_own_files, is_external
from generator.policy.model import NOBODY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.diagnostics.diagnostic import PolicyPath
    from generator.policy.model import Besides, Override, Policy

POL291 = Code(
    name="POL291",
    title="First environment tells somebody else",
    meaning="Severities, teams, services and alerts say who is told in the first environment. `notify` is for those "
    "after it, in place of that. Write first the environment that is told as they say.",
)

POL292 = Code(
    name="POL292",
    title="External label names no environment",
    meaning="Prometheus adds the label `environment`, and an alert of an environment that the policy does not name "
    "goes to those who are paged for what is unknown. Write the same names into `environments` and into "
    "`stack.prometheus.external_labels`.",
)

POL293 = Code(
    name="POL293",
    title="Environment would tell the wrong channel",
    meaning="An environment with `notify` pages nobody, halts nothing and says nothing in public. Name internal "
    "channels for people.",
)

POL294 = Code(
    name="POL294",
    title="Environment tells nobody of a severity",
    meaning="`notify` of an environment stands in place of what severities say. Name channels for each of them, or one "
    "list for all.",
)

POL295 = Code(
    name="POL295",
    title="Environment changes nothing of an alert",
    meaning="An environment gives other values to the parameters that the alert's `each` has, and another `for` or "
    "`keep_firing_for`. Another key would change nothing. Correct its name, or use `$name` in the alert.",
)

POL296 = Code(
    name="POL296",
    title="Environments share a heartbeat",
    meaning="A dead man's switch is silent as long as it hears a heartbeat from somebody. Where two environments send "
    "theirs to one, nobody notices that one of them is down. Give each its own `heartbeat`; one that pages nobody "
    "needs none.",
)

POL297 = Code(
    name="POL297",
    title="Environment has the name of a folder",
    meaning="Each environment has its rules in a folder of its name, beside `rules` and `tests`. Choose another name.",
)


def check(policy: Policy) -> Iterator[Diagnostic]:
    """POL291 to POL297: environments that cannot be told apart, or that tell the wrong people."""
    first = next(iter(policy.environments), None)
    for name, environment in policy.environments.items():
        route: PolicyPath = ("environments", name)
        if environment.notify:
            if name == first:
                yield Diagnostic(
                    code=POL291.name,
                    message=f"{name} is the first environment, of which severities, teams and services speak, but has "
                    "`notify` of its own",
                    route=(*route, "notify"),
                    on_key=True,
                    help="write first the environment that is told as severities, teams and services say",
                )
            yield from _channels(policy, environment.notify, (*route, "notify"))
            yield from _untold(policy, name, environment.notify)
        for alert, own in environment.alerts.items():
            yield from _unchanged(policy, alert, own, (*route, "alerts", alert))
        if name in ("rules", "tests") and has_own_files(policy):
            yield Diagnostic(
                code=POL297.name,
                message=f"an environment cannot be called {name}: its rules would be in out/prometheus/{name}/rules/",
                route=route,
                on_key=True,
                help="choose another name",
            )
    yield from _labels(policy)
    yield from _heartbeats(policy)


def _channels(policy: Policy, told: Besides, route: PolicyPath) -> Iterator[Diagnostic]:
    called = {containment.call: name for name, containment in policy.containments.items() if containment.call}
    for name in all_told(told):
        channel = policy.channels[name]
        problem = None
        if channel.audience == "public":
            problem = "is for the public"
        elif name in called:
            problem = f"is the one by which {called[name]} halts something"
        elif name == policy.watch.heartbeat.via:
            problem = "is the dead man's switch"
        if problem:
            yield Diagnostic(
                code=POL293.name,
                message=f"{route[1]} would tell {name}, which {problem}",
                route=route,
                on_key=True,
                help="name an internal channel for people",
            )


def _untold(policy: Policy, name: str, told: Besides) -> Iterator[Diagnostic]:
    untold = [severity for severity in policy.severities if not told.of(severity)]
    if untold:
        yield Diagnostic(
            code=POL294.name,
            message=f"in {name} nobody is told of {listed(untold)}",
            route=("environments", name, "notify"),
            on_key=True,
            help=f"add channels for {listed(untold)}, or write one list for all severities",
        )


def _unchanged(policy: Policy, alert: str, own: Override, route: PolicyPath) -> Iterator[Diagnostic]:
    entry = policy.alerts[alert]
    each = entry.each if isinstance(entry.each, dict) else {}
    given = {name for parameters in each.values() for name in parameters}
    yield from thresholds.unclear_tests(route, alert, own.tests or (), entry.at)
    yield from _unknown_parameters(alert, own, given, route)
    for severity, at in own.at.items():
        if severity in entry.at:
            yield from _unknown_parameters(alert, at, {*given, *entry.at[severity].given}, (*route, "at", severity))
        else:
            known = listed(f"`{name}`" for name in entry.at) if entry.at else "none"
            yield Diagnostic(
                code=POL295.name,
                message=f"{alert} has no threshold for `{severity}`",
                route=(*route, "at", severity),
                on_key=True,
                help=f"those that it has: {known}",
            )


def _unknown_parameters(alert: str, own: Override, given: set[str], route: PolicyPath) -> Iterator[Diagnostic]:
    for parameter in own.parameters:
        if parameter not in given:
            known = f"; it has {listed(f'`{name}`' for name in sorted(given))}" if given else ""
            yield Diagnostic(
                code=POL295.name,
                message=f"{alert} has no parameter `{parameter}`{known}",
                route=(*route, parameter),
                on_key=True,
                help="write a parameter of its `each`, `for`, `keep_firing_for` or `tests`",
            )


def _labels(policy: Policy) -> Iterator[Diagnostic]:
    if not is_external(policy):
        return
    label = policy.labels.environment
    values = policy.stack.prometheus.external_labels[label]
    unknown = [value for value in values if value not in policy.environments]
    lost = [name for name in policy.environments if name not in values]
    what = "have any value of it" if not values else f"never be {listed(lost)}" if lost else None
    if unknown:
        what = f"be {listed(unknown)}, which the policy does not name"
    if what:
        yield Diagnostic(
            code=POL292.name,
            message=f"by the external label `{label}` an alert can {what}",
            route=("stack", "prometheus", "external_labels", label),
            on_key=True,
            notes=("what comes from an environment that the policy does not name pages somebody",) if unknown else (),
            help=f"write the names of the environments: [{', '.join(policy.environments)}]",
        )


def _heartbeats(policy: Policy) -> Iterator[Diagnostic]:
    by_channel: dict[str, list[str]] = defaultdict(list)
    for name, environment in policy.environments.items():
        usual = policy.watch.heartbeat.via if environment.notify is None else NOBODY
        channel = environment.heartbeat or usual
        if channel == NOBODY:
            continue
        by_channel[channel].append(name)
        if channel in policy.channels and not policy.channels[channel].kind.program:
            yield Diagnostic(
                code=POL296.name,
                message=f"channel {channel} is not a webhook: nobody would notice a missing heartbeat",
                route=("environments", name, "heartbeat"),
                help="send it to a `webhook` of a service that raises the alarm when it stays away",
            )
    for channel, names in by_channel.items():
        if len(names) > 1:
            yield Diagnostic(
                code=POL296.name,
                message=f"the heartbeats of {listed(names)} go to {channel}: nobody would notice that one is missing",
                route=("environments", names[-1]),
                on_key=True,
                help=f"write `heartbeat: CHANNEL` for {listed(names[1:])}, of a dead man's switch of its own",
            )
