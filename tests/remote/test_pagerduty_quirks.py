"""`alertc pagerduty` against accounts that answer as the live API is said to: each way by itself, and all together."""

from copy import deepcopy
from datetime import datetime, timedelta, timezone
from functools import cache

import pytest

from generator import cli
from generator.commands import pagerduty as commands
from generator.commands.project import Project
from generator.diagnostics.diagnostic import EnvironmentProblem
from generator.policy import source
from generator.remote.pagerduty import apply as applying
from generator.remote.pagerduty import drift, remote
from generator.remote.pagerduty.changes import Choices
from generator.remote.pagerduty.existing import Secret
from generator.remote.pagerduty.keys import KeyFolder
from tests.compiling import ROOT, SMALL, edited
from tests.pagerduty import API_KEY, QUIRKS, running

NOW = datetime(2026, 3, 3, 10, 0, tzinfo=timezone.utc)
PEOPLE = (("Ana Keller", "ana@shop.example"), ("Bo Lindqvist", "bo@shop.example"), ("Cy Okafor", "cy@shop.example"))
BACKUP = """
  backup:
    timezone: Europe/Zurich
    layers:
      all: {from: 2026-01-05, hand_over: "Mon 09:00", turn: 7d, rotation: [cy]}
"""
# A title with blanks, and a schedule that the other policy has not.
POLICY = edited(
    SMALL,
    ("{title: Web, members", '{title: "Web  shop ", members'),
    (
        "\nescalations:\n",
        f"{BACKUP}\nescalations:\n",
    ),
    ("page: person/cy, by", "page: schedule/backup, by"),
)
WITHOUT = edited(SMALL, ("{title: Web, members", '{title: "Web  shop ", members'))


@pytest.fixture(autouse=True)
def _now(monkeypatch):
    monkeypatch.setattr(remote, "now", lambda: NOW)


@cache
def wanted(policy):
    project = Project(policy=ROOT / "tests/policies/small.yaml", out=ROOT / "out", templates=None)
    return commands.wanted(project, source.read(policy.encode(), "policy.yaml"))


@pytest.fixture(params=[*((quirk,) for quirk in QUIRKS), tuple(QUIRKS)], ids=[*QUIRKS, "all-of-them"])
def account(request):
    with running(NOW, request.param) as found:
        for name, email in PEOPLE:
            found.invite(name, email.upper())
        yield found


class Runs:
    """Commands against an account, as far as they have no words."""

    def __init__(self, account, keys, policy=POLICY):
        self.account, self.keys, self.policy = account, keys, policy

    def compare(self, act, **choices):
        url = remote.Account(url=self.account.url, key=Secret(text=API_KEY), pause=0, timeout=2)
        with remote.Remote(url) as there:
            return act(commands.compare(there, wanted(self.policy), KeyFolder(folder=self.keys), Choices(**choices)))

    def changes(self, **choices):
        return self.compare(lambda found: found.changes, **choices)

    def apply(self, **choices):
        def act(found):
            assert found.changes.problems == ()
            return len(list(applying.apply(found.account, found.desired, found.state, found.changes, found.folder)))

        return self.compare(act, **choices)

    def drift(self):
        def act(found):
            arguments = found.desired, found.state, found.changes, found.folder
            return [one.text for one in drift.drift(*arguments, lambda user: found.account.rules(user.id))]

        return self.compare(act, adopt=True)


def test_what_is_applied_is_as_the_policy_says_from_then_on(account, tmp_path):
    runs = Runs(account, tmp_path)
    assert runs.apply() == (13 if "no-teams" in account.quirks else 14)
    assert runs.changes().todo == ()
    assert runs.drift() == []
    assert runs.apply() == 0


def by_hand(account):
    """Change by hand all that the policy says, in ways that the API keeps."""
    for schedule in account.state.schedules:
        for layer in schedule["schedule_layers"]:
            layer["users"] = layer["users"][:1]
            layer["end"] = (NOW + timedelta(days=3)).isoformat()
    for policy in account.state.escalation_policies:
        policy["num_loops"] = 3
        for rule in policy["escalation_rules"]:
            rule["escalation_rule_assignment_strategy"] = "round_robin"
    for service in account.state.services:
        service["acknowledgement_timeout"] = 1800
        service["alert_grouping_parameters"] = {"type": "time", "config": {"timeout": 5}}


def test_what_was_changed_by_hand_is_brought_back_and_stays(account, tmp_path):
    runs = Runs(account, tmp_path)
    runs.apply()
    by_hand(account)
    assert [one for one in runs.drift() if "acknowledged incidents open again" in one]
    runs.apply()
    assert runs.changes().todo == ()
    for schedule in account.state.schedules:
        assert [layer.get("end") for layer in schedule["schedule_layers"]] == [None]
    for policy in account.state.escalation_policies:
        strategies = {rule["escalation_rule_assignment_strategy"] for rule in policy["escalation_rules"]}
        assert strategies == {"assign_to_everyone"}


def test_who_is_on_call_is_told_from_the_schedule_itself(account, tmp_path):
    runs = Runs(account, tmp_path)
    runs.apply()
    [schedule] = [one for one in account.state.schedules if one["name"] == "primary"]
    cy = account.state.named("users", "Cy Okafor")["id"]
    begin = (NOW - timedelta(hours=1)).isoformat()
    override = {"id": "PO", "start": begin, "end": (NOW + timedelta(hours=1)).isoformat()}
    account.state.overrides[schedule["id"]] = [{**override, "user": {"id": cy, "type": "user_reference"}}]
    schedule["schedule_layers"][0]["users"].reverse()
    lines = runs.compare(lambda found: list(commands.shift.shift(found.desired, found.state, found.changes)))
    assert lines == []


@pytest.fixture
def shop(request, tmp_path):
    """A policy in the account, and another that no longer has the schedule `backup`."""
    with running(NOW, getattr(request, "param", ())) as account:
        for name, email in PEOPLE:
            account.invite(name, email)
        Runs(account, tmp_path).apply()
        yield account, Runs(account, tmp_path, WITHOUT)


def test_a_schedule_that_a_chain_of_others_uses_stays_and_plan_says_why(shop):
    account, runs = shop
    backup = account.state.named("schedules", "backup")["id"]
    chain = deepcopy(account.state.escalation_policies[0])
    chain |= {"id": "PFOREIGN", "name": "Somebody else", "description": "by hand"}
    chain["escalation_rules"] = chain["escalation_rules"][:1]
    chain["escalation_rules"][0]["targets"] = [{"id": backup, "type": "schedule_reference"}]
    account.state.escalation_policies.append(chain)
    for prune in (False, True):
        [stays] = runs.changes(prune=prune).staying
        assert (stays.existing.name, stays.why) == ("backup", "It is used by escalation policy Somebody else")
    assert runs.apply(prune=True) == 4
    assert account.state.named("schedules", "backup")
    assert runs.apply(prune=True) == 0


def incident(service):
    return {
        "id": f"Q{service}",
        "type": "incident",
        "status": "triggered",
        "service": {"id": service, "type": "service_reference"},
    }


def test_a_schedule_through_which_open_incidents_page_stays(shop):
    account, runs = shop
    service = account.state.named("services", "shop web P0")["id"]
    account.state.incidents.append(incident(service))
    [stays] = runs.changes(prune=True).staying
    assert (stays.existing.name, stays.why) == ("backup", "Open incidents may still page through it")
    account.state.incidents[0]["status"] = "resolved"
    assert runs.changes(prune=True).staying == ()
    assert runs.apply(prune=True) == 5


def test_a_service_with_open_incidents_stays_and_so_does_its_chain(shop):
    account, runs = shop
    service, chain = (deepcopy(getattr(account.state, many)[0]) for many in ("services", "escalation_policies"))
    chain |= {"id": "POLDCHAIN", "name": "old chain"}
    service |= {"id": "POLD", "name": "old"}
    service["escalation_policy"]["id"] = chain["id"]
    account.state.escalation_policies.append(chain)
    account.state.services.append(service)
    account.state.incidents.append(incident("POLD"))
    runs.policy = POLICY
    assert [(one.existing.name, one.why) for one in runs.changes(prune=True).staying] == [
        ("old", "It has open incidents"),
        ("old chain", "It is used by service old"),
    ]
    assert runs.apply(prune=True) == 0


def test_incidents_of_a_chain_as_it_was_are_told_by_pagerduty_alone(shop):
    """Which those are the API does not say; what leads on does."""
    account, runs = shop
    runs.apply()
    account.snapshots.add(account.state.named("schedules", "backup")["id"])
    with pytest.raises(EnvironmentProblem) as failed:
        runs.apply(prune=True)
    assert "snapshot with open incidents" in failed.value.message
    assert failed.value.help == (
        "resolve the incidents that began while their chain used it, or reassign them; then run the command again"
    )


def test_a_stakeholder_is_named_before_anything_is_changed(tmp_path):
    with running(NOW, ["stakeholders-are-refused"]) as account:
        for name, email in PEOPLE:
            account.invite(name, email)
        account.state.named("users", "Bo Lindqvist")["role"] = "read_only_user"
        [problem] = Runs(account, tmp_path).changes().problems
        assert (problem.code, problem.message, problem.route) == (
            "PGD615",
            "Bo Lindqvist (bo@shop.example) is a stakeholder in PagerDuty, who cannot be on call",
            ("people", "bo", "email"),
        )
        assert {request.split()[0] for request in account.requests} == {"GET"}


def test_of_an_account_with_many_users_those_of_the_policy_are_asked_for(tmp_path):
    with running(NOW) as account:
        for number in range(12_000):
            account.invite(f"Somebody {number}", f"somebody{number}@elsewhere.example")
        for name, email in PEOPLE:
            account.invite(name, email)
        assert Runs(account, tmp_path).apply() == 14
        before = len(account.requests)
        assert Runs(account, tmp_path).changes().todo == ()
        assert account.requests[before:].count("GET /users") == 10 + 3


def test_alerts_that_a_setting_of_the_account_groups_are_said(shop):
    account, runs = shop
    runs.policy = POLICY
    service = account.state.named("services", "shop web P0")["id"]
    setting = {"id": "PSET", "type": "time", "name": "All alerts", "config": {"timeout": 300}}
    account.state.settings.append({**setting, "services": [{"id": service, "type": "service_reference"}]})
    assert [(one.name, name) for one, name in runs.changes().grouped] == [("shop web P0", "All alerts")]
    said = "service shop web P0: its alerts are grouped by the account's setting All alerts: "
    assert runs.drift() == [f"{said}what joins an incident pages nobody"]


@pytest.mark.parametrize("shop", [["no-teams"]], indirect=True)
def test_plan_says_what_the_account_has_not_got_and_what_stays(shop, tmp_path, monkeypatch, capfd):
    account, _ = shop
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy/policy.yaml").write_text(WITHOUT, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PAGERDUTY_API_KEY", API_KEY)
    monkeypatch.setenv("ALERTC_PAGERDUTY_URL", account.url)
    account.state.incidents.append(incident(account.state.named("services", "shop web P0")["id"]))
    assert cli.main(["pagerduty", "apply", "--prune", "--yes", "--keys", "."]) == 0
    assert cli.main(["pagerduty", "plan", "--prune", "--keys", "."]) == 0
    shown = capfd.readouterr().out
    assert (
        "Ours, and no longer in the policy: schedule backup. Open incidents may still page through it, so it stays.\n"
        in shown
    )
    assert "The plan of this account has no teams: they are left out.\n" in shown


def test_each_way_says_where_it_is_from():
    assert all(quirk.source for quirk in QUIRKS.values())
