"""An alert that is told to nobody stands in Prometheus, and no route, deadline or inhibition is about it."""

import pytest
import yaml

from tests.compiling import SMALL, compiled, edited, files, said
from tests.projects import alertc, change
from tests.verifying import verified

BEFORE = "  CertificateExpiring:\n"
HUSHED = "    notify: nobody\n    because: The dashboard of capacity shows it.\n"
ALERT = f"""\
  DiskFilling:
    service: shop
    severity: P2
{HUSHED}\
    expr: max by (host) (disk_used_ratio) > 0.7
    for: 5m
    summary: The disk of {{{{ $labels.host }}}} fills
    tests:
      - given: {{'disk_used_ratio{{host="a"}}': 0x4 0.8x40}}
        fires_at: 6m15s
        labels: {{host: a}}
"""
A = "alertmanager/alertmanager.yml"
RECEIVER = "  - name: nobody\n"


def policy(*edits):
    return edited(SMALL, (BEFORE, edited(ALERT, *edits) + BEFORE))


def test_its_rule_carries_the_duty_nobody_and_promises_no_time():
    rules = yaml.safe_load(files(policy())["prometheus/rules/shop.yaml"])["groups"][0]["rules"]
    rule = next(rule for rule in rules if rule["alert"] == "DiskFilling")
    assert (rule["labels"]["duty"], rule["labels"]["severity"]) == ("nobody", "P2")
    assert sorted(rule["annotations"]) == ["because", "runbook_url", "summary"]
    assert rule["annotations"]["because"] == "The dashboard of capacity shows it."


def test_its_route_is_the_first_and_ends_at_a_receiver_that_sends_nothing():
    configuration = yaml.safe_load(files(policy())[A])
    first, *others = configuration["route"]["routes"]
    assert (first["receiver"], first["matchers"], first.get("continue")) == (
        "nobody",
        ['alertname="DiskFilling"', 'environment="production"', 'duty="nobody"'],
        None,
    )
    assert {"name": "nobody"} in configuration["receivers"]
    assert others == yaml.safe_load(files(SMALL)[A])["route"]["routes"]


def test_nothing_else_is_made_for_it():
    """No chain, no deadlines: the severity is that of this alert alone."""
    lines = SMALL.split("\n")
    start = next(number for number, line in enumerate(lines) if line == "  ErrorsHigh:")
    end = lines.index("  CertificateExpiring:")
    text = "\n".join([*lines[:start], ALERT.rstrip(), *lines[end:]])
    made = compiled(text)
    assert [rule.name for rule in made.plan.rules if rule.severity == "P2"] == ["DiskFilling"]
    assert "page-web-P2" not in {one.name for one in made.plan.receivers}


def test_the_files_keep_what_is_promised():
    assert verified(policy=policy()) == ""


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (
            (A, RECEIVER, RECEIVER + "    webhook_configs: [{url: 'http://elsewhere.internal/'}]\n"),
            "error[RTE607]: the receiver nobody, of alerts of which nobody is told, sends to webhook\n",
        ),
        (
            (A, "        - 'duty=\"nobody\"'\n", "        - 'duty=\"nobody\"'\n      continue: true\n"),
            "error[RTE602]: P2 DiskFilling of shop would reach page-web-P2 too, which the policy does not name\n",
        ),
        (
            ("prometheus/rules/shop.yaml", "          duty: nobody\n", "          duty: ''\n"),
            "error[RTE603]: out/prometheus/rules/ has no rule DiskFilling of shop with the labels that route it\n",
        ),
    ],
)
def test_a_template_that_tells_somebody_is_found(edit, expected):
    assert expected in verified(edit, policy=policy())


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (
            ("    because: The dashboard of capacity shows it.\n", ""),
            "error[POL260]: DiskFilling is told to nobody, and does not say why\n",
        ),
        (
            ("    notify: nobody\n", ""),
            "error[POL260]: DiskFilling is told to people, and says why not (`because`)\n",
        ),
        (("severity: P2", "severity: P1"), "error[POL261]: nobody is told of DiskFilling, but it is a P1\n"),
        (
            ("    for: 5m\n", "    for: 5m\n    containment: stop-sales\n"),
            "error[POL261]: nobody is told of DiskFilling, but it has `containment`\n",
        ),
        (
            ("    for: 5m\n", "    for: 5m\n    when_missing: P3\n"),
            "error[POL261]: nobody is told of DiskFilling, but it has `when_missing`\n",
        ),
        (
            ("notify: nobody", "notify: nobdy"),
            "error[POL208]: `nobdy` is not `nobody`, channels, or channels by severity\n",
        ),
    ],
)
def test_what_contradicts_it_is_refused(edit, expected):
    assert said(policy(edit)).startswith(expected)


def test_a_channel_of_that_name_is_refused_beside_it_alone():
    channel = ("  room: {", '  nobody: {slack: "#nobody", audience: internal}\n  room: {')
    assert said(edited(SMALL, channel), "POL225") == ""
    assert said(edited(policy(), channel), "POL225").startswith("error[POL225]: the name `nobody` is reserved\n")


@pytest.fixture
def shop(tmp_path):
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy/shop.yaml").write_text(policy(), encoding="utf-8")
    return tmp_path


def test_explain_says_why(shop):
    ran = alertc(shop, "explain", "DiskFilling")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout == (
        "DiskFilling is a P2 of shop (policy/shop.yaml:175).\n"
        'It says "The disk of {{ $labels.host }} fills".\n'
        "It fires when max by (host) (disk_used_ratio) > 0.7, for 5m.\n"
        "Nobody is told of it: The dashboard of capacity shows it.\n"
        "\n"
        "From the moment at which the condition is true, at the latest:\n"
        "  nobody is told\n"
        "\n"
        "In the policy: the alert policy/shop.yaml:175, the severity P2 policy/shop.yaml:33.\n"
    )


def test_the_report_says_why(shop):
    ran = alertc(shop, "report", "--output", "-")
    assert (ran.returncode, ran.stderr) == (0, "")
    table = ran.stdout.partition("<h3>Told to nobody</h3>")[2].partition("</table>")[0]
    assert "<bdi>DiskFilling</bdi>" in table
    assert "<bdi>The dashboard of capacity shows it.</bdi>" in table


def test_that_nobody_is_told_any_more_is_weaker(shop):
    before = shop / "before.yaml"
    before.write_text(edited(policy(), (HUSHED, "")), encoding="utf-8")
    ran = alertc(shop, "diff", "before.yaml")
    assert "  weaker     is told to nobody: The dashboard of capacity shows it.\n" in ran.stdout
    assert "  weaker     tells Slack #shop no longer: nobody is told any more\n" in ran.stdout
    assert "duty" not in ran.stdout
    before.write_text(policy(), encoding="utf-8")
    change(shop, ("The dashboard of capacity", "Another dashboard"))
    ran = alertc(shop, "diff", "before.yaml")
    assert "is told to nobody, for another reason: Another dashboard shows it.\n" in ran.stdout


def test_there_is_nothing_to_drill(shop):
    ran = alertc(shop, "drill", "DiskFilling")
    assert (ran.returncode, ran.stderr.splitlines()[-1]) == (
        2,
        "Error: nobody is told of `DiskFilling`: there is nothing to drill",
    )
