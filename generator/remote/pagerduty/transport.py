"""Lets PagerDuty's own client send through ours, so that the same limits hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx2

from generator.remote.web import NoAnswer, Trouble

if TYPE_CHECKING:
    from generator.remote.web import Client

_PASSING = frozenset({Trouble.UNREACHED, Trouble.SLOW, Trouble.BROKEN})
"""What may be otherwise the next time, so that PagerDuty's client may ask again."""
_OURS = frozenset({"host", "content-length", "accept-encoding", "connection"})
"""The headers that our client writes itself."""


def transport(client: Client) -> httpx2.BaseTransport:
    """Return the HTTP transport of PagerDuty's client."""
    return _Transport(client)


def cause(error: BaseException) -> str:
    """Return the reason for a missing answer in words, without anything of the request."""
    linked: BaseException | None = error
    while linked is not None:
        if isinstance(linked, NoAnswer):
            return linked.reason
        # The client cuts the cause off where it passes an error on; the context stays.
        linked = linked.__cause__ or linked.__context__
    return "the connection was closed"


class _Transport(httpx2.BaseTransport):
    def __init__(self, client: Client) -> None:
        self._client = client

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        written = {name.decode("latin-1"): value.decode("latin-1") for name, value in request.headers.raw}
        headers = {name: value for name, value in written.items() if name.lower() not in _OURS}
        body = request.read() or None
        if body is None and request.method in ("POST", "PUT"):
            body = b""
        try:
            answer = self._client.send(request.method, str(request.url), headers, body)
        except NoAnswer as none:
            if none.trouble in _PASSING:
                raise httpx2.TransportError(none.reason, request=request) from none
            raise
        # What is unpacked already says no longer how it was packed, nor how long it was.
        return httpx2.Response(answer.status, stream=httpx2.ByteStream(answer.body), request=request)

    def close(self) -> None:
        self._client.close()
