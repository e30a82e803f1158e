"""Every body in out/pagerduty is one that PagerDuty's own description of its API accepts.

The description is PagerDuty's and is not kept here: `ALERTC_PAGERDUTY_OPENAPI` names a copy of it.
"""

from __future__ import annotations

import json
from copy import deepcopy
from datetime import datetime, time
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from tests.alertmanager import shipped
from tests.pagerduty import Body, described, references, unknown

KINDS = ("escalation_policies", "schedules", "services", "teams")
"""The files of out/pagerduty, each called like the path that its bodies are posted to."""


@pytest.fixture(scope="module")
def api() -> dict[str, Any]:
    said = as_json_schema(described())
    assert isinstance(said, dict)
    return said


def bodies() -> dict[str, list[Body]]:
    """Return the bodies in the files of out/pagerduty; what is for Terraform is not for the API."""
    return {
        artifact.path.removeprefix("pagerduty/").removesuffix(".json"): json.loads(artifact.text)
        for artifact in shipped().artifacts
        if artifact.path.startswith("pagerduty/") and not artifact.path.endswith(".tf.json")
    }


def as_json_schema(node: Any) -> Any:
    """Return the description with OpenAPI 3.0's `nullable` in the words of JSON Schema."""
    if isinstance(node, list):
        return [as_json_schema(one) for one in node]
    if not isinstance(node, dict):
        return node
    said = {key: as_json_schema(value) for key, value in node.items()}
    if said.get("nullable") is True and isinstance(said.get("type"), str):
        said["type"] = [said["type"], "null"]
    return said


def complaints(api: dict[str, Any], kind: str, body: Body) -> list[str]:
    """Return what PagerDuty's description has against a body that is posted to create one of a kind."""
    request = f"#/paths/~1{kind}/post/requestBody/content/application~1json/schema"
    validator = Draft202012Validator({**api, "$ref": request}, format_checker=formats())
    refused = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(body)]
    return [*refused, *unknown(api, {"$ref": request}, body, "$")]


def formats() -> FormatChecker:
    checker = FormatChecker(formats=())
    checker.checks("date-time", raises=ValueError)(lambda text: datetime.fromisoformat(text).tzinfo is not None)
    checker.checks("partial-time", raises=ValueError)(lambda text: time.fromisoformat(text).tzinfo is None)
    return checker


def test_the_files_are_those_that_are_checked() -> None:
    assert tuple(sorted(bodies())) == KINDS
    assert all(bodies().values())


@pytest.mark.parametrize("kind", KINDS)
def test_pagerduty_accepts_every_body(api: dict[str, Any], kind: str) -> None:
    assert [found for body in bodies()[kind] for found in complaints(api, kind, body)] == []


@pytest.mark.parametrize(
    ("kind", "change", "complaint"),
    [
        ("teams", {"team": {"colour": "red"}}, "$.team.colour: PagerDuty knows no such field"),
        ("teams", {"team": {"name": 7}}, "$.team.name: 7 is not of type 'string'"),
        ("services", {"service": {"acknowledgement_timeout": "0"}}, "acknowledgement_timeout: '0' is not of type"),
        ("services", {"service": {"incident_urgency_rule": {"urgency": "urgent"}}}, "'urgent' is not one of"),
        ("services", {"service": {"teams": []}}, "$.service.teams: only PagerDuty sets it"),
        ("services", {"service": {"escalation_policy": None}}, "$.service: 'escalation_policy' is a required property"),
        ("schedules", {"schedule": {"schedule_layers": [{"start": "soon"}]}}, "'soon' is not a 'date-time'"),
        ("escalation_policies", {"escalation_policy": {"escalation_rules": [{"targets": []}]}}, "[] "),
        (
            "escalation_policies",
            {"escalation_policy": {"escalation_rules": [{"targets": [{"type": "team_reference"}]}]}},
            "'team_reference' is not one of",
        ),
    ],
)
def test_a_body_that_pagerduty_would_refuse_is_seen(
    api: dict[str, Any], kind: str, change: Body, complaint: str
) -> None:
    body = changed(bodies()[kind][0], change)
    found = complaints(api, kind, body)
    assert any(complaint in one for one in found), found


def changed(body: Any, change: Any) -> Any:
    """Return the body with the change laid over it; None removes."""
    if isinstance(change, dict) and isinstance(body, dict):
        said = deepcopy(body)
        for key, value in change.items():
            said[key] = changed(body.get(key), value)
        return {key: value for key, value in said.items() if value is not None}
    if isinstance(change, list) and isinstance(body, list) and change:
        return [changed(body[0], change[0]), *body[1:]]
    return change


def test_names_stand_for_the_ids_of_what_is_there() -> None:
    """PagerDuty gives out the ids; whoever pushes the bodies finds them by these names."""
    found = bodies()
    people = {person.email for person in shipped().plan.policy.people.values()}
    there = {
        "user": people,
        "schedule": {body["schedule"]["name"] for body in found["schedules"]},
        "team": {body["team"]["name"] for body in found["teams"]},
        "escalation_policy": {body["escalation_policy"]["name"] for body in found["escalation_policies"]},
    }
    named = list(references(list(found.values())))
    assert {kind for kind, _ in named} == set(there)
    assert [(kind, name) for kind, name in named if name not in there[kind]] == []


def test_nothing_closes_or_reopens_an_urgent_incident_by_time() -> None:
    """Unless set, PagerDuty triggers an acknowledged incident anew after 30 minutes and closes one after 4 hours."""
    services = [body["service"] for body in bodies()["services"]]
    urgent = [service for service in services if service["name"].endswith(("P0", "P1"))]
    assert len(urgent) > 2
    for service in urgent:
        assert (service["acknowledgement_timeout"], service["auto_resolve_timeout"]) == (0, 0)
        assert service["incident_urgency_rule"] == {"type": "constant", "urgency": "high"}
        assert service["alert_grouping_parameters"] == {"type": None}


def test_chains_keep_to_the_limits_that_the_description_leaves_out() -> None:
    for body in bodies()["escalation_policies"]:
        policy = body["escalation_policy"]
        assert 0 <= policy["num_loops"] <= 9
        assert len(policy["teams"]) <= 1
        assert all(rule["escalation_delay_in_minutes"] >= 1 for rule in policy["escalation_rules"])
    for body in bodies()["schedules"]:
        for layer in body["schedule"]["schedule_layers"]:
            assert 3600 <= layer["rotation_turn_length_seconds"] <= 31_536_000
            assert all(restriction["duration_seconds"] < 86_400 for restriction in layer["restrictions"])
            assert all("start_day_of_week" not in restriction for restriction in layer["restrictions"])
