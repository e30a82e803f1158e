"""Who is on call by the rendered schedules, of the REST API and of Terraform, is who is on call by the policy."""

import json
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.behaviour.pagerduty import PagerSchedule
from generator.checks import verify
from generator.checks.files import schedules
from generator.checks.files.schedules import _Reader
from tests.compiling import EXCHANGE, SMALL, compiled, edited
from tests.targets.test_terraform import RICH
from tests.verifying import POLICY, verified

BODIES, TERRAFORM = "pagerduty/schedules.json", "pagerduty/terraform.tf.json"


@pytest.fixture(autouse=True)
def _only_this_verifier(monkeypatch):
    monkeypatch.setattr(verify, "VERIFIERS", (schedules.check,))
    monkeypatch.setattr(verify, "ASKERS", ())


@pytest.mark.parametrize("policy", [POLICY, SMALL, EXCHANGE, RICH])
def test_what_is_rendered_is_the_policys(policy):
    assert verified(policy=policy) == ""


BEGINS = '"start": "2028-02-01T08:00:00Z", "rotation_virtual_start": "2028-02-01T08:00:00Z"'
CY = '{"user": {"type": "user_reference", "id": "cy@shop.example"}}'
ONE_HOUR = '{"type": "daily_restriction", "start_time_of_day": "09:00:00", "duration_seconds": 3600}'
CASES = {
    "zone": [(BODIES, '"time_zone": "Europe/Zurich"', '"time_zone": "Pacific/Auckland"')],
    "unknown-zone": [(BODIES, '"time_zone": "Europe/Zurich"', '"time_zone": "Europe/Atlantis"')],
    "one-hour": [
        (
            BODIES,
            '"restrictions": []',
            f'"restrictions": [{ONE_HOUR}]',
        )
    ],
    "somebody-else": [(BODIES, '"id": "bo@shop.example"', '"id": "nobody@shop.example"')],
    "later": [(BODIES, '"start": "2026', '"start": "2099')],
    "other-turns": [(BODIES, "604800", "86400")],
    "another-first-turn": [(BODIES, '"rotation_virtual_start": "2026-01-05', '"rotation_virtual_start": "2026-01-12')],
    "ends": [(BODIES, '"users": [', '"end": "2031-01-06T08:00:00Z", "users": [')],
    "a-layer-above-from-then-on": [
        (
            BODIES,
            '"restrictions": []\n        }',
            f'"restrictions": []\n        }}, {{{BEGINS}, "rotation_turn_length_seconds": 604800, "users": [{CY}]}}',
        )
    ],
    "lost": [(BODIES, '"name": "primary"', '"name": "secondary"')],
    "terraform-zone": [(TERRAFORM, '"time_zone": "Europe/Zurich"', '"time_zone": "Pacific/Auckland"')],
    "terraform-somebody-else": [(TERRAFORM, '"${data.pagerduty_user.bo.id}"', '"${data.pagerduty_user.cy.id}"')],
    "terraform-lost": [(TERRAFORM, '"name": "primary"', '"name": "secondary"')],
}


@pytest.mark.parametrize("name", CASES)
def test_another_schedule_is_found(name, golden):
    golden.expect(f"verify/schedules-{name}.txt", verified(*CASES[name]))


SAME = {
    "whole-rounds-earlier": [
        (
            BODIES,
            '"rotation_virtual_start": "2026-01-05T09:00:00+01:00"',
            '"rotation_virtual_start": "2025-12-22T08:00:00Z"',
        )
    ],
    "another-name-of-the-zone": [(BODIES, '"time_zone": "Europe/Zurich"', '"time_zone": "Europe/Berlin"')],
}


@pytest.mark.parametrize("name", SAME)
def test_what_means_the_same_may_be_written_in_another_way(name):
    assert verified(*SAME[name]) == ""


SKIPPED = 'all: {from: 2026-03-29, hand_over: "Sun 02:30", turn: 7d, rotation: [ana, bo]}'
DAILY = 'all: {from: 2026-03-29, hand_over: "Sun 02:30", turn: 1d, rotation: [ana, bo]}'
TWICE = 'all: {from: 2026-10-25, hand_over: "Sun 02:30", turn: 7d, rotation: [ana, bo]}'


@pytest.mark.parametrize("layer", [SKIPPED, DAILY, TWICE])
def test_a_first_hand_over_while_clocks_are_changed_is_rendered_as_it_is_meant(layer):
    first = 'all: {from: 2026-01-05, hand_over: "Mon 09:00", turn: 7d, rotation: [ana, bo]}'
    assert verified(policy=edited(POLICY, (first, layer))) == ""


POLICIES = {name: compiled(text) for name, text in (("rich", RICH), ("exchange", EXCHANGE))}
RENDERED = [
    (done.plan, body["schedule"])
    for done in POLICIES.values()
    for artifact in done.artifacts
    if artifact.path == BODIES
    for body in json.loads(artifact.text)
]


@given(st.sampled_from(RENDERED))
def test_where_both_are_written_alike_nobody_else_is_on_call(pair):
    """The short way (both are written alike) and the long way (minute by minute) say the same."""
    plan, body = pair
    rendered = PagerSchedule(name=body["name"], body=body, path=BODIES, where=(), where_layers=())
    reader = _Reader(plan, plan.policy.schedules[body["name"]], rendered)
    assert reader.is_alike()
    assert reader.first_difference() is None


@given(
    st.sampled_from(RENDERED),
    st.sampled_from(["start", "rotation_virtual_start"]),
    st.integers(-60 * 24 * 40, 60 * 24 * 40),
)
def test_a_layer_that_is_moved_is_alike_only_where_nobody_else_is_on_call(pair, key, minutes):
    plan, body = pair
    first, *others = body["schedule_layers"]
    moved = datetime.fromisoformat(first[key]).astimezone(timezone.utc) + timedelta(minutes=minutes)
    layers = [{**first, key: moved.isoformat()}, *others]
    rendered = PagerSchedule(
        name=body["name"], body={**body, "schedule_layers": layers}, path=BODIES, where=(), where_layers=()
    )
    reader = _Reader(plan, plan.policy.schedules[body["name"]], rendered)
    if reader.is_alike():
        assert reader.first_difference() is None
