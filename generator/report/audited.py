"""What the page of an audit shows, part by part, for the people who decide."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from generator.audit import promise as promises
from generator.audit import said
from generator.audit.inhibitions import asked, hidden_by
from generator.audit.reach import AUD916, is_late
from generator.audit.upkeep import owner_labels
from generator.diagnostics.diagnostic import Level
from generator.diagnostics.wording import listed, shortened
from generator.report.audited_alerts import Alerts, alerts
from generator.report.fates import Counts, Decisions, Fate, Names, counts, decisions, fate, names
from generator.system.record import record

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from generator.audit.audit import Audit
    from generator.audit.judge import Verdict
    from generator.audit.shared import Case
    from generator.diagnostics.diagnostic import Diagnostic, Place
    from generator.upstream.alertmanager.inhibition import Inhibition

LINES = 100
"""At most this many rows of a table are shown."""
FINDINGS = 300
_ERRORS, _WAYS, _RECEIVERS = 8, 6, 4
"""At most this many errors are shown at the top, possibilities of a path, receivers of an owner."""
_TILES = (
    (Fate.PAGES, "always page"),
    (Fate.DEPENDS, "page or not: their series decide"),
    (Fate.UNPAGED, "are told, page nobody"),
    (Fate.NOBODY, "reach nobody"),
)
SERIES_SAY = "(their series say)"


@record
class Headline:
    """The answer in a sentence; `kind` is `kept`, `unsure` or `missed`."""

    kind: str
    answer: str
    more: tuple[str, ...]


@record
class Path:
    """Alerts of one severity of which the same are told, a text for each possibility; `more` are not shown."""

    told: tuple[str, ...]
    more: int
    fate: Fate
    within: str
    alerts: int
    names: Names


@record
class Severity:
    """The alerts with one value of the severity label; `more` paths are not shown."""

    name: str
    urgent: bool
    counts: Counts
    within: str
    paths: tuple[Path, ...]
    more: int


@record
class Unheard:
    """Alerts of one severity that reach nobody, and where they end."""

    severity: str
    urgent: bool
    receivers: str
    alerts: int
    names: Names


@record
class Reached:
    """A receiver by its name and kinds alone, with how many alerts it can get."""

    name: str
    through: tuple[str, ...]
    pages: bool
    urgent: int
    others: int


@record
class Hiding:
    """An inhibition rule, with the urgent alerts that it hides for sure, and with some labels alone."""

    number: int
    source: str
    target: str
    equal: tuple[str, ...]
    place: Place
    certain: Names
    perhaps: Names
    others: int
    """Other alerts that it can hide."""
    idle: str
    """Why it hides nothing."""


@record
class Owner:
    """The urgent alerts of an owner, how many others there are, and the receivers that hear of most of them."""

    name: str
    counts: Counts
    others: int
    receivers: tuple[str, ...]


@record
class AuditPage:
    """The whole page."""

    audit: Audit
    headline: Headline
    rules: tuple[str, ...]
    configuration: tuple[str, ...]
    promise: tuple[str, ...]
    defaults: bool
    """Whether the promise is that which is taken where none is given."""
    tiles: tuple[tuple[Fate, str], ...]
    """What can become of alerts, in the words of a table."""
    urgent: Counts
    severities: tuple[Severity, ...]
    errors: tuple[Diagnostic, ...]
    unheard: tuple[Unheard, ...]
    at_times: tuple[Diagnostic, ...]
    """Of urgent alerts that are told to nobody at some times of the week."""
    decisions: Decisions
    receivers: tuple[Reached, ...]
    hiding: tuple[Hiding, ...]
    owners: tuple[Owner, ...]
    findings: tuple[Diagnostic, ...]
    alerts: Alerts
    totals: dict[str, int]
    """How many there are of what is not shown in whole."""


def page(audit: Audit, *, defaults: bool) -> AuditPage:
    """Return what the page of an audit shows; `defaults`: its promise is the one that is taken where none is given."""
    case = audit.case
    groups = said.by_severity(audit)
    urgent = [verdict for verdict in audit.verdicts if verdict.urgent]
    ambiguous = decisions(audit.verdicts)
    unheard = tuple(_unheard(groups.values()))
    owners = _owners(audit)
    return AuditPage(
        audit=audit,
        headline=_headline(audit, urgent),
        rules=tuple(case.rules.sources),
        configuration=tuple(case.configuration.sources),
        promise=tuple(promises.written(case.promise)),
        defaults=defaults,
        tiles=_TILES,
        urgent=counts(urgent),
        severities=tuple(_severity(name, group) for name, group in list(groups.items())[:LINES]),
        errors=tuple(finding for finding in audit.findings if finding.level is Level.ERROR)[:_ERRORS],
        unheard=unheard[:LINES],
        at_times=tuple(finding for finding in audit.findings if finding.code == AUD916.name)[:LINES],
        decisions=ambiguous,
        receivers=_reached(audit)[:LINES],
        hiding=tuple(_hiding(audit))[:LINES],
        owners=owners[:LINES],
        findings=audit.findings[:FINDINGS],
        alerts=alerts(groups, ambiguous, case.services, lambda verdict: _owner(verdict, case)),
        totals={
            **said.summary(audit),
            "severities": len(groups),
            "unheard": len(unheard),
            "owners": len(owners),
            "findings": len(audit.findings),
        },
    )


# ------------------------------------------------------------------------------------------- the answer


def _headline(audit: Audit, urgent: Sequence[Verdict]) -> Headline:
    number = len(urgent)
    fates = counts(urgent).fates
    lost, unsure = fates[Fate.NOBODY], number - fates[Fate.PAGES]
    errors = sum(finding.level is Level.ERROR for finding in audit.findings)
    if not number:
        kind, answer = "unsure", f"None of these {said.many(len(audit.verdicts), 'alert')} is urgent by this promise."
    elif lost:
        kind, answer = "missed", f"{lost:,} of {said.many(number, 'urgent alert')} {_verb(lost, 'reach')} nobody."
    elif unsure:
        kind, answer = "unsure", f"{unsure:,} of {said.many(number, 'urgent alert')} can fire and page nobody."
    else:
        kind, answer = "kept", "Every urgent alert pages somebody, whatever labels its series have."
    return Headline(kind="missed" if errors else kind, answer=answer, more=tuple(_more(urgent)))


def _more(urgent: Sequence[Verdict]) -> Iterator[str]:
    """Yield what else the people who decide must know, a sentence each."""
    fates = counts(urgent).fates
    depends, unpaged = fates[Fate.DEPENDS], fates[Fate.UNPAGED]
    if depends:
        perhaps = sum(any(not way.told for way in verdict.ways) for verdict in urgent if fate(verdict) is Fate.DEPENDS)
        sentence = f"For {said.many(depends, 'alert')}, only labels of the series decide whether somebody is paged"
        some = f"{perhaps:,} of these" if perhaps < depends else "they"
        yield f"{sentence}; with some labels {some} reach nobody at all." if perhaps else f"{sentence}."
    if unpaged:
        yield f"{unpaged:,} {_verb(unpaged, 'is', 'are')} told to somebody, but {_verb(unpaged, 'page')} nobody."
    late = sum(map(is_late, urgent))
    if late:
        yield f"{late:,} can come later than promised."
    hidden = sum(bool(verdict.silenced) for verdict in urgent)
    if hidden:
        yield f"Other alerts can silence {hidden:,} urgent {'alert' if hidden == 1 else 'alerts'}."


def _verb(number: int, verb: str, plural: str = "") -> str:
    return (verb if plural else f"{verb}{'es' if verb.endswith('ch') else 's'}") if number == 1 else plural or verb


# ------------------------------------------------------------------------------------------- who is told


def _severity(name: str, group: Sequence[Verdict]) -> Severity:
    paths = said.by_told(group)
    return Severity(
        name=name,
        urgent=group[0].urgent,
        counts=counts(group),
        within=said.within(group),
        paths=tuple(_path(told, verdicts) for told, verdicts in list(paths.items())[:LINES]),
        more=max(0, len(paths) - LINES),
    )


def _path(told: tuple[str, ...], group: Sequence[Verdict]) -> Path:
    return Path(
        told=told[:_WAYS],
        more=max(0, len(told) - _WAYS),
        fate=fate(group[0]),
        within=said.within(group),
        alerts=len(group),
        names=names(group),
    )


def _unheard(groups: Iterable[Sequence[Verdict]]) -> Iterator[Unheard]:
    for group in groups:
        ends: dict[str, list[Verdict]] = defaultdict(list)
        for verdict in group:
            if fate(verdict) is Fate.NOBODY:
                ends[listed(dict.fromkeys(name for way in verdict.ways for name in way.receivers))].append(verdict)
        for receivers, lost in ends.items():
            first = lost[0]
            yield Unheard(
                severity=first.severity, urgent=first.urgent, receivers=receivers, alerts=len(lost), names=names(lost)
            )


def _reached(audit: Audit) -> tuple[Reached, ...]:
    """Return the receivers, those that get most urgent alerts first; what tells nobody last."""
    urgent, others = Counter[str](), Counter[str]()
    for verdict in audit.verdicts:
        (urgent if verdict.urgent else others).update({name for way in verdict.ways for name in way.receivers})
    promise = audit.case.promise
    rows = (
        Reached(
            name=receiver.name,
            through=said.through_of(receiver.integrations),
            pages=any(promise.is_page(receiver.name, integration) for integration in receiver.integrations),
            urgent=urgent[receiver.name],
            others=others[receiver.name],
        )
        for receiver in audit.case.configuration.behaviour.receivers
    )
    return tuple(sorted(rows, key=lambda row: (not row.pages, -row.urgent, -row.others, row.name)))


# ------------------------------------------------------------------------------------------- what hides what


def _hiding(audit: Audit) -> list[Hiding]:
    """Return the inhibition rules, those that hide most urgent alerts first."""
    hidden = hidden_by(audit.verdicts)
    rules = enumerate(audit.case.configuration.behaviour.inhibitions)
    ranked = sorted(rules, key=lambda rule: -sum(verdict.urgent for verdict, _ in hidden[rule[0]]))
    return [_hides(number, inhibition, hidden[number], audit.case) for number, inhibition in ranked[:LINES]]


def _hides(number: int, inhibition: Inhibition, hidden: Sequence[tuple[Verdict, bool]], case: Case) -> Hiding:
    sources = case.judge.silencers.sources(number)
    return Hiding(
        number=number + 1,
        source=asked(inhibition.source),
        target=asked(inhibition.target),
        equal=inhibition.equal,
        place=case.configuration.place(inhibition.where),
        certain=names(verdict for verdict, certain in hidden if verdict.urgent and certain),
        perhaps=names(verdict for verdict, certain in hidden if verdict.urgent and not certain),
        others=sum(not verdict.urgent for verdict, _ in hidden),
        idle="" if hidden else "it hides none of these alerts" if sources else "none of these alerts is its source",
    )


# ------------------------------------------------------------------------------------------- by owner


def _owners(audit: Audit) -> tuple[Owner, ...]:
    """Return the owners, those of whose urgent alerts most are lost first."""
    owned: dict[str, list[Verdict]] = defaultdict(list)
    for verdict in audit.verdicts:
        owned[_owner(verdict, audit.case)].append(verdict)
    return tuple(sorted((_owned(name, group) for name, group in owned.items()), key=_loss))


def _owner(verdict: Verdict, case: Case) -> str:
    """Return whose alert it is by the labels that the promise names."""
    for label in owner_labels(verdict, case):
        value = case.judge.label_sets.value(verdict.written.rule, label)
        if value:
            return value if isinstance(value, str) else SERIES_SAY
    return said.NONE


def _owned(name: str, group: Sequence[Verdict]) -> Owner:
    urgent = [verdict for verdict in group if verdict.urgent]
    told = Counter(route.node.receiver for verdict in urgent for way in verdict.ways for route in way.told)
    return Owner(
        name=name,
        counts=counts(urgent),
        others=len(group) - len(urgent),
        receivers=tuple(shortened([receiver for receiver, _ in told.most_common()], _RECEIVERS)),
    )


def _loss(owner: Owner) -> tuple[int, int, int, int, str]:
    fates = owner.counts.fates
    return -fates[Fate.NOBODY], -fates[Fate.DEPENDS], -fates[Fate.UNPAGED], -owner.counts.alerts, owner.name
