"""Somebody's rules and routes: who is told of each alert, and what is wrong, as the user reads it."""

import json
from datetime import date
from pathlib import Path

import pytest

from generator.audit import judge
from generator.policy import schema
from tests.compiling import SMALL, edited
from tests.projects import alertc

RULES = """\
groups:
  - name: shop
    rules:
      - alert: CheckoutDown
        expr: sum(up{job="checkout"}) == 0
        for: 2m
        labels: {severity: critical, team: shop}
        annotations: {runbook_url: "https://wiki.example.org/checkout"}
      - alert: DiskFull
        expr: disk_used_ratio > 0.9
        for: 10m
        labels: {severity: critical, team: shop}
        annotations: {runbook_url: "https://wiki.example.org/disk"}
      - alert: QueueLong
        expr: max by (queue) (queue_length) > 100
        labels: {severity: warning, team: shop}
      - alert: Debugging
        expr: max(debug_mode) == 1
        labels: {severity: none, team: shop}
"""
TESTS = """\
rule_files: [rules.yml]
tests:
  - alert_rule_test:
      - {eval_time: 5m, alertname: CheckoutDown}
      - {eval_time: 5m, alertname: DiskFull}
"""
ALERTMANAGER = """\
route:
  receiver: chat
  group_wait: 30s
  group_interval: 5m
  repeat_interval: 4h
  routes:
    - matchers: [severity="none"]
      receiver: nobody
    - matchers: [severity="critical"]
      receiver: pager
receivers:
  - name: chat
    slack_configs: [{channel: "#alerts", api_url: "https://chat.example.org/T0/secret-hook"}]
  - name: pager
    pagerduty_configs: [{routing_key: secret-key}]
  - name: nobody
"""
PROMISE = """\
severities:
  critical: {urgent: true, acknowledge: 15m, notify: [page]}
  warning: {acknowledge: 4h}
stack:
  prometheus: {scrape: 15s, evaluate: 15s}
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules/rules.yml").write_text(RULES)
    (tmp_path / "rules/rules_test.yml").write_text(TESTS)
    (tmp_path / "alertmanager.yml").write_text(ALERTMANAGER)
    return tmp_path


def audit(folder, *arguments, rules=RULES, alertmanager=ALERTMANAGER, promise=None):
    (folder / "rules/rules.yml").write_text(rules)
    (folder / "alertmanager.yml").write_text(alertmanager)
    if promise:
        (folder / "promise.yml").write_text(promise)
        arguments = ("--promise", "promise.yml", *arguments)
    return alertc(folder, "audit", "--rules", "rules", "--alertmanager", "alertmanager.yml", *arguments)


def findings(folder, **files):
    """Return what is found, without lines of the files: level, code and message, then notes and help."""
    found = json.loads(audit(folder, "--format", "json", **files).stdout)["findings"]
    return [
        "\n".join((f"{one['level']}[{one['code']}]: {one['message']}", *one["notes"], f"help: {one['help']}"))
        for one in found
    ]


def test_what_is_clean_is_told_in_a_page(folder):
    ran = audit(folder)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout == (
        "4 alerts, 2 routes, 3 receivers, 0 inhibition rules\n"
        "severity=critical is urgent\n"
        "what pages: pagerduty, opsgenie, victorops, pushover, incidentio\n"
        "times: scraped every 1m, evaluated every 1m, delivered within 15s\n"
        "\n"
        "severity=critical, urgent: 2 alerts\n"
        "  pager (pages), within 9m25s to 17m25s\n"
        "    CheckoutDown, DiskFull\n"
        "\n"
        "severity=warning: 1 alert\n"
        "  chat, within 7m25s\n"
        "    QueueLong\n"
        "\n"
        "severity=none: 1 alert\n"
        "  nobody\n"
        "    Debugging\n"
        "\n"
        "note[AUD918]: none Debugging is told to nobody: the receiver nobody has no integration\n"
        "  --> rules/rules.yml:17:9\n"
        "   |\n"
        "17 |       - alert: Debugging\n"
        "   |         ^\n"
        "  ::: alertmanager.yml:7:7\n"
        "   |\n"
        ' 7 |     - matchers: [severity="none"]\n'
        "   |       ^\n"
        "   = help: nothing, where that is on purpose\n"
        "\n"
        "1 note\n"
    )


def test_one_alert_is_told_in_full(folder):
    assert audit(folder, "--alert", "DiskFull", promise=PROMISE).stdout == (
        "critical: DiskFull (rules/rules.yml:9)\n"
        "It fires when disk_used_ratio > 0.9, for 10m.\n"
        "From the moment at which the condition is true, at the latest:\n"
        "  15m55s  pager: PagerDuty pages\n"
        "  the sum: scrape 15s + scrape timeout 10s + evaluation 15s + for 10m + group 5m + delivery 15s\n"
        "\n"
        "Answered within 20m55s; promised 15m: TOO LATE.\n"
    )


def test_an_alert_that_is_not_there_is_not_told_of(folder):
    ran = audit(folder, "--alert", "DiskFul")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.endswith("Error: there is no alert `DiskFul`; did you mean `DiskFull`?\n")


# ------------------------------------------------------------------------------------------- promises


def test_what_comes_later_than_promised_is_an_error_with_its_sum(folder):
    assert findings(folder, promise=PROMISE)[0] == (
        "error[AUD915]: critical DiskFull can take 20m55s to be answered; promised: 15m\n"
        "scrape 15s + scrape timeout 10s + evaluation 15s + for 10m + group 5m + delivery 15s + answer 5m\n"
        "help: shorten the largest term, or promise more time"
    )
    assert audit(folder, promise=PROMISE).returncode == 1


@pytest.mark.parametrize(("acknowledge", "late"), [("20m55s", True), ("20m56s", False)])
def test_in_time_is_before_the_promised_time(folder, acknowledge, late):
    found = findings(folder, promise=PROMISE.replace("acknowledge: 15m", f"acknowledge: {acknowledge}"))
    assert any("AUD915" in one for one in found) is late


def test_a_promised_receiver_must_be_reached(folder):
    promise = PROMISE.replace("notify: [page]", "notify: [page, chat]")
    assert findings(folder, promise=promise)[0] == (
        "error[AUD914]: critical CheckoutDown and 1 other do not reach chat\nalso: DiskFull\nhelp: add a route to it"
    )


def test_a_page_that_is_promised_must_come(folder):
    configuration = ALERTMANAGER.replace('severity="critical"', 'severity="worse"')
    assert findings(folder, promise=PROMISE, alertmanager=configuration)[0] == (
        "error[AUD912]: critical CheckoutDown and 1 other page nobody: told to chat\n"
        "also: DiskFull\n"
        "help: route it to a receiver that pages, or name what wakes somebody in `pages` of the promise"
    )


def test_a_policy_serves_as_a_promise(folder):
    shipped = Path("policy/exchange.yaml").absolute()
    ran = alertc(folder, "audit", "--rules", "rules", "--alertmanager", "alertmanager.yml", "--promise", str(shipped))
    assert ran.stdout.splitlines()[1] == (
        "severity=P0|P1 is urgent; P0 is answered within 5m; P1 is answered within 15m; P2 is answered within 4h; "
        "P3 is answered within 24h"
    )


BY_POLICY = """\
groups:
  - name: shop
    rules:
      - alert: MoneyLost
        expr: sum(x) > 0
        labels: {severity: P0, team: shop}
        annotations: {runbook_url: "https://wiki.example.org/money"}
      - {alert: Slow, expr: sum(x) > 1, labels: {severity: P3, team: shop}}
"""


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("P0", []),
        ("P1", ["error[AUD912]: P0 MoneyLost pages nobody: told to chat"]),
    ],
)
def test_of_what_a_policy_notifies_its_pages_are_promised(folder, asked, found):
    """Its channels are of other names than somebody else's receivers: of a P3 it promises no more than a time."""
    policy = edited(SMALL, ("    acknowledge: 5m\n", "    acknowledge: 10m\n"))
    routes = ALERTMANAGER.replace('severity="critical"', f'severity="{asked}"')
    said = [one.splitlines()[0] for one in findings(folder, rules=BY_POLICY, alertmanager=routes, promise=policy)]
    assert [one for one in said if one.startswith("error")] == found


def test_the_files_that_alertc_writes_are_clean():
    root = Path(__file__).parents[2]
    ran = alertc(
        root,
        *("audit", "--rules", "out/prometheus/rules", "--rules", "out/prometheus/tests"),
        *("--alertmanager", "out/alertmanager/alertmanager.yml", "--promise", "policy/exchange.yaml"),
        *("--fail-on", "warning", "--format", "json"),
    )
    assert [one for one in json.loads(ran.stdout)["findings"] if one["level"] != "note"] == []
    assert ran.returncode == 0


def test_the_promise_can_be_printed_and_read(folder):
    printed = alertc(folder, "audit", "--print-promise").stdout
    assert audit(folder, promise=printed).stdout == audit(folder).stdout


def test_a_promise_that_is_wrong_is_refused(folder):
    ran = audit(folder, promise="severities:\n  critical: {urgnt: true}\n")
    assert ran.returncode == 3
    assert ran.stderr == (
        "error[POL201]: unknown key `urgnt` in `critical`\n"
        "  --> promise.yml:2:14\n"
        "   |\n"
        " 2 |   critical: {urgnt: true}\n"
        "   |              ^^^^^\n"
        "   = help: did you mean `urgent`?\n"
        "\n"
        "1 error\n"
    )


@pytest.mark.parametrize(
    ("values", "urgent"),
    [
        (("critical", "warning"), "critical"),
        (("critical", "page"), "page"),
        (("P0", "P1", "P2"), "P0|P1"),
        (("sev1", "critical"), "sev1"),
        (("emergency", "critical"), "emergency|critical"),
        (("info",), ""),
    ],
)
def test_what_is_urgent_is_what_the_rules_use(folder, values, urgent):
    rules = "groups:\n- name: g\n  rules:\n" + "".join(
        f"  - {{alert: A{number}, expr: x > 0, labels: {{severity: {value}}}}}\n" for number, value in enumerate(values)
    )
    said = f"severity={urgent} is urgent" if urgent else "no severity is urgent"
    assert audit(folder, rules=rules).stdout.splitlines()[1] == said


# ------------------------------------------------------------------------------------------- who is told


def test_an_urgent_alert_that_reaches_nobody(folder):
    configuration = ALERTMANAGER.replace('severity="none"', 'severity=~"none|critical"')
    assert findings(folder, alertmanager=configuration)[0] == (
        "error[AUD910]: critical CheckoutDown and 1 other reach nobody: the receiver nobody has no integration\n"
        "also: DiskFull\n"
        "help: route it to a receiver that tells somebody"
    )


def test_an_urgent_alert_that_reaches_nobody_with_some_labels(folder):
    configuration = ALERTMANAGER.replace('severity="none"', 'instance=~"test-.+"')
    assert findings(folder, alertmanager=configuration)[0] == (
        "warning[AUD911]: critical DiskFull can reach nobody: the receiver nobody has no integration\n"
        'DiskFull with instance="test-a": nobody\n'
        "DiskFull with values that no route asks for: to pager\n"
        "help: add a route for what reaches nobody, or set the label in the rule"
    )


def test_a_page_that_only_the_series_decide(folder):
    configuration = ALERTMANAGER.replace('[severity="critical"]', '[severity="critical", instance=~"live-.+"]')
    assert [one for one in findings(folder, alertmanager=configuration) if "AUD917" not in one][:2] == [
        (
            "warning[AUD912]: critical CheckoutDown pages nobody: told to chat\n"
            "help: route it to a receiver that pages, or name what wakes somebody in `pages` of the promise"
        ),
        (
            "warning[AUD913]: critical DiskFull can page nobody: told to chat\n"
            "DiskFull with values that no route asks for: to chat\n"
            'DiskFull with instance="live-a": to pager\n'
            "help: set the label in the rule, or add a route for the other values"
        ),
    ]


def test_external_labels_decide_too(folder):
    configuration = ALERTMANAGER.replace('[severity="critical"]', '[severity="critical", cluster="live"]')
    promise = "stack: {prometheus: {external_labels: {cluster: [live]}}}\n"
    # A series may have a label of that name: then Prometheus adds none.
    assert findings(folder, alertmanager=configuration, promise=promise)[0].splitlines()[0] == (
        "warning[AUD913]: critical DiskFull can page nobody: told to chat"
    )
    both = promise.replace("[live]", "[live, test]")
    assert findings(folder, alertmanager=configuration, promise=both)[0].splitlines()[:2] == [
        "warning[AUD913]: critical CheckoutDown and 1 other can page nobody: told to chat",
        "also: DiskFull",
    ]


@pytest.mark.parametrize("day", ["2026-11-28", "2026-11-29", "2026-11-30"])  # Saturday, Sunday, Monday
def test_an_urgent_alert_that_is_muted_at_times(folder, monkeypatch, day):
    monkeypatch.setattr(judge, "today", lambda: date.fromisoformat(day))
    configuration = ALERTMANAGER.replace(
        "      receiver: pager\n", "      receiver: pager\n      active_time_intervals: [office]\n"
    )
    configuration += 'time_intervals:\n  - {name: office, time_intervals: [{weekdays: ["monday:friday"]}]}\n'
    assert findings(folder, alertmanager=configuration)[0] == (
        "warning[AUD916]: critical CheckoutDown and 1 other are told to nobody at some times, such as Saturday "
        "00:00 UTC\n"
        "also: DiskFull\n"
        "help: add a route for the other times"
    )


def test_an_urgent_alert_that_only_the_default_takes(folder):
    configuration = ALERTMANAGER.replace('severity="critical"', 'severity="worse"')
    assert any(
        one.startswith(
            "warning[AUD917]: critical CheckoutDown and 1 other are told by the default alone, to chat: "
            "no route asks for them\n"
        )
        for one in findings(folder, alertmanager=configuration)
    )


def test_too_many_ways_are_no_answer(folder):
    routes = "".join(f'    - {{receiver: chat, continue: true, matchers: [l{number}="a"]}}\n' for number in range(12))
    configuration = ALERTMANAGER.replace("  routes:\n", f"  routes:\n{routes}")
    assert findings(folder, alertmanager=configuration)[0] == (
        "warning[AUD919]: critical DiskFull can go elsewhere, too\n"
        "not all ways could be followed: more than 1,000 ways\n"
        "help: route by labels that the rules set"
    )
    assert (
        "  pager (pages); and perhaps others, within 17m25s\n    DiskFull\n"
        in audit(folder, alertmanager=configuration).stdout
    )


# ------------------------------------------------------------------------------------------- routes


def routed(*routes):
    return ALERTMANAGER.replace("  routes:\n", "  routes:\n" + "".join(f"    - {route}\n" for route in routes))


@pytest.mark.parametrize(
    ("routes", "why"),
    [
        (
            ('{receiver: chat, matchers: [team="shop"]}', '{receiver: pager, matchers: [team="shop", a="b"]}'),
            "an earlier route, to chat, takes it all",
        ),
        (
            ('{receiver: chat, matchers: [team=~"s.*"]}', '{receiver: pager, matchers: [team=~"shop|sale"]}'),
            "an earlier route, to chat, takes it all",
        ),
        (
            ("{receiver: chat}", '{receiver: pager, matchers: [team="x"]}'),
            "an earlier route, to chat, takes it all",
        ),
        (
            ('{receiver: chat, matchers: [team=~"a|b", team!~"a|b|c"]}',),
            'no value of team suits team!~"a|b|c" and team=~"a|b"',
        ),
        (
            ('{receiver: chat, matchers: [a="b"], routes: [{receiver: pager, matchers: [a="c"]}]}',),
            'no value of a suits a="b" and a="c"',
        ),
    ],
)
def test_a_route_that_nothing_can_take(folder, routes, why):
    found = [one for one in findings(folder, alertmanager=routed(*routes)) if "AUD920" in one]
    assert found[0].splitlines()[0] == f"warning[AUD920]: no alert can take the route to {_to(routes)}: {why}"


def _to(routes):
    return "pager" if len(routes) > 1 or "pager" in routes[0] else "chat"


@pytest.mark.parametrize(
    "routes",
    [
        ('{receiver: chat, continue: true, matchers: [team="shop"]}', '{receiver: pager, matchers: [team="shop"]}'),
        ('{receiver: chat, matchers: [team="shop", a="b"]}', '{receiver: pager, matchers: [team="shop"]}'),
        ('{receiver: chat, matchers: [team=~"shop|sale"]}', '{receiver: pager, matchers: [team=~"s.*"]}'),
        ('{receiver: chat, matchers: [team!="shop"]}', '{receiver: pager, matchers: [team="shop"]}'),
    ],
)
def test_a_route_that_something_can_take(folder, routes):
    assert not [one for one in findings(folder, alertmanager=routed(*routes)) if "AUD920" in one]


def test_a_route_that_none_of_these_alerts_takes(folder):
    found = findings(folder, alertmanager=routed('{receiver: chat, matchers: [team="other"]}'))
    assert [one for one in found if "AUD921" in one] == [
        (
            "note[AUD921]: no alert of these rules takes 1 of 3 routes\n"
            'to chat (team="other")\n'
            "help: they may be for alerts of other rules: give all rules with --rules"
        )
    ]


def test_a_receiver_that_no_route_names(folder):
    found = findings(folder, alertmanager=ALERTMANAGER + "  - name: left-over\n")
    assert [one for one in found if "AUD922" in one] == [
        "warning[AUD922]: no route sends to left-over\nhelp: remove it, or add a route to it"
    ]


@pytest.mark.parametrize(
    ("group_interval", "repeat_interval", "why"),
    [
        ("5m", "5m", "is repeated every 10m, not every 5m: only on a tick of 5m"),
        ("5m", "1m", "is repeated every 5m, not every 1m: only on a tick of 5m"),
        ("5m", "10d", "is repeated every 120h, not every 10d: Alertmanager remembers no longer by default"),
        ("5m", "4h", None),
        ("5m", "10m", None),
        ("5m", "9m59s", None),
    ],
)
def test_repeats_that_come_late(folder, group_interval, repeat_interval, why):
    configuration = ALERTMANAGER.replace("group_interval: 5m", f"group_interval: {group_interval}")
    configuration = configuration.replace("repeat_interval: 4h", f"repeat_interval: {repeat_interval}")
    found = [one for one in findings(folder, alertmanager=configuration) if "AUD923" in one]
    assert [one.splitlines()[0] for one in found] == (
        [f"warning[AUD923]: a message to chat, pager {why}"] if why else []
    )


# ------------------------------------------------------------------------------------------- inhibition


def inhibited(rule):
    return f"{ALERTMANAGER}inhibit_rules:\n  - {rule}\n"


def test_an_inhibition_that_hides_what_is_urgent(folder):
    rule = '{source_matchers: [alertname="CheckoutDown"], target_matchers: [team="shop"], equal: [team]}'
    assert findings(folder, alertmanager=inhibited(rule))[0] == (
        'warning[AUD930]: while an alert fires with alertname="CheckoutDown", 1 urgent alert with team="shop" and '
        "the same team can be silent\n"
        "it hides: DiskFull\n"
        'help: let the target leave out what is urgent: `severity!~"critical"`'
    )


def test_an_alert_does_not_hide_itself(folder):
    rule = '{source_matchers: [alertname="DiskFull"], target_matchers: [alertname="DiskFull"]}'
    assert not [one for one in findings(folder, alertmanager=inhibited(rule)) if "AUD930" in one]


def test_an_inhibition_that_can_hide_with_some_labels_is_a_note(folder):
    rule = '{source_matchers: [severity="critical"], target_matchers: [zone="a"], equal: [instance]}'
    assert [one for one in findings(folder, alertmanager=inhibited(rule)) if "AUD930" in one] == [
        (
            'note[AUD930]: while an alert fires with severity="critical", 1 urgent alert with zone="a" and the same '
            "instance can be silent\n"
            "with some labels: DiskFull\n"
            'help: let the target leave out what is urgent: `severity!~"critical"`'
        )
    ]


def test_an_inhibition_without_a_target(folder):
    rule = '{source_matchers: [severity="critical"], equal: [team]}'
    assert findings(folder, alertmanager=inhibited(rule))[0] == (
        'error[AUD931]: every alert with the same team is silent while one fires with severity="critical"\n'
        "help: name in the target what may be hidden"
    )


@pytest.mark.parametrize(
    ("rule", "lacking"),
    [
        ('{source_matchers: [team="other"], target_matchers: [severity="warning"]}', "the source"),
        ('{source_matchers: [severity="critical"], target_matchers: [team="other"]}', "a target"),
    ],
)
def test_an_inhibition_of_what_nobody_sends(folder, rule, lacking):
    assert [one.splitlines()[0] for one in findings(folder, alertmanager=inhibited(rule)) if "AUD932" in one] == [
        f"note[AUD932]: no alert of these rules is {lacking} of an inhibition rule"
    ]


def test_an_inhibition_that_takes_missing_labels_for_equal(folder):
    rules = RULES.replace("disk_used_ratio > 0.9", "max(disk_used_ratio) > 0.9")
    rule = '{source_matchers: [severity="warning"], target_matchers: [severity="critical"], equal: [zone]}'
    assert [one for one in findings(folder, rules=rules, alertmanager=inhibited(rule)) if "AUD933" in one] == [
        (
            "warning[AUD933]: QueueLong silences CheckoutDown, since neither has zone\n"
            "sources without it: 1; urgent targets: 2\n"
            'help: ask for the label in the target: `zone!=""`'
        )
    ]


# ------------------------------------------------------------------------------------------- upkeep


def test_what_has_no_owner_no_runbook_no_test(folder):
    rules = RULES.replace(", team: shop", "").replace("runbook_url", "see")
    (folder / "rules/rules_test.yml").unlink()
    assert [one for one in findings(folder, rules=rules) if "AUD94" in one] == [
        (
            "note[AUD940]: no label team or owner or squad on 4 of 4 alerts\n"
            "without: CheckoutDown, DiskFull, QueueLong, Debugging\n"
            "help: set such a label in the rule"
        ),
        (
            "note[AUD941]: no annotation runbook_url or runbook on 2 of 2 urgent alerts\n"
            "without: CheckoutDown, DiskFull\n"
            "help: write what to do, and link to it"
        ),
        (
            "note[AUD942]: no unit test among the files of 2 of 2 urgent alerts\n"
            "without: CheckoutDown, DiskFull\n"
            "help: give the tests with --rules, too"
        ),
    ]


# ------------------------------------------------------------------------------------------- forms


def test_the_json_keeps_to_its_schema_and_tells_no_secret(folder):
    configuration = ALERTMANAGER.replace('[severity="critical"]', '[severity="critical", instance=~"live-.+"]')
    text = audit(folder, "--format", "json", alertmanager=configuration).stdout
    data = json.loads(text)
    assert schema.faults(data, "audit") == ()
    assert "secret" not in text
    assert data["alerts"][1] == {
        "name": "DiskFull",
        "file": "rules/rules.yml",
        "line": 9,
        "severity": "critical",
        "urgent": True,
        "told": [
            {
                "receiver": "chat",
                "through": ["slack"],
                "pages": False,
                "latest": "17m25s",
                "sum": "scrape 1m + scrape timeout 10s + evaluation 1m + for 10m + group 5m + delivery 15s",
                "if": {"instance": "example"},
                "not_during": [],
                "only_during": [],
            },
            {
                "receiver": "pager",
                "through": ["pagerduty"],
                "pages": True,
                "latest": "17m25s",
                "sum": "scrape 1m + scrape timeout 10s + evaluation 1m + for 10m + group 5m + delivery 15s",
                "if": {"instance": "live-a"},
                "not_during": [],
                "only_during": [],
            },
        ],
        "nobody_if": [],
        "latest": "17m25s",
        "certain": False,
        "silenced_by": [],
    }
    assert data["summary"] == {
        "alerts": 4,
        "urgent": 2,
        "urgent_that_page": 0,
        "reach_nobody": 1,
        "depend_on_series": 1,
        "routes": 2,
        "receivers": 3,
        "inhibition_rules": 0,
        "errors": 0,
        "warnings": 3,
        "notes": 1,
    }


def test_markdown_is_for_a_pull_request(folder):
    assert audit(folder, "--format", "markdown").stdout == (
        "## alertc audit\n"
        "\n"
        "4 alerts; urgent: 2, of which 2 always page; 0 depend on labels of their series; 1 reach nobody.\n"
        "\n"
        "| | finding | where |\n"
        "|---|---|---|\n"
        "| note AUD918 | none Debugging is told to nobody: the receiver nobody has no integration | "
        "`rules/rules.yml:17` |\n"
        "\n"
        "| severity | told | alerts |\n"
        "|---|---|---:|\n"
        "| critical | pager (pages), within 9m25s to 17m25s | 2 |\n"
        "| warning | chat, within 7m25s | 1 |\n"
        "| none | nobody | 1 |\n"
    )


def test_sarif_holds_the_findings_in_their_order(folder):
    results = json.loads(audit(folder, "--format", "sarif").stdout)["runs"][0]["results"]
    assert [one["ruleId"] for one in results] == ["AUD918"]


@pytest.mark.parametrize(("fail_on", "code"), [("error", 0), ("warning", 0), ("note", 1)])
def test_what_fails_is_what_was_asked_for(folder, fail_on, code):
    assert audit(folder, "--fail-on", fail_on).returncode == code


def test_where_nothing_can_be_read_the_exit_code_is_3(folder):
    ran = alertc(folder, "audit", "--rules", "rules_test", "--alertmanager", "alertmanager.yml")
    assert ran.returncode == 3


def test_rules_and_a_configuration_must_be_named(folder):
    ran = alertc(folder, "audit", "--rules", "rules")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.endswith("Error: name rules and a configuration: --rules PATH --alertmanager FILE\n")


# ------------------------------------------------------------------------------------------- versions


@pytest.mark.parametrize(("version", "refused"), [("0.25", True), ("0.28", False), ("0.33", False)])
def test_what_the_declared_alertmanager_does_not_know(folder, version, refused):
    configuration = ALERTMANAGER + "  - name: teams\n    msteams_configs: [{webhook_url: 'https://a.example.org'}]\n"
    found = findings(folder, alertmanager=configuration, promise=f"stack: {{alertmanager: {{version: '{version}'}}}}\n")
    assert [one for one in found if "AUD951" in one] == (
        [
            (
                f"error[AUD951]: Alertmanager {version} does not know `msteams_configs`\n"
                "help: the first version that was tried and knows it is 0.28"
            )
        ]
        if refused
        else []
    )


@pytest.mark.parametrize(("version", "refused"), [("2.42", True), ("3.5", False)])
def test_what_the_declared_prometheus_does_not_know(folder, version, refused):
    rules = RULES.replace("disk_used_ratio > 0.9", "disk_used_ratio > 0_9")
    found = findings(folder, rules=rules, promise=f"stack: {{prometheus: {{version: '{version}'}}}}\n")
    assert bool([one for one in found if "AUD951" in one]) is refused


def test_an_expression_that_cannot_be_analysed_is_told_of(folder):
    rules = RULES.replace("disk_used_ratio > 0.9", "rate(disk_used_ratio[5m * 2]) > 0.9")
    assert [one for one in findings(folder, rules=rules) if "AUD943" in one] == [
        (
            "note[AUD943]: 1 of 4 expressions cannot be analysed: DiskFull\n"
            "DiskFull: unexpected character inside brackets: '*'\n"
            "help: check them with `promtool check rules`; what is said of their alerts holds for any labels"
        )
    ]


# ------------------------------------------------------------------------------------------- messages


def messages(folder, templates, **written):
    for name, text in written.items():
        (folder / f"{name}.tmpl").write_text(text)
    texts = """text: '{{ template "shop.text" . }}', title: '{{ template "slack.default.title" . }}'"""
    configuration = ALERTMANAGER.replace('{channel: "#alerts", ', f'{{channel: "#alerts", {texts}, ')
    return [one for one in findings(folder, alertmanager=configuration + templates) if "AUD924" in one]


def test_a_message_that_calls_what_nothing_defines(folder):
    assert messages(folder, "") == [
        (
            "warning[AUD924]: a message to chat calls the template shop.text, which is not defined\n"
            "there are no `templates`\n"
            "help: define it in a file that `templates` names"
        )
    ]
    assert messages(folder, "templates: [messages.tmpl]\n", messages='{{ define "other" }}{{ end }}') == [
        (
            "warning[AUD924]: a message to chat calls the template shop.text, which is not defined\n"
            "looked for in messages.tmpl\n"
            "help: define it in a file that `templates` names"
        )
    ]


def test_a_message_that_calls_what_is_not_at_hand(folder):
    assert messages(folder, "templates: [/etc/alertmanager/*.tmpl]\n") == [
        (
            "note[AUD924]: a message to chat calls the template shop.text, of which nothing is known\n"
            "no file of /etc/alertmanager/*.tmpl at hand\n"
            "help: put the files of `templates` beside the configuration, and ask again"
        )
    ]


def test_a_message_that_calls_what_a_file_defines(folder):
    written = '{{- define "shop.text" -}}{{ end }}'
    assert messages(folder, "templates: [/etc/alertmanager/*.tmpl]\n", messages=written) == []


def test_a_heartbeat_that_reaches_nobody(folder):
    found = findings(folder, rules=RULES.replace("Debugging", "Watchdog").replace("max(debug_mode) == 1", "vector(1)"))
    assert found == [
        (
            "warning[AUD925]: none Watchdog reaches nobody: the receiver nobody has no integration, so nobody would "
            "notice that alerting has stopped\n"
            "help: route it to something outside that calls when it stays away"
        )
    ]


def test_the_query_offset_and_recording_rules_count_into_the_time(folder):
    rules = RULES.replace("disk_used_ratio > 0.9", "disk:used:max > 0.9") + (
        "  - name: slow\n    interval: 10m\n    query_offset: 1m\n    rules:\n"
        "      - {record: 'disk:used:max', expr: max by (instance) (disk_used_ratio)}\n"
    )
    assert "  the sum: recording rules 11m + scrape 1m + scrape timeout 10s + evaluation 1m + for 10m" in (
        audit(folder, "--alert", "DiskFull", rules=rules).stdout
    )


# ------------------------------------------------------------------------------------------- hours

DAY = "{name: day, time_intervals: [{times: [{start_time: '08:00', end_time: '20:00'}]}]}"
ALWAYS = "{name: always, time_intervals: [{}]}"
NEVER = "{name: never, time_intervals: []}"


def at_hours(*routes):
    configuration = ALERTMANAGER.replace('    - matchers: [severity="critical"]\n      receiver: pager\n', "")
    lines = "".join(f'    - {{matchers: [severity="critical"], {route}}}\n' for route in routes)
    return (
        configuration.replace("receivers:\n", f"{lines}receivers:\n", 1)
        + f"time_intervals: [{DAY}, {ALWAYS}, {NEVER}]\n"
    )


@pytest.mark.parametrize(
    ("routes", "expected"),
    [
        (
            (
                "receiver: pager, active_time_intervals: [day], continue: true",
                "receiver: pager, mute_time_intervals: [day]",
            ),
            [],
        ),
        (("receiver: pager, active_time_intervals: [always]",), []),
        (("receiver: pager, mute_time_intervals: [never]",), []),
        (
            ("receiver: pager, active_time_intervals: [day], continue: true", "receiver: chat"),
            ["warning[AUD926]: critical CheckoutDown and 1 other page nobody at some times, such as"],
        ),
        (
            ("receiver: pager, active_time_intervals: [day]",),
            ["warning[AUD916]: critical CheckoutDown and 1 other are told to nobody at some times, such as"],
        ),
        (
            ("receiver: pager, mute_time_intervals: [always]",),
            ["error[AUD910]: critical CheckoutDown and 1 other reach nobody: the route to pager is always silent"],
        ),
        (
            ("receiver: pager, active_time_intervals: [never]",),
            ["error[AUD910]: critical CheckoutDown and 1 other reach nobody: the route to pager is always silent"],
        ),
        (
            ("receiver: pager, active_time_intervals: [day], mute_time_intervals: [day]",),
            ["error[AUD910]: critical CheckoutDown and 1 other reach nobody: the route to pager is always silent"],
        ),
    ],
)
def test_time_intervals_are_looked_at_for_a_year(folder, routes, expected):
    found = [
        one.splitlines()[0]
        for one in findings(folder, alertmanager=at_hours(*routes))
        if "AUD91" in one or "AUD926" in one
    ]
    about = [one for one in found if "AUD918" not in one and "AUD917" not in one]
    assert [one[: len(wanted)] for one, wanted in zip(about, expected, strict=True)] == expected


@pytest.mark.parametrize("kind", ["active_time_intervals", "mute_time_intervals"])
@pytest.mark.parametrize("named", ["nowhere", "day, nowhere"])
def test_a_time_interval_that_is_not_there_holds_nothing_back(folder, kind, named):
    """Alertmanager does not load the file, so that nothing else is said of it."""
    (found, *notes) = findings(folder, alertmanager=at_hours(f"receiver: pager, {kind}: [{named}]"))
    assert found == (
        'error[AUD907]: there is no time interval "nowhere", which this route names\n'
        "Alertmanager does not load the file\n"
        "help: add it to `time_intervals`, or name one that is there"
    )
    assert all(note.startswith("note") for note in notes)


# ------------------------------------------------------------------------------------------- severity by the series


@pytest.mark.parametrize(
    "rule",
    [
        (
            "      - alert: Disk\n        expr: x > 0\n"
            "        labels: {severity: '{{ if gt $value 1.0 }}critical{{ end }}', team: shop}\n"
        ),
        "      - {alert: Disk, expr: 'max by (severity) (x) > 0', labels: {team: shop}}\n",
    ],
)
def test_a_severity_that_only_the_series_know_may_be_urgent(folder, rule):
    configuration = ALERTMANAGER.replace("receiver: chat", "receiver: nobody", 1)
    found = findings(folder, rules=RULES + rule, alertmanager=configuration)
    assert any(one.startswith("warning[AUD911]: (by its series) Disk can reach nobody") for one in found)
    told = json.loads(audit(folder, "--format", "json", rules=RULES + rule).stdout)["alerts"][-1]
    assert (told["severity"], told["urgent"]) == (None, True)


@pytest.mark.parametrize(
    ("text", "found"),
    [("{{ $value }}", True), ("{{ .Value | humanize }}", True), ("{{ if gt $value 1.0 }}a{{ else }}b{{ end }}", False)],
)
def test_a_label_that_holds_the_value(folder, text, found):
    rules = RULES.replace("{severity: warning, team: shop}", f"{{severity: warning, team: shop, held: '{text}'}}")
    rules = rules.replace("queue_length) > 100", "queue_length) > 100\n        for: 1m")
    about = [one for one in findings(folder, rules=rules) if "AUD944" in one]
    assert about == (
        [
            (
                "warning[AUD944]: the label held of QueueLong holds its value: each value is another alert, so that it "
                "may never fire while its value moves\n"
                "help: put the value into an annotation"
            )
        ]
        if found
        else []
    )


def test_a_long_chain_of_recording_rules_counts_in_full(folder):
    chain = "".join(f"      - {{record: 'a:{number}', expr: 'a:{number + 1}'}}\n" for number in range(3_000))
    rules = RULES.replace("disk_used_ratio > 0.9", "a:0 > 0.9") + (
        f"  - name: chain\n    interval: 1m\n    rules:\n{chain}      - {{record: 'a:3000', expr: 'max(x) + a:0'}}\n"
    )
    said = audit(folder, "--alert", "DiskFull", rules=rules).stdout
    assert "  the sum: recording rules 50h1m + scrape 1m" in said


HOSTILE = "A\\e[31m|<b>@team [x](http://a)"


def test_what_others_wrote_reaches_no_terminal_and_is_no_markup(folder):
    rules = RULES.replace("alert: CheckoutDown", f'alert: "{HOSTILE}"')
    configuration = ALERTMANAGER.replace('severity="none"', 'severity=~"none|critical"').replace(
        "nobody", f'"{HOSTILE}"'
    )
    told = audit(folder, rules=rules, alertmanager=configuration).stdout
    assert "\x1b" not in told
    assert "A\\x1b[31m|<b>@team [x](http://a)" in told
    comment = audit(folder, "--format", "markdown", rules=rules, alertmanager=configuration).stdout
    assert not [part for part in ("\x1b", "<b>", "@team", "[x](", "http://") if part in comment]
    assert all(line.replace("\\|", "").count("|") == 4 for line in comment.splitlines() if line.startswith("| "))


EACH = """\
groups:
  - name: queues
    rules:
      - {alert: OfMail, expr: 'max(queue{job="mail"}) > 9', labels: {severity: warning, job: mail, team: shop}}
      - {alert: OfNone, expr: 'max(queue{job=""}) > 9', labels: {severity: warning, job: "", team: shop}}
"""


def test_an_expression_for_series_without_a_label_is_judged_by_itself(folder):
    """Rules that differ in a value alone are judged once; that a label is not there is no such value."""
    assert findings(folder, rules=EACH)[0] == (
        'error[PQL708]: a selector in OfNone matches no series: it asks for `job=""`, but every series has that label\n'
        'in `queue{job=""}`\n'
        "help: correct the matchers: an alert on no series never fires"
    )
    assert "PQL708" not in "".join(findings(folder, rules=EACH.replace('""', '"post"')))
