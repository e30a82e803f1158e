"""Servers on loopback that tests play, for as long as a `with` lasts."""

from __future__ import annotations

import contextlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Quiet(BaseHTTPRequestHandler):
    """Answers requests, and prints nothing of them."""

    def log_message(self, format: str, *arguments: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    # Python lets five connections wait. The sixth is dropped, and Linux asks again after a second: some tests' tick.
    request_queue_size = 256
    # Whoever left a connection open is not waited for.
    daemon_threads = True
    block_on_close = False


@contextlib.contextmanager
def served(handler: type[Quiet]) -> Iterator[str]:
    """Answer by a handler on a free port of loopback; the value is `127.0.0.1:PORT`."""
    with _Server(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
