"""Which promises no longer hold where something runs otherwise than the policy says: the sums, made again."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from generator.behaviour import clock
from generator.behaviour.alerts import identity
from generator.plan import timing
from generator.policy import duration
from generator.upstream.alertmanager.match import Router

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import timedelta

    from generator.behaviour.alerts import Identity, SentAlert
    from generator.behaviour.behaviour import Rule
    from generator.behaviour.clock import Paged
    from generator.behaviour.verification import Verification
    from generator.plan.timing import Derived, Term
    from generator.remote.servers.servers import LoadedRule
    from generator.upstream.alertmanager.match import RouteNode


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """The actual values of premises; those left out are as in the policy."""

    stack: Mapping[str, Any] = field(default_factory=dict)
    """Fields of `Premises`."""
    extra: tuple[Term, ...] = ()
    """Terms that the sums of the policy do not have."""
    concerns: Callable[[SentAlert], bool] | None = None
    """The alerts that it changes; None for all."""
    rules: Mapping[Identity, LoadedRule] = field(default_factory=dict)
    root: RouteNode | None = None


_MOST = 20
"""Names in one line: nobody reads ten thousand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Late:
    """A severity with a broken promise: its latest alert, and the number of other late ones."""

    severity: str
    name: str
    total: Derived
    acknowledge: timedelta
    others: tuple[str, ...]

    def __str__(self) -> str:
        count = len(self.others)
        more = f" and {count} other alert{'s' * (count > 1)}" if count else ""
        latest, sla = duration.write(self.total.value), duration.write(self.acknowledge)
        return f"{self.severity} {self.name}{more} can take {latest} to be acknowledged; the SLA is {sla}"

    @property
    def notes(self) -> tuple[str, ...]:
        """The sum, and the names of the other late alerts."""
        more = len(self.others) - _MOST
        written = ", ".join(self.others[:_MOST]) + (f" and {more} more" if more > 0 else "")
        also = (f"also: {written}",) if self.others else ()
        return (timing.written_sum(self.total.terms), *also)


def late(verification: Verification, changes: Iterable[Change]) -> tuple[Late, ...]:
    """Return the promises that these changes together break, the most urgent severity first.

    Of several lengths for one thing the longest counts: any server may be the one that matters.
    """
    changes = tuple(changes)
    late_alerts: dict[str, dict[str, Derived]] = {}
    fine: set[tuple[object, ...]] = set()
    for root in {id(change.root): change.root for change in changes}.values():
        for paged, own_changes in _concerned(_routed(verification, root), changes):
            same = _depends_on(paged, own_changes)
            if same in fine:
                continue
            total = _total(verification, paged, own_changes)
            severity = paged.rule.severity
            if total.value >= verification.plan.severities[severity].acknowledge:
                totals = late_alerts.setdefault(severity, {})
                longest = totals.get(paged.rule.name)
                if longest is None or longest.value < total.value:
                    totals[paged.rule.name] = total
            else:
                fine.add(same)
    worst_first = sorted(late_alerts, key=verification.plan.policy.rank)
    return tuple(_late(verification, severity, late_alerts[severity]) for severity in worst_first)


def _late(verification: Verification, severity: str, totals: Mapping[str, Derived]) -> Late:
    worst = max(sorted(totals), key=lambda name: totals[name].value)
    return Late(
        severity=severity,
        name=worst,
        total=totals[worst],
        acknowledge=verification.plan.severities[severity].acknowledge,
        others=tuple(sorted(totals.keys() - {worst})),
    )


def _routed(verification: Verification, root: RouteNode | None) -> Verification:
    if root is None:
        return verification
    router = Router(root)
    return replace(
        verification,
        behaviour=replace(verification.behaviour, root=root),
        router=router,
        alerts=tuple(replace(alert, nodes=router.routes_of(alert.labels)) for alert in verification.alerts),
    )


def _concerned(verification: Verification, changes: tuple[Change, ...]) -> Iterator[tuple[Paged, tuple[Change, ...]]]:
    """Yield every paging alert that some change affects, with the changes that do."""
    for paged in clock.paging(verification):
        rule = _key(paged.alert.rule)
        own_changes = tuple(
            change
            for change in changes
            if (change.concerns is None or change.concerns(paged.alert)) and (not change.rules or rule in change.rules)
        )
        if own_changes:
            yield paged, own_changes


def _depends_on(paged: Paged, changes: tuple[Change, ...]) -> tuple[object, ...]:
    """Return a key of an alert's sum: most alerts share their sum with others."""
    rule = paged.alert.rule
    detection = tuple(term.length for term in paged.rule.detection)
    lengths = [
        (change.rules[key].hold, change.rules[key].interval)
        for change in changes
        if change.rules
        for key in (_key(rule),)
    ]
    return (
        *(id(paged.node), id(paged.escalation), paged.rule.severity, detection, rule.hold, rule.interval),
        *(tuple(map(id, changes)), tuple(lengths)),
    )


def _key(rule: Rule) -> Identity:
    return identity(rule.name, rule.labels)


def _total(verification: Verification, paged: Paged, changes: tuple[Change, ...]) -> Derived:
    plan, rule = verification.plan, paged.alert.rule
    worst: dict[str, Any] = {}
    for change in changes:
        for name, value in change.stack.items():
            worst[name] = max(value, worst.get(name, value))
    loaded = [change.rules[_key(rule)] for change in changes if change.rules]
    if loaded:
        slowest = max(loaded, key=lambda rule: rule.hold + rule.interval)
        rule = replace(rule, hold=slowest.hold, interval=slowest.interval)
    extra = {term.name: term for change in changes for term in change.extra}
    promised = replace(paged.rule, detection=(*paged.rule.detection, *extra.values()))
    return clock.acknowledged(
        replace(verification, plan=replace(plan, stack=replace(plan.stack, **worst))),
        replace(paged, alert=replace(paged.alert, rule=rule), rule=promised),
    )
