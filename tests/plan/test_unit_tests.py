"""Tests that share a run of promtool cannot see one another."""

import pytest
import yaml

from generator.checks import verify
from generator.checks.files import expanded_texts, promtool
from tests.compiling import SMALL, edited, files
from tests.verifying import verified

ALERTS = """\
alerts:
  A:
    service: shop
    severity: P3
    expr: {a}
    summary: A probe fails
    tests:
      - given: {{'probe_a{{job="probe",kind="failed",instance="i"}}': 0x4 1x10}}
        fires_at: 1m15s
        labels: {{job: probe, kind: failed, instance: i}}
      - given: {{'probe_b{{job="probe",kind="FAILED",instance="i"}}': 0x4 1x10}}
        fires_at: 1m15s
        labels: {{job: probe, kind: failed, instance: i}}
  B:
    service: shop
    severity: P3
    expr: queue_length > 5
    summary: The queue is long{b}
    tests:
      - given: {{'queue_length{{job="web"}}': 0x4 7x30}}
        fires_at: 1m15s
        labels: {{job: web}}
        says: The queue is long{says}
  C:
    service: shop
    severity: P3
    expr: max(build_number) > 11
    summary: The build is too new
    tests:
      - {{given: {{build_number: 0x4 12x30}}, fires_at: 1m15s}}
"""
BY_PATTERN = '\'{job="probe",kind="failed"} > 0\''
BY_NAME = '\'{__name__="probe_a",kind="failed"} > 0\''
QUERY = ', version {{ with query "max(build_number)" }}{{ . | first | value }}{{ end }}'


def policy(a, b):
    return edited(SMALL, ("alerts:\n", ALERTS.format(a=a, b=b, says=", version 12" if b else "")))


def blocks(text):
    tests = [yaml.safe_load(text)["tests"] for path, text in files(text).items() if "tests/shop" in path]
    return [block["name"].split(", ") for some in tests for block in some]


@pytest.fixture(autouse=True)
def _only_promtool(monkeypatch):
    monkeypatch.setattr(verify, "VERIFIERS", ())
    monkeypatch.setattr(verify, "ASKERS", (promtool.ask, expanded_texts.ask))


def test_a_test_whose_alert_selects_by_a_pattern_stands_alone():
    (own,) = [block for block in blocks(policy(BY_PATTERN, "")) if "A #2" in block]
    assert own == ["A #2"]
    assert ["A #2"] not in blocks(policy(BY_NAME, ""))


def test_a_test_whose_text_asks_for_series_stands_alone():
    (own,) = [block for block in blocks(policy(BY_NAME, QUERY)) if "B #1" in block]
    assert own == ["B #1"]
    assert any({"B #1", "C #1"} <= set(block) for block in blocks(policy(BY_NAME, "")))


def test_a_test_whose_alert_asks_for_alerts_stands_alone():
    asks = "'count(ALERTS{alertname=\"C\"}) > 0'"
    assert ["A #1"] in blocks(policy(asks, ""))


def test_what_passed_by_the_series_of_another_test_fails():
    said = verified(policy=policy(BY_PATTERN, QUERY), tests="shop")
    fails = 'expected A to fire at 1m15s with {instance="i", job="probe", kind="failed"}, but it did not fire'
    assert [line for line in said.splitlines() if line.startswith("error")] == [
        f"error[PRM610]: {fails}",
        "error[PRM613]: B fires at 1m15s, but its summary reads differently",
    ]
