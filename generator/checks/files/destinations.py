"""Each receiver sends where the policy says, and to nobody else: no setting beside its address leads elsewhere."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from generator.behaviour.documents import ALERTMANAGER
from generator.behaviour.verification import Finding
from generator.checks.files import connections
from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, Level
from generator.diagnostics.wording import first_few, listed
from generator.upstream.pagerduty import USUAL, region_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from generator.behaviour.behaviour import Integration
    from generator.behaviour.verification import Verification
    from generator.diagnostics.diagnostic import EntryPath
    from generator.plan.plan import Receiver
    from generator.upstream.pagerduty import Region

RTE615 = Code(
    name="RTE615",
    title="Message goes elsewhere",
    meaning="A setting sends messages to another server, with another key, through a proxy, or to somebody whom the "
    "policy does not name; or one of them is sent twice, cut short, or given up early. Compare your template with the "
    "packaged one.",
)

_NAMED = 3


def check(verification: Verification) -> Iterator[Finding]:
    """RTE615: a receiver sends to another place than the policy says, or to one more."""
    rendered = {receiver.name: receiver for receiver in verification.behaviour.receivers}
    settings = verification.documents[ALERTMANAGER].get("global") or {}
    stack = verification.plan.policy.stack
    mail, through, region = stack.alertmanager.mail, stack.alertmanager.through, stack.pagerduty
    reported: set[str] = set()
    doubtful: Mapping[tuple[str, str], list[tuple[Receiver, EntryPath]]] = defaultdict(list)
    for promised in verification.plan.receivers:
        integrations = rendered[promised.name].integrations if promised.name in rendered else ()
        same = [integration for integration in integrations if _is_promised(promised, integration)]
        if not same:
            continue  # RTE607 says so
        if len(same) > 1:
            yield _finding(promised, f"sends each message {len(same)} times", same[1].where, level=Level.WARNING)
        for integration in integrations:
            if not _is_promised(promised, integration):
                what = integration.kind.says(integration.settings)
                yield _finding(promised, f"also sends to {what}, which the policy does not name", integration.where)
                continue
            problems = [
                *_redirected(promised, integration, settings, mail),
                *(_elsewhere(integration, settings, region) if region and integration.kind.pages else ()),
            ]
            for problem, where in problems:
                if where[0] != "global" or problem not in reported:
                    reported.add(problem)
                    yield _finding(promised, problem, where)
            http = connections.http(integration.settings, settings)
            for name, value in through.items() if not integration.kind.mail else ():
                if http.get(name) != value:
                    yield _finding(promised, "does not send through the proxy of the policy", integration.where)
            for doubt in connections.doubts(promised, integration, settings, verification.plan):
                doubtful[doubt].append((promised, integration.where))
    for (problem, why), ((first, where), *others) in doubtful.items():
        more = first_few([promised.name for promised, _ in others], _NAMED)
        notes = (why, *([f"the same for {more}"] if others else []))
        yield _finding(first, problem, where, level=Level.WARNING, notes=notes)


def _is_promised(promised: Receiver, integration: Integration) -> bool:
    key, target = promised.destination
    return integration.kind == promised.integration and integration.settings.get(key) == target


def _redirected(
    promised: Receiver, integration: Integration, settings: Mapping[str, Any], mail: Mapping[str, str]
) -> Iterator[tuple[str, EntryPath]]:
    kind, own = integration.kind, integration.settings
    servers = (promised.server,) if promised.server else kind.servers
    if promised.server and kind.server and kind.server not in own:
        yield f"does not send to the server {promised.server}", integration.where
    for place, read, keys in (
        (integration.where, own, kind.redirects),
        (("global",), settings, kind.global_redirects),
    ):
        for key in keys:
            if key in read and read[key] not in servers:
                yield f"sends to another server: `{key}` is {read[key]}", (*place, key)
    yield from _of_options(promised, integration)
    if kind.mail:
        yield from _mailed(integration, settings, mail)
    if not promised.files:
        return
    read_files: dict[tuple[str, ...], object] = {(key,): own[key] for key in kind.secrets if key in own}
    authorization = connections.http(own, settings).get("authorization") or {}
    if "credentials_file" in authorization:
        read_files["http_config", "authorization", "credentials_file"] = authorization["credentials_file"]
    basic = connections.http(own, settings).get("basic_auth") or {}
    if "password_file" in basic:
        read_files["http_config", "basic_auth", "password_file"] = basic["password_file"]
    for way, path in promised.files.items():
        # Of several files each belongs to its setting; a single one may stand in another, such as Slack's token.
        if (read_files.get(way) if len(promised.files) > 1 else path) == path and path in read_files.values():
            continue
        instead = f", but {listed(map(str, read_files.values()))}" if read_files else ""
        yield f"does not read its secret from {path}{instead}", integration.where
        return
    for (*above, key), file in read_files.items():
        if file not in promised.files.values():
            # PagerDuty's service_key_file, for one, makes Alertmanager send to another address.
            beside = listed(promised.files.values())
            what = f"reads `{key}` from {file} beside {beside}, and one of them decides who is told"
            yield what, (*integration.where, *above, key)


def _of_options(promised: Receiver, integration: Integration) -> Iterator[tuple[str, EntryPath]]:
    """Yield where a setting that says where it sends, beside its address, is not the policy's."""
    for way, value in promised.options.items():
        found: Any = integration.settings
        for key in way:
            found = found.get(key) if isinstance(found, dict) else None
        if found != value:
            what = f"is {found}" if found is not None else "is not there"
            yield f"has another place than the policy says: `{way[-1]}` {what}, not {value}", integration.where


def _elsewhere(
    integration: Integration, settings: Mapping[str, Any], region: Region
) -> Iterator[tuple[str, EntryPath]]:
    """Yield that events go to PagerDuty's servers in another region than the account's, which refuse its keys."""
    own, everybodys = integration.settings.get("url"), settings.get("pagerduty_url")
    sent = region_of(str(own or everybodys or USUAL.events))
    if sent is not None and sent != region:
        where = (*integration.where, "url") if own else ("global", "pagerduty_url") if everybodys else integration.where
        yield (
            f"sends to PagerDuty's region {sent.name}, where the policy's account (region {region.name}) is not",
            where,
        )


def _mailed(
    integration: Integration, settings: Mapping[str, Any], mail: Mapping[str, str]
) -> Iterator[tuple[str, EntryPath]]:
    """Yield what the policy says of its mail server, and the files do not."""
    own = integration.settings
    for name, promised in mail.items():
        key, place = (name, (*integration.where, name)) if name in own else (f"smtp_{name}", ("global", f"smtp_{name}"))
        written = own.get(name, settings.get(key))
        if written is None:
            yield f"does not send as `stack.alertmanager.smtp` says: `{key}` is not set", ("global",)
        elif written != promised:
            what = "to another server" if name == "smarthost" else "in another way than `stack.alertmanager.smtp` says"
            yield f"sends {what}: `{key}` is {written}", place


def _finding(
    promised: Receiver,
    problem: str,
    where: EntryPath,
    *,
    level: Level = Level.ERROR,
    notes: tuple[str, ...] = (),
) -> Finding:
    diagnostic = Diagnostic(
        code=RTE615.name,
        level=level,
        message=f"the receiver {promised.name} {problem}",
        route=promised.route,
        on_key=True,
        notes=notes,
        help="compare your template with the packaged one",
    )
    return Finding(diagnostic=diagnostic, path=ALERTMANAGER, where=where)
