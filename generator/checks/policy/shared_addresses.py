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
    "both would land in one place. Give the public channel a webhook of its own, and name its file in `url_file`.",
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
            said = channel.secret_file is not None and policy.channels[other].secret_file is not None
            yield Diagnostic(
                code=POL247.name,
                level=Level.ERROR if said else Level.WARNING,
                message=f"channels {other} (internal) and {name} (public) share the address in `{file}`: "
                "a webhook of a Slack app posts both to one channel",
                route=("channels", name, "url_file") if channel.secret_file else ("channels", name),
                on_key=channel.secret_file is None,
                help=f"make a webhook for {channel.address}, and name its file: `url_file: {file}-{name}`",
            )


def _file(policy: Policy, channel: Channel) -> str | None:
    """Return the file with the address to which a channel posts; None where it is no secret of a kind's own."""
    kind = channel.kind
    if not kind.channel or kind.policy_key != "url_file":
        return None
    return channel.secret_file or policy.stack.alertmanager.url_files.get(kind.name, kind.usual_file)
