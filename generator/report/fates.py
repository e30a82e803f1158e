"""What becomes of alerts, for people who decide: in four words, and with which labels of their series."""

from __future__ import annotations

from collections import Counter, defaultdict
from enum import Enum
from typing import TYPE_CHECKING

from generator.audit import said
from generator.system.record import record

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from generator.audit.judge import Verdict

NAMES = 300
"""At most this many alerts are named in one place."""
DECISIONS = 40
"""At most this many decisions are shown of urgent alerts, and of others."""
_OUTCOMES, _CONDITIONS = 12, 6
"""At most this many of a decision are shown, and conditions of an outcome."""


class Fate(Enum):
    """What becomes of the alerts of a rule; the value is what one is said to do."""

    PAGES = "always pages"
    DEPENDS = "its series decide"
    UNPAGED = "is told, pages nobody"
    NOBODY = "reaches nobody"

    @property
    def word(self) -> str:
        """The name by which the style knows it."""
        return self.name.lower()


def fate(verdict: Verdict) -> Fate:
    """Return what becomes of the alerts of a rule."""
    if verdict.undecided or len({(bool(way.told), way.pages) for way in verdict.ways}) > 1:
        return Fate.DEPENDS
    way = verdict.ways[0]
    return Fate.PAGES if way.pages else Fate.UNPAGED if way.told else Fate.NOBODY


@record
class Counts:
    """How many alerts there are, and what becomes of how many."""

    alerts: int
    fates: Mapping[Fate, int]

    def bar(self) -> Iterator[tuple[Fate, int, int]]:
        """Yield each fate with where its part of a bar of 1,000 begins, and how long that is."""
        begin = 0
        for fate in Fate:
            end = begin + self.fates[fate]
            if end > begin:
                x = begin * 1000 // self.alerts
                yield fate, x, end * 1000 // self.alerts - x
            begin = end


def counts(verdicts: Sequence[Verdict]) -> Counts:
    """Return what becomes of how many of these alerts."""
    return Counts(alerts=len(verdicts), fates=Counter(map(fate, verdicts)))


@record
class Names:
    """The names of alerts, each once; `left_out` more are not shown."""

    shown: tuple[str, ...]
    left_out: int

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.shown) + self.left_out


def names(verdicts: Iterable[Verdict]) -> Names:
    """Return the names of alerts in their order."""
    unique = tuple(dict.fromkeys(verdict.name for verdict in verdicts))
    return Names(shown=unique[:NAMES], left_out=len(unique) - len(unique[:NAMES]))


@record
class Outcome:
    """Who is told with some labels; `more` conditions are not shown."""

    told: str
    pages: bool
    conditions: tuple[str, ...]
    more: int

    @property
    def nobody(self) -> bool:
        """Whether nobody is told."""
        return self.told == said.NOBODY


@record
class Decision:
    """Alerts of one severity of which the same labels decide who is told; `more` outcomes are not shown."""

    number: int
    severity: str
    urgent: bool
    fate: Fate
    alerts: int
    names: Names
    outcomes: tuple[Outcome, ...]
    more: int


@record
class Decisions:
    """What only the series decide, what concerns most alerts first."""

    pages: tuple[Decision, ...]
    """Whether urgent alerts page."""
    others: tuple[Decision, ...]
    left_out: int
    """Alerts whose decision is not shown."""
    of: Mapping[int, int]
    """The number of the decision by the `id` of a verdict."""


def decisions(verdicts: Sequence[Verdict]) -> Decisions:
    """Return the alerts that go one way or another, those in one decision that depend on the same labels alike."""
    groups: dict[tuple[object, ...], list[Verdict]] = defaultdict(list)
    for verdict in verdicts:
        if not verdict.certain:
            ways = tuple((said.receivers(way), *way.alert.depends.items()) for way in verdict.ways)
            groups[verdict.severity, ways].append(verdict)
    largest = sorted(groups.values(), key=lambda group: -len(group))
    pages = [group for group in largest if _is_serious(group[0])][:DECISIONS]
    others = sorted((group for group in largest if not _is_serious(group[0])), key=lambda group: not group[0].urgent)[
        :DECISIONS
    ]
    shown = [*pages, *others]
    made = tuple(_decision(number, group) for number, group in enumerate(shown, 1))
    return Decisions(
        pages=made[: len(pages)],
        others=made[len(pages) :],
        left_out=sum(map(len, largest)) - sum(map(len, shown)),
        of={id(verdict): number for number, group in enumerate(shown, 1) for verdict in group},
    )


def _is_serious(verdict: Verdict) -> bool:
    return verdict.urgent and fate(verdict) is Fate.DEPENDS


def _decision(number: int, group: Sequence[Verdict]) -> Decision:
    first = group[0]
    outcomes: dict[tuple[str, bool], dict[str, None]] = defaultdict(dict)
    for way in first.ways:
        outcomes[said.receivers(way), way.pages][way.distinction] = None
    worst_first = sorted(outcomes.items(), key=lambda pair: (pair[0][0] != said.NOBODY, pair[0][1]))
    return Decision(
        number=number,
        severity=first.severity,
        urgent=first.urgent,
        fate=fate(first),
        alerts=len(group),
        names=names(group),
        outcomes=tuple(
            Outcome(
                told=told,
                pages=pages,
                conditions=tuple(conditions)[:_CONDITIONS],
                more=max(0, len(conditions) - _CONDITIONS),
            )
            for (told, pages), conditions in worst_first[:_OUTCOMES]
        ),
        more=max(0, len(worst_first) - _OUTCOMES),
    )
