"""Whom PagerDuty pages, by an export of the account."""

import json

import pytest

from tests.audit.test_audit import PROMISE, audit, findings, folder

__all__ = ["folder"]

POLICIES = [
    {
        "id": "P1",
        "name": "shop",
        "escalation_rules": [
            {
                "escalation_delay_in_minutes": 10,
                "targets": [{"id": "S1", "type": "schedule", "summary": "shop primary"}],
            },
            {"escalation_delay_in_minutes": 15, "targets": [{"id": "U1", "type": "user", "summary": "Ann"}]},
        ],
    }
]


def export(urgency="high", key="secret-key", status="active", policies=POLICIES):
    service = {
        "id": "V1",
        "name": "shop",
        "status": status,
        "escalation_policy": {"id": "P1"},
        "incident_urgency_rule": {"type": "constant", "urgency": urgency},
        "integrations": [{"id": "I1", "integration_key": key}],
    }
    return json.dumps({"services": [service], "escalation_policies": policies})


def found(folder, **options):
    (folder / "account.json").write_text(export(**options))
    text = audit(folder, "--pagerduty", "account.json", "--format", "json").stdout
    assert "secret-key" not in text
    return [f"{one['code']}: {one['message']}" for one in json.loads(text)["findings"] if one["code"] > "AUD959"]


def test_the_steps_are_told_of_an_alert(folder):
    (folder / "account.json").write_text(export())
    said = audit(folder, "--pagerduty", "account.json", "--alert", "CheckoutDown").stdout
    assert said.splitlines()[3:5] == [
        "  9m25s  pager: PagerDuty pages",
        "         PagerDuty shop: whoever is on call in shop primary, after 10m Ann",
    ]


def test_a_folder_of_files_is_an_export(folder):
    (folder / "account").mkdir()
    whole = json.loads(export(urgency="low"))
    for key, bodies in whole.items():
        (folder / "account" / f"{key}.json").write_text(json.dumps({key: bodies}))
    ran = audit(folder, "--pagerduty", "account", "--format", "json")
    assert "AUD960" in ran.stdout


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, []),
        ({"urgency": "low"}, ["AUD960: critical CheckoutDown and 1 other page shop, a service of low urgency"]),
        (
            {"key": "another"},
            [
                (
                    "AUD961: critical CheckoutDown and 1 other page with the key of pager, which no service of the "
                    "export has"
                )
            ],
        ),
        ({"status": "disabled"}, ["AUD962: critical CheckoutDown and 1 other page shop, which is disabled"]),
        ({"policies": []}, ["AUD962: critical CheckoutDown and 1 other page shop, which pages nobody at first"]),
    ],
)
def test_what_loses_the_page_of_an_urgent_alert(folder, options, expected):
    assert found(folder, **options) == expected


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        ("[]", "it lists no `services`"),
        ('{"services": 3}', "it lists no `services`"),
    ],
)
def test_what_is_no_export_is_refused(folder, text, why):
    (folder / "account.json").write_text(text)
    ran = audit(folder, "--pagerduty", "account.json")
    assert ran.returncode == 3
    assert ran.stderr == (
        f"error[AUD963]: cannot read the PagerDuty export: {why}\n"
        "  --> account.json\n"
        "   = help: give the JSON of `GET /services?include[]=integrations` and `GET /escalation_policies`\n"
        "\n"
        "1 error\n"
    )


def test_an_export_that_is_not_there_is_refused(folder):
    ran = audit(folder, "--pagerduty", "account.json")
    assert ran.stderr.startswith("error[AUD963]: cannot read the PagerDuty export: No such file or directory\n")


def test_without_an_export_nothing_is_said_of_it(folder):
    assert not [one for one in findings(folder, promise=PROMISE) if "AUD96" in one]
