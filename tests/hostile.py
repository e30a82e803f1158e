"""A server on loopback that answers anything: whatever bytes, for as long as it likes, or nothing at all.

A behaviour is what the server does once a request is read: it sends bytes (`raw`, `answer`), never stops (`endless`),
takes its time (`slow`), breaks off (`cut`), says nothing (`silent`) or hangs up (`closed`). `serving` plays one for
every request, or one of a table: the first whose key is in the request's first line.

The table of hostile answers (`JSON_BODIES`, `HTTP_ANSWERS`) is for every command that asks a server.
"""

from __future__ import annotations

import contextlib
import copy
import gzip
import json
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

Behaviour = Callable[[socket.socket, threading.Event], None]
"""Answers one request over a connection; the event is set as the server ends."""


@dataclass(slots=True, kw_only=True)
class Hostile:
    """A server that runs, and what it was asked: each request's head as it came."""

    url: str
    heads: list[str] = field(default_factory=list)

    @property
    def asked(self) -> list[str]:
        """The first line of each request, without the version of HTTP."""
        return [head.partition("\r\n")[0].rpartition(" ")[0] for head in self.heads]


def raw(content: bytes) -> Behaviour:
    """Send these bytes and hang up."""
    return lambda connection, _: connection.sendall(content)


def answer(
    body: Any, status: str = "200 OK", headers: Mapping[str, str] | None = None, length: int | None = None
) -> Behaviour:
    """Send an answer: bytes as they are, anything else as JSON; `length` is what it says of itself."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    said = {"Content-Length": str(len(content) if length is None else length), **(headers or {})}
    head = "".join(f"{name}: {value}\r\n" for name, value in said.items())
    return raw(f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + content)


def endless(begin: bytes, piece: bytes) -> Behaviour:
    """Send a beginning, then a piece again and again, as fast as somebody takes it."""

    def act(connection: socket.socket, over: threading.Event) -> None:
        connection.sendall(begin)
        while not over.is_set():
            connection.sendall(piece)

    return act


def slow(content: bytes, pause: float = 0.02) -> Behaviour:
    """Send byte after byte, and begin anew at the end."""

    def act(connection: socket.socket, over: threading.Event) -> None:
        while True:
            for byte in content:
                if over.wait(pause):
                    return
                connection.sendall(bytes([byte]))

    return act


def cut(body: Any, after: int) -> Behaviour:
    """Send the first bytes of a whole answer's body, and hang up."""
    content = json.dumps(body).encode()
    return answer(content[:after], length=len(content))


def silent(_: socket.socket, over: threading.Event) -> None:
    """Say nothing."""
    over.wait()


def closed(_connection: socket.socket, _over: threading.Event) -> None:
    """Hang up."""


@contextlib.contextmanager
def serving(behaviour: Behaviour | Mapping[str, Behaviour], port: int = 0) -> Iterator[Hostile]:
    """A server for as long as the block runs; what no key of a table is for hangs up."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", port)) as listening:
        # Python does not notice that another thread closes what it waits for.
        listening.settimeout(0.05)
        server = Hostile(url=f"http://127.0.0.1:{listening.getsockname()[1]}")
        threads = [threading.Thread(target=_accept, args=(listening, behaviour, server, over))]
        threads[0].start()
        try:
            yield server
        finally:
            over.set()
            threads[0].join()


def _accept(
    listening: socket.socket, behaviour: Behaviour | Mapping[str, Behaviour], server: Hostile, over: threading.Event
) -> None:
    while not over.is_set():
        with contextlib.suppress(TimeoutError, OSError):
            connection, _ = listening.accept()
            # What blocks in sending ends as the other side hangs up, which it does at its limit.
            threading.Thread(target=_answer, args=(connection, behaviour, server, over), daemon=True).start()


def _answer(
    connection: socket.socket, behaviour: Behaviour | Mapping[str, Behaviour], server: Hostile, over: threading.Event
) -> None:
    with connection, contextlib.suppress(OSError):
        connection.settimeout(30)
        head = _read(connection)
        if not head:
            return
        server.heads.append(head)
        first = head.partition("\r\n")[0]
        act = behaviour
        if isinstance(behaviour, Mapping):
            act = next((one for key, one in behaviour.items() if key in first), closed)
        assert callable(act)
        act(connection, over)
        # Nothing that was sent is lost because something that came was not read.
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass


def _read(connection: socket.socket) -> str:
    """Return the head of a request, once its body is read too."""
    received = b""
    while b"\r\n\r\n" not in received:
        piece = connection.recv(65536)
        if not piece:
            return ""
        received += piece
    head, _, body = received.partition(b"\r\n\r\n")
    text = head.decode("latin-1")
    lengths = [int(line.partition(":")[2]) for line in text.split("\r\n") if line.lower().startswith("content-length")]
    left = (lengths or [0])[0] - len(body)
    while left > 0 and (piece := connection.recv(65536)):
        left -= len(piece)
    return text


# ------------------------------------------------------------------------------------------- what may come

_OK = b"HTTP/1.1 200 OK\r\n"

JSON_BODIES: Mapping[str, bytes] = {
    "a page": b"<html>log in</html>",
    "nothing": b"",
    "null": b"null",
    "a text": b'"x"',
    "a number": b"7",
    "a list": b"[]",
    "an object": b"{}",
    "a list of numbers": b"[1]",
    "no UTF-8": b'{"users": "\xff\xfe"}',
    "half a text": b'{"users": [{"id": "P1", "na',
    "too deep": b"[" * 200_000,
    "deep": b'{"users":' + b"[" * 900 + b"]" * 900 + b"}",
    "a number of 5,000 digits": b"[" + b"9" * 5000 + b"]",
    "NaN": b"[NaN]",
    "half a character": b'["\\ud800"]',
    "a terminal's commands": b"\x1b]0;T\x07\x1b[2J",
    "right to left": "\u202e<html>".encode(),
}
"""Bodies with the status 200, none of which is an answer to anything that is asked."""

HTTP_ANSWERS: Mapping[str, tuple[Behaviour, str]] = {
    "no status line": (raw(b"\x1b]0;T\x07\r\n"), "what is not HTTP: \\x1b]0;T\\x07"),
    "another protocol": (raw(b"SSH-2.0-OpenSSH_9.2\r\n"), "what is not HTTP: SSH-2.0-OpenSSH_9.2"),
    "cut in the head": (raw(b"HTTP/1.1 200 OK\r\nContent-Le"), "the connection was closed in the middle of the answer"),
    "cut in the body": (answer(b"[]", length=500), "the connection was closed in the middle of the answer"),
    "cut in a chunk": (
        raw(_OK + b"Transfer-Encoding: chunked\r\n\r\n1f4\r\n[]"),
        "the connection was closed in the middle of the answer",
    ),
    "a chunk of no length": (
        raw(_OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n[]"),
        "the connection was closed in the middle of the answer",
    ),
    "headers without end": (endless(_OK, b"X: y\r\n" * 99), "headers without end, or far too large"),
    "a header without end": (endless(_OK + b"X: ", b"y" * 4096), "headers without end, or far too large"),
    "answers that are none yet": (
        endless(b"", b"HTTP/1.1 100 Continue\r\nX: y\r\n\r\n" * 50),
        "an answer without end, or far too large",
    ),
    "what is packed and is not": (
        answer(b"[]", headers={"Content-Encoding": "gzip"}),
        "what is not HTTP",
    ),
    "packed otherwise": (
        answer(b"[]", headers={"Content-Encoding": "br"}),
        "a body in an encoding that was not asked for: br",
    ),
    "packed and cut": (
        answer(gzip.compress(b"[1, 2, 3]")[:-9], headers={"Content-Encoding": "gzip"}),
        "the connection was closed in the middle of the answer",
    ),
}
"""What comes in place of an answer, and what is said of it."""


def bomb(size: int) -> bytes:
    """Return what gzip makes of so many bytes."""
    return gzip.compress(b" " * size, 9)


def ways(value: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to all that is inside of a value."""
    yield here
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in inside:
        yield from ways(part, (*here, key))


def with_another(value: Any, way: tuple[Any, ...], other: Any) -> Any:
    """Return the value with something else at the end of a way."""
    if not way:
        return other
    changed = copy.deepcopy(value)
    part = changed
    for key in way[:-1]:
        part = part[key]
    part[way[-1]] = other
    return changed
