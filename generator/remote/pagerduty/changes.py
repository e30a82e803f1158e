"""What is between what is there and what should be: the changes, in the order in which they can be made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic
from generator.remote.pagerduty import traits
from generator.remote.pagerduty.desired import COLLECTIONS, INTEGRATION, KINDS, kind_text
from generator.remote.pagerduty.existing import named
from generator.remote.pagerduty.staying import InTheWay, staying
from generator.upstream.pagerduty import folded

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from generator.remote.pagerduty.desired import Body, Desired, Kind, WantedObject
    from generator.remote.pagerduty.existing import AccountState, ExistingObject
    from generator.remote.pagerduty.staying import Staying
    from generator.remote.pagerduty.traits import Difference

PGD611 = Code(
    name="PGD611",
    title="No PagerDuty user with this e-mail address",
    meaning="PagerDuty has no user with the address, so nobody would be paged. Invite the person.",
)

PGD612 = Code(
    name="PGD612",
    title="Name is taken in PagerDuty",
    meaning="PagerDuty has an object of this name that the policy did not create. Review with `plan` what "
    "would change, then take it over with `--adopt`.",
)

PGD613 = Code(
    name="PGD613",
    title="Ambiguous name in PagerDuty",
    meaning="PagerDuty has several objects of this name, and nobody can tell which is meant. Rename all but one.",
)

PGD615 = Code(
    name="PGD615",
    title="Stakeholder cannot be on call",
    meaning="PagerDuty puts users with the role of a stakeholder into no schedule and no escalation policy. Give them "
    "another role there.",
)

PGD617 = Code(
    name="PGD617",
    title="PagerDuty has no service of this name",
    meaning="A chain or a service keeps a service that PagerDuty should have already (`pagerduty: {service: ...}`), "
    "and there is none of that name. alertc makes none in its place: correct the name, or leave `pagerduty` out.",
)

_EVENTS = "events_api_v2_inbound_integration"


@dataclass(frozen=True, slots=True, kw_only=True)
class Create:
    """Create a missing object; `fields` describe it."""

    wanted: WantedObject
    fields: tuple[Difference, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """Update an object; one that another policy or nobody owns is adopted first."""

    wanted: WantedObject
    existing: ExistingObject
    differences: tuple[Difference, ...]
    adopts: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Delete:
    """Delete an object of ours that is no longer in the policy."""

    existing: ExistingObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Connect:
    """Create the integration of a service, and write its key to a file."""

    wanted: WantedObject
    key_file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteKey:
    """Write the key of an existing integration to a file."""

    wanted: WantedObject
    existing: ExistingObject
    key_file: str


Change = Create | Update | Delete | Connect | WriteKey


def object_of(change: Change) -> WantedObject | ExistingObject:
    """Return the object that a change concerns; it has a kind and a name."""
    return change.existing if isinstance(change, Delete) else change.wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """Options that allow more than creating and updating our own objects."""

    adopt: bool = False
    prune: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """The changes in order, problems that prevent them, and our objects that only `prune` deletes."""

    todo: tuple[Change, ...]
    problems: tuple[Diagnostic, ...]
    leftover: tuple[ExistingObject, ...]
    staying: tuple[Staying, ...] = ()
    """Of `leftover`, those that are not deleted, and why."""
    grouped: tuple[tuple[WantedObject, str], ...] = ()
    """Services whose alerts are grouped by a setting of the account, with its name."""


def changes(
    desired: Desired,
    state: AccountState,
    choices: Choices,
    wrong_keys: Collection[str] = (),
    found: InTheWay | None = None,
) -> Changes:
    """Return the changes from the account's state to the desired one.

    `wrong_keys` names the services whose key file is missing or holds another key than PagerDuty. `found` is what else
    was asked about what would be deleted.
    """
    match = _match(desired, state)
    problems = [*_unknown_people(desired, state), *match.problems(choices)]
    todo: list[Change] = [change for wanted in desired.objects if (change := match.change(wanted))]
    todo += match.connections(frozenset(wrong_keys))
    leftover = match.leftover()
    stay = staying(leftover, state, match.kept(), found or InTheWay())
    if choices.prune:
        left = [one.existing for one in stay]
        todo += [Delete(existing=existing) for existing in leftover if existing not in left]
        leftover = tuple(left)
    return Changes(
        todo=tuple(todo),
        problems=tuple(problems),
        leftover=leftover,
        staying=stay,
        grouped=tuple(match.grouped()),
    )


def integrations(wanted: WantedObject, service: ExistingObject) -> tuple[str, ...]:
    """Return the ids of a service's integrations that Alertmanager can use, the first one first.

    Those that we made; of a service that the organisation has already, then all others that take events.
    """
    ours: list[str] = []
    others: list[str] = []
    for integration in service.body.get("integrations") or ():
        if str(integration.get("type")).removesuffix("_reference") == _EVENTS:
            is_ours = (integration.get("name") or integration.get("summary")) == INTEGRATION
            (ours if is_ours else others).append(str(integration["id"]))
    return (*ours, *(others if wanted.exists else ()))


def counterpart(wanted: WantedObject, desired: Desired, state: AccountState) -> ExistingObject | None:
    """Return the existing object for a wanted one: of those with its name, ours first; None without one."""
    return _match(desired, state).counterpart(wanted)


def display_names(desired: Desired, state: AccountState) -> Mapping[str, str]:
    """Return display names by e-mail address in lower case; names in the policy take precedence."""
    return {user.email.lower(): user.name for user in state.users} | {
        email: person.name for email, person in desired.people.items()
    }


def _match(desired: Desired, state: AccountState) -> _Match:
    by_name: dict[tuple[Kind, str], list[ExistingObject]] = {}
    for existing in state.objects:
        by_name.setdefault((existing.kind, folded(existing.name)), []).append(existing)
    return _Match(desired=desired, state=state, by_name=by_name)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Match:
    desired: Desired
    state: AccountState
    by_name: Mapping[tuple[Kind, str], list[ExistingObject]]

    def change(self, wanted: WantedObject) -> Change | None:
        people = display_names(self.desired, self.state)
        existing = self.counterpart(wanted)
        if existing is None and wanted.exists:
            return None
        if existing is None:
            fields = traits.described(wanted.kind, wanted.body, self.state.at, people)
            return Create(wanted=wanted, fields=fields)
        current = as_posted(existing, self.state)
        differences = traits.differences(wanted.kind, current, wanted.body, self.state.at, people)
        adopts = not self._ours(existing) and not wanted.exists
        if not differences and not adopts:
            return None
        return Update(wanted=wanted, existing=existing, differences=differences, adopts=adopts)

    def connections(self, wrong_keys: frozenset[str]) -> Iterator[Change]:
        for wanted in self.desired.of("service"):
            if wanted.key_file is None:
                continue
            existing = self.counterpart(wanted)
            if existing is None and wanted.exists:
                continue
            if existing is None or not integrations(wanted, existing):
                yield Connect(wanted=wanted, key_file=wanted.key_file)
            elif wanted.name in wrong_keys:
                yield WriteKey(wanted=wanted, existing=existing, key_file=wanted.key_file)

    def kept(self) -> Mapping[str, Body]:
        """Return the bodies that existing objects are to have, by their ids."""
        pairs = ((self.counterpart(wanted), wanted.body) for wanted in self.desired.objects)
        return {existing.id: body for existing, body in pairs if existing}

    def grouped(self) -> Iterator[tuple[WantedObject, str]]:
        for wanted in self.desired.of("service"):
            existing = self.counterpart(wanted)
            if existing and existing.id in self.state.grouped:
                yield wanted, self.state.grouped[existing.id]

    def leftover(self) -> tuple[ExistingObject, ...]:
        """Return our objects that are no longer in the policy, dependent ones first."""
        kept = self.kept()
        return tuple(
            existing
            for kind in reversed(KINDS)
            for existing in self.state.of(kind)
            if existing.id not in kept and self._ours(existing)
        )

    def problems(self, choices: Choices) -> Iterator[Diagnostic]:
        for wanted in self.desired.objects:
            same = self._of_its_name(wanted)
            ours = [existing for existing in same if self._ours(existing)]
            what = f"{kind_text(wanted.kind)} {wanted.name}"
            if len(ours) > 1 or (not ours and len(same) > 1):
                many = COLLECTIONS[wanted.kind].replace("_", " ")
                yield Diagnostic(
                    code=PGD613.name,
                    message=f"PagerDuty has {len(same)} {many} of the name {wanted.name}",
                    route=wanted.route,
                    on_key=True,
                    help="rename or delete all but one of them by hand: nobody can tell which of them is meant",
                )
            elif wanted.exists:
                if not same:
                    yield Diagnostic(
                        code=PGD617.name,
                        message=f"PagerDuty has no service {wanted.name}, which {_keeper(wanted)} keeps",
                        route=wanted.route,
                        on_key=True,
                        help="write its name as PagerDuty shows it; or leave out `pagerduty`, and one is made",
                    )
            elif same and not ours and not choices.adopt:
                owner = owner_of(same[0])
                yield Diagnostic(
                    code=PGD612.name,
                    message=f"PagerDuty has the {what} already, and it is {f'of {owner}' if owner else 'not ours'}",
                    route=wanted.route,
                    on_key=True,
                    help="see with `plan --adopt` what would change; or give it another name in the policy",
                )

    def counterpart(self, wanted: WantedObject) -> ExistingObject | None:
        return min(self._of_its_name(wanted), key=lambda existing: not self._ours(existing), default=None)

    def _of_its_name(self, wanted: WantedObject) -> list[ExistingObject]:
        return self.by_name.get((wanted.kind, folded(wanted.name)), [])

    def _ours(self, existing: ExistingObject) -> bool:
        return existing.description.startswith(self.desired.mark)


def _keeper(wanted: WantedObject) -> str:
    section, name = wanted.route[:2]
    return f"the {'chain' if section == 'escalations' else 'service'} {name}"


def as_posted(existing: ExistingObject, state: AccountState) -> Body:
    """Return an object in the form of a request: names instead of ids, current layers from the bottom up."""
    body: dict[str, Any] = named(existing.body, state.names(), " (gone)" if state.all_users else "")
    if existing.kind == "schedule":
        body["schedule_layers"] = list(reversed(traits.living(body, state.at)))
    return body


def _unknown_people(desired: Desired, state: AccountState) -> Iterator[Diagnostic]:
    known = {user.email.lower(): user for user in state.users}
    for email, person in desired.people.items():
        if email in known and known[email].is_stakeholder:
            yield Diagnostic(
                code=PGD615.name,
                message=f"{person.name} ({person.email}) is a stakeholder in PagerDuty, who cannot be on call",
                route=person.route,
                help="give them a role in PagerDuty that may be on call, such as Responder; or page somebody else",
            )
        if email not in known:
            yield Diagnostic(
                code=PGD611.name,
                message=f"PagerDuty has no user {person.email} ({person.name})",
                route=person.route,
                help="invite them in PagerDuty, or correct the address; alertc never makes users",
            )


def owner_of(existing: ExistingObject) -> str:
    """Return the policy that owns an object; empty where none does."""
    begin = "Managed by alertc ("
    text = existing.description
    return f"the policy {text[len(begin) :].partition(').')[0]}" if text.startswith(begin) else ""
