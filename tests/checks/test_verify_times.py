"""When people are told by what was rendered: times changed in the files are found, with the sum and both places."""

from datetime import timedelta
from types import SimpleNamespace

import pytest

from generator.behaviour import clock
from generator.checks import verify
from generator.checks.files import pagerduty, times
from tests.checks.test_verify_routing import DRAFT, HALT, LAST, PAGE, A, route
from tests.compiling import EXCHANGE, SMALL
from tests.verifying import POLICY, text_of, verified

RULES = "prometheus/rules/shop.yaml"
CHAINS = "pagerduty/escalation_policies.json"
SERVICES, TERRAFORM = "pagerduty/services.json", "pagerduty/terraform.tf.json"
ROOM, NOTICES, HEARTBEAT = (
    route("room", "severity"),
    route("unrouted", """matchers:\n        - 'severity="P3"'"""),
    route("heartbeat", "duty"),
)
STEP = """,
        {
          "escalation_delay_in_minutes": 1,
          "targets": [
            { "type": "user_reference", "id": "cy@shop.example" }
          ]
        }"""


@pytest.fixture(autouse=True)
def _only_these_verifiers(monkeypatch):
    monkeypatch.setattr(verify, "VERIFIERS", (times.check, pagerduty.check))
    monkeypatch.setattr(verify, "ASKERS", ())


@pytest.mark.parametrize("policy", [POLICY, SMALL, EXCHANGE])
def test_what_is_rendered_keeps_the_times(policy):
    assert verified(policy=policy) == ""


def first(path, before, after):
    """Return an edit of the first entry of a file: the chain of P0, and its service."""
    head = text_of(path, POLICY)
    head = head[: head.index("\n  },\n")]
    assert head.count(before) == 1, head
    return (path, head, head.replace(before, after))


def slower(text, **times):
    """Return an edit of a route that sets its times."""
    changed = text
    for key, value in times.items():
        line = next(line for line in text.splitlines() if line.strip().startswith(f"{key}:"))
        changed = changed.replace(line, f"{line.partition(':')[0]}: {value}", 1)
    return (A, text, changed)


CASES = {
    "room-too-late": [slower(ROOM, group_wait="1h")],
    "notices-too-late": [slower(NOTICES, group_interval="5h")],
    "catch-all-too-late": [slower(LAST, group_wait="24h", group_interval="24h")],
    "catch-all-repeated-rarely": [slower(LAST, repeat_interval="365d")],
    "room-repeated-rarely": [slower(ROOM, repeat_interval="365d")],
    "page-repeated-rarely": [slower(PAGE, repeat_interval="365d")],
    "heartbeat-too-rare": [slower(HEARTBEAT, repeat_interval="24h")],
    "halt-called-again-late": [slower(HALT, group_interval="2m")],
    "terraform-later-step": [
        (TERRAFORM, '"escalation_delay_in_minutes": 2', '"escalation_delay_in_minutes": 30'),
    ],
    "terraform-other-person": [(TERRAFORM, "${data.pagerduty_user.cy.id}", "${data.pagerduty_user.bo.id}")],
    "terraform-one-round": [(TERRAFORM, '"num_loops": 9', '"num_loops": 0')],
    "terraform-service-lost": [
        (
            TERRAFORM,
            '"name": "shop web P0",\n        "description": "Managed by alertc (shop). P0',
            '"name": "shop",\n        "description": "Managed by alertc (shop). P0',
        )
    ],
    "terraform-service-closes": [(TERRAFORM, '"auto_resolve_timeout": "null"', '"auto_resolve_timeout": "14400"')],
    "terraform-service-of-another-chain": [
        (TERRAFORM, "${pagerduty_escalation_policy.web-P0.id}", "${pagerduty_escalation_policy.web-P1.id}")
    ],
    "terraform-key-of-another-service": [
        (
            TERRAFORM,
            "${pagerduty_service_integration.web-P0.integration_key}",
            "${pagerduty_service_integration.web-P1.integration_key}",
        )
    ],
    "group-interval-too-long": [(A, PAGE, PAGE.replace("group_interval: 15s", "group_interval: 5m"))],
    "group-wait-too-long": [(A, PAGE, PAGE.replace("group_wait: 5s", "group_wait: 3m"))],
    "for-too-long": [(RULES, "alert: MoneyLost\n", "alert: MoneyLost\n        for: 4m\n")],
    "group-evaluated-rarely": [(RULES, "  - name: shop\n    interval: 15s\n", "  - name: shop\n    interval: 5m\n")],
    "reminder-on-a-multiple": [(A, DRAFT, DRAFT.replace("27m29s", "30m"))],
    "reminder-late-through-a-reload": [(A, DRAFT, DRAFT.replace("27m29s", "29m"))],
    "page-late-through-a-reload": [slower(PAGE, group_interval="10s", repeat_interval="2m25s")],
    "halt-repeated-rarely": [(A, HALT, HALT.replace("4m49s", "1h"))],
    "later-step": [first(CHAINS, '"escalation_delay_in_minutes": 2', '"escalation_delay_in_minutes": 30')],
    "other-person": [first(CHAINS, "cy@shop.example", "bo@shop.example")],
    "step-lost": [first(CHAINS, STEP, "")],
    "one-round": [first(CHAINS, '"num_loops": 9', '"num_loops": 0')],
    "service-lost": [first(SERVICES, '"name": "shop web P0"', '"name": "shop web p0"')],
    "service-of-another-chain": [first(SERVICES, '"id": "shop web P0"', '"id": "shop web P2"')],
    "service-of-no-chain": [first(SERVICES, '"id": "shop web P0"', '"id": "shop"')],
    "service-reopens": [first(SERVICES, '"acknowledgement_timeout": 0', '"acknowledgement_timeout": 1800')],
    "service-closes": [first(SERVICES, '"auto_resolve_timeout": 0', '"auto_resolve_timeout": 14400')],
    "service-waits-for-the-morning": [first(SERVICES, '"urgency": "high"', '"urgency": "low"')],
}


@pytest.mark.parametrize("name", CASES)
def test_a_changed_time_is_found(name, golden):
    golden.expect(f"verify/times-{name}.txt", verified(*CASES[name]))


def test_a_gap_is_as_long_as_the_real_servers_make_it():
    """The four that were measured: group_interval, repeat_interval, seconds between two messages."""
    for interval, repeat, gap in ((3000, 9000, 12), (3000, 8500, 9), (10000, 10000, 20), (10000, 9500, 10)):
        node = SimpleNamespace(
            group_interval=timedelta(milliseconds=interval), repeat_interval=timedelta(milliseconds=repeat)
        )
        assert clock.longest_gap(node) == timedelta(seconds=gap)


def test_a_group_interval_of_nothing_is_left_to_amtool():
    """Alertmanager refuses it; until amtool has said so, nothing here divides by it."""
    node = SimpleNamespace(group_interval=timedelta(), repeat_interval=timedelta(minutes=5))
    assert clock.longest_gap(node) == timedelta(minutes=5)


@pytest.mark.parametrize(("group_wait", "after"), [("24s", None), ("25s", "5m"), ("26s", "5m1s")])
def test_an_acknowledgement_at_the_end_of_the_sla_is_too_late(group_wait, after):
    """With 15s of it the sum is 4m50s; a P0 promises less than 5m."""
    said = verified((A, PAGE, PAGE.replace("group_wait: 5s", f"group_wait: {group_wait}")))
    begins = (
        f"error[TIM601]: with the rendered times, P0 MoneyLost can take {after} to be acknowledged; the SLA is 5m\n"
    )
    # Within the SLA it is another time than the policy's, and no more.
    assert said.startswith(begins if after else "warning[TIM605]: page-web-P0 hears of P0 MoneyLost")


@pytest.mark.parametrize("rarely", [(False, True), (True, False), (True, True)])
def test_of_several_routes_to_a_channel_one_that_repeats_in_time_is_enough(rarely):
    routes = "".join(HALT.replace("4m49s", "1h") if rare else HALT for rare in rarely)
    said = verified((A, HALT, routes))
    assert said.startswith("error[TIM602]: " if all(rarely) else "warning[TIM605]: halt hears of P0 MoneyLost")
