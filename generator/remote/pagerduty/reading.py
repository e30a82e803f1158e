"""What an account holds, read through its API as the live one answers; its description promises more.

What is known of it: lists of schedules come in the account's time zone (go-pagerduty, issue 538) and without
`final_schedule` (api-schema, issue 430), so each schedule that matters is asked for by itself. Of more than 10,000
things no list shows the rest. An account whose plan has no teams answers 402 (pagerduty-exporter, pull request 1).
Alerts are grouped by settings that no service shows (global alert grouping).
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from generator.remote.pagerduty import remote as api
from generator.remote.pagerduty.desired import COLLECTIONS, KINDS, Kind
from generator.remote.pagerduty.existing import AccountState, ExistingObject, User
from generator.remote.pagerduty.remote import Unavailable
from generator.upstream.pagerduty import folded

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from datetime import datetime

    from generator.remote.pagerduty.desired import Desired
    from generator.remote.pagerduty.remote import Remote

_LISTED = 1000
"""So many users are listed; of an account with more only those whom the policy names are asked for."""
_OPEN = ["triggered", "acknowledged"]


def read(account: Remote, desired: Desired) -> AccountState:
    """Return the users and objects of the account; raises EnvironmentProblem where a request fails."""
    at = api.now()
    users, all_users = _users(account, desired)
    teams, has_teams = _teams(account)
    others = {kind: tuple(_objects(account, kind, desired, at)) for kind in KINDS if kind != "team"}
    return AccountState(
        at=at,
        users=users,
        objects=(*teams, *(existing for kind in others for existing in others[kind])),
        all_users=all_users,
        has_teams=has_teams,
        grouped=_grouped(account),
    )


def busy(account: Remote, services: Collection[str]) -> frozenset[str]:
    """Return those of the services' ids that have incidents which are not resolved."""
    if not services:
        return frozenset()
    params = {"service_ids[]": sorted(services), "statuses[]": _OPEN, "date_range": "all"}
    return frozenset(str(incident["service"]["id"]) for incident in account.all("incidents", params))


def _users(account: Remote, desired: Desired) -> tuple[tuple[User, ...], bool]:
    """Return users, and whether these are all of the account."""
    listed = [_user(user) for user in account.all("users", most=_LISTED)]
    if len(listed) < _LISTED:
        return tuple(listed), True
    known = {user.email.lower() for user in listed}
    missing = [person.email for email, person in desired.people.items() if email not in known]
    found = {user.id: user for user in listed}
    for email in missing:
        # `query` finds parts of names and addresses; whose address it is, is compared below.
        found.update({user["id"]: _user(user) for user in account.all("users", {"query": email}, most=_LISTED)})
    return tuple(found.values()), False


def _user(body: Mapping[str, Any]) -> User:
    return User(
        id=body["id"], name=body.get("name") or "", email=body.get("email") or "", role=str(body.get("role") or "")
    )


def _teams(account: Remote) -> tuple[tuple[ExistingObject, ...], bool]:
    """Return the teams, and whether the plan of the account has any."""
    try:
        return tuple(_existing("team", body) for body in account.all(COLLECTIONS["team"])), True
    except Unavailable:
        return (), False


def _objects(account: Remote, kind: Kind, desired: Desired, at: datetime) -> Iterator[ExistingObject]:
    names = {folded(wanted.name) for wanted in desired.of(kind)}
    for body in account.all(COLLECTIONS[kind], _INCLUDED.get(kind)):
        listed = _existing(kind, body)
        matters = folded(listed.name) in names or listed.description.startswith(desired.mark)
        yield _whole(account, listed, at) if kind == "schedule" and matters else listed


def _whole(account: Remote, schedule: ExistingObject, at: datetime) -> ExistingObject:
    """Return a schedule with its layers, and with who is on call, in its own time zone."""
    until = at + timedelta(seconds=60)
    params = {"since": at.isoformat(), "until": until.isoformat()}
    return _existing("schedule", account.one("schedule", schedule.id, params))


def _existing(kind: Kind, body: Mapping[str, Any]) -> ExistingObject:
    return ExistingObject(kind=kind, id=body["id"], name=body.get("name") or body.get("summary") or "", body=body)


def _grouped(account: Remote) -> Mapping[str, str]:
    """Return the names of the settings that group alerts, by the ids of the services; none where there are none."""
    try:
        settings = list(account.settings())
    except Unavailable:
        return {}
    return {
        str(service["id"]): str(setting.get("name") or setting.get("type") or setting["id"])
        for setting in settings
        for service in setting.get("services") or ()
    }


_INCLUDED: Mapping[Kind, Mapping[str, Any]] = {
    "escalation_policy": {"include[]": ["escalation_rule_assignment_strategies"]},
    "service": {"include[]": ["auto_pause_notifications_parameters"]},
}
"""What a list shows only where it is asked for (go-pagerduty of heimweh, issue 133)."""
