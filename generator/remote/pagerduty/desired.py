"""What PagerDuty should hold: the rendered bodies, read back from their text, so that a user's own template counts.

Where PagerDuty wants an id, a body carries a name: an e-mail address for people, the name of the object for the rest.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from generator.behaviour import documents
from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, PolicyErrors
from generator.remote.pagerduty import regions
from generator.upstream.pagerduty import folded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.behaviour.behaviour import Behaviour
    from generator.behaviour.documents import Documents
    from generator.diagnostics.diagnostic import PolicyPath
    from generator.plan.plan import Plan
    from generator.upstream.pagerduty import Region

PGD610 = Code(
    name="PGD610",
    title="Description does not begin with our mark",
    meaning="`alertc pagerduty apply` recognises its own objects by the first words of their description, and "
    "people in PagerDuty see there where to edit them. Let the template write `description` first.",
)

Kind = Literal["team", "schedule", "escalation_policy", "service"]
KINDS: tuple[Kind, ...] = ("team", "schedule", "escalation_policy", "service")
"""In the order in which they need one another."""

COLLECTIONS: Mapping[Kind, str] = {
    "team": "teams",
    "schedule": "schedules",
    "escalation_policy": "escalation_policies",
    "service": "services",
}
"""What PagerDuty calls many of a kind, in its paths and answers; so are the files of out/pagerduty called."""

INTEGRATION = "Alertmanager"
"""The name of the Events v2 integration that each of our services has, here and in the Terraform file."""

Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedObject:
    """An object that should exist; its body has names in place of ids."""

    kind: Kind
    name: str
    body: Body
    key_file: str | None = None
    """For a service: the file from which Alertmanager reads its key; None where nothing pages it."""
    exists: bool = False
    """Whether the organisation has it already, and keeps its name and description: it is never made or deleted."""
    route: PolicyPath


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A person in the policy."""

    name: str
    email: str
    route: PolicyPath


@dataclass(frozen=True, slots=True, kw_only=True)
class Desired:
    """All objects that should exist, in order of creation; their descriptions begin with `mark`."""

    mark: str
    objects: tuple[WantedObject, ...]
    people: Mapping[str, Person]
    """Those whom the bodies name, by their address in small letters."""
    region: Region | None
    """Where the policy says that the account is; None where it does not."""
    events: tuple[Region, ...]
    """Where the rendered receivers send to."""

    def of(self, kind: Kind) -> tuple[WantedObject, ...]:
        """Return the objects of a kind."""
        return tuple(wanted for wanted in self.objects if wanted.kind == kind)


def without_teams(desired: Desired) -> Desired:
    """Return what an account should hold whose plan has no teams."""
    objects = tuple(
        replace(wanted, body={key: value for key, value in wanted.body.items() if key != "teams"})
        for wanted in desired.objects
        if wanted.kind != "team"
    )
    return replace(desired, objects=objects)


def mark(policy: str) -> str:
    """Return the beginning of every description of a policy's objects."""
    return f"Managed by alertc ({policy})."


def read(plan: Plan, files: Documents, behaviour: Behaviour) -> Desired:
    """Return the objects in the rendered files.

    Raises PolicyErrors where a description lacks the mark. That no two have one name is verified before (PGD606).
    """
    owner = mark(plan.policy.name)
    objects = tuple(_wanted(plan, kind, body, behaviour) for kind in KINDS for body in _bodies(files, kind))
    ours = (wanted for wanted in objects if not wanted.exists)
    unmanaged = [wanted for wanted in ours if not str(wanted.body.get("description", "")).startswith(owner)]
    if unmanaged:
        raise PolicyErrors(*(_unmarked(wanted, owner) for wanted in unmanaged))
    known = {person.email.lower(): (key, person) for key, person in plan.policy.people.items()}
    people: dict[str, Person] = {}
    for email in sorted({email for wanted in objects for email in people_in(wanted.body)}):
        key, person = known.get(email.lower(), (None, None))
        people[email.lower()] = Person(
            name=person.name if person else email,
            email=email,
            route=("people", key, "email") if key else ("people",),
        )
    return Desired(
        mark=owner,
        objects=objects,
        people=people,
        region=plan.policy.stack.pagerduty,
        events=regions.sent_to(files, behaviour),
    )


def people_in(body: Any) -> Iterator[str]:
    """Yield the e-mail addresses in a body."""
    if isinstance(body, Mapping):
        if body.get("type") == "user_reference":
            yield str(body["id"])
        for part in body.values():
            yield from people_in(part)
    elif isinstance(body, list):
        for part in body:
            yield from people_in(part)


def _bodies(files: Documents, kind: Kind) -> Iterator[Body]:
    for entry in files.get(f"pagerduty/{COLLECTIONS[kind]}.json", ()):
        yield entry[kind]


def _wanted(plan: Plan, kind: Kind, body: Body, behaviour: Behaviour) -> WantedObject:
    name = body["name"]
    return WantedObject(
        kind=kind,
        name=name,
        body=body,
        key_file=_key_file(plan, name, behaviour) if kind == "service" else None,
        exists=kind == "service" and any(one.exists and one.title == name for one in plan.paged),
        route=_route(plan, kind, name),
    )


def _route(plan: Plan, kind: Kind, name: str) -> PolicyPath:
    """Return the policy entry of an object; the nearest section where a template invented it."""
    if kind == "team":
        team_key = next((key for key, team in plan.policy.teams.items() if folded(team.title) == folded(name)), None)
        return ("teams", team_key) if team_key else ("teams",)
    if kind == "schedule":
        return ("schedules", name) if name in plan.policy.schedules else ("schedules",)
    named = plan.paged if kind == "service" else plan.escalations
    return next((one.route for one in named if one.title == name), ("escalations",))


def _key_file(plan: Plan, service: str, behaviour: Behaviour) -> str | None:
    """Return a service's key file as alertmanager.yml names it, whatever its folder."""
    promised = next((one.key_file for one in plan.paged if one.title == service), None)
    if promised is None:
        return None
    named = {
        str(integration.settings["routing_key_file"])
        for receiver in behaviour.receivers
        for integration in receiver.integrations
        if integration.kind.pages and "routing_key_file" in integration.settings
    }
    same = {path for path in named if posixpath.basename(path) == posixpath.basename(promised)}
    return promised if promised in named else min(same, default=None)


def _unmarked(wanted: WantedObject, owner: str) -> Diagnostic:
    return Diagnostic(
        code=PGD610.name,
        message=f"the description of {kind_text(wanted.kind)} {wanted.name} does not begin with `{owner}`",
        place=documents.template_of(f"pagerduty/{COLLECTIONS[wanted.kind]}.json"),
        help="let the template write `description` first: by these words apply knows what is its own",
    )


def kind_text(kind: Kind) -> str:
    """Return a kind in words: `escalation policy`."""
    return kind.replace("_", " ")
