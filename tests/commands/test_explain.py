"""`alertc explain`: who is told of an alert, when, through what; read off the rendered files."""

import json
import shutil

import pytest

from generator.targets.render import packaged_templates
from tests.compiling import ROOT
from tests.projects import alertc


@pytest.fixture
def project(tmp_path):
    shutil.copytree(ROOT / "policy", tmp_path / "policy")
    return tmp_path


def explained(project, *arguments):
    ran = alertc(project, "explain", *arguments)
    assert (ran.returncode, ran.stderr) == (0, "")
    return ran.stdout


@pytest.mark.parametrize(
    ("name", "arguments"),
    {
        "a-p0": ("BalanceConservationViolated",),
        "one-of-many-services": ("ServiceDown", "--service", "auth"),
        "many-services": ("ServiceDown",),
        "what-others-silence": ("ErrorRatioHigh",),
        "the-heartbeat": ("Heartbeat",),
        "unknown-labels": ("--labels", "severity=P1,service=x"),
        "labels-of-a-route": ("--labels", "severity=P2,escalation=trading,environment=production"),
        "labels-of-an-alert": ("--labels", "alertname=ServiceDown,service=auth"),
        "an-alert-elsewhere": ("ServiceDown", "--labels", "environment=staging"),
    }.items(),
)
def test_what_a_person_reads(project, golden, name, arguments):
    golden.expect(f"explain/{name}.txt", explained(project, *arguments))


def test_programs_read_the_same(project, golden):
    said = explained(project, "BalanceConservationViolated", "--format", "json")
    golden.expect("explain/a-p0.json", said)
    read = json.loads(said)
    sums = [one["latest"] for one in read["told"]] + [read["acknowledged"]]
    assert all(one["seconds"] == sum(term["seconds"] for term in one["terms"]) for one in sums)
    assert read["acknowledged"]["seconds"] < read["acknowledge_within"]


def test_a_template_of_the_user_is_what_counts(project):
    folder = project / "templates" / "alertmanager"
    folder.mkdir(parents=True)
    text = (packaged_templates() / "alertmanager" / "alertmanager.yml.j2").read_text(encoding="utf-8")
    changed = text.replace("<< route.group_interval | duration >>", "2m")
    assert changed != text
    (folder / "alertmanager.yml.j2").write_text(changed, encoding="utf-8")
    said = explained(project, "BalanceConservationViolated")
    assert "group 2m" in said
    assert "the SLA is less than 5m: TOO LATE" in said


def test_files_that_are_not_what_the_policy_says_are_noted(project):
    shutil.copytree(ROOT / "out", project / "out")
    before = explained(project, "BalanceConservationViolated")
    (project / "out/prometheus/rules/ledger.yaml").write_text("groups: []\n", encoding="utf-8")
    for command in ("explain", "graph"):
        ran = alertc(project, command, "BalanceConservationViolated")
        assert ran.returncode == 0
        assert ran.stderr == (
            "note[OUT703]: out/ is not up to date: this answer is about the files that `alertc render` would write\n"
            "  --> out\n"
            "   = help: `alertc check` shows what differs\n"
            "\n"
            "1 note\n"
        )
        if command == "explain":
            assert ran.stdout == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "name an alert, or a label set with --labels severity=P1,service=x"),
        (("ServiceDwn",), "there is no alert `ServiceDwn`; did you mean `ServiceDown`?"),
        (
            ("ServiceDown", "--service", "auht"),
            "ServiceDown is no alert of the service `auht`; did you mean `auth`?",
        ),
        (("--labels", "severity=P1,severity=P2"), "Invalid value for '--labels': `severity` is written twice"),
        (("--labels", "P1"), "Invalid value for '--labels': `P1` is not a label; write severity=P1,service=x"),
    ],
)
def test_a_wrong_name_is_wrong_usage(project, arguments, message):
    ran = alertc(project, "explain", *arguments)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.splitlines()[-1] == f"Error: {message}"


def test_a_policy_that_does_not_compile_is_not_explained(project):
    policy = project / "policy" / "exchange.yaml"
    policy.write_text(policy.read_text(encoding="utf-8").replace("    acknowledge: 5m\n", "    acknowledge: 2m\n"))
    ran = alertc(project, "explain", "BalanceConservationViolated")
    assert (ran.returncode, ran.stdout) == (1, "")
    assert "error[SLA202]" in ran.stderr


@pytest.mark.parametrize(
    ("template", "text", "says"),
    [
        (
            "pagerduty/escalation_policies.json.j2",
            "[]\n",
            "1m50s  incident-room  Slack #incident-active, again within 1h59m45s",
        ),
        ("alertmanager/alertmanager.yml.j2", None, "1m35s  trading-halt"),
    ],
)
def test_a_template_that_loses_the_chain_or_the_ticks_is_explained_all_the_same(project, template, text, says):
    path = project / "templates" / template
    path.parent.mkdir(parents=True)
    shipped = (packaged_templates() / template).read_text(encoding="utf-8")
    path.write_text(text or shipped.replace("<< route.group_interval | duration >>", "0s"), encoding="utf-8")
    assert says in explained(project, "BalanceConservationViolated")


BY_SERIES = """    - receiver: operations-room
      matchers:
        - 'ledger="spot"'
        - 'alertname="BalanceConservationViolated"'
"""


def test_it_says_for_which_series_another_route_is_taken(project, golden):
    """The template is wrong, which `render` says; what it does is explained all the same."""
    path = project / "templates" / "alertmanager" / "alertmanager.yml.j2"
    path.parent.mkdir(parents=True)
    shipped = (packaged_templates() / "alertmanager/alertmanager.yml.j2").read_text(encoding="utf-8")
    first = "<< node(route, 4) >>"
    assert shipped.count(first) == 1
    path.write_text(shipped.replace(first, f"<% if loop.first %>\n{BY_SERIES}<% endif %>\n{first}"), encoding="utf-8")
    golden.expect("explain/by-a-label-of-the-series.txt", explained(project, "BalanceConservationViolated"))
    spot = explained(project, "BalanceConservationViolated", "--labels", "ledger=spot")
    golden.expect("explain/of-the-series-it-asks-for.txt", spot)
