"""Finds a channel for the public that shares its webhook address with an internal one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.policy.model import Channel, Policy

POL247 = Code(
    name="POL247",
    title="Internal and public channel share an address",
    meaning="The webhooks of Slack's apps belong to one channel and ignore the name of another, so the texts of "
    "both would land in one place; the file of a channel of Teams, Discord or Pushover is that place itself. Give the "
    "public channel a secret of its own, and name its file.",
)


def check(policy: Policy) -> Iterator[Diagnostic]:
    """POL247: channels of both audiences read one file; a warning where neither names it, since old webhooks obey."""
    internal: dict[tuple[str, str], str] = {}
    for name, channel in policy.channels.items():
        if channel.audience == "internal" and (file := _file(policy, channel)):
            internal.setdefault((channel.kind.name, file), name)
    for name, channel in policy.channels.items():
        file = _file(policy, channel)
        other = internal.get((channel.kind.name, file)) if file and channel.audience == "public" else None
        if file and other:
            key = _key(channel)
            said = key in channel.files and key in policy.channels[other].files
            yield Diagnostic(
                code=POL247.name,
                level=Level.ERROR if said else Level.WARNING,
                message=f"channels {other} (internal) and {name} (public) share the address in `{file}`: "
                f"{_why(channel)}",
                route=("channels", name, key) if key in channel.files else ("channels", name),
                on_key=key not in channel.files,
                help=f"{'write the secret of' if channel.kind.named_only else 'make a webhook for'} {channel.address}"
                f"{' into a file' if channel.kind.named_only else ''}, and name its file: `{key}: {file}-{name}`",
            )


def _why(channel: Channel) -> str:
    if channel.kind.named_only:
        return f"{channel.kind.plain} posts both to one place"
    return f"a webhook of a {channel.kind.plain} app posts both to one channel"


def _key(channel: Channel) -> str:
    """Return the key of the file that leads to one place; "" where the kind has none."""
    return next((file.key for file in channel.kind.files if file.place or file.needed), "")


def _file(policy: Policy, channel: Channel) -> str | None:
    """Return the file with the address to which a channel posts; None where it is no secret of a kind's own."""
    named = channel.files.get(_key(channel))
    usual = next((file.usual for file in channel.kind.files if file.key == _key(channel)), None)
    return named or policy.stack.alertmanager.url_files.get(channel.kind.name, usual)
