"""promtool has the rules before the other files are built, and leaves nothing where building those fails."""

import pytest

from generator import pipeline, programs
from generator.commands.project import Project
from generator.commands.render import render
from generator.targets import TARGETS, prometheus
from tests.compiling import SMALL


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "policy.yaml").write_text(SMALL, encoding="utf-8")
    return Project(policy=tmp_path / "policy.yaml", out=tmp_path / "out", templates=tmp_path / "templates")


def test_promtool_has_the_rules_before_other_files_are_built(project, monkeypatch):
    asked, before = [], {}
    start = programs.Runs.start

    def noted(runs, commands):
        commands = tuple(commands)
        asked.extend(commands)
        start(runs, commands)

    def watched(target):
        def build(*given):
            before[target] = {path for one in asked for path in one.argv[4:]}
            # It reads them where they lie by now.
            assert all((one.cwd / path).is_file() for one in asked for path in one.argv[4:])
            return target(*given)

        return build

    monkeypatch.setattr(programs.Runs, "start", noted)
    monkeypatch.setattr(pipeline, "TARGETS", tuple(map(watched, TARGETS)))
    assert render(project).clean
    rules = {path.relative_to(project.out).as_posix() for path in project.out.glob("prometheus/rules/*.yaml")}
    assert rules
    assert before.pop(prometheus.build) == set()
    assert all(paths == rules for paths in before.values())


def test_a_template_that_fails_while_promtool_works_leaves_nothing(project):
    (project.templates / "docs").mkdir(parents=True)
    (project.templates / "docs/incident-response.md.j2").write_text("<< nothing.at.all >>", encoding="utf-8")
    outcome = render(project)
    assert [one.code for one in outcome.diagnostics] == ["TPL401"]
    assert {path.name for path in project.out.parent.iterdir()} == {"policy.yaml", "templates"}
