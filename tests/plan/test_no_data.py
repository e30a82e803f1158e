"""The alert for series that are missing watches those without which the alert is blind, and each that counts."""

import pytest

from generator.diagnostics import formats
from generator.policy import source
from tests import seeds
from tests.compiling import SMALL, compiled, edited
from tests.verifying import verified

ALERT = """
  Stuck:
    service: shop
    severity: P2
    expr: {expr}
    page_each: [{each}]
    when_missing: P1
    summary: It is stuck
"""


def policy(expr, each=""):
    return SMALL + ALERT.format(expr=expr, each=each)


def no_data(expr, each=""):
    (rule,) = [rule for rule in compiled(policy(expr, each)).plan.rules if rule.name == "StuckNoData"]
    return rule


@pytest.mark.parametrize(
    ("expr", "watched"),
    [
        ("orders > 5 unless on () maintenance == 1", "absent(orders)"),
        ("(orders unless old) / (paid unless old) > 5", "absent(orders) or absent(paid)"),
        ("(orders or orders_v1) > 9", "absent(orders or orders_v1)"),
        ("orders > 9 or orders < 1", "absent(orders)"),
        ("(a * b or c) > 1", "absent(a or c) or absent(b or c)"),
        ("orders > 9 or absent(orders)", "absent(orders)"),
        ("(sum(orders) or vector(0)) > 9", "absent(orders)"),
        ("orders > 9 and on () open == 1", "absent(orders) or absent(open)"),
        ("increase(orders[5m] offset 1h) > scalar(limit)", "absent(orders) or absent(limit)"),
    ],
)
def test_it_watches_what_the_alert_cannot_do_without(expr, watched):
    assert no_data(expr).expr == f"group({watched})"


@pytest.mark.parametrize(
    ("expr", "each", "by"),
    [
        ("max by (till) (x) > 0", "till", "till"),
        ("max by (till, floor) (x) > 0", "till, floor", "floor, till"),
        ("x > 0", "till", "till"),
        ("max without (shop) (x) > 0", "till", "till"),
        ('label_replace(x, "till", "$1", "name", "(.*)") > 0', "till", ""),
        ("sum by (job) (x) * on (job) group_left (till) max by (job, till) (x) > 0", "till", "till"),
        ('x{till="north"} > 0', "till", ""),
        ('x{till=~"north|south"} > 0', "till", "till"),
        ("x > 0", "service", ""),
    ],
)
def test_each_value_that_counts_is_watched_where_the_expression_shows_the_label(expr, each, by):
    rule = no_data(expr, each)
    assert (f"count by ({by})" in rule.expr) is bool(by)
    assert rule.labels["page_each"] == by.replace(" ", "")


def test_one_of_two_that_vanishes_is_an_incident_of_its_own():
    rule = no_data("max by (till) (x) > 0", "till")
    each = "(count by (till) (last_over_time(x[1h])) unless count by (till) (x) and on () group(x))"
    assert rule.expr == f"{each}\nor group(absent(x))"
    all_gone, one_gone = rule.tests
    assert all_gone.given == {}
    assert one_gone.given == {'x{till="one"}': "1x4 stale", 'x{till="two"}': "1x17"}
    fires = one_gone.expected[-1]
    assert fires.labels["till"] == "one"
    assert fires.annotations["summary"] == "Stuck is blind: its series is missing (till one)"


@pytest.mark.parametrize(
    ("expr", "each"),
    seeds.parameters(
        [
            ("max by (till) (x) > 0", "till"),
            ("max by (till) (x) - on (till) max by (till) (y) > 0", "till"),
            ('max by (till) (x{till!~"o.*",code=~"5.."}) > 0', "till"),
            ("max by (till, floor) (x) * on (floor) group_left () max by (floor) (y) > 0", "till, floor"),
            ("(max by (till) (x) or max by (till) (old)) > 0", "till"),
            ("job:errors:ratio > 0.5", "job"),
            ('x and on (till) y{kind="{{"} > 0', "till"),
        ],
        3,
    ),
)
def test_its_own_tests_hold_in_promtool(expr, each):
    assert "StuckNoData" not in verified(policy=policy(expr, each), tests="shop")


def test_where_only_what_is_behind_unless_could_be_missing_there_is_no_alert():
    text = policy("vector(1) unless on () orders > 5")
    made = compiled(text)
    assert "StuckNoData" not in {rule.name for rule in made.plan.rules}
    (finding,) = [one for one in made.diagnostics if one.code == "POL231"]
    placed = formats.place((finding,), source.read(text.encode(), "policy.yaml"))
    assert "warning[POL231]: Stuck has no series that could be missing: it fires without those behind `unless`" in (
        formats.to_text(placed, {"policy.yaml": text.encode()})
    )


def test_a_rule_that_compiled_with_the_label_of_the_policy_still_does():
    text = edited(SMALL, ("page_each: [till]", "page_each: [till, environment]"))
    assert "count by (till) (" in next(
        rule.expr for rule in compiled(text).plan.rules if rule.name == "MoneyLostNoData"
    )
