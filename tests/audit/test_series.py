"""A real Prometheus says what only the series know: which labels they have, and which series are not there."""

from __future__ import annotations

import json

import pytest

from generator.policy import schema
from tests import seeds
from tests.alertmanager import SUITES, prometheus
from tests.live import address, exporter, get, wait
from tests.projects import alertc

pytestmark = pytest.mark.network

METRICS = """\
disk_used_ratio{mount="/",tier="gold"} 0.5
disk_used_ratio{mount="/data",tier="gold"} 0.5
jobs_failed{team="billing"} 1
jobs_failed 1
"""
RULES = """\
groups:
  - name: g
    rules:
      - {alert: DiskFull, expr: disk_used_ratio > 0.9, labels: {severity: critical}}
      - {alert: JobFailed, expr: jobs_failed > 0, labels: {severity: critical}}
      - alert: Copied
        expr: label_replace(disk_used_ratio, "tier", "$1", "mount", "(.*)") > 0.9
        labels: {severity: critical}
      - {alert: Gone, expr: no_such_metric > 0 unless up == 0, labels: {severity: critical}}
      - {alert: Absent, expr: absent(no_such_metric), labels: {severity: critical}}
"""
ALERTMANAGER = """\
route:
  receiver: pager
  routes:
    - {receiver: nobody, matchers: [tier!="gold", team=""]}
    - {receiver: nobody, matchers: [region="us"]}
receivers:
  - name: pager
    pagerduty_configs: [{routing_key: secret}]
  - name: nobody
"""


@pytest.mark.parametrize("suite", seeds.parameters(SUITES, 3))
def test_what_the_series_have_settles_who_is_told(suite, tmp_path):
    (tmp_path / "rules.yml").write_text(RULES)
    (tmp_path / "alertmanager.yml").write_text(ALERTMANAGER)
    files = ("audit", "--rules", "rules.yml", "--alertmanager", "alertmanager.yml", "--format", "json")
    before = json.loads(alertc(tmp_path, *files).stdout)
    with exporter(lambda: METRICS) as place:
        config = {
            "global": {"scrape_interval": "1s", "evaluation_interval": "20s", "external_labels": {"region": "eu"}},
            "scrape_configs": [{"job_name": "shop", "static_configs": [{"targets": [place]}]}],
        }
        with prometheus(suite, tmp_path, config):
            url = address(tmp_path)
            asked = f"{url}/api/v1/query?query=jobs_failed"
            wait("it scrapes", lambda: get(asked)["data"]["result"], tmp_path / "prometheus.log")
            ran = alertc(tmp_path, *files, "--prometheus", url)
    after = json.loads(ran.stdout)
    assert schema.faults(after, "audit") == ()
    assert {one["name"]: one["certain"] for one in before["alerts"]} == {
        "DiskFull": False,
        "JobFailed": False,
        "Copied": False,
        "Gone": False,
        "Absent": True,
    }
    known = {
        one["name"]: (one["certain"], [told["receiver"] for told in one["told"]], one["nobody_if"], one["latest"])
        for one in after["alerts"]
    }
    pager = (True, ["pager"], [], "5m37s")
    assert known == {
        "DiskFull": pager,
        # Some of its series have a team, and some have none.
        "JobFailed": (False, ["pager"], [{"team": ""}], None),
        # The expression itself makes the label.
        "Copied": (False, ["pager"], [{"tier": "example"}], None),
        "Gone": (False, ["pager"], known["Gone"][2], None),
        "Absent": (True, [], [{}], None),
    }
    missing = [one for one in after["findings"] if one["code"] == "AUD950"]
    assert [(one["message"], one["notes"]) for one in missing] == [
        (
            "1 of 5 alerts read series that the server does not have now: Gone",
            ["no series: no_such_metric"],
        )
    ]


def test_a_server_that_does_not_answer_is_said_to_be_missing(tmp_path):
    (tmp_path / "rules.yml").write_text(RULES)
    (tmp_path / "alertmanager.yml").write_text(ALERTMANAGER)
    files = ("audit", "--rules", "rules.yml", "--alertmanager", "alertmanager.yml")
    ran = alertc(tmp_path, *files, "--prometheus", "http://127.0.0.1:9")
    assert (ran.returncode, ran.stdout) == (3, "")
    assert ran.stderr.startswith("alertc: http://127.0.0.1:9/")
