"""The configuration that Alertmanager has loaded, held against the rendered one by what it means."""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from typing import TYPE_CHECKING, Any

from generator.behaviour.documents import ALERTMANAGER
from generator.behaviour.identity import policy_route
from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Level
from generator.policy import duration
from generator.remote.servers.deviations import COPY_CONFIGURATION, Deviation, listed, named, some, urgency
from generator.remote.servers.proof import Change
from generator.upstream.alertmanager.match import Router, every_node, matches
from generator.upstream.pagerduty import USUAL

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from generator.behaviour.alerts import SentAlert
    from generator.behaviour.behaviour import Behaviour, Integration, Receiver
    from generator.behaviour.verification import Verification
    from generator.diagnostics.diagnostic import EntryPath, PolicyPath
    from generator.policy.model import Policy
    from generator.remote.servers.servers import Alertmanager
    from generator.upstream.alertmanager.inhibition import Inhibition
    from generator.upstream.alertmanager.match import RouteNode

LIV810 = Code(
    name="LIV810",
    title="Running configuration routes elsewhere",
    meaning="With the configuration that Alertmanager runs, an alert reaches other receivers. Copy the files "
    "again, and reload.",
)

LIV811 = Code(
    name="LIV811",
    title="Running Alertmanager configuration differs",
    meaning="Times of routes, receivers, inhibitions or time intervals differ from the file. Copy it again, "
    "and reload. Secrets are not compared: Alertmanager does not show them.",
)

LIV816 = Code(
    name="LIV816",
    title="Running configuration cannot be analysed",
    meaning="Alertmanager runs a configuration that alertc cannot interpret. Load the generated file.",
)

_SECRET = "<secret>"  # noqa: S105 - what Alertmanager shows in place of one
_STACK = ("stack", "alertmanager")


def check(verification: Verification, server: Alertmanager) -> Iterator[Deviation]:
    """LIV810: other receivers. LIV811: other settings. LIV816: the configuration cannot be analysed."""
    if server.behaviour is None:
        yield Deviation(
            code=LIV816.name,
            program="Alertmanager",
            server=server.url,
            route=_STACK,
            on_key=True,
            said=f"its configuration was not written by alertc and cannot be read here: {server.unreadable}",
            help=COPY_CONFIGURATION,
        )
        return
    if not {receiver.name for receiver in verification.behaviour.receivers} & {
        receiver.name for receiver in server.behaviour.receivers
    }:
        yield Deviation(
            code=LIV816.name,
            program="Alertmanager",
            server=server.url,
            said="it runs another configuration: it has none of the receivers of the file, and nobody is told as the "
            "policy says",
            route=_STACK,
            on_key=True,
            help=COPY_CONFIGURATION,
        )
        return
    yield from _tree(verification, server, server.behaviour)
    yield from _receivers(verification, server, server.behaviour)
    yield from _inhibitions(verification, server, server.behaviour)
    yield from _times(verification, server, server.behaviour)
    yield from _global(verification, server)


# ------------------------------------------------------------------------------------------- the tree of routes


def _tree(verification: Verification, server: Alertmanager, loaded: Behaviour) -> Iterator[Deviation]:
    if _meaning(verification.behaviour.root) == _meaning(loaded.root):
        return
    router = Router(loaded.root)
    elsewhere: Mapping[tuple[tuple[str, ...], tuple[str, ...]], list[SentAlert]] = defaultdict(list)
    differing: Mapping[tuple[str, ...], dict[EntryPath, tuple[RouteNode, tuple[str, ...]]]] = defaultdict(dict)
    seen: set[tuple[int, ...]] = set()
    for alert in verification.alerts:
        ours, theirs = verification.router.routes_of(alert.labels), router.routes_of(alert.labels)
        receivers = tuple(node.receiver for node in ours), tuple(node.receiver for node in theirs)
        if receivers[0] != receivers[1]:
            elsewhere[receivers].append(alert)
            continue
        same = (*map(id, ours), *map(id, theirs))
        if same in seen:
            continue
        seen.add(same)
        for our, their in zip(ours, theirs, strict=True):
            differences = tuple(_differences(our, their))
            if differences:
                loaded_as, written = zip(*differences, strict=True)
                differing[loaded_as][our.where] = our, written
    for (ours_told, theirs_told), alerts in elsewhere.items():
        yield _elsewhere(verification.plan.policy, server, ours_told, theirs_told, alerts)
    for loaded_as, nodes in differing.items():
        where, (_, written) = next(iter(nodes.items()))
        alike = all(other == written for _, other in nodes.values())
        texts = (
            [f"{loaded}, not {other}" for loaded, other in zip(loaded_as, written, strict=True)] if alike else loaded_as
        )
        yield Deviation(
            code=LIV811.name,
            program="Alertmanager",
            server=server.url,
            said=_otherwise("route to", "routes to", [node.receiver for node, _ in nodes.values()], texts),
            route=_policy(verification, where),
            on_key=True,
            where=(ALERTMANAGER, where),
            change=Change(root=loaded.root)
            if any("interval is" in text or "wait is" in text for text in loaded_as)
            else None,
            help=COPY_CONFIGURATION,
        )
    if not elsewhere and not differing:
        yield Deviation(
            code=LIV811.name,
            program="Alertmanager",
            server=server.url,
            said="it has other routes than the file, though the alerts of the policy go where they should",
            route=_STACK,
            on_key=True,
            level=Level.WARNING,
            notes=tuple(_other_nodes(verification.behaviour.root, loaded.root)),
            help=COPY_CONFIGURATION,
        )


def _meaning(node: RouteNode) -> tuple[object, ...]:
    return (
        node.receiver,
        frozenset(map(str, node.matchers)),
        node.group_by,
        (node.group_wait, node.group_interval, node.repeat_interval),
        node.continues,
        (node.active, node.mute),
        tuple(map(_meaning, node.children)),
    )


def _other_nodes(ours: RouteNode, theirs: RouteNode) -> Iterator[str]:
    written = [_description(node) for node in every_node(ours)]
    loaded = [_description(node) for node in every_node(theirs)]
    for verb, first, second in (("only the file has", written, loaded), ("only Alertmanager has", loaded, written)):
        only = [name for name in first if name not in second]
        if only:
            yield f"{verb} the route{'s' * (len(only) > 1)} {some(only)}"


def _description(node: RouteNode) -> str:
    matchers = ", ".join(sorted(map(str, node.matchers)))
    return f"to {node.receiver} ({matchers})" if matchers else f"to {node.receiver}"


def _elsewhere(
    policy: Policy,
    server: Alertmanager,
    ours: tuple[str, ...],
    theirs: tuple[str, ...],
    alerts: list[SentAlert],
) -> Deviation:
    names = list(dict.fromkeys(map(named, sorted(alerts, key=partial(urgency, policy)))))
    lost = [name for name in ours if name not in theirs]
    gained = [name for name in theirs if name not in ours]
    parts = (
        *((f"not to {listed(lost)}",) if lost else ()),
        *((f"but to {listed(gained)}",) if gained else ()),
        *(() if lost or gained else (f"in another order: {listed(theirs)}",)),
    )
    promised = alerts[0].promised
    return Deviation(
        code=LIV810.name,
        program="Alertmanager",
        server=server.url,
        said=f"{some(names)} go{'es' * (len(names) == 1)} {' '.join(parts)}",
        route=promised.route if promised else None,
        on_key=True,
        notes=(f"the policy says {listed(ours)}",),
        help=COPY_CONFIGURATION,
    )


def _differences(ours: RouteNode, theirs: RouteNode) -> Iterator[tuple[str, str]]:
    """Yield each route setting that differs, as loaded and as written."""
    for name in ("group_wait", "group_interval", "repeat_interval"):
        our, their = getattr(ours, name), getattr(theirs, name)
        if our != their:
            yield f"{name} is {duration.write(their)}", duration.write(our)
    for name in ("group_by", "active", "mute"):
        our, their = getattr(ours, name), getattr(theirs, name)
        if our != their:
            key = name if name == "group_by" else f"{name}_time_intervals"
            yield f"{key} is {', '.join(their) or 'empty'}", ", ".join(our) or "empty"


# ------------------------------------------------------------------------------------------- receivers


def _receivers(verification: Verification, server: Alertmanager, loaded: Behaviour) -> Iterator[Deviation]:
    theirs = {receiver.name: receiver for receiver in loaded.receivers}
    differing: Mapping[tuple[str, ...], list[Receiver]] = defaultdict(list)
    for receiver in verification.behaviour.receivers:
        loaded_receiver = theirs.get(receiver.name)
        if loaded_receiver is None:
            differences: tuple[str, ...] = ("it is missing",)
        elif [integration.kind for integration in receiver.integrations] != [
            integration.kind for integration in loaded_receiver.integrations
        ]:
            kinds = ", ".join(integration.kind.name for integration in loaded_receiver.integrations) or "nothing"
            differences = (f"it sends through {kinds}",)
        else:
            pairs = zip(receiver.integrations, loaded_receiver.integrations, strict=True)
            differences = tuple(difference for our, their in pairs for difference in _settings(our, their, server))
        if differences:
            differing[differences].append(receiver)
    for differences, receivers in differing.items():
        yield Deviation(
            code=LIV811.name,
            program="Alertmanager",
            server=server.url,
            said=_otherwise("receiver", "receivers", [receiver.name for receiver in receivers], differences),
            route=_policy(verification, receivers[0].where),
            on_key=True,
            where=(ALERTMANAGER, receivers[0].where),
            help=COPY_CONFIGURATION,
        )


def _otherwise(singular: str, many: str, names: Sequence[str], differences: Sequence[str]) -> str:
    """Return the sentence for entries with the same differences."""
    sentence = "; ".join(differences)
    if len(names) == 1:
        return f"the {singular} {names[0]} is loaded otherwise than the file says: {sentence}"
    return f"the {many} {some(names)} are loaded otherwise than the file says, each: {sentence}"


def _settings(ours: Integration, theirs: Integration, server: Alertmanager) -> Iterator[str]:
    """Yield the differences of written settings; Alertmanager adds defaults for the others."""
    if ours.resolved != theirs.resolved:
        yield f"send_resolved is {str(theirs.resolved).lower()}"
    written = {key: value for key, value in ours.settings.items() if key != "send_resolved"}
    if ours.kind.mail:
        yield from _unlike(_with_headers(written), _with_headers(theirs.settings), "")
    else:
        yield from _unlike(written, theirs.settings, "")
    if ours.kind.pages and "url" not in ours.settings:
        usual = _mapping(server.config.get("global")).get("pagerduty_url", USUAL.events)
        url = theirs.settings.get("url", usual)
        if url not in (usual, _SECRET):
            yield f"url is {url}"


def _with_headers(settings: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the settings of an e-mail with the names of its headers in one form.

    Alertmanager loads `subject` as `Subject`, and adds `From` and `To` (config/notifiers.go, EmailConfig).
    """
    headers = settings.get("headers")
    if not isinstance(headers, dict):
        return settings
    return {**settings, "headers": {str(name).title(): value for name, value in headers.items()}}


def _unlike(ours: Mapping[str, Any], theirs: Mapping[str, Any], above: str) -> Iterator[str]:
    for key, value in ours.items():
        loaded = theirs.get(key)
        name = f"{above}{key}"
        if isinstance(value, dict) and isinstance(loaded, dict):
            yield from _unlike(value, loaded, f"{name}.")
        elif loaded != _SECRET and _normal(value) != _normal(loaded):
            # Alertmanager leaves out what is empty.
            yield f"{name} is {_quoted(loaded)}"


def _normal(value: object) -> object:
    if value is None or value in ("", [], {}):
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return [_normal(item) for item in value]
    if isinstance(value, dict):
        return {key: _normal(item) for key, item in value.items()}
    text = str(value)
    try:
        return duration.parse(text) if text[-1:].isalpha() else text
    except (ValueError, OverflowError):
        return text


def _quoted(value: object) -> str:
    if _normal(value) is None:
        return "not set"
    text = " ".join(str(value).split())
    return f"`{text[:80]}...`" if len(text) > 80 else f"`{text}`"


# ------------------------------------------------------------------------------------------- the rest


def _inhibitions(verification: Verification, server: Alertmanager, loaded: Behaviour) -> Iterator[Deviation]:
    ours = {_inhibition(inhibition): inhibition for inhibition in verification.behaviour.inhibitions}
    theirs = {_inhibition(inhibition): inhibition for inhibition in loaded.inhibitions}
    missing = [inhibition for key, inhibition in ours.items() if key not in theirs]
    more = [inhibition for key, inhibition in theirs.items() if key not in ours]
    if missing:
        count = f"{len(missing)} of {len(ours)} inhibition rules {'is' if len(missing) == 1 else 'are'} not loaded"
        yield Deviation(
            code=LIV811.name,
            program="Alertmanager",
            server=server.url,
            said=f"{count}: {some(map(_inhibits, missing), 1)}",
            route=_policy(verification, missing[0].where),
            on_key=True,
            where=(ALERTMANAGER, missing[0].where),
            help=COPY_CONFIGURATION,
        )
    for inhibition in more:
        urgent = [
            alert
            for alert in verification.alerts
            if alert.severity in verification.plan.policy.urgent and matches(inhibition.target, alert.labels)
        ]
        hidden = list(dict.fromkeys(map(named, sorted(urgent, key=partial(urgency, verification.plan.policy)))))
        yield Deviation(
            code=LIV811.name,
            program="Alertmanager",
            server=server.url,
            said=f"an inhibition rule is loaded that the file does not have: {_inhibits(inhibition)}"
            + (f"; it silences {some(hidden)}" if hidden else ""),
            route=_STACK,
            on_key=True,
            level=Level.ERROR if hidden else Level.WARNING,
            help=COPY_CONFIGURATION,
        )


def _inhibition(rule: Inhibition) -> tuple[object, ...]:
    return frozenset(map(str, rule.source)), frozenset(map(str, rule.target)), frozenset(rule.equal)


def _inhibits(rule: Inhibition) -> str:
    source, target = (", ".join(sorted(map(str, side))) for side in (rule.source, rule.target))
    return f"{source} silences {target}"


def _times(verification: Verification, server: Alertmanager, loaded: Behaviour) -> Iterator[Deviation]:
    for name, interval in verification.behaviour.time_intervals.items():
        loaded_interval = loaded.time_intervals.get(name)
        if loaded_interval is None or loaded_interval.spans != interval.spans:
            yield Deviation(
                code=LIV811.name,
                program="Alertmanager",
                server=server.url,
                said=f"the time interval {name} is "
                f"{'missing' if loaded_interval is None else 'another than in the file'}",
                route=_policy(verification, interval.where),
                on_key=True,
                where=(ALERTMANAGER, interval.where),
                help=COPY_CONFIGURATION,
            )


def _global(verification: Verification, server: Alertmanager) -> Iterator[Deviation]:
    ours = _mapping(verification.documents[ALERTMANAGER].get("global"))
    theirs = _mapping(server.config.get("global"))
    differences = list(_unlike(ours, theirs, "global."))
    if "pagerduty_url" not in ours and theirs.get("pagerduty_url", USUAL.events) not in (USUAL.events, _SECRET):
        differences.append(f"global.pagerduty_url is {theirs['pagerduty_url']}")
    patterns = [verification.documents[ALERTMANAGER].get("templates"), server.config.get("templates")]
    if _normal(patterns[0]) is not None and not patterns[1]:
        differences.append("it loads no message templates")
    if differences:
        yield Deviation(
            code=LIV811.name,
            program="Alertmanager",
            server=server.url,
            said=f"it is set otherwise than the file says: {'; '.join(differences)}",
            route=_STACK,
            on_key=True,
            where=(ALERTMANAGER, ("global",)) if ours else None,
            help=COPY_CONFIGURATION,
        )


def _policy(verification: Verification, where: EntryPath) -> PolicyPath:
    return policy_route(verification.plan, verification.documents, ALERTMANAGER, where) or _STACK


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
