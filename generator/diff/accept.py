"""Which weaker changes the new policy accepts, with a reason that reviewers see, until a day."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from generator.diagnostics.suggest import did_you_mean
from generator.diagnostics.wording import listed
from generator.diff.changes import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from generator.diff.changes import Facet, Subject
    from generator.policy.model import Acceptance


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfit:
    """An acceptance without effect: it has expired, or nothing that it names gets weaker."""

    name: str
    why: str
    help: str
    expired: bool

    @property
    def said(self) -> str:
        """The problem as a sentence, without the help."""
        return f"accepts/{self.name} does nothing: {self.why}"


class Acceptances:
    """Marks accepted changes and keeps track of acceptances without effect."""

    def __init__(self, accepts: Mapping[str, Acceptance], today: date) -> None:
        self._in_force: dict[str, list[tuple[str, Acceptance]]] = {}
        self._expired = {name: acceptance for name, acceptance in accepts.items() if acceptance.until < today}
        self._unused = {name: acceptance for name, acceptance in accepts.items() if name not in self._expired}
        self._weaker: set[str] = set()
        for name, acceptance in self._unused.items():
            for entry in acceptance.weaker:
                self._in_force.setdefault(entry, []).append((name, acceptance))

    def marked(self, subject: Subject, facets: tuple[Facet, ...]) -> tuple[Facet, ...]:
        """Return the changes of a subject, the weaker ones marked with the acceptance that covers them."""
        accepting = next((named for entry in subject.entries for named in self._in_force.get(entry, ())), None)
        if not any(facet.verdict is Verdict.WEAKER for facet in facets):
            return facets
        if accepting is None:
            self._weaker.update(subject.entries)
            return facets
        name, acceptance = accepting
        self._unused.pop(name, None)
        note = f"accepted until {acceptance.until.isoformat()}: {acceptance.reason}"
        return tuple(replace(facet, accepted=note) if facet.verdict is Verdict.WEAKER else facet for facet in facets)

    def unfit(self) -> tuple[Unfit, ...]:
        """Return the acceptances without effect, by name."""
        unfit_acceptances = [
            Unfit(name=name, why=f"it counted until {acceptance.until.isoformat()}", help="remove it", expired=True)
            for name, acceptance in self._expired.items()
        ]
        unfit_acceptances += [
            Unfit(name=name, why="nothing that it names gets weaker", help=self._help_for(acceptance), expired=False)
            for name, acceptance in self._unused.items()
        ]
        return tuple(sorted(unfit_acceptances, key=lambda unfit: unfit.name))

    def _help_for(self, acceptance: Acceptance) -> str:
        """Return the help for an acceptance without effect: a weaker entry with a similar name, if any."""
        meant = (did_you_mean(entry, self._weaker) for entry in acceptance.weaker)
        names = [f"`{name}`" for name in dict.fromkeys(meant) if name]
        return f"did you mean {listed(names)}?" if names else "remove it"
