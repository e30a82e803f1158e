"""What PagerDuty holds, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

    from generator.remote.pagerduty.desired import Body, Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A user of the account."""

    id: str
    name: str
    email: str
    role: str = ""

    @property
    def is_stakeholder(self) -> bool:
        """Whether PagerDuty lets them look on, and puts them neither in schedules nor in chains.

        Source: terraform-provider-pagerduty, issue 759; the roles are those of its REST API.
        """
        return self.role in {"read_only_user", "read_only_limited_user"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExistingObject:
    """An object in PagerDuty, with its ids."""

    kind: Kind
    id: str
    name: str
    body: Body

    @property
    def description(self) -> str:
        """The description; empty where there is none."""
        return str(self.body.get("description") or "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """A key that is never printed."""

    text: str = field(repr=False)

    def __str__(self) -> str:
        return "(a key)"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountState:
    """The users and objects of an account `at` a moment."""

    at: datetime
    users: tuple[User, ...]
    objects: tuple[ExistingObject, ...]
    all_users: bool = True
    """Whether `users` are all of the account."""
    has_teams: bool = True
    """Whether the plan of the account has teams."""
    grouped: Mapping[str, str] = field(default_factory=dict)
    """The names of the account's settings that group alerts, by the ids of services."""

    def of(self, kind: Kind) -> tuple[ExistingObject, ...]:
        """Return the objects of a kind."""
        return tuple(existing for existing in self.objects if existing.kind == kind)

    def names(self) -> Mapping[str, str]:
        """Return names by id: for users the address in lower case, for objects the name."""
        return {user.id: user.email.lower() for user in self.users} | {
            existing.id: existing.name for existing in self.objects
        }


def named(value: Any, names: Mapping[str, str], unknown: str = " (gone)") -> Any:
    """Return a body with ids replaced by names; unknown ids keep PagerDuty's summary, and what `unknown` says."""
    if isinstance(value, list):
        return [named(item, names, unknown) for item in value]
    if not isinstance(value, Mapping):
        return value
    if str(value.get("type")).endswith("_reference") and "id" in value:
        summary = f"{value.get('summary') or 'somebody or something'}{unknown}"
        return {"type": value["type"], "id": names.get(value["id"], summary)}
    return {key: named(part, names, unknown) for key, part in value.items()}
