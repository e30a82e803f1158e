"""What series carry does not decide where an alert goes."""

import pytest
import yaml

from generator.plan.plan import Origin
from generator.policy.label_names import USUAL
from tests.compiling import EXCHANGE, SMALL, compiled, edited, files
from tests.verifying import verified

SERIES = 'money_lost{duty="heartbeat",containment="stop-sales",incident="MoneyLost",page_each="till",till="north"}'
EXAMPLE = f"""
  Example:
    service: shop
    severity: P3
    expr: money_lost > 0
    summary: Money is lost
    tests:
      - {{given: {{'{SERIES}': 0x4 1x20}}, fires_at: 1m15s, labels: {{till: north}}}}
"""


def test_what_series_bring_of_them_is_not_on_the_alert():
    """promtool runs the test: the alert has the label `till` of its series, and none of the others."""
    assert verified(policy=SMALL + EXAMPLE, tests="shop") == ""


@pytest.mark.parametrize("policy", [SMALL, EXCHANGE])
def test_every_rule_sets_them_or_removes_them(policy):
    plan = compiled(policy).plan
    left = {
        (rule.name, rule.origin)
        for rule in plan.rules
        if not set(USUAL.pinned) <= rule.labels.keys() and not rule.origin.spread
    }
    assert left == set()


def test_the_rules_of_deadlines_take_over_what_they_watch():
    spread = [rule for rule in compiled(SMALL).plan.rules if rule.origin.spread]
    assert {rule.labels["incident"] for rule in spread} == {"{{ $labels.alertname }}"}
    assert all({"containment", "page_each"}.isdisjoint(rule.labels) for rule in spread)


def test_the_alert_of_a_containment_carries_it():
    rules = yaml.safe_load(files(SMALL)["prometheus/rules/shop.yaml"])["groups"]
    (labels,) = (rule["labels"] for group in rules for rule in group["rules"] if rule.get("alert") == "MoneyLost")
    assert (labels["containment"], labels["duty"], labels["incident"]) == ("stop-sales", "", "")


def test_the_heartbeat_and_the_pipeline_keep_their_duty():
    rules = {rule.origin: rule for rule in compiled(SMALL).plan.rules}
    assert rules[Origin.HEARTBEAT].labels["duty"] == "heartbeat"
    assert rules[Origin.PIPELINE].labels["duty"] == "pipeline"


def test_an_expression_that_keeps_one_of_them_is_warned_of():
    kept = edited(
        SMALL + EXAMPLE,
        ("    expr: money_lost > 0\n", "    expr: max by (till, duty) (money_lost) > 0\n"),
    )
    (finding,) = compiled(kept).diagnostics
    assert (finding.code, finding.message) == (
        "PQL705",
        "Example has a series for each `duty`, and its rule removes that label from all of them",
    )
    assert finding.help == (
        "aggregate the label away, or copy the label to another name with `label_replace`: "
        "alertc routes, groups or silences by `duty`"
    )
