"""Label sets that no rule sends, and that the two trees of routes treat differently: other senders, other environments.

They are made from the matchers of both trees: for each way to a node a label set that takes it, and others that miss it
by one label. Where none of them shows a difference, one for each pair of ways through the two trees. So what is found
is real, and where nothing is found there is nothing, unless there are too many ways (`ways.MOST_WAYS`).
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from generator.diff import messages
from generator.diff.changes import Subject, Verdict
from generator.plan import of_others
from generator.policy.environments import names
from generator.upstream.alertmanager import re2
from generator.upstream.alertmanager.match import every_node
from generator.upstream.alertmanager.values import Undecided, suits, witness
from generator.upstream.alertmanager.ways import examples

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from generator.diff.changes import Facet
    from generator.diff.conduct import Conducts
    from generator.diff.sides import Pair
    from generator.upstream.alertmanager.match import Matcher, RouteNode, Router

OTHER = "another"
"""A value that no matcher names."""
_MOST = 5_000
"""Label sets that are tried."""
_WORD = re.compile(r"\w+")
_SAMPLES = ("a", "b", "0", " ", "a b", "\n", "\u00e9")
_WORDS = 8
"""Values that are tried of a list in a matcher."""


class UnknownAlerts:
    """Finds label sets that no rule sends and that the two routing trees treat differently."""

    def __init__(self, old: Conducts, new: Conducts) -> None:
        self._old = old
        self._new = new
        self._seen: set[tuple[object, object]] = set()

    def see(self, before: Mapping[str, str], after: Mapping[str, str]) -> None:
        """Note the labels of a compared alert: label sets with the same routes need no further report."""
        for was, now in ((before, after), (before, before), (after, after)):
            self._seen.add((self._old.way(was), self._new.way(now)))

    def changes(self, pair: Pair, reported: Iterable[Facet]) -> Iterator[tuple[Subject, tuple[Facet, ...]]]:
        """Yield label sets that reach different recipients, with changes that are not reported yet.

        Changes in `reported` are not repeated; nor are changes in how recipients are notified, where an alert of the
        policy has a change of the same kind.
        """
        known: set[object] = set()
        for change in reported:
            known |= {change.key, (change.kind, change.verdict)}
        if pair.old.behaviour.root == pair.new.behaviour.root and _receivers(pair):
            return
        promised = _promised(pair)
        here = _here(pair, probes(pair.old.behaviour.root, pair.new.behaviour.root))
        probed = tuple(self._changes(here, known, promised))
        # One is enough: of an edit that many label sets have to do with, a reviewer need not read all.
        every = _here(pair, every_way(pair.old.router, pair.new.router))
        yield from probed or islice(self._changes(every, known, promised), 1)

    def _changes(
        self,
        label_sets: Iterable[Mapping[str, str]],
        known: set[object],
        promised: Callable[[Mapping[str, str]], bool],
    ) -> Iterator[tuple[Subject, tuple[Facet, ...]]]:
        """Yield what is done otherwise with label sets, where that is not known yet."""
        for labels in label_sets:
            ways = (self._old.way(labels), self._new.way(labels))
            if ways in self._seen:
                continue
            self._seen.add(ways)
            differences = messages.facets(self._old.of(None, labels), self._new.of(None, labels), labels.__contains__)
            # Where others are told, how they are told does not matter.
            recipient_changes = [facet for facet in differences if facet.kind == "told"]
            how = [facet for facet in differences if (facet.kind, facet.verdict) not in known]
            new = [facet for facet in recipient_changes or how if facet.key not in known]
            # Who is told too is no answer without who is told no longer.
            new = recipient_changes if new and recipient_changes else new
            known.update(facet.key for facet in new)
            # Where the policy promises nothing for what it does not send, nothing of the promise gets weaker.
            facets = tuple(new if promised(labels) else (replace(facet, verdict=Verdict.DIFFERENT) for facet in new))
            if facets:
                shown = ", ".join(f"{name}={value}" for name, value in sorted(labels.items()) if value)
                yield Subject(kind="labels", name=shown or "no labels at all"), facets


def _here(pair: Pair, label_sets: Iterable[Mapping[str, str]]) -> Iterator[Mapping[str, str]]:
    """Yield the label sets but for those of an environment that has a comparison of its own."""
    old, new = pair.old.plan.policy, pair.new.plan.policy
    others = {*names(old)} & {*names(new)} - {new.environment}
    return (labels for labels in label_sets if labels.get(new.labels.environment) not in others)


def _promised(pair: Pair) -> Callable[[Mapping[str, str]], bool]:
    """Return what tells whether a policy says who is told of a label set: by `is`, `others`, or another `unrouted`."""
    policies = [side.plan.policy for side in (pair.old, pair.new) if side.own]
    unrouted = {policy.watch.unrouted for policy in policies}

    def promised(labels: Mapping[str, str]) -> bool:
        return len(unrouted) > 1 or any(of_others.sort_of(policy, labels) for policy in policies)

    return promised


def _receivers(pair: Pair) -> bool:
    return pair.old.behaviour.receivers == pair.new.behaviour.receivers


def every_way(old: Router, new: Router) -> Iterator[Mapping[str, str]]:
    """Yield a label set for each pair of ways through both trees, as far as they are followed."""
    with suppress(Undecided):
        yield from map(_present, examples(old, new))


def probes(old: RouteNode, new: RouteNode) -> Iterator[Mapping[str, str]]:
    """Yield label sets that take each path through both trees, and some that miss a path by one label."""
    values = _values(old, new)
    ways = [dict.fromkeys(_ways(root, ())) for root in (old, new)]
    # What is on one side alone comes first: of a large tree not everything is tried.
    apart = [way for here, there in (ways, ways[::-1]) for way in here if way not in there]
    seen: set[frozenset[tuple[str, str]]] = set()
    for way in dict.fromkeys((*apart, *ways[0], *ways[1])):
        for labels in _taking(way, values):
            key = frozenset(labels.items())
            if key not in seen:
                seen.add(key)
                yield labels
        if len(seen) >= _MOST:
            return


def _values(*roots: RouteNode) -> dict[str, list[str]]:
    """Return the values of each label that some matcher distinguishes, as far as its text shows them."""
    values: dict[str, dict[str, None]] = {}
    for root in roots:
        for node in every_node(root):
            for matcher in node.matchers:
                known = values.setdefault(matcher.label, {"": None, OTHER: None})
                known.update(dict.fromkeys(_named(matcher)))
    return {label: list(known) for label, known in values.items()}


def _named(matcher: Matcher) -> list[str]:
    if matcher.operator in ("=", "!="):
        return [matcher.value]
    if re2.is_list(matcher.value):
        return matcher.value.split("|")
    # What an expression matches is often near to the words in it.
    return [matcher.value, *_WORD.findall(matcher.value), *_SAMPLES]


def _taking(way: tuple[Matcher, ...], values: Mapping[str, list[str]]) -> Iterator[dict[str, str]]:
    """Yield label sets that take a path, and some that miss it by one label."""
    by_label: dict[str, list[Matcher]] = {}
    for matcher in way:
        by_label.setdefault(matcher.label, []).append(matcher)
    fitting = {label: _fitting(values[label], matchers) for label, matchers in by_label.items()}
    if not all(fitting.values()):
        return
    first = {label: fits[0] for label, fits in fitting.items()}
    yield _present(first)
    for label, fits in fitting.items():
        for rejected in fits[1:_WORDS]:
            yield _present({**first, label: rejected})
        others = [value for value in values[label] if value not in fits][:_WORDS]
        for value in dict.fromkeys((*others, *_nearly(by_label[label]))):
            yield _present({**first, label: value})


def _fitting(values: Iterable[str], matchers: Sequence[Matcher]) -> list[str]:
    """Return the values that all matchers on a label accept; where none does, one that is made for them."""
    fitting = [value for value in values if suits(value, matchers)]
    return fitting or list(_made_for(matchers))


def _nearly(matchers: Sequence[Matcher]) -> Iterator[str]:
    """Yield for each matcher a value that it rejects, and the others accept."""
    for number, matcher in enumerate(matchers):
        yield from _made_for([*matchers[:number], matcher.negated(), *matchers[number + 1 :]])


def _made_for(matchers: Sequence[Matcher]) -> Iterator[str]:
    try:
        value = witness(matchers)
    except (Undecided, ValueError):
        return
    if value is not None:
        yield value


def _present(labels: Mapping[str, str]) -> dict[str, str]:
    """Return the labels without empty ones, which Prometheus treats as absent."""
    return {label: value for label, value in labels.items() if value}


def _ways(node: RouteNode, above: tuple[Matcher, ...]) -> Iterator[tuple[Matcher, ...]]:
    way = (*above, *node.matchers)
    yield way
    for child in node.children:
        yield from _ways(child, way)
