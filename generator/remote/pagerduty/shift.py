"""Who goes on call, and who no longer is, at the moment at which changes are applied."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.behaviour import on_call
from generator.remote.pagerduty.changes import Create, Delete, Update, as_posted, display_names, object_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from generator.remote.pagerduty.changes import Changes
    from generator.remote.pagerduty.desired import Body, Desired, WantedObject
    from generator.remote.pagerduty.existing import AccountState, ExistingObject

Side = tuple[str, "str | None", "str | None"]
"""Where somebody is paged, and who is before and after: addresses in small letters, None for nobody."""

_NOBODY = "nobody"


def shift(desired: Desired, state: AccountState, changes: Changes) -> Iterator[str]:
    """Yield a line for each schedule, and each step with people, whose on-call person changes at once."""
    people = display_names(desired, state)
    for change in changes.todo:
        if not isinstance(change, (Create, Update, Delete)):
            continue
        wanted = None if isinstance(change, Delete) else change.wanted
        existing = None if isinstance(change, Create) else change.existing
        thing = object_of(change)
        sides = {"schedule": _schedule, "escalation_policy": _targets}.get(thing.kind)
        for where, before, after in sides(wanted, existing, state) if sides else ():
            if before != after:
                yield f"{thing.name}{where}: {_shifted(bool(existing), bool(where), before, after, people)}"


def _shifted(known: bool, step: bool, before: str | None, after: str | None, people: Mapping[str, str]) -> str:
    """Return who is on call after the change, and who is now."""
    if step and not after:
        return f"no longer {_people_text(before, people)}"
    now = f" (now: {_people_text(before, people)})" if known and (before or not step) else ""
    return f"{_people_text(after, people)}{now}"


def _schedule(wanted: WantedObject | None, existing: ExistingObject | None, state: AccountState) -> Iterator[Side]:
    """Yield who is on call in a schedule before and after."""
    before = _rendered(existing.body.get("final_schedule"), state) if existing else None
    # An override stays in force, whatever becomes of the layers below it.
    override = _rendered(existing.body.get("overrides_subschedule"), state) if existing else None
    after = (override or on_call.on_call(wanted.body, state.at)) if wanted else None
    yield "", before, after.lower() if after else None


def _targets(wanted: WantedObject | None, existing: ExistingObject | None, state: AccountState) -> Iterator[Side]:
    """Yield the people of each step that names people, before and after."""
    before = _named(as_posted(existing, state)) if existing else {}
    after = _named(wanted.body) if wanted else {}
    for number in sorted({*before, *after}):
        yield f", step {number}", before.get(number), after.get(number)


def _rendered(part: Body | None, state: AccountState) -> str | None:
    """Return the address of the person whom PagerDuty shows as on call."""
    names = state.names()
    for entry in (part or {}).get("rendered_schedule_entries") or ():
        if on_call.instant(entry["start"]) <= state.at < on_call.instant(entry["end"]):
            return names.get(entry["user"]["id"], str(entry["user"].get("summary") or "somebody"))
    return None


def _named(body: Body) -> dict[int, str]:
    people = {
        number: ", ".join(str(target["id"]).lower() for target in rule["targets"] if target["type"] == "user_reference")
        for number, rule in enumerate(body["escalation_rules"], 1)
    }
    return {number: names for number, names in people.items() if names}


def _people_text(emails: str | None, people: Mapping[str, str]) -> str:
    return ", ".join(people.get(email, email) for email in emails.split(", ")) if emails else _NOBODY
