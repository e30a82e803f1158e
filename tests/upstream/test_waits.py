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
        ("slow > 0.5 and rate(x[5m]) > 1", 5),
        ("itself > 1", 0),
    ],
)
def test_the_shortest_range_is_found_behind_records_too(expr, minutes):
    assert waits.shortest(promql.parsed(expr), RECORDS) == timedelta(minutes=minutes)
