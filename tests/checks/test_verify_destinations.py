"""A receiver that sends elsewhere, with another secret, or to one more than the policy names is found."""

import pytest

from generator.checks import verify
from generator.checks.files import destinations
from tests.compiling import EXCHANGE, SMALL, edited
from tests.verifying import POLICY, verified

A = "alertmanager/alertmanager.yml"
PAGER = "        send_resolved: false\n        severity: critical\n"
TOKEN = """\
        http_config:
          authorization:
            credentials_file: '/etc/alertmanager/secrets/halt-token'
"""
NOTICES = "      - {api_url_file: /etc/alertmanager/secrets/slack-url, channel: '#notices', title: x}\n"
PUBLIC = "      - {api_url_file: /etc/alertmanager/secrets/slack-url, channel: '#public'}\n"


@pytest.fixture(autouse=True)
def _only_this_verifier(monkeypatch):
    monkeypatch.setattr(verify, "VERIFIERS", (destinations.check,))
    monkeypatch.setattr(verify, "ASKERS", ())


@pytest.mark.parametrize("policy", [POLICY, SMALL, EXCHANGE])
def test_the_packaged_receivers_send_where_the_policy_says(policy):
    assert verified(policy=policy) == ""


FAULTS = {
    "another-server": [(A, PAGER, f"        url: http://127.0.0.1:1/nowhere\n{PAGER}")],
    "another-server-for-all": [(A, "global:\n", "global:\n  pagerduty_url: http://127.0.0.1:1/nowhere\n")],
    "proxy": [(A, PAGER, f"        http_config: {{proxy_url: 'http://proxy.example:3128'}}\n{PAGER}")],
    "proxy-for-all": [(A, "global:\n", "global:\n  http_config: {proxy_url: 'http://proxy.example:3128'}\n")],
    "no-token": [(A, TOKEN, "")],
    "another-token": [(A, "secrets/halt-token'", "secrets/heartbeat-token'")],
    "another-workspace": [(A, "api_url_file: '/etc/alertmanager/secrets/slack-url'", "api_url_file: /etc/other/slack")],
    "key-of-another-kind": [(A, PAGER, f"        service_key_file: /etc/other/key\n{PAGER}")],
    "twice": [(A, "  - name: notices\n    slack_configs:\n", f"  - name: notices\n    slack_configs:\n{NOTICES}")],
    "token-from-elsewhere": [
        (
            A,
            PAGER,
            f"        http_config: {{oauth2: {{client_id: a, client_secret_file: /k, token_url: 'https://x'}}}}\n{PAGER}",
        )
    ],
    "another-scheme": [(A, TOKEN, f"{TOKEN}            type: Basic\n")],
    "anybody-answers": [(A, "global:\n", "global:\n  http_config: {tls_config: {insecure_skip_verify: true}}\n")],
    "cut-short-and-given-up": [(A, TOKEN, f"{TOKEN}        max_alerts: 1\n        timeout: 2s\n")],
    "one-more": [(A, "  - name: notices\n    slack_configs:\n", f"  - name: notices\n    slack_configs:\n{PUBLIC}")],
}


def test_an_event_that_pagerduty_refuses_is_found():
    assert "`grave` is not a severity that PagerDuty knows, or a template" in verified(
        (A, "        severity: critical\n", "        severity: grave\n")
    )


@pytest.mark.parametrize("name", FAULTS)
def test_a_message_that_goes_elsewhere_is_found(name, golden):
    golden.expect(f"verify/destinations-{name}.txt", verified(*FAULTS[name]))


def test_pagerduty_may_be_named():
    for server in ("https://events.pagerduty.com/v2/enqueue", "https://events.eu.pagerduty.com/v2/enqueue"):
        assert verified((A, PAGER, f"        url: {server}\n{PAGER}")) == ""


def test_the_mail_server_of_the_policy_may_be_named_again():
    policy = edited(
        POLICY,
        ('slack: "#notices"', 'email: "notices@shop.example"'),
        (
            "secrets: /etc/alertmanager/secrets",
            "secrets: /etc/alertmanager/secrets, smtp: {smarthost: 'mail.example:25', from: a@b.example}",
        ),
    )
    to = "      - to: 'notices@shop.example'\n"
    assert verified((A, to, f"{to}        smarthost: mail.example:25\n"), policy=policy) == ""
    assert "`smarthost` is other.example:25" in verified(
        (A, to, f"{to}        smarthost: other.example:25\n"), policy=policy
    )
    assert "`smtp_smarthost` is other.example:25" in verified(
        (A, "smtp_smarthost: 'mail.example:25'", "smtp_smarthost: other.example:25"), policy=policy
    )
    assert "warning[RTE615]: the receiver notices sends from b@c.example, the policy says a@b.example" in verified(
        (A, "smtp_from: 'a@b.example'", "smtp_from: b@c.example"), policy=policy
    )
