"""Why no answer came from an address, in words, and what to look at."""

from __future__ import annotations

import errno
import os
import socket
import ssl
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

HELP = "see whether this machine reaches that address: the network, its proxy (HTTPS_PROXY, NO_PROXY), and --region"


def address(url: str) -> str:
    """Return an address without the name and password that it may hold."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path.rstrip('/')}"


def reason(error: BaseException, url: str, timeout: int) -> str:
    """Return why a request to `url` ended with `error`; what was sent, and the password of a proxy, are not told."""
    through = _proxy(url)
    return f"{_reason(error, timeout)}{f', through the proxy {through}' if through else ''}"


def _reason(error: BaseException, timeout: int) -> str:
    from httpx2 import ProxyError, TimeoutException

    for one in _chain(error):
        if isinstance(one, ProxyError):
            return f"the proxy refused it ({one})"
        if isinstance(one, TimeoutException):
            return f"nothing came within {timeout}s"
        if isinstance(one, socket.gaierror):
            return "the name is not resolved"
        if isinstance(one, ssl.SSLCertVerificationError):
            return f"its certificate is not trusted ({one.verify_message.rstrip('.')})"
        if isinstance(one, ssl.SSLError):
            return f"TLS failed ({one.reason or one.strerror})"
        if isinstance(one, OSError) and (number := one.errno) and number in errno.errorcode:
            return os.strerror(number).lower()
    # What other errors say may hold what was sent, and with it the key.
    return "the connection was closed"


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        # The HTTP client cuts the cause off where it passes an error on; the context stays.
        error = error.__cause__ or error.__context__


def _proxy(url: str) -> str | None:
    """Return host and port of the proxy through which the environment sends requests to `url`."""
    from urllib.request import getproxies, proxy_bypass

    parts = urlsplit(url)
    found = getproxies()
    proxy = found.get(parts.scheme) or found.get("all")
    if not proxy or proxy_bypass(parts.netloc.rpartition("@")[2]):
        return None
    return proxy.rpartition("@")[2].rpartition("//")[2].rstrip("/")
