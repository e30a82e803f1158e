"""What stands between a receiver and its address: proxies, other servers that are asked first, and what is given up.

The settings are those of config/notifiers.go and of `HTTPClientConfig` in prometheus/common (config/http_config.go).
How a connection is made otherwise (certificates, HTTP/2) changes nothing about who is told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.behaviour.part import Part
from generator.plan.timing import ZERO
from generator.policy import duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from generator.behaviour.behaviour import Integration
    from generator.plan.plan import Plan, Receiver

_NOT_PROVEN = "whether {} lets it through, and in time, is not proven"
_YES = "true"


def http(own: Mapping[str, Any], settings: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the `http_config` of an integration: its own as a whole, else that of the `global` settings."""
    found: Mapping[str, Any] = own.get("http_config") or settings.get("http_config") or {}
    return found


def doubts(
    promised: Receiver, integration: Integration, settings: Mapping[str, Any], plan: Plan
) -> Iterator[tuple[str, str]]:
    """Yield what makes it doubtful that messages arrive, to follow the receiver, and why."""
    own = integration.settings
    shows = integration.kind.program or any(way[0] == "http_config" for way in promised.files)
    yield from _on_the_way(http(own, settings), plan.policy.stack.alertmanager.through, takes_token=shows)
    smtp = plan.policy.stack.alertmanager.smtp
    sender = own.get("from") or settings.get("smtp_from")
    if integration.kind.mail and smtp and sender and sender != smtp.sender:
        yield f"sends from {sender}, the policy says {smtp.sender}", "a mail server may refuse another sender"
    most = str(own.get("max_alerts") or 0)
    if most != "0":
        yield f"tells of at most {most} of the alerts of a group", "of the others nobody learns there"
    timeout = Part(path="", value=dict(own)).length("timeout", plan.stack.delivery)
    if ZERO < timeout < plan.stack.delivery:  # 0 is none
        allowed = duration.write(plan.stack.delivery)
        yield f"gives up after {duration.write(timeout)}", f"`stack.delivery` allows {allowed} until a message arrives"


def _on_the_way(
    config: Mapping[str, Any], through: Mapping[str, str], *, takes_token: bool
) -> Iterator[tuple[str, str]]:
    """Yield what an `http_config` puts between, beside the policy's own proxy.

    `takes_token`: the address may want a token or a password.
    """
    if config.get("proxy_url") not in (None, "", through.get("proxy_url")):
        yield f"sends through the proxy {config['proxy_url']}", _NOT_PROVEN.format("the proxy")
    if config.get("proxy_from_environment") == _YES and "proxy_from_environment" not in through:
        yield "sends through the proxy that its environment names", _NOT_PROVEN.format("the proxy")
    if config.get("oauth2"):
        server = config["oauth2"].get("token_url")
        yield f"asks {server} for a token before it sends", _NOT_PROVEN.format("that server")
    if (config.get("tls_config") or {}).get("insecure_skip_verify") == _YES:
        yield "does not look who answers at its address", "`insecure_skip_verify` lets anybody answer in its place"
    if config.get("follow_redirects") == "false":
        yield "does not follow redirects", "where its address moves, messages are lost"
    scheme = (config.get("authorization") or {}).get("type", "Bearer")
    if scheme.lower() != "bearer":
        yield f"sends its token as `{scheme}`", "the policy's token is a bearer token"
    if not takes_token and (config.get("authorization") or config.get("basic_auth")):
        yield "shows a secret that is not its own to its address", "its key is all that the policy gives it"
