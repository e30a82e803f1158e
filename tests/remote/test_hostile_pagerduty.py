"""`alertc pagerduty` and what stands in for PagerDuty: one clear error, exit code 3, and nothing is half known."""

from __future__ import annotations

import copy
import itertools
import json
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from generator import cli
from generator.commands import pagerduty as commands
from generator.diagnostics.diagnostic import EnvironmentProblem, PolicyErrors
from generator.remote import web
from generator.remote.pagerduty import apply as applying
from generator.remote.pagerduty import drift as drifting
from generator.remote.pagerduty import remote, shift
from generator.remote.pagerduty.changes import Choices
from generator.remote.pagerduty.existing import Secret
from generator.remote.pagerduty.keys import KeyFolder
from generator.system.unique import unique
from tests import seeds
from tests.compiling import SMALL
from tests.hostile import HTTP_ANSWERS, JSON_BODIES, answer, endless, serving, silent, ways, with_another
from tests.pagerduty import API_KEY, running
from tests.remote.test_pagerduty_apply import NOW, everybody, wanted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

ASK = "help: see whether ALERTC_PAGERDUTY_URL, a proxy or a portal on the way stands in for PagerDuty"
LOOK = (
    "help: see whether this machine reaches that address: the network, its proxy (HTTPS_PROXY, NO_PROXY), and --region"
)


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy/shop.yaml").write_text(SMALL, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ALERTC_TRACEBACK", raising=False)
    monkeypatch.setenv("PAGERDUTY_API_KEY", API_KEY)
    # Nobody waits between two attempts.
    monkeypatch.setattr(commands, "Account", partial(remote.Account, pause=0))


def failed(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, url: str, *arguments: str) -> list[str]:
    monkeypatch.setenv("ALERTC_PAGERDUTY_URL", url)
    assert cli.main(["pagerduty", *(arguments or ("plan",))]) == 3
    out, err = capfd.readouterr()
    assert out == ""
    assert API_KEY not in err
    return err.replace(url, "http://pagerduty").splitlines()


NO_USERS = "alertc: PagerDuty answered GET users with something else than a list of users:"
BODIES = {
    "a page": "it is not JSON: <html>log in</html>",
    "nothing": "it is not JSON: nothing",
    "null": "it is null, not an object",
    "a text": "it is a text, not an object",
    "a number": "it is a number, not an object",
    "a list": "it is a list, not an object",
    "an object": "`users` is missing",
    "a list of numbers": "it is a list, not an object",
    "no UTF-8": 'it is not JSON: {"users": "\ufffd\ufffd"}',
    "half a text": 'it is not JSON: {"users": [{"id": "P1", "na',
    "too deep": f"it is not JSON: {'[' * 100}...",
    "deep": "it is nested too deeply",
    "a number of 5,000 digits": f"it is not JSON: [{'9' * 99}...",
    "NaN": "it is not JSON: [NaN]",
    "half a character": "it is a list, not an object",
    "a terminal's commands": "it is not JSON: \\x1b]0;T\\x07\\x1b[2J",
    "right to left": "it is not JSON: \\u202e<html>",
}
USERS: Mapping[str, tuple[Any, str]] = {
    "users null": ({"users": None}, "`users` is null, not a list"),
    "users of numbers": ({"users": [1]}, "`users/0` is a number, not an object"),
    "a user without id": ({"users": [{"name": "x"}]}, "`users/0/id` is missing"),
    "an id that is a list": ({"users": [{"id": ["P1"]}]}, "`users/0/id` is a list, not a text"),
    "an id that is a path": ({"users": [{"id": "../teams?"}]}, "`users/0/id` is not an id"),
    "a name that is a number": ({"users": [{"id": "P1", "name": 7}]}, "`users/0/name` is a number, not a text"),
    "more that is a text": ({"users": [], "more": "yes"}, "`more` is a text, not true or false"),
}


@pytest.mark.parametrize("name", JSON_BODIES)
def test_what_is_no_answer_of_pagerduty_is_said(
    name: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(answer(JSON_BODIES[name])) as server:
        assert failed(capfd, monkeypatch, server.url) == [f"{NO_USERS} {BODIES[name]}", ASK]


@pytest.mark.parametrize("name", USERS)
def test_what_has_another_shape_is_said_with_its_place(
    name: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    data, wrong = USERS[name]
    with serving(answer(data)) as server:
        assert failed(capfd, monkeypatch, server.url) == [f"{NO_USERS} {wrong}", ASK]


@pytest.mark.parametrize("name", HTTP_ANSWERS)
def test_what_is_no_http_is_said(name: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    behaviour, reason = HTTP_ANSWERS[name]
    with serving(behaviour) as server:
        assert failed(capfd, monkeypatch, server.url) == [
            f"alertc: PagerDuty did not answer GET http://pagerduty/users: {reason}",
            LOOK,
        ]


@pytest.mark.parametrize("command", [("plan",), ("apply", "--yes"), ("drift",)])
def test_each_command_ends_where_no_answer_does(
    command: tuple[str, ...], capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(silent) as server:
        assert failed(capfd, monkeypatch, server.url, *command, "--timeout", "0.2") == [
            "alertc: PagerDuty did not answer GET http://pagerduty/users: no whole answer came within 0.2s",
            LOOK,
        ]
    with serving(endless(b"HTTP/1.1 200 OK\r\n\r\n", b" " * 65536)) as server:
        assert failed(capfd, monkeypatch, server.url, *command) == [
            "alertc: PagerDuty did not answer GET http://pagerduty/users: an answer without end, or far too large",
            LOOK,
        ]


def test_pages_without_end_end(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that gives the same page again says that there is more, for ever."""
    page = {"users": [{"id": f"P{number}", "name": "x", "email": "x"} for number in range(100)], "more": True}
    with serving(answer(page)) as server:
        assert failed(capfd, monkeypatch, server.url) == [
            "alertc: PagerDuty answered GET users with a page of nothing new, and says that there are more",
            ASK,
        ]
        assert server.asked == ["GET /users?limit=100&offset=0", "GET /users?limit=100&offset=100"]


def test_a_redirect_is_not_followed(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(answer({"users": []})) as other:
        with serving(answer(b"", "302 Found", {"Location": other.url})) as server:
            assert failed(capfd, monkeypatch, server.url) == [
                "alertc: PagerDuty answered GET users with 302",
                ASK,
            ]
        assert other.heads == []


def test_the_key_goes_to_no_proxy(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(answer({}, "401 Unauthorized")) as played, serving(answer({})) as server:
        for name in ("HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, played.url)
            monkeypatch.setenv(name.lower(), played.url)
        assert failed(capfd, monkeypatch, server.url) == [f"{NO_USERS} `users` is missing", ASK]
        assert played.heads == []


def test_what_pagerduty_gives_as_its_reason_is_quoted(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    reason = {"error": {"message": "no\x1b[2J\u202e\n::stop-commands::x", "errors": [{"a": 1}, 7, "why"]}}
    with serving(answer(reason, "400 Bad Request")) as server:
        assert failed(capfd, monkeypatch, server.url) == [
            "alertc: PagerDuty answered GET users with 400: no\\x1b[2J\\u202e ::stop-commands::x; why",
            "help: change what PagerDuty names, there or in the policy: to run the command again does not help",
        ]


# ------------------------------------------------------------------------------------------- broken in one place

Answers = dict[str, Any]
"""What an account answers to GET, by what was asked."""
WRONG: tuple[Any, ...] = (None, True, -1, 0, 7.5, 10**25, "", "x", "9999-12-31T23:59:59Z", [], [1], {}, {"id": 1})


def route(parts: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple("*" if isinstance(part, int) else part for part in parts)


def play(monkeypatch: pytest.MonkeyPatch, answers: Callable[[str, str], tuple[int, Any]]) -> None:
    def send(_: web.Client, method: str, url: str, _headers: Any, _body: bytes | None = None) -> web.Answer:
        status, data = answers(method, urlsplit(url).path)
        return web.Answer(status=status, headers={}, body=json.dumps(data).encode())

    monkeypatch.setattr(web.Client, "send", send)


def everything(keys: Path) -> None:
    """Do all that plan and drift do, and read what is to be sent."""
    with remote.Remote(remote.Account(url="http://127.0.0.1:1", key=Secret(text=API_KEY), pause=0)) as account:
        compared = commands.compare(account, wanted(), KeyFolder(folder=keys), Choices(adopt=True, prune=True))
        found, changes = compared.state, compared.changes
        tuple(shift.shift(compared.desired, found, changes))
        tuple(drifting.drift(compared.desired, found, changes, compared.folder, lambda user: account.rules(user.id)))
        ids = applying._ids(compared.desired, found)
        for held in found.objects:
            same = [one for one in compared.desired.objects if (one.kind, one.name) == (held.kind, held.name)]
            for one in same:
                with suppress(EnvironmentProblem):
                    applying.updated(held.kind, one.body, held, found.at, ids)


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> tuple[Answers, Path]:
    """What an account that is as the policy says answers, and a folder with its keys."""
    keys = tmp_path_factory.mktemp("keys")
    answers: Answers = {}
    with pytest.MonkeyPatch.context() as patch, running(NOW) as account:
        patch.setattr(remote, "now", lambda: NOW)
        everybody(account)
        with remote.Remote(remote.Account(url=account.url, key=Secret(text=API_KEY), pause=0)) as there:
            first = commands.compare(there, wanted(), KeyFolder(folder=keys), Choices())
            tuple(applying.apply(there, first.desired, first.state, first.changes, first.folder))
        old = copy.deepcopy(account.state.named("schedules", "funds-primary"))
        account.state.schedules.append({**old, "id": "POLD", "name": "old"})
        user = account.state.users[0]["id"]
        account.state.overrides[account.state.schedules[0]["id"]] = [
            {
                "id": "PO",
                "start": "2026-03-03T09:00:00Z",
                "end": "2026-03-03T12:00:00Z",
                "user": {"id": user, "type": "user_reference"},
            }
        ]
        sent = web.Client.send

        def send(self: web.Client, method: str, url: str, *rest: Any) -> web.Answer:
            answer = sent(self, method, url, *rest)
            if method == "GET":
                answers[urlsplit(url).path] = json.loads(answer.body)
            return answer

        patch.setattr(web.Client, "send", send)
        with remote.Remote(remote.Account(url=account.url, key=Secret(text=API_KEY), pause=0)) as there:
            compared = commands.compare(there, wanted(), KeyFolder(folder=keys), Choices(adopt=True, prune=True))
            for person in compared.state.users:
                there.rules(person.id)
    return answers, keys


@pytest.mark.drawn
def test_an_answer_that_is_wrong_in_any_one_place_is_an_error_or_harmless(
    honest: tuple[Answers, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    answers, keys = honest
    monkeypatch.setattr(remote, "now", lambda: NOW)
    play(monkeypatch, lambda _, path: (200, answers[path]))
    everything(keys)
    tried, refused = 0, 0
    # Each place is tried with two of them, the next one with the next two.
    two = itertools.cycle(itertools.pairwise((*WRONG, WRONG[0])))
    for asked, way in seeds.some(unique(every_way(answers), kind_of), every := 6):
        for wrong in next(two):
            broken = {**answers, asked: with_another(answers[asked], way, wrong)}
            play(monkeypatch, lambda _, path, broken=broken: (200, broken.get(path, {})))
            tried += 1
            try:
                everything(keys)
            except (EnvironmentProblem, PolicyErrors):
                refused += 1
            except Exception as bug:
                raise AssertionError(f"{asked}: {way} as {wrong!r}") from bug
    assert tried > seeds.many(300 // every, 300)
    assert refused > seeds.many(100 // every, 100)


def every_way(answers: Answers) -> Iterator[tuple[str, tuple[Any, ...]]]:
    for asked, data in answers.items():
        for way in ways(data):
            yield asked, way


def kind_of(place: tuple[str, tuple[Any, ...]]) -> tuple[object, ...]:
    """Places of one kind in answers of one kind are tried once."""
    asked, way = place
    return (*asked.split("/")[1:2], *asked.split("/")[3:4], route(way))
