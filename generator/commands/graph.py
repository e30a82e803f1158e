"""`alertc graph`: the tree of routes in Mermaid's language, whole or for one alert."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.behaviour import route_tree
from generator.commands.project import Outcome
from generator.commands.understood import chosen, understood

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.behaviour.route_tree import Branch
    from generator.commands.project import Project
    from generator.commands.understood import Asked


def graph(project: Project, asked: Asked) -> Outcome:
    """Return the flowchart of one alert where one is asked for, else of every route.

    Raises PolicyErrors where there is no policy to read, Unanswered where it does not compile, Unknown where it has no
    such alert.
    """
    known = understood(project)
    files = known.files
    if asked.alert or asked.labels:
        one, _ = chosen(files.alerts, asked)
        labels = {**(one.labels if one else {}), **asked.labels}
        tree = route_tree.of(files.plan, files.behaviour, files.router, labels)
    else:
        tree = route_tree.whole(files.plan, files.behaviour, files.router, files.alerts)
    return Outcome(diagnostics=known.notes, sources={}, lines=tuple(mermaid(tree)))


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
    """Return the text for a label in quotes. Mermaid writes character references with `#` in place of `&#`."""
    plain = " ".join(text.split())
    return "".join(one if one.isalnum() or one in " .,:;-_/()@+='!~" else f"#{ord(one)};" for one in plain)
