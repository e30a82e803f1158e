"""A target is one record, and a file counts as checked only where somebody reads it back."""

import re

import pytest

from generator import targets
from generator.commands import check, render
from generator.commands.project import Project
from generator.diagnostics import formats
from generator.system.artifact import Artifact
from generator.targets.target import Owned, Target
from tests.compiling import SMALL
from tests.verifying import compiled, text_of, verified

SHOP = "prometheus/rules/shop.yaml"
VERSIONS = re.compile(r"(promtool|amtool) \S+")

READ_BACK = {
    "docs/incident-response.md": "alertc",
    "prometheus/rules/shop.yaml": "promtool",
    "prometheus/tests/shop.test.yaml": "promtool",
    "alertmanager/alertmanager.yml": "amtool",
    "alertmanager/templates/room.tmpl": "amtool",
    "pagerduty/teams.json": "alertc",
    "pagerduty/schedules.json": "alertc",
    "pagerduty/escalation_policies.json": "alertc",
    "pagerduty/services.json": "alertc",
    "pagerduty/terraform.tf.json": "alertc",
}

SHIPPED = {"prometheus": "prometheus", "alertmanager": "alertmanager", "pagerduty": "pagerduty", "procedure": "docs"}
"""The folder of each target that these tests know. Whoever adds one need not name it here."""


@pytest.fixture
def project(tmp_path, monkeypatch):
    shipped = tuple(target for target in targets.TARGETS if target.name in SHIPPED)
    monkeypatch.setattr(targets, "TARGETS", shipped)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "policy.yaml").write_text(SMALL, encoding="utf-8")
    return Project(policy=tmp_path / "policy.yaml", out=tmp_path / "out", templates=None)


@pytest.fixture
def add(monkeypatch):
    """Add a target that writes the rules of the small policy once more, each of which waits for an hour."""

    text = re.sub(r"\n +for: .*", "", text_of(SHOP, SMALL))
    text = re.sub(r"^( +)expr: ", r"\1for: 59m\n\1expr: ", text, flags=re.MULTILINE)

    def add(*owns, path="dashboard/late.yaml"):
        target = Target(name="dashboard", build=lambda *_: iter([Artifact(path=path, text=text)]), owns=owns)
        monkeypatch.setattr(targets, "TARGETS", (*targets.TARGETS, target))

    return add


def said(outcome):
    """Return what a command says last, without the versions of the programs at hand."""
    assert outcome.diagnostics == ()
    return VERSIONS.sub(r"\1 V", outcome.lines[-1]).partition("; ")[2]


def test_who_checked_how_many_files_is_said_and_which_nobody_did(project):
    expected = "checked by promtool V (16), amtool V (4) and alertc (6)"
    assert said(render.render(project)) == expected
    # Nothing changed: the same is said of what was verified before.
    assert said(render.render(project)) == expected
    assert said(check.check(project)) == expected
    assert said(check.check_all(project)) == expected


def test_what_a_new_target_writes_counts_as_verified_by_nobody(project, add):
    add(Owned(path="dashboard/*.yaml"))
    assert said(render.render(project)) == (
        "checked by promtool V (16), amtool V (4) and alertc (6); not verified: dashboard/late.yaml"
    )


def test_a_schema_alone_is_no_check_of_what_a_file_does(project, add):
    add(Owned(path="dashboard/late.yaml", schema="prometheus-rules"))
    assert said(render.render(project)).endswith("not verified: dashboard/late.yaml")


def test_of_many_files_that_nobody_verifies_some_are_named(project, monkeypatch):
    files = [Artifact(path=f"dashboard/{number}.txt", text="") for number in range(5)]
    many = Target(name="dashboard", build=lambda *_: iter(files), owns=(Owned(path="dashboard/*.txt"),))
    monkeypatch.setattr(targets, "TARGETS", (*targets.TARGETS, many))
    assert said(render.render(project)).endswith(
        "not verified: dashboard/0.txt, dashboard/1.txt, dashboard/2.txt and 2 more"
    )


def test_a_schema_of_a_new_target_is_held(project, add):
    add(Owned(path="dashboard/late.yaml", schema="pagerduty-teams"))
    outcome = render.render(project)
    assert [(one.code, one.message) for one in outcome.diagnostics] == [
        ("OUT604", "the file in out/dashboard/late.yaml: what stands there is not of type array")
    ]
    assert not project.out.exists()


def test_rules_where_prometheus_loads_them_are_judged_whoever_wrote_them(project, add):
    add(Owned(path="prometheus/rules/late.yaml", schema="prometheus-rules"), path="prometheus/rules/late.yaml")
    assert "TIM601" in {one.code for one in render.render(project).diagnostics}
    assert not project.out.exists()


def test_a_file_that_no_target_owns_is_an_error(project, add, golden):
    add(Owned(path="dashboard/*.json"))
    outcome = render.render(project)
    golden.expect("verify/no-target-owns-it.txt", formats.to_text(outcome.diagnostics, outcome.sources))
    assert not project.out.exists()


@pytest.mark.parametrize("path", READ_BACK)
def test_who_is_said_to_read_a_file_back_finds_that_it_is_spoilt(path):
    assert targets.owned(path).reader == READ_BACK[path]
    spoilt = "{{ spoilt" if path.endswith(".tmpl") else "[[1]]"
    assert f"out/{path}" in verified((path, text_of(path), spoilt))


def test_every_file_of_ours_is_owned_and_read_by_somebody():
    unread = {one.path for one in compiled().artifacts if targets.owned(one.path).reader is None}
    mine = {path for path in unread if path.split("/")[0] in SHIPPED.values()}
    assert mine == set()


@pytest.mark.parametrize(
    ("path", "schema"),
    [
        ("prometheus/rules/shop.yaml", "prometheus-rules"),
        ("prometheus/tests/shop.test.yaml", "prometheus-tests"),
        ("alertmanager/templates/room.tmpl", None),
    ],
)
def test_a_star_stands_for_any_text(path, schema):
    assert targets.owned(path).schema == schema


@pytest.mark.parametrize("path", ["prometheus/tests/shop.yaml", "alertmanager/alertmanager.yaml", "pagerduty/a.json"])
def test_what_only_looks_like_a_file_of_a_target_is_none(path):
    assert targets.owned(path) is None
