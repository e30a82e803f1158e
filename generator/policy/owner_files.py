"""Completes `owners` by what its files say: each value that they name belongs to the service of whoever owns it.

What `map` says by hand goes before the files: such a value is not looked up there.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from generator.diagnostics.diagnostic import Diagnostic, Level, Place
from generator.diagnostics.suggest import did_you_mean
from generator.diagnostics.wording import listed
from generator.policy import backstage, codeowners
from generator.policy.owner_claims import is_person, name_of
from generator.policy.owner_files_codes import POL279, POL287, POL289, POL298, POL299
from generator.upstream.alertmanager import match, re2, values

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from generator.policy.model import Policy, Service, Team
    from generator.policy.owner_claims import Claim, Said
    from generator.policy.owners import Owners


_FROM = ("owners", "from")
"""The entry that a finding in a file is about, where it is accepted."""


def complete(policy: Policy, files: Mapping[str, bytes]) -> tuple[Policy, tuple[Diagnostic, ...]]:
    """Return the policy whose `owners` say what the files say, and what is wrong with these.

    Raises PolicyErrors where a file cannot be read.
    """
    owners = policy.owners
    if owners is None or not owners.by or not owners.files:
        return policy, ()
    said = [_read(raw, path, owners) for path, raw in files.items()]
    claims = [claim for one in said for claim in one.claims if not _by_hand(owners, claim.value)]
    services: dict[str, tuple[str, Claim]] = {}
    found = [*_unnamed(owners, said, files), *_unread(owners, said)]
    for claim in claims:
        service = _service(policy, owners, claim)
        if isinstance(service, Diagnostic):
            found += [service] if claim.is_certain else []
        elif service != services.setdefault(claim.value, (service, claim))[0]:
            found.append(_two(owners, claim, service, *services[claim.value]))
    found += _nobody(policy, said, services)
    named = {_exactly(value): service for value, (service, _) in services.items()}
    places = {_exactly(value): claim.place for value, (_, claim) in services.items()}
    return replace(policy, owners=replace(owners, map={**owners.map, **named}, places=places)), tuple(found)


def _read(raw: bytes, path: str, owners: Owners) -> Said:
    if _is_codeowners(path):
        return codeowners.read(raw, path, owners.folder)
    return backstage.read(raw, path, _key(owners))


def _is_codeowners(path: str) -> bool:
    """Return whether a file has that name; of a revision it is called `HEAD:CODEOWNERS`."""
    return re.split("[/:]", path)[-1] == codeowners.NAME


def _key(owners: Owners) -> str:
    """Return the annotation or label by which a catalogue says the value, unless the policy names it."""
    return owners.value or (backstage.NAMESPACE if owners.by == "namespace" else backstage.NAME)


def _by_hand(owners: Owners, value: str) -> bool:
    """Return whether `map` speaks of a value; what it cannot be read as, POL281 says."""
    return any(_matches(pattern, value) for pattern in owners.map)


def _matches(pattern: str, value: str) -> bool:
    try:
        return re2.expression(pattern).matches(value)
    except ValueError:
        return False


def _all_by_hand(owners: Owners, pattern: str) -> bool:
    """Return whether `map` speaks of all values that an expression matches."""
    try:
        others = [match.of(owners.by, "!~", written) for written in owners.map]
        return not values.may_be([match.of(owners.by, "=~", pattern), *others])
    except ValueError:
        return False


def _exactly(value: str) -> str:
    """Return the regular expression that matches this value alone."""
    return re.sub(r"([\\.+*?()|\[\]{}^$])", r"\\\1", value)


# ------------------------------------------------------------------------------------------- whose it is


def _service(policy: Policy, owners: Owners, claim: Claim) -> str | Diagnostic:
    """Return the service that owns a value; what is wrong where the file does not tell."""
    if not claim.value.isprintable():
        return Diagnostic(
            code=POL279.name,
            message=f"{claim.subject} has a value of `{owners.by}` that nobody can read",
            place=claim.place,
            route=_FROM,
            help="remove what cannot be printed",
        )
    if not claim.owners:
        return _unowned(owners, claim)
    known = [service for owner in claim.owners for service in _meant(policy, owners, owner, claim)]
    services = tuple(dict.fromkeys(known))
    if len(services) == 1:
        return services[0]
    return _several(claim, services) if services else _unknown(policy, owners, claim)


def _meant(policy: Policy, owners: Owners, owner: str, claim: Claim) -> tuple[str, ...]:
    """Return the services that a written owner can mean: more than one where nothing tells which."""
    name = name_of(owner)
    by_hand = owners.aliases.get(owner) or owners.aliases.get(name)
    if by_hand:
        # One that there is not is found where the policy says so, once.
        return (by_hand if by_hand in policy.services else owners.otherwise,)
    if is_person(owner):
        return ()
    if name in policy.teams:
        of_team = tuple(service for service, entry in policy.services.items() if entry.team == name)
        return (claim.entity,) if claim.entity in of_team else of_team
    return (name,) if name in policy.services else ()


def _unowned(owners: Owners, claim: Claim) -> Diagnostic:
    return Diagnostic(
        code=POL299.name,
        level=Level.WARNING,
        message=f'nobody owns {claim.subject}: what has {owners.by}="{claim.value}" belongs to {owners.otherwise}',
        place=claim.place,
        route=_FROM,
        help="name its owner there, or say whose it is under `owners/map`",
    )


def _unknown(policy: Policy, owners: Owners, claim: Claim) -> Diagnostic:
    names = [name_of(owner) for owner in claim.owners if not is_person(owner)]
    teamless = [name for name in names if name in policy.teams]
    if teamless:
        message = f"{claim.subject} belongs to {claim.owners[0]}, and the team {teamless[0]} has no service"
    else:
        is_plural = "are" if len(names) > 1 else "is"
        message = f"{claim.subject} belongs to {listed(claim.owners)}, which {is_plural} no team of the policy"
    meant = did_you_mean(names[0], (*policy.teams, *policy.services)) if names else None
    key = names[0] if names else f'"{claim.owners[0]}"'
    return Diagnostic(
        code=POL287.name,
        message=f"{message}; did you mean `{meant}`?" if meant and not teamless else message,
        place=claim.place,
        route=_FROM,
        help=f"say which service is meant: `owners: {{as: {{{key}: {owners.otherwise}}}}}`, or whose the value is "
        "under `owners/map`",
    )


def _several(claim: Claim, services: tuple[str, ...]) -> Diagnostic:
    return Diagnostic(
        code=POL289.name,
        message=f"{claim.subject} belongs to {listed(claim.owners)}: that may be {' or '.join(services)}",
        place=claim.place,
        route=_FROM,
        help=f"say which is meant: `owners: {{as: {{{name_of(claim.owners[0])}: {services[0]}}}}}`, or whose the value "
        "is under `owners/map`",
    )


def _two(owners: Owners, claim: Claim, service: str, other: str, first: Claim) -> Diagnostic:
    at = f"{first.place.path}:{first.place.line}"
    return Diagnostic(
        code=POL298.name,
        message=f'{owners.by}="{claim.value}" belongs to {service}, and to {other} by {first.subject} ({at})',
        place=claim.place,
        route=_FROM,
        help="let the two have one owner, or say whose the value is under `owners/map`",
    )


# ------------------------------------------------------------------------------------------- what is missing


def _unnamed(owners: Owners, said: list[Said], files: Mapping[str, bytes]) -> Iterator[Diagnostic]:
    """POL279: files name no value at all."""
    if any(one.claims for one in said):
        return
    key = _key(owners)
    what = "name" if key == backstage.NAME else f"annotation or label `{key}`"
    of_folders = f"no line about a folder in `{owners.folder or '/'}`"
    catalogues = [path for path in files if not _is_codeowners(path)]
    why = f"no Component or System with the {what}" if catalogues else of_folders
    yield Diagnostic(
        code=POL279.name,
        message=f"`from` names no value of `{owners.by}`: there is {why} in {listed(files)}",
        route=_FROM,
        on_key=True,
        help="say under `value` which annotation or label of a catalogue holds it, and under `folder` where the "
        "folders of a CODEOWNERS lie",
    )


def _unread(owners: Owners, said: list[Said]) -> Iterator[Diagnostic]:
    for unread in (unread for one in said for unread in one.unread if not _all_by_hand(owners, unread.values)):
        yield Diagnostic(
            code=POL279.name,
            level=Level.WARNING,
            message=f"{unread.problem}, and says whose none of them is",
            place=unread.place,
            route=_FROM,
            help=f"write what it means under `owners/map`, as a regular expression of `{owners.by}`",
        )


def _nobody(policy: Policy, said: list[Said], services: Mapping[str, tuple[str, Claim]]) -> Iterator[Diagnostic]:
    """POL299: a group that owns something has nobody; or the policy's team and service have nobody and no channel."""
    owning = {name_of(owner) for _, claim in services.values() for owner in claim.owners}
    for group in (group for one in said for group in one.groups):
        if group.empty and group.name in owning:
            yield _empty(f"the group {group.name} has no members", group.place)
    told: dict[str, tuple[str, Claim]] = {}
    for service, claim in services.values():
        entry = policy.services.get(service)
        team = policy.teams.get(entry.team) if entry else None
        if entry and team and not (entry.escalation or team.members or _channels(entry) or _channels(team)):
            told.setdefault(service, (entry.team, claim))
    for service, (name, claim) in told.items():
        what = f"{claim.subject} belongs to {service} of the team {name}, which has no members, chain or channel"
        yield _empty(what, claim.place)


def _channels(entry: Service | Team) -> bool:
    return bool(entry.notify.always or entry.notify.by)


def _empty(message: str, place: Place) -> Diagnostic:
    return Diagnostic(
        code=POL299.name,
        level=Level.WARNING,
        message=message,
        place=place,
        route=_FROM,
        help="name people there, or another owner",
    )
