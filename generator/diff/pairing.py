"""Which alert of the old side is which of the new one."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from generator.behaviour import owned
from generator.behaviour.alerts import SAMPLE
from generator.diff.changes import Subject
from generator.plan.plan import carried
from generator.system.unique import unique

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from generator.behaviour.behaviour import Rule
    from generator.diff.conduct import Conducts
    from generator.diff.sides import Pair


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """An alert of both sides, or of one side only, with the labels that it is sent with."""

    old: Rule | None
    new: Rule | None
    sent: tuple[tuple[Mapping[str, str], Mapping[str, str]], ...]
    """Label sets, old and new: several where a rule stands for many."""
    subject: Subject
    renamed: bool = False
    watches: bool = False
    """It stands for the alerts that it watches."""


Name = tuple[str, ...]


def paired(pair: Pair, old: Conducts, new: Conducts) -> Iterator[Match]:
    """Yield every alert that may have changed: those in changed files, or all where something shared changed."""
    same = same_world(pair)
    # The files that both sides share are not read where nothing of them is compared.
    several = _several(pair, () if same else pair.shared)
    before, after = _named(pair.old.behaviour.rules, old, several), _named(pair.new.behaviour.rules, new, several)
    if not same:
        shared = _named(pair.shared, new, several)
        before, after = {**shared, **before}, {**shared, **after}
    removed = [name for name in before if name not in after]
    added = [name for name in after if name not in before]
    renamed = _renamed(before, after, (old, removed), (new, added))
    kinds = _kinds(pair, before, after, old, new, whole=not same)
    for name in sorted({*before, *after} - set(renamed.values())):
        ruled = before.get(name)
        other = after.get(renamed.get(name, name))
        promised = (new.promised(other) if other else None) or (old.promised(ruled) if ruled else None)
        yield Match(
            old=ruled,
            new=other,
            sent=_sent(ruled, other, old, new, kinds),
            subject=_subject(ruled, other, old, new),
            renamed=name in renamed,
            watches=promised is not None and promised.origin.spread,
        )


def same_world(pair: Pair) -> bool:
    """Whether everything besides the rules is the same on both sides."""
    old, new = pair.old, pair.new
    same = old.router is new.router or (
        old.behaviour.root == new.behaviour.root
        and old.behaviour.receivers == new.behaviour.receivers
        and old.behaviour.inhibitions == new.behaviour.inhibitions
        and old.behaviour.time_intervals == new.behaviour.time_intervals
        and old.behaviour.pagerduty.escalations == new.behaviour.pagerduty.escalations
        and old.behaviour.pagerduty.services == new.behaviour.pagerduty.services
    )
    return (
        same
        and old.plan.stack == new.plan.stack
        and old.plan.severities == new.plan.severities
        and old.plan.escalations == new.plan.escalations
        and old.plan.paged == new.plan.paged
    )


def _several(pair: Pair, shared: tuple[Rule, ...]) -> frozenset[Name]:
    """Return name and service of the alerts that have several severities on one side, each with a rule of its own.

    `shared` are the rules of the files that are the same on both sides, where they count.
    """
    several: set[Name] = set()
    for side in (pair.old, pair.new):
        severities: dict[Name, str] = {}
        names = side.plan.policy.labels
        for rule in (*shared, *side.behaviour.rules):
            if not rule.records:
                name = (rule.name, rule.labels.get(names.service, ""))
                severity = rule.labels.get(names.severity, "")
                if severities.setdefault(name, severity) != severity:
                    several.add(name)
    return frozenset(several)


def _named(rules: Iterable[Rule], conducts: Conducts, several: frozenset[Name]) -> dict[Name, Rule]:
    """Return the alerting rules by name and service, with a severity or a number where these are not unique."""
    named: dict[Name, Rule] = {}
    for rule in (case for each in rules if not each.records for case in owned.cases(each)):
        # What watches others has a rule for each severity, and no service of its own.
        name: Name = (rule.name, conducts.service(rule))
        name = (*name, conducts.severity(rule) if name in several or _watches(rule, conducts) else "")
        number = 1
        while name in named:
            number += 1
            name = (*name[:3], str(number))
        named[name] = rule
    return named


def _renamed(
    before: Mapping[Name, Rule],
    after: Mapping[Name, Rule],
    removed: tuple[Conducts, list[Name]],
    added: tuple[Conducts, list[Name]],
) -> dict[Name, Name]:
    """Return the new name of each alert with a new name or service that is otherwise unchanged."""
    pairs: dict[Name, Name] = {}
    for key_of in (_as_named, _as_served):
        old_names, new_names = _grouped_by(key_of, before, *removed), _grouped_by(key_of, after, *added)
        for key, names in old_names.items():
            candidates = new_names.get(key, [])
            if (
                len(names) == 1
                and len(candidates) == 1
                and names[0] not in pairs
                and candidates[0] not in pairs.values()
            ):
                pairs[names[0]] = candidates[0]
    return pairs


def _grouped_by(
    key_of: object, rules: Mapping[Name, Rule], side: Conducts, names: list[Name]
) -> dict[object, list[Name]]:
    grouped: dict[object, list[Name]] = defaultdict(list)
    for name in names:
        grouped[key_of(side, rules[name])].append(name)  # type: ignore[operator]  # one of the two below
    return grouped


def _as_named(side: Conducts, rule: Rule) -> object:
    """Return the properties of a rule that a change of its name keeps."""
    return rule.expr, rule.hold, rule.keep_firing, frozenset(side.shared(rule.labels).items())


def _as_served(side: Conducts, rule: Rule) -> object:
    """Return the properties of a rule that a rename of its service keeps."""
    service = side.service(rule)
    if not service:
        return id(rule)
    labels = frozenset((name, value.replace(service, "\0")) for name, value in side.shared(rule.labels).items())
    return rule.name, rule.expr.replace(service, "\0"), rule.hold, rule.keep_firing, labels


# ------------------------------------------------------------------------------------------- label sets


def _kinds(
    pair: Pair,
    before: Mapping[Name, Rule],
    after: Mapping[Name, Rule],
    olds: Conducts,
    news: Conducts,
    *,
    whole: bool,
) -> dict[str, list[tuple[Rule, Rule]]]:
    """Return pairs of watched rules by severity, one for each combination of old and new routes.

    `whole`: what the files have in common is among `before` and `after` already.
    """
    kinds: dict[str, list[tuple[Rule, Rule]]] = defaultdict(list)
    if not any(_watches(rule, olds) for rule in before.values()) and not any(
        _watches(rule, news) for rule in after.values()
    ):
        return kinds
    # What they watch stands in other files.
    rules = after if whole else {**_named(pair.shared, news, _several(pair, pair.shared)), **after}
    watched = ((before.get(name, new), new) for name, new in rules.items() if not new.labels.get(news.names.duty))
    for old, new in unique(
        watched,
        lambda both: (news.severity(both[1]), pair.old.router.key(both[0].labels), pair.new.router.key(both[1].labels)),
    ):
        kinds[news.severity(new)].append((old, new))
    return kinds


def _watches(rule: Rule, conducts: Conducts) -> bool:
    promised = conducts.promised(rule)
    return promised is not None and promised.origin.spread


def _sent(
    old: Rule | None, new: Rule | None, olds: Conducts, news: Conducts, kinds: Mapping[str, list[tuple[Rule, Rule]]]
) -> tuple[tuple[Mapping[str, str], Mapping[str, str]], ...]:
    rule = new or old
    if rule is None:
        return ()
    side = news if new else olds
    promised = side.promised(rule)
    if promised is None or not promised.origin.spread:
        return ((labels_of(old or rule, olds), labels_of(new or rule, news)),)
    watched = kinds.get(side.severity(rule), [])
    return tuple(
        (labels_of(old or rule, olds, before.labels), labels_of(new or rule, news, after.labels))
        for before, after in watched
    )


def labels_of(rule: Rule, conducts: Conducts, read: Mapping[str, str] | None = None) -> Mapping[str, str]:
    """Return the labels that a rule sends, with samples for labels that only its expression knows."""
    promised = conducts.promised(rule)
    sample_labels = dict.fromkeys(promised.page_each, SAMPLE) if promised else {}
    own_labels = {name: value for name, value in rule.labels.items() if "{{" not in value}
    read = {**owned.example(rule), **carried(read or {})}
    labels = carried({**sample_labels, **read, **own_labels, "alertname": rule.name})
    return conducts.label_sets.added(labels, SAMPLE) if conducts.label_sets.external else labels


_UNDER = (("services", "service"), ("severities", "severity"), ("escalations", "escalation"))


def _subject(old: Rule | None, new: Rule | None, olds: Conducts, news: Conducts) -> Subject:
    rule = new or old
    if rule is None:
        raise ValueError("an alert stands on one side at least")
    side = news if new else olds
    service, names = side.service(rule), news.names.names
    before, after = (olds.promised(old) if old else None), (news.promised(new) if new else None)
    return Subject(
        kind="alert",
        name=rule.name,
        severity=side.severity(rule),
        service=service if "{{" not in service else "",
        route=after.route if after else None,
        old_route=before.route if before else None,
        under=tuple(
            dict.fromkeys(
                f"{kind}/{labels[names[label]]}"
                for labels in (new.labels if new else {}, olds.shared(old.labels) if old else {})
                for kind, label in _UNDER
                if names[label] in labels
            )
        ),
    )
