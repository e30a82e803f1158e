"""Each sample is seen until the next one is there: between scrapes, between evaluations, between records."""

import pytest

from tests import compiling
from tests.compiling import SMALL, compiled, edited

STACK = "scrape: 15s, scrape_timeout: 10s, evaluate: 15s,"


def said(policy):
    return compiling.said(policy, "RUL523", "RUL524")


def stack(written):
    return edited(SMALL, (STACK, written))


@pytest.mark.parametrize(
    ("written", "apart"),
    [
        ("scrape: 4m, scrape_timeout: 59s, evaluate: 15s,", None),
        ("scrape: 4m, scrape_timeout: 1m, evaluate: 15s,", "5m"),
        ("scrape: 4m50s, evaluate: 15s,", "5m"),
        ("scrape: 4m49s, evaluate: 15s,", None),
        ("scrape: 5m, evaluate: 15s, lookback: 6m,", None),
        ("scrape: 50s, evaluate: 15s, lookback: 1m,", "1m"),
    ],
)
def test_a_sample_is_seen_until_the_next_scrape_has_ended(written, apart):
    found = said(stack(written))
    assert (f"a sample may come {apart} after the one before it" in found) if apart else found == ""


def test_it_is_said_where_it_is_written(golden):
    golden.expect("faults/scraped-too-rarely.txt", said(stack("scrape: 5m, scrape_timeout: 10s, evaluate: 5m,")))


@pytest.mark.parametrize(("timeout", "found"), [("15s", False), ("16s", True)])
def test_prometheus_refuses_a_time_out_above_the_interval(timeout, found):
    shown = said(stack(f"scrape: 15s, scrape_timeout: {timeout}, evaluate: 15s,"))
    assert (
        shown.startswith("error[RUL524]: `scrape_timeout` (16s) is longer than `scrape` (15s)") if found else not shown
    )


@pytest.mark.parametrize(("scrape", "timeout"), [("5s", 5), ("10s", 10), ("1m", 10)])
def test_a_time_out_that_is_not_written_is_never_above_the_interval(scrape, timeout):
    made = compiled(stack(f"scrape: {scrape}, evaluate: 15s,"))
    assert made.plan.stack.scrape_timeout.total_seconds() == timeout


RECORD = "every: 15s\n    expr: sum by (job) (rate(errors_total[2m]))"


@pytest.mark.parametrize(
    ("every", "expr", "found"),
    [
        ("4m59s", 'job:errors:ratio{job="$service"}', False),
        ("5m", 'job:errors:ratio{job="$service"}', True),
        ("5m", 'last_over_time(job:errors:ratio{job="$service"}[15m])', False),
        ("5m", 'max(job:errors:ratio{job="$service"})', True),
        ("5m", 'max_over_time(job:errors:ratio{job="$service"}[15m:1m])', False),
        ("5m", '{__name__="job:errors:ratio",job="$service"}', True),
    ],
)
def test_a_record_is_seen_until_it_is_made_again(every, expr, found):
    reads = 'expr: job:errors:ratio{job="$service"} > $limit'
    policy = edited(SMALL, (RECORD, RECORD.replace("15s", every)), (reads, f"expr: '{expr} > $limit'"))
    shown = said(policy)
    assert (
        shown.startswith("error[RUL523]: job:errors:ratio has gaps: it is recorded every 5m, and seen for 5m\n")
        is found
    )
    assert ("= its latest sample is read by ErrorsHigh\n" in shown) is found
