"""Routes that no alert takes and receivers that no route names: they do nothing, or hide that a matcher is wrong."""

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress
from itertools import accumulate
from typing import TYPE_CHECKING

from generator.behaviour.documents import ALERTMANAGER
from generator.behaviour.verification import Finding
from generator.checks.files import of_others
from generator.checks.files.catch_all import unknown_alerts
from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, Level
from generator.diagnostics.wording import first_of_routes, listed, shortened
from generator.plan.of_others import sorts
from generator.upstream.alertmanager.match import every_node, matches
from generator.upstream.alertmanager.values import Undecided
from generator.upstream.alertmanager.ways import Ways

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.behaviour.alerts import SentAlert
    from generator.behaviour.verification import Verification
    from generator.diagnostics.diagnostic import EntryPath
    from generator.upstream.alertmanager.match import Matcher, RouteNode

RTE611 = Code(
    name="RTE611",
    title="Route that no alert takes",
    meaning="The route does nothing, or its matchers are wrong. The note says whether a matcher fits no alert "
    "or an earlier route takes the alerts: correct the matcher, move the route, or remove it.",
)

RTE612 = Code(
    name="RTE612",
    title="Receiver that no route names",
    meaning="The receiver never gets a notification. Remove it, or add a route to it.",
)

_SHOWN = 5
_MOST = 20
"""Idle routes that are explained: each is held against all alerts."""


def check(verification: Verification) -> Iterator[Finding]:
    """RTE611: no alert takes the route. RTE612: no route uses the receiver."""
    root = verification.behaviour.root
    ways = {id(alert.nodes): alert.nodes for one in verification.each for alert in one.alerts}
    taken = {id(node) for nodes in ways.values() for node in nodes}
    taken |= {
        id(node)
        for plan in verification.plan.each
        for alert in unknown_alerts(plan)
        for node in verification.router.routes_of(alert.labels)
    }
    taken |= {id(node) for node in _of_others(verification)}
    idle = [node for node in every_node(root) if not node.children and id(node) not in taken]
    alike: dict[object, list[RouteNode]] = defaultdict(list)
    for node in idle[:_MOST]:
        taker = _taker(verification, node)
        alike[id(node) if taker is None else id(taker.nodes[-1])].append(node)
    for first, *others in alike.values():
        yield _idle_route(verification, first, len(others))
    rest = idle[_MOST:]
    if rest:
        message = f"no alert of the rules takes {len(rest):,} more routes"
        yield _warning(RTE611.name, message, rest[0].where, ("this is the first of them",), "correct those above first")
    used = {node.receiver for node in every_node(root)}
    for receiver in verification.behaviour.receivers:
        if receiver.name not in used:
            message = f"no route sends to the receiver {receiver.name}"
            yield _warning(RTE612.name, message, receiver.where, (), "remove it, or add the route")


def _of_others(verification: Verification) -> Iterator[RouteNode]:
    walk = Ways(verification.router)
    for sort in (sort for plan in verification.plan.each for sort in sorts(plan.policy)):
        with suppress(Undecided):  # which `of_others` says
            for way in of_others.ways(verification.plan.policy.labels, walk, verification.router, sort):
                yield from way.nodes


def _taker(verification: Verification, node: RouteNode) -> SentAlert | None:
    """Return an alert that matches but goes elsewhere, best one of the author's own; None where none matches."""
    matchers = _on_the_way(verification.behaviour.root, node.where)
    alerts = (alert for one in verification.each for alert in one.alerts)
    matching = (alert for alert in alerts if matches(matchers, alert.labels))
    return min(matching, key=lambda alert: "duty" in alert.labels, default=None)


def _idle_route(verification: Verification, node: RouteNode, others: int) -> Finding:
    """Return the finding about a route and so many others behind the same route."""
    message = f"no alert of the rules takes the route to {node.receiver}"
    matchers = _on_the_way(verification.behaviour.root, node.where)
    alert = _taker(verification, node)
    if alert is not None:
        before = alert.nodes[-1].receiver
        note = f"{alert.rule.name} matches, but the route to {before} takes it before and does not continue"
        more = first_of_routes(others + 1)
        help = f"move it before the route to {before}, write `continue: true` there, or remove the route"
        return _warning(RTE611.name, message, node.where, (note, *more), help)
    for matcher in matchers:
        values = {alert.labels.get(matcher.label, "") for one in verification.each for alert in one.alerts}
        if not any(map(matcher.accepts, values)):
            note = f"no alert has {matcher}; {_values(matcher.label, values)}"
            return _warning(RTE611.name, message, node.where, (note,), "correct this matcher, or remove the route")
    note = f"each matcher fits some alert, but no alert fits all: {', '.join(map(str, matchers))}"
    return _warning(RTE611.name, message, node.where, (note,), "correct the matchers, or remove the route")


def _on_the_way(root: RouteNode, where: EntryPath) -> tuple[Matcher, ...]:
    """Return the matchers of every node from the root down to `where`."""
    prefixes = set(accumulate(((step,) for step in where), lambda before, step: before + step))
    return tuple(matcher for node in every_node(root) if node.where in prefixes for matcher in node.matchers)


def _values(label: str, values: set[str]) -> str:
    known = sorted(values - {""})
    if not known:
        return f"none has the label {label}"
    return f"{label} is {listed(shortened(known, _SHOWN))}"


def _warning(code: str, message: str, where: EntryPath, notes: tuple[str, ...], help: str) -> Finding:
    diagnostic = Diagnostic(code=code, level=Level.WARNING, message=message, notes=notes, help=help)
    return Finding(diagnostic=diagnostic, path=ALERTMANAGER, where=where)
