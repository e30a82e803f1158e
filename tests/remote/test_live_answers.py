"""Servers that answer nonsense, slowly, or not at all: `verify-live` says what it met, and ends with 3."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import threading
import time
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING

import pytest

from generator.remote.servers.web import USUAL, Client
from tests.compiling import SMALL
from tests.projects import alertc
from tests.serving import Quiet, served

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(slots=True, kw_only=True)
class Played:
    """A server that answers everything alike, and remembers what it was sent."""

    url: str = ""
    status: int = 200
    body: bytes = b""
    length: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    drip: bool = False
    asked: list[tuple[str, str | None]] = field(default_factory=list)


@contextlib.contextmanager
def played(**settings: object) -> Iterator[Played]:
    server = Played(**settings)  # type: ignore[arg-type]
    over = threading.Event()

    class Handler(Quiet):
        def do_GET(self) -> None:
            server.asked.append((self.path, self.headers["Authorization"]))
            self.send_response_only(server.status)
            for name, value in server.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(server.body) if server.length is None else server.length))
            with contextlib.suppress(OSError):
                self.end_headers()
                self.wfile.write(server.body)
                while server.drip and not over.wait(0.05):
                    self.wfile.write(b" ")

    with served(Handler) as address:
        server.url = f"http://{address}"
        try:
            yield server
        finally:
            over.set()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy/shop.yaml").write_text(SMALL, encoding="utf-8")
    return tmp_path


def ask(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return alertc(project, "verify-live", *arguments, COLUMNS="120", http_proxy="http://127.0.0.1:9")


def refused(project: Path, url: str, *arguments: str, server: str = "prometheus") -> str:
    """Return what is said of a server, with its address in words."""
    ran = ask(project, f"--{server}", url, *arguments)
    assert (ran.returncode, ran.stdout) == (3, "")
    return ran.stderr.replace(url, f"http://{server}")


CHECK = "help: check the address: is it that of the server itself, with the path before /api where it has one?\n"
STATUS = "http://alertmanager/api/v2/status"
NO_PROMETHEUS = "answers with what no Prometheus says"
BUILD = "http://prometheus/api/v1/status/buildinfo"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"body": b"<html>\n <b>Welcome</b>"}, "answers with what is not JSON: <html> <b>Welcome</b>"),
        ({"body": b""}, "answers with what is not JSON: nothing"),
        ({"body": b'{"status":"success","da'}, 'answers with what is not JSON: {"status":"success","da'),
        ({"body": b"\xff\xfe\x00"}, "answers with what is not JSON: \ufffd\ufffd\\x00"),
        ({"body": b"[" * 100_000}, f"answers with what is not JSON: {'[' * 100}..."),
        ({"body": b"[1]"}, f"{NO_PROMETHEUS}: it is a list, not an object"),
        ({"body": b'{"status":"success","data":{}}'}, f"{NO_PROMETHEUS}: `data/version` is missing"),
        ({"status": 404}, "answers with HTTP 404: nothing"),
    ],
)  # fmt: skip
def test_nonsense_is_shown(project: Path, settings: dict[str, object], said: str) -> None:
    with played(**settings) as server:
        assert refused(project, server.url) == f"alertc: {BUILD} {said}: nothing was compared\n{CHECK}"


@pytest.mark.parametrize(
    ("more", "said"), [(0, f"{NO_PROMETHEUS}: it is a list"), (1, "answers with what is not JSON")]
)
def test_as_many_values_are_read_as_so_large_an_answer_has(project: Path, more: int, said: str) -> None:
    values = USUAL // 24 + more
    with played(body=b"[" + b"0," * (values - 1) + b"0]") as server:
        assert refused(project, server.url).startswith(f"alertc: {BUILD} {said}")


def test_a_server_with_trouble_of_its_own(project: Path) -> None:
    with played(status=500, body=b"the disk\nis full") as server:
        assert refused(project, server.url) == (
            f"alertc: {BUILD} answers with HTTP 500: the disk is full: nothing was compared\n"
            "help: it has trouble of its own, or has only just started: look at its log\n"
        )


def test_a_server_that_does_not_speak_tls(project: Path) -> None:
    with played() as server:
        said = refused(project, server.url.replace("http:", "https:"))
    assert (
        re.sub(r"127\.0\.0\.1:\d+", "prometheus", said)
        .replace("https://", "http://")
        .startswith(f"alertc: {BUILD} cannot be reached: TLS failed (WRONG_VERSION_NUMBER): ")
    )
    assert said.endswith(
        "help: check that it speaks TLS; SSL_CERT_FILE names the certificate of an authority of your own\n"
    )


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        (b"null", "it is null, not an object"),
        (b'{"cluster":{},"config":{},"versionInfo":{}}', "`versionInfo/version` is missing"),
        (b'{"versionInfo":7}', "`versionInfo` is a number, not an object"),
    ],
)
def test_an_alertmanager_that_is_none(project: Path, body: bytes, wrong: str) -> None:
    with played(body=body) as server:
        assert refused(project, server.url, server="alertmanager") == (
            f"alertc: {STATUS} answers with what no Alertmanager says: {wrong}: nothing was compared\n{CHECK}"
        )


def test_an_answer_that_breaks_off(project: Path) -> None:
    with played(body=b'{"status"', length=1000) as server:
        said = refused(project, server.url)
    assert said.startswith(f"alertc: {BUILD} ")
    assert "nothing was compared" in said


@pytest.mark.parametrize(
    "settings", [{"drip": True, "length": 10_000_000}, {"drip": True, "length": 100, "body": b"{"}]
)
def test_an_answer_without_end(project: Path, settings: dict[str, object]) -> None:
    """A byte now and then keeps no time limit from striking."""
    with played(**settings) as server:
        assert refused(project, server.url, "--timeout", "0.5") == (
            f"alertc: {BUILD} has not answered within 0.5s: nothing was compared\nhelp: allow it more with --timeout\n"
        )


def test_a_server_that_says_nothing(project: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        assert refused(project, url, "--timeout", "0.5") == (
            f"alertc: {BUILD} has not answered within 0.5s: nothing was compared\nhelp: allow it more with --timeout\n"
        )


def test_every_server_that_cannot_be_reached_is_named(project: Path) -> None:
    ran = ask(project, "--prometheus", "http://127.0.0.1:9", "--alertmanager", "http://localhost:9/am/")
    assert (ran.returncode, ran.stdout) == (3, "")
    assert ran.stderr == (
        "alertc: http://127.0.0.1:9/api/v1/status/buildinfo cannot be reached: connection refused; "
        "http://localhost:9/am/api/v2/status cannot be reached: connection refused: nothing was compared\n"
        "help: check the address, and that the server runs and can be reached from here\n"
    )


# ------------------------------------------------------------------------------------------- authorisation


def test_headers_go_to_the_server_and_are_never_shown(project: Path) -> None:
    (project / "headers").write_text("# for the gateway\nAuthorization: Basic c2VjcmV0\n\nX-Scope-OrgID: shop\n")
    with played(status=401) as server:
        said = refused(project, server.url, "--header-file", "headers")
        assert server.asked == [("/api/v1/status/buildinfo", "Basic c2VjcmV0")]
    assert said == (
        f"alertc: {BUILD} does not let us in (HTTP 401): nothing was compared\n"
        "help: give the authorisation in a file: --header-file, or --token-file for a bearer token\n"
    )


def test_a_bearer_token_is_read_from_a_file(project: Path) -> None:
    (project / "token").write_text("hunter2\n")
    with played(status=403) as server:
        assert "hunter2" not in refused(project, server.url, "--token-file", "token")
        assert server.asked == [("/api/v1/status/buildinfo", "Bearer hunter2")]


def test_a_redirect_to_another_server_is_not_followed(project: Path) -> None:
    (project / "token").write_text("hunter2\n")
    with played() as other, played(status=302, headers={"Location": f"{other.url}/api"}) as server:
        said = refused(project, server.url, "--token-file", "token").replace(other.url, "http://other")
        assert other.asked == []
    assert said == (f"alertc: {BUILD} leads to http://other: nothing was compared\nhelp: name the server itself\n")


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("Authorization Bearer hunter2", "line 1 is not a header; write `Authorization: Bearer ...`"),
        ("X: 1\nhunter2: a\x01b\n", "line 2 is not a header; write `Authorization: Bearer ...`"),
        ("# nothing\n", "there is no header in it; write `Authorization: Bearer ...`"),
    ],
)
def test_what_is_no_header_is_wrong_usage_and_not_repeated(project: Path, file: str, said: str) -> None:
    (project / "headers").write_text(file)
    ran = ask(project, "--prometheus", "http://127.0.0.1:9", "--header-file", "headers")
    assert ran.returncode == 2
    assert f"`headers`: {said}" in " ".join(ran.stderr.split())
    assert "hunter2" not in ran.stderr


def test_a_token_with_spaces_and_a_file_that_is_not_there_are_wrong_usage(project: Path) -> None:
    (project / "token").write_text("hunter 2\n")
    for file, said in (("token", "a bearer token is one line without spaces"), ("gone", "No such file or directory")):
        ran = ask(project, "--prometheus", "http://127.0.0.1:9", "--token-file", file)
        assert ran.returncode == 2
        assert said in ran.stderr
        assert "hunter" not in ran.stderr


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("127.0.0.1:9090", "is no address of a server; write http://127.0.0.1:9090"),
        ("file:///etc/passwd", "is no address of a server"),
        ("http://:9090", "is no address of a server"),
        ("http://127.0.0.1:99999", "is no address: Port out of range"),
        ("http://a b", "is no address of a server: there is a space in it"),
        ("http://ana:hunter2@127.0.0.1:9090", "a password in an address shows in lists of processes"),
    ],
)
def test_what_is_no_address_is_wrong_usage(project: Path, url: str, said: str) -> None:
    ran = ask(project, "--alertmanager", url)
    assert ran.returncode == 2
    assert said in " ".join(ran.stderr.split())
    assert "hunter2" not in ran.stderr


def test_no_server_is_wrong_usage(project: Path) -> None:
    ran = ask(project)
    assert ran.returncode == 2
    assert "name a server: --prometheus http://..., --alertmanager http://..." in ran.stderr


# ------------------------------------------------------------------------------------------- clocks


@pytest.mark.parametrize("wrong", [timedelta(minutes=-2), timedelta(0), timedelta(minutes=2)])
def test_how_far_a_clock_is_ahead(wrong: timedelta) -> None:
    from datetime import datetime, timezone

    date = format_datetime(datetime.now(timezone.utc) + wrong, usegmt=True)
    with played(body=json.dumps({}).encode(), headers={"Date": date}) as server:
        begun = time.monotonic()
        ahead = Client(url=server.url, headers={}, limit=30).get("x").ahead
        took = timedelta(seconds=time.monotonic() - begun)
    assert ahead is not None
    # The header is cut to a second, and time goes on while we ask.
    assert abs(ahead - wrong) <= timedelta(seconds=1) + took
