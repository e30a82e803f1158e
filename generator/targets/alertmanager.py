"""Alertmanager's configuration and its message templates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from generator.behaviour.documents import ALERTMANAGER, MESSAGES
from generator.plan import nobody, time_intervals
from generator.plan.paging_hours import BUSINESS_HOURS
from generator.policy.model import NOBODY
from generator.system.artifact import Artifact
from generator.targets.target import Owned, Target

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from generator.plan.plan import AlertRoute, Plan
    from generator.policy.model import Hours
    from generator.targets.render import Templates
    from generator.upstream.alertmanager.time_intervals import Span, TimeInterval

_MESSAGES = ("pagerduty", "public", "room")
_MOST = 20
"""So many alerts of a group stand in a message; of the others it says how many they are."""
_WEEKDAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)


def build(plan: Plan, templates: Templates, source: str) -> Iterator[Artifact]:
    """Yield `alertmanager/alertmanager.yml` and `alertmanager/templates/*.tmpl`."""
    text = templates.render(
        "alertmanager/alertmanager.yml.j2",
        source=source,
        plan=plan,
        root=plan.root,
        nobody=NOBODY if nobody.place(plan) else None,
        intervals=_intervals(plan),
        **_for_older_copies(plan),
        smtp=plan.policy.stack.alertmanager.smtp,
        pagerduty=plan.policy.stack.pagerduty,
        through=plan.policy.stack.alertmanager.through,
        mail=plan.policy.stack.alertmanager.mail,
        events=_events(plan),
    )
    yield Artifact(path=ALERTMANAGER, text=text)
    paged = any(receiver.integration.pages for receiver in plan.receivers)
    for name in _MESSAGES if paged else _MESSAGES[1:]:
        text = templates.render(f"alertmanager/templates/{name}.tmpl.j2", source=source, plan=plan, most=_MOST)
        yield Artifact(path=f"{MESSAGES}{name}.tmpl", text=text)


def _for_older_copies(plan: Plan) -> Mapping[str, Any]:
    """Return what a project's own copy of the template asks for that was made when there was one calendar."""
    calendar = plan.policy.calendar
    hours = calendar.business_hours if calendar else None
    used = any(BUSINESS_HOURS in (route.active, route.mute) for route in _routes(plan.root))
    return {
        "business": _quoted(_WEEKDAYS[(day + 1) % 7] for day in _days(hours)) if hours and used else None,
        "hours": hours,
        "timezone": calendar.timezone if calendar else None,
    }


def _days(hours: Hours) -> range:
    """Return the days of the week, Monday is 0; a range may pass Sunday."""
    first, last = hours.days
    return range(first, last + 1 if last >= first else last + 8)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """A part of a time interval as it is written; `why` becomes its comment."""

    why: str
    ranges: Mapping[str, str]
    """By their keys, such as `weekdays`."""
    times: tuple[tuple[int, int], ...]
    location: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Interval:
    name: str
    parts: tuple[_Part, ...]


def _intervals(plan: Plan) -> tuple[_Interval, ...]:
    """Return the time intervals that routes name."""
    named = {name for route in _routes(plan.root) for name in (route.active, route.mute) if name}
    return tuple(
        _Interval(name=one.name, parts=tuple(_part(plan, one, span) for span in one.spans))
        for one in time_intervals.of_plan(plan)
        if one.name in named
    )


def _routes(route: AlertRoute) -> Iterator[AlertRoute]:
    yield route
    for child in route.children:
        yield from _routes(child)


def _part(plan: Plan, interval: TimeInterval, span: Span) -> _Part:
    ranges = {
        "weekdays": _quoted(_WEEKDAYS[first] for first, _ in span.weekdays or ()),
        "years": _quoted(map(_range, span.years or ())),
        "months": _quoted(_MONTHS[first - 1] for first, _ in span.months or ()),
        "days_of_month": _quoted(map(_range, span.days_of_month or ())),
    }
    return _Part(
        why=", ".join(dict.fromkeys(_called(plan, interval, span))),
        ranges={key: values for key, values in ranges.items() if values},
        times=span.times or (),
        location=span.zone.key,
    )


def _called(plan: Plan, interval: TimeInterval, span: Span) -> Iterator[str]:
    """Yield the names of the holidays in a part of a time interval."""
    for paging in plan.hours.values():
        if paging.active == interval.name and paging.lead:
            yield "They end sooner than the hours: a page on its way then arrives within them."
        zone = ZoneInfo(paging.opening.timezone)
        for day, name in paging.holidays if paging.mute == interval.name else ():
            # A part may hold some hours of a day alone.
            hours = (datetime.combine(day, time(hour, 30), zone) for hour in range(24))
            if any(map(span.contains, hours)):
                yield name


def _quoted(texts: Iterable[str]) -> str:
    return ", ".join(f"'{text}'" for text in texts)


def _range(numbers: tuple[int, int]) -> str:
    first, last = numbers
    return str(first) if first == last else f"{first}:{last}"


def _events(plan: Plan) -> str:
    """Return a template for the severity of an event by that of its alerts, for a service that several page."""
    label = plan.policy.labels.severity
    known = "".join(
        f'{{{{ {"else " * (number > 0)}if eq .CommonLabels.{label} "{name}" }}}}{severity.event}'
        for number, (name, severity) in enumerate(plan.severities.items())
    )
    return f"{known}{{{{ else }}}}error{{{{ end }}}}"


TARGET = Target(
    name="alertmanager",
    build=build,
    owns=(Owned(path=ALERTMANAGER, schema="alertmanager"), Owned(path=f"{MESSAGES}*.tmpl")),
)
