"""Everybody whom the programs call in a drill, on loopback: PagerDuty, Slack, webhooks, mail, and what is scraped."""

from __future__ import annotations

import contextlib
import email
import email.policy
import json
import socket
import socketserver
import threading
import time
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from generator.drill.scaled import MARK, metric
from generator.upstream.alertmanager import integrations

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from generator.upstream.alertmanager.kinds import Kind, Played

HOST = "127.0.0.1"
_FOREVER = 600.0  # longer than any time-out


class Stopped(Exception):
    """The drill is being shut down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A message from Alertmanager; `at` is when it was answered, in time.monotonic."""

    receiver: str
    number: int
    """Which of the receiver's integrations."""
    kind: Kind
    authorization: str | None
    body: Any
    at: float
    hung: bool = False
    """Whoever called gave up before it was answered."""
    marks: Mapping[str, str] = field(init=False)
    """The conditions in the message by mark (see Series) with `firing` or `resolved`.

    Read once: those that wait for messages look at all of them again at each, and nobody is answered meanwhile.
    """

    def __post_init__(self) -> None:
        object.__setattr__(self, "marks", _marks(_played(self.kind), self.body))

    def text(self) -> str:
        """Return the text that a person reads; the status for a webhook."""
        parts = [part for way in _played(self.kind).read for part in _at(self.body, way) if part]
        return "\n".join(f"{part['title']}: {part['value']}" if isinstance(part, dict) else str(part) for part in parts)


def _played(kind: Kind) -> Played:
    if kind.played is None:
        raise ValueError(f"nobody plays what {kind.name} calls")
    return kind.played


def _marks(played: Played, body: Any) -> Mapping[str, str]:
    carried = _at(body, played.carried)
    if not played.mark:
        pairs = ((alert.get("annotations", {}).get(MARK, ""), alert.get("status", "")) for alert in carried)
        return {mark: status for mark, status in pairs if mark}
    written = str(next(carried, ""))
    return dict(pair.rpartition("=")[::2] for pair in written.split() if "=" in pair)


def _at(value: Any, way: tuple[str, ...]) -> Iterator[Any]:
    """Yield the values at a JSON path, in which `*` means each item of a list."""
    if not way:
        yield value
    elif way[0] == "*":
        for item in value if isinstance(value, list) else ():
            yield from _at(item, way[1:])
    elif isinstance(value, dict) and way[0] in value:
        yield from _at(value[way[0]], way[1:])


@dataclass(slots=True, kw_only=True)
class Series:
    """The series in place of an expression, marked `number/value`; it is 0 unless `true`."""

    number: int
    value: int
    labels: Mapping[str, str]
    true: bool = False

    @property
    def mark(self) -> str:
        """The mark by which messages name the series."""
        return f"{self.number}/{self.value}"

    def line(self) -> str:
        """Return the sample in Prometheus's exposition format."""
        labels = ",".join(f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in self.labels.items())
        return f"{metric(self.number)}{{{labels}}} {self.value if self.true else 0}\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """The series of an alert's unit test, replayed from the moment at which its condition begins."""

    every: float
    """Seconds from one sample to the next."""
    series: Mapping[str, tuple[float | None, ...]]
    change: int
    """The number of the first sample that departs from those before it: then the condition is true."""

    def lines(self, since: float | None) -> str:
        """Return the samples at so many seconds after the beginning; None: before it."""
        if since is None and not self.change:
            return ""  # true from the first sample on
        number = int((since or 0.0) // self.every)
        samples = ((name, values[min(number, len(values) - 1)]) for name, values in self.series.items())
        return "".join(f"{name} {value}\n" for name, value in samples if value is not None)


@dataclass(slots=True)
class World:
    """Everything around the servers: the targets that they scrape, and receivers that record each message.

    Receivers in `pauses` let so many seconds pass before they answer; those in `hangs` do not answer the first attempt
    of a group.
    """

    url: str = ""
    mail: str = ""
    pauses: Mapping[str, float] = field(default_factory=dict)
    hangs: set[str] = field(default_factory=set)
    tried: set[tuple[str, int, str]] = field(default_factory=set)
    """What was attempted of receivers that hang: receiver, integration and mark."""
    series: list[Series] = field(default_factory=list)
    recordings: dict[int, Recording] = field(default_factory=dict)
    """What is scraped in real time, in place of `series`, by the numbers of the conditions."""
    playing: dict[int, float] = field(default_factory=dict)
    """When a recording was begun."""
    scraped: set[int] = field(default_factory=set)
    """The conditions whose samples were asked for."""
    calls: list[Call] = field(default_factory=list)
    news: threading.Condition = field(default_factory=threading.Condition)
    stopped: bool = False

    def stop(self) -> None:
        """Make every waiting thread raise Stopped."""
        with self.news:
            self.stopped = True
            self.news.notify_all()

    def take(self, call: Call) -> None:
        """Record a call."""
        with self.news:
            self.calls.append(call)
            self.news.notify_all()

    def wait(self, until: float, is_met: Callable[[], bool] = lambda: False) -> bool:
        """Wait for a condition until a moment of time.monotonic; return whether it came true. Raises Stopped."""
        with self.news:
            while True:
                if self.stopped:
                    raise Stopped
                if is_met():
                    return True
                left = until - time.monotonic()
                if left <= 0:
                    return False
                self.news.wait(min(left, 1.0))

    def hangs_up(self, call: Call) -> bool:
        """Return whether to leave a call unanswered: the first attempt with any new mark."""
        if call.receiver not in self.hangs:
            return False
        received = {(call.receiver, call.number, mark) for mark in call.marks}
        with self.news:
            new = not received & self.tried
            self.tried |= received
            return new

    def metrics(self, number: int) -> str:
        """Return the samples of a scraped target: the series of one condition."""
        with self.news:
            if number not in self.scraped:
                self.scraped.add(number)
                self.news.notify_all()
            recording = self.recordings.get(number)
            if recording:
                begun = self.playing.get(number)
                return recording.lines(None if begun is None else time.monotonic() - begun)
            return "".join(series.line() for series in self.series if series.number == number)


@contextlib.contextmanager
def world() -> Iterator[World]:
    """Serve a World on loopback."""
    playing = World()
    with _Http((HOST, 0), _handler(playing)) as http, _Mail((HOST, 0), _postman(playing)) as mail:
        playing.url = f"http://{HOST}:{http.server_address[1]}"
        playing.mail = f"{HOST}:{mail.server_address[1]}"
        threads = [threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True) for server in (http, mail)]
        for thread in threads:
            thread.start()
        try:
            yield playing
        finally:
            playing.stop()
            for server, thread in zip((http, mail), threads, strict=True):
                server.shutdown()
                thread.join()


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False  # who answers late would hold us
    request_queue_size = 256


class _Mail(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256


def _handler(playing: World) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            number = self.path.split("/")[2:3]
            text = playing.metrics(int(number[0])) if self.path.startswith("/scrape/") and number else ""
            self._answer(200, text.encode(), "text/plain; version=0.0.4")

        def do_POST(self) -> None:
            at = time.monotonic()
            body = self.rfile.read(int(self.headers["Content-Length"]))
            # Alertmanager may have put a route of its own behind our address.
            _, _, kind, receiver, number = self.path.split("/")[:5]
            call = Call(
                receiver=unquote(receiver),
                number=int(number),
                kind=integrations.kind(kind),
                authorization=self.headers["Authorization"],
                body=json.loads(body),
                at=at,
            )
            if playing.hangs_up(call):
                playing.take(replace(call, hung=True))
                with contextlib.suppress(Stopped):
                    playing.wait(at + _FOREVER, self._is_alone)
                self.close_connection = True
                return
            pause = playing.pauses.get(call.receiver, 0.0)
            if pause:
                with contextlib.suppress(Stopped):
                    playing.wait(at + pause, self._is_alone)
                call = replace(call, at=time.monotonic(), hung=self._is_alone())
            playing.take(call)
            played = _played(call.kind)
            kind = "application/json" if played.answer.startswith("{") else "text/plain"
            self._answer(played.status, played.answer.encode(), kind)

        def _is_alone(self) -> bool:
            """Return whether whoever asked has gone."""
            with contextlib.suppress(OSError):
                return not self.connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
            return False

        def _answer(self, status: int, text: bytes, kind: str = "application/json") -> None:
            with contextlib.suppress(ConnectionError):  # whoever asked was ended meanwhile
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

        def handle(self) -> None:
            with contextlib.suppress(ConnectionError):
                super().handle()

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    return Handler


def _postman(playing: World) -> type[socketserver.StreamRequestHandler]:
    class Postman(socketserver.StreamRequestHandler):
        """As much of SMTP as Alertmanager speaks (RFC 5321)."""

        def handle(self) -> None:
            with contextlib.suppress(ConnectionError):
                self._say("220 drill")
                for line in self.rfile:
                    word = line.strip().partition(b" ")[0].upper()
                    if word == b"DATA":
                        self._say("354 go on")
                        playing.take(_mail(b"".join(iter(self.rfile.readline, b".\r\n"))))
                    self._say("221 bye" if word == b"QUIT" else "250 ok")
                    if word == b"QUIT":
                        return

        def _say(self, line: str) -> None:
            self.wfile.write(f"{line}\r\n".encode())

    return Postman


def _mail(raw: bytes) -> Call:
    message = email.message_from_bytes(raw, policy=email.policy.default)
    receiver, _, number = str(message["X-Alertc-Receiver"]).partition("/")
    part = message.get_body(preferencelist=("plain", "html"))
    return Call(
        receiver=unquote(receiver),
        number=int(number or 0),
        kind=integrations.kind("email"),
        authorization=None,
        body={
            "to": str(message["To"]),
            "subject": str(message["Subject"]),
            "text": part.get_content().replace("\r\n", "\n") if part else "",
            "marks": str(message["X-Alertc-Drill"]),
        },
        at=time.monotonic(),
    )
