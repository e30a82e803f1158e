"""`alertc graph`: the tree of routes as a drawing, whole or for one alert."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.behaviour import route_tree
from generator.commands.project import Outcome
from generator.commands.understood import chosen, understood
from generator.report import drawing

if TYPE_CHECKING:
    from generator.commands.project import Project
    from generator.commands.understood import Asked


def graph(project: Project, asked: Asked, form: str) -> Outcome:
    """Return the drawing in the form `mermaid` or `svg`: of one alert where one is asked for, else of every route.

    Raises PolicyErrors where there is no policy to read, Unanswered where it does not compile, Unknown where it has no
    such alert.
    """
    known = understood(project)
    files = known.files
    title = f"Who is told of {asked.alert or 'each alert'}"
    if asked.alert or asked.labels:
        one, _ = chosen(files.alerts, asked)
        labels = {**(one.labels if one else {}), **asked.labels}
        tree = route_tree.of(files.plan, files.behaviour, files.router, labels)
    else:
        tree = route_tree.whole(files.plan, files.behaviour, files.router, files.alerts)
    drawn = drawing.svg(tree, title) if form == "svg" else drawing.mermaid(tree)
    return Outcome(diagnostics=known.notes, sources={}, lines=tuple(drawn.rstrip("\n").split("\n")))
