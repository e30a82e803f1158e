"""Findings about the tree: routes that nothing takes, receivers that nothing reaches, repeats that do not come."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING

from generator.audit.shared import finding
from generator.behaviour.clock import longest_gap
from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Level
from generator.diagnostics.wording import first_few, first_of_routes
from generator.policy import duration
from generator.upstream.alertmanager.match import every_node
from generator.upstream.alertmanager.values import may_be

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from generator.audit.judge import Verdict
    from generator.audit.shared import Case
    from generator.diagnostics.diagnostic import Diagnostic
    from generator.upstream.alertmanager.match import Matcher, RouteNode
    from generator.upstream.alertmanager.values import Limits

AUD920 = Code(
    name="AUD920",
    title="Route that no alert can take",
    meaning="An earlier route takes every alert that matches this one and does not continue, or the matchers "
    "contradict each other. Move the route before the other one, or write `continue: true` there.",
)

AUD921 = Code(
    name="AUD921",
    title="Route that no alert of these rules takes",
    meaning="No alert of the rules that were read can take the route. It may be for alerts of other rules; else its "
    "matchers are wrong, or it is left over.",
)

AUD922 = Code(
    name="AUD922",
    title="Receiver that no route names",
    meaning="The receiver never gets a notification. Remove it, or add a route to it.",
)

AUD923 = Code(
    name="AUD923",
    title="Repeat comes later than it is written",
    meaning="Alertmanager repeats only on a tick of `group_interval`, once more than `repeat_interval` has passed, and "
    "what was told longer ago than its `--data.retention` (120h unless set) is told again. Let `group_interval` divide "
    "`repeat_interval`, and be less than it.",
)

_NAMED = 8
_RETENTION = timedelta(hours=120)
_MUCH = 1.5
"""So many times as long as written a repeat must be to be told."""


def check(verdicts: Iterable[Verdict], case: Case) -> Iterator[Diagnostic]:
    """AUD920 to AUD923: routes, receivers and repeats that are not what they seem."""
    root = case.configuration.behaviour.root
    nodes = tuple(every_node(root))
    dead = tuple(_dead(root, {}))
    for node, why in dead:
        yield finding(
            AUD920.name,
            Level.WARNING,
            f"no alert can take the route to {node.receiver}: {why}",
            case.configuration.place(node.where),
            notes=(f"it asks for {', '.join(map(str, node.matchers)) or 'nothing'}",),
            help="correct the matchers, or remove it"
            if why.startswith("no ")
            else "move it before the other route, write `continue: true` there, or remove it",
        )
    gone = {id(below) for node, _ in dead for below in every_node(node)}
    yield from _idle(verdicts, case, nodes, gone)
    yield from _unused(case, nodes)
    yield from _repeats(case, nodes)


# ------------------------------------------------------------------------------------------- routes


def _dead(node: RouteNode, above: Mapping[str, Limits]) -> Iterator[tuple[RouteNode, str]]:
    """Yield each route below a node that no label set can take, and why; `above` is what the way down asks for."""
    demanded: dict[tuple[str, str], list[RouteNode]] = defaultdict(list)
    others: list[RouteNode] = []
    often = Counter(matcher for child in node.children for matcher in child.matchers)
    for child in node.children:
        limits = dict(above)
        for matcher in child.matchers:
            limits[matcher.label] = limits.get(matcher.label, frozenset()) | {matcher}
        why = _contradicts(limits)
        if why is None:
            # Of thousands of siblings only those count that demand no value, or one that this route demands, too.
            fixed = {(matcher.label, matcher.value) for each in limits.values() for matcher in each if _fixes(matcher)}
            before = [*others, *(sibling for key in fixed for sibling in demanded.get(key, ()))]
            taker = next((sibling for sibling in before if _takes_all(sibling, limits)), None)
            why = f"an earlier route, to {taker.receiver}, takes it all" if taker else None
        if why:
            yield child, why
        else:
            yield from _dead(child, limits)
        if not child.continues:
            rarest = min(filter(_fixes, child.matchers), key=often.__getitem__, default=None)
            (demanded[rarest.label, rarest.value] if rarest else others).append(child)


def _contradicts(limits: Mapping[str, Limits]) -> str | None:
    for label, matchers in limits.items():
        if not may_be(matchers):
            return f"no value of {label} suits {' and '.join(sorted(map(str, matchers)))}"
    return None


def _fixes(matcher: Matcher) -> bool:
    return matcher.operator == "="


def _takes_all(route: RouteNode, limits: Mapping[str, Limits]) -> bool:
    return all(not may_be(limits.get(matcher.label, frozenset()) | {matcher.negated()}) for matcher in route.matchers)


def _idle(
    verdicts: Iterable[Verdict], case: Case, nodes: Sequence[RouteNode], dead: Iterable[int]
) -> Iterator[Diagnostic]:
    taken: set[int] = set(dead)
    lists: set[int] = set()
    for verdict in verdicts:
        if verdict.undecided:
            return
        for way in verdict.ways:
            if id(way.alert.nodes) not in lists:
                lists.add(id(way.alert.nodes))
                taken.update(map(id, way.alert.nodes))
    idle = [node for node in nodes if not node.children and id(node) not in taken and node.matchers]
    if idle:
        asked = [f"{node.receiver} ({', '.join(map(str, node.matchers))})" for node in idle]
        yield finding(
            AUD921.name,
            Level.NOTE,
            f"no alert of these rules takes {len(idle):,} of {len(nodes) - 1:,} routes",
            case.configuration.place(idle[0].where),
            notes=(f"to {first_few(asked, _NAMED)}",),
            help="they may be for alerts of other rules: give all rules with --rules",
        )


def _unused(case: Case, nodes: Iterable[RouteNode]) -> Iterator[Diagnostic]:
    used = {node.receiver for node in nodes}
    unused = [receiver for receiver in case.configuration.behaviour.receivers if receiver.name not in used]
    if unused:
        yield finding(
            AUD922.name,
            Level.WARNING,
            f"no route sends to {first_few([receiver.name for receiver in unused], _NAMED)}",
            case.configuration.place(unused[0].where),
            help="remove it, or add a route to it",
        )


# ------------------------------------------------------------------------------------------- repeats


def _repeats(case: Case, nodes: Iterable[RouteNode]) -> Iterator[Diagnostic]:
    faults: dict[str, list[RouteNode]] = defaultdict(list)
    for node in nodes:
        integrations = case.judge.tells(node.receiver)
        why = _why_late(node) if integrations else None
        if why:
            faults[why].append(node)
    for why, late in faults.items():
        receivers = list(dict.fromkeys(node.receiver for node in late))
        yield finding(
            AUD923.name,
            Level.WARNING,
            f"a message to {first_few(receivers, _NAMED)} {why}",
            case.configuration.place(late[0].where),
            notes=first_of_routes(len(late)),
            help="let `group_interval` divide `repeat_interval`, and be less than it",
        )


def _why_late(node: RouteNode) -> str | None:
    written, tick = duration.write(node.repeat_interval), duration.write(node.group_interval)
    gap = longest_gap(node)
    if gap > node.repeat_interval * _MUCH:
        return f"is repeated every {duration.write(gap)}, not every {written}: only on a tick of {tick}"
    if node.repeat_interval > _RETENTION:
        return f"is repeated every 120h, not every {written}: Alertmanager remembers no longer by default"
    return None
