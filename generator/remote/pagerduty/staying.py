"""What is ours, no longer in the policy, and cannot be deleted all the same: something else uses it, or waits for it.

PagerDuty refuses to delete a schedule "if it's being used by escalation policies", or by the snapshot of one with open
incidents (terraform-provider-pagerduty, issues 534, 642 and 902), and a chain that services use. Open incidents of a
service would go with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from generator.diagnostics.wording import first_few
from generator.remote.pagerduty.desired import kind_text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from generator.remote.pagerduty.existing import AccountState, ExistingObject

_NAMED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Staying:
    """An object that stays; `why` is a sentence without its full stop: `It is used by escalation policy Web`."""

    existing: ExistingObject
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InTheWay:
    """What was asked for beside the state: ids of schedules with overrides to come, and of services with incidents."""

    overridden: Collection[str] = frozenset()
    busy: Collection[str] = frozenset()


def staying(
    leftover: tuple[ExistingObject, ...], state: AccountState, wanted: Mapping[str, Any], found: InTheWay
) -> tuple[Staying, ...]:
    """Return those of `leftover`, dependent ones first, that stay; `wanted` are the bodies to come, by their ids."""
    doomed = {existing.id for existing in leftover}
    users = [existing for existing in state.objects if existing.id not in doomed]
    kept: list[Staying] = []
    for existing in leftover:
        why = _why(existing, users, state, wanted, found)
        if why:
            kept.append(Staying(existing=existing, why=why))
            users.append(existing)
    return tuple(kept)


def services_of(existing: ExistingObject, state: AccountState) -> frozenset[str]:
    """Return the ids of the services whose incidents may page through an object now: its own, or its chains'."""
    if existing.kind == "service":
        return frozenset({existing.id})
    chains = {existing.id}
    if existing.kind == "schedule":
        chains = {chain.id for chain in state.of("escalation_policy") if existing.id in set(_references(chain.body))}
    return frozenset(service.id for service in state.of("service") if chains & set(_references(service.body)))


def _why(
    existing: ExistingObject,
    users: Iterable[ExistingObject],
    state: AccountState,
    wanted: Mapping[str, Any],
    found: InTheWay,
) -> str | None:
    using = [user for user in users if _uses(user, existing, wanted)]
    if using:
        return f"It is used by {first_few([f'{kind_text(user.kind)} {user.name}' for user in using], _NAMED)}"
    if existing.id in found.overridden:
        return "It has overrides that are not over"
    if services_of(existing, state) & frozenset(found.busy):
        return "It has open incidents" if existing.kind == "service" else "Open incidents may still page through it"
    return None


def _uses(user: ExistingObject, existing: ExistingObject, wanted: Mapping[str, Any]) -> bool:
    if user.id in wanted:
        # A wanted body names what it uses; what is no longer in the policy it does not use.
        return False
    return existing.id in set(_references(user.body))


def _references(body: Any) -> Iterator[str]:
    """Yield the ids that a body refers to; what shows who uses it (`escalation_policies` of a schedule) does not."""
    if isinstance(body, list):
        for part in body:
            yield from _references(part)
    elif isinstance(body, Mapping):
        if str(body.get("type")).endswith("_reference") and "id" in body:
            yield str(body["id"])
        for key, part in body.items():
            if key not in _BACK:
                yield from _references(part)


_BACK = frozenset({"escalation_policies", "services", "integrations", "schedules", "users"})
"""Fields in which an answer shows what uses an object, or what belongs to it."""
