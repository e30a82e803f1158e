"""Asks Prometheus and Alertmanager: JSON of the shape that is read, or an EnvironmentProblem says what came."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from generator.diagnostics.diagnostic import EnvironmentProblem
from generator.remote import answers, web
from generator.remote.answers import Misshapen
from generator.remote.web import MIB, NoAnswer, Trouble, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from generator.remote.answers import Shape

USUAL, LARGE = 32 * MIB, 256 * MIB
"""Bytes of an answer: of most, and of those that grow with the rules or the targets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A server's answer, and by how much its clock is ahead; None without a Date header."""

    data: Any
    ahead: timedelta | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """Client of one server; `headers` are sent to it and to no other.

    `limit` is in seconds, for an answer as a whole.
    """

    url: str
    headers: Mapping[str, str]
    limit: float
    program: str = "server"

    def get(self, path: str, shape: Shape = answers.anything, size: int = USUAL, **query: str) -> Answer:
        """Return the answer to `GET path`; raises EnvironmentProblem where it is missing or has another shape."""
        address = self._address(path)
        asked = f"{address}?{urlencode(query)}" if query else address
        begun = datetime.now(timezone.utc)
        try:
            with web.Client(self.limit, size) as client:
                answer = client.get(asked, self.headers)
        except NoAnswer as none:
            raise self._unanswered(address, none) from None
        received = datetime.now(timezone.utc)
        if not 200 <= answer.status < 300:
            raise self._refused(address, answer.status, quoted(answer.body)) from None
        try:
            data = answers.parse(answer.body, size)
        except ValueError:
            raise _unready(address, f"answers with what is not JSON: {quoted(answer.body)}", _ADDRESS) from None
        with self.sensible(path):
            answers.check(data, shape)
        return Answer(data=data, ahead=_ahead(answer.headers.get("date"), begun, received))

    @contextmanager
    def sensible(self, path: str) -> Iterator[None]:
        """Turn Misshapen into an EnvironmentProblem that names program and request."""
        try:
            yield
        except Misshapen as wrong:
            raise _unready(
                self._address(path), f"answers with what no {self.program} says: {wrong}", _ADDRESS
            ) from None

    def _address(self, path: str) -> str:
        return f"{self.url.rstrip('/')}/{path}"

    def _unanswered(self, address: str, none: NoAnswer) -> EnvironmentProblem:
        if none.trouble is Trouble.SLOW:
            return _unready(address, f"has not answered within {self.limit:g}s", "allow it more with --timeout")
        verb, help = _TROUBLES[none.trouble]
        return _unready(address, f"{verb} {none.reason}", help)

    def _refused(self, address: str, status: int, body: str) -> EnvironmentProblem:
        if status in (401, 403):
            help = "give the authorisation in a file: --header-file, or --token-file for a bearer token"
            return _unready(address, f"does not let us in (HTTP {status})", help)
        help = _ADDRESS if status < 500 else "it has trouble of its own, or has only just started: look at its log"
        return _unready(address, f"answers with HTTP {status}: {body}", help)


def _unready(address: str, problem: str, help: str) -> EnvironmentProblem:
    return EnvironmentProblem(f"{address} {problem}", help=help)


_CHECK = "check the address, and that the server runs and can be reached from here"
_ADDRESS = "check the address: is it that of the server itself, with the path before /api where it has one?"
_TROUBLES: Mapping[Trouble, tuple[str, str]] = {
    Trouble.UNREACHED: ("cannot be reached:", _CHECK),
    Trouble.TLS: (
        "cannot be reached:",
        "check that it speaks TLS; SSL_CERT_FILE names the certificate of an authority of your own",
    ),
    Trouble.BROKEN: ("broke off:", _CHECK),
    Trouble.NONSENSE: ("answers with", _ADDRESS),
    Trouble.ELSEWHERE: ("leads to", "name the server itself"),
}


def _ahead(date: str | None, begun: datetime, received: datetime) -> timedelta | None:
    """Return the least by which the server's clock is ahead, given whole seconds and the time of the request."""
    try:
        server_time = parsedate_to_datetime(date or "")
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if server_time.tzinfo is None:
        return None
    # It is cut to a second, and may be from any time between the question and the answer.
    if server_time > received:
        return server_time - received
    return -max(begun - server_time - timedelta(seconds=1), timedelta())
