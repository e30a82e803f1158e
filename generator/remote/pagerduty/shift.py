"""Who goes on call, and who no longer is, at the moment at which changes are applied."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.remote.pagerduty import on_call
from generator.remote.pagerduty.changes import Create, Delete, Update, about, as_posted, called

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from generator.remote.pagerduty.changes import Changes
    from generator.remote.pagerduty.desired import Body, Desired, Wanted
    from generator.remote.pagerduty.found import Found, Held

Side = tuple[str, "str | None", "str | None"]
"""Where somebody is paged, and who is before and after: addresses in small letters, None for nobody."""

_NOBODY = "nobody"


def shift(desired: Desired, found: Found, changes: Changes) -> Iterator[str]:
    """Yield a line for each schedule, and for each step that names people, at which somebody else is paged at once."""
    people = called(desired, found)
    for change in changes.todo:
        if not isinstance(change, (Create, Update, Delete)):
            continue
        wanted = None if isinstance(change, Delete) else change.wanted
        held = None if isinstance(change, Create) else change.held
        thing = about(change)
        sides = {"schedule": _schedule, "escalation_policy": _targets}.get(thing.kind)
        for where, before, after in sides(wanted, held, found) if sides else ():
            if before != after:
                yield f"{thing.name}{where}: {_shifted(bool(held), bool(where), before, after, people)}"


def _shifted(known: bool, step: bool, before: str | None, after: str | None, people: Mapping[str, str]) -> str:
    """Return who is on call from now on; a step that names nobody itself may page others by its schedules."""
    if step and not after:
        return f"no longer {_said(before, people)}"
    now = f" (now: {_said(before, people)})" if known and (before or not step) else ""
    return f"{_said(after, people)}{now}"


def _schedule(wanted: Wanted | None, held: Held | None, found: Found) -> Iterator[Side]:
    """Yield who is on call in a schedule before and after."""
    before = _rendered(held.body.get("final_schedule"), found) if held else None
    # An override stays in force, whatever becomes of the layers below it.
    override = _rendered(held.body.get("overrides_subschedule"), found) if held else None
    after = (override or on_call.on_call(wanted.body, found.at)) if wanted else None
    yield "", before, after.lower() if after else None


def _targets(wanted: Wanted | None, held: Held | None, found: Found) -> Iterator[Side]:
    """Yield each step of a chain that names people itself."""
    before = _named(as_posted(held, found)) if held else {}
    after = _named(wanted.body) if wanted else {}
    for number in sorted({*before, *after}):
        yield f", step {number}", before.get(number), after.get(number)


def _rendered(part: Body | None, found: Found) -> str | None:
    """Return the address of the person whom PagerDuty shows on call now."""
    names = found.names()
    for entry in (part or {}).get("rendered_schedule_entries") or ():
        if on_call.instant(entry["start"]) <= found.at < on_call.instant(entry["end"]):
            return names.get(entry["user"]["id"], str(entry["user"].get("summary") or "somebody"))
    return None


def _named(body: Body) -> dict[int, str]:
    people = {
        number: ", ".join(str(target["id"]).lower() for target in rule["targets"] if target["type"] == "user_reference")
        for number, rule in enumerate(body["escalation_rules"], 1)
    }
    return {number: found for number, found in people.items() if found}


def _said(emails: str | None, people: Mapping[str, str]) -> str:
    return ", ".join(people.get(email, email) for email in emails.split(", ")) if emails else _NOBODY
