"""What differs between two policies, and whether the new one watches less well."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from generator.diagnostics.diagnostic import PolicyPath
    from generator.diff.accept import Unfit


class Verdict(Enum):
    """How a change affects the promise that people are notified."""

    WEAKER = "weaker"
    STRONGER = "stronger"
    DIFFERENT = "different"
    SAME = "same"

    @property
    def swapped(self) -> Verdict:
        """The verdict of the reverse change."""
        return _SWAPPED.get(self, self)


_SWAPPED = {Verdict.WEAKER: Verdict.STRONGER, Verdict.STRONGER: Verdict.WEAKER}


@dataclass(frozen=True, slots=True, kw_only=True)
class Facet:
    """One change. Changes with the same `key` are shown once, with all their subjects."""

    kind: str
    verdict: Verdict
    what: str
    """A sentence without the figures that are each alert's own. `{who}` in it stands for what `who` says."""
    why: str = ""
    """Why it has this verdict, where `what` does not say so."""
    who: str = ""
    """Shown where all subjects of the change have the same."""
    figures: tuple[str, ...] = ()
    """Lines with what is this alert's own."""
    accepted: str = ""
    """What the policy says of it where it accepts that something gets weaker."""
    weight: float = 0
    """Of several alerts with the same change, the figures of the heaviest are shown."""

    @property
    def key(self) -> tuple[object, ...]:
        """The key by which changes are grouped."""
        return self.kind, self.verdict, self.what, self.why, self.accepted

    @property
    def said(self) -> str:
        """The change as a sentence."""
        return self.what.replace("{who}", f" ({self.who})" if self.who else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What changed: an alert, person or duty, with its entries in the new (`route`) and the old policy."""

    kind: str
    name: str
    severity: str = ""
    service: str = ""
    route: PolicyPath | None = None
    old_route: PolicyPath | None = None
    under: tuple[str, ...] = ()
    """Entries of the policy that stand for it too: `services/ledger`."""

    @property
    def entries(self) -> tuple[str, ...]:
        """The entries by which `accepts` can name the subject, its own first."""
        routes = [route for route in (self.route, self.old_route) if route and len(route) > 1]
        return (*dict.fromkeys(f"{route[0]}/{route[1]}" for route in routes), *self.under)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """The changes that subjects share. Figures are those of `example`; None: all have the same."""

    subjects: tuple[Subject, ...]
    facets: tuple[Facet, ...]
    example: Subject | None

    @property
    def verdicts(self) -> frozenset[Verdict]:
        """The verdicts of the changes."""
        return frozenset(facet.verdict for facet in self.facets)


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """A person's average on-call load per week: hours, nights and week-ends."""

    person: str
    name: str
    before: tuple[float, float, float]
    after: tuple[float, float, float]


PROGRAMS = ("PagerDuty", "Alertmanager", "Prometheus")
"""Those that get new files, in the order in which it is usual to load them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deploy:
    """The side effects of loading the new files."""

    happens: tuple[str, ...]
    order: tuple[str, ...]
    """The programs that get new files, the first first; the other way round to go back."""
    folders: Mapping[str, str]
    """What a cluster is given for a program, by the program's name; nothing where servers read plain files."""
    rollback: str
    """With which files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """All differences between two policies, the weaker first."""

    old: str
    new: str
    entries: tuple[Entry, ...]
    loads: tuple[Load, ...]
    deploy: Deploy
    notes: tuple[str, ...]
    """What could not be compared as it should be, and why."""
    unfit: tuple[Unfit, ...]
    """Acceptances of the new policy that do nothing."""

    def of(self, verdict: Verdict) -> tuple[Facet, ...]:
        """Return the changes with this verdict, without duplicates."""
        return tuple(facet for entry in self.entries for facet in entry.facets if facet.verdict is verdict)

    @property
    def unaccepted(self) -> tuple[Facet, ...]:
        """The weaker changes without an acceptance."""
        return tuple(facet for facet in self.of(Verdict.WEAKER) if not facet.accepted)

    @property
    def pages_alike(self) -> bool:
        """Whether paging is unchanged."""
        return all(facet.verdict is Verdict.SAME for entry in self.entries for facet in entry.facets)
