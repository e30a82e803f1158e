"""The one HTTP client: an answer has an end in time and size, whatever a server does, and keys go where they should."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from generator.remote import web
from generator.remote.web import NoAnswer, Trouble
from tests import hostile
from tests.hostile import HTTP_ANSWERS, answer, endless, raw, serving, silent, slow

if TYPE_CHECKING:
    from collections.abc import Mapping

LONG = 60.0
"""Seconds: what has to end before has another reason to."""
SHORT = 0.3
"""Seconds: what never ends is waited for no longer."""
KEY = {"Authorization": "Bearer hunter2"}
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def get(url: str, timeout: float = LONG, size: int = web.MIB, headers: Mapping[str, str] = KEY) -> web.Answer:
    with web.Client(timeout, size) as client:
        return client.get(url, headers)


def failure(url: str, timeout: float = LONG, size: int = web.MIB) -> tuple[Trouble, str]:
    with pytest.raises(NoAnswer) as failed:
        get(url, timeout, size)
    assert "hunter2" not in str(failed.value)
    return failed.value.trouble, failed.value.reason


@pytest.mark.parametrize("name", HTTP_ANSWERS)
def test_what_is_no_answer_is_said(name: str) -> None:
    behaviour, reason = HTTP_ANSWERS[name]
    with serving(behaviour) as server:
        assert failure(server.url)[1] == reason


OK = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    "behaviour",
    [
        silent,
        slow(b"HTTP/1.1 200 OK\r\nX-Y: "),
        slow(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n"),
        slow(b"HTTP/1.1 100 Continue\r\n\r\n"),
        lambda connection, over: (
            connection.sendall(OK + b"Transfer-Encoding: chunked\r\n\r\n"),
            slow(b"1\r\n \r\n")(connection, over),
        ),
        lambda connection, over: (
            connection.sendall(OK + b"Content-Length: 100000\r\n\r\n"),
            slow(b" ")(connection, over),
        ),
        lambda connection, over: (connection.sendall(OK + b"\r\n"), slow(b" ")(connection, over)),
    ],
    ids=["silent", "header", "headers", "continue", "chunks", "body", "body-without-length"],
)
def test_a_byte_now_and_then_keeps_no_limit_from_striking(behaviour: hostile.Behaviour) -> None:
    with serving(behaviour) as server:
        assert failure(server.url, timeout=SHORT) == (Trouble.SLOW, "no whole answer came within 0.3s")


@pytest.mark.parametrize(
    ("begin", "piece"),
    [
        (b"\r\n", b" " * 65536),
        (b"Content-Length: 1000000000000\r\n\r\n", b" " * 65536),
        (b"Transfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + b" " * 65536 + b"\r\n"),
        (b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n" * 1000),
        (b"Transfer-Encoding: chunked\r\n\r\n" + b"0\r\n", b"X: y\r\n" * 1000),
    ],
    ids=["until-closed", "length", "chunks", "small-chunks", "trailers"],
)
def test_an_answer_without_end_ends_at_its_size(begin: bytes, piece: bytes) -> None:
    with serving(endless(OK + begin, piece)) as server:
        assert failure(server.url, size=web.MIB) == (Trouble.NONSENSE, "an answer without end, or far too large")


def test_what_unpacks_to_more_than_may_come_is_not_unpacked() -> None:
    packed = hostile.bomb(64 * web.MIB)
    assert len(packed) < web.MIB
    with serving(answer(packed, headers={"Content-Encoding": "gzip"})) as server:
        assert failure(server.url)[1] == "an answer without end, or far too large"


@pytest.mark.parametrize(("size", "fits"), [(99, False), (100, True), (101, True)])
def test_the_size_counts_the_unpacked_body_to_the_byte(size: int, fits: bool) -> None:
    packed = hostile.bomb(100)
    with serving(answer(packed, headers={"Content-Encoding": "gzip"})) as server:
        if fits:
            assert get(server.url, size=size).body == b" " * 100
        else:
            assert failure(server.url, size=size)[1] == "an answer without end, or far too large"


# ------------------------------------------------------------------------------------------- where it leads


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("http://[::1", "what is no address: http://[::1"),
        ("http://127.0.0.1:port/", "what is no address: http://127.0.0.1:port/"),
        ("", "what is no address: nothing"),
        ("file:///etc/passwd", "what is no address: file:///etc/passwd"),
        ("http://example.com/api", "http://example.com"),
        ("//example.com/api", "http://example.com"),
        ("https://127.0.0.1/", "https://127.0.0.1"),
        ("http://127.0.0.1:1/", "http://127.0.0.1:1"),
        ("http://me:secret@127.0.0.1/", "what is no address: http://me:secret@127.0.0.1/"),
        ("http://exam\x1bple.com/", "what is no address: http://exam\\x1bple.com/"),
    ],
)
def test_a_redirect_elsewhere_or_nowhere_is_not_followed(location: str, reason: str) -> None:
    with serving(answer(b"", "302 Found", {"Location": location})) as server:
        assert failure(server.url) == (Trouble.ELSEWHERE, reason)
        assert server.asked == ["GET /"]


def test_a_redirect_on_the_same_server_is_followed_and_one_in_a_circle_is_not() -> None:
    there = {"/a": answer(b"", "307 Temporary Redirect", {"Location": "/b"}), "/b": answer(b"[]")}
    with serving(there) as server:
        assert get(f"{server.url}/a").body == b"[]"
        assert server.asked == ["GET /a", "GET /b"]
    with serving(answer(b"", "302 Found", {"Location": "/"})) as server:
        assert failure(server.url) == (Trouble.ELSEWHERE, "one redirect after another")


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_loopback_is_never_asked_through_a_proxy(monkeypatch: pytest.MonkeyPatch, name: str, host: str) -> None:
    with serving(answer(b"[]")) as played, serving(answer(b"{}")) as server:
        monkeypatch.setenv(name, played.url)
        assert get(server.url.replace("127.0.0.1", host)).body == b"{}"
        assert played.heads == []


@pytest.mark.parametrize(
    "url", ["http://[::1]:1", "http://127.255.0.1:1", "https://127.0.0.1:1", "https://localhost:1"]
)
def test_loopback_has_no_proxy_in_any_form(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    with serving(answer(b"[]")) as played:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, played.url)
        assert failure(url)[0] is Trouble.UNREACHED
        assert played.heads == []


def test_a_key_goes_through_a_proxy_in_a_tunnel_or_not_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(raw(b"HTTP/1.1 407 \x1b]0;T\x07\r\nContent-Length: 0\r\n\r\n")) as played:
        there = played.url.removeprefix("http://")
        monkeypatch.setenv("ALL_PROXY", f"http://ana:secret@{there}")
        assert failure("http://shop.example/api") == (
            Trouble.UNREACHED,
            f"a key or token could be read on the way: name the host in NO_PROXY, through the proxy {there}",
        )
        assert played.heads == []
        assert failure("https://shop.example/api") == (
            Trouble.UNREACHED,
            f"the proxy refused it (407 \\x1b]0;T\\x07), through the proxy {there}",
        )
        [head] = played.heads
    assert head.split("\r\n")[0] == "CONNECT shop.example:443 HTTP/1.1"
    assert "Proxy-Authorization: Basic YW5hOnNlY3JldA==" in head
    assert "hunter2" not in head


def test_what_holds_no_key_goes_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(answer(b"[]")) as played:
        monkeypatch.setenv("HTTP_PROXY", played.url)
        assert get("http://shop.example/a b?x=1", headers={"Accept": "*/*"}).body == b"[]"
        assert played.asked == ["GET http://shop.example/a%20b?x=1"]


@pytest.mark.parametrize("via", ["socks5://127.0.0.1:1", "https://127.0.0.1:1", "http://[::1", "http://"])
def test_a_proxy_of_another_kind_is_named(monkeypatch: pytest.MonkeyPatch, via: str) -> None:
    monkeypatch.setenv("HTTPS_PROXY", via)
    trouble, reason = failure("https://shop.example")
    assert trouble is Trouble.UNREACHED
    assert reason.startswith("the proxy is none of http://, and of no other kind is known here")


# ------------------------------------------------------------------------------------------- one after the other


def test_a_connection_is_kept_and_one_that_was_closed_is_not() -> None:
    with serving(answer(b"[]")) as server, web.Client(LONG, web.MIB) as client:
        for _ in range(3):
            assert client.send("GET", server.url, KEY).body == b"[]"
    assert len(server.heads) == 3


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (b"", "nothing"),
        (b" a\r\n\tb ", "a b"),
        (b"x" * 101, f"{'x' * 100}..."),
        ("\u202e\u2066\x1b[2J\x00".encode(), "\\u202e\\u2066\\x1b[2J\\x00"),
        (b"\xff", "\ufffd"),
    ],
)
def test_what_a_server_said_is_shown_in_one_printable_line(said: bytes, shown: str) -> None:
    assert web.quoted(said) == shown
