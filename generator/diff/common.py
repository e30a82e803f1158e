"""What changed beside the alerts: people, schedules, duties, deadlines, premises, what is recorded, messages."""

from __future__ import annotations

import itertools
from datetime import datetime, time, timedelta, timezone
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from generator.diff.changes import Facet, Subject, Verdict
from generator.diff.judge import listed, of_more, of_sets
from generator.plan import rota
from generator.plan.plan import Sprints
from generator.policy import duration
from generator.upstream.promql import promql

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from collections.abc import Set as AbstractSet
    from datetime import date

    from generator.behaviour.behaviour import Rule
    from generator.diagnostics.diagnostic import PolicyPath
    from generator.diff.sides import Pair, Side
    from generator.plan.plan import Plan
    from generator.policy.model import Duty, Person, Policy, Schedule

Found = tuple[Subject, tuple[Facet, ...]]
_WEAKER, _STRONGER, _DIFFERENT, _SAME = Verdict
_WEEK = timedelta(days=7)


def changes(pair: Pair, today: date) -> Iterator[Found]:
    """Yield each changed policy entry with its changes; schedules count from `today` on."""
    if pair.old.own and pair.new.own:
        old, new = pair.old.plan, pair.new.plan
        yield from _people(old, new)
        yield from _schedules(old, new, today)
        yield from _duties(old, new)
        yield from _deadlines(old, new)
        yield from _roles(old, new)
        yield from _premises(old, new)
        yield from _labels(old.policy, new.policy)
    yield from _records(pair)
    yield from _messages(pair.old, pair.new)
    yield from _receivers(pair.old, pair.new)
    yield from _other_content(pair)


def _entry(
    kind: str, name: str, facets: Iterable[Facet], route: PolicyPath | None, old_route: PolicyPath | None = None
) -> Iterator[Found]:
    changed = tuple(facets)
    if changed:
        yield Subject(kind=kind, name=name, route=route, old_route=old_route), changed


# ------------------------------------------------------------------------------------------- people


def _people(old: Plan, new: Plan) -> Iterator[Found]:
    before, after = old.policy.people, new.policy.people
    for name in sorted(before.keys() | after.keys()):
        was, now = before.get(name), after.get(name)
        if was == now:
            continue
        facets = []
        if was and now and was.email != now.email:
            facets.append(_facet("e-mail", _DIFFERENT, f"is paged as {now.email} instead of {was.email}"))
        if was and now and was.name != now.name:
            facets.append(_facet("name", _SAME, f"was called {was.name}"))
        if was and not now:
            facets.append(_facet("person", _SAME, "is in the policy no more"))
        if now and not was:
            facets.append(_facet("person", _SAME, "is new in the policy"))
        person = now or was
        yield from _entry("person", person.name if person else name, facets, ("people", name) if now else None)


def _roles(old: Plan, new: Plan) -> Iterator[Found]:
    before, after = old.policy.roles, new.policy.roles
    for name in sorted(before.keys() & after.keys()):
        was, now = before[name], after[name]
        facets = []
        if was.held_by != now.held_by:
            what = f"is held by {now.held_by or 'nobody'} instead of {was.held_by or 'nobody'}"
            facets.append(_facet("role", _WEAKER if not now.held_by else _DIFFERENT, what))
        yield from _entry("role", now.title, facets, ("roles", name))


# ------------------------------------------------------------------------------------------- schedules


def renamed_schedules(old: Plan, new: Plan) -> Mapping[str, str]:
    """Return the old name of each schedule that was renamed and is otherwise unchanged."""
    before, after = old.policy.schedules, new.policy.schedules
    removed = [name for name in before if name not in after]
    renamed: dict[str, str] = {}
    for name in after:
        if name not in before:
            same = [candidate for candidate in removed if _content(before[candidate]) == _content(after[name])]
            if len(same) == 1 and same[0] not in renamed.values():
                renamed[name] = same[0]
    return renamed


def _content(schedule: Schedule) -> object:
    return schedule.timezone, tuple(schedule.layers.values())


def _schedules(old: Plan, new: Plan, today: date) -> Iterator[Found]:
    before, after = old.policy.schedules, new.policy.schedules
    renamed = renamed_schedules(old, new)
    for name in sorted(after):
        was, now = before.get(renamed.get(name, name)), after[name]
        facets: list[Facet] = []
        if name in renamed:
            facets.append(_facet("name", _SAME, f"was called {renamed[name]}"))
        if was is None:
            facets.append(_facet("schedule", _SAME, "is new"))
        elif _content(was) != _content(now):
            facets += _of_schedule(was, now, {**old.policy.people, **new.policy.people}, today)
        yield from _entry("schedule", name, facets, ("schedules", name))
    for name in sorted(before.keys() - after.keys() - set(renamed.values())):
        yield from _entry("schedule", name, [_facet("schedule", _SAME, "is gone")], None, ("schedules", name))


def _of_schedule(old: Schedule, new: Schedule, people: Mapping[str, Person], today: date) -> Iterator[Facet]:
    uncovered = [sum(end - begin for begin, end in rota.weekly_gaps([schedule])) for schedule in (old, new)]
    if uncovered[0] != uncovered[1]:
        verdict = of_more(uncovered[0], uncovered[1], _WEAKER)
        shown = [duration.write(timedelta(minutes=minutes)) for minutes in uncovered]
        yield _facet("gap", verdict, f"has nobody on call for {shown[1]} a week instead of {shown[0]}")
    removed, joined = rota.people(old) - rota.people(new), rota.people(new) - rota.people(old)
    if removed:
        yield _facet(
            "rotation", _DIFFERENT, f"goes on without {listed(sorted(people[person].name for person in removed))}"
        )
    if joined:
        yield _facet("rotation", _DIFFERENT, f"has {listed(sorted(people[person].name for person in joined))} too")
    begin = max(rota.begins([old]), rota.begins([new]))
    now = datetime.combine(today, time(), timezone.utc)
    for verdict, there, missing, is_, was in (
        (_WEAKER, old, new, "nobody", "somebody"),
        (_STRONGER, new, old, "somebody", "nobody"),
    ):
        missed = _nobody(there, missing, now, begin)
        if missed:
            first, last = (f"{at.astimezone(ZoneInfo(new.timezone)):%a %Y-%m-%d %H:%M}" for at in missed)
            when = f"until {last}" if missed[0] == now else f"from {first} to {last}"
            yield _facet("begin", verdict, f"has {is_} on call {when}, where there was {was}")
    share = _differs(old, new, begin)
    if share:
        yield _facet("turns", _DIFFERENT, f"somebody else is on call in {share:.0%} of the time")
    elif not removed and not joined and uncovered[0] == uncovered[1]:
        yield _facet("turns", _SAME, "is written otherwise; the same people are on call at the same times")


def _nobody(there: Schedule, missing: Schedule, first: datetime, last: datetime) -> tuple[datetime, datetime] | None:
    """Return the first time between two instants in which `there` has somebody on call and `missing` nobody, if any."""
    if first >= last:
        return None
    for gap in rota.stretches(missing, first, last):
        if gap.person is None and any(stretch.person for stretch in rota.stretches(there, gap.begin, gap.end)):
            return gap.begin, gap.end
    return None


def _differs(old: Schedule, new: Schedule, first: datetime) -> float:
    """Return the share of a year in which a different person is on call."""
    last = first + 52 * _WEEK
    before, after = rota.stretches(old, first, last), rota.stretches(new, first, last)
    edges = sorted({stretch.begin for stretch in (*before, *after)} | {last})
    share, old_index, new_index = timedelta(), 0, 0
    for edge, following in itertools.pairwise(edges):
        while before[old_index].end <= edge:
            old_index += 1
        while after[new_index].end <= edge:
            new_index += 1
        if before[old_index].person != after[new_index].person:
            share += following - edge
    return share / (52 * _WEEK)


# ------------------------------------------------------------------------------------------- duties and deadlines


def _duties(old: Plan, new: Plan) -> Iterator[Found]:
    before, after = old.policy.duties, new.policy.duties
    for name in sorted(before.keys() | after.keys()):
        was, now = before.get(name), after.get(name)
        if was is None:
            yield from _entry("duty", name, [_facet("duty", _STRONGER, "is new")], ("duties", name))
        elif now is None:
            yield from _entry(
                "duty", name, [_facet("duty", _WEAKER, "is gone: nobody is reminded of it")], None, ("duties", name)
            )
        else:
            yield from _entry("duty", name, _of_duty(was, now), ("duties", name))


def _of_duty(old: Duty, new: Duty) -> Iterator[Facet]:
    for word, before, after in (("every", old.every, new.every), ("within", old.within, new.within)):
        if before and after and before != after:
            what = f"is due {word} {duration.write(after)} instead of {duration.write(before)}"
            yield _facet("duty", of_more(before, after, _WEAKER), what)
    for word, was, now in (
        ("during", old.during, new.during),
        ("after", old.after, new.after),
        ("reminded through", old.via, new.via),
    ):
        if set(was) != set(now):
            what = f"is {word} {listed(now)} instead of {listed(was)}"
            yield _facet("duty", of_sets(set(was), set(now), _STRONGER), what)
    if old.by != new.by:
        yield _facet("duty", _DIFFERENT, f"is up to {new.by or 'nobody'} instead of {old.by or 'nobody'}")


def _deadlines(old: Plan, new: Plan) -> Iterator[Found]:
    for name in sorted(old.severities.keys() & new.severities.keys()):
        before, after = old.severities[name].resolve, new.severities[name].resolve
        if before != after:
            verdict = _DIFFERENT
            if isinstance(before, timedelta) and isinstance(after, timedelta):
                verdict = of_more(before, after, _WEAKER)
            if before is None or after is None:
                verdict = _WEAKER if after is None else _STRONGER
            what = f"is resolved {_length(after)} instead of {_length(before)}"
            yield from _entry("severity", name, [_facet("resolve", verdict, what)], ("severities", name, "resolve"))


def _length(resolve: timedelta | Sprints | None) -> str:
    if resolve is None:
        return "at no promised time"
    return f"within {'the next sprint' if isinstance(resolve, Sprints) else duration.write(resolve)}"


def _premises(old: Plan, new: Plan) -> Iterator[Found]:
    before, after = old.stack, new.stack
    facets = []
    for name in before.__slots__:
        was, now = getattr(before, name), getattr(after, name)
        if was != now:
            what = f"{name} is {_written(now)} instead of {_written(was)}"
            facets.append(_facet("stack", _SAME, what, "a premise of every time"))
    yield from _entry("stack", "", facets, ("stack",))
    if old.policy.environment != new.policy.environment:
        what = f"is {new.policy.environment} instead of {old.policy.environment}"
        why = "alerts that still say the old one go where unknown alerts go"
        yield from _entry("environment", "", [_facet("environment", _DIFFERENT, what, why)], ("environment",))


def _labels(old: Policy, new: Policy) -> Iterator[Found]:
    """Yield that labels which alertc sets have other names."""
    called = old.labels.as_in(new.labels)
    if called:
        what = f"are {listed([f'`{now}` in place of `{was}`' for was, now in called.items()])}"
        why = "what still has an old one goes where unknown alerts go, and silences by it have no effect"
        yield from _entry("label names", "", [_facet("label", _DIFFERENT, what, why)], ("labels",))


def _written(value: object) -> str:
    if isinstance(value, timedelta):
        return duration.write(value)
    return listed(value) if isinstance(value, tuple) and value else str(value or "nothing")


# ------------------------------------------------------------------------------------------- what is rendered


def _records(pair: Pair) -> Iterator[Found]:
    before, after = _recorded(pair.old.behaviour.rules), _recorded(pair.new.behaviour.rules)
    for name in sorted(before.keys() & after.keys()):
        if before[name] != after[name]:
            readers = sorted(_readers(pair, name))
            why = f"read by {listed(readers[:6])}" if readers else ""
            facet = Facet(
                kind="record",
                verdict=_DIFFERENT,
                what="records something else",
                why=why,
                figures=tuple(
                    f"{word} {' '.join(expr.split())}"
                    for word, expressions in (("before", before[name]), ("after ", after[name]))
                    for _, expr in sorted(expressions)
                ),
            )
            yield from _entry("record", name, [facet], ("records", name) if pair.new.own else None)


def _recorded(rules: Iterable[Rule]) -> Mapping[str, AbstractSet[tuple[object, str]]]:
    expressions: dict[str, set[tuple[object, str]]] = {}
    for rule in rules:
        if rule.records:
            expressions.setdefault(rule.name, set()).add((tuple(sorted(rule.labels.items())), rule.expr))
    return expressions


def _readers(pair: Pair, name: str) -> set[str]:
    rules = (*pair.new.behaviour.rules, *pair.shared)
    return {
        rule.name
        for rule in rules
        if (name in rule.expr or promql.NAME in rule.expr) and promql.read_of((name,), rule.expr)
    }


def _messages(old: Side, new: Side) -> Iterator[Found]:
    before, after = old.messages, new.messages
    if not before or not after:
        return
    changed = [
        path.rpartition("/")[2] for path in sorted(before.keys() | after.keys()) if before.get(path) != after.get(path)
    ]
    if changed:
        facet = _facet("text", _SAME, f"read otherwise: {listed(changed)}", "who gets them stays as it is")
        yield from _entry("messages", "", [facet], None)


_REACHES = ("channel", "to", "url", "url_file", "send_resolved")
"""Settings whose change is told of the alerts."""
_SAYS = frozenset(
    {
        *("title", "text", "color", "fallback", "pretext", "footer", "username", "icon_emoji", "html", "headers"),
        *("title_link", "fields", "actions", "mrkdwn_in", "short_fields", "link_names", "description", "details"),
        *("client", "client_url", "class", "component", "group", "images", "links", "type", "summary"),
    }
)
"""Settings that only say something."""


def _receivers(old: Side, new: Side) -> Iterator[Found]:
    """Yield receivers with changed settings."""
    before = {receiver.name: receiver.integrations for receiver in old.behaviour.receivers}
    for receiver in new.behaviour.receivers:
        facets: list[Facet] = []
        for was, now in zip(before.get(receiver.name, ()), receiver.integrations, strict=False):
            if was.kind == now.kind:
                facets += _settings(was.settings, now.settings)
        yield from _entry("receiver", receiver.name, dict.fromkeys(facets), None)


def _other_content(pair: Pair) -> Iterator[Found]:
    """Yield changes of the files that affect neither behaviour nor anything reported from the policy."""
    old, new = pair.old, pair.new
    reported = _reported_schedules(pair)
    for kind, name in sorted(old.rest.keys() | new.rest.keys()):
        was, now = old.rest.get((kind, name)), new.rest.get((kind, name))
        if name in reported or was == now:
            continue
        if was is not None and now is not None:
            yield from _entry(kind, name, _settings(was, now), None)
        elif not (old.own and new.own):
            yield from _entry(
                kind, name, [_facet("setting", _DIFFERENT, "is new" if now is not None else "is gone")], None
            )


def _reported_schedules(pair: Pair) -> frozenset[str]:
    """Return the names of rendered schedules whose changes are reported from the policies."""
    if not (pair.old.own and pair.new.own):
        return frozenset()
    before, after = pair.old.plan.policy, pair.new.plan.policy
    moved = {
        name
        for name in before.schedules.keys() & after.schedules.keys()
        if (before.schedules[name], _emails(before)) != (after.schedules[name], _emails(after))
    }
    return frozenset(f"schedule {name}" for name in moved)


def _emails(policy: Policy) -> object:
    return {name: person.email for name, person in policy.people.items()}


def _settings(old: Mapping[str, object], new: Mapping[str, object]) -> Iterator[Facet]:
    changed = [name for name in sorted(old.keys() | new.keys()) if old.get(name) != new.get(name)]
    texts = [name for name in changed if name in _SAYS]
    acts = [name for name in changed if name not in texts and name not in _REACHES]
    if acts:
        yield _facet("setting", _DIFFERENT, f"has another {listed(acts)}")
    if texts:
        yield _facet("text", _SAME, f"says something else under {listed(texts)}")


def _facet(kind: str, verdict: Verdict, what: str, why: str = "") -> Facet:
    return Facet(kind=kind, verdict=verdict, what=what, why=why)
