"""Which alerts a change is about: those whose rendered rule, or whose way, is not the one that was committed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator import programs
from generator.artifact import Artifact
from generator.behaviour import read_back
from generator.diagnostics import Unready
from generator.match import Router

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from generator.behaviour import Behaviour, Rule
    from generator.drill.conditions import Condition


def changed(out: Path, every: Iterable[Condition], behaviour: Behaviour, router: Router) -> Iterator[Condition]:
    """Yield the conditions whose rule, routes or receivers differ from those in the `out/` of git's HEAD.

    Raises Unready where git knows no such folder.
    """
    before = read_back(committed(out))
    rules = {_identity(rule): rule for rule in before.rules if not rule.records}
    routes = Router(before.root)
    for one in every:
        rule = rules.get(_identity(one.rule)) if one.rule else None
        if rule is None or _way(before, routes, rule, one) != _way(behaviour, router, one.rule, one):
            yield one


def committed(out: Path) -> tuple[Artifact, ...]:
    """Return the files of `out` as they stand in git's HEAD."""
    git = ("git", "-C", out.absolute().parent)
    listed = programs.run([*git, "ls-tree", "-r", "-z", "--name-only", "HEAD", "--", out.name])
    paths = [path for path in listed.stdout.split("\0") if path]
    if listed.code or not paths:
        said = listed.stderr.strip().partition("\n")[0] or "HEAD has no such folder"
        raise Unready(
            f"what changed cannot be told: git says of {out}: {said}",
            help="commit what was rendered once, or name the alerts",
        )
    asked = "".join(f"HEAD:./{path}\n" for path in paths)
    told = programs.run([*git, "cat-file", "--batch"], stdin=asked).stdout.encode()
    found, at = [], 0
    for path in paths:
        head, _, _ = told[at:].partition(b"\n")
        begin = at + len(head) + 1
        end = begin + int(head.split()[-1])
        found.append(Artifact(path=path.removeprefix(f"{out.name}/"), text=told[begin:end].decode()))
        at = end + 1
    return tuple(found)


def _identity(rule: Rule) -> object:
    return rule.name, frozenset(rule.labels.items())


def _way(behaviour: Behaviour, router: Router, rule: Rule | None, one: Condition) -> Any:
    """Return everything that an alert's way depends on, apart from where it stands in the files."""
    nodes = router.routes_of(one.labels)
    names = [node.receiver for node in nodes]
    receivers = [receiver for receiver in behaviour.receivers if receiver.name in names]
    return (
        rule and (rule.expr, rule.hold, rule.keep_firing, rule.interval, rule.labels, rule.annotations),
        [
            (
                node.receiver,
                node.matchers,
                node.group_by,
                node.group_wait,
                node.group_interval,
                node.repeat_interval,
                node.active,
                node.mute,
            )
            for node in nodes
        ],
        [(each.kind, each.settings, each.resolved) for receiver in receivers for each in receiver.integrations],
    )
