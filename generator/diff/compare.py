"""What differs between two sides, alert by alert, then for people, duties and what the whole policy shares."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from generator.diff import alerts, common, silence
from generator.diff.changes import Changes, Deploy, Entry, Facet, Subject, Verdict
from generator.diff.conduct import Conducts
from generator.diff.pairing import paired

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from generator.diff.sides import Pair

_ORDER = tuple(Verdict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What changed for one subject."""

    subject: Subject
    facets: tuple[Facet, ...]


def compare(pair: Pair, notes: tuple[str, ...] = ()) -> Changes:
    """Return all that differs between the two sides."""
    found = [*_of_alerts(pair), *(Change(subject=one, facets=facets) for one, facets in common.changes(pair))]
    return Changes(
        old=pair.old.name,
        new=pair.new.name,
        entries=grouped(found),
        loads=(),
        deploy=Deploy(happens=(), order=(), rollback=()),
        notes=notes,
    )


def _of_alerts(pair: Pair) -> Iterator[Change]:
    old, new = Conducts(pair.old), Conducts(pair.new)
    silences = silence.Silences(pair.old.behaviour.inhibitions, pair.new.behaviour.inhibitions)
    for one in paired(pair, old, new):
        facets = alerts.facets(one, old, new, silences)
        if facets:
            yield Change(subject=one.subject, facets=facets)


def grouped(changes: Iterable[Change]) -> tuple[Entry, ...]:
    """Return the changes, those that are the same for several subjects together, what is weaker first."""
    groups: dict[tuple[object, ...], list[Change]] = defaultdict(list)
    for change in changes:
        groups[change.subject.kind, tuple(facet.key for facet in change.facets)].append(change)
    entries = [_entry(group) for group in groups.values()]
    return tuple(sorted(entries, key=_rank))


def _entry(group: list[Change]) -> Entry:
    heaviest = max(group, key=lambda change: max(facet.weight for facet in change.facets))
    return Entry(subjects=tuple(change.subject for change in group), facets=heaviest.facets, example=heaviest.subject)


def _rank(entry: Entry) -> tuple[object, ...]:
    worst = min(_ORDER.index(verdict) for verdict in entry.verdicts)
    first = entry.subjects[0]
    return worst, first.kind != "alert", first.severity, first.name, first.service
