"""Several thresholds of one alert: a rule for each severity; while the worse fires, the lesser is not told."""

import json

import pytest
import yaml

from generator.system import programs
from tests.compiling import SMALL, edited, files, said
from tests.environments import BY_RULE
from tests.projects import alertc
from tests.verifying import verified

BEFORE = "  CertificateExpiring:\n"
ALERT = """\
  DiskFull:
    service: shop
    at:
      P3: {limit: 0.8, for: 5m}
      P2: {limit: 0.95, for: 1m}
    expr: max by (host) (disk_used_ratio) > $limit
    summary: The disk of {{ $labels.host }} is over $limit
    tests:
      - given: {'disk_used_ratio{host="a"}': 0x4 0.96x40}
        fires_at: 2m15s
        severity: P2
        labels: {host: a}
      - given: {'disk_used_ratio{host="a"}': 0x4 0.94x40}
        silent_until: 9m
        severity: P2
      - given: {'disk_used_ratio{host="a"}': 0x4 0.85x40}
        fires_at: 6m15s
        severity: P3
        labels: {host: a}
      - given: {'disk_used_ratio{host="a"}': 0x4 0.8x40}
        silent_until: 9m
        severity: P3
"""
ANY_LABELS = ("max by (host) (disk_used_ratio)", "disk_used_ratio")
URGENT = (
    ("      P2: {limit: 0.95, for: 1m}\n", "      P0: {limit: 0.95, for: 15s, containment: stop-sales}\n"),
    ("      P3: {limit: 0.8, for: 5m}\n", "      P1: {limit: 0.8, for: 1m}\n"),
    ("2m15s\n        severity: P2", "1m30s\n        severity: P0"),
    ("6m15s\n        severity: P3", "2m15s\n        severity: P1"),
    ("9m\n        severity: P2", "9m\n        severity: P0"),
    ("9m\n        severity: P3", "9m\n        severity: P1"),
)
A = "alertmanager/alertmanager.yml"


def policy(*edits):
    return edited(SMALL, (BEFORE, edited(ALERT, *edits) + BEFORE))


def rules_of(text, name="DiskFull"):
    """Return the rules of an alert by service and severity."""
    found = {}
    for path, content in files(text).items():
        if path.startswith("prometheus/rules/"):
            for group in yaml.safe_load(content)["groups"]:
                for rule in group["rules"]:
                    if rule.get("alert") == name:
                        found[rule["labels"]["service"], rule["labels"]["severity"]] = rule
    return found


def silencing(text):
    """Return the inhibition rules that are about the alert."""
    rules = yaml.safe_load(files(text)[A])["inhibit_rules"]
    return [rule for rule in rules if 'alertname="DiskFull"' in rule["source_matchers"]]


def test_each_severity_has_a_rule_of_the_same_name():
    rules = rules_of(policy())
    assert {key: (rule["expr"], rule["for"]) for key, rule in rules.items()} == {
        ("shop", "P2"): ("max by (host) (disk_used_ratio) > 0.95", "1m"),
        ("shop", "P3"): ("max by (host) (disk_used_ratio) > 0.8", "5m"),
    }
    assert rules["shop", "P3"]["annotations"]["summary"] == "The disk of {{ $labels.host }} is over 0.8"


def test_the_worse_silences_the_lesser_of_the_same_labels():
    assert silencing(policy()) == [
        {
            "source_matchers": ['alertname="DiskFull"', 'severity="P2"', 'environment="production"', 'duty=""'],
            "target_matchers": ['alertname=~"DiskFull"', 'severity="P3"', 'duty=~""'],
            "equal": ["environment", "service", "host"],
        }
    ]


def test_where_labels_are_not_known_the_lesser_leaves_out_what_the_worse_fires_for():
    text = policy(ANY_LABELS)
    assert silencing(text) == []
    assert rules_of(text)["shop", "P2"]["expr"] == "disk_used_ratio > 0.95"
    assert rules_of(text)["shop", "P3"]["expr"] == (
        "(disk_used_ratio > 0.8)\nunless\n(count_over_time((disk_used_ratio > 0.95)[1m30s:15s]) >= 6)"
    )
    at_once = policy(ANY_LABELS, ("P2: {limit: 0.95, for: 1m}", "P2: {limit: 0.95}"), ("2m15s", "1m15s"))
    assert rules_of(at_once)["shop", "P3"]["expr"] == "(disk_used_ratio > 0.8)\nunless\n(disk_used_ratio > 0.95)"


def test_what_is_urgent_is_never_silenced():
    text = policy(*URGENT)
    assert silencing(text) == []
    assert rules_of(text)["shop", "P1"]["expr"] == (
        "(max by (host) (disk_used_ratio) > 0.8)\n"
        "unless\n"
        "(count_over_time((max by (host) (disk_used_ratio) > 0.95)[45s:15s]) >= 3)"
    )
    assert "containment" in rules_of(text)["shop", "P0"]["annotations"]
    assert "containment" not in rules_of(text)["shop", "P1"]["annotations"]


def test_a_comment_does_not_hide_the_rest():
    text = policy((f"expr: {ANY_LABELS[0]} > $limit", "expr: |-\n      disk_used_ratio > $limit # full"))
    assert "(disk_used_ratio > 0.8 # full\n)\nunless\n(" in rules_of(text)["shop", "P3"]["expr"]
    assert verified(policy=text, tests="shop") == ""


def test_one_that_is_told_in_business_hours_alone_silences_nothing():
    hours = ("4h\n    resolve: 24h\n", "96h\n    resolve: 120h\n    hours: business\n")
    text = edited(policy(), hours)
    assert silencing(text) == []
    assert "unless" in rules_of(text)["shop", "P3"]["expr"]


@pytest.mark.parametrize("edits", [(), (ANY_LABELS,), URGENT])
def test_the_files_keep_what_is_promised(edits):
    assert said(policy(*edits)) == ""
    assert verified(policy=policy(*edits)) == ""


def firing(text, values, moments, tmp_path):
    """Return which severities fire for the host at these moments, as promtool evaluates the rules."""
    asked = 'count by (severity) (ALERTS{alertname="DiskFull",alertstate="firing"})'
    found = {}
    for path, content in files(text).items():
        if path in ("prometheus/rules/shop.yaml", "prometheus/rules/shop.P3.yaml", "prometheus/rules/shop.P1.yaml"):
            (tmp_path / path.rpartition("/")[2]).write_text(content, encoding="utf-8")
    rule_files = sorted(path.name for path in tmp_path.glob("shop*.yaml"))
    for moment in moments:
        test = {
            "rule_files": rule_files,
            "evaluation_interval": "15s",
            "tests": [
                {
                    "interval": "15s",
                    "input_series": [{"series": 'disk_used_ratio{host="a"}', "values": values}],
                    "promql_expr_test": [{"expr": asked, "eval_time": moment, "exp_samples": [{"labels": "{}"}]}],
                }
            ],
        }
        (tmp_path / "test.json").write_text(json.dumps(test), encoding="utf-8")
        ran = programs.run([programs.find("promtool").path, "test", "rules", "test.json"], cwd=tmp_path)
        got = ran.stderr.partition("got:")[2]
        found[moment] = [severity for severity in ("P0", "P1", "P2", "P3") if f'severity="{severity}"' in got]
    return found


def test_the_lesser_is_told_until_the_worse_fires_and_again_after_it(tmp_path):
    """The worse has waited for a minute at 11m15s; the lesser gives way up to two evaluations later."""
    values = "0.85x39 0.97x39 0.85x60"
    told = firing(policy(ANY_LABELS), values, ("9m", "10m45s", "11m", "11m45s", "19m", "20m", "25m30s"), tmp_path)
    assert told == {
        "9m": ["P3"],
        "10m45s": ["P3"],  # the worse waits, so the lesser is still there
        "11m": ["P2", "P3"],
        "11m45s": ["P2"],
        "19m": ["P2"],
        "20m": [],  # the lesser waits again
        "25m30s": ["P3"],
    }


def test_parameters_of_services_and_of_severities_come_together():
    text = policy(
        ("    service: shop\n", "    each: {shop: {unit: percent}, alerting: {unit: parts}}\n"),
        ("P2: {limit: 0.95, for: 1m}", "P2: {limit: 0.95, for: 1m, each: {alerting: {limit: 0.99}}}"),
        ("(disk_used_ratio)", '(disk_used_ratio{unit="$unit",job="$service"})'),
    )
    text = text.partition("    tests:\n      - given: {'disk_used_ratio")[0] + BEFORE + SMALL.partition(BEFORE)[2]
    assert {key: rule["expr"] for key, rule in rules_of(text).items()} == {
        (service, severity): f'max by (host) (disk_used_ratio{{unit="{unit}",job="{service}"}}) > {limit}'
        for service, unit, severity, limit in (
            ("shop", "percent", "P2", "0.95"),
            ("shop", "percent", "P3", "0.8"),
            ("alerting", "parts", "P2", "0.99"),
            ("alerting", "parts", "P3", "0.8"),
        )
    }


def test_a_series_that_is_missing_is_told_once():
    text = policy(("    expr:", "    when_missing: page\n    expr:"))
    assert list(rules_of(text, "DiskFullNoData")) == [("shop", "P2")]
    assert verified(policy=text, tests="shop") == ""


def test_only_what_is_urgent_means_that_the_service_is_down():
    text = policy(*URGENT[:1], ("    expr:", "    means: service-down\n    expr:"), URGENT[2], URGENT[4])
    text = edited(text, ("    service: shop\n    at:", "    service: alerting\n    at:"))
    rules = yaml.safe_load(files(text)[A])["inhibit_rules"]
    down = next(rule for rule in rules if 'service="shop"' in rule["target_matchers"])
    assert down["source_matchers"][:3] == [
        'alertname=~"DiskFull|ServiceDown"',
        'service="alerting"',
        'severity=~"P0|P1"',
    ]


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (("    at:\n", "    severity: P2\n    at:\n"), "error[POL262]: alert DiskFull has both `severity` and `at`\n"),
        (
            ("    at:\n      P3: {limit: 0.8, for: 5m}\n      P2: {limit: 0.95, for: 1m}\n", ""),
            "error[POL262]: alert DiskFull has neither `severity` nor `at`\n",
        ),
        (
            ("    service: shop\n", "    each: {shop: {limit: 0.9}}\n"),
            "error[POL263]: `limit` of shop is 0.9 by `each`, and 0.8 by `at/P3`\n",
        ),
        (
            ("9m\n        severity: P3\n", "9m\n"),
            "error[POL264]: this test of DiskFull does not say which severity it is about\n",
        ),
        (("P2: {limit: 0.95, ", "P2: {"), "error[POL230]: `$limit` is not a parameter of this alert\n"),
        (("      P2: {", "      P7: {"), "error[REF301]: there is no severity `P7`\n"),
        (
            ("9m\n        severity: P3", "9m\n        severity: P1"),
            "error[REF301]: there is no severity of this alert `P1`\n",
        ),
        (
            ("P2: {limit: 0.95", "P2: {each: {shopp: {limit: 1}}, limit: 0.95"),
            "error[REF301]: there is no service of this alert `shopp`\n",
        ),
        (
            ("P2: {limit: 0.95", "P2: {containment: stop, limit: 0.95"),
            "error[REF301]: there is no containment `stop`\n",
        ),
    ],
)
def test_what_is_not_clear_is_refused(edit, expected):
    assert said(policy(edit)).startswith(expected)


def test_a_test_of_an_alert_with_one_severity_names_none():
    text = edited(SMALL, ("        silent_until: 10m\n", "        silent_until: 10m\n        severity: P2\n"))
    assert said(text).startswith(
        "error[POL264]: this test of ErrorsHigh names a severity, and the alert has one only\n"
    )


def test_an_environment_says_at_which_severity_something_differs():
    staging = "{notify: [staging-room], alerts: {DiskFull: {keep_firing_for: 1h, at: {P2: {limit: 0.99, for: 30m}}}}}"
    text = edited(
        BY_RULE, (BEFORE, ALERT + BEFORE), ("  staging: {notify: [staging-room]}\n", f"  staging: {staging}\n")
    )
    tests = """tests: [{given: {'disk_used_ratio{host="a"}': 0x4 0.8x40}, silent_until: 9m, severity: P3}]"""
    text = edited(text, ("keep_firing_for: 1h, at", f"keep_firing_for: 1h, {tests}, at"))
    found = [
        (
            rule["labels"]["environment"],
            rule["labels"]["severity"],
            rule["expr"],
            rule["for"],
            rule.get("keep_firing_for"),
        )
        for path, content in files(text).items()
        if "/rules/" in path
        for group in yaml.safe_load(content)["groups"]
        for rule in group["rules"]
        if rule.get("alert") == "DiskFull"
    ]
    measured = "max by (host) (disk_used_ratio) >"
    assert sorted(found) == [
        ("production", "P2", f"{measured} 0.95", "1m", None),
        ("production", "P3", f"{measured} 0.8", "5m", None),
        ("staging", "P2", f"{measured} 0.99", "30m", "1h"),
        ("staging", "P3", f"{measured} 0.8", "5m", "1h"),
    ]
    assert verified(policy=text) == ""


def test_a_threshold_that_nobody_is_ever_told_of_is_found():
    same = policy(("P3: {limit: 0.8, for: 5m}", "P3: {limit: 0.95, for: 1m}"))
    assert said(same, "POL267").startswith(
        "warning[POL267]: nobody is told of DiskFull as a P3: as a P2 it has the same condition and waits no longer\n"
    )
    later = policy(("P3: {limit: 0.8, for: 5m}", "P3: {limit: 0.95, for: 45s}"))
    assert said(later, "POL267") == ""


@pytest.mark.parametrize("edits", [(), (("max by (host, namespace) (disk_used_ratio)", "disk_used_ratio"),)])
def test_owners_have_thresholds_too(edits):
    alert = edited(
        ALERT.replace('host="a"', 'host="a",namespace="web-1"'), ("    service: shop\n", "    each: owners\n")
    )
    alert = alert.replace("by (host)", "by (host, namespace)").replace("{host: a}", "{host: a, namespace: web-1}")
    owners = "owners: {by: namespace, map: {web-.*: shop}, otherwise: alerting}\n\nrecords:\n"
    text = edited(SMALL, (BEFORE, edited(alert, *edits) + BEFORE), ("records:\n", owners))
    assert said(text) == ""
    assert verified(policy=text) == ""
    labels = rules_of(text).values()
    assert [rule["labels"]["severity"] for rule in labels] == ["P3", "P2"]
    assert len({rule["labels"]["service"] for rule in labels}) == 1


@pytest.fixture
def shop(tmp_path):
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy/shop.yaml").write_text(policy(), encoding="utf-8")
    return tmp_path


def test_the_tests_notice_the_faults_of_each_threshold(shop):
    assert alertc(shop, "render").returncode == 0
    ran = alertc(shop, "check", "--mutate")
    assert ran.stdout.endswith("22 mutants of 6 alerts: the tests notice each\n")


def test_explain_shows_the_worst_and_names_the_others(shop):
    assert alertc(shop, "render").returncode == 0
    worst = alertc(shop, "explain", "DiskFull").stdout
    assert worst.startswith("DiskFull is a P2 of shop (")
    assert worst.endswith("\nThe same alert has other thresholds: `--labels severity=P3`.\n")
    lesser = alertc(shop, "explain", "DiskFull", "--labels", "severity=P3").stdout
    assert lesser.startswith("DiskFull is a P3 of shop (")
    assert (
        'It is silent while an alert fires with alertname="DiskFull", severity="P2", environment="production", '
        'duty="", of the same service and host.\n'
    ) in lesser


def test_a_diff_compares_each_severity_with_its_own(shop):
    before = edited(policy(), ("P3: {limit: 0.8,", "P3: {limit: 0.7,"))
    (shop / "before.yaml").write_text(before.replace("0x4 0.8x40", "0x4 0.7x40"), encoding="utf-8")
    ran = alertc(shop, "diff", "before.yaml")
    assert ran.stdout == (
        "before.yaml -> the working tree: 1 weaker\n"
        "\n"
        "DiskFull, a P3 of shop (policy/shop.yaml:175)\n"
        "  weaker     in its expression `> 0.7` is now `> 0.8`: it is true less often\n"
        "  same       says something else under summary\n"
        "\n"
        "When it is loaded:\n"
        "  only Prometheus has new files; back: the files of before.yaml\n"
    )
