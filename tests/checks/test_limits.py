"""A `limit` of a group of rules is an error where an urgent alert may exceed it, for then it is gone."""

import json

import pytest

from generator.checks.files.limits import _exceeds
from generator.system import programs
from generator.upstream.promql.labels import Reader
from generator.upstream.promql.records import Records
from tests.verifying import verified

SHOP = "prometheus/rules/shop.yaml"


def limited(group, limit):
    return (SHOP, f"- name: {group}\n", f"- name: {group}\n    limit: {limit}\n")


def test_an_urgent_alert_that_may_have_more_is_an_error():
    said = verified(limited("shop", 1), tests="none")
    assert said == (
        "error[RUL601]: group shop has `limit: 1`, and MoneyLost, MoneyLostNoData may have more series\n"
        "  --> templates/prometheus/rules.yaml.j2\n"
        "  ::: out/prometheus/rules/shop.yaml:5:12\n"
        "   |\n"
        " 5 |     limit: 1\n"
        "   |            ^\n"
        "   = with more of them Prometheus fails to evaluate the rule, and all of its alerts are gone\n"
        "   = help: remove `limit` from the template, or aggregate so that there are no more\n"
    )


def test_a_record_is_as_urgent_as_what_reads_it():
    """A P2 reads it."""
    said = verified(
        ("prometheus/rules/_records.yaml", "- name: records-1\n", "- name: records-1\n    limit: 1\n"), tests="none"
    )
    assert said.startswith(
        "warning[RUL601]: group records-1 has `limit: 1`, and job:errors:ratio may have more series\n"
    )


@pytest.mark.parametrize("limit", [0, 1])
def test_what_cannot_be_exceeded_is_fine(limit):
    assert (
        verified(("prometheus/rules/alerting.yaml", "- name: alerting\n", f"- name: alerting\n    limit: {limit}\n"))
        == ""
    )


GIVEN = {'a{i="1"}': "1+1x10", 'a{i="2"}': "1+1x10", 'b{i="1"}': "1+1x10", "c": "1+1x10"}
MOST = {
    "a > 0": None,
    "sum(a) > 0": 1,
    "max by (i) (a) > 0": None,
    'max by (i) (a{i="1"}) > 0': 1,
    "absent(x)": 1,
    'absent(x) or absent(y{job="b"})': 2,
    "sum(a) > 0 or a > 0": None,
    "a > 0 or sum(a) > 0": None,
    "sum(a) > 0 and on () a": 1,
    "a / on () group_left sum(a) > 0": None,
    "sum(rate(a[5m])) / sum(rate(a[5m])) >= 1": 1,
    "topk(1, a) > 0": 1,
    "topk by (i) (1, a) > 0": None,
    "vector(1) > 0": 1,
    "1 < bool 2": 1,
    "clamp_max(sum(a), 1) > 0": 1,
    "-sum(a) < 0": 1,
}


@pytest.mark.parametrize("expr", MOST)
def test_how_many_series_there_may_be(tmp_path, expr):
    """promtool never sees more series than that: with this limit it evaluates the rule, whatever is given."""
    most = MOST[expr]
    assert _exceeds(Reader(Records()), expr, 1000) is (most is None)
    if most is None:
        return
    assert not _exceeds(Reader(Records()), expr, most)
    assert most == 1 or _exceeds(Reader(Records()), expr, most - 1)
    assert not fails(tmp_path, expr, most)


def test_promtool_fails_above_the_limit(tmp_path):
    assert fails(tmp_path, "a > 0", 1)
    assert not fails(tmp_path, "a > 0", 2)


def fails(folder, expr, limit):
    group = {"name": "g", "limit": limit, "rules": [{"alert": "Example", "expr": expr}]}
    (folder / "rules.yml").write_text(json.dumps({"groups": [group]}))
    series = [{"series": name, "values": values} for name, values in GIVEN.items()]
    test = {"interval": "1m", "input_series": series, "alert_rule_test": [{"eval_time": "9m", "alertname": "Other"}]}
    (folder / "test.yml").write_text(json.dumps({"rule_files": ["rules.yml"], "tests": [test]}))
    ran = programs.run([programs.find("promtool").path, "test", "rules", folder / "test.yml"])
    said = ran.stdout + ran.stderr
    assert "exceeded limit" in said or ran.code == 0, said
    return "exceeded limit" in said
