"""Which routes an alert can take where only its series know some of its labels: every way through the tree.

At a matcher that only the series can answer, both ways are followed, and what is assumed of that label is remembered on
each. So each label set that can be takes the routes of exactly one way, and each way comes with values under which it
is taken.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.system.record import record
from generator.system.unique import unique
from generator.upstream.alertmanager.values import Undecided, suits, witness

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from generator.upstream.alertmanager.match import Matcher, RouteNode, Router
    from generator.upstream.alertmanager.values import Limits

MOST_WAYS = 1_000
"""So many are followed before a question is left undecided."""


@record
class Way:
    """Routes that some label sets take."""

    nodes: tuple[RouteNode, ...]
    depends: Mapping[str, str]
    """An example of what takes it: the labels for which a route asked, "" for one that is not there."""
    values: Mapping[str, str]
    """The same with all others of which something is known."""


class Ways:
    """Answers which ways there are through one tree, for many rules in hardly more time than for one."""

    def __init__(self, router: Router) -> None:
        self._router = router
        self._known: dict[object, tuple[Way, ...]] = {}

    def of(self, fixed: Mapping[str, str], limits: Mapping[str, Limits], likely: str) -> tuple[Way, ...]:
        """Return the ways that differ in their routes, that of the `likely` value first where there is one.

        Of each label that the tree reads, its value is `fixed`, "" where it is not there, or there are `limits` to it.
        `likely` is the value to show of a label for which any will do. Raises Undecided.
        """
        if not limits:
            return (Way(nodes=self._router.routes_of(fixed), depends={}, values={}),)
        key = (self._router.answers(fixed), *limits.items(), likely)
        known = self._known.get(key)
        if known is None:
            # A rule whose series can have no value never fires, which is no matter of routes.
            able = {
                label: matchers if witness(matchers) is not None else frozenset() for label, matchers in limits.items()
            }
            walk = _Walk(self._router, fixed, able)
            ways = [_way(nodes, assumed, able, likely) for assumed, nodes in walk.ways({})]
            # A label that is as one would expect comes first.
            ways.sort(key=lambda way: sum(value != likely for value in way.depends.values()))
            known = self._known[key] = tuple(unique(ways, lambda way: tuple(map(id, way.nodes))))
        return known


def examples(old: Router, new: Router) -> Iterator[dict[str, str]]:
    """Yield a label set for each pair of ways through two trees that some label set takes; "" for a label it lacks.

    Raises Undecided where there are too many, after some.
    """
    anything: dict[str, Limits] = {label: frozenset() for label in {*old.reads, *new.reads}}
    before, after = _Walk(old, {}, anything), _Walk(new, {}, anything)
    for assumed, _ in before.ways({}):
        for both, _ in after.ways(assumed):
            yield {label: _example(label, matchers, "") for label, matchers in both.items()}


def _way(nodes: tuple[RouteNode, ...], assumed: _Assumed, limits: Mapping[str, Limits], likely: str) -> Way:
    known = {**limits, **assumed}
    values = {label: _example(label, matchers, likely) for label, matchers in known.items() if matchers}
    return Way(nodes=nodes, depends={label: values[label] for label in assumed}, values=values)


def _example(label: str, limits: Limits, likely: str) -> str:
    value = likely if suits(likely, limits) else witness(limits)
    if value is None:
        raise AssertionError(f"a way on which {label} has no value")
    return value


_Assumed = dict[str, "Limits"]
_Open = tuple[_Assumed, tuple["RouteNode", ...]]


class _Walk:
    """The walk of one rule's alerts through the tree, all ways at once."""

    def __init__(self, router: Router, fixed: Mapping[str, str], limits: Mapping[str, Limits]) -> None:
        self._router = router
        self._fixed = fixed
        self._limits = limits
        self._ways = 1

    def ways(self, assumed: _Assumed) -> Iterator[_Open]:
        """Yield what is assumed on each way of those on which that much is assumed, and its routes."""
        return self._through(self._router.root, assumed)

    def _through(self, node: RouteNode, assumed: _Assumed) -> Iterator[_Open]:
        """Yield the ways through a node and all below it; one without routes does not match it."""
        for after, accepted in self._asked(node.matchers, assumed):
            if accepted:
                yield from self._below(node, after)
            else:
                yield after, ()

    def _below(self, node: RouteNode, assumed: _Assumed) -> Iterator[_Open]:
        waiting: list[_Open] = [(assumed, ())]
        for child in self._router.candidates(node, self._fixed, others=True):
            still: list[_Open] = []
            for before, nodes in waiting:
                for after, below in self._through(child, before):
                    if below and not child.continues:
                        yield after, (*nodes, *below)
                    else:
                        still.append((after, (*nodes, *below)))
            waiting = still
            if not waiting:
                return
        for after, nodes in waiting:
            yield after, nodes or (node,)

    def _asked(self, matchers: Iterable[Matcher], assumed: _Assumed) -> Iterator[tuple[_Assumed, bool]]:
        """Yield each way of answering the matchers, and whether all accept on it."""
        for matcher in matchers:
            fixed = self._fixed.get(matcher.label)
            if fixed is not None:
                if matcher.accepts(fixed):
                    continue
                yield assumed, False
                return
            before = assumed.get(matcher.label, self._limits[matcher.label])
            accepting, refusing = before | {matcher}, before | {matcher.negated()}
            if witness(accepting) is None:
                yield assumed, False
                return
            if witness(refusing) is not None:
                self._divide()
                yield {**assumed, matcher.label: refusing}, False
                assumed = {**assumed, matcher.label: accepting}
        yield assumed, True

    def _divide(self) -> None:
        self._ways += 1
        if self._ways > MOST_WAYS:
            raise Undecided(f"more than {MOST_WAYS:,} ways")
