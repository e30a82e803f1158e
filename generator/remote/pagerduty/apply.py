"""Carries changes out, one request after another; what is done when one fails is found by the next run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from generator.behaviour import on_call
from generator.diagnostics.diagnostic import EnvironmentProblem
from generator.remote.pagerduty import keys, remote, traits
from generator.remote.pagerduty.changes import Connect, Create, Delete, Update, integrations, object_of
from generator.remote.pagerduty.desired import INTEGRATION, kind_text
from generator.upstream.pagerduty import folded

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from generator.remote.pagerduty.changes import Change, Changes
    from generator.remote.pagerduty.desired import Body, Desired, Kind
    from generator.remote.pagerduty.existing import AccountState, ExistingObject, Secret
    from generator.remote.pagerduty.keys import KeyFolder
    from generator.remote.pagerduty.remote import Remote

Ids = dict[tuple[str, str], str]
"""The id of each thing, by the kind of reference to it and its name (an address for people), folded."""


def apply(
    account: Remote, desired: Desired, state: AccountState, changes: Changes, folder: KeyFolder
) -> Iterator[Change]:
    """Carry out the changes in order; yield each when it is done.

    Raises EnvironmentProblem where one fails.
    """
    ids = _ids(desired, state)
    for number, change in enumerate(changes.todo):
        try:
            _carry_out(account, state, change, ids, folder)
        except EnvironmentProblem as unready:
            failed = object_of(change)
            which = f"{kind_text(failed.kind)} {failed.name}"
            done = f"{number} of {len(changes.todo)} changes are done, the next one concerns {which}"
            raise EnvironmentProblem(f"{unready.message} ({done})", unready.help) from None
        yield change


def _ids(desired: Desired, state: AccountState) -> Ids:
    """Return the known ids: of users, and of existing objects with the names of wanted ones."""
    ids = {("user_reference", folded(user.email)): user.id for user in state.users}
    wanted = {(wanted.kind, folded(wanted.name)) for wanted in desired.objects}
    for existing in state.objects:
        key = (f"{existing.kind}_reference", folded(existing.name))
        # Of two of one name ours goes first; where that does not decide, nothing is carried out.
        if (existing.kind, key[1]) in wanted and (key not in ids or existing.description.startswith(desired.mark)):
            ids[key] = existing.id
    return ids


def _carry_out(account: Remote, state: AccountState, change: Change, ids: Ids, folder: KeyFolder) -> None:
    if isinstance(change, Create):
        wanted = change.wanted
        made = account.create(wanted.kind, with_ids(wanted.body, ids))
        ids[f"{wanted.kind}_reference", folded(wanted.name)] = str(made["id"])
    elif isinstance(change, Update):
        existing = change.existing
        account.update(existing.kind, existing.id, updated(existing.kind, change.wanted.body, existing, state.at, ids))
    elif isinstance(change, Delete):
        account.delete(change.existing.kind, change.existing.id)
    elif isinstance(change, Connect):
        key = _connected(account, ids["service_reference", folded(change.wanted.name)])
        keys.write(folder.path(change.key_file), key)
    else:
        key = account.key(change.existing.id, integrations(change.wanted, change.existing)[0])
        keys.write(folder.path(change.key_file), key)


def _connected(account: Remote, service: str) -> Secret:
    """Create the integration of a service and return its key."""
    body = {
        "type": "events_api_v2_inbound_integration",
        "name": INTEGRATION,
        "service": {"type": "service_reference", "id": service},
    }
    made = account.connect(service, body)
    return remote.key_of(made) if made.get("integration_key") else account.key(service, str(made["id"]))


def with_ids(value: Any, ids: Mapping[tuple[str, str], str]) -> Any:
    """Return a body with names replaced by ids."""
    if isinstance(value, list):
        return [with_ids(item, ids) for item in value]
    if not isinstance(value, Mapping):
        return value
    kind = str(value.get("type"))
    if kind.endswith("_reference"):
        id_ = ids.get((kind, folded(str(value["id"]))))
        if id_ is None:
            raise EnvironmentProblem(
                f"there is no {kind.removesuffix('_reference').replace('_', ' ')} {value['id']} to refer to"
            )
        return {**value, "id": id_}
    return {key: with_ids(part, ids) for key, part in value.items()}


def updated(
    kind: Kind, wanted: Body, existing: ExistingObject, at: datetime, ids: Mapping[tuple[str, str], str]
) -> Body:
    """Return the body of an update: the wanted one, with settings restored that the policy relies on."""
    body: dict[str, Any] = with_ids(wanted, ids)
    if kind == "schedule":
        body["schedule_layers"] = _layers(body["schedule_layers"], existing, at)
    if kind == "escalation_policy" and any(map(_in_turns, existing.body.get("escalation_rules") or ())):
        rules = body["escalation_rules"]
        body["escalation_rules"] = [
            {"escalation_rule_assignment_strategy": _everybody(existing.body), **rule} for rule in rules
        ]
    return {**traits.relied_on(kind, existing.body), **body}


def _layers(wanted: list[Body], existing: ExistingObject, at: datetime) -> list[Body]:
    """Return the layers to send: kept ones with their ids and start times, removed ones with an end.

    PagerDuty removes no layer: who was on call stays written.
    """
    living = {str(layer.get("name")): layer for layer in reversed(traits.living(existing.body, at))}
    sent: list[Body] = []
    for layer in wanted:
        existing_layer = living.pop(str(layer["name"]), None)
        if existing_layer is None:
            sent.append(layer)
            continue
        begun = on_call.instant(layer["start"]) <= at and on_call.instant(existing_layer["start"]) <= at
        kept = {**layer, "id": existing_layer["id"], "start": existing_layer["start"] if begun else layer["start"]}
        # An end that is left out stays (terraform-provider-pagerduty, issue 451).
        sent.append({**kept, "end": None} if existing_layer.get("end") and "end" not in kept else kept)
    ending = [{**_writable(layer), "end": at.isoformat()} for layer in living.values()]
    return [*ending, *sent]


def _everybody(policy: Body) -> Any:
    """Return the strategy that pages everybody, in the form in which PagerDuty shows it: a text or an object."""
    shown = (rule.get("escalation_rule_assignment_strategy") for rule in policy["escalation_rules"])
    return {"type": traits.EVERYBODY} if any(isinstance(one, dict) for one in shown) else traits.EVERYBODY


def _in_turns(rule: Body) -> bool:
    return traits.strategy_of(rule) != traits.EVERYBODY


def _writable(layer: Body) -> Body:
    """Return a layer without read-only fields."""
    keys_ = ("id", "name", "start", "rotation_virtual_start", "rotation_turn_length_seconds", "restrictions")
    users = [{"user": {"type": "user_reference", "id": user["user"]["id"]}} for user in layer["users"]]
    return {**{key: layer[key] for key in keys_ if key in layer}, "users": users}
