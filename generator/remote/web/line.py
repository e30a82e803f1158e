"""One connection: all that comes over it has an end in time and a limit in size."""

from __future__ import annotations

import contextlib
import errno
import io
import ipaddress
import os
import queue
import select
import socket
import ssl
import threading
import time
import zlib
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from generator.remote.web.addresses import PORTS, is_loopback, through
from generator.remote.web.quoting import quoted
from generator.remote.web.trouble import NoAnswer, TooLarge, Trouble, Unreached, in_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_HEAD = 1 << 18
_PIECE = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer: status, headers by lower-case name, and uncompressed body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Line:
    """A connection to an origin, direct or through a proxy."""

    def __init__(self, url: str, via: str | None, ends: float, timeout: float) -> None:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
        self._timeout = timeout
        self._asks_proxy = via is not None and parts.scheme == "http"
        there, its_port, self._lets_in = through(via) if via else (host, port, {})
        self._socket = _connected(there, its_port, ends, loopback=is_loopback(url))
        self._source = _Source(self._socket, ends)
        try:
            if via and not self._asks_proxy:
                self._tunnel(f"[{host}]:{port}" if ":" in host else f"{host}:{port}")
            if parts.scheme == "https":
                self._socket.settimeout(_left(ends))
                self._socket = _trust().wrap_socket(self._socket, server_hostname=host)
                self._source = _Source(self._socket, ends)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def until(self, ends: float) -> None:
        """Set the deadline of the next answer."""
        self._source.ends = ends

    def quiet(self) -> bool:
        """Return whether nothing arrived since the last answer, not even the end of the connection."""
        return not select.select([self._socket], [], [], 0)[0]

    def ask(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, size: int
    ) -> tuple[Answer, bool]:
        """Return the answer, and whether the connection can be reused."""
        with in_words(self._timeout):
            parts, target = urlsplit(url), _target(url)
            host = parts.netloc if parts.netloc.isascii() else parts.netloc.encode("idna").decode()
            if self._asks_proxy:
                target, headers = f"{parts.scheme}://{host}{target}", {**headers, **self._lets_in}
            response = self._request(method, target, host, headers, body)
            packed = (response.getheader("Content-Encoding") or "identity").strip().lower()
            self._source.allowed = size
            content = b"".join(_unpacked(_pieces(response), packed, size))
            known = {name.lower(): value for name, value in response.getheaders()}
            return Answer(status=response.status, headers=known, body=content), not response.will_close

    def _tunnel(self, target: str) -> None:
        response = self._request("CONNECT", target, target, self._lets_in, None)
        if response.status != 200:
            answer = quoted(f"{response.status} {response.reason}")
            raise NoAnswer(Trouble.UNREACHED, f"the proxy refused it ({answer})")

    def _request(
        self, method: str, target: str, host: str, headers: Mapping[str, str], body: bytes | None
    ) -> HTTPResponse:
        written = HTTPConnection("unused")
        written.sock = self._source  # it sends, which is all that is asked of it
        written.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        length = {} if body is None else {"Content-Length": str(len(body))}
        unpacks = {} if method == "CONNECT" else {"Accept-Encoding": "gzip"}
        for name, value in {"Host": host, **unpacks, **length, **headers}.items():
            written.putheader(name, value)
        self._source.allowed = _HEAD
        written.endheaders(body)
        response = HTTPResponse(self._source, method=method)  # type: ignore[arg-type]  # it reads, the same
        response.begin()
        if self._source.ended:
            # A head that breaks off is taken for whole.
            raise EOFError
        return response


def _target(url: str) -> str:
    parts = urlsplit(url)
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    return f"{path}?{quote(parts.query, safe=_QUERY)}" if parts.query else path


_QUERY = "/%:@!$&'()*+,;=~-._?[]"


def _connected(host: str, port: int, ends: float, *, loopback: bool) -> socket.socket:
    """Return a connection to the first address of the host that accepts one."""
    failed: OSError = OSError(errno.EADDRNOTAVAIL, os.strerror(errno.EADDRNOTAVAIL))
    for family, kind, protocol, _, address in _looked_up(host, port, ends):
        if loopback and not ipaddress.ip_address(str(address[0]).partition("%")[0]).is_loopback:
            continue
        made = socket.socket(family, kind, protocol)
        try:
            made.settimeout(_left(ends))
            made.connect(address)
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:
            made.close()
            failed = error
        else:
            return made
    raise Unreached from failed


def _looked_up(host: str, port: int, ends: float) -> list[Any]:
    """Return the host's addresses; the look-up runs in a thread, since it cannot be interrupted."""
    answers: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def look_up() -> None:
        try:
            answers.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            answers.put(error)

    threading.Thread(target=look_up, daemon=True).start()
    try:
        addresses = answers.get(timeout=_left(ends))
    except queue.Empty:
        raise TimeoutError from None
    if isinstance(addresses, UnicodeError):
        raise socket.gaierror(socket.EAI_NONAME, "no name")
    if isinstance(addresses, OSError):
        raise addresses
    return list(addresses)


def _trust() -> ssl.SSLContext:
    """Return the TLS context: OpenSSL's authorities or SSL_CERT_FILE, else the system's."""
    if not any(ssl.get_default_verify_paths()[:2]):
        with contextlib.suppress(ImportError):
            import truststore  # comes with PagerDuty's client

            return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return ssl.create_default_context()


def _left(ends: float) -> float:
    left = ends - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


class _Source:
    """A socket with a deadline (`ends`) and a limit of `allowed` bytes."""

    def __init__(self, connection: socket.socket, ends: float) -> None:
        self._connection = connection
        self.ends = ends
        self.allowed = _HEAD
        self.ended = False

    def makefile(self, _mode: str) -> io.BufferedReader:
        # What is left in the buffer of one answer belongs to it: nothing comes unasked on a good connection.
        return io.BufferedReader(_Part(self), _PIECE)

    def sendall(self, data: bytes) -> None:
        self._connection.settimeout(_left(self.ends))
        self._connection.sendall(data)

    def receive(self, buffer: Any) -> int:
        self._connection.settimeout(_left(self.ends))
        count = self._connection.recv_into(buffer)
        self.allowed -= count
        self.ended = not count
        if self.allowed < 0:
            raise TooLarge
        return count

    def close(self) -> None:
        """Leave the socket to its owner."""


class _Part(io.RawIOBase):
    def __init__(self, source: _Source) -> None:
        self._source = source

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._source.receive(buffer)


def _pieces(response: HTTPResponse) -> Iterator[bytes]:
    while piece := response.read(_PIECE):
        yield piece
    if response.length:
        raise EOFError


def _unpacked(pieces: Iterator[bytes], packed: str, most: int) -> Iterator[bytes]:
    """Yield uncompressed data; raises TooLarge above `most` bytes."""
    if packed not in ("identity", "", "gzip", "x-gzip"):
        raise NoAnswer(Trouble.NONSENSE, f"a body in an encoding that was not asked for: {quoted(packed, 30)}")
    unpacker = zlib.decompressobj(31) if "gzip" in packed else None
    for piece in pieces:
        rest = piece
        while rest:
            content, rest = (rest, b"") if unpacker is None else _some(unpacker, rest)
            most -= len(content)
            if most < 0:
                raise TooLarge
            yield content
    if unpacker is not None and not unpacker.eof:
        raise EOFError


def _some(unpacker: Any, packed: bytes) -> tuple[bytes, bytes]:
    if unpacker.eof:
        raise zlib.error("more after the end")
    return unpacker.decompress(packed, _PIECE), unpacker.unconsumed_tail
