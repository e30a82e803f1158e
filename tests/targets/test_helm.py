"""What the chart kube-prometheus-stack makes of the values is what was proven."""

import pytest
import yaml

from generator.behaviour.documents import ALERTMANAGER, MESSAGES, is_rules
from generator.upstream import chart
from tests.cluster import objects
from tests.compiling import SMALL, edited, files
from tests.targets.test_kubernetes import POLICIES
from tests.verifying import verified

VALUES = "helm/values.yaml"


@pytest.mark.parametrize("name", POLICIES)
def test_laid_over_the_charts_own_values_they_are_the_plain_files(name):
    texts = files(POLICIES[name])
    values = yaml.safe_load(texts[VALUES])
    rules = {path: yaml.safe_load(texts[path]) for path in texts if is_rules(path)}
    folders = [yaml.safe_load(text) for path, text in texts.items() if path.startswith("helm/")]
    made = [entry for one in folders for entry in one["additionalPrometheusRulesMap"].values()]
    assert len(made) == len(rules)
    for plain in rules.values():
        assert {"additionalLabels": {"role": "alert-rules"}, "groups": plain["groups"]} in made
    config = chart.laid_over(chart.CONFIG, values["alertmanager"]["config"])
    plain = yaml.safe_load(texts[ALERTMANAGER])
    assert config == {"inhibit_rules": [], **plain, "templates": ["/etc/alertmanager/config/*.tmpl"]}
    messages = {path.removeprefix(MESSAGES): texts[path] for path in texts if path.startswith(MESSAGES)}
    assert values["alertmanager"]["templateFiles"] == messages


def test_the_charts_own_inhibition_rules_do_not_stay():
    """With none of its own, a policy would inherit those of the chart: critical alerts would silence its warnings."""
    text = objects(edited(SMALL, ("\nservices:\n", "\nlesser_wait: false\nservices:\n")))
    values = yaml.safe_load(files(text)[VALUES])
    assert chart.laid_over(chart.CONFIG, values["alertmanager"]["config"])["inhibit_rules"] == yaml.safe_load(
        files(text)[ALERTMANAGER]
    ).get("inhibit_rules", [])


WRONG = {
    "charts-inhibition": (VALUES, "    inhibit_rules:\n", "    inhibit_ruled:\n"),
    "charts-grouping": (VALUES, "      group_by:\n        - '...'\n      group_wait", "      group_wait"),
    "relative-templates": (VALUES, "/etc/alertmanager/config/*.tmpl", "templates/*.tmpl"),
    "another-expression": (VALUES, "abs(till_difference)", "(till_difference)"),
    "another-message": (VALUES, "    room.tmpl: |", "    rooms.tmpl: |"),
    "not-selected": (VALUES, "role: alert-rules", "role: others"),
    "another-name": (VALUES, "  shop-shop:\n", "  shop-shopp:\n"),
    "unknown-key": (VALUES, "  templateFiles:\n", "  templateFile:\n"),
}


@pytest.mark.parametrize("name", WRONG)
def test_values_that_hold_anything_else_are_refused(name, golden):
    golden.expect(f"verify/helm-{name}.txt", verified(WRONG[name], policy=POLICIES["small"], tests="none"))


def test_names_that_the_chart_cuts_to_one_are_refused():
    long = "a-service-with-a-name-that-nobody-would-like-to-say"
    services = "".join(
        f"  {long}-{number}: {{team: web, escalation: web, runbook: recovery.md, depends_on: [alerting]}}\n"
        for number in (1, 2)
    )
    alert = f"""
  QueueLong:
    each: [{long}-1, {long}-2]
    severity: P3
    expr: max(queue_length{{job="$service"}}) > 100
    for: 15m
    summary: The queue of $service is long
    tests:
      - {{given: {{'queue_length{{job="$service"}}': 0x4 101x100}}, fires_at: 16m15s}}
      - {{given: {{'queue_length{{job="$service"}}': 100x100}}, silent_until: 20m}}
"""
    text = edited(SMALL, ("\nservices:\n", f"\nservices:\n{services}"), ("\nalerts:\n", f"\nalerts:\n{alert}"))
    said = verified(policy=objects(text, "files, helm"), tests="none")
    names = f"shop-{long}-1 and shop-{long}-2"
    assert said.startswith(
        f"error[KUB607]: the chart cuts the names {names} to one: of two objects one would be lost\n"
    )
    assert verified(policy=objects(text, "files, kubernetes"), tests="none") == ""


def test_a_name_is_cut_where_the_chart_cuts_it():
    assert chart.rule_name("monitoring", "shop-web") == "monitoring-kube-prometheus-shop-web"
    assert chart.rule_name("kube-prometheus-stack", "shop-web") == "kube-prometheus-stack-shop-web"
    assert chart.rule_name(None, "x" * 40) == chart.rule_name(None, "x" * 36) != chart.rule_name(None, "x" * 35)
