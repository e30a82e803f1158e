"""What is otherwise in PagerDuty than the policy says, and whom a page would not reach at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from generator.policy import duration
from generator.remote.pagerduty import keys
from generator.remote.pagerduty.changes import (
    PGD611,
    PGD615,
    Connect,
    Create,
    Update,
    WriteKey,
    display_names,
    object_of,
    owner_of,
)
from generator.remote.pagerduty.desired import kind_text, people_in
from generator.upstream.pagerduty import folded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from generator.remote.pagerduty.changes import Change, Changes
    from generator.remote.pagerduty.desired import Body, Desired
    from generator.remote.pagerduty.existing import AccountState, User
    from generator.remote.pagerduty.keys import KeyFolder

Kind = Literal[
    "changed", "gone", "disowned", "left", "key", "ambiguous", "no-user", "maintenance", "grouped", "told-late"
]

_AT_ONCE = frozenset({"phone", "push_notification"})
_WAYS = {"email": "e-mail", "push_notification": "push notification", "phone": "phone", "sms": "text message"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """A difference between PagerDuty and the policy."""

    kind: Kind
    about: str
    text: str
    field: str | None = None
    policy: str | None = None
    pagerduty: str | None = None

    @property
    def edited(self) -> bool:
        """Whether a policy edit that is not yet applied would look the same."""
        return self.kind in {"changed", "gone", "left"}


def drift(
    desired: Desired,
    state: AccountState,
    changes: Changes,
    folder: KeyFolder,
    rules: Callable[[User], tuple[Body, ...]],
) -> Iterator[Drift]:
    """Yield the differences; `changes` are those with adopt, `rules` returns a user's notification rules.

    Of the key files in `folder` it names those that `changes` would write.
    """
    for problem in changes.problems:
        kind: Kind = "no-user" if problem.code in (PGD611.name, PGD615.name) else "ambiguous"
        yield Drift(kind=kind, about=problem.message, text=problem.message)
    for change in changes.todo:
        yield from _changed(change, folder)
    for existing in changes.leftover:
        title = f"{kind_text(existing.kind)} {existing.name}"
        yield Drift(
            kind="left",
            about=title,
            text=f"{title} is ours, and the policy does not have it (apply --prune deletes it)",
        )
    for service, setting in changes.grouped:
        title = f"service {service.name}"
        said = (
            f"{title}: its alerts are grouped by the account's setting {setting}: what joins an incident pages nobody"
        )
        yield Drift(kind="grouped", about=title, text=said)
    services = {folded(service.name) for service in desired.of("service")}
    for existing in state.of("service"):
        if folded(existing.name) in services and existing.body.get("status") == "maintenance":
            title = f"service {existing.name}"
            yield Drift(
                kind="maintenance", about=title, text=f"{title} is in a maintenance window: its pages reach nobody now"
            )
    yield from _notified_late(desired, state, rules)


def _changed(change: Change, folder: KeyFolder) -> Iterator[Drift]:
    thing = object_of(change)
    title = f"{kind_text(thing.kind)} {thing.name}"
    if isinstance(change, Create):
        yield Drift(kind="gone", about=title, text=f"{title} is not there")
    if isinstance(change, Connect):
        yield Drift(kind="gone", about=title, text=f"{title} has no integration for Alertmanager")
    if isinstance(change, WriteKey):
        path = folder.path(change.key_file)
        yield Drift(kind="key", about=title, text=f"{title}: its key file {path} {keys.wrong(path)}")
    if not isinstance(change, Update):
        return
    if change.adopts:
        owner = owner_of(change.existing)
        yield Drift(
            kind="disowned", about=title, text=f"{title} is {f'of {owner}' if owner else 'not ours by its description'}"
        )
    for difference in change.differences:
        yield Drift(
            kind="changed",
            about=title,
            text=f"{title}: {difference.label}: PagerDuty has {difference.before}; the policy says {difference.after}",
            field=difference.label,
            policy=difference.after,
            pagerduty=difference.before,
        )


def _notified_late(desired: Desired, state: AccountState, rules: Callable[[User], tuple[Body, ...]]) -> Iterator[Drift]:
    """Yield people that a high-urgency chain pages and PagerDuty neither calls nor notifies at once."""
    people = display_names(desired, state)
    users = {user.email.lower(): user for user in state.users}
    for email in sorted(_reached(desired)):
        user = users.get(email)
        if user is None:
            continue
        high = [rule for rule in rules(user) if rule["urgency"] == "high"]
        notifications = [(int(rule["start_delay_in_minutes"]), _contact_method(rule)) for rule in high]
        if any(delay == 0 and way in _AT_ONCE for delay, way in notifications):
            continue
        first = min(
            ((delay, way) for delay, way in notifications if way in _AT_ONCE), default=min(notifications, default=None)
        )
        instead = (
            f"; told by {_WAYS.get(first[1], first[1])} {_after(first[0])}" if first else "; told in no way at all"
        )
        name = people.get(email, email)
        yield Drift(
            kind="told-late",
            about=name,
            text=f"{name} gets neither a call nor a push notification at once for high urgency{instead}",
        )


def _reached(desired: Desired) -> set[str]:
    """Return the addresses of people whom a high-urgency service may page."""
    chains = {wanted.name: wanted for wanted in desired.of("escalation_policy")}
    schedules = {wanted.name: wanted for wanted in desired.of("schedule")}
    emails: set[str] = set()
    for service in desired.of("service"):
        if service.body.get("incident_urgency_rule", {}).get("urgency", "high") != "high":
            continue
        chain = chains.get(service.body["escalation_policy"]["id"])
        for rule in chain.body["escalation_rules"] if chain else ():
            emails.update(email.lower() for email in people_in(rule))
            names = (target["id"] for target in rule["targets"] if target["type"] == "schedule_reference")
            emails.update(
                email.lower() for name in names if name in schedules for email in people_in(schedules[name].body)
            )
    return emails


def _after(minutes: int) -> str:
    return f"after {duration.write(timedelta(minutes=minutes))}" if minutes else "at once"


def _contact_method(rule: Body) -> str:
    kind = str(rule["contact_method"].get("type"))
    return kind.removesuffix("_reference").removesuffix("_contact_method")
