"""The notification clock: when is who told, at the latest, and the intervals that follow from it.

Every bound is a sum of named terms, each with the entry of the policy that it comes from. The sources of the terms
are Prometheus's scrape and rule managers and Alertmanager's dispatch.go and notify.go, tried on the real programs.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from generator.policy import duration

if TYPE_CHECKING:
    from collections.abc import Iterable

    from generator.diagnostics.diagnostic import PolicyPath
    from generator.policy.model import Prometheus, Stack

ZERO, SECOND, MINUTE = timedelta(), timedelta(seconds=1), timedelta(minutes=1)
HALT_GROUP_INTERVAL = timedelta(seconds=10)
"""How soon a halt that cleared and came back can be called again; Alertmanager notifies only on such a tick."""
BEHIND_A_HALT = SECOND
"""How long all others wait at the least: two routes that wait for nothing notify in any order."""

_NICE = tuple(timedelta(seconds=seconds) for seconds in (300, 120, 60, 30, 15, 10, 5))
_TICKS = tuple(timedelta(seconds=seconds) for seconds in (300, 150, 60, 30, 15, 10, 5, 2, 1))
RESEND_DELAY = MINUTE
"""How long Prometheus waits at the least before it sends an alert again (its flag --rules.alert.resend-delay)."""
SETTLING = timedelta(seconds=10)
"""How long a restarted Alertmanager with clustering waits before its first message."""
SHORTEST_TIMEOUT = timedelta(seconds=10)
"""How long Alertmanager waits for an answer at the least; no setting changes it (cmd/alertmanager/main.go)."""
DISCOVERY = timedelta(seconds=5)
"""How long a starting Prometheus knows no Alertmanager; what it sends is lost (discovery/manager.go)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One term of a sum; `route` is the policy entry that sets it, None where a program does."""

    name: str
    length: timedelta
    route: PolicyPath | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived:
    """A length of time with the terms of its sum."""

    value: timedelta
    terms: tuple[Term, ...]

    def plus(self, *terms: Term) -> Derived:
        """Return the sum with further terms; terms of zero length are left out."""
        present = tuple(term for term in terms if term.length)
        return Derived(value=sum((term.length for term in present), self.value), terms=self.terms + present)


@dataclass(frozen=True, slots=True, kw_only=True)
class Premises:
    """The properties of the running programs on which every bound depends, with all defaults applied."""

    scrape: timedelta
    scrape_timeout: timedelta
    evaluate: timedelta
    lookback: timedelta
    """How long a sample is seen where no newer one is there."""
    alertmanager_timeout: timedelta
    batches: int
    """In so many pieces all alerts that fire at once are sent, each held back by an Alertmanager that hangs."""
    retention: timedelta
    replicas: int
    peers: int
    peer_timeout: timedelta
    resolve_timeout: timedelta
    """How long Alertmanager keeps what is sent without an end; Prometheus sends one with each alert."""
    delivery: timedelta
    survive: tuple[str, ...]


def premises(stack: Stack) -> Premises:
    """Return the premises in `stack`, with the programs' defaults where it leaves them out."""
    prometheus, alertmanager = stack.prometheus, stack.alertmanager

    def default(written: timedelta | None, seconds: int) -> timedelta:
        return timedelta(seconds=seconds) if written is None else written

    return Premises(
        scrape=prometheus.scrape,
        # Where none is written, Prometheus takes 10 s, or the interval where that is shorter (config.go).
        scrape_timeout=prometheus.scrape_timeout or min(timedelta(seconds=10), prometheus.scrape),
        evaluate=prometheus.evaluate,
        lookback=default(prometheus.lookback, 300),
        alertmanager_timeout=default(prometheus.alertmanager_timeout, 10),
        batches=_batches(prometheus),
        retention=default(prometheus.retention, 15 * 86400),
        replicas=prometheus.replicas,
        peers=alertmanager.peers,
        peer_timeout=default(alertmanager.peer_timeout, 15),
        resolve_timeout=default(alertmanager.resolve_timeout, 300),
        delivery=default(stack.delivery, 15),
        survive=stack.survive,
    )


def worst_case(
    stack: Premises,
    *,
    detection: Iterable[Term] = (),
    hold: Term | None = None,
    group_wait: Term,
    group_interval: Term,
) -> Derived:
    """Return the longest time from "the condition is true" to "the pager has the notification".

    `detection` is what the alert itself needs before its expression is true (`seen_within`, recording rules), `hold`
    its `for`, which counts in whole evaluations.
    """
    hold_term = Term(name="for", length=ZERO) if hold is None else hold
    hold_term = Term(name=hold_term.name, length=whole(hold_term.length, stack.evaluate), route=hold_term.route)
    terms = [*detection, *_until_evaluated(stack), hold_term]
    if stack.peers > 1:
        terms.append(_stack_term("send", sending(stack), "prometheus", "alertmanager_timeout"))
    terms.append(max(group_interval, group_wait, key=lambda term: term.length))
    terms.extend(_faults(stack, hold_term, group_interval))
    terms.append(Term(name="delivery", length=stack.delivery, route=("stack", "delivery")))
    return total(*terms)


def sending(stack: Premises) -> timedelta:
    """Return how long an Alertmanager that hangs delays what is sent to the others."""
    return stack.batches * stack.alertmanager_timeout


def peers_wait(stack: Premises) -> timedelta:
    """Return how long the last Alertmanager waits for those before it."""
    return (stack.peers - 1) * stack.peer_timeout


def batch(version: tuple[int, ...]) -> int | None:
    """Return how many alerts a Prometheus sends at once; None where each Alertmanager has a queue of its own.

    Versions before 3.0 have a constant (notifier.go), later ones a flag with another default
    (--alertmanager.notification-batch-size), and from 3.10 on a queue for each (prometheus/prometheus#16355).
    """
    if version >= (3, 10):
        return None
    return 256 if version >= (3,) else 64


def most_alerts(prometheus: Prometheus) -> int:
    """Return how many alerts fire at once at the most: one batch where the policy does not say, if there are any."""
    return prometheus.alerts_at_once or batch(prometheus.version) or 0


def _batches(prometheus: Prometheus) -> int:
    size = batch(prometheus.version)
    return 0 if size is None else -(-most_alerts(prometheus) // size)


def total(*terms: Term) -> Derived:
    """Return the sum of the terms; terms of zero length are left out."""
    return Derived(value=ZERO, terms=()).plus(*terms)


def _until_evaluated(stack: Premises) -> tuple[Term, ...]:
    return (
        _stack_term("scrape", stack.scrape, "prometheus", "scrape"),
        _stack_term("scrape timeout", stack.scrape_timeout, "prometheus", "scrape_timeout"),
        _stack_term("evaluation", stack.evaluate, "prometheus", "evaluate"),
    )


def _faults(stack: Premises, hold: Term, group_interval: Term) -> Iterable[Term]:
    """Yield the terms of each failure in `survive`; a restarted Prometheus adds two, since its `for` starts again."""
    for number, fault in enumerate(stack.survive):
        route: PolicyPath = ("stack", "survive", number)
        others = peers_wait(stack)
        if fault == "alertmanager-peer-lost":
            yield Term(name="peers", length=others, route=route)
        elif fault == "alertmanager-restart":
            # Its alerts were in memory alone: another one has them too, or Prometheus sends them again.
            lost = resend(stack.evaluate) + SETTLING if stack.peers == 1 else max(SETTLING, others)
            yield Term(name="alertmanager restart", length=lost, route=route)
        elif fault == "first-attempt-hung":
            yield Term(name="hung attempt", length=max(group_interval.length, SHORTEST_TIMEOUT), route=route)
        elif fault == "prometheus-restart":
            yield Term(name="prometheus restart", length=DISCOVERY + resend(stack.evaluate), route=route)
            yield Term(name="for, again", length=hold.length, route=hold.route)


def resend(evaluate: timedelta) -> timedelta:
    """Return when Prometheus sends a firing alert again: at the first evaluation more than RESEND_DELAY later."""
    return (RESEND_DELAY // evaluate + 1) * evaluate


def ends_after(evaluate: timedelta) -> timedelta:
    """Return how long after it was sent last Alertmanager takes an alert to be over (rules/alerting.go)."""
    return 4 * max(RESEND_DELAY, evaluate)


def on_the_way(stack: Premises, group_interval: timedelta) -> timedelta:
    """Return how long a page takes at the most from the tick at which Alertmanager looks at time intervals."""
    others = peers_wait(stack) if stack.peers > 1 else ZERO
    settling = SETTLING if "alertmanager-restart" in stack.survive else ZERO
    hung = max(group_interval, SHORTEST_TIMEOUT) if "first-attempt-hung" in stack.survive else ZERO
    return max(others, settling) + hung + stack.delivery


def _stack_term(name: str, length: timedelta, program: str, key: str) -> Term:
    return Term(name=name, length=length, route=("stack", program, key))


def whole(length: timedelta, unit: timedelta) -> timedelta:
    """Return `length` rounded up to whole multiples of `unit` (`for` counts evaluations)."""
    return -(-length // unit) * unit


def written_sum(terms: Iterable[Term]) -> str:
    """Return the sum as text: "scrape 15s + evaluation 15s"."""
    return " + ".join(f"{term.name} {duration.write(term.length)}" for term in terms)


def group_interval(acknowledge: timedelta, remind: timedelta) -> timedelta:
    """Return the group_interval of a paging route: a twentieth of the budget, at most 5 minutes or a third of `remind`.

    An alert that joins a live group waits for this tick, not for group_wait (Alertmanager's dispatch.go), so this
    is the part of the bound.
    """
    return _nice(min(acknowledge / 20, remind / 3)) or _NICE[-1]


def group_wait(interval: timedelta) -> timedelta:
    """Return the group_wait: a third of `interval`, at most 30 seconds; it never adds to the bound."""
    return _nice(min(interval / 3, timedelta(seconds=30))) or ZERO


def tick(period: timedelta) -> timedelta:
    """Return a group_interval for what is repeated each `period`: a twelfth, at most 5 minutes."""
    return next((tick for tick in _TICKS if tick <= period / 12), _TICKS[-1])


def repeat_interval(period: timedelta, interval: timedelta) -> timedelta:
    """Return a repeat_interval with no gap above `period`, also where a reload begins the ticks anew.

    Alertmanager repeats only on a group_interval tick and only when repeat_interval has passed since the last
    message was *sent* (notify.go, DedupStage). A reload begins all ticks anew, so that up to one more passes: both
    together are less than `period`. Where two ticks do not fit into it, only a time without reloads is kept.
    """
    both = period - SECOND
    if both >= 2 * interval:
        return both - interval
    ticks = max(period // interval, 1)
    return ticks * interval - timedelta(seconds=int(interval.total_seconds()) // 2)


def step_offsets(shares: Iterable[int | None], acknowledge: timedelta, first_page: timedelta) -> tuple[timedelta, ...]:
    """Return the delay of each step after the first page, in whole minutes, strictly rising from 0.

    `shares` are the latest moments in percent of `acknowledge` since the condition; None stands for the first page.
    PagerDuty counts whole minutes, so they are rounded down; a share that leaves no room still gets its own minute,
    and the budget shows whether that is too late.
    """
    offsets: list[timedelta] = []
    for share in shares:
        if not offsets:
            offsets.append(ZERO)
            continue
        latest = acknowledge * (share or 0) / 100 - first_page
        offsets.append(max(offsets[-1] + MINUTE, latest // MINUTE * MINUTE))
    return tuple(offsets)


def _nice(length: timedelta) -> timedelta | None:
    return next((nice for nice in _NICE if nice <= length), None)
