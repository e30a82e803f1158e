"""Who is told, when and how often: two conducts of one alert beside one another."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import TYPE_CHECKING

from generator.diff.changes import Facet, Verdict
from generator.diff.judge import later, listed, of_more, of_sets
from generator.plan.timing import ZERO
from generator.policy import duration
from generator.policy.model import OF_BUSINESS_HOURS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from generator.diff.conduct import ComparedMessage, Conduct
    from generator.upstream.alertmanager.time_intervals import TimeInterval

_WEAKER, _STRONGER, _DIFFERENT, _SAME = Verdict


def facets(old: Conduct, new: Conduct, differs_in: Callable[[str], bool]) -> tuple[Facet, ...]:
    """Return the differences between two conducts of an alert; `differs_in` says which labels tell it from others."""
    if old is new or old == new:
        return ()
    both, removed, added = _partners(old, new)
    times = tuple(_times(old, new, both))
    return (
        *_reached(old, new, both, removed, added),
        *times,
        *(() if times else _waits(both)),
        *_promised(old, new),
        *_repeats(both),
        *_hours(both),
        *_groups(both, differs_in),
        *_ends(both),
        *_paged(old, new),
    )


Both = list[tuple["ComparedMessage", "ComparedMessage"]]


def _partners(old: Conduct, new: Conduct) -> tuple[Both, list[ComparedMessage], list[ComparedMessage]]:
    """Return pairs of corresponding messages, messages that are gone, and new messages.

    What reaches the same is the same; of the rest, one of the same kind stands in for another, in their order.
    """
    both = [(message, new.messages[name]) for name, message in old.messages.items() if name in new.messages]
    removed = [message for name, message in old.messages.items() if name not in new.messages]
    added = [message for name, message in new.messages.items() if name not in old.messages]
    for message in tuple(removed):
        other = next((other for other in added if other.kind == message.kind), None)
        if other is not None:
            both.append((message, other))
            removed.remove(message)
            added.remove(other)
    return both, removed, added


def _reached(
    old: Conduct, new: Conduct, both: Both, removed: list[ComparedMessage], added: list[ComparedMessage]
) -> Iterator[Facet]:
    reached_before_and_after = old.messages.keys() & new.messages.keys()
    for number, (before, after) in enumerate(both):
        # Those that reach the same come first, whatever they are called.
        if number >= len(reached_before_and_after):
            yield Facet(kind="told", verdict=_DIFFERENT, what=f"tells {after.whom} instead of {before.whom}")
        elif before.role != after.role:
            role = after.role or "with no role"
            yield Facet(kind="role", verdict=_SAME, what=f"{after.whom} {role}" + _was(before.role))
    for message in removed:
        yield Facet(
            kind="told",
            verdict=_WEAKER,
            what=f"tells {message.whom} no longer",
            why="nobody is told any more" if not new.messages else "one way less to be heard",
            figures=(f"it did after {duration.write(message.at)} at the latest",),
            weight=message.at.total_seconds(),
        )
    for message in added:
        yield Facet(
            kind="told",
            verdict=_STRONGER,
            what=f"tells {message.whom} too",
            why="nobody was told" if not old.messages else "one way more to be heard",
            figures=(f"after {duration.write(message.at)} at the latest",),
            weight=message.at.total_seconds(),
        )


def _was(text: str) -> str:
    return f" ({text} before)" if text else ""


def _times(old: Conduct, new: Conduct, both: Both) -> Iterator[Facet]:
    """Yield which recipients are notified later or sooner; equal delays share a sentence."""
    moved: dict[timedelta, Both] = defaultdict(list)
    for before, after in both:
        if before.at != after.at:
            moved[after.at - before.at].append((before, after))
    by_step = {after.step: after.at - before.at for before, after in both if after.step}
    for by, pairs in sorted(moved.items(), key=lambda pair: min(message.at for message, _ in pair[1])):
        everybody = len(pairs) == len(both) and len(both) > 1
        steps = [after for _, after in pairs if after.step]
        recipients = [after.whom for _, after in pairs if not after.step]
        names = [*recipients, *([_steps([message.step for message in steps])] if steps else [])]
        before, after = min(pairs, key=lambda pair: pair[1].at)
        word = "the first of them " if len(pairs) > 1 else ""
        times = f"{word}after {duration.write(before.at)} -> {duration.write(after.at)} at the latest"
        # Where the last step moves, so does its answer.
        last = bool(by_step) and by_step[max(by_step)] == by and old.sla == new.sla
        yield Facet(
            kind="time",
            verdict=_WEAKER if by > ZERO else _STRONGER,
            what=f"tells {'everybody' if everybody else f'{listed(names)}{{who}}'} {later(ZERO, by)}",
            who="" if everybody else listed([message.whom for message in steps]) if steps else "",
            figures=(times, *(_answer(old, new) if last else ())),
            weight=after.at.total_seconds(),
        )


def _waits(both: Both) -> Iterator[Facet]:
    """Yield which recipients are usually notified later or sooner though the latest time is the same."""
    moved: dict[tuple[timedelta, timedelta], list[ComparedMessage]] = defaultdict(list)
    for before, after in both:
        if before.wait != after.wait and before.at == after.at and after.step <= 1:
            moved[before.wait, after.wait].append(after)
    for (was, now), messages in sorted(moved.items(), key=lambda pair: pair[0]):
        names = list(dict.fromkeys("its chain" if message.step else message.whom for message in messages))
        yield Facet(
            kind="wait",
            verdict=of_more(was, now, _WEAKER),
            what=f"tells {listed(names)} {later(was, now)} as a rule (`group_wait`)",
            why="the latest moment stays as it is",
        )


def _groups(both: Both, differs_in: Callable[[str], bool]) -> Iterator[Facet]:
    """Yield changes in which alerts share a message or an incident."""
    for before, after in both:
        if before.group_by == after.group_by or after.step > 1:
            continue
        group = "its incidents" if after.step else f"its messages to {after.whom}"
        everything = ("...",)
        if everything in (before.group_by, after.group_by):
            alone = after.group_by == everything
            sentence = f"{group} are one for each alert" if alone else f"{group} are shared by several alerts"
            yield Facet(kind="incident", verdict=_STRONGER if alone else _WEAKER, what=sentence)
            continue
        was, now = set(filter(differs_in, before.group_by)), set(filter(differs_in, after.group_by))
        if was == now:
            continue
        verdict = of_sets(was, now, _STRONGER)
        words = [f"no longer by {listed(sorted(was - now))}"] if was - now else []
        words += [f"by {listed(sorted(now - was))} too"] if now - was else []
        reasons = {
            _STRONGER: "what joined another before is told by itself",
            _WEAKER: "what was told by itself joins another",
            _DIFFERENT: "other alerts are together",
        }
        why = reasons[verdict]
        if after.step and verdict is _WEAKER:
            why = "what paged by itself joins an incident, and pages nobody while that is acknowledged"
        elif after.step and verdict is _STRONGER:
            why = "what joined an incident before pages now by itself"
        yield Facet(kind="incident", verdict=verdict, what=f"{group} are told apart {listed(words)}", why=why)


def _steps(numbers: list[int]) -> str:
    """Return `steps 2 and 3 of its chain`."""
    return f"step{'s' * (len(numbers) > 1)} {listed([str(number) for number in sorted(numbers)])} of its chain"


def _answer(old: Conduct, new: Conduct) -> Iterator[str]:
    """Yield the latest acknowledgement compared with the SLA, before and after."""
    if old.answered is None or new.answered is None or old.sla is None or new.sla is None:
        return
    was, now = old.sla - old.answered, new.sla - new.answered
    sla = f"the SLA is {duration.write(new.sla)}" + (
        f" ({duration.write(old.sla)} before)" if old.sla != new.sla else ""
    )
    yield (
        f"answered after {duration.write(old.answered)} -> {duration.write(new.answered)}, {sla}: "
        f"{_margin(was)} -> {_margin(now)}"
    )


def _margin(margin: timedelta) -> str:
    return f"{duration.write(margin)} to spare" if margin > ZERO else f"{duration.write(-margin)} TOO LATE"


def _promised(old: Conduct, new: Conduct) -> Iterator[Facet]:
    if old.sla is None or new.sla is None:
        return
    if (old.sla, old.in_hours) != (new.sla, new.in_hours):
        verdict = _less_promised((old.sla, old.in_hours), (new.sla, new.in_hours))
        was, now = (duration.write(one.sla or ZERO) + OF_BUSINESS_HOURS * one.in_hours for one in (old, new))
        reasons = {_WEAKER: "less is promised", _STRONGER: "more is promised", _DIFFERENT: "other hours count"}
        yield Facet(
            kind="sla",
            verdict=verdict,
            what=f"is acknowledged within {now} instead of {was}",
            why=reasons[verdict],
            figures=tuple(_answer(old, new)),
            weight=(new.answered or ZERO).total_seconds(),
        )
    if old.answered and new.answered:
        held_before, holds_now = old.answered < old.sla, new.answered < new.sla
        if held_before != holds_now:
            what = "its SLA holds now" if holds_now else "its SLA holds no longer"
            yield Facet(kind="kept", verdict=_STRONGER if holds_now else _WEAKER, what=what)


def _less_promised(old: tuple[timedelta, bool], new: tuple[timedelta, bool]) -> Verdict:
    """Return whether less is promised: by the clock as many hours are sooner over than business hours."""
    if old[1] == new[1]:
        return of_more(old[0], new[0], _WEAKER)
    if new[1]:
        return _WEAKER if new[0] >= old[0] else _DIFFERENT
    return _STRONGER if new[0] <= old[0] else _DIFFERENT


def _repeats(both: Both) -> Iterator[Facet]:
    moved: dict[tuple[timedelta, timedelta], list[str]] = defaultdict(list)
    for before, after in both:
        if before.again and after.again and before.again != after.again:
            moved[before.again, after.again].append("its chain" if after.step else after.whom)
    for (was, now), names in sorted(moved.items()):
        verdict = of_more(was, now, _WEAKER)
        yield Facet(
            kind="repeat",
            verdict=verdict,
            what=f"tells {listed(names)} again within {duration.write(now)} instead of {duration.write(was)}",
            why="reminded more rarely" if verdict is _WEAKER else "reminded more often",
        )


def _hours(both: Both) -> Iterator[Facet]:
    moved: dict[tuple[Intervals, Intervals, Intervals, Intervals], list[ComparedMessage]] = defaultdict(list)
    for before, after in both:
        if [before.active, before.mute] != [after.active, after.mute]:
            moved[before.active, before.mute, after.active, after.mute].append(after)
    for (was_active, was_mute, active, mute), messages in moved.items():
        years = tuple(sorted({_FIRST, *_years((*was_active, *was_mute, *active, *mute))}))
        before_hours, after_hours = _quarters(was_active, was_mute, years), _quarters(active, mute, years)
        names = list(dict.fromkeys("its chain" if message.step else message.whom for message in messages))
        more, less = (
            _often(*quarters, years) for quarters in ((after_hours, before_hours), (before_hours, after_hours))
        )
        words = [f"silent in {more} more"] if more else []
        words += [f"told in {less} in which it was silent"] if less else []
        yield Facet(
            kind="hours",
            verdict=of_sets(before_hours, after_hours, _WEAKER),
            what=f"{listed(names)}: {listed(words or ['the same hours, written otherwise'])}",
        )


def _often(some: frozenset[datetime], others: frozenset[datetime], years: tuple[int, ...]) -> str:
    """Return how many hours are among the first alone: on an average week, or in all where they are few."""
    hours = len(some - others) / 4
    a_week = hours / (365 * len(years)) * 7
    if a_week >= 1 or not hours:
        return f"{a_week:.3g} hours a week" if hours else ""
    return f"{hours:.3g} hours of {f'{len(years)} years' if len(years) > 1 else 'a year'}"


Intervals = tuple["TimeInterval | None", ...]
_FIRST, _LAST = 2027, 2037
"""The year that stands for all, and the last one that is looked at where intervals name years."""


def _years(intervals: Intervals) -> Iterator[int]:
    """Yield the years that intervals name, as those of holidays do."""
    for interval in intervals:
        for span in interval.spans if interval else ():
            for first, last in span.years or ():
                yield from range(max(first, _FIRST), min(last, _LAST) + 1)


@lru_cache(maxsize=64)
def _quarters(active: Intervals, mute: Intervals, years: tuple[int, ...]) -> frozenset[datetime]:
    """Return the quarter hours of some years in which a route is muted."""
    if not active and not mute:
        return frozenset()
    begins = (datetime(year, 1, 1, tzinfo=timezone.utc) for year in years)
    instants = (begin + timedelta(minutes=15 * number) for begin in begins for number in range(96 * 365))
    return frozenset(at for at in instants if _silent(active, mute, at))


def _silent(active: Intervals, mute: Intervals, at: datetime) -> bool:
    inside = any(interval is not None and interval.contains(at) for interval in active)
    return (bool(active) and not inside) or any(interval is not None and interval.contains(at) for interval in mute)


def _ends(both: Both) -> Iterator[Facet]:
    for before, after in both:
        if before.resolved == after.resolved or after.step > 1:
            continue
        if after.pages:
            what = "its incident closes by itself" if after.resolved else "people close its incident"
            yield Facet(
                kind="end",
                verdict=_WEAKER if after.resolved else _STRONGER,
                what=f"{what}, {'people did before' if after.resolved else 'it did by itself before'}",
                why="a restart or a vanished series closes a live page" if after.resolved else "nothing else ends it",
            )
        else:
            sentence = "of its end too" if after.resolved else "of its end no longer"
            yield Facet(kind="end", verdict=_DIFFERENT, what=f"tells {after.whom} {sentence}")


def _paged(was: Conduct, now: Conduct) -> Iterator[Facet]:
    """Yield changes in how PagerDuty handles the alert's incidents."""
    old, new = was.pager, now.pager
    if not (was.pages and now.pages):
        return
    works = [pager is not None and pager.escalates for pager in (old, new)]
    if works[0] != works[1]:
        what = "PagerDuty escalates its incidents" if works[1] else "no service of PagerDuty escalates its incidents"
        yield Facet(kind="pager", verdict=_STRONGER if works[1] else _WEAKER, what=what)
    if old is None or new is None:
        return
    # The services of chains are called by chain and severity, of which is told elsewhere.
    if old.service != new.service and not (old.of_chain and new.of_chain):
        what = f"its incident is of PagerDuty's service {new.service} instead of {old.service}"
        yield Facet(kind="service", verdict=_DIFFERENT, what=what)
    if old.urgency != new.urgency:
        verdict = _WEAKER if new.urgency == "low" else _STRONGER
        yield Facet(
            kind="urgency",
            verdict=verdict,
            what=f"pages with {new.urgency} urgency instead of {old.urgency}",
            why="it may wake nobody" if verdict is _WEAKER else "it wakes people",
        )
    if old.loops != new.loops:
        verdict = of_more(old.loops, new.loops, _STRONGER)
        yield Facet(
            kind="rounds",
            verdict=verdict,
            what=f"its chain begins anew {new.loops} times instead of {old.loops} while nobody answers",
        )
    if old.last_wait != new.last_wait and old.loops and new.loops:
        yield Facet(
            kind="rounds",
            verdict=of_more(old.last_wait, new.last_wait, _WEAKER),
            what=f"its chain begins anew {later(old.last_wait, new.last_wait)} after its last step",
        )
    for what, before, after, never in (
        ("pages again when acknowledged for", old.acknowledgement_timeout, new.acknowledgement_timeout, _DIFFERENT),
        ("is closed by PagerDuty when open for", old.auto_resolve_timeout, new.auto_resolve_timeout, _STRONGER),
    ):
        if before != after:
            shown = [f"{duration.write(timeout)}" if timeout else "ever so long: never" for timeout in (before, after)]
            verdict = never if after is None else never.swapped
            if before and after and never is _STRONGER:
                verdict = of_more(before, after, _STRONGER)
            yield Facet(kind="timeout", verdict=verdict, what=f"{what} {shown[1]} instead of {shown[0]}")
