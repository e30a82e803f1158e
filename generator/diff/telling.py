"""Who is told, when and how often: two conducts of one alert beside one another."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import TYPE_CHECKING

from generator import duration
from generator.diff.changes import Facet, Verdict
from generator.diff.judge import later, listed, of_more, of_sets
from generator.timing import ZERO

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.diff.conduct import Conduct, Pager, Telling
    from generator.time_intervals import TimeInterval

_WEAKER, _STRONGER, _DIFFERENT, _SAME = Verdict


def facets(old: Conduct, new: Conduct) -> tuple[Facet, ...]:
    """Return what differs between what an alert led to and what it leads to."""
    if old is new or old == new:
        return ()
    both, gone, came = _partners(old, new)
    return (
        *_reached(old, both, gone, came),
        *_times(old, new, both),
        *_promised(old, new),
        *_repeats(both),
        *_hours(both),
        *_ends(both),
        *_paged(old.pager, new.pager),
    )


Both = list[tuple["Telling", "Telling"]]


def _partners(old: Conduct, new: Conduct) -> tuple[Both, list[Telling], list[Telling]]:
    """Return the messages of both sides that belong together, those that are gone, and those that came.

    What reaches the same is the same; of the rest, one of the same kind stands in for another, in their order.
    """
    both = [(one, new.told[name]) for name, one in old.told.items() if name in new.told]
    gone = [one for name, one in old.told.items() if name not in new.told]
    came = [one for name, one in new.told.items() if name not in old.told]
    for one in tuple(gone):
        other = next((other for other in came if other.kind == one.kind), None)
        if other is not None:
            both.append((one, other))
            gone.remove(one)
            came.remove(other)
    return both, gone, came


def _reached(old: Conduct, both: Both, gone: list[Telling], came: list[Telling]) -> Iterator[Facet]:
    for before, after in both:
        if before.whom != after.whom:
            yield Facet(kind="told", verdict=_DIFFERENT, what=f"{after.whom} instead of {_object(before, after)}")
        elif before.role != after.role:
            role = after.role or "with no role"
            yield Facet(kind="role", verdict=_SAME, what=f"{after.whom} {role}" + _was(before.role))
    for one in gone:
        yield Facet(
            kind="told",
            verdict=_WEAKER,
            what=f"no longer: {one.whom}",
            why="nobody is told any more" if not both and not came else "one way less to be heard",
            figures=(f"it was told after {duration.write(one.at)} at the latest",),
        )
    for one in came:
        yield Facet(
            kind="told",
            verdict=_STRONGER,
            what=f"now also: {one.whom}",
            why="nobody was told" if not old.told else "one way more to be heard",
            figures=(f"told after {duration.write(one.at)} at the latest",),
        )


def _object(before: Telling, after: Telling) -> str:
    """Return the old one without the words that both begin with."""
    for words in ("PagerDuty pages ", "Slack ", "a call of ", "e-mail to "):
        if before.whom.startswith(words) and after.whom.startswith(words):
            return before.whom.removeprefix(words)
    return before.whom


def _was(text: str) -> str:
    return f" ({text} before)" if text else ""


def _times(old: Conduct, new: Conduct, both: Both) -> Iterator[Facet]:
    """Yield who is told later or sooner; those who move alike in one sentence."""
    moved: dict[timedelta, Both] = defaultdict(list)
    for before, after in both:
        if before.at != after.at:
            moved[after.at - before.at].append((before, after))
    for by, those in sorted(moved.items()):
        everybody = len(those) == len(both) and len(both) > 1
        names = "everybody" if everybody else listed([after.whom for _, after in those])
        verb = "is" if everybody or len(those) == 1 else "are"
        before, after = min(those, key=lambda pair: pair[1].at)
        word = "first" if len(those) > 1 else "told"
        times = f"{word} after {duration.write(before.at)} -> {duration.write(after.at)} at the latest"
        yield Facet(
            kind="time",
            verdict=_WEAKER if by > ZERO else _STRONGER,
            what=f"{names} {verb} told {later(ZERO, by)}",
            figures=(times, *(_answer(old, new) if by == max(moved) else ())),
            weight=after.at.total_seconds(),
        )


def _answer(old: Conduct, new: Conduct) -> Iterator[str]:
    """Yield how the last answer stands to the SLA, before and after."""
    if old.answered is None or new.answered is None or old.sla is None or new.sla is None:
        return
    was, now = old.sla - old.answered, new.sla - new.answered
    sla = f"the SLA is {duration.write(new.sla)}" + (
        f" ({duration.write(old.sla)} before)" if old.sla != new.sla else ""
    )
    yield (
        f"answered after {duration.write(old.answered)} -> {duration.write(new.answered)}, {sla}: "
        f"{_left(was)} -> {_left(now)}"
    )


def _left(left: timedelta) -> str:
    return f"{duration.write(left)} to spare" if left > ZERO else f"{duration.write(-left)} TOO LATE"


def _promised(old: Conduct, new: Conduct) -> Iterator[Facet]:
    if old.sla is None or new.sla is None:
        return
    if old.sla != new.sla:
        verdict = of_more(old.sla, new.sla, _WEAKER)
        yield Facet(
            kind="sla",
            verdict=verdict,
            what=f"is acknowledged within {duration.write(new.sla)} instead of {duration.write(old.sla)}",
            why="less is promised" if verdict is _WEAKER else "more is promised",
            figures=tuple(_answer(old, new)),
            weight=(new.answered or ZERO).total_seconds(),
        )
    if old.answered and new.answered:
        kept, keeps = old.answered < old.sla, new.answered < new.sla
        if kept != keeps:
            what = "its SLA holds now" if keeps else "its SLA holds no longer"
            yield Facet(kind="kept", verdict=_STRONGER if keeps else _WEAKER, what=what)


def _repeats(both: Both) -> Iterator[Facet]:
    moved: dict[tuple[timedelta, timedelta], list[str]] = defaultdict(list)
    for before, after in both:
        if before.again and after.again and before.again != after.again:
            moved[before.again, after.again].append(after.whom)
    for (was, now), names in sorted(moved.items()):
        verdict = of_more(was, now, _WEAKER)
        yield Facet(
            kind="repeat",
            verdict=verdict,
            what=f"{listed(names)}: again within {duration.write(now)} instead of {duration.write(was)}",
            why="reminded more rarely" if verdict is _WEAKER else "reminded more often",
        )


def _hours(both: Both) -> Iterator[Facet]:
    for before, after in both:
        if (before.active, before.mute) == (after.active, after.mute):
            continue
        verdict = _of_hours(before.active, before.mute, after.active, after.mute)
        reasons = {
            _WEAKER: "silent in hours in which it was not",
            _STRONGER: "told in hours in which it was silent",
            _DIFFERENT: "other hours of silence",
            _SAME: "the same hours",
        }
        words = f"keeps to {_named(after)}" if after.active or after.mute else "is told at any time"
        yield Facet(
            kind="hours",
            verdict=verdict,
            what=f"{after.whom} {words}" + (f" instead of {_named(before)}" if before.active or before.mute else ""),
            why=reasons[verdict],
        )


def _named(one: Telling) -> str:
    active = [interval.name if interval else "an unknown time" for interval in one.active]
    mute = [f"all but {interval.name if interval else 'an unknown time'}" for interval in one.mute]
    return f"the times {listed([*active, *mute])}" if active or mute else "any time"


Intervals = tuple["TimeInterval | None", ...]
_YEAR = 366
_FIRST = datetime(2027, 1, 1, tzinfo=timezone.utc)


@lru_cache(maxsize=64)
def _of_hours(old_active: Intervals, old_mute: Intervals, new_active: Intervals, new_mute: Intervals) -> Verdict:
    """Return the verdict by the quarters of an hour of a year in which the route is silent."""
    quarters = [_FIRST + timedelta(minutes=15 * number) for number in range(96 * _YEAR)]
    before = {number for number, at in enumerate(quarters) if _silent(old_active, old_mute, at)}
    after = {number for number, at in enumerate(quarters) if _silent(new_active, new_mute, at)}
    return of_sets(before, after, _WEAKER)


def _silent(active: Intervals, mute: Intervals, at: datetime) -> bool:
    inside = any(one is not None and one.contains(at) for one in active)
    return (bool(active) and not inside) or any(one is not None and one.contains(at) for one in mute)


def _ends(both: Both) -> Iterator[Facet]:
    for before, after in both:
        if before.resolved == after.resolved or ("step" in before.kind and before is not both[0][0]):
            continue
        if after.kind.startswith("pagerduty"):
            verdict = _WEAKER if after.resolved else _STRONGER
            what = "its incident closes with the alert" if after.resolved else "people close its incident"
            why = (
                "a restart or a vanished series can close a live page"
                if after.resolved
                else "nothing but people ends it"
            )
            yield Facet(kind="end", verdict=verdict, what=f"{what}, no longer {_closer(before)}", why=why)
        else:
            said = "is told of its end" if after.resolved else "is not told of its end any more"
            yield Facet(kind="end", verdict=_DIFFERENT, what=f"{after.whom} {said}")


def _closer(before: Telling) -> str:
    return "by itself" if before.resolved else "people"


def _paged(old: Pager | None, new: Pager | None) -> Iterator[Facet]:
    if old is None or new is None:
        return
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
    for what, before, after, never in (
        ("pages again when acknowledged for", old.acknowledgement_timeout, new.acknowledgement_timeout, _DIFFERENT),
        ("is closed by PagerDuty when open for", old.auto_resolve_timeout, new.auto_resolve_timeout, _STRONGER),
    ):
        if before != after:
            shown = [f"{duration.write(one)}" if one else "ever so long: never" for one in (before, after)]
            verdict = never if after is None else never.swapped
            if before and after and never is _STRONGER:
                verdict = of_more(before, after, _STRONGER)
            yield Facet(kind="timeout", verdict=verdict, what=f"{what} {shown[1]} instead of {shown[0]}")
