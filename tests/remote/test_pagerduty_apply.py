"""`alertc pagerduty` against an account that keeps state and holds all that is said to PagerDuty's description."""

import socket
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import asdict
from datetime import datetime, timedelta, timezone
from functools import cache
from types import SimpleNamespace

import pytest

from generator import cli
from generator.commands import pagerduty as commands
from generator.commands.project import Project
from generator.diagnostics.diagnostic import EnvironmentProblem, PolicyErrors
from generator.policy import source
from generator.remote.pagerduty import apply as applying
from generator.remote.pagerduty import regions, remote
from generator.remote.pagerduty.changes import Choices
from generator.remote.pagerduty.existing import Secret
from generator.remote.pagerduty.keys import KeyFolder
from generator.upstream.pagerduty import REGIONS
from tests import seeds
from tests.alertmanager import shipped
from tests.compiling import EXCHANGE, ROOT, edited
from tests.pagerduty import API_KEY, Fault, described, running

NOW = datetime(2026, 3, 3, 10, 0, tzinfo=timezone.utc)
"""A Tuesday, on which every layer of the shipped schedules has begun."""


@pytest.fixture(autouse=True)
def _now(monkeypatch):
    monkeypatch.setattr(remote, "now", lambda: NOW)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A project, into which the test has gone, with a folder for the keys."""
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy/exchange.yaml").write_text(EXCHANGE, encoding="utf-8")
    (tmp_path / "keys").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def account(monkeypatch, folder):  # noqa: ARG001  # the commands run there
    with reachable(monkeypatch) as found:
        yield found


@contextmanager
def reachable(monkeypatch):
    """Play an account in which everybody is, and to which the commands go."""
    with running(NOW) as found:
        everybody(found)
        monkeypatch.setenv("PAGERDUTY_API_KEY", API_KEY)
        monkeypatch.setenv("ALERTC_PAGERDUTY_URL", found.url)
        monkeypatch.delenv("PAGERDUTY_SERVICE_REGION", raising=False)
        yield found


def everybody(account):
    for person in shipped().plan.policy.people.values():
        account.invite(person.name, person.email)


@cache
def wanted():
    path = ROOT / "policy/exchange.yaml"
    project = Project(policy=path, out=ROOT / "out", templates=None)
    return commands.wanted(project, source.read(path.read_bytes(), "policy/exchange.yaml"))


@contextmanager
def compared(account, keys, **choices):
    with remote.Remote(remote.Account(url=account.url, key=Secret(text=API_KEY), pause=0, timeout=1)) as there:
        yield commands.compare(there, wanted(), KeyFolder(folder=keys), Choices(**choices))


def applied(account, keys, **choices):
    """Carry out what is to be done and return how much that was."""
    with compared(account, keys, **choices) as found:
        assert found.changes.problems == ()
        return len(list(applying.apply(found.account, found.desired, found.state, found.changes, found.folder)))


def final(account, keys):
    """Return what the account and the folder of the keys hold."""
    return {**asdict(account.state), "files": {path.name: path.read_text() for path in sorted(keys.iterdir())}}


def test_what_is_sent_is_as_pagerduty_describes_it(account, tmp_path):
    """So it is in every test that runs an account, where the description is at hand; this one says where it is not."""
    described()
    keys = tmp_path / "keys"
    assert applied(account, keys) == 44
    assert account.judge is not None
    assert account.complaints == []


@pytest.mark.drawn
@pytest.mark.parametrize(
    ("kind", "acted"),
    [("closed", False), ("closed", True), ("page", False), ("page", True)],
    ids=["closed-before-it-acted", "closed-after-it-acted", "a-page-in-its-place", "a-page-after-it-acted"],
)
def test_apply_interrupted_at_any_request_and_run_again_ends_in_the_same_state(tmp_path, kind, acted):
    with running(NOW) as account:
        everybody(account)
        keys = tmp_path / "whole"
        keys.mkdir()
        assert applied(account, keys) == 44
        whole, requests = final(account, keys), len(account.requests)
    assert len(whole["files"]) == 11
    assert requests == 50
    # For a commit at every sixteenth from one that is drawn; each of the four cases begins elsewhere.
    step = seeds.many(16, 1)
    for at in range((seeds.seed() + len(f"{kind}{acted}")) % step, requests, step):
        with running(NOW) as account:
            everybody(account)
            keys = tmp_path / str(at)
            keys.mkdir()
            account.fault = Fault(kind, at=at, acted=acted, lasting=True)
            with pytest.raises(
                EnvironmentProblem, match="PagerDuty did not answer" if kind == "closed" else "is not JSON: <html>"
            ):
                applied(account, keys)
            account.fault = None
            applied(account, keys)
            assert final(account, keys) == whole, f"interrupted at request {at}: {account.requests[at]}"
            with compared(account, keys) as found:
                assert found.changes.todo == ()


@pytest.mark.parametrize("status", ["429", "500"])
def test_a_write_that_fails_stops_apply_and_the_next_one_finishes(tmp_path, status):
    with running(NOW) as account:
        everybody(account)
        account.fault = Fault(status, at=13, method="POST", lasting=True)
        with pytest.raises(EnvironmentProblem) as failed:
            applied(account, tmp_path)
        said = {
            "429": "PagerDuty takes no more requests for now (POST schedules)",
            "500": "PagerDuty answered POST schedules with 500: Internal Server Error",
        }[status]
        assert (
            failed.value.message
            == f"{said} (7 of 44 changes are done, the next one concerns schedule platform-primary)"
        )
        tried = [request for request in account.requests if request == "POST /schedules"]
        # Too many requests are waited for, five times; what may have been done is not done again.
        assert len(tried) == {"429": 4 + 6, "500": 4 + 1}[status]
        account.fault = None
        assert applied(account, tmp_path) == 37
        assert applied(account, tmp_path) == 0


def test_a_short_spell_of_too_many_requests_or_of_failing_reads_is_waited_for(tmp_path):
    with running(NOW) as account:
        everybody(account)
        account.fault = Fault("429", at=9, times=3)
        assert applied(account, tmp_path) == 44
        for kind in ("500", "closed", "hangs"):
            account.fault = Fault(kind, at=len(account.requests), times=2 if kind != "hangs" else 1)
            assert applied(account, tmp_path) == 0


def test_a_write_whose_answer_does_not_come_is_not_sent_again_and_found_by_the_next_run(tmp_path):
    with running(NOW) as account:
        everybody(account)
        account.fault = Fault("hangs", at=7, acted=True, method="POST")
        with pytest.raises(
            EnvironmentProblem, match="/teams: no whole answer came within 1s; whether it was done is not known"
        ):
            applied(account, tmp_path)
        assert [team["name"] for team in account.state.teams] == ["Ledger and Settlement", "Platform"]
        assert applied(account, tmp_path) == 42


def test_a_name_that_is_taken_meanwhile_is_a_clear_end(tmp_path):
    with running(NOW) as account:
        everybody(account)
        with compared(account, tmp_path) as found:
            account.state.teams.append({"id": "PX", "type": "team", "name": "platform", "description": "by hand"})
            with pytest.raises(EnvironmentProblem) as failed:
                list(applying.apply(found.account, found.desired, found.state, found.changes, found.folder))
        assert failed.value.message == (
            "PagerDuty answered POST teams with 400: Invalid Input Provided; Name has already been taken "
            "(1 of 44 changes are done, the next one concerns team Platform)"
        )
        assert [one.code for one in changes(account, tmp_path).problems] == ["PGD612"]


def changes(account, keys, **choices):
    with compared(account, keys, **choices) as found:
        return found.changes


def test_the_accounts_own_things_are_left_alone_and_more_than_a_page_of_them_is_read(tmp_path):
    with running(NOW) as account:
        everybody(account)
        for number in range(230):
            account.invite(f"Somebody {number}", f"somebody{number}@elsewhere.example")
            account.state.teams.append(
                {"id": f"PT{number}", "type": "team", "name": f"Team {number}", "description": "x"}
            )
        others = deepcopy(account.state.teams)
        assert applied(account, tmp_path) == 44
        assert account.state.teams[:230] == others
        assert applied(account, tmp_path, prune=True) == 0
        assert account.state.teams[:230] == others


def test_addresses_are_the_same_in_capitals(tmp_path):
    with running(NOW) as account:
        for person in shipped().plan.policy.people.values():
            account.invite(person.name, person.email.upper())
        assert applied(account, tmp_path) == 44
        assert applied(account, tmp_path) == 0


def test_what_is_not_ours_is_adopted_only_when_asked_to_and_then_stays_the_same_object(tmp_path):
    with running(NOW) as account:
        everybody(account)
        applied(account, tmp_path)
        service = account.state.named("services", "distributed-exchange funds P0")
        service["description"] = "Managed by alertc (another-shop). P0."
        [problem] = changes(account, tmp_path).problems
        assert (problem.code, problem.message) == (
            "PGD612",
            "PagerDuty has the service distributed-exchange funds P0 already, and it is of the policy another-shop",
        )
        assert applied(account, tmp_path, adopt=True) == 1
        assert service["description"].startswith("Managed by alertc (distributed-exchange).")
        assert applied(account, tmp_path) == 0


def test_of_two_of_one_name_ours_is_meant_and_two_of_ours_are_refused(tmp_path):
    with running(NOW) as account:
        everybody(account)
        applied(account, tmp_path)
        ours = account.state.named("schedules", "funds-primary")
        theirs = {**deepcopy(ours), "id": "PSTRANGER", "description": "by hand"}
        account.state.schedules.insert(0, theirs)
        assert applied(account, tmp_path) == 0
        theirs["description"] = ours["description"]
        [problem] = changes(account, tmp_path).problems
        assert (problem.code, problem.message) == ("PGD613", "PagerDuty has 2 schedules of the name funds-primary")


def test_prune_deletes_what_is_ours_and_no_longer_wanted_in_an_order_that_works(tmp_path):
    with running(NOW) as account:
        everybody(account)
        applied(account, tmp_path)
        whole = final(account, tmp_path)
        old = {"description": f"{wanted().mark} Old."}
        for collection, kept in (
            ("teams", "Platform"),
            ("schedules", "platform-primary"),
            ("escalation_policies", "distributed-exchange platform P0"),
            ("services", "distributed-exchange platform P0"),
        ):
            copied = deepcopy(account.state.named(collection, kept))
            getattr(account.state, collection).append(
                {**copied, **old, "id": f"POLD{collection}", "name": f"old {kept}"}
            )
        rule = account.state.named("escalation_policies", "old distributed-exchange platform P0")["escalation_rules"][0]
        rule["targets"] = [{"type": "schedule_reference", "id": "POLDschedules"}]
        account.state.services[-1]["escalation_policy"]["id"] = "POLDescalation_policies"
        account.state.escalation_policies[-1]["teams"] = [{"type": "team_reference", "id": "POLDteams"}]
        assert applied(account, tmp_path) == 0
        assert len(changes(account, tmp_path).leftover) == 4
        assert applied(account, tmp_path, prune=True) == 4
        assert final(account, tmp_path) == whole


def test_a_schedule_with_overrides_to_come_is_never_deleted(tmp_path):
    with running(NOW) as account:
        everybody(account)
        applied(account, tmp_path)
        old = {**deepcopy(account.state.named("schedules", "funds-primary")), "id": "POLD", "name": "old"}
        account.state.schedules.append(old)
        account.state.overrides["POLD"] = [override(account, "Cy Okafor", hours=48)]
        found = changes(account, tmp_path, prune=True)
        assert (found.todo, [(one.existing.name, one.why) for one in found.staying]) == (
            (),
            [("old", "It has overrides that are not over")],
        )


def override(account, name, hours):
    user = account.state.named("users", name)["id"]
    begin = NOW + timedelta(hours=hours)
    return {
        "id": f"PO{hours}",
        "start": begin.isoformat(),
        "end": (begin + timedelta(hours=8)).isoformat(),
        "user": {"id": user, "type": "user_reference"},
    }


def test_a_schedule_that_is_brought_back_keeps_layers_history_and_overrides(tmp_path):
    with running(NOW) as account:
        everybody(account)
        applied(account, tmp_path)
        schedule = account.state.named("schedules", "trading-primary")
        account.state.overrides[schedule["id"]] = overrides = [override(account, "Cy Okafor", hours=-1)]
        before = deepcopy(schedule["schedule_layers"])
        by_hand = {**deepcopy(before[0]), "id": "PHAND", "name": "by hand"}
        schedule["schedule_layers"].append(by_hand)
        schedule["schedule_layers"][0]["users"].reverse()
        schedule["schedule_layers"][1]["restrictions"] = []
        assert applied(account, tmp_path) == 1
        ended, *living = account.state.named("schedules", "trading-primary")["schedule_layers"]
        assert living == before
        assert (ended["id"], ended["end"]) == ("PHAND", NOW.isoformat())
        assert account.state.overrides[schedule["id"]] == overrides
        assert applied(account, tmp_path) == 0


def test_layers_in_another_order_are_brought_back(tmp_path):
    with running(NOW) as account:
        everybody(account)
        applied(account, tmp_path)
        layers = account.state.named("schedules", "trading-primary")["schedule_layers"]
        layers.reverse()
        [change] = changes(account, tmp_path).todo
        assert [(one.before, one.after) for one in change.differences] == [
            ("night, day (the last one wins)", "day, night (the last one wins)")
        ]
        assert applied(account, tmp_path) == 1
        assert [layer["name"] for layer in account.state.named("schedules", "trading-primary")["schedule_layers"]] == [
            "day",
            "night",
        ]


def test_the_words_in_which_pagerduty_says_the_same_are_no_change(tmp_path):
    with running(NOW) as account:
        everybody(account)
        applied(account, tmp_path)
        for service in account.state.services:
            service["status"] = "critical"
        for schedule in account.state.schedules:
            for layer in schedule["schedule_layers"]:
                begun = datetime.fromisoformat(layer["rotation_virtual_start"]).astimezone(timezone.utc)
                layer["rotation_virtual_start"] = begun.isoformat().replace("+00:00", "Z")
                layer["start"] = "2026-02-03T10:11:12Z"
        assert applied(account, tmp_path) == 0


@pytest.mark.parametrize("damage", ["gone", "another", "empty"])
def test_a_key_file_that_is_missing_or_wrong_is_written_again(tmp_path, damage):
    with running(NOW) as account:
        everybody(account)
        applied(account, tmp_path)
        whole = final(account, tmp_path)
        path = tmp_path / "pagerduty-funds-P0"
        path.unlink()
        if damage != "gone":
            path.write_text("" if damage == "empty" else "0" * 32)
        assert applied(account, tmp_path) == 1
        assert final(account, tmp_path) == whole
        assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("content", "wrong"),
    [(None, "is missing"), (b"0" * 32, "holds another key than PagerDuty"), (b"", "is empty"), (b"\xff", "is no text")],
)
@pytest.mark.usefixtures("account")
def test_drift_names_a_key_file_that_is_missing_or_wrong(folder, capfd, content, wrong):
    assert cli.main(["pagerduty", "apply", "--keys", "keys", "--yes"]) == 0
    path = folder / "keys/pagerduty-funds-P0"
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    capfd.readouterr()
    assert cli.main(["pagerduty", "drift", "--keys", "keys"]) == 1
    assert capfd.readouterr().out == (
        f"service distributed-exchange funds P0: its key file keys/pagerduty-funds-P0 {wrong}\n"
    )


@pytest.mark.usefixtures("account")
def test_a_policy_that_is_not_applied_yet_is_not_called_a_change_by_hand(folder, capfd):
    assert cli.main(["pagerduty", "apply", "--keys", "keys", "--yes"]) == 0
    later = edited(EXCHANGE, ("rotation: [fay, gus]", "rotation: [gus, fay]"))
    (folder / "policy/exchange.yaml").write_text(later, encoding="utf-8")
    capfd.readouterr()
    assert cli.main(["pagerduty", "drift", "--keys", "keys"]) == 1
    assert capfd.readouterr().out == (
        "schedule funds-primary: layer all: rotation: PagerDuty has Fay Tanaka, Gus Moreau; the policy says "
        "Gus Moreau, Fay Tanaka\n"
        "Either PagerDuty was changed by hand, or the policy was edited and not applied yet: the two look the same.\n"
    )


def test_no_key_is_ever_printed(account, folder, capfd, caplog):
    caplog.set_level("DEBUG")
    commands_ = [["plan", "--keys", "keys"], ["apply", "--keys", "keys", "--yes"], ["drift", "--keys", "keys"]]
    for command in commands_:
        assert cli.main(["pagerduty", *command]) == 0
    (folder / "keys/pagerduty-funds-P0").unlink()
    account.fault = Fault("500", at=len(account.requests) + 10, lasting=True)
    assert cli.main(["pagerduty", "apply", "--keys", "keys", "--yes"]) == 3
    printed = "".join(capfd.readouterr()) + caplog.text
    keys = [one["integration_key"] for some in account.state.integrations.values() for one in some]
    assert len(keys) == 11
    assert [key for key in (API_KEY, *keys) if key in printed] == []
    assert API_KEY[-4:] not in printed


# ------------------------------------------------------------------------------------------- what people read


def test_what_plan_apply_and_drift_print(account, golden, capfd):
    def said(*arguments, code=0):
        assert cli.main(["pagerduty", *arguments]) == code
        out, err = capfd.readouterr()
        return out + err

    golden.expect("pagerduty/plan-first.txt", said("plan", "--keys", "keys"))
    golden.expect("pagerduty/apply-first.txt", said("apply", "--keys", "keys", "--yes"))
    assert said("plan", "--keys", "keys") == "PagerDuty is as the policy says.\n"
    assert said("apply", "--keys", "keys", "--yes") == "PagerDuty is as the policy says.\n"
    as_wanted = "PagerDuty is as the policy says, and everybody who is paged is told at once.\n"
    assert said("drift", "--keys", "keys") == as_wanted
    assert said("drift") == (
        f"{as_wanted}The key files were not looked at: "
        "there is no folder `/etc/alertmanager/secrets` for the key files on this machine (--keys FOLDER).\n"
    )
    state = account.state
    state.named("services", "distributed-exchange funds P0").update(
        acknowledgement_timeout=1800, auto_pause_notifications_parameters={"enabled": True, "timeout": 300}
    )
    state.named("services", "distributed-exchange funds P1").update(status="maintenance")
    state.named("services", "distributed-exchange platform P3").update(status="disabled", auto_resolve_timeout=14400)
    chain = state.named("escalation_policies", "distributed-exchange trading P0")
    chain["escalation_rules"][1]["targets"].append(
        {"type": "user_reference", "id": state.named("users", "Cy Okafor")["id"]}
    )
    del chain["escalation_rules"][2]
    schedule = state.named("schedules", "funds-primary")
    schedule["schedule_layers"][0]["users"].reverse()
    state.overrides[state.named("schedules", "funds-secondary")["id"]] = [override(account, "Cy Okafor", hours=-1)]
    state.named("teams", "Platform")["description"] = "Ours, really"
    state.integrations[state.named("services", "distributed-exchange funds P2")["id"]].clear()
    kai, lena = (state.named("users", name)["id"] for name in ("Kai Brandt", "Lena Fischer"))
    state.rules[kai] = []
    state.rules[lena][0]["start_delay_in_minutes"] = 5
    state.rules[lena].append({**state.rules[lena][0], "id": "PLATER", "start_delay_in_minutes": 15})
    golden.expect("pagerduty/drift.txt", said("drift", code=1))
    golden.expect("pagerduty/drift.json", said("drift", "--format", "json", code=1))
    golden.expect("pagerduty/plan-not-ours.txt", said("plan", "--keys", "keys", code=1))
    golden.expect("pagerduty/plan-adopt.txt", said("plan", "--keys", "keys", "--adopt"))
    golden.expect("pagerduty/plan-adopt.json", said("plan", "--keys", "keys", "--adopt", "--format", "json"))


def test_somebody_whom_pagerduty_does_not_know_points_at_the_line(account, golden, capfd):
    account.state.users = [user for user in account.state.users if user["name"] not in {"Fay Tanaka", "Cy Okafor"}]
    assert cli.main(["pagerduty", "apply", "--keys", "keys", "--yes"]) == 1
    golden.expect("pagerduty/unknown-people.txt", "".join(capfd.readouterr()))
    assert {request.split()[0] for request in account.requests} == {"GET"}


def test_without_somebody_to_ask_apply_refuses(account, capfd):
    assert cli.main(["pagerduty", "apply", "--keys", "keys"]) == 2
    assert "nobody is here to answer; --yes agrees" in capfd.readouterr().err
    assert account.requests == []


@pytest.mark.parametrize("answer", [True, False])
def test_apply_asks_after_it_has_said_who_goes_on_call(account, folder, answer):
    said = []
    project = Project(policy=folder / "policy/exchange.yaml", out=folder / "out", templates=None)
    asked = commands.from_command_line(key_file=None, region=None, keys=folder / "keys")
    questions = []
    outcome = commands.apply(project, asked, said.append, lambda question: questions.append(question) or answer)
    assert questions == ["Apply 44 changes?"]
    assert "  funds-primary: Fay Tanaka" in said
    assert outcome.lines[-1] == (
        "PagerDuty is as the policy says: 44 changes done." if answer else "Nothing was changed."
    )
    assert bool(account.state.teams) is answer


def test_apply_says_first_where_there_is_no_place_for_the_keys(account, capfd):
    assert cli.main(["pagerduty", "apply", "--yes"]) == 3
    assert capfd.readouterr().err.splitlines() == [
        "alertc: there is no folder `/etc/alertmanager/secrets` for the key files on this machine",
        "help: say with --keys FOLDER where the key files go on this machine",
    ]
    assert account.state.teams == []


@pytest.mark.parametrize(
    ("key", "said"),
    [
        (None, "there is no API key: set PAGERDUTY_API_KEY, or name a file that holds it with --key-file"),
        ("two words", "PAGERDUTY_API_KEY does not hold an API key of PagerDuty"),
    ],
)
@pytest.mark.usefixtures("account")
def test_a_key_that_is_none_is_not_shown(capfd, monkeypatch, key, said):
    monkeypatch.delenv("PAGERDUTY_API_KEY")
    if key:
        monkeypatch.setenv("PAGERDUTY_API_KEY", key)
    assert cli.main(["pagerduty", "plan"]) == 2
    shown = capfd.readouterr().err
    assert said in shown
    assert "two words" not in shown


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com",
        "ftp://example.com",
        "example.com",
        "http://127.0.0.1:port",
        "https://[::1",
        "https://me:secret@example.com",
    ],
)
@pytest.mark.usefixtures("account")
def test_an_address_that_is_none_gets_no_key(capfd, monkeypatch, url):
    monkeypatch.setenv("ALERTC_PAGERDUTY_URL", url)
    assert cli.main(["pagerduty", "plan"]) == 2
    assert capfd.readouterr().err.splitlines()[-1] == (
        "Error: ALERTC_PAGERDUTY_URL does not hold a URL that an API key may be sent to; "
        "write https://api.pagerduty.com"
    )


@pytest.mark.usefixtures("account")
def test_a_key_from_a_file_that_pagerduty_does_not_know(folder, capfd):
    (folder / "api-key").write_text("u+another0key0x9999\n")
    assert cli.main(["pagerduty", "plan", "--key-file", "api-key"]) == 3
    assert capfd.readouterr().err.splitlines() == [
        "alertc: PagerDuty does not know the API key",
        "help: see PAGERDUTY_API_KEY or --key-file, and --region",
    ]
    (folder / "api-key").write_text(f"{API_KEY}\n")
    assert cli.main(["pagerduty", "plan", "--key-file", "api-key"]) == 0


def test_where_pagerduty_fails_that_is_said_once(account, capfd):
    account.fault = Fault("500", at=8, lasting=True)
    assert cli.main(["pagerduty", "apply", "--yes", "--keys", "keys"]) == 3
    assert capfd.readouterr().err.splitlines() == [
        (
            "alertc: PagerDuty answered POST teams with 500: Internal Server Error "
            "(2 of 44 changes are done, the next one concerns team Trading Systems)"
        ),
        "help: run the command again",
    ]


PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY")


@pytest.fixture
def _no_proxy(monkeypatch):
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def nobody():
    """The address of a port on which nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{held.getsockname()[1]}"


def unanswered(url):
    account = remote.Account(url=url, key=Secret(text=API_KEY), pause=0, timeout=1)
    with remote.Remote(account) as there, pytest.raises(EnvironmentProblem) as failed:
        list(there.all("users"))
    return failed.value.message, failed.value.help


@pytest.mark.usefixtures("_no_proxy")
def test_where_no_answer_comes_the_address_and_the_reason_are_said(nobody):
    assert unanswered(f"http://{nobody}") == (
        f"PagerDuty did not answer GET http://{nobody}/users: connection refused",
        "see whether this machine reaches that address: the network, its proxy (HTTPS_PROXY, NO_PROXY), and --region",
    )
    assert unanswered("https://pagerduty.invalid")[0] == (
        "PagerDuty did not answer GET https://pagerduty.invalid/users: the name is not resolved"
    )


@pytest.mark.usefixtures("_no_proxy")
def test_a_proxy_is_named_and_its_password_is_not(nobody, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", f"http://somebody:secret@{nobody}")
    assert unanswered("https://pagerduty.invalid")[0] == (
        f"PagerDuty did not answer GET https://pagerduty.invalid/users: connection refused, through the proxy {nobody}"
    )


@pytest.mark.parametrize(
    ("kind", "said"), [("closed", "the connection was closed"), ("hangs", "no whole answer came within 1s")]
)
@pytest.mark.usefixtures("_no_proxy")
def test_an_answer_that_is_lost_on_the_way_is_told_from_one_that_does_not_come(kind, said):
    with running(NOW) as account:
        account.fault = Fault(kind, at=0, lasting=True)
        assert unanswered(account.url)[0] == f"PagerDuty did not answer GET {account.url}/users: {said}"


@pytest.mark.usefixtures("_no_proxy")
def test_a_server_that_speaks_no_tls_is_no_matter_of_permissions():
    with running(NOW) as account:
        assert ": TLS failed (" in unanswered(account.url.replace("http:", "https:"))[0]


def test_a_template_that_does_not_say_whose_an_object_is_is_refused(account, folder, capfd):
    (folder / "templates/pagerduty").mkdir(parents=True)
    template = (ROOT / "templates/pagerduty/teams.json.j2").read_text(encoding="utf-8")
    changed = template.replace("<< body.description | json >>", '"Ours"')
    (folder / "templates/pagerduty/teams.json.j2").write_text(changed, encoding="utf-8")
    assert cli.main(["pagerduty", "plan"]) == 1
    assert "error[PGD610]: the description of team Platform does not begin with" in capfd.readouterr().err
    assert account.requests == []


def test_a_template_of_ones_own_counts(account, folder):
    (folder / "templates/pagerduty").mkdir(parents=True)
    template = (ROOT / "templates/pagerduty/teams.json.j2").read_text(encoding="utf-8")
    changed = template.replace("<< body.description | json >>", '<< (body.description ~ " Call us.") | json >>')
    (folder / "templates/pagerduty/teams.json.j2").write_text(changed, encoding="utf-8")
    assert cli.main(["pagerduty", "apply", "--yes", "--keys", "keys"]) == 0
    assert all(team["description"].endswith(" Call us.") for team in account.state.teams)


def test_a_policy_that_breaks_a_promise_is_not_applied(account, folder, capfd):
    broken = edited(EXCHANGE, ("    acknowledge: 5m\n", "    acknowledge: 3m\n"))
    (folder / "policy/exchange.yaml").write_text(broken, encoding="utf-8")
    assert cli.main(["pagerduty", "apply", "--yes", "--keys", "keys"]) == 1
    assert "error[SLA" in capfd.readouterr().err
    assert account.requests == []


def in_region(folder, name):
    policy = edited(EXCHANGE, ("  delivery: 15s\n", f"  pagerduty: {{region: {name}}}\n  delivery: 15s\n"))
    (folder / "policy/exchange.yaml").write_text(policy, encoding="utf-8")


@pytest.mark.parametrize(
    ("options", "environment", "said"),
    [
        (["--region", "us"], "", "the policy's account is in the region eu, and --region says us"),
        ([], "us", "the policy's account is in the region eu, and PAGERDUTY_SERVICE_REGION says us"),
    ],
)
def test_a_region_that_is_not_the_policys_is_an_error(account, folder, monkeypatch, capfd, options, environment, said):
    in_region(folder, "eu")
    monkeypatch.setenv("PAGERDUTY_SERVICE_REGION", environment)
    assert cli.main(["pagerduty", "plan", *options]) == 1
    assert f"error[PGD614]: {said}\n" in capfd.readouterr().err
    assert account.requests == []


def test_a_region_to_which_no_events_go_is_an_error(account, capfd):
    assert cli.main(["pagerduty", "plan", "--region", "eu"]) == 1
    shown = capfd.readouterr().err
    assert "error[PGD614]: alertmanager.yml sends events to the region us, and --region says eu: its keys" in shown
    assert "= help: write `pagerduty: {region: eu}` into `stack`, and let no template name another\n" in shown
    assert account.requests == []


@pytest.mark.parametrize("options", [[], ["--region", "eu"]])
@pytest.mark.usefixtures("account")
def test_the_policy_says_where_the_account_is(folder, options):
    in_region(folder, "eu")
    assert cli.main(["pagerduty", "plan", *options, "--keys", "keys"]) == 0


def test_the_region_of_a_template_is_that_of_the_account():
    files = {"alertmanager/alertmanager.yml": {"global": {"pagerduty_url": REGIONS["eu"].events}}}
    pager = SimpleNamespace(settings={}, kind=SimpleNamespace(pages=True))
    behaviour = SimpleNamespace(receivers=[SimpleNamespace(integrations=[pager])])
    sent = regions.sent_to(files, behaviour)
    assert regions.of_account(None, sent, None) == REGIONS["eu"]
    assert regions.of_account(None, (), None) == REGIONS["us"]
    with pytest.raises(PolicyErrors, match="sends events to the region us, and another receiver says eu"):
        regions.of_account(None, (REGIONS["eu"], REGIONS["us"]), None)


def test_a_template_that_gives_two_the_same_name_is_refused(account, folder, capfd):
    (folder / "templates/pagerduty").mkdir(parents=True)
    template = (ROOT / "templates/pagerduty/teams.json.j2").read_text(encoding="utf-8")
    changed = template.replace("<< body.name | json >>", """<< ["Team", "team "][loop.index % 2] | json >>""")
    (folder / "templates/pagerduty/teams.json.j2").write_text(changed, encoding="utf-8")
    assert cli.main(["pagerduty", "plan"]) == 1
    assert "error[PGD606]: the team " in (said := capfd.readouterr().err)
    assert " times: PagerDuty knows it by its name alone\n" in said
    assert account.requests == []
