"""`alertc who`: name the people whom a page reaches at a given time."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from generator import pipeline
from generator.commands.project import Outcome, Project, Unknown, texts
from generator.diagnostics import formats
from generator.diagnostics.diagnostic import PolicyErrors
from generator.plan import business_hours, holidays, oncall, pagers, paging_hours, rota, wall_clock
from generator.plan.plan import NO_CHAIN
from generator.plan.timing import MINUTE
from generator.policy import duration
from generator.policy.environments import pages
from generator.policy.parts import on_disk

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import tzinfo

    from generator.plan.plan import EscalationPlan, EscalationStep, Plan, SeverityPlan
    from generator.policy.model import Policy, Responder

_TIME = re.compile(r"20[0-9]{2}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Which page is meant: of what severity and service, and when it first goes out (`at` None: now)."""

    severity: str
    service: str
    at: datetime | None
    environment: str | None = None
    """None: the first one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    plan: Plan
    query: Query
    chain: EscalationPlan
    zone: tzinfo
    zone_name: str
    came: datetime
    first: datetime
    """The first page: where business hours hold it back, later than it came."""


def moment(written: str) -> datetime:
    """Return the time in `2026-12-24 03:00` or `2026-12-24T03:00+01:00`; raises ValueError for anything else."""
    example = "write 2026-12-24 03:00, or 2026-12-24T03:00+01:00"
    if not _TIME.fullmatch(written):
        raise ValueError(f"`{written}` is not a time; {example}")
    try:
        return datetime.fromisoformat(written.replace("Z", "+00:00"))
    except ValueError:
        raise ValueError(f"there is no time `{written}`; {example}") from None


def who(project: Project, query: Query, form: str) -> Outcome:
    """Return the people whom the page reaches, in the form `text` or `json`.

    Raises PolicyErrors where there is no policy to read, Unknown where the policy has no such severity or service. A
    promise that the policy breaks is no reason to say nothing: `check` judges those.
    """
    source = on_disk(project.policy).read()
    try:
        plan, _ = pipeline.planned(source)
    except PolicyErrors as refused:
        findings = formats.place(refused.diagnostics, source)
        return Outcome(diagnostics=findings, sources=texts(project, source))
    plan = _in_environment(plan, query)
    if not pages(plan.policy):
        return Outcome(diagnostics=(), sources={}, lines=tuple(_told(plan, query, form)))
    if query.severity in plan.severities and query.service in plan.policy.services:
        severity = plan.severities[query.severity]
        of_team = pagers.of_team(plan.policy, query.service, query.severity)
        if of_team or (severity.pagers and not severity.by_pagerduty):
            told = (*severity.pagers, *((of_team,) if of_team else ()))
            return Outcome(diagnostics=(), sources={}, lines=tuple(_channels(plan.policy, severity, told, query, form)))
    answer = _answer(plan, query)
    lines = tuple(json.dumps(_data(answer), indent=2).split("\n")) if form == "json" else tuple(_text(answer))
    return Outcome(diagnostics=(), sources={}, lines=lines)


def _in_environment(plan: Plan, query: Query) -> Plan:
    """Return the plan of the environment that is meant; raises Unknown where there is none of that name."""
    known = {each.policy.environment: each for each in plan.each}
    name = query.environment or plan.policy.environment
    if name not in known:
        raise Unknown(f"there is no environment `{name}` among {', '.join(known)}", name, known)
    return known[name]


def _told(plan: Plan, query: Query, form: str) -> Iterator[str]:
    """Yield who is told in an environment that pages nobody."""
    policy = plan.policy
    _check(plan, query)
    notify = plan.severities[query.severity].notify
    if form == "json":
        told = _places(policy, notify)
        data = {"service": query.service, "severity": query.severity, "environment": policy.environment, "told": told}
        yield from json.dumps(data, indent=2).split("\n")
        return
    yield f"In {policy.environment} nobody is paged. A {query.severity} of {query.service} is told to:"
    for place in _places(policy, notify):
        yield f"  {place['channel']}: {place['through']}"
    if not notify:
        yield "  nobody"


def _places(policy: Policy, channels: Iterable[str]) -> list[dict[str, str]]:
    """Return the names of channels, each with the place that it reaches."""
    named = ((name, policy.channels[name]) for name in dict.fromkeys(channels))
    return [{"channel": name, "through": channel.kind.called(channel.address)} for name, channel in named]


def _check(plan: Plan, query: Query) -> None:
    """Raise Unknown where the policy has no such severity or service."""
    if query.severity not in plan.severities:
        known = ", ".join(plan.severities)
        raise Unknown(f"there is no severity `{query.severity}` among {known}", query.severity, plan.severities)
    if query.service not in plan.policy.services:
        raise Unknown(f"there is no service `{query.service}`", query.service, plan.policy.services)


def _channels(policy: Policy, severity: SeverityPlan, told: Iterable[str], query: Query, form: str) -> Iterator[str]:
    """Yield where a page goes that PagerDuty has nothing to do with: who answers there, nobody here knows."""
    places = _places(policy, told)
    if form == "json":
        data = {"service": query.service, "severity": severity.name, "channels": places}
        yield from json.dumps(data, indent=2).split("\n")
        return
    yield f"A {severity.name} of {query.service} pages no person by name, but:"
    for place in places:
        yield f"  {place['channel']}: {place['through']}"
    yield f"Whoever reads it there answers within {duration.write(severity.answer_in.length)}."


def _answer(plan: Plan, query: Query) -> _Answer:
    """Return the escalation that the page goes to, and when its first page goes out; raises Unknown where none does."""
    policy = plan.policy
    _check(plan, query)
    chain = policy.services[query.service].escalation
    paged = {
        one.severity: one.escalation
        for one in plan.paged
        if one.receiver == pagers.pager(policy, chain or NO_CHAIN, query.service, one.severity)
        and oncall.pages(policy, one.chain, one.severity)
    }
    if query.severity not in paged:
        known = ", ".join(sorted(paged)) or "nothing"
        raise Unknown(
            f"no {query.severity} pages the chain {chain} of {query.service}: it is paged for {known}", "", ()
        )
    _, calendar = paging_hours.calendar_of(policy, policy.services[query.service].team)
    name = calendar.timezone if calendar else "UTC"
    zone: tzinfo = ZoneInfo(name)
    arrived = query.at or datetime.now(timezone.utc)
    if arrived.tzinfo is None:
        arrived = wall_clock.instant(arrived, ZoneInfo(name))
    elif query.at is not None:
        zone, name = arrived.tzinfo, str(arrived.tzinfo)
    first = arrived
    paging = paging_hours.of(policy, policy.services[query.service].team, query.severity)
    if paging:
        first = business_hours.opens(paging.opening, arrived)
    return _Answer(
        plan=plan, query=query, chain=paged[query.severity], zone=zone, zone_name=name, came=arrived, first=first
    )


# ------------------------------------------------------------------------------------------- how it is said


def _text(answer: _Answer) -> Iterator[str]:
    chain, policy = answer.chain, answer.plan.policy
    yield f"A {answer.query.severity} of {answer.query.service}, {_shown(answer, answer.came)}:"
    if answer.first != answer.came:
        yield f"  it is held back until business hours, {_shown(answer, answer.first)}"
    name = _holiday(answer)
    if name:
        team = policy.teams[policy.services[answer.query.service].team].title
        yield f"  it is a holiday of {team} ({name}), of which schedules know nothing"
    rows = []
    for step, at in _steps(answer):
        role = f", as {policy.roles[step.role].title}" if step.role else ""
        after = f"+{duration.write(step.after)}" if step.after else "first"
        for target in step.targets:
            person = _person(policy, target, at)
            if person is None:
                person_text = f"nobody is on call; the step waits out its {duration.write(step.wait)} all the same"
            else:
                person_text = f"{policy.people[person].name} <{policy.people[person].email}>{role}"
            rows.append((after, target.name if target.kind == "schedule" else str(target), person_text))
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    for after, called, person_text in rows:
        yield f"  {after:>{widths[0]}}  {called:<{widths[1]}}  {person_text}"
    whole = chain.last_step + chain.steps[-1].wait
    if chain.loops:
        often = "once" if chain.loops == 1 else f"{chain.loops} times"
        yield f"If nobody answers, it begins anew after {duration.write(whole)}, at most {often}."


def _holiday(answer: _Answer) -> str | None:
    """Return the team's holiday on which the first page comes, if any: PagerDuty's schedules do not know it."""
    policy = answer.plan.policy
    team = policy.services[answer.query.service].team
    _, calendar = paging_hours.calendar_of(policy, team)
    if calendar is None:
        return None
    return holidays.of(policy, [team]).get(answer.first.astimezone(ZoneInfo(calendar.timezone)).date())


def _data(answer: _Answer) -> dict[str, Any]:
    policy = answer.plan.policy
    return {
        "service": answer.query.service,
        "severity": answer.query.severity,
        "escalation": answer.chain.chain,
        "at": _iso(answer, answer.came),
        "first_page": _iso(answer, answer.first),
        "holiday": _holiday(answer),
        "steps": [
            {
                "after_minutes": step.after // MINUTE,
                "at": _iso(answer, at),
                "wait_minutes": step.wait // MINUTE,
                "role": step.role,
                "paged": [_paged(policy, target, at) for target in step.targets],
            }
            for step, at in _steps(answer)
        ],
        "loops": answer.chain.loops,
    }


def _paged(policy: Policy, target: Responder, at: datetime) -> dict[str, str | None]:
    """Return a target with the person whom it reaches at a time, `null` where nobody is on call."""
    person = _person(policy, target, at)
    entry = policy.people[person] if person is not None else None
    return {
        "target": str(target),
        "person": person,
        "name": entry.name if entry else None,
        "email": entry.email if entry else None,
    }


def _steps(answer: _Answer) -> Iterator[tuple[EscalationStep, datetime]]:
    """Yield each step with the moment at which it pages."""
    for step in answer.chain.steps:
        yield step, answer.first + step.after


def _person(policy: Policy, target: Responder, at: datetime) -> str | None:
    return rota.on_call(policy.schedules[target.name], at) if target.kind == "schedule" else target.name


def _shown(answer: _Answer, at: datetime) -> str:
    return f"{at.astimezone(answer.zone):%a %Y-%m-%d %H:%M} ({answer.zone_name})"


def _iso(answer: _Answer, at: datetime) -> str:
    return at.astimezone(answer.zone).isoformat(timespec="seconds")
