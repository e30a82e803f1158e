"""What changed since another policy: the entries of `alertc diff`, with links to the lines of this one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from generator.diff import text
from generator.report.alerts import address

if TYPE_CHECKING:
    from collections.abc import Mapping

    from generator.diagnostics.diagnostic import Place, PolicyPath
    from generator.diff.changes import Changes, Entry, Facet

MOST = 100
"""At most this many changes are shown, the weaker first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change of one subject, or the same change of several."""

    heading: str
    place: str
    href: str
    facets: tuple[Facet, ...]
    example: str
    """Whose figures are shown, where they are not those of all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """Everything that changed, as the page shows it."""

    old: str
    summary: str
    weaker: int
    """How many changes make the promise weaker and are not accepted."""
    changes: tuple[Change, ...]
    left_out: int
    loads: tuple[tuple[str, str], ...]
    """A person's name, and how their load on call changes."""
    deploy: tuple[str, ...]
    notes: tuple[str, ...]


def changed(changes: Changes, places: Mapping[PolicyPath, Place], link: str) -> Changed:
    """Return what changed, for the page; `places` are those of the entries of the new policy."""
    unfit = (f"{acceptance.said}; {acceptance.help}" for acceptance in changes.unfit)
    return Changed(
        old=changes.old,
        summary=text.summary(changes),
        weaker=len(changes.unaccepted),
        changes=tuple(_change(entry, places, link) for entry in changes.entries[:MOST]),
        left_out=max(0, len(changes.entries) - MOST),
        loads=tuple((load.name, text.load_text(load)) for load in changes.loads),
        deploy=text.loading(changes.deploy),
        notes=(*changes.notes, *unfit),
    )


def _change(entry: Entry, places: Mapping[PolicyPath, Place], link: str) -> Change:
    at = text.place(entry, places)
    return Change(
        heading=text.heading(entry),
        place=text.where(entry, places),
        href=address(link, at.path, at.line) if at else "",
        facets=entry.facets,
        example=entry.example.name if entry.example else "",
    )
