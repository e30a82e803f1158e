"""`alertc pagerduty plan`, `apply` and `drift`: PagerDuty as the policy says, and what is otherwise there."""

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
from generator.commands.templates import templates
from generator.diagnostics import formats
from generator.diagnostics.diagnostic import EnvironmentProblem, PolicyErrors
from generator.policy.source import raw_file, read
from generator.remote.pagerduty import apply as applying
from generator.remote.pagerduty import changes as between
from generator.remote.pagerduty import desired as wanting
from generator.remote.pagerduty import drift as drifting
from generator.remote.pagerduty import keys, shift
from generator.remote.pagerduty.changes import Choices, Connect, Create, Delete, Update, WriteKey
from generator.remote.pagerduty.existing import Secret
from generator.remote.pagerduty.keys import KeyFolder
from generator.remote.pagerduty.remote import REGIONS, Account, Remote
from generator.remote.web import is_loopback, valid

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from generator.policy.source import Source
    from generator.remote.pagerduty.changes import Change, Changes
    from generator.remote.pagerduty.desired import Desired
    from generator.remote.pagerduty.existing import AccountState

Form = Literal["text", "json"]
Say = Callable[[str], None]
Ask = Callable[[str], bool]

KEY, URL, REGION = "PAGERDUTY_API_KEY", "ALERTC_PAGERDUTY_URL", "PAGERDUTY_SERVICE_REGION"
_KEY_FORM = re.compile(r"[A-Za-z0-9_.+/=-]{8,200}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the command line said. `keys` None: key files lie where alertmanager.yml says. `timeout` is in seconds."""

    choices: Choices
    key_file: Path | None
    region: str | None
    keys: Path | None
    timeout: float


def asked(
    *,
    key_file: Path | None,
    region: str | None,
    keys: Path | None,
    timeout: float = 60,
    adopt: bool = False,
    prune: bool = False,
) -> Asked:
    """Return what the options of the command line say."""
    choices = Choices(adopt=adopt, prune=prune)
    return Asked(choices=choices, key_file=key_file, region=region, keys=keys, timeout=timeout)


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """The policy's side, PagerDuty's side, and what is between them."""

    account: Remote
    desired: Desired
    state: AccountState
    changes: Changes
    folder: KeyFolder
    unread: str | None
    """Why the key files were not looked at."""


def plan(project: Project, asked: Asked, form: Form) -> Outcome:
    """Return what apply would do.

    Raises PolicyErrors where there is no policy, EnvironmentProblem where PagerDuty does not answer.
    """
    return _compared(project, asked, _certain(lambda compared: _planned(compared, form)))


def apply(project: Project, asked: Asked, say: Say, ask: Ask) -> Outcome:
    """Make PagerDuty as the policy says, once `ask` agrees; `say` tells what is planned, and what is done."""
    return _compared(project, asked, _certain(lambda compared: _applied(compared, say, ask)))


def drift(project: Project, asked: Asked, form: Form) -> Outcome:
    """Return what is otherwise in PagerDuty than the policy says, and who is not told at once; that is a finding."""
    return _compared(project, asked, lambda compared: _drifted(compared, form))


def _drifted(compared: Compared, form: Form) -> Outcome:
    desired, state, account = compared.desired, compared.state, compared.account
    drifts = tuple(
        drifting.drift(desired, state, compared.changes, compared.folder, lambda user: account.rules(user.id))
    )
    if form == "json":
        fields = ("kind", "about", "text", "field", "policy", "pagerduty")
        data: dict[str, Any] = {"drift": [{field: getattr(one, field) for field in fields} for one in drifts]}
        data["keys_not_looked_at"] = compared.unread
        return Outcome(diagnostics=(), sources={}, lines=_lines(data), stale=bool(drifts))
    lines = [one.text for one in drifts] or [f"{_NOTHING[:-1]}, and everybody who is paged is told at once."]
    if any(one.edited for one in drifts):
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


def _compared(project: Project, asked: Asked, act: Callable[[Compared], Outcome]) -> Outcome:
    """Return what `act` makes of the comparison, or what the policy lacks for one."""
    source = read(raw_file(project.policy), project.policy.as_posix())
    try:
        desired = wanted(project, source)
        with Remote(_account(asked)) as account:
            return act(compare(account, desired, KeyFolder(folder=asked.keys), asked.choices))
    except PolicyErrors as refused:
        findings = formats.place(refused.diagnostics, source)
        return Outcome(diagnostics=findings, sources=texts(project, source))


def compare(account: Remote, desired: Desired, folder: KeyFolder, choices: Choices) -> Compared:
    """Return both sides and what is between them; asks PagerDuty, changes nothing."""
    state = account.state()
    unread = folder.missing(desired)
    wrong = () if unread else tuple(_wrong_keys(account, desired, state, folder))
    changes = between.changes(desired, state, choices, wrong)
    if choices.prune:
        doomed = (one.existing for one in changes.todo if isinstance(one, Delete) and one.existing.kind == "schedule")
        overridden = frozenset(one.id for one in doomed if account.overrides(one.id, state.at))
        changes = between.changes(desired, state, choices, wrong, overridden)
    return Compared(account=account, desired=desired, state=state, changes=changes, folder=folder, unread=unread)


def _certain(act: Callable[[Compared], Outcome]) -> Callable[[Compared], Outcome]:
    """Return what acts where nothing forbids it: a name that is taken, somebody whom PagerDuty does not know."""

    def acts(compared: Compared) -> Outcome:
        if compared.changes.problems:
            raise PolicyErrors(*compared.changes.problems)
        return act(compared)

    return acts


def wanted(project: Project, source: Source) -> Desired:
    """Return what the policy wants.

    Raises PolicyErrors where it does not compile or PagerDuty would break its promise.
    """
    compiled = pipeline.compile(source, templates(project), header_path(project))
    files = of_pagerduty(compiled.plan, compiled.artifacts)
    return wanting.read(files.plan, files.documents, files.behaviour)


def _wrong_keys(account: Remote, desired: Desired, state: AccountState, folder: KeyFolder) -> Iterable[str]:
    """Return the services whose key file is missing or holds another key than PagerDuty."""
    for wanted in desired.of("service"):
        existing = between.counterpart(wanted, desired, state)
        there = between.integrations(existing) if existing else ()
        if existing is None or wanted.key_file is None or not there:
            continue
        path = folder.path(wanted.key_file)
        if not any(keys.holds(path, account.key(existing.id, one)) for one in there):
            yield wanted.name


def _account(asked: Asked) -> Account:
    """Return the account that the environment names; raises Unknown where there is no key to it."""
    region = asked.region or os.environ.get(REGION) or "us"
    if region not in REGIONS:
        raise Unknown(f"there is no region `{region}` among {', '.join(REGIONS)}", region, REGIONS)
    if asked.key_file is not None:
        try:
            key, where = asked.key_file.read_text(encoding="utf-8").strip(), f"`{asked.key_file}`"
        except (OSError, UnicodeDecodeError) as error:
            raise Unknown(f"the API key cannot be read from `{asked.key_file}`: {_reason(error)}", "", ()) from None
    else:
        key, where = os.environ.get(KEY, "").strip(), KEY
    if not key:
        raise Unknown(f"there is no API key: set {KEY}, or name a file that holds it with --key-file", "", ())
    if not _KEY_FORM.fullmatch(key):
        raise Unknown(f"what {where} holds is no API key of PagerDuty", "", ())
    return Account(url=_address() or REGIONS[region], key=Secret(text=key), timeout=asked.timeout)


def _address() -> str | None:
    """Return the address that the environment names, None where it names none; raises Unknown where it is none.

    What it holds is not shown: it may hold a password.
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
    raise Unknown(f"what {URL} holds is no address that an API key may go to; write {REGIONS['us']}", "", ())


def _reason(error: OSError | UnicodeDecodeError) -> str:
    return str(error.strerror) if isinstance(error, OSError) else "it is no text"


# ------------------------------------------------------------------------------------------- how it is said

_NOTHING = "PagerDuty is as the policy says."
_EITHER = "Either PagerDuty was changed by hand, or the policy was edited and not applied yet: the two look the same."
_ACTIONS = {Create: "create", Update: "update", Delete: "delete", Connect: "connect", WriteKey: "write-key"}


def _text(compared: Compared) -> Iterator[str]:
    for change in compared.changes.todo:
        yield _headline(change, compared.folder)
        if isinstance(change, Create):
            yield from (f"      {one.label}: {one.after}" for one in change.fields)
        elif isinstance(change, Update):
            yield from (f"      {one.label}: {one.before} -> {one.after}" for one in change.differences)
    yield from _shift(compared)
    yield from _notes(compared)


def _headline(change: Change, folder: KeyFolder) -> str:
    one = between.object_of(change)
    what = f"{wanting.kind_text(one.kind)} {one.name}"
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
    for existing in compared.changes.leftover:
        what = f"{wanting.kind_text(existing.kind)} {existing.name}"
        if existing in compared.changes.covered:
            yield f"Ours, and no longer in the policy: {what}. It has overrides that are not over, so it stays."
        else:
            yield f"Ours, and no longer in the policy: {what} (--prune deletes it)."
    yield from _unread(compared)


def _unread(compared: Compared) -> Iterator[str]:
    if compared.unread:
        yield f"The key files were not looked at: {compared.unread} (--keys FOLDER)."


def _data(compared: Compared) -> dict[str, Any]:
    return {
        "changes": [_change_data(change) for change in compared.changes.todo],
        "on_call": list(shift.shift(compared.desired, compared.state, compared.changes)),
        "left": [{"kind": one.kind, "name": one.name} for one in compared.changes.leftover],
        "keys_not_looked_at": compared.unread,
    }


def _change_data(change: Change) -> dict[str, Any]:
    one = between.object_of(change)
    action = "adopt" if isinstance(change, Update) and change.adopts else _ACTIONS[type(change)]
    found: dict[str, Any] = {"action": action, "kind": one.kind, "name": one.name}
    if isinstance(change, (Create, Update)):
        fields = change.fields if isinstance(change, Create) else change.differences
        found["fields"] = [{"field": one.label, "before": one.before or None, "after": one.after} for one in fields]
    elif not isinstance(change, Delete):
        found["key_file"] = change.key_file
    return found


def _lines(data: Any) -> tuple[str, ...]:
    return tuple(json.dumps(data, indent=2).split("\n"))


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"
