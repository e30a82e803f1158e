"""A P0 or P1 for a single event of a counter needs a test in which that event is the first."""

import pytest

from tests.compiling import SMALL, compiled

ALERT = """
  PaymentsLost:
    service: shop
    severity: {severity}
    expr: {expr}
    seen_within: 15s
    summary: Payments were lost
    tests:
      - {{given: {{'lost_total{{method="card"}}': {values}}}, fires_at: 1m15s}}
      - {{given: {{'lost_total{{method="card"}}': 0x20}}, silent_until: 5m}}
"""


def found(expr, values="0x4 1x10", severity="P1", labels='{method="card"}'):
    text = SMALL + ALERT.format(expr=expr, values=values, severity=severity).replace('{method="card"}', labels)
    return [one.message for one in compiled(text).diagnostics if one.code == "PQL728"]


@pytest.mark.parametrize(
    "expr",
    [
        "sum(increase(lost_total[1m])) > 0",
        "increase(lost_total[1m]) >= 1",
        "sum(rate(lost_total[1m])) > 0.01",
        "max(lost_total) > 1e9 or sum(increase(lost_total[1m])) > 0",
    ],
)
def test_a_single_event_that_no_test_shows_as_the_first_is_a_warning(expr):
    assert found(expr) == [
        "no test of PaymentsLost shows the first event that lost_total counts: a series that begins at 1 has not grown"
    ]


@pytest.mark.parametrize(
    ("expr", "values", "severity"),
    [
        ("sum(increase(lost_total[1m])) > 0", "_x4 1x10", "P1"),
        ("sum(increase(lost_total[1m])) > 0", "0x4 1x10", "P2"),
        ("sum(increase(lost_total[1m])) > 3", "0x4 9x10", "P1"),
        ("sum(rate(lost_total[1m])) > 0.1", "0x4 99x10", "P1"),
        ("sum(lost_total) > 0", "0x4 1x10", "P1"),
        ("sum(increase(lost_total[1m])) > 0.1 * sum(increase(paid_total[1m]))", "0x4 1x10", "P1"),
    ],
)
def test_what_needs_more_than_one_or_is_tested_is_fine(expr, values, severity):
    assert found(expr, values, severity) == []


@pytest.mark.parametrize(
    ("labels", "warned"), [("", 0), ('{job="tills",instance="a"}', 0), ('{job="tills",till="a"}', 1)]
)
def test_of_a_counter_without_labels_the_first_sample_is_a_zero(labels, warned):
    assert len(found("sum(increase(lost_total[1m])) > 0", labels=labels)) == warned
