"""The rendered routes do with an alert that no rule sends what those of the policy do, and tell nobody twice.

Who is promised what of the policy's own alerts is for `routing`. Of all others an example is tried for each route of
either side, and where routes differ, examples beside it: with another value, or none, of each label that is asked for.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from generator.behaviour.documents import ALERTMANAGER
from generator.behaviour.verification import KEEP_TEMPLATE, Finding
from generator.checks.files import planned
from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, Level
from generator.diagnostics.wording import listed
from generator.system.unique import unique
from generator.upstream.alertmanager import re2
from generator.upstream.alertmanager.match import Router, every_node
from generator.upstream.promql import promql

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from generator.behaviour.verification import Verification
    from generator.diagnostics.diagnostic import EntryPath
    from generator.upstream.alertmanager.match import Matcher, RouteNode

RTE616 = Code(
    name="RTE616",
    title="Alert of others goes elsewhere than the policy says",
    meaning="The policy says where an alert goes that none of its rules sends: of another environment, of an unknown "
    "team, written by somebody else. The rendered routes send it to others. Compare your template with the packaged "
    "one; a route that is meant may stay: where nobody would be paged at all, RTE605 says so.",
)

RTE617 = Code(
    name="RTE617",
    title="Receiver is told twice",
    meaning="An alert reaches a receiver by more routes than the policy has for it, so that it is told each time. "
    "Compare your template with the packaged one.",
)

_OTHER = "other"
_MOST_VALUES = 50
_MOST_FINDINGS = 5
_NAME = "Unknown"


def check(verification: Verification) -> Iterator[Finding]:
    """RTE616: an alert that no rule sends goes elsewhere. RTE617: a receiver is told twice of one."""
    tree, root = planned.tree(verification.plan.root), verification.behaviour.root
    if _shape(tree) == _shape(root):
        return
    by_plan = Router(tree)
    yield from _twice(verification, by_plan)
    yield from _strangers(verification, by_plan)


def _shape(node: RouteNode) -> tuple[object, ...]:
    """Return what decides which alerts a route and those below it take, and at which hours."""
    silent = (node.active, node.mute)
    return (node.receiver, frozenset(node.matchers), node.continues, silent, tuple(map(_shape, node.children)))


# ------------------------------------------------------------------------------------------- told twice


def _twice(verification: Verification, by_plan: Router) -> Iterator[Finding]:
    ways = unique(
        (alert for one in verification.each for alert in one.alerts if alert.promised),
        lambda one: (id(one.nodes), one.severity),
    )
    told: set[EntryPath] = set()
    for alert in ways:
        allowed = Counter(node.receiver for node in by_plan.routes_of(alert.labels))
        for receiver, count in Counter(node.receiver for node in alert.nodes).items():
            where = [node.where for node in alert.nodes if node.receiver == receiver][-1]
            if count > max(allowed[receiver], 1) and where not in told and alert.promised:
                told.add(where)
                yield _finding(
                    RTE617.name,
                    f"{alert.promised.called} would be told to {receiver} by {count} routes",
                    alert.promised.route,
                    where,
                )


# ------------------------------------------------------------------------------------------- what no rule sends


class _Stranger(NamedTuple):
    """An alert that no rule sends, and who is told of it: by the policy's routes, and by those of the file."""

    labels: Mapping[str, str]
    by_plan: Sequence[RouteNode]
    by_file: Sequence[RouteNode]


def _strangers(verification: Verification, by_plan: Router) -> Iterator[Finding]:
    router = verification.router
    alerts = (alert for one in verification.each for alert in one.alerts)
    known = {(by_plan.key(one.labels), router.key(one.labels)) for one in alerts}
    others: list[_Stranger] = []
    told: set[object] = set()
    for labels in _examples(by_plan, router):
        if (by_plan.key(labels), router.key(labels)) in known:
            continue
        stranger = _Stranger(labels, by_plan.routes_of(labels), router.routes_of(labels))
        said, does = (set(_told(nodes)) for nodes in stranger[1:])
        # One fault is at many routes, and one route has it for many alerts.
        keys = {(frozenset(said - does), frozenset(does - said)), stranger.by_file[-1].where}
        if said != does and not keys & told:
            others.append(stranger)
            told |= keys
    for stranger in others[:_MOST_FINDINGS]:
        yield _elsewhere(stranger)


def _told(nodes: Iterable[RouteNode]) -> tuple[str, ...]:
    """Return who is told by some routes; which hours these are is for `hours`."""
    return tuple(
        f"{node.receiver}{' at some hours' * bool(node.active)}{', not at some hours' * bool(node.mute)}"
        for node in nodes
    )


def _elsewhere(stranger: _Stranger) -> Finding:
    said, does = (_told(nodes) for nodes in stranger[1:])
    shown = ", ".join(f"{name}={promql.quote(value)}" for name, value in sorted(stranger.labels.items()) if value)
    return _finding(
        RTE616.name,
        f"an alert that no rule sends, {{{shown}}}, would reach {listed(dict.fromkeys(does))}; "
        f"the policy says {listed(dict.fromkeys(said))}",
        stranger.by_plan[-1].where,
        stranger.by_file[-1].where,
    )


def _finding(code: str, message: str, route: EntryPath, where: EntryPath) -> Finding:
    diagnostic = Diagnostic(
        code=code, level=Level.WARNING, message=message, route=route, on_key=True, help=KEEP_TEMPLATE
    )
    return Finding(diagnostic=diagnostic, path=ALERTMANAGER, where=where)


# ------------------------------------------------------------------------------------------- examples


def _examples(*routers: Router) -> Iterator[Mapping[str, str]]:
    """Yield labels of an alert for each route of either tree, and others beside those by which the trees differ."""
    values = _values(routers)
    ways = [dict(_ways(router.root)) for router in routers]
    yield {"alertname": _NAME}
    for own, other in (ways, ways[::-1]):
        for way, matchers in own.items():
            labels = _labels(matchers, values)
            if labels is None:
                continue
            yield labels
            if way not in other:
                for label, some in values.items():
                    yield from ({**labels, label: value} for value in some)


def _ways(node: RouteNode, above: tuple[Matcher, ...] = ()) -> Iterator[tuple[object, tuple[Matcher, ...]]]:
    """Yield each route with the matchers on the way to it; a key says what it does and where it leads."""
    matchers = (*above, *node.matchers)
    yield (frozenset(matchers), node.receiver, node.continues, bool(node.active), bool(node.mute)), matchers
    for child in node.children:
        yield from _ways(child, matchers)


def _values(routers: Iterable[Router]) -> Mapping[str, tuple[str, ...]]:
    """Return the values that are asked for, by label; with one that is not, and none."""
    values: dict[str, dict[str, None]] = {}
    for router in routers:
        for node in every_node(router.root):
            for matcher in node.matchers:
                some = values.setdefault(matcher.label, {"": None, _OTHER: None})
                if len(some) < _MOST_VALUES:
                    is_list = matcher.operator in ("=~", "!~") and re2.is_list(matcher.value)
                    some.update(dict.fromkeys(matcher.value.split("|") if is_list else (matcher.value,)))
    return {label: tuple(some) for label, some in values.items()}


def _labels(matchers: Iterable[Matcher], values: Mapping[str, tuple[str, ...]]) -> Mapping[str, str] | None:
    """Return labels that suit the matchers; None where no value that is asked for does."""
    labels = {"alertname": _NAME}
    wanted: dict[str, list[Matcher]] = {}
    for matcher in matchers:
        wanted.setdefault(matcher.label, []).append(matcher)
    for label, some in wanted.items():
        fitting = (value for value in values[label] if all(matcher.accepts(value) for matcher in some))
        value = next(fitting, None)
        if value is None:
            return None
        labels[label] = value
    return labels
