"""The alerts by which the alerting watches itself, for stacks of different sizes."""

import json
import subprocess

import pytest
import yaml

from generator.checks import verify
from generator.checks.files import promtool
from generator.plan import watch
from generator.policy import schema
from generator.system import programs
from tests.cluster import objects
from tests.compiling import SMALL, edited, files
from tests.verifying import verified

TEXT = watch.ALERTS.read_text(encoding="utf-8")


def compiled_for(replicas, peers, job):
    policy = edited(SMALL, ("watch:\n", f"watch:\n  prometheus_job: {json.dumps(job)}\n"))
    tree = yaml.load(policy, yaml.BaseLoader)
    tree["stack"]["prometheus"]["replicas"] = replicas
    tree["stack"]["alertmanager"]["peers"] = peers
    tree["stack"].pop("survive", None)
    rendered = files(yaml.safe_dump(tree, sort_keys=False))
    rules = yaml.safe_load(rendered["prometheus/rules/_pipeline.yaml"])["groups"]
    tests = yaml.safe_load(rendered["prometheus/tests/_pipeline.test.yaml"])["tests"]
    return {rule["alert"]: rule for group in rules for rule in group["rules"]}, tests


def test_they_are_written_as_a_policy_writes_alerts():
    alerts = yaml.safe_load(TEXT)
    known = schema.read()["$defs"]["alert"]["properties"]
    entries = [entry for group in alerts.values() for entry in group.values()]
    assert len(entries) == 7
    assert {key for entry in entries for key in entry} <= known.keys()
    assert all(entry["tests"] for entry in entries)


@pytest.mark.parametrize("job", ["prometheus", 'a$hold\'s "{$b}"'])
@pytest.mark.parametrize(("replicas", "peers"), [(1, 1), (3, 2)])
def test_every_server_of_the_stack_is_counted(replicas, peers, job):
    rules, tests = compiled_for(replicas, peers, job)
    matcher = f"job={json.dumps(job)}"
    assert f"sum by (job) (up{{{matcher}}}) < {replicas} or" in rules["AlertingReplicaDown"]["expr"]
    assert ("ClusterMembersMissing" in rules) == (peers > 1)
    block = next(test for test in tests if "AlertingReplicaDown" in test["name"])
    own = (f"up{{{matcher},", 'up{job="alertmanager",')
    series = {one["series"]: one["values"] for one in block["input_series"] if one["series"].startswith(own)}
    assert series == {
        f'up{{{matcher},instance="1"}}': "1x4 0x20",
        **{f'up{{{matcher},instance="{number}"}}': "1x24" for number in range(2, replicas + 1)},
        **{f'up{{job="alertmanager",instance="{number}"}}': "1x24" for number in range(1, peers + 1)},
    }


@pytest.mark.parametrize(("scrape", "evaluate"), [("7s", "11s"), ("20s", "25s"), ("15s", "45s"), ("1m", "1m")])
def test_their_tests_hold_at_any_pace(scrape, evaluate, monkeypatch):
    monkeypatch.setattr(verify, "VERIFIERS", ())
    monkeypatch.setattr(verify, "ASKERS", (promtool.ask,))
    tree = yaml.load(SMALL, yaml.BaseLoader)
    tree["stack"]["prometheus"] |= {"scrape": scrape, "scrape_timeout": "5s", "evaluate": evaluate}
    tree["severities"]["P0"] |= {"acknowledge": "30m", "detect_in": "5m"}
    # Those of the author are written for a pace of their own.
    tree["alerts"] = {"MoneyLost": {**tree["alerts"]["MoneyLost"], "severity": "P2", "when_missing": "ignore"}}
    del tree["alerts"]["MoneyLost"]["containment"], tree["alerts"]["MoneyLost"]["tests"]
    said = verified(policy=yaml.safe_dump(tree, sort_keys=False))
    assert "error" not in said, said


def test_a_replica_that_is_down_is_seen_beside_the_sidecars_of_a_cluster(tmp_path):
    """Under one job both endpoints of each pod are scraped: of two pods two targets are up where one pod is down."""
    text = objects(edited(SMALL, ("replicas: 1", "replicas: 2")))
    rules = {path: one for path, one in files(text).items() if path.startswith("prometheus/rules/")}
    (tmp_path / "rules.yaml").write_text(rules["prometheus/rules/_pipeline.yaml"], encoding="utf-8")
    up = "".join(
        f'      - {{series: \'up{{job="{job}",pod="{job}-{pod}",endpoint="{endpoint}"}}\', values: \'{values}\'}}\n'
        for job in ("prometheus", "alertmanager")
        for endpoint in ("web", "reloader-web")
        for pod, values in ((0, "1x60"), (1, "0x60" if job == "prometheus" else "1x60"))
    )
    (tmp_path / "test.yaml").write_text(
        "rule_files: [rules.yaml]\nevaluation_interval: 15s\ntests:\n  - interval: 15s\n    input_series:\n"
        f"{up}    promql_expr_test:\n"
        "      - expr: count by (job) (ALERTS{alertname='AlertingReplicaDown',alertstate='firing'})\n"
        "        eval_time: 14m\n        exp_samples: [{labels: '{job=\"prometheus\"}', value: 1}]\n",
        encoding="utf-8",
    )
    ran = subprocess.run(
        [programs.find("promtool").path, "test", "rules", "test.yaml"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
