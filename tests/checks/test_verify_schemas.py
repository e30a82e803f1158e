"""Every file has the form of its kind; a template that writes something else is shown with policy and file."""

import pytest
from jsonschema import Draft202012Validator

from generator.checks import verify
from generator.policy import schema
from tests.compiling import EXCHANGE
from tests.verifying import POLICY, verified

A = "alertmanager/alertmanager.yml"
POLICIES, SERVICES = "pagerduty/escalation_policies.json", "pagerduty/services.json"
TERRAFORM = "pagerduty/terraform.tf.json"

SCHEMAS = (
    "alertmanager",
    "pagerduty-escalation_policies",
    "pagerduty-schedules",
    "pagerduty-services",
    "pagerduty-teams",
    "pagerduty-terraform",
    "prometheus-rules",
    "prometheus-tests",
)


@pytest.fixture(autouse=True)
def _no_other_verifier(monkeypatch):
    monkeypatch.setattr(verify, "VERIFIERS", ())
    monkeypatch.setattr(verify, "ASKERS", ())


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_schema_is_one(name):
    Draft202012Validator.check_schema(schema.read(name))


@pytest.mark.parametrize("policy", [POLICY, EXCHANGE])
def test_what_is_rendered_has_its_form(policy):
    assert verified(policy=policy) == ""


CASES = {
    "unknown-key-of-a-route": [(A, "group_wait: 0s", "grup_wait: 0s")],
    "no-length": [(A, "group_wait: 0s", "group_wait: soon")],
    "not-a-boolean": [(A, "continue: true", "continue: maybe")],
    "secret": [(A, "routing_key_file: '/etc/alertmanager/secrets/pagerduty-web-P0'", "routing_key: 'abc'")],
    "webhook-without-address": [(A, "url: 'http://halt.internal/v1'", "max_alerts: 0")],
    "unknown-key-of-a-rule": [("prometheus/rules/shop.yaml", "for: 15m", "four: 15m")],
    "label-name": [("prometheus/rules/shop.yaml", "summary:", "sum-mary:")],
    "test-without-time": [("prometheus/tests/shop.test.yaml", "eval_time: 14m45s\n", "every: 15s\n")],
    "no-delay": [(POLICIES, '"escalation_delay_in_minutes": 1,', '"escalation_delay_in_minutes": 0,')],
    "loops": [(POLICIES, '"num_loops": 9', '"num_loops": 10')],
    "nobody-to-page": [(POLICIES, '{ "type": "schedule_reference", "id": "primary" }', "")],
    "default-time-out": [(SERVICES, '"acknowledgement_timeout": 0,', "")],
    "alerts-are-grouped": [(SERVICES, '"type": null', '"type": "intelligent"')],
    "terraform-unescaped": [(TERRAFORM, "Money is lost.", "Money is ${lost}.")],
    "terraform-default-time-out": [(TERRAFORM, '"auto_resolve_timeout": "null",', "")],
    "terraform-zone": [(TERRAFORM, '"Europe/Zurich"', '"UTC"')],
    "terraform-no-reference": [(TERRAFORM, '"${data.pagerduty_user.ana.id}"', '"ana"')],
    "turn-too-short": [
        ("pagerduty/schedules.json", '"rotation_turn_length_seconds": 604800', '"rotation_turn_length_seconds": 60')
    ],
}


@pytest.mark.parametrize("name", CASES)
def test_what_has_another_form_is_found(name, golden):
    golden.expect(f"verify/schemas-{name}.txt", verified(*CASES[name]))
