"""What was verified before, by the same programs, is not verified again; nothing else is skipped."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from generator.programs import find
from tests.compiling import SMALL
from tests.test_cli import CHANGED_SUMMARY, alertc, change, contents


@pytest.fixture(scope="module")
def remembered(tmp_path_factory):
    """A project that was rendered once, by programs that count their calls."""
    folder = tmp_path_factory.mktemp("remembered")
    (folder / "project/policy").mkdir(parents=True)
    (folder / "project/policy/shop.yaml").write_text(SMALL, encoding="utf-8")
    for name in ("promtool", "amtool"):
        script = f'#!/bin/sh\necho {name} "$1" >> "{folder}/calls"\nexec "{find(name).path}" "$@"\n'
        (folder / name).write_text(script, encoding="utf-8")
        (folder / name).chmod(0o755)
    ran = asking(folder, folder / "project", "render")
    assert (ran[0].returncode, ran[1]) == (0, True), ran[0].stderr
    return folder


def asking(remembered, project, *arguments):
    """Run alertc in the project; return how it ended and whether a program was asked."""
    calls = remembered / "calls"
    calls.write_text("", encoding="utf-8")
    programs = {f"ALERTC_{name.upper()}": str(remembered / name) for name in ("promtool", "amtool")}
    ran = alertc(project, *arguments, **programs)
    return ran, any("--version" not in line for line in calls.read_text(encoding="utf-8").splitlines())


@pytest.fixture
def run(remembered, tmp_path):
    """Run alertc in a copy of the project, which remembers what the project does."""
    shutil.copytree(remembered / "project", tmp_path / "project")

    def run(*arguments):
        return asking(remembered, tmp_path / "project", *arguments)

    run.project = tmp_path / "project"
    return run


def test_nothing_changed_asks_nobody(run):
    before = contents(run.project / "out")
    for command in ("render", "check", "render"):
        ran, asked = run(command)
        assert (ran.returncode, ran.stderr, asked) == (0, "", False)
    assert contents(run.project / "out") == before


def test_check_all_asks_again(run):
    ran, asked = run("check", "--all")
    assert (ran.returncode, asked) == (0, True)


@pytest.mark.parametrize("what", ["policy", "template", "out", "cache", "extra file", "broken cache"])
def test_whatever_changed_is_looked_at_again(run, what):
    project = run.project
    files = len(contents(project / "out"))
    if what == "policy":
        change(project, *CHANGED_SUMMARY)
    elif what == "template":
        (project / "templates").mkdir()
        (project / "templates/any.j2").write_text("", encoding="utf-8")
    elif what == "out":
        (project / "out/docs/incident-response.md").write_text("by hand", encoding="utf-8")
    elif what == "cache":
        shutil.rmtree(project / ".cache")
    elif what == "broken cache":
        for path in (project / ".cache").glob("*.json"):
            path.write_text(json.dumps({"run": 1}), encoding="utf-8")
    else:
        (project / "out/notes.txt").write_text("mine", encoding="utf-8")
    ran, asked = run("render")
    assert ran.returncode == 0, ran.stderr
    # A file that is not ours is told, and nothing needs to be verified for that.
    assert asked == (what != "extra file")
    assert f"out/: {files} files" in ran.stdout
    assert ("left alone, not ours: out/notes.txt" in ran.stdout) == (what == "extra file")
    assert run("check")[0].returncode == 0


def test_a_run_with_errors_is_not_remembered(run):
    change(run.project, ("summary: Till {{ $labels.till }} is", "summary: Till {{ $labels.till is"))
    for _ in range(2):
        ran, asked = run("check")
        assert (ran.returncode, asked) == (1, True)


def test_what_is_remembered_stays_out_of_the_repository(run):
    subprocess.run(["git", "init", "-q"], cwd=run.project, check=True)
    seen = subprocess.run(
        ["git", "status", "--porcelain", "-uall"], cwd=run.project, capture_output=True, text=True, check=True
    )
    assert ".cache" not in seen.stdout


def test_a_quiet_run_does_not_load_what_it_does_not_use(run):
    script = (
        "import sys; from generator.cli import main; main(['check']); "
        "print([name for name in ('jinja2', 'jsonschema', 'promql_parser') if name in sys.modules])"
    )
    alertc(run.project, "render")
    ran = subprocess.run(
        [sys.executable, "-c", script], cwd=run.project, capture_output=True, text=True, check=True, timeout=60
    )
    assert ran.stdout.splitlines()[-1] == "[]"
    assert Path(run.project / "out").is_dir()
