"""`alertc pagerduty` and a service that the account has already: it is taken as it is, and never made or deleted."""

import pytest

from generator import cli
from generator.remote.pagerduty import remote
from tests.compiling import EXCHANGE, edited
from tests.pagerduty import API_KEY
from tests.remote.test_pagerduty_apply import NOW, reachable

STEPS = "  funds:\n    - {page: schedule/funds-primary, by: first}\n"
KEPT = (STEPS, STEPS.replace("\n", "\n    pagerduty: {service: Money, key_file: money-key}\n    steps:\n", 1))


@pytest.fixture
def account(monkeypatch, tmp_path):
    """An account with a service that somebody made by hand, and a project whose policy keeps it."""
    monkeypatch.setattr(remote, "now", lambda: NOW)
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy/exchange.yaml").write_text(edited(EXCHANGE, KEPT), encoding="utf-8")
    (tmp_path / "keys").mkdir()
    monkeypatch.chdir(tmp_path)
    with reachable(monkeypatch) as found:
        yield found


def by_hand(account, capfd):
    """Let an account have the service Money, with its own chain and an integration; return it and its key."""
    assert cli.main(["pagerduty", "apply", "--keys", "keys", "--yes"]) == 1
    capfd.readouterr()
    user = {"type": "user_reference", "id": account.state.users[0]["id"]}
    with remote.Remote(remote.Account(url=account.url, key=remote.Secret(text=API_KEY), pause=0, timeout=1)) as there:
        rules = [{"escalation_delay_in_minutes": 30, "targets": [user]}]
        chain = there.create(
            "escalation_policy", {"type": "escalation_policy", "name": "Money people", "escalation_rules": rules}
        )
        service = there.create(
            "service",
            {
                "type": "service",
                "name": "Money",
                "description": "Ask Fay.",
                "escalation_policy": {"type": "escalation_policy_reference", "id": chain["id"]},
            },
        )
        integration = there.connect(
            service["id"],
            {
                "type": "events_api_v2_inbound_integration",
                "name": "Prometheus",
                "service": {"type": "service_reference", "id": service["id"]},
            },
        )
        return service, there.key(service["id"], integration["id"]).text


def test_one_that_is_not_there_is_an_error_and_is_not_made(account, capfd):
    assert cli.main(["pagerduty", "apply", "--keys", "keys", "--yes"]) == 1
    said = "".join(capfd.readouterr())
    assert "error[PGD617]: PagerDuty has no service Money, which the chain funds keeps\n" in said
    assert "help: write its name as PagerDuty shows it; or leave out `pagerduty`, and one is made\n" in said
    assert {request.split()[0] for request in account.requests} == {"GET"}


@pytest.mark.parametrize("there", [True, False], ids=["its key is in the file", "its file is missing"])
def test_it_keeps_name_description_integration_and_key_and_escalates_by_the_chain(account, capfd, tmp_path, there):
    service, key = by_hand(account, capfd)
    if there:
        (tmp_path / "keys/money-key").write_text(key + "\n", encoding="utf-8")
    assert cli.main(["pagerduty", "apply", "--keys", "keys", "--yes"]) == 0
    said = capfd.readouterr().out
    assert "~ update service Money\n" in said
    assert "service Money to Alertmanager" not in said
    assert ("write the key of service Money" in said) != there
    kept = account.state.named("services", "Money")
    assert (kept["id"], kept["description"]) == (service["id"], "Ask Fay.")
    chain = account.state.named("escalation_policies", "distributed-exchange funds P0")
    assert kept["escalation_policy"]["id"] == chain["id"]
    assert kept["auto_resolve_timeout"] in (0, None)
    assert [one["name"] for one in account.state.integrations[service["id"]]] == ["Prometheus"]
    assert (tmp_path / "keys/money-key").read_text(encoding="utf-8").strip() == key
    assert account.complaints == []
    assert cli.main(["pagerduty", "plan", "--keys", "keys"]) == 0
    assert capfd.readouterr().out == "PagerDuty is as the policy says.\n"


def test_without_an_integration_it_gets_one(account, capfd, tmp_path):
    service, _ = by_hand(account, capfd)
    account.state.integrations[service["id"]].clear()
    assert cli.main(["pagerduty", "apply", "--keys", "keys", "--yes"]) == 0
    assert "+ connect service Money to Alertmanager, its key into keys/money-key\n" in capfd.readouterr().out
    assert [one["name"] for one in account.state.integrations[service["id"]]] == ["Alertmanager"]
    assert len((tmp_path / "keys/money-key").read_text(encoding="utf-8")) == 32


def test_a_policy_that_keeps_it_no_more_leaves_it(account, capfd, tmp_path):
    service, _ = by_hand(account, capfd)
    assert cli.main(["pagerduty", "apply", "--keys", "keys", "--yes"]) == 0
    (tmp_path / "policy/exchange.yaml").write_text(EXCHANGE, encoding="utf-8")
    assert cli.main(["pagerduty", "apply", "--keys", "keys", "--yes", "--prune"]) == 0
    assert account.state.named("services", "Money")["id"] == service["id"]
    capfd.readouterr()
    (tmp_path / "policy/exchange.yaml").write_text(edited(EXCHANGE, KEPT), encoding="utf-8")
    assert cli.main(["pagerduty", "drift", "--keys", "keys"]) == 1
    assert "Money" not in capfd.readouterr().out


def test_drift_says_what_somebody_changed_in_it(account, capfd):
    by_hand(account, capfd)
    assert cli.main(["pagerduty", "apply", "--keys", "keys", "--yes"]) == 0
    capfd.readouterr()
    account.state.named("services", "Money")["auto_resolve_timeout"] = 600
    account.state.named("services", "Money")["description"] = "Ask Gus."
    assert cli.main(["pagerduty", "drift", "--keys", "keys"]) == 1
    out = capfd.readouterr().out
    assert "service Money: open incidents close: PagerDuty has after 10m; the policy says never\n" in out
