"""What differs between two sides, alert by alert, then for people, duties and what the whole policy shares."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from generator.diff import alerts, common, deploy, environments, load, silence, unknown_alerts
from generator.diff.accept import Acceptances
from generator.diff.changes import Changes, Entry, Facet, Subject, Verdict
from generator.diff.conduct import Conducts
from generator.diff.pairing import paired
from generator.policy.model import Responder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import date

    from generator.diff.pairing import Match
    from generator.diff.sides import Pair

_ORDER = tuple(Verdict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """The changes of one subject."""

    subject: Subject
    facets: tuple[Facet, ...]


def compare(pair: Pair, today: date, notes: tuple[str, ...] = ()) -> Changes:
    """Return all differences between the two sides; `today` decides which acceptances are in force."""
    elsewhere = {one.environment: _Environment(one, today) for one in pair.elsewhere}
    first = _Environment(pair, today)
    changes = first.changes(elsewhere.values())
    deploys = {name: one.rollout.result(pair.old.name) for name, one in {pair.environment: first, **elsewhere}.items()}
    if pair.elsewhere or pair.removed or pair.added:
        found = {pair.environment: changes} | {name: list(one.found) for name, one in elsewhere.items()}
        each = {name: [(change.subject, change.facets) for change in some] for name, some in found.items()}
        beside = (*environments.merged(each), *environments.of_one_side(pair.removed, pair.added))
        changes = [Change(subject=subject, facets=facets) for subject, facets in beside]
    accepts = pair.new.plan.policy.accepts if pair.new.own else {}
    weaker = {name: acceptance for name, acceptance in accepts.items() if acceptance.weaker}
    acceptances = Acceptances(weaker, today)
    changes = [replace(change, facets=acceptances.marked(change.subject, change.facets)) for change in changes]
    return Changes(
        old=pair.old.name,
        new=pair.new.name,
        entries=grouped(changes),
        loads=load.loads(pair),
        deploy=environments.loading(deploys),
        notes=notes,
        unfit=acceptances.unfit(),
    )


class _Environment:
    """The differences in one environment, and what loading does there."""

    def __init__(self, pair: Pair, today: date) -> None:
        self._pair = pair
        self._old, self._new = (
            Conducts(pair.old, names=pair.new.plan.policy.labels),
            Conducts(pair.new, _known_as(pair)),
        )
        before = (silence.called(one, self._old.called) for one in pair.old.behaviour.inhibitions)
        silences = silence.Silences(self._new.names, before, pair.new.behaviour.inhibitions)
        sides = alerts.Sides(old=self._old, new=self._new, silences=silences)
        self.rollout = deploy.Rollout(pair, sides)
        self.sent: list[tuple[Mapping[str, str], Mapping[str, str]]] = []
        of_alerts = tuple(_of_alerts(paired(pair, self._old, self._new), sides, self.rollout, self.sent))
        beside = (Change(subject=subject, facets=facets) for subject, facets in common.changes(pair, today))
        self._of_alerts = of_alerts
        self.found: tuple[Change, ...] = (*of_alerts, *beside)

    def changes(self, elsewhere: Iterable[_Environment]) -> list[Change]:
        """Return the differences, and those of alerts that no rule of any environment sends."""
        if self._old.called:
            return [*self.found]  # it is said that what has the old names goes where unknown alerts go
        others = unknown_alerts.UnknownAlerts(self._old, self._new)
        for one in (self, *elsewhere):
            for before, after in one.sent:
                others.see(before, after)
        reported = [facet for change in self._of_alerts for facet in change.facets]
        unknown = others.changes(self._pair, reported)
        return [*self.found, *(Change(subject=subject, facets=facets) for subject, facets in unknown)]


def _of_alerts(
    matches: Iterable[Match],
    sides: alerts.Sides,
    rollout: deploy.Rollout,
    sent: list[tuple[Mapping[str, str], Mapping[str, str]]],
) -> Iterator[Change]:
    """Yield the changes of each alert; an alert about other alerts shows only changes that those do not have.

    The labels of all, old and new, are added to `sent`.
    """
    reported: set[tuple[str, str, Verdict]] = set()
    watchers: list[Match] = []
    for match in matches:
        rollout.see(match)
        sent.extend(match.sent)
        if match.watches:
            watchers.append(match)
            continue
        facets = alerts.facets(match, sides)
        reported.update((match.subject.severity, facet.kind, facet.verdict) for facet in facets)
        if facets:
            yield Change(subject=match.subject, facets=facets)
    for match in watchers:
        facets = tuple(
            facet
            for facet in alerts.facets(match, sides)
            if (match.subject.severity, facet.kind, facet.verdict) not in reported
        )
        if facets:
            yield Change(subject=match.subject, facets=facets)


def _known_as(pair: Pair) -> dict[Responder, Responder]:
    """Return the old name of each renamed person and schedule, by the new one."""
    if not (pair.old.own and pair.new.own):
        return {}
    old, new = pair.old.plan, pair.new.plan
    schedules = common.renamed_schedules(old, new)
    names = {person.email: name for name, person in old.policy.people.items()}
    people = {name: names[person.email] for name, person in new.policy.people.items() if person.email in names}
    return {Responder("schedule", name): Responder("schedule", was) for name, was in schedules.items()} | {
        Responder("person", name): Responder("person", was) for name, was in people.items()
    }


def grouped(changes: Iterable[Change]) -> tuple[Entry, ...]:
    """Return the changes grouped by subjects that share them, the weaker first."""
    groups: dict[tuple[object, ...], list[Change]] = defaultdict(list)
    for change in changes:
        groups[change.subject.kind, tuple(facet.key for facet in change.facets)].append(change)
    entries = [_entry(group) for group in groups.values()]
    return tuple(sorted(entries, key=_rank))


def _entry(group: list[Change]) -> Entry:
    heaviest = max(group, key=lambda change: max(facet.weight for facet in change.facets))
    alike = all(
        facet.figures == other.figures
        for change in group
        for facet, other in zip(change.facets, heaviest.facets, strict=True)
    )
    who = [{change.facets[number].who for change in group} for number in range(len(heaviest.facets))]
    facets = tuple(
        facet if len(names) == 1 else replace(facet, who="") for facet, names in zip(heaviest.facets, who, strict=True)
    )
    return Entry(
        subjects=tuple(change.subject for change in group), facets=facets, example=None if alike else heaviest.subject
    )


def _rank(entry: Entry) -> tuple[object, ...]:
    worst = min(_ORDER.index(verdict) for verdict in entry.verdicts)
    first = entry.subjects[0]
    return worst, first.kind != "alert", first.severity, first.name, first.service
