"""An alert's own labels, annotations and `keep_firing_for`; parameters in its tests, and tests of single services."""

import pytest
import yaml

from tests.compiling import SMALL, edited, files, said
from tests.projects import alertc
from tests.verifying import verified

ALERT = """\
alerts:
  DiskFull:
    each:
      shop: {limit: 0.8, after: 3m}
      alerting: {limit: 0.95, after: 2m}
    severity: P1
    expr: max by (host) (disk_used_ratio{job="$service"}) > $limit
    for: 30s
    keep_firing_for: 5m
    labels: {component: storage, limit: "$limit"}
    annotations:
      dashboard: https://grafana.example/d/disk?service=$service&host={{ $labels.host }}
      hint: 100% is {{ "{{" }} full }}
    summary: The disk of {{ $labels.host }} is nearly full
    tests:
      - given:
          disk_used_ratio{job="$service",host="a"}: 0x4 ${limit}x4 0.99x20
        fires_at: $after
        labels: {host: a}
        says: The disk of a is nearly full
        for: [shop]
      - given:
          disk_used_ratio{job="$service",host="a"}: 0x4 $limit 0.99x20
        fires_at: ${after}
        labels: {host: a}
        for: [alerting]
      - given:
          disk_used_ratio{job="$service",host="a"}: ${limit}x30
        silent_until: $after
"""


def policy(*edits):
    return edited(SMALL, ("alerts:\n", edited(ALERT, *edits)))


def rule_of(text, service):
    rules = yaml.safe_load(files(text)[f"prometheus/rules/{service}.yaml"])["groups"]
    return next(rule for group in rules for rule in group["rules"] if rule.get("alert") == "DiskFull")


def test_the_rule_has_what_the_alert_says():
    rule = rule_of(policy(), "shop")
    assert rule["keep_firing_for"] == "5m"
    assert {name: rule["labels"][name] for name in ("component", "limit", "service")} == {
        "component": "storage",
        "limit": "0.8",
        "service": "shop",
    }
    assert rule["annotations"]["dashboard"] == "https://grafana.example/d/disk?service=shop&host={{ $labels.host }}"
    assert rule["annotations"]["hint"] == '100% is {{ "{{" }} full }}'
    assert "keep_firing_for" not in rule_of(policy(("    keep_firing_for: 5m\n", "")), "shop")


def test_each_service_has_its_own_tests_with_its_own_parameters():
    tests = {
        service: yaml.safe_load(files(policy())[f"prometheus/tests/{service}.test.yaml"])
        for service in ("shop", "alerting")
    }
    given = {
        service: [
            one
            for block in file["tests"]
            for one in block.get("input_series", ())
            if one["series"].startswith("disk_used")
        ]
        for service, file in tests.items()
    }
    assert [one["values"] for one in given["shop"]] == ["0x4 0.8x4 0.99x20", "0.8x30"]
    assert [one["values"] for one in given["alerting"]] == ["0x4 0.95 0.99x20", "0.95x30"]
    assert given["alerting"][0]["series"] == 'disk_used_ratio{job="alerting",host="a"}'


def test_promtool_and_the_read_back_accept_it(project):
    path = project / "policy" / "shop.yaml"
    path.write_text(policy())
    rendered = alertc(project, "render")
    assert (rendered.returncode, rendered.stderr) == (0, "")
    assert alertc(project, "check", "--mutate").returncode == 0


def test_a_template_that_leaves_it_out_is_found():
    without = ("prometheus/rules/shop.yaml", "        keep_firing_for: 5m\n", "")
    assert "error[RUL604]: `keep_firing_for` of P1 DiskFull of shop is 0s, the policy says 5m" in verified(
        without, policy=policy(), tests="alerting"
    )


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (
            ("component: storage", "team: storage"),
            "error[POL259]: alertc sets the label `team` of every alert\n",
        ),
        (
            ("component: storage", "duty: storage"),
            "error[POL259]: alertc sets the label `duty` of every alert\n",
        ),
        (
            ("component: storage", "__component: storage"),
            "error[POL259]: `__component` is for Prometheus alone\n",
        ),
        (
            ("component: storage", 'component: "{{ $labels.host }}"'),
            "error[POL259]: the label `component` of DiskFull would differ from series to series\n",
        ),
        (
            ("      hint:", "      runbook_url:"),
            "error[POL259]: alertc sets the annotation `runbook_url` of every alert\n",
        ),
        (
            ("after: 2m}", "after: soon}"),
            "error[POL233]: `${after}` is `soon` for alerting, which is not a duration\n",
        ),
        (("0x4 $limit 0.99", "0x4 $limits 0.99"), "error[POL230]: `$limits` is not a parameter of this alert\n"),
        (("for: [alerting]", "for: [alertin]"), "error[REF301]: there is no service of this alert `alertin`\n"),
        (
            ("        for: [alerting]\n", "        for: [shop]\n"),
            "warning[PQL722]: no test shows that DiskFull (P1) fires\n",
        ),
    ],
)
def test_what_cannot_be_is_refused(edit, expected):
    assert said(policy(edit)).startswith(expected)


def test_braces_are_for_the_values_of_tests_alone():
    summary = (
        "summary: The disk of {{ $labels.host }} is nearly full",
        "summary: The disk $service is full, see ${limit}",
    )
    annotations = rule_of(policy(summary, ("        says: The disk of a is nearly full\n", "")), "shop")["annotations"]
    assert annotations["summary"] == "The disk shop is full, see ${limit}"
