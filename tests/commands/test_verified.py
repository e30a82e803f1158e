"""promtool has rules and tests before other files are built, and leaves nothing where building those fails."""

from dataclasses import replace

import pytest

from generator import targets
from generator.commands.project import Project
from generator.commands.render import render
from generator.system import programs
from tests.compiling import SMALL


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "policy.yaml").write_text(SMALL, encoding="utf-8")
    return Project(policy=tmp_path / "policy.yaml", out=tmp_path / "out", templates=tmp_path / "templates")


def test_promtool_has_rules_and_tests_before_other_files_are_built(project, monkeypatch):
    asked, before = [], {}
    start = programs.Runs.start

    def noted(runs, commands):
        commands = tuple(commands)
        asked.extend(commands)
        start(runs, commands)

    def watched(target):
        def build(*given):
            before[target.name] = {word for one in asked for word in one.argv if str(word).endswith(".yaml")}
            # It reads them where they lie by now.
            assert all((one.cwd / path).is_file() for one in asked for path in before[target.name] & {*one.argv})
            return target.build(*given)

        return replace(target, build=build)

    monkeypatch.setattr(programs.Runs, "start", noted)
    monkeypatch.setattr(targets, "TARGETS", tuple(map(watched, targets.TARGETS)))
    assert render(project).clean
    files = {path.relative_to(project.out).as_posix() for path in project.out.glob("prometheus/*/*.yaml")}
    assert {path.split("/")[1] for path in files} == {"rules", "tests"}
    assert before.pop("prometheus") == set()
    assert all(paths == files for paths in before.values())


def test_a_test_that_cannot_be_read_is_told_once_all_is_built(project):
    (project.templates / "prometheus").mkdir(parents=True)
    (project.templates / "prometheus/tests.yaml.j2").write_text("rule_files: {a: &b c}", encoding="utf-8")
    outcome = render(project)
    assert {one.code for one in outcome.diagnostics} == {"OUT601"}
    (project.templates / "prometheus/tests.yaml.j2").write_text("rule_files: 1", encoding="utf-8")
    outcome = render(project)
    assert {one.code for one in outcome.diagnostics} == {"OUT603", "OUT604"}
    assert not project.out.exists()


def test_a_template_that_fails_while_promtool_works_leaves_nothing(project):
    (project.templates / "docs").mkdir(parents=True)
    (project.templates / "docs/incident-response.md.j2").write_text("<< nothing.at.all >>", encoding="utf-8")
    outcome = render(project)
    assert [one.code for one in outcome.diagnostics] == ["TPL401"]
    assert {path.name for path in project.out.parent.iterdir()} == {"policy.yaml", "templates"}
