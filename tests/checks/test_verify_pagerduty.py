"""What the files make in PagerDuty beside steps and times: services that take events, teams, and each object once."""

import pytest

from generator.checks import verify
from generator.checks.files import pagerduty, terraform_references
from tests.compiling import EXCHANGE, SMALL, edited
from tests.verifying import POLICY, text_of, verified

SERVICES, TEAMS, TERRAFORM = "pagerduty/services.json", "pagerduty/teams.json", "pagerduty/terraform.tf.json"
CHAINS = "pagerduty/escalation_policies.json"
TEAM = '{ "type": "team_reference", "id": "Web" }'
OF_TERRAFORM = '"${pagerduty_team.web.id}"'


@pytest.fixture(autouse=True)
def _only_this_verifier(monkeypatch):
    monkeypatch.setattr(verify, "VERIFIERS", (pagerduty.check, terraform_references.check))
    monkeypatch.setattr(verify, "ASKERS", ())


@pytest.mark.parametrize("policy", [POLICY, SMALL, EXCHANGE])
def test_the_packaged_files_are_the_policys(policy):
    assert verified(policy=policy) == ""


FAULTS = {
    "disabled": [(SERVICES, '"type": "service",', '"type": "service", "status": "disabled",')],
    "no-team": [(CHAINS, TEAM, "")],
    "another-team": [(TERRAFORM, '"name": "Web"', '"name": "Website"')],
    "a-team-that-is-none": [(TERRAFORM, OF_TERRAFORM, OF_TERRAFORM.replace("web", "shop"))],
    "looked-up-under-another-address": [(TERRAFORM, '"cy@shop.example\\"', '"bo@shop.example\\"')],
    "refers-to-nothing": [(TERRAFORM, '"pagerduty_users": { "all": {} },', "")],
    "team-lost": [(TEAMS, '"name": "Web"', '"name": "Website"')],
}


@pytest.mark.parametrize("name", FAULTS)
def test_what_the_policy_does_not_say_is_found(name, golden):
    golden.expect(f"verify/pagerduty-{name}.txt", verified(*FAULTS[name]))


def test_a_service_twice_is_found():
    services = text_of(SERVICES)
    again = services.strip().removeprefix("[").removesuffix("]").strip()
    said = verified((SERVICES, services, f"[{again},{again}]"))
    assert said.startswith(
        "error[PGD606]: the service shop web P0 is written 2 times: PagerDuty knows it by its name alone\n"
    )
    assert said.count("PGD606") == said.count("out/pagerduty/services.json") == 4


def test_a_chain_twice_is_found_in_its_file():
    chains = text_of(CHAINS)
    again = chains.strip().removeprefix("[").removesuffix("]").strip()
    said = verified((CHAINS, chains, f"[{again},{again}]"))
    assert said.startswith("error[PGD606]: the escalation policy shop web P0 is written 2 times")
    assert said.count("out/pagerduty/escalation_policies.json") == 4


def test_an_account_without_teams_is_only_warned_of():
    without = [(CHAINS, TEAM, "")] * text_of(CHAINS).count(TEAM)
    said = verified((TEAMS, text_of(TEAMS), "[]\n"), *without)
    assert said.count("warning[PGD605]") == len(without) == 4
    assert "the team Web is missing" not in said
    assert "the team Web is missing" in verified((TEAMS, text_of(TEAMS), "[]\n"))
    assert "error" not in said


def test_a_chain_of_several_teams_has_none():
    policy = edited(
        POLICY,
        (
            "  web: {title: Web, members: [ana, bo]}",
            "  web: {title: Web, members: [ana]}\n  ops: {title: Ops, members: [bo]}",
        ),
        ("  alerting:\n    team: web", "  alerting:\n    team: ops"),
    )
    assert verified(policy=policy) == ""
