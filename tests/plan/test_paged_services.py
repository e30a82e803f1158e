"""Services of PagerDuty: one for each chain and severity, for each service where wanted, or those that exist."""

import json

import pytest
import yaml

from generator.checks import verify
from generator.checks.files import pagerduty, routing
from tests.compiling import SMALL, edited, files, said
from tests.projects import alertc
from tests.verifying import text_of, verified

STACK = ("  survive: [alert", "  pagerduty: {services: each}\n  survive: [alert")
SHOP = ("    runbook: recovery.md\n    depends_on", "    {}\n    runbook: recovery.md\n    depends_on")
STEPS = "    - {page: schedule/primary, by: first}\n    - {page: person/cy, by: 80%, as: incident-commander}\n"
EACH = edited(SMALL, STACK)
SECRETS = "/etc/alertmanager/secrets"


def shop(kept):
    return (SHOP[0], SHOP[1].format(f"pagerduty: {kept}"))


def chain(kept):
    return (STEPS, f"    pagerduty: {kept}\n    steps:\n{STEPS}")


KEPT = '{service: "Shop: live", key_file: shop-key}'
OF_SERVICE = edited(SMALL, shop(KEPT))
OF_CHAIN = edited(SMALL, chain(KEPT))
URGENT = '{service: "Shop: live", key_file: shop-key, severities: [P0, P1]}'


def receivers(text):
    """Return the key file of each receiver that pages by PagerDuty."""
    tree = yaml.safe_load(files(text)["alertmanager/alertmanager.yml"])["receivers"]
    return {
        one["name"]: one["pagerduty_configs"][0]["routing_key_file"].rpartition("/")[2]
        for one in tree
        if "pagerduty_configs" in one
    }


def services(text):
    """Return the escalation policy of each service."""
    bodies = [entry["service"] for entry in json.loads(files(text)["pagerduty/services.json"])]
    return {body["name"]: body["escalation_policy"]["id"] for body in bodies}


def routes(text):
    """Return the matchers of the routes to PagerDuty."""
    tree = yaml.safe_load(files(text)["alertmanager/alertmanager.yml"])["route"]["routes"]
    return [(one["receiver"], one.get("matchers")) for one in tree if one["receiver"].startswith("page-")]


def test_each_service_has_one_of_its_own_that_escalates_by_its_chain():
    assert services(EACH) == {
        "shop shop P0": "shop web P0",
        "shop alerting P1": "shop web P1",
        "shop shop P1": "shop web P1",
        "shop shop P2": "shop web P2",
    }
    assert receivers(EACH) == {
        "page-service-alerting-P1": "pagerduty-service-alerting-P1",
        "page-service-shop-P0": "pagerduty-service-shop-P0",
        "page-service-shop-P1": "pagerduty-service-shop-P1",
        "page-service-shop-P2": "pagerduty-service-shop-P2",
        "unrouted": "pagerduty-service-alerting-P1",
    }
    assert verified(policy=EACH) == ""


def test_the_labels_may_have_other_names():
    named = edited(EACH, ("stack:\n", "labels: {service: app, escalation: chain}\n\nstack:\n"))
    assert "        - 'chain=\"web\"'\n        - 'app=\"shop\"'\n" in files(named)["alertmanager/alertmanager.yml"]
    assert verified(policy=named) == ""


def test_the_key_of_a_service_is_no_matter_of_other_services():
    """A route of a service alone names no other one, so that their coming and going makes no new group."""
    more = edited(
        EACH,
        (
            "\nrecords:\n",
            "  till:\n    team: web\n    escalation: web\n    runbook: recovery.md\n    public: None.\n\nrecords:\n",
        ),
    )
    assert set(map(str, routes(EACH))) <= set(map(str, routes(more)))
    assert (
        "page-service-shop-P0",
        ['severity="P0"', 'escalation="web"', 'service="shop"', 'environment="production"'],
    ) in [(name, matchers) for name, matchers in routes(EACH)]


def test_a_service_that_exists_takes_the_pages_of_all_severities_by_the_fastest_chain():
    assert services(OF_SERVICE) == {"Shop: live": "shop web P0", "shop web P1": "shop web P1"}
    assert receivers(OF_SERVICE) == {
        "page-service-shop-P0": "shop-key",
        "page-service-shop-P1": "shop-key",
        "page-service-shop-P2": "shop-key",
        "page-web-P1": "pagerduty-web-P1",
        "unrouted": "pagerduty-web-P1",
    }
    assert services(OF_CHAIN) == {"Shop: live": "shop web P0"}
    assert set(receivers(OF_CHAIN).values()) == {"shop-key"}
    assert verified(policy=OF_SERVICE) == ""
    assert verified(policy=OF_CHAIN) == ""


def test_the_severities_that_it_does_not_name_page_what_alertc_makes():
    assert services(edited(SMALL, chain(URGENT))) == {
        "Shop: live": "shop web P0",
        "shop web P2": "shop web P2",
        "shop web P3": "shop web P3",
    }
    each = edited(EACH, shop(URGENT))
    assert services(each) == {
        "Shop: live": "shop web P0",
        "shop alerting P1": "shop web P1",
        "shop shop P2": "shop web P2",
    }
    assert verified(policy=each) == ""


def test_nothing_of_one_that_exists_is_written_but_what_the_promise_needs():
    [body] = [entry["service"] for entry in json.loads(files(OF_CHAIN)["pagerduty/services.json"])]
    assert set(body) == {
        "type",
        "name",
        "escalation_policy",
        "acknowledgement_timeout",
        "auto_resolve_timeout",
        "alert_creation",
        "alert_grouping_parameters",
        "incident_urgency_rule",
    }


def test_terraform_imports_one_that_exists_and_makes_no_key_for_it():
    written = json.loads(files(OF_SERVICE)["pagerduty/terraform.tf.json"])
    assert written["terraform"]["required_version"] == ">= 1.6"
    assert written["data"]["pagerduty_service"] == {"service-shop": {"name": "Shop: live"}}
    assert written["import"] == [
        {"to": "pagerduty_service.service-shop", "id": "${data.pagerduty_service.service-shop.id}"}
    ]
    kept = written["resource"]["pagerduty_service"]["service-shop"]
    assert kept["lifecycle"]["prevent_destroy"] is True
    assert "description" in kept["lifecycle"]["ignore_changes"]
    assert "description" not in kept
    assert list(written["resource"]["pagerduty_service_integration"]) == ["web-P1"]
    assert list(written["output"]["routing_keys"]["value"]) == ["/etc/alertmanager/secrets/pagerduty-web-P1"]


FAULTS = {
    "sends to another service": (
        (OF_SERVICE, ("alertmanager/alertmanager.yml", "secrets/shop-key", "secrets/pagerduty-web-P1")),
        "error[RTE607]: the receiver page-service-shop-P0 does not send to pagerduty ",
    ),
    "is missing": (
        (OF_CHAIN, ("pagerduty/services.json", '"name": "Shop: live"', '"name": "Shop"')),
        "error[PGD601]: the service Shop: live is missing: its pages go nowhere",
    ),
    "escalates otherwise": (
        (EACH, ("pagerduty/services.json", '"id": "shop web P0"', '"id": "shop web P1"')),
        "error[PGD601]: the service shop shop P0 escalates by `shop web P1`, not by `shop web P0`",
    ),
    "closes by itself": (
        (OF_CHAIN, ("pagerduty/services.json", '"auto_resolve_timeout": 0', '"auto_resolve_timeout": 60')),
        "error[PGD603]: the service Shop: live closes an open incident after 1m, whether it is over or not",
    ),
    "takes another's alerts": (
        (EACH, ("alertmanager/alertmanager.yml", "        - 'service=\"alerting\"'\n", "")),
        "error[RTE602]:",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_files_that_break_the_promise_are_found(name, monkeypatch):
    monkeypatch.setattr(verify, "VERIFIERS", (pagerduty.check, routing.check))
    monkeypatch.setattr(verify, "ASKERS", ())
    (policy, edit), message = FAULTS[name]
    assert message in verified(edit, policy=policy)


def test_a_step_of_a_chain_with_a_service_is_shown_where_it_stands():
    wrong = edited(OF_CHAIN, ("page: person/cy, by", "page: person/dy, by"))
    shown = said(wrong)
    line = next(number for number, text in enumerate(wrong.split("\n"), 1) if "person/dy" in text)
    assert f"--> policy.yaml:{line}:" in shown


TWO_CHANNELS = (
    "channels:\n  a: {pagerduty: A, key_file: k, audience: internal}\n"
    "  b: {pagerduty: B, key_file: k, audience: internal}\n"
)
SHARED = {
    "two chains": (
        [
            chain(KEPT),
            ("escalations:\n", "escalations:\n  other:\n    - {page: schedule/primary, by: first}\n"),
            (
                "    escalation: web\n    runbook: recovery.md\n    depends_on",
                f"    escalation: other\n    pagerduty: {KEPT}\n    runbook: recovery.md\n    depends_on",
            ),
        ],
        "error[PGD201]: Shop: live would escalate by two chains, other and web\n",
    ),
    "two keys": (
        [chain(KEPT), shop('{service: "shop: LIVE", key_file: another}')],
        f"error[PGD201]: Shop: live has two key files, `{SECRETS}/another` and `{SECRETS}/shop-key`\n",
    ),
    "one key": (
        [chain(KEPT), shop('{service: "Another", key_file: shop-key}')],
        f"error[PGD201]: Shop: live and Another of the service shop have one key file, `{SECRETS}/shop-key`\n",
    ),
    "a name that is made": (
        [shop('{service: "shop web P1", key_file: shop-key}')],
        "error[PGD201]: shop web P1 is the name of two services of PagerDuty, that of the service shop, too\n",
    ),
    "two urgencies": (
        [chain(KEPT), ("    closes: with-alert\n  P3:", "    closes: with-alert\n    urgency: low\n  P3:")],
        "error[PGD201]: Shop: live is paged for a P0 of high urgency and a P2 of low urgency\n",
    ),
    "the key of a channel": (
        [shop('{service: "Another", key_file: slack-url}')],
        f"error[PGD201]: the key of Another in PagerDuty, `{SECRETS}/slack-url`, is a secret of the channel room, ",
    ),
    "one key of two channels": (
        [
            (
                "channels:\n",
                TWO_CHANNELS,
            ),
            ("    resolve: 1h\n    notify: [page, room]\n", "    resolve: 1h\n    notify: [page, room, a, b]\n"),
        ],
        f"error[PGD201]: the channels a and b have one file with different secrets, `{SECRETS}/k`\n",
    ),
    "a service that a channel is": (
        [
            ("channels:\n", "channels:\n  a: {pagerduty: shop web P0, key_file: k, audience: internal}\n"),
            ("    resolve: 1h\n    notify: [page, room]\n", "    resolve: 1h\n    notify: [page, room, a]\n"),
        ],
        "error[PGD201]: the channel a is the service shop web P0 of PagerDuty, which pages the chain web\n",
    ),
    "a severity that is none": (
        [chain(URGENT.replace("P1", "P7"))],
        "error[REF301]: there is no severity `P7`",
    ),
}


@pytest.mark.parametrize("name", SHARED)
def test_what_is_one_in_pagerduty_is_not_two_here(name):
    edits, message = SHARED[name]
    assert message in said(edited(SMALL, *edits))


def test_a_service_that_nothing_pages_keeps_none():
    paged = edited(
        SMALL.replace("notify: [page, room]", "notify: [pager, room]"),
        ("channels:\n", "channels:\n  pager: {opsgenie: web, key_file: opsgenie, audience: internal, pages: true}\n"),
        (
            "    escalation: web\n    runbook: recovery.md\n    depends_on",
            f"    pagerduty: {KEPT}\n    runbook: recovery.md\n    depends_on",
        ),
    )
    assert (
        "error[PGD202]: shop keeps the service Shop: live of PagerDuty, but has no `escalation`: nothing pages it\n"
    ) in said(paged, "PGD202")


def test_services_of_one_chain_may_share_one():
    both = edited(SMALL, chain(KEPT), shop(KEPT))
    assert said(both, "PGD201") == ""
    assert services(both) == {"Shop: live": "shop web P0"}


def test_explain_who_and_diff_say_which_service_it_is(tmp_path):
    for name, text in {"old": SMALL, "each": EACH, "kept": OF_SERVICE}.items():
        (tmp_path / name / "policy").mkdir(parents=True)
        (tmp_path / name / "policy/shop.yaml").write_text(text, encoding="utf-8")
    assert alertc(tmp_path / "each", "render").returncode == 0
    assert alertc(tmp_path / "kept", "render").returncode == 0
    explained = alertc(tmp_path / "each", "explain", "MoneyLost").stdout
    assert "Its incident is of PagerDuty's service shop shop P0.\n" in explained
    explained = alertc(tmp_path / "kept", "explain", "MoneyLost").stdout
    assert (
        "Its incident is of PagerDuty's service Shop: live, which was there before: `alertc pagerduty apply` lets it "
        "escalate by `shop web P0`.\n"
    ) in explained
    changed = alertc(tmp_path / "kept", "diff", str(tmp_path / "old/policy/shop.yaml")).stdout
    assert "its incident is of PagerDuty's service Shop: live instead of shop web P0" in changed
    assert alertc(tmp_path / "kept", "who", "P2", "shop").stdout.startswith("A P2 of shop, ")
    written = text_of("docs/incident-response.md", OF_SERVICE)
    assert "| P1 | web (shop) |" in written
    assert "| P1 | web |" in written
