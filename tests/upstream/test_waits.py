"""How long an expression may wait until a new sample decides it, records included."""

from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from generator.upstream.promql import promql, waits
from generator.upstream.promql.records import Records


@dataclass
class Rule:
    expr: str
    labels: dict = field(default_factory=dict)


RECORDS = Records(
    {
        "slow": Rule("avg by (job) (avg_over_time(x[30m]))"),
        "slower": Rule("avg by (job) (avg_over_time(slow[5m]))"),
        "latest": Rule("max by (job) (max_over_time(x[30m]))"),
        "losses": Rule("sum by (job) (increase(x_total[30m]))"),
        "plain": Rule("sum by (job) (x)"),
        "itself": Rule("itself + 1"),
    }.items()
)


@pytest.mark.parametrize(
    ("expr", "minutes"),
    [
        ("x > 1", 0),
        ("rate(x[5m]) > 1", 5),
        ("slow > 0.5", 30),
        ("slower > 0.5", 35),
        ("avg_over_time(slow[2m]) > 0.5", 32),
        ("latest > 0.5", 0),
        ("losses > 0", 0),
        ("losses > 5", 30),
        ("plain > 0.5", 0),
        ("slow > 0.5 and rate(x[5m]) > 1", 30),
        ("rate(x[5m]) > 1 and on () sum(plain) > 3", 5),
        ("sum(plain) > 3 and on () rate(x[5m]) > 1", 5),
        ("rate(x[5m]) > 1 or y > 3", 5),
        ("y > 3 unless on () max_over_time(x[5m]) > 1", 0),
        ("avg_over_time(x[5m]) > y", 5),
        ("avg_over_time(x[5m]) > scalar(max(y))", 5),
        ("x > 2 * avg_over_time(x[1d:5m])", 0),
        ("2 * avg_over_time(x[1d:5m]) < x", 0),
        ("plain > 2 * slow", 0),
        ("y > 2 * avg_over_time(x[5m])", 0),
        ("rate(x[5m]) / rate(y[5m]) > 0.5", 5),
        ("vector(1)", 0),
        ("itself > 1", 0),
    ],
)
def test_what_decides_at_the_latest_is_found_behind_records_too(expr, minutes):
    assert waits.until_decided(promql.parsed(expr), RECORDS) == timedelta(minutes=minutes)
