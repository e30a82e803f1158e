"""`alertc graph`: the tree of routes in Mermaid's language, whole or for one alert."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.behaviour import route_tree
from generator.commands.analysis import analyse, choose
from generator.commands.project import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.behaviour.route_tree import Branch
    from generator.commands.analysis import Query
    from generator.commands.project import Project


def graph(project: Project, query: Query) -> Outcome:
    """Return the flowchart of one alert where the query names one, else of all routes.

    Raises PolicyErrors where there is no policy to read, Unanswered where it does not compile, Unknown where it has no
    such alert.
    """
    analysis = analyse(project, query.environment)
    files = analysis.meant(query)
    if query.alert or query.labels:
        alert, _ = choose(files.plan.policy.labels, files.alerts, query)
        labels = {**(alert.labels if alert else {}), **query.labels}
        tree = route_tree.of(files.plan, files.behaviour, files.router, labels)
    else:
        tree = route_tree.whole(files.plan, files.behaviour, files.router, files.alerts)
    return Outcome(diagnostics=analysis.notes, sources={}, lines=tuple(mermaid(tree)))


_SHAPES = {"route": ('["', '"]'), "message": ('(["', '"])'), "step": ('("', '")')}


def mermaid(tree: Branch) -> Iterator[str]:
    """Yield the lines of a flowchart in Mermaid's language, which GitHub, GitLab and many editors draw."""
    yield "flowchart LR"
    yield from _flow(tree, "n")


def _flow(branch: Branch, name: str) -> Iterator[str]:
    opens, closes = _SHAPES[branch.kind]
    text = "<br/>".join((f"<b>{entities(branch.title)}</b>", *map(entities, branch.lines)))
    yield f"    {name}{opens}{text}{closes}"
    for number, child in enumerate(branch.children):
        below = f"{name}_{number}"
        yield from _flow(child, below)
        yield f"    {name} --> {below}"


def entities(text: str) -> str:
    """Return text escaped for a quoted label; Mermaid writes character references with `#` in place of `&#`."""
    plain = " ".join(text.split())
    return "".join(
        character if character.isalnum() or character in " .,:;-_/()@+='!~" else f"#{ord(character)};"
        for character in plain
    )
