"""An alert for a record that is missing knows how long the record outlives its series."""

from datetime import timedelta

import pytest

from tests.compiling import SMALL, compiled, edited, refusal

RECORD = "expr: sum by (job) (rate(errors_total[2m])) / sum by (job) (rate(requests_total[2m]))\n"
ALERT = """
  OrdersGone:
    service: shop
    severity: P2
    expr: job:errors:ratio{job="shop"} > 5
    when_missing: page
    summary: No orders
"""


def no_data(text):
    (rule,) = [rule for rule in compiled(text).plan.rules if rule.name == "OrdersGoneNoData"]
    return [(term.name, term.length, term.route) for term in rule.detection], rule.hold


@pytest.mark.parametrize(
    ("expr", "kept"),
    [
        ("sum by (job) (rate(errors_total[2m]))", timedelta(minutes=2)),
        ("sum by (job) (rate(errors_total[2m])) / sum by (job) (rate(requests_total[7m]))", timedelta(minutes=7)),
        ("max by (job) (max_over_time(rate(errors_total[2m])[5m:1m] offset 1m))", timedelta(minutes=8)),
        ("max by (job) (errors offset 3m)", timedelta(minutes=3)),
    ],
)
def test_a_record_is_made_as_long_as_a_range_behind_it_has_samples(expr, kept):
    detection, _ = no_data(edited(SMALL + ALERT, (RECORD, f"expr: {expr}\n")))
    assert detection == [
        ("recording rules", timedelta(seconds=15), ("records", "job:errors:ratio", "every")),
        ("ranges of records", kept, ("records", "job:errors:ratio", "expr")),
    ]


@pytest.mark.parametrize(
    "selector", ['{__name__="job:errors:ratio",job="shop"}', '{__name__=~"job:.*",job="shop"}', '{job="shop"}']
)
def test_a_record_is_read_by_any_way_to_select_it(selector):
    named = no_data(SMALL + ALERT)
    assert no_data(SMALL + ALERT.replace('job:errors:ratio{job="shop"}', f"max by (job) ({selector})")) == named


def test_ranges_of_records_behind_records_add_up():
    below = "  job:errors:rate2m:\n    every: 30s\n    expr: sum by (job) (rate(errors_total[2m]))\n"
    text = edited(
        SMALL + ALERT,
        (RECORD, "expr: max by (job) (max_over_time(job:errors:rate2m[5m]))\n"),
        ("records:\n", f"records:\n{below}"),
    )
    detection, _ = no_data(text)
    assert [(name, length) for name, length, _ in detection] == [
        ("recording rules", timedelta(seconds=45)),
        ("ranges of records", timedelta(minutes=7)),
    ]


def test_without_a_range_it_is_gone_at_once():
    detection, hold = no_data(edited(SMALL + ALERT, (RECORD, "expr: max by (job) (errors)\n")))
    assert [name for name, _, _ in detection] == ["recording rules"]
    plain, longest = no_data(SMALL + ALERT.replace("job:errors:ratio", "orders"))
    assert plain == []
    assert hold <= longest


def test_what_the_record_takes_is_no_longer_left_for_its_for():
    longer = edited(SMALL + ALERT, (RECORD, "expr: sum by (job) (rate(errors_total[9m]))\n"))
    room = compiled(longer).plan.severities["P2"].detect_in.length - timedelta(minutes=9, seconds=15)
    assert timedelta() < room < timedelta(minutes=5)
    assert no_data(longer)[1] == room // timedelta(seconds=15) * timedelta(seconds=15)


def test_an_sla_that_it_cannot_keep_is_refused():
    text = edited(
        SMALL + ALERT.replace("when_missing: page", "when_missing: P0"),
        (RECORD, "expr: sum by (job) (rate(errors_total[5m]))\n"),
    )
    assert "SLA201]: P0 OrdersGoneNoData can take" in refusal(text)
    assert "ranges of records 5m" in refusal(text)
