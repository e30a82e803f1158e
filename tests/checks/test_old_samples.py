"""An `offset` beyond what Prometheus keeps reads nothing, which no unit test shows."""

import pytest

from tests import compiling
from tests.compiling import SMALL, edited

ALERT = """alerts:
  Shrunk:
    service: shop
    severity: %s
    expr: %s
    summary: There are fewer orders than before
    tests:
      - {given: {orders: 9x4 1x10}, fires_at: 1m15s}
      - {given: {orders: 9x20}, silent_until: 5m}
"""


def said(expr: str, severity: str = "P2", record: str = "") -> str:
    """Return what RUL525 says where Prometheus keeps samples for 30 days."""
    records = (
        "records:\n",
        f"records:\n  orders:before: {{every: 15s, expr: '{record}'}}\n" if record else "records:\n",
    )
    return compiling.said(edited(SMALL, ("alerts:\n", ALERT % (severity, expr)), records), "RUL525")


def test_an_offset_beyond_what_is_kept_is_found(golden):
    golden.expect("faults/samples-deleted.txt", said("sum(orders) < 0.5 * sum(orders offset 60d)", "P1"))


@pytest.mark.parametrize(
    ("expr", "age"),
    [
        ("sum(orders) < 0.5 * sum(avg_over_time(orders[1d] offset 30d))", "30d"),
        ("sum(orders) < 0.5 * sum(max_over_time(orders[1d:1h] offset 40d))", "40d"),
        ("sum(orders) < 0.5 * sum(max_over_time((orders offset 20d)[1d:1h] offset 10d))", "30d"),
        ("sum(orders) < 3 or sum(orders offset 31d) < 3", "31d"),
    ],
)
def test_of_what_is_not_urgent_or_may_fire_all_the_same_it_is_a_warning(expr, age):
    assert said(expr).startswith(f"warning[RUL525]: Shrunk reads samples of {age} ago, but Prometheus keeps 30d")
    assert said(expr, "P1").startswith("warning" if " or " in expr else "error")


def test_a_record_reads_nothing_either():
    assert said("orders:before > 3", record="sum(orders offset 31d)").startswith(
        "warning[RUL525]: orders:before reads samples of 31d ago"
    )


@pytest.mark.parametrize(
    "expr",
    [
        "sum(orders) < 0.5 * sum(orders offset 29d)",
        "sum(orders) < 0.5 * sum(avg_over_time(orders[45d]))",
        "sum(orders offset -60d) < 3",
    ],
)
def test_what_is_kept_is_read(expr):
    assert said(expr) == ""
