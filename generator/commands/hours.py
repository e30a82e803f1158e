"""What business hours mean for an alert, in the words of `explain`: inside of them, and outside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from generator.plan import business_hours, paging_hours, timing, week
from generator.policy import duration

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime, timedelta

    from generator.behaviour.timeline import Timeline
    from generator.plan.business_hours import Closed, Opening
    from generator.plan.paging_hours import PagingHours
    from generator.plan.plan import Plan
    from generator.plan.timing import Derived


def lines(plan: Plan, answer: Timeline) -> Iterator[str]:
    """Yield a line for what is inside of business hours, and one for what is outside; nothing where neither matters.

    PagerDuty's delays cannot count business hours: so the latest step is stated by the clock.
    """
    paging, promised = of(plan, answer), answer.promised
    if paging is None or promised is None or answer.acknowledged is None:
        return
    inside, latest = duration.write(_inside(answer.acknowledged)), _by_clock(plan, answer, paging)
    of_them = " of them" if plan.severities[promised.severity].in_business_hours else ""
    yield f"Inside business hours ({_words(paging.worked)}): answered within {inside}{of_them}."
    closed = business_hours.longest_closed(paging.opening)
    if closed:
        yield (
            f"Outside of them: held until they begin, {duration.write(closed.length)} at the most "
            f"({_dated(closed, paging.opening)}); by the clock the last step pages within "
            f"{duration.write(_last_step(plan, answer))}, and is answered within {duration.write(latest)}."
        )
    if paging.lead:
        yield (
            f"What would leave Alertmanager in their last {_minutes(paging.lead)} waits for the next day: it might "
            "arrive when they are over."
        )


def _minutes(length: timedelta) -> str:
    minutes = length // timing.MINUTE
    return "minute" if minutes == 1 else f"{minutes} minutes"


def data(plan: Plan, answer: Timeline) -> dict[str, Any] | None:
    """Return the same for programs; None where no business hours hold its pages back."""
    paging, promised = of(plan, answer), answer.promised
    if paging is None or promised is None or answer.acknowledged is None:
        return None
    closed = business_hours.longest_closed(paging.opening)
    in_hours = plan.severities[promised.severity].in_business_hours
    return {
        "calendar": paging.calendar,
        "timezone": paging.opening.timezone,
        "counts": "business hours" if in_hours else "the clock",
        "inside": _inside(answer.acknowledged).total_seconds(),
        "held_back": closed.length.total_seconds() if closed else 0.0,
        "last_step": _last_step(plan, answer).total_seconds(),
        "answered": _by_clock(plan, answer, paging).total_seconds(),
    }


def _by_clock(plan: Plan, answer: Timeline, paging: PagingHours) -> timedelta:
    """Return how long an answer takes by the clock at the longest."""
    promised, acknowledged = answer.promised, answer.acknowledged
    if promised is None or acknowledged is None or not plan.severities[promised.severity].in_business_hours:
        return acknowledged.value if acknowledged else timing.ZERO
    return business_hours.longest_span(paging.worked, acknowledged.value).length


def _last_step(plan: Plan, answer: Timeline) -> timedelta:
    """Return when the last step pages at the latest, by the clock: what was held back is sent as hours begin."""
    nodes = [message.node for message in answer.messages if message.node and message.receiver in answer.paged]
    # What another alert says of a deadline has no integration of its own.
    paged = (message.at for message in answer.messages if message.receiver in answer.paged and message.integration)
    active = [name for node in nodes for name in node.active]
    return max(paging_hours.by_clock(plan, at, active) for at in paged)


def of(plan: Plan, answer: Timeline) -> PagingHours | None:
    """Return the hours to which the routes of its pages keep, by the files; None where they page at any time."""
    nodes = [message.node for message in answer.messages if message.node and message.receiver in answer.paged]
    named = (plan.hours[name] for node in nodes for name in node.active if name in plan.hours)
    return next(named, None)


def _inside(acknowledged: Derived) -> timedelta:
    return sum((term.length for term in acknowledged.terms if term.name != paging_hours.CLOSED), timing.ZERO)


def _words(opening: Opening) -> str:
    hours = opening.hours
    first, last = (week.DAYS[day] for day in hours.days)
    days = first if first == last else f"{first}-{last}"
    end = "24:00" if hours.end == week.DAY else week.clock(hours.end)
    holidays = f" but for {len(opening.holidays)} holidays" if opening.holidays else ""
    return f"{days} {week.clock(hours.start)}-{end} in {opening.timezone}{holidays}"


def _dated(closed: Closed, opening: Opening) -> str:
    zone = ZoneInfo(opening.timezone)

    def shown(at: datetime) -> str:
        return f"{at.astimezone(zone):%a %Y-%m-%d %H:%M}"

    return f"{shown(closed.begin)} to {shown(closed.end)}"
