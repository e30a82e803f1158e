"""Asks servers over HTTP, with a limit on time and size: the answer is JSON, or an Unready says what came instead."""

from __future__ import annotations

import ipaddress
import json
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from typing import TYPE_CHECKING, Any

from generator.diagnostics import Unready

if TYPE_CHECKING:
    from collections.abc import Mapping

_LARGEST = 1 << 29
_PIECE = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a server answered, and how far its clock is ahead of ours; None where it does not say."""

    data: Any
    ahead: timedelta | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """Asks one server. `headers` go to it and to no other; `limit` is in seconds, for each answer as a whole."""

    url: str
    headers: Mapping[str, str]
    limit: float

    def get(self, path: str, **query: str) -> Answer:
        """Return the answer to `GET path`; raises Unready where there is none, or none that is JSON."""
        address = f"{self.url.rstrip('/')}/{path}"
        asked = f"{address}?{urllib.parse.urlencode(query)}" if query else address
        # The scheme was judged by `valid`, and a redirect leads nowhere else.
        request = urllib.request.Request(asked, headers=dict(self.headers))  # noqa: S310
        begun, ends = datetime.now(timezone.utc), time.monotonic() + self.limit
        try:
            with _opener(self.url).open(request, timeout=self.limit) as response:
                raw = _read(response, ends)
                received = datetime.now(timezone.utc)
                date = response.headers.get("Date")
        except _Elsewhere as elsewhere:
            raise self._unready(address, f"leads to {elsewhere}", "name the server itself") from None
        except urllib.error.HTTPError as error:
            with error:
                said = _line(error.read(2000))
            raise self._refused(address, error.code, said) from None
        except TimeoutError:
            raise self._slow(address) from None
        except urllib.error.URLError as error:
            if isinstance(error.reason, TimeoutError):
                raise self._slow(address) from None
            help = _TLS if isinstance(error.reason, ssl.SSLError) else _CHECK
            raise self._unready(address, f"cannot be reached: {_reason(error.reason)}", help) from None
        except (OSError, HTTPException) as error:
            raise self._unready(address, f"broke off: {_reason(error)}", _CHECK) from None
        try:
            data = json.loads(raw)
        except (ValueError, RecursionError):
            raise self._unready(address, f"answers with what is not JSON: {_line(raw[:2000])}", _ADDRESS) from None
        return Answer(data=data, ahead=_ahead(date, begun, received))

    def nonsense(self, path: str, problem: str) -> Unready:
        """Return the exception for an answer that no such server gives."""
        return self._unready(f"{self.url.rstrip('/')}/{path}", f"answers with {problem}", _ADDRESS)

    def _refused(self, address: str, code: int, said: str) -> Unready:
        if code in (401, 403):
            help = "give the authorisation in a file: --header-file, or --token-file for a bearer token"
            return self._unready(address, f"does not let us in (HTTP {code})", help)
        help = _ADDRESS if code < 500 else "it has trouble of its own, or has only just started: look at its log"
        return self._unready(address, f"answers with HTTP {code}: {said}", help)

    def _slow(self, address: str) -> Unready:
        return self._unready(address, f"has not answered within {self.limit:g}s", "allow it more with --timeout")

    @staticmethod
    def _unready(address: str, problem: str, help: str) -> Unready:
        return Unready(f"{address} {problem}", help=help)


_TLS = "check that it speaks TLS; SSL_CERT_FILE names the certificate of an authority of your own"
_CHECK = "check the address, and that the server runs and can be reached from here"
_ADDRESS = "check the address: is it that of the server itself, with the path before /api where it has one?"


def valid(url: str) -> str:
    """Return the address of a server without a slash at its end; raises ValueError where it is none that we ask."""
    try:
        parts = urllib.parse.urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError(f"`{url}` is no address: {error}") from None
    if parts.username is not None or parts.password is not None:
        raise ValueError("a password in an address shows in lists of processes: give it in --header-file")
    if parts.scheme not in ("http", "https") or not host or port == 0 or parts.query or parts.fragment:
        raise ValueError(f"`{url}` is no address of a server; write http://127.0.0.1:9090")
    if any(character.isspace() or not character.isprintable() for character in url):
        raise ValueError(f"`{url}` is no address of a server: there is a space in it")
    return url.rstrip("/")


class _Elsewhere(Exception):
    pass


class _SameServer(urllib.request.HTTPRedirectHandler):
    """Follows redirects to other paths of the same server; another one is not meant, nor are our headers for it."""

    def redirect_request(self, req: urllib.request.Request, *rest: Any) -> urllib.request.Request | None:
        to = urllib.parse.urlsplit(rest[-1])
        here = urllib.parse.urlsplit(req.full_url)
        if (to.scheme, to.netloc) != (here.scheme, here.netloc):
            raise _Elsewhere(f"{to.scheme}://{to.netloc}")
        return super().redirect_request(req, *rest)


def _opener(url: str) -> urllib.request.OpenerDirector:
    handlers: list[urllib.request.BaseHandler] = [_SameServer()]
    if is_loopback(url):
        handlers.append(urllib.request.ProxyHandler({}))
    return urllib.request.build_opener(*handlers)


def is_loopback(url: str) -> bool:
    """Return whether an address that is `valid` leads to this machine and to nobody else."""
    host = urllib.parse.urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _read(response: Any, ends: float) -> bytes:
    """Return the body; a server that sends a byte now and then has no more time than one that is silent."""
    pieces, size = [], 0
    while piece := response.read1(_PIECE):
        pieces.append(piece)
        size += len(piece)
        if time.monotonic() > ends:
            raise TimeoutError
        if size > _LARGEST:
            raise HTTPException(f"more than {_LARGEST >> 20} MiB")
    return b"".join(pieces)


def _reason(error: object) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__


def _line(raw: bytes) -> str:
    """Return the beginning of an answer in one line."""
    text = " ".join(raw.decode("utf-8", "replace").split())
    return f"{text[:100]}..." if len(text) > 100 else text or "nothing"


def _ahead(date: str | None, begun: datetime, received: datetime) -> timedelta | None:
    """Return how far the server's clock is ahead, as little as the second that it tells and our waiting leave room."""
    try:
        told = parsedate_to_datetime(date or "")
    except ValueError:
        return None
    if told.tzinfo is None:
        return None
    # It is cut to a second, and may be from any time between the question and the answer.
    if told > received:
        return told - received
    return -max(begun - told - timedelta(seconds=1), timedelta())
