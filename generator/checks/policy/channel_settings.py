"""A channel names the files and the server that its kind reads, and the declared Alertmanager knows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, Level
from generator.diagnostics.wording import listed
from generator.upstream.features import FEATURES, GENERATIONS, written

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.diagnostics.diagnostic import PolicyPath
    from generator.policy.model import Alertmanager, Channel, Policy, Smtp
    from generator.upstream.features import Feature, Version

POL270 = Code(
    name="POL270",
    title="Channel without the file that says where it goes",
    meaning="Of some kinds only a secret says where a message goes, such as the address of a Teams channel. Write it "
    "into a file in the folder `stack.alertmanager.secrets`, and name that file in the channel.",
)

POL271 = Code(
    name="POL271",
    title="Channel has a key that its kind does not read",
    meaning="A file or a server that nothing reads looks as if it did something. Remove it, or use the key that the "
    "kind reads: docs/policy-reference.md says which.",
)

POL278 = Code(
    name="POL278",
    title="Channel does not say all of its place",
    meaning="Of some kinds more than one word says where a message goes: the server of Jira, or the company and the "
    "application of WeChat. Write them into the channel: docs/policy-reference.md says what they are.",
)

POL272 = Code(
    name="POL272",
    title="Channel that the declared Alertmanager cannot have",
    meaning="The version in `stack.alertmanager` does not know this kind, or cannot read its secret from a file. Use "
    "another kind, or raise the version once it runs everywhere: docs/versions.md says what each version takes.",
)

POL273 = Code(
    name="POL273",
    title="Mail server with half of a login",
    meaning="Alertmanager logs in with a user name and a password, which stands in a file. Write both `username` and "
    "`password_file` into `stack.alertmanager.smtp`, or neither.",
)

_KNOWN = {feature.mark: feature for feature in FEATURES if feature.program == "alertmanager" and feature.kind == "key"}


def check(policy: Policy) -> Iterator[Diagnostic]:
    """POL270: a file is not named; POL271: a key is not read; POL272: an old version; POL273: half of a login."""
    yield from _half_a_login(policy.stack.alertmanager.smtp)
    version = max(policy.stack.alertmanager.version, GENERATIONS["alertmanager"][0])  # VER511 says what is older
    yield from _proxy(policy.stack.alertmanager, version)
    for name, channel in policy.channels.items():
        route: PolicyPath = ("channels", name)
        newer = _newer(channel, version)
        if newer:
            yield _too_old(name, channel, newer, version)
            continue
        yield from _unnamed(route, channel)
        yield from _unsaid(route, channel)
        yield from _unread(route, channel)


def _proxy(stack: Alertmanager, version: Version) -> Iterator[Diagnostic]:
    for name in stack.through:
        feature = _KNOWN.get(f"**.http_config.{name}")
        if feature and not feature.known_to(version):
            yield Diagnostic(
                code=POL272.name,
                message=f"the proxy comes from the environment, but Alertmanager {written(version)} does not know "
                f"{feature.what}",
                route=("stack", "alertmanager", "proxy"),
                help="write the proxy's address",
            )


def _half_a_login(smtp: Smtp | None) -> Iterator[Diagnostic]:
    if smtp and (smtp.username is None) != (smtp.password_file is None):
        there, lacks = ("username", "password_file") if smtp.username else ("password_file", "username")
        yield Diagnostic(
            code=POL273.name,
            message=f"the mail server has a `{there}`, but no `{lacks}`",
            route=("stack", "alertmanager", "smtp", there),
            on_key=True,
            help=f"add `{lacks}`, or remove `{there}`",
        )


def _newer(channel: Channel, version: Version) -> Feature | None:
    """Return what such a channel needs and the version does not know: the newest of that."""
    kind = channel.kind
    whole = f"receivers.*.{kind.name}_configs"
    named = (file for file in kind.files if file.usual or file.needed or file.key in channel.files)
    features = [_KNOWN.get(mark) for mark in (whole, *(f"{whole}.*.{'.'.join(file.way)}" for file in named))]
    return max(
        (feature for feature in features if feature and not feature.known_to(version)),
        key=lambda feature: feature.since or (),
        default=None,
    )


def _too_old(name: str, channel: Channel, newer: Feature, version: Version) -> Diagnostic:
    kind = channel.kind.name
    return Diagnostic(
        code=POL272.name,
        message=f"channel {name} is a `{kind}`, but Alertmanager {written(version)} does not know {newer.what}",
        route=("channels", name),
        on_key=True,
        help=f"the first version that was tried and knows it is {written(newer.since or ())}: where such a one runs, "
        f'write `version: "{written(newer.since or ())}"` into `stack.alertmanager`; else use another kind',
    )


def _unnamed(route: PolicyPath, channel: Channel) -> Iterator[Diagnostic]:
    for file in channel.kind.files:
        if file.needed and file.key not in channel.files:
            yield Diagnostic(
                code=POL270.name,
                message=f"channel {route[-1]} does not say where its messages go: `{channel.kind.name}` needs "
                f"`{file.key}`",
                route=route,
                on_key=True,
                help=f"write `{file.key}: {channel.kind.name.removesuffix('v2')}-{route[-1]}`, and the secret into a "
                "file of that name on the Alertmanager's machine",
            )


def _unsaid(route: PolicyPath, channel: Channel) -> Iterator[Diagnostic]:
    needed = [option.key for option in channel.kind.options if option.needed and option.key not in channel.options]
    if channel.kind.server_needed and channel.server is None:
        needed.append("server")
    if needed:
        keys = listed([f"`{key}`" for key in needed])
        yield Diagnostic(
            code=POL278.name,
            message=f"channel {route[-1]} lacks {keys}, which `{channel.kind.name}` needs",
            route=route,
            on_key=True,
            help=f"add {keys}: docs/policy-reference.md says what stands there",
        )


def _unread(route: PolicyPath, channel: Channel) -> Iterator[Diagnostic]:
    is_address = bool(channel.address) and channel.kind.program
    read = list(dict.fromkeys([*(file.key for file in channel.kind.files), *(one.key for one in channel.kind.options)]))
    read += ["server"] if channel.kind.server else []
    for key in channel.unread:
        beside = is_address and key == "url_file"
        yield Diagnostic(
            code=POL271.name,
            level=Level.WARNING,
            message=f"channel {route[-1]} has both an address and `url_file`, which is not read"
            if beside
            else f"channel {route[-1]} has `{key}`, which `{channel.kind.name}` does not read",
            route=(*route, key),
            on_key=True,
            help="give one of `webhook` and `url_file`"
            if beside
            else f"remove it; `{channel.kind.name}` reads {listed(f'`{one}`' for one in read)}"
            if read
            else "remove it",
        )
