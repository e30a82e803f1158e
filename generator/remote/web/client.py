"""The one HTTP client: each request has a limit in time and in size as a whole, and nothing it carries goes astray.

The time counts from looking up the name to the last byte, so that a server which sends a byte now and then holds
nobody up. The size counts head and body as they come, and the body once more as it is unpacked. Loopback addresses are
asked directly, whatever proxies the environment names. A redirect is followed only to the same origin, and only by
`get`.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from generator.remote.web.addresses import led_to, origin, proxy, shown_proxy
from generator.remote.web.line import Answer, Line
from generator.remote.web.trouble import NoAnswer, Trouble, in_words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from typing_extensions import Self

_REDIRECTS = 5


class Client:
    """HTTP client of one origin; `timeout` (seconds) and `size` (bytes) limit each whole answer.

    It keeps its connection from one request to the next; it is for one thread.
    """

    def __init__(self, timeout: float, size: int) -> None:
        self.timeout = timeout
        self._size = size
        self._kept: tuple[str, Line] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the idle connection."""
        if self._kept:
            self._kept[1].close()
            self._kept = None

    def get(self, url: str, headers: Mapping[str, str], size: int | None = None) -> Answer:
        """Return the answer to `GET url`, following redirects on its origin; raises NoAnswer."""
        ends = time.monotonic() + self.timeout
        for _ in range(_REDIRECTS):
            answer = self._ask("GET", url, headers, None, ends, size or self._size)
            if answer.status not in (301, 302, 303, 307, 308):
                return answer
            url = led_to(url, answer.headers.get("location", ""))
        raise NoAnswer(Trouble.ELSEWHERE, "one redirect after another")

    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None = None) -> Answer:
        """Return the answer to one request, without following redirects; raises NoAnswer."""
        return self._ask(method, url, headers, body, time.monotonic() + self.timeout, self._size)

    def _ask(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, ends: float, size: int
    ) -> Answer:
        via = proxy(url)
        line, reused = None, self._kept and self._kept[1]
        try:
            if via and urlsplit(url).scheme == "http" and not _OPEN.issuperset(name.lower() for name in headers):
                raise NoAnswer(Trouble.UNREACHED, "a key or token could be read on the way: name the host in NO_PROXY")
            line = self._line(url, via, ends)
            try:
                answer, goes_on = line.ask(method, url, headers, body, size)
            except BaseException:
                line.close()
                raise
        except NoAnswer as none:
            if none.trouble is Trouble.BROKEN and method == "GET" and line and line is reused:
                # It was closed while nothing was asked, as servers do without a word.
                return self._ask(method, url, headers, body, ends, size)
            through = f", through the proxy {shown_proxy(via)}" if via else ""
            raise NoAnswer(none.trouble, f"{none.reason}{through}") from None
        if goes_on:
            self._kept = origin(url), line
        else:
            line.close()
        return answer

    def _line(self, url: str, via: str | None, ends: float) -> Line:
        """Return the idle connection if it is still usable, else a new one."""
        idle, self._kept = self._kept, None
        if idle and idle[0] == origin(url) and idle[1].quiet():
            idle[1].until(ends)
            return idle[1]
        if idle:
            idle[1].close()
        with in_words(self.timeout):
            return Line(url, via, ends, self.timeout)


_OPEN = frozenset({"accept", "content-type", "user-agent"})
"""The headers in which nothing is that others must not read."""
