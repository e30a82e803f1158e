"""An address that holds a secret stands in a file, not in the policy. What is found never says the address."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic
from generator.upstream.alertmanager.integrations import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.policy.model import Policy
    from generator.upstream.alertmanager.kinds import Kind

POL227 = Code(
    name="POL227",
    title="Secret in a URL",
    meaning="Many people can read out/. Put the secret into a file, and name that file: the whole address in "
    "`url_file`, in place of `webhook`, or a bearer token in `token_file`. The webhook address of Slack, Discord or "
    "Teams is a secret as a whole; there is a kind of channel for each.",
)

_SECRET = re.compile(
    r"(?:.*[_-])?(?:token|secret|password|passwd|apikey|api[_-]key|access[_-]key|signature|sig)", re.IGNORECASE
)
"""How parameters are called that hold secrets."""


def check(policy: Policy) -> Iterator[Diagnostic]:
    """POL227: the address of a webhook, of a server or of the proxy holds a secret."""
    proxy = policy.stack.alertmanager.proxy
    if proxy and _holds_secret(proxy):
        yield Diagnostic(
            code=POL227.name,
            message="the address of the proxy contains a secret, which everybody who reads out/ would see",
            route=("stack", "alertmanager", "proxy"),
            help="write `environment`, and the address into the environment of the Alertmanager servers (from "
            "Alertmanager 0.28 on)",
            secret=True,
        )
    for name, channel in policy.channels.items():
        addresses = [("server", channel.server)]
        if "url" in channel.kind.address:
            addresses.append((channel.kind.name, channel.address))
        for key, address in addresses:
            kind = _whose(address) if address else None
            if address and (kind or _holds_secret(address)):
                yield Diagnostic(
                    code=POL227.name,
                    message=f"the URL of channel {name} contains a secret, which everybody who reads out/ would see",
                    route=("channels", name, key),
                    help=_help(key, kind),
                    secret=True,
                )


def _help(key: str, kind: Kind | None) -> str:
    if kind and kind.writes:
        file = kind.files[0].key
        return f"it is an address of {kind.plain}: write a channel of the kind `{kind.name}`, its secret in `{file}`"
    if key == "webhook":
        return (
            "move the secret into a file, and name that file in `token_file`; or move the whole address, and name its "
            "file in `url_file` instead of `webhook` (from Alertmanager 0.28 on)"
        )
    return "write the address without it: the secret belongs into the file that the channel names"


def _holds_secret(address: str) -> bool:
    _, _, behind = address.partition("?")
    given = parse_qsl(behind.partition("#")[0]) + parse_qsl(address.partition("#")[2])
    host = address.partition("://")[2].partition("/")[0]
    return "@" in host or any(value and _SECRET.fullmatch(name) for name, value in given)


def _whose(address: str) -> Kind | None:
    """Return the kind whose addresses are secrets and begin like this one."""
    host, slash, path = address.lower().partition("://")[2].partition("/")
    bare = host.rpartition("@")[2] + slash + path
    return next((kind for kind in KINDS.values() for begin in kind.secret_in if _begins(bare, begin)), None)


def _begins(bare: str, begin: str) -> bool:
    if not begin.startswith("*."):
        return bare.startswith(begin)
    host, _, _ = bare.partition("/")
    return host.endswith(begin[1:].rstrip("/")) and "/" in bare
