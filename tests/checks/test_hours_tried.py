"""It is said which hours and days no test of an alert sees."""

import pytest

from tests.compiling import SMALL, edited, refusal, said

ALERT = """\
alerts:
  Asked:
    service: shop
    severity: P3
    expr: {expr}
    summary: Asked
    tests:
      - {{given: {{x: 5x50000}}, silent_until: {until}}}
"""


def asked(expr, until):
    return said(edited(SMALL, ("alerts:\n", ALERT.format(expr=expr, until=until))), "TST604")


def test_days_that_no_test_sees_are_named():
    assert asked("x > 0 and on () day_of_week() == 1", "30h") == (
        "note[TST604]: Asked asks for `day_of_week()`, and its tests see Thursday and Friday (UTC) alone\n"
        "   --> policy.yaml:133:5\n"
        "    |\n"
        "133 |     tests:\n"
        "    |     ^^^^^\n"
        "    = a test begins on Thursday, 1 January 1970, at 00:00, and the longest ends after 30h\n"
        "    = no test sees Saturday, Sunday, Monday, Tuesday and Wednesday\n"
        "    = help: let a test run for longer, up to a week\n"
    )


def test_hours_that_no_test_sees_are_named():
    first, *_ = asked("x > 0 and on () hour() >= 8 and on () minute() > 30", "2h30m").splitlines()
    seen = "its tests see Thursday from 00:00 to 02:30 (UTC) alone"
    assert first == f"note[TST604]: Asked asks for `hour()` and `minute()`, and {seen}"


@pytest.mark.parametrize(
    ("expr", "until"),
    [
        ("x > 0 and on () day_of_week() == 1", "7d"),
        ("x > 0 and on () hour(vector(time() + 3600)) >= 8", "24h"),
        ("x > 0 and on () minute() > 30", "1h"),
        ("day_of_month(x) > 3", "5m"),
        ("x_hour > 3", "5m"),
        ("x > 0", "5m"),
    ],
)
def test_what_is_seen_is_not_spoken_of(expr, until):
    assert asked(expr, until) == ""


def test_of_months_no_test_sees_everything():
    assert "asks for `month()`" in asked("x > 0 and on () month() == 12", "7d")


def test_a_test_may_run_for_a_week_at_any_pace():
    alert = ALERT.format(expr="x > 0 and on () day_of_week() == 9", until="8d")
    fast = edited(SMALL, ("alerts:\n", alert), ("scrape: 15s", "scrape: 5s"), ("evaluate: 15s", "evaluate: 5s"))
    assert "POL216" not in said(fast, "POL216")
    assert "this test of Asked runs for 9d" in refusal(fast.replace("silent_until: 8d", "silent_until: 9d"))
