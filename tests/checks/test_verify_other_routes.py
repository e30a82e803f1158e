"""Routes and inhibitions that do with some alert what the policy does not say are found, whoever sends it."""

import pytest

from generator.checks import verify
from generator.checks.files import hours, inhibitions, other_routes, routing, times
from tests.compiling import EXCHANGE, SMALL, edited
from tests.verifying import POLICY, verified

A = "alertmanager/alertmanager.yml"
ROOM = """\
    - receiver: room
      matchers: ['severity="P0"', 'environment="production"', 'duty=~"|pipeline"']
      group_by: [alertname, environment, service, severity]
      group_wait: 6s
      group_interval: 15s
      repeat_interval: 1h59m44s
      continue: true
"""
PAGE = """\
    - receiver: page-web-P0
      matchers:
        - 'severity="P0"'
        - 'escalation="web"'
"""
STAGING = "    - {receiver: notices, matchers: ['environment=\"staging\"']}\n"
WITHIN = """\
    target_matchers:
      - 'service="shop"'
      - 'severity=~"P2|P3"'
      - 'duty=~""'
"""


@pytest.fixture(autouse=True)
def _only_these_verifiers(monkeypatch):
    checks = (other_routes.check, inhibitions.check, times.check, routing.check, hours.check)
    monkeypatch.setattr(verify, "VERIFIERS", checks)
    monkeypatch.setattr(verify, "ASKERS", ())


@pytest.mark.parametrize("policy", [POLICY, SMALL, EXCHANGE])
def test_the_packaged_routes_are_those_of_the_policy(policy):
    assert verified(policy=policy) == ""


FAULTS = {
    "a-page-of-every-environment": [(A, f"{PAGE}        - 'environment=\"production\"'\n", PAGE)],
    "a-route-for-another-environment": [(A, "  routes:\n", f"  routes:\n{STAGING}")],
    "a-room-told-twice": [(A, "    # P0 is told to room too.\n", ROOM)],
    "an-inhibition-lost": [(A, WITHIN, WITHIN.replace("P2|P3", "P3"))],
    "an-inhibition-too-wide": [(A, WITHIN, WITHIN.replace("      - 'duty=~\"\"'\n", ""))],
    "a-room-told-sooner": [(A, "      group_wait: 6s\n", "      group_wait: 2s\n")],
    "a-page-at-some-hours": [
        (A, PAGE, PAGE.replace("P0\n", "P0\n      active_time_intervals: [days]\n")),
        (A, "inhibit_rules:\n", "time_intervals: [{name: days, time_intervals: [{months: ['5']}]}]\ninhibit_rules:\n"),
    ],
    "a-halt-that-groups": [(A, "      group_by:\n        - '...'\n", "      group_by:\n        - alertname\n")],
}


@pytest.mark.parametrize("name", FAULTS)
def test_what_the_policy_does_not_say_is_found(name, golden):
    golden.expect(f"verify/other-routes-{name}.txt", verified(*FAULTS[name]))


def test_matchers_in_another_order_and_twice_mean_the_same():
    twice = PAGE.replace("        - 'severity=\"P0\"'\n", "") + "        - 'severity=\"P0\"'\n" * 2
    assert verified((A, PAGE, twice)) == ""


IN_BUSINESS_HOURS = edited(
    POLICY,
    (
        "    acknowledge: 4h\n    resolve: 24h\n",
        "    acknowledge: 6d\n    answer_in: 1h\n    resolve: 12d\n    hours: business\n",
    ),
)


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        (
            "end_time: '18:00'",
            "end_time: '18:01'",
            "page-web-P2 hears of P2 ErrorsHigh of shop on Thu 2026-01-01 18:00",
        ),
        ("'monday', ", "", "page-web-P2 does not hear of P2 ErrorsHigh of shop on Mon 2026-01-05 09:00"),
        ("location: Europe/Zurich", "location: Europe/London", "page-web-P2 does not hear"),
        ("weekdays: ['monday', 'tuesday', 'wednesday', 'thursday', 'friday']", "weekdays: ['monday:friday']", ""),
    ],
)
def test_other_hours_than_those_of_the_policy_are_found(before, after, found):
    said = verified((A, before, after), policy=IN_BUSINESS_HOURS)
    assert said.startswith("error[RTE619]: page-web-P2 ") if found else said == ""
    assert found in said


def test_what_the_policy_says_of_hours_is_rendered():
    assert verified(policy=IN_BUSINESS_HOURS) == ""
