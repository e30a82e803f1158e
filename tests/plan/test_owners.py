"""An alert of owners is one rule, whose alerts belong to the service that owns the label's value."""

import re

import pytest
import yaml

from tests.compiling import SMALL, edited, files, said
from tests.projects import alertc, change
from tests.verifying import text_of, verified

OWNERS = """
owners:
  by: namespace
  map: {"shop-.*": shop, monitoring|alerts: alerting}
  otherwise: kube

records:
"""
ALERT = """
  PodCrashes:
    each: owners
    severity: P1
    expr: max by (namespace, pod) (pod_waiting{reason="CrashLoopBackOff"}) >= 1
    for: 1m
    page_each: [namespace]
    summary: Pod {{ $labels.pod }} of {{ $labels.namespace }} crashes
    tests:
      - given: {'pod_waiting{reason="CrashLoopBackOff",namespace="shop-eu",pod="a",job="k",instance="i"}': 0x4 1x80}
        fires_at: 2m15s
        labels: {namespace: shop-eu, pod: a}
      - given: {'pod_waiting{reason="CrashLoopBackOff",namespace="dns",pod="a",job="k",instance="i"}': 0x4 1x80}
        fires_at: 2m15s
        labels: {namespace: dns, pod: a}
      - {given: {'pod_waiting{reason="CrashLoopBackOff",pod="a",job="k",instance="i"}': 0.7x40}, silent_until: 10m}
"""
POLICY = (
    edited(
        SMALL,
        ("\nrecords:\n", OWNERS),
        (
            "  alerting:\n    team",
            "  kube: {team: platform, escalation: platform, runbook: recovery.md}\n  alerting:\n    team",
        ),
        ("members: [ana, bo]}\n", "members: [ana, bo]}\n  platform: {title: Platform, members: [cy]}\n"),
        (
            "\nchannels:\n",
            "  platform:\n    - {page: person/cy, by: first}\n    - {page: schedule/primary, by: 80%}\n\nchannels:\n",
        ),
    )
    + ALERT
)
RULES = "prometheus/rules/_owners.yaml"


def labels(text):
    (rule,) = yaml.safe_load(files(text)[RULES])["groups"][0]["rules"]
    return rule["labels"]


def test_one_rule_asks_its_series_whose_it_is():
    chosen = (
        '{{ if match "^(?:shop-.*)$" $labels.namespace }}%s'
        '{{ else if match "^(?:monitoring|alerts)$" $labels.namespace }}%s{{ else }}%s{{ end }}'
    )
    found = labels(POLICY)
    assert found["service"] == chosen % ("shop", "alerting", "kube")
    assert found["team"] == found["escalation"] == chosen % ("web", "web", "platform")
    assert (found["severity"], found["environment"]) == ("P1", "production")


def test_several_expressions_of_a_service_are_one_and_what_otherwise_owns_needs_none():
    text = edited(
        POLICY, ('{"shop-.*": shop, monitoring|alerts: alerting}', '{"shop-.*": shop, "(?i)store": shop, dns: kube}')
    )
    assert (
        labels(text)["service"]
        == '{{ if match "^(?:(?:shop-.*)|(?:(?i)store))$" $labels.namespace }}shop{{ else }}kube{{ end }}'
    )


def test_where_all_owners_agree_nothing_is_asked():
    found = labels(edited(POLICY, ("{team: platform, escalation: platform,", "{team: web, escalation: web,")))
    assert found["team"] == found["escalation"] == "web"


def test_prometheus_and_alertmanager_agree_that_it_is_right(project):
    (project / "policy" / "shop.yaml").write_text(POLICY)
    rendered = alertc(project, "render")
    assert (rendered.returncode, rendered.stderr) == (0, "")
    explained = {name: alertc(project, "explain", "PodCrashes", "--service", name).stdout for name in ("shop", "kube")}
    assert 'PodCrashes is a P1 of shop, which owns what has namespace=~"shop-.*" (' in explained["shop"]
    assert 'a P1 of kube, which owns what has namespace!~"(?:shop-.*)|(?:monitoring|alerts)" (' in explained["kube"]
    assert re.search(r"page-platform-P1 +PagerDuty pages Cy Okafor\n", explained["kube"])
    assert re.search(r"page-web-P1 +PagerDuty pages whoever is on call in primary\n", explained["shop"])
    mutated = alertc(project, "check", "--mutate")
    assert mutated.returncode == 0, mutated.stdout + mutated.stderr


def test_a_template_that_gives_alerts_to_others_is_found():
    swapped = ("$labels.namespace }}shop{{", "$labels.namespace }}kube{{")
    found = verified((RULES, *swapped), policy=POLICY, tests="none")
    assert (
        "error[RTE603]: out/prometheus/rules/ has no rule PodCrashes of shop with the labels that route it" in found
    ), found
    asked = (
        'service: |-\n            {{ if match "^(?:shop-.*)$"',
        'service: |-\n            {{ if match "^(?:shop)$"',
    )
    assert "error[RTE603]: out/prometheus/rules/ has no rule PodCrashes of" in verified(
        (RULES, *asked), policy=POLICY, tests="none"
    )


def test_a_template_that_asks_for_other_values_is_found():
    wider, other = '"^(?:shop-.*)$"', '"^(?:shop.*)$"'
    edits = [(RULES, wider, other)] * text_of(RULES, POLICY).count(wider)
    found = verified(*edits, policy=POLICY, tests="none")
    assert (
        'error[RTE630]: P1 PodCrashes of shop would stand for namespace="shop", which another service owns\n' in found
    )
    assert 'error[RTE630]: P1 PodCrashes of kube would not stand for namespace="shop", which it owns\n' in found


def test_diff_says_which_series_have_another_owner(project):
    (project / "policy" / "shop.yaml").write_text(POLICY)
    before = project.parent / "before.yaml"
    before.write_text(POLICY)
    change(project, ('"shop-.*": shop', '"shop-[a-z]+": shop'))
    shown = alertc(project, "diff", str(before)).stdout
    assert "PodCrashes, a P1 of shop (" in shown
    assert 'owns what has namespace=~"shop-[a-z]+", no longer what has namespace=~"shop-.*": ' in shown
    assert 'no longer namespace="shop-"\n' in shown


@pytest.mark.parametrize(
    ("edit", "code", "message"),
    [
        (
            ("monitoring|alerts: alerting", '"[a-z]+-eu": alerting'),
            "POL280",
            'namespace="shop-eu" belongs to shop and alerting: `shop-.*` and `[a-z]+-eu` both match',
        ),
        (
            ("monitoring|alerts: alerting", '"(": alerting'),
            "POL281",
            "an entry of `owners` cannot be matched with a label: `(` is not a regular expression: missing closing )",
        ),
        ((OWNERS, "\nrecords:\n"), "POL282", "PodCrashes is an alert of `owners`, and the policy has no `owners`"),
        (
            ("retention: 30d}", "retention: 30d, external_labels: {namespace: [dns, shop-eu]}}"),
            "POL282",
            "PodCrashes is an alert of `owners`, and Prometheus adds `namespace` as it sends: no rule sees it",
        ),
        (("otherwise: kube", "otherwise: cube"), "REF301", "there is no service `cube`"),
        (
            ("max by (namespace, pod) (pod", "max by (pod) (pod"),
            "PQL740",
            "PodCrashes belongs to the owner of `namespace`, but its series never have that label",
        ),
    ],
)
def test_what_is_unclear_is_refused(edit, code, message):
    found = said(edited(POLICY, edit), code)
    assert f"error[{code}]: {message}\n" in found, found


def test_explain_asks_whose_a_value_of_the_label_is(project):
    (project / "policy" / "shop.yaml").write_text(POLICY)
    asked = alertc(project, "explain", "PodCrashes", "--labels", "namespace=dns").stdout
    assert "PodCrashes is a P1 of kube, which owns what has namespace!~" in asked
    assert "page-platform-P1" in asked


def test_a_test_of_owners_is_of_no_service():
    found = said(
        edited(POLICY, ("labels: {namespace: dns, pod: a}", "labels: {namespace: dns, pod: a}\n        for: [kube]")),
        "REF301",
    )
    assert (
        "error[REF301]: a test of an alert with `each: owners` is of no service: its series say whose the alert is\n"
        in found
    )
    assert (
        "help: leave out `for`, and name the owner's value under `labels`, for example `labels: {namespace: ...}`"
        in found
    )
