"""The names of the labels that alertc sets: the one place that knows them.

All that writes, matches, groups or reads such a label takes its name from `Policy.labels`, so a policy may choose each
where its series, or the rules of others, already use other names.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelNames:
    """How the labels are called on alerts; each field is named as the label is where the policy chooses no name."""

    containment: str = "containment"
    duty: str = "duty"
    environment: str = "environment"
    escalation: str = "escalation"
    incident: str = "incident"
    page_each: str = "page_each"
    """The label that names by what an alert's incidents are told apart: `asset,market`. Paging routes read it."""
    service: str = "service"
    severity: str = "severity"
    team: str = "team"

    @property
    def names(self) -> Mapping[str, str]:
        """Return the name of each label, by what it is called where the policy chooses none."""
        return asdict(self)

    @property
    def chosen(self) -> Mapping[str, str]:
        """Return the names that differ from the usual ones."""
        return {usual: name for usual, name in self.names.items() if name != usual}

    def as_in(self, other: LabelNames) -> Mapping[str, str]:
        """Return the names that differ from those of another policy, with the names there."""
        pairs = zip(self.names.values(), other.names.values(), strict=True)
        return {own: name for own, name in pairs if own != name}

    @property
    def every_page(self) -> tuple[str, ...]:
        """Return the labels by which every incident is told apart."""
        return ("alertname", self.service)

    @property
    def pinned(self) -> tuple[str, ...]:
        """Return the labels that a rule sets to "" where it has no value for them, which removes the series' own.

        Alerts are routed, grouped or silenced by them: whoever runs an exporter does not decide who is paged.
        """
        return (self.containment, self.duty, self.incident, self.page_each)

    @property
    def promised_by(self) -> tuple[str, ...]:
        """Return the labels by which the policy promises receivers and incidents, beside the duty."""
        return (self.severity, self.escalation, self.containment, self.page_each)

    def told_apart_by(self, page_each: Iterable[str]) -> tuple[str, ...]:
        """Return the labels by which incidents are told apart beside those of every page, sorted."""
        return tuple(sorted({*page_each}.difference(self.every_page)))


USUAL = LabelNames()
"""The names where a policy chooses none."""
LABELS = tuple(one.name for one in fields(LabelNames))
"""The labels that alertc sets, by their usual names."""
