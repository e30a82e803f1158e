"""Commands that answer a question, and those that compare, speak of each environment."""

import json

import html5lib
import pytest

from generator.diff.changes import Deploy
from generator.diff.environments import loading
from tests import seeds
from tests.compiling import SMALL, edited
from tests.environments import BY_PROMETHEUS, BY_RULE, DIFFERING
from tests.projects import alertc

LONGER = edited(DIFFERING, ("        for: 10m\n", "        for: 20m\n"), ("fires_at: 11m15s", "fires_at: 21m15s"))
DOWN = '    expr: absent(up{job="$service"} == 1)\n    for: 30s\n'
EVERYWHERE = edited(BY_RULE, (DOWN, DOWN.replace("30s", "45s")))
LOW = "    resolve: next-sprint\n    notify: [room]\n"
RELAXED = edited(BY_RULE, (LOW, LOW.replace("[room]", "[staging-room]")))
OTHERS = edited(
    BY_PROMETHEUS,
    ("  P2:\n    title: Medium\n", "  P2:\n    title: Medium\n    is: [warning]\n"),
    ("\nrecords:\n", "\nowners: {by: namespace, map: {'shop-.*': shop}, otherwise: alerting}\n\nrecords:\n"),
)
"""Alerts of others in staging must not page, either."""


@pytest.fixture
def project(tmp_path):
    (tmp_path / "policy").mkdir()
    return tmp_path


def ran(project, policy, *arguments):
    (project / "policy/shop.yaml").write_text(policy, encoding="utf-8")
    done = alertc(project, *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize(
    ("name", "policy", "arguments"),
    [
        ("production", BY_PROMETHEUS, ("MoneyLost",)),
        ("staging", BY_PROMETHEUS, ("MoneyLost", "--environment", "staging")),
        ("staging-by-a-label", BY_PROMETHEUS, ("MoneyLost", "--labels", "environment=staging")),
        ("other-threshold", DIFFERING, ("ErrorsHigh", "--environment", "staging")),
        ("by-rule", BY_RULE, ("ErrorsHigh", "--environment", "staging")),
        ("heartbeat", BY_RULE, ("Heartbeat", "--environment", "staging")),
        ("unknown", BY_PROMETHEUS, ("--labels", "environment=staging,severity=P0,team=net")),
    ],
)
def test_explain_says_what_becomes_of_an_alert_there(project, golden, name, policy, arguments):
    golden.expect(f"environments/explain-{name}.txt", ran(project, policy, "explain", *arguments))


def test_programs_read_of_which_environment_it_is(project):
    said = json.loads(ran(project, DIFFERING, "explain", "MoneyLost", "--environment", "staging", "--format", "json"))
    assert (said["environment"], said["labels"]["environment"]) == ("staging", "staging")
    assert {one["receiver"] for one in said["told"]} == {"staging-room"}


def test_an_environment_that_is_not_there(project):
    (project / "policy/shop.yaml").write_text(BY_RULE, encoding="utf-8")
    done = alertc(project, "explain", "MoneyLost", "--environment", "stagin")
    assert done.returncode == 2
    assert "there is no environment `stagin`; did you mean `staging`?" in done.stderr


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("environment-added", SMALL, BY_RULE),
        ("environment-removed", BY_RULE, SMALL),
        ("in-one", DIFFERING, LONGER),
        ("in-all", BY_RULE, EVERYWHERE),
        ("in-the-first", BY_RULE, RELAXED),
        ("label-by-prometheus", BY_RULE, BY_PROMETHEUS),
        ("nothing", DIFFERING, DIFFERING),
    ],
)
def test_diff_says_in_which_environment(project, golden, name, before, after):
    (project / "before.yaml").write_text(before, encoding="utf-8")
    golden.expect(f"environments/diff-{name}.txt", ran(project, after, "diff", "before.yaml"))


def test_files_of_both_sides_are_compared_environment_by_environment(project):
    ran(project, DIFFERING, "render")
    (project / "out").rename(project / "before")
    said = ran(project, LONGER, "diff", "before")
    assert "in staging: fires after 20m instead of 10m" in said
    assert "in production" not in said


def rows(page):
    tree = html5lib.parse(page, namespaceHTMLElements=False)
    section = next(one for one in tree.iter("section") if one.get("id") == "environments")
    return [[" ".join("".join(cell.itertext()).split()) for cell in row] for row in section.iter("tr")][1:]


def test_the_report_shows_all_environments_and_is_about_one(project):
    page = ran(project, DIFFERING, "report", "--output", "-")
    assert rows(page) == [
        [
            "production",
            "within every SLA",
            "halt, status-draft, room, page-web-P0, page-web-P1, page-web-P2",
            "21m20s",
            "-",
            "prometheus/production/rules/; Prometheus sets the label",
        ],
        [
            "staging",
            "nobody",
            "staging-room",
            "21m20s",
            "ErrorsHigh",
            "prometheus/staging/rules/; Prometheus sets the label",
        ],
    ]
    staging = ran(project, DIFFERING, "report", "--output", "-", "--environment", "staging")
    assert rows(staging) == rows(page)
    assert "This page is about <bdi>staging</bdi>" in staging
    assert "page-web-P0" not in staging.split('<section id="alerts"')[1].split("</section>")[0]


def test_a_report_of_one_environment_says_nothing_of_several(project):
    assert 'id="environments"' not in ran(project, SMALL, "report", "--output", "-")


@pytest.mark.parametrize(
    "policy",
    seeds.parameters([DIFFERING, BY_RULE, BY_PROMETHEUS, OTHERS], 4),
    ids=["both", "rule", "prometheus", "others"],
)
def test_all_of_it_is_verified(project, policy):
    (project / "policy/shop.yaml").write_text(policy, encoding="utf-8")
    done = alertc(project, "render")
    assert (done.returncode, done.stderr) == (0, "")
    assert alertc(project, "check").returncode == 0


def test_a_file_beside_the_rules_of_an_environment_is_a_finding(project):
    """Prometheus loads it, too."""
    ran(project, BY_RULE, "render")
    (project / "out/prometheus/staging/rules/old.yaml").write_text("groups: []\n")
    done = alertc(project, "check")
    assert done.returncode == 1
    assert (
        "out/prometheus/staging/rules/old.yaml was not written by alertc, and would be loaded"
        in done.stdout + done.stderr
    )


def test_a_failing_test_of_one_environment_names_it(project, golden):
    """The same threshold would pass production's tests."""
    (project / "policy/shop.yaml").write_text(edited(DIFFERING, ("0.01x4 0.06x60", "0.01x4 0.04x60")), encoding="utf-8")
    done = alertc(project, "render")
    assert done.returncode == 1
    golden.expect("environments/failing-test.txt", done.stdout + done.stderr)


@pytest.mark.parametrize(
    ("orders", "order"),
    [
        ([("Prometheus",), ("Alertmanager",)], ("Alertmanager", "Prometheus")),
        ([("Alertmanager", "Prometheus"), ("PagerDuty",)], ("PagerDuty", "Alertmanager", "Prometheus")),
        ([("PagerDuty",), ("Prometheus", "Alertmanager")], ("PagerDuty", "Prometheus", "Alertmanager")),
        ([(), ("Prometheus",)], ("Prometheus",)),
        ([(), ()], ()),
    ],
)
def test_what_several_environments_need_is_loaded_in_one_order(orders, order):
    deploys = (Deploy(happens=(), order=one, folders={}, rollback="the files of HEAD" * bool(one)) for one in orders)
    loaded = loading(dict(zip(("production", "staging"), deploys, strict=True)))
    assert (loaded.order, loaded.rollback) == (order, "the files of HEAD" * bool(order))
