"""A record that looks back far is slow, also where a test gives it in place of what it is made of."""

import pytest

from tests.verifying import POLICY, verified

ALERT = """
  Failing:
    service: shop
    severity: {severity}
    expr: job:failing:avg{{job="web"}} > 0.5
{seen}    summary: Most requests fail
    tests:
      - {{given: {{'job:failing:avg{{job="web"}}': 0x4 1x10}}, fires_at: 1m15s, labels: {{job: web}}}}
      - {{given: {{'job:failing:avg{{job="web"}}': 0x20}}, silent_until: 5m}}
"""
RECORD = "records:\n  job:failing:avg: {{every: 15s, expr: 'avg by (job) (avg_over_time(failing[{back}]))'}}\n"


def found(back="30m", severity="P0", seen=""):
    policy = POLICY.replace("records:\n", RECORD.format(back=back)) + ALERT.format(severity=severity, seen=seen)
    return verified(policy=policy, tests="shop")


def test_a_test_that_gives_the_record_does_not_show_how_soon_it_changes():
    assert found() == (
        "warning[TST602]: no test shows how soon Failing is detected: "
        "its test gives job:failing:avg, which looks back over 30m\n"
        "   --> policy.yaml:194:11\n"
        "    |\n"
        '194 |     expr: job:failing:avg{job="web"} > 0.5\n'
        "    |           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n"
        "    = help: add a test with `fires_at` whose series behind the record change at some moment, "
        "such as `0x4 1x10`\n"
    )


@pytest.mark.parametrize(("back", "severity"), [("15s", "P0"), ("2m", "P2")])
def test_a_record_within_the_time_to_detect_is_no_fault(back, severity):
    assert "TST602" not in found(back, severity)
