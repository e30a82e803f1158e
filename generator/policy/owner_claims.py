"""What a file of others says of owners: which value of a label is whose, and where it says so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from generator.diagnostics.diagnostic import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One value of the label, and who owns what has it."""

    value: str
    owners: tuple[str, ...]
    """As they are written (`group:default/payments`, `@acme/payments`); empty where the file names nobody."""
    subject: str
    """What is owned, for messages: `Component ledger`, `deploy/ledger`."""
    entity: str
    """The name of what is owned, which a service of the policy may have too."""
    place: Place
    is_certain: bool = True
    """Whether what is owned is surely meant: a name in a CODEOWNERS may be that of a file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A team that a file describes."""

    name: str
    empty: bool
    """Whether the file says that nobody belongs to it."""
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """What stands in a file, and says nothing that could be read."""

    problem: str
    values: str
    """A regular expression of the values that it is about."""
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """All that a file says."""

    claims: tuple[Claim, ...]
    groups: tuple[Group, ...] = ()
    unread: tuple[Unread, ...] = ()


def name_of(owner: str) -> str:
    """Return the name in a reference to an owner: `payments` in `group:default/payments` and `@acme/payments`."""
    return owner.removeprefix("@").rpartition("/")[2].rpartition(":")[2].lower()


def is_person(owner: str) -> bool:
    """Return whether a reference of Backstage means a person, who may be called as a team is."""
    return owner.lower().startswith("user:")
