"""Addresses: which ones are asked, to whom they lead, and through which proxy."""

from __future__ import annotations

import ipaddress
from base64 import b64encode
from typing import TYPE_CHECKING
from urllib.parse import unquote, urljoin, urlsplit
from urllib.request import getproxies, proxy_bypass

from generator.remote.web.quoting import quoted
from generator.remote.web.trouble import NoAnswer, Trouble

if TYPE_CHECKING:
    from collections.abc import Mapping

PORTS = {"http": 80, "https": 443}


def valid(url: str) -> str:
    """Return a server's address without a trailing slash; raises ValueError where it is not target_origin."""
    try:
        parts = urlsplit(url)
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


def is_loopback(url: str) -> bool:
    """Return whether a valid address is on this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def origin(url: str) -> str:
    """Return scheme, host and port, to which headers are limited; raises ValueError where `url` is no address."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}:{parts.port or PORTS.get(parts.scheme, 0)}"


def led_to(url: str, location: str) -> str:
    """Return the target of a redirect; raises NoAnswer where it leaves the origin or is no address."""
    try:
        target = urljoin(url, location)
        parts = urlsplit(target)
        target_origin = parts.scheme in PORTS and parts.hostname and parts.username is None and origin(target)
    except ValueError:
        target_origin = ""
    if not location or not target_origin or not location.isprintable():
        raise NoAnswer(Trouble.ELSEWHERE, f"what is no address: {quoted(location)}")
    if target_origin != origin(url):
        raise NoAnswer(Trouble.ELSEWHERE, quoted(f"{parts.scheme}://{parts.netloc}"))
    return target


def proxy(url: str) -> str | None:
    """Return the proxy for `url` from the environment; always None for loopback."""
    if is_loopback(url):
        return None
    parts = urlsplit(url)
    proxies = getproxies()
    named = proxies.get(parts.scheme) or proxies.get("all")
    if not named or proxy_bypass(parts.hostname or ""):
        return None
    return named if "://" in named else f"http://{named}"


def shown_proxy(via: str) -> str:
    """Return host and port of a proxy, without its credentials."""
    return quoted(via.rpartition("@")[2].rpartition("//")[2].rstrip("/"))


def through(via: str) -> tuple[str, int, Mapping[str, str]]:
    """Return host and port of a proxy, and its authorization header."""
    try:
        parts = urlsplit(via)
        host, port = parts.hostname, parts.port or 80
    except ValueError:
        host, port = None, 0
    if host is None or parts.scheme != "http":
        raise NoAnswer(Trouble.UNREACHED, "the proxy is none of http://, and of no other kind is known here")
    if parts.username is None:
        return host, port, {}
    secret = b64encode(f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode())
    return host, port, {"Proxy-Authorization": f"Basic {secret.decode()}"}
