"""The tree of routes as people draw it: what Alertmanager asks, whom it tells, whom PagerDuty pages after whom.

It is read off the Behaviour, so a project's own template shows as it acts.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from generator.behaviour import timeline
from generator.policy.duration import write

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from generator.behaviour.alerts import SentAlert
    from generator.behaviour.behaviour import Behaviour
    from generator.diagnostics.diagnostic import EntryPath
    from generator.plan.plan import Plan
    from generator.policy.label_names import LabelNames
    from generator.policy.model import Policy
    from generator.upstream.alertmanager.match import RouteNode, Router

_NAMED = 3
"""So many alerts are named beside a route; of more, the number is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """A box of the drawing: its title, small lines below the title, and the boxes that it leads to."""

    kind: Literal["route", "message", "step"]
    title: str
    lines: tuple[str, ...] = ()
    children: tuple[Branch, ...] = ()


def whole(plan: Plan, behaviour: Behaviour, router: Router, sent: Iterable[SentAlert]) -> Branch:
    """Return the whole tree, with the names of the alerts that each route notifies about."""
    names_by_route: dict[EntryPath, set[str]] = defaultdict(set)
    for alert in sent:
        for node in router.routes_of(alert.labels):
            names_by_route[node.where].add(alert.rule.name)
    return _Tree(plan, behaviour, router.root, names_by_route).branch(router.root)


def folded(names: LabelNames, tree: Branch) -> Branch:
    """Return a small tree as it is; in a large one, merge sibling routes that differ only in names.

    What still leads to too many is cut, and says how many are left out.
    """
    return _folded(names.severity, tree) if _boxes(tree) > _MANY else tree


def of(plan: Plan, behaviour: Behaviour, router: Router, labels: Mapping[str, str]) -> Branch:
    """Return the part of the tree that an alert with these labels takes."""
    ends = router.routes_of(labels)
    return _Tree(plan, behaviour, router.root, {end.where: () for end in ends}).branch(_pruned(router.root, ends))


def _pruned(node: RouteNode, ends: Sequence[RouteNode]) -> RouteNode:
    """Return the node without the branches that lead to none of the nodes in `ends`."""
    kept = tuple(_pruned(child, ends) for child in node.children if _leads_to(child, ends))
    return replace(node, children=kept)


def _leads_to(node: RouteNode, ends: Sequence[RouteNode]) -> bool:
    return any(node is end for end in ends) or any(_leads_to(child, ends) for child in node.children)


_MANY = 150
"""So many boxes are drawn one by one."""
_MOST_BELOW = 40
"""Of a large tree, so many boxes are drawn below one."""
_DEMAND = re.compile(r"^(\w+)(=~|!~|!=|=)\"")


def _boxes(branch: Branch) -> int:
    return 1 + sum(map(_boxes, branch.children))


def _folded(severity: str, branch: Branch) -> Branch:
    alike: dict[object, list[Branch]] = defaultdict(list)
    for child in branch.children:
        alike[_shape(severity, child)].append(child)
    kept = [_one_of(severity, group) for group in alike.values()]
    left_out = len(kept) - _MOST_BELOW
    if left_out > 0:
        kept = [*kept[:_MOST_BELOW], Branch(kind="route", title=f"and {left_out:,} more", lines=("not drawn",))]
    return replace(branch, children=tuple(kept))


def _one_of(severity: str, group: list[Branch]) -> Branch:
    first = _folded(severity, group[0])
    if len(group) == 1:
        return first
    return replace(first, lines=(*first.lines, f"and {len(group) - 1:,} more like it, of other names"))


def _shape(severity: str, branch: Branch) -> object:
    """Return the key by which similar branches are merged: kind, labels and severity asked for, times, and children.

    A severity (the label of that name) is no mere name: what one is told at once another hears in the morning.
    """
    below = tuple(_shape(severity, child) for child in branch.children)
    if branch.kind != "route":
        return branch.kind, branch.lines, below
    demands = (_DEMAND.match(line) for line in branch.lines)
    asked = tuple(
        line if match[1] == severity else match[0] for match, line in zip(demands, branch.lines, strict=True) if match
    )
    return branch.kind, asked, below


@dataclass(frozen=True, slots=True)
class _Tree:
    plan: Plan
    behaviour: Behaviour
    root: RouteNode
    taken: Mapping[EntryPath, Iterable[str]]

    def branch(self, node: RouteNode) -> Branch:
        """Return the box of a route, with its child routes and what its receiver sends."""
        below = tuple(self.branch(child) for child in node.children)
        return Branch(
            kind="route",
            title=node.receiver if node.where != self.root.where else "Alertmanager",
            lines=tuple(self._lines_of(node)),
            # What has routes below it notifies only of what none of them takes: drawn last, as it is asked.
            children=(*below, *self._messages(node)),
        )

    def _lines_of(self, node: RouteNode) -> Iterator[str]:
        yield from map(str, node.matchers)
        if not node.matchers:
            yield "every alert" if node.where == self.root.where else "what none of the others took"
        if node.active or node.mute:
            yield "only in " + ", ".join(node.active) if node.active else "not in " + ", ".join(node.mute)
        names = sorted(self.taken.get(node.where, ()))
        if names:
            yield ", ".join(names) if len(names) <= _NAMED else f"{len(names)} alerts"
        if node.continues:
            yield "and goes on to the next"

    def _messages(self, node: RouteNode) -> Iterator[Branch]:
        if node.children and self.taken and node.where not in self.taken:
            return
        receiver = next((receiver for receiver in self.behaviour.receivers if receiver.name == node.receiver), None)
        times = (
            f"after {write(node.group_wait)}, then every {write(node.group_interval)} if something changed",
            f"again after {write(node.repeat_interval)}",
        )
        for integration in receiver.integrations if receiver else ():
            chain = timeline.chain_of(self.plan, integration)
            steps = timeline.steps_of(self.plan, self.behaviour, chain) if chain else ()
            yield Branch(
                kind="message",
                title=integration.kind.says(integration.settings),
                lines=times,
                children=_chained(self.plan.policy, tuple(steps)),
            )


def _chained(policy: Policy, steps: tuple[timeline.Step, ...]) -> tuple[Branch, ...]:
    """Return the first step of an escalation as a box that leads to the next one, and so on."""
    if not steps:
        return ()
    first, *later = steps
    title = timeline.responders_text(policy, first.responders)
    after = "at once" if not first.after else f"{write(first.after)} later"
    lines = (after, f"as {first.role}") if first.role else (after,)
    return (Branch(kind="step", title=title, lines=lines, children=_chained(policy, tuple(later))),)
