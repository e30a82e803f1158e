"""`alertc pagerduty plan`, `apply` and `drift`: make PagerDuty match the policy, and report where it does not."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from generator import pipeline
from generator.checks.verify import of_pagerduty
from generator.commands.project import Outcome, Project, Unknown, header_path, texts
from generator.diagnostics import formats
from generator.diagnostics.diagnostic import EnvironmentProblem, PolicyErrors
from generator.policy.parts import on_disk
from generator.remote.pagerduty import apply as applying
from generator.remote.pagerduty import changes as between
from generator.remote.pagerduty import desired as wanting
from generator.remote.pagerduty import drift as drifting
from generator.remote.pagerduty import keys, reading, regions, shift
from generator.remote.pagerduty.changes import Choices, Connect, Create, Delete, Update, WriteKey
from generator.remote.pagerduty.existing import Secret
from generator.remote.pagerduty.keys import KeyFolder
from generator.remote.pagerduty.regions import Asked
from generator.remote.pagerduty.remote import Account, Remote
from generator.remote.pagerduty.staying import InTheWay, services_of
from generator.remote.web import is_loopback, valid
from generator.targets.render import Templates
from generator.upstream.pagerduty import REGIONS, USUAL

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from generator.policy.source import Source
    from generator.remote.pagerduty.changes import Change, Changes
    from generator.remote.pagerduty.desired import Desired
    from generator.remote.pagerduty.existing import AccountState, ExistingObject

Form = Literal["text", "json"]
Say = Callable[[str], None]
Ask = Callable[[str], bool]

KEY, URL, REGION = "PAGERDUTY_API_KEY", "ALERTC_PAGERDUTY_URL", "PAGERDUTY_SERVICE_REGION"
_KEY_FORM = re.compile(r"[A-Za-z0-9_.+/=-]{8,200}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of a command. `keys` None: key files lie where alertmanager.yml says; `timeout` is in seconds."""

    choices: Choices
    key_file: Path | None
    region: str | None
    keys: Path | None
    timeout: float


def from_command_line(
    *,
    key_file: Path | None,
    region: str | None,
    keys: Path | None,
    timeout: float = 60,
    adopt: bool = False,
    prune: bool = False,
) -> Options:
    """Return the options as the command line names them."""
    choices = Choices(adopt=adopt, prune=prune)
    return Options(choices=choices, key_file=key_file, region=region, keys=keys, timeout=timeout)


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """The policy's side, PagerDuty's side, and the changes between them."""

    account: Remote
    desired: Desired
    state: AccountState
    changes: Changes
    folder: KeyFolder
    unread: str | None
    """Why the key files were not read; None where they were."""


def plan(project: Project, options: Options, form: Form) -> Outcome:
    """Return what `apply` would change.

    Raises PolicyErrors where there is no policy, EnvironmentProblem where PagerDuty does not answer.
    """
    return _compared(project, options, _guarded(lambda compared: _planned(compared, form)))


def apply(project: Project, options: Options, say: Say, ask: Ask) -> Outcome:
    """Make PagerDuty match the policy once `ask` returns true; `say` prints what is planned and what is done."""
    return _compared(project, options, _guarded(lambda compared: _applied(compared, say, ask)))


def drift(project: Project, options: Options, form: Form) -> Outcome:
    """Return where PagerDuty differs from the policy, and who is not notified at once; either means exit code 1."""
    return _compared(project, options, lambda compared: _drifted(compared, form))


def _drifted(compared: Compared, form: Form) -> Outcome:
    desired, state, account = compared.desired, compared.state, compared.account
    drifts = tuple(
        drifting.drift(desired, state, compared.changes, compared.folder, lambda user: account.rules(user.id))
    )
    if form == "json":
        fields = ("kind", "about", "text", "field", "policy", "pagerduty")
        data: dict[str, Any] = {
            "drift": [{field: getattr(deviation, field) for field in fields} for deviation in drifts]
        }
        data["keys_not_looked_at"] = compared.unread
        return Outcome(diagnostics=(), sources={}, lines=_lines(data), stale=bool(drifts))
    lines = [deviation.text for deviation in drifts] or [
        f"{_NOTHING[:-1]}, and everybody who is paged is told at once."
    ]
    if any(deviation.edited for deviation in drifts):
        lines.append(_EITHER)
    lines += _unread(compared)
    return Outcome(diagnostics=(), sources={}, lines=tuple(lines), stale=bool(drifts))


def _applied(compared: Compared, say: Say, ask: Ask) -> Outcome:
    todo = compared.changes.todo
    if not todo:
        return Outcome(diagnostics=(), sources={}, lines=(*_notes(compared), _NOTHING))
    unwritable = compared.folder.missing(compared.desired, write=True)
    if unwritable and any(isinstance(change, (Connect, WriteKey)) for change in todo):
        raise EnvironmentProblem(unwritable, "say with --keys FOLDER where the key files go on this machine")
    for line in _text(compared):
        say(line)
    if not ask(f"Apply {_counted(len(todo), 'change')}?"):
        return Outcome(diagnostics=(), sources={}, lines=("Nothing was changed.",))
    for change in applying.apply(compared.account, compared.desired, compared.state, compared.changes, compared.folder):
        say(f"done: {_headline(change, compared.folder)}")
    return Outcome(
        diagnostics=(), sources={}, lines=(f"PagerDuty is as the policy says: {_counted(len(todo), 'change')} done.",)
    )


def _planned(compared: Compared, form: Form) -> Outcome:
    if form == "json":
        return Outcome(diagnostics=(), sources={}, lines=_lines(_data(compared)))
    return Outcome(
        diagnostics=(),
        sources={},
        lines=tuple(_text(compared)) if compared.changes.todo else (*_notes(compared), _NOTHING),
    )


# ------------------------------------------------------------------------------------------- both sides


def _compared(project: Project, options: Options, act: Callable[[Compared], Outcome]) -> Outcome:
    """Compare the policy with the account and return the outcome of `act`, or the findings that prevent it."""
    source = on_disk(project.policy).read()
    try:
        desired = wanted(project, source)
        with Remote(_account(options, desired)) as account:
            return act(compare(account, desired, KeyFolder(folder=options.keys), options.choices))
    except PolicyErrors as refused:
        findings = formats.place(refused.diagnostics, source)
        return Outcome(diagnostics=findings, sources=texts(project, source))


def compare(account: Remote, desired: Desired, folder: KeyFolder, choices: Choices) -> Compared:
    """Read the account and return both sides and the changes between them; changes nothing."""
    state = reading.read(account, desired)
    if not state.has_teams:
        desired = wanting.without_teams(desired)
    unread = folder.missing(desired)
    wrong = () if unread else tuple(_wrong_keys(account, desired, state, folder))
    changes = between.changes(desired, state, choices, wrong)
    if choices.prune:
        doomed = [change.existing for change in changes.todo if isinstance(change, Delete)]
        changes = between.changes(desired, state, choices, wrong, _in_the_way(account, state, doomed))
    return Compared(account=account, desired=desired, state=state, changes=changes, folder=folder, unread=unread)


def _in_the_way(account: Remote, state: AccountState, doomed: list[ExistingObject]) -> InTheWay:
    """Return what else keeps objects from being deleted: overrides to come, and open incidents."""
    schedules = [existing.id for existing in doomed if existing.kind == "schedule"]
    services = frozenset(service for existing in doomed for service in services_of(existing, state))
    return InTheWay(
        overridden=frozenset(schedule for schedule in schedules if account.overrides(schedule, state.at)),
        busy=reading.busy(account, services),
    )


def _guarded(act: Callable[[Compared], Outcome]) -> Callable[[Compared], Outcome]:
    """Return `act` guarded: it raises PolicyErrors where names collide or PagerDuty lacks a person."""

    def guarded(compared: Compared) -> Outcome:
        if compared.changes.problems:
            raise PolicyErrors(*compared.changes.problems)
        return act(compared)

    return guarded


def wanted(project: Project, source: Source) -> Desired:
    """Return what PagerDuty should hold by the policy.

    Raises PolicyErrors where it does not compile or PagerDuty would break its promise.
    """
    compiled = pipeline.compile(source, Templates(project.templates), header_path(project))
    if not compiled.plan.escalations:
        raise Unknown("PagerDuty pages nobody by this policy: there is nothing to apply", "", ())
    files = of_pagerduty(compiled.plan, compiled.artifacts)
    return wanting.read(files.plan, files.documents, files.behaviour)


def _wrong_keys(account: Remote, desired: Desired, state: AccountState, folder: KeyFolder) -> Iterable[str]:
    """Yield the names of services whose key file is missing or holds another key than PagerDuty."""
    for wanted in desired.of("service"):
        existing = between.counterpart(wanted, desired, state)
        there = between.integrations(wanted, existing) if existing else ()
        if existing is None or wanted.key_file is None or not there:
            continue
        path = folder.path(wanted.key_file)
        if not any(keys.holds(path, account.key(existing.id, integration)) for integration in there):
            yield wanted.name


def _account(options: Options, desired: Desired) -> Account:
    """Return the account that the environment names; raises Unknown where there is no key to it."""
    region = regions.of_account(desired.region, desired.events, _asked(options))
    if options.key_file is not None:
        try:
            key, where = options.key_file.read_text(encoding="utf-8").strip(), f"`{options.key_file}`"
        except (OSError, UnicodeDecodeError) as error:
            raise Unknown(f"the API key cannot be read from `{options.key_file}`: {_reason(error)}", "", ()) from None
    else:
        key, where = os.environ.get(KEY, "").strip(), KEY
    if not key:
        raise Unknown(f"there is no API key: set {KEY}, or name a file that holds it with --key-file", "", ())
    if not _KEY_FORM.fullmatch(key):
        raise Unknown(f"{where} does not hold an API key of PagerDuty", "", ())
    return Account(url=_address() or region.api, key=Secret(text=key), timeout=options.timeout)


def _asked(options: Options) -> Asked | None:
    """Return the region that the option or the environment names; raises Unknown where there is no such region."""
    named, by = (options.region, "--region") if options.region else (os.environ.get(REGION), REGION)
    if not named:
        return None
    if named not in REGIONS:
        raise Unknown(f"there is no region `{named}` among {', '.join(REGIONS)}", named, REGIONS)
    return Asked(region=REGIONS[named], by=by)


def _address() -> str | None:
    """Return the URL in the environment variable, None where it is not set; raises Unknown where no key may go there.

    The URL is not shown: it may hold a password.
    """
    named = os.environ.get(URL)
    if not named:
        return None
    try:
        url = valid(named)
    except ValueError:
        url = ""
    if url.startswith("https://") or (url and is_loopback(url)):
        return url
    raise Unknown(f"{URL} does not hold a URL that an API key may be sent to; write {USUAL.api}", "", ())


def _reason(error: OSError | UnicodeDecodeError) -> str:
    return str(error.strerror) if isinstance(error, OSError) else "it is not text"


# ------------------------------------------------------------------------------------------- how it is said

_NOTHING = "PagerDuty is as the policy says."
_EITHER = "Either PagerDuty was changed by hand, or the policy was edited and not applied yet: the two look the same."
_ACTIONS = {Create: "create", Update: "update", Delete: "delete", Connect: "connect", WriteKey: "write-key"}


def _text(compared: Compared) -> Iterator[str]:
    for change in compared.changes.todo:
        yield _headline(change, compared.folder)
        if isinstance(change, Create):
            yield from (f"      {field.label}: {field.after}" for field in change.fields)
        elif isinstance(change, Update):
            yield from (f"      {field.label}: {field.before} -> {field.after}" for field in change.differences)
    yield from _shift(compared)
    yield from _notes(compared)


def _headline(change: Change, folder: KeyFolder) -> str:
    subject = between.object_of(change)
    what = f"{wanting.kind_text(subject.kind)} {subject.name}"
    if isinstance(change, Create):
        return f"+ create {what}"
    if isinstance(change, Update):
        owner = between.owner_of(change.existing)
        return (
            f"~ adopt {what}, so far {f'of {owner}' if owner else 'not ours'}" if change.adopts else f"~ update {what}"
        )
    if isinstance(change, Delete):
        return f"- delete {what}"
    if isinstance(change, Connect):
        return f"+ connect {what} to Alertmanager, its key into {folder.path(change.key_file)}"
    return f"+ write the key of {what} into {folder.path(change.key_file)}"


def _shift(compared: Compared) -> Iterator[str]:
    lines = tuple(shift.shift(compared.desired, compared.state, compared.changes))
    if lines:
        yield ""
        yield "On call the moment this is applied:"
        yield from (f"  {line}" for line in lines)


def _notes(compared: Compared) -> Iterator[str]:
    why = {one.existing.id: one.why for one in compared.changes.staying}
    for existing in compared.changes.leftover:
        what = f"{wanting.kind_text(existing.kind)} {existing.name}"
        if existing.id in why:
            yield f"Ours, and no longer in the policy: {what}. {why[existing.id]}, so it stays."
        else:
            yield f"Ours, and no longer in the policy: {what} (--prune deletes it)."
    for service, setting in compared.changes.grouped:
        yield (
            f"Alerts of service {service.name} are grouped by the account's setting {setting}: what joins an open "
            "incident pages nobody. Take the service out of it in PagerDuty."
        )
    if not compared.state.has_teams:
        yield "The plan of this account has no teams: they are left out."
    yield from _unread(compared)


def _unread(compared: Compared) -> Iterator[str]:
    if compared.unread:
        yield f"The key files were not looked at: {compared.unread} (--keys FOLDER)."


def _data(compared: Compared) -> dict[str, Any]:
    why = {one.existing.id: one.why for one in compared.changes.staying}
    return {
        "changes": [_change_data(change) for change in compared.changes.todo],
        "on_call": list(shift.shift(compared.desired, compared.state, compared.changes)),
        "left": [
            {"kind": existing.kind, "name": existing.name, "stays": why.get(existing.id)}
            for existing in compared.changes.leftover
        ],
        "grouped": [{"service": service.name, "setting": setting} for service, setting in compared.changes.grouped],
        "teams": compared.state.has_teams,
        "keys_not_looked_at": compared.unread,
    }


def _change_data(change: Change) -> dict[str, Any]:
    subject = between.object_of(change)
    action = "adopt" if isinstance(change, Update) and change.adopts else _ACTIONS[type(change)]
    entry: dict[str, Any] = {"action": action, "kind": subject.kind, "name": subject.name}
    if isinstance(change, (Create, Update)):
        fields = change.fields if isinstance(change, Create) else change.differences
        entry["fields"] = [
            {"field": field.label, "before": field.before or None, "after": field.after} for field in fields
        ]
    elif not isinstance(change, Delete):
        entry["key_file"] = change.key_file
    return entry


def _lines(data: Any) -> tuple[str, ...]:
    return tuple(json.dumps(data, indent=2).split("\n"))


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"
