"""What was verified before, by the same programs, is not verified again; nothing else is skipped."""

import json
import os
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import pytest

from generator.behaviour import documents, readings
from generator.commands import remembered as remembered_runs
from generator.diagnostics.diagnostic import Diagnostic
from generator.system.artifact import Artifact
from generator.system.programs import find
from tests.answers import shared_folder
from tests.compiling import ROOT, SMALL
from tests.projects import CHANGED_SUMMARY, alertc, change, contents

COUNTING = """#!/bin/sh
# Notes that it is asked. What it reads lies below the folder that it works in: the same question has the same answer.
echo {name} "$1" >> "{folder}/calls"
[ "$1" = --version ] && exec "{program}" --version
input=$(cat)
question=$({{ echo {name} "$@" "$input"; find . -type f | sort | xargs cat; }} | cksum | tr " " -)
answer="{shared}/$question"
if ! [ -e "$answer.code" ]; then
  mine="$answer.$$"
  printf %s "$input" | "{program}" "$@" >"$mine.out" 2>"$mine.err"
  echo $? >"$mine.code"
  for part in out err code; do mv "$mine.$part" "$answer.$part"; done
fi
cat "$answer.out"
cat "$answer.err" >&2
exit "$(cat "$answer.code")"
"""


@pytest.fixture(scope="module")
def remembered(tmp_path_factory):
    """A project that was rendered once, by programs that count their calls."""
    folder = tmp_path_factory.mktemp("remembered")
    shared = shared_folder(tmp_path_factory, "counted")
    (folder / "project/policy").mkdir(parents=True)
    (folder / "project/policy/shop.yaml").write_text(SMALL, encoding="utf-8")
    for name in ("promtool", "amtool"):
        script = COUNTING.format(name=name, folder=folder, shared=shared, program=find(name).path)
        (folder / name).write_text(script, encoding="utf-8")
        (folder / name).chmod(0o755)
    ran = asking(folder, folder / "project", "render")
    assert (ran[0].returncode, ran[1]) == (0, True), ran[0].stderr
    return folder


def asking(remembered, project, *arguments, **variables):
    """Run alertc in the project; return how it ended and whether a program was asked."""
    calls = remembered / "calls"
    calls.write_text("", encoding="utf-8")
    programs = {f"ALERTC_{name.upper()}": str(remembered / name) for name in ("promtool", "amtool")}
    ran = alertc(project, *arguments, **programs, **variables)
    return ran, any("--version" not in line for line in calls.read_text(encoding="utf-8").splitlines())


@pytest.fixture
def run(remembered, tmp_path):
    """Run alertc in a copy of the project, which remembers what the project does."""
    shutil.copytree(remembered / "project", tmp_path / "project")

    def run(*arguments, **variables):
        return asking(remembered, tmp_path / "project", *arguments, **variables)

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
    # What the programs said holds as long as the files are the same that they judged.
    assert asked == (what in ("policy", "cache", "broken cache"))
    assert f"out/: {files} files" in ran.stdout
    assert ("left alone, not ours: out/notes.txt" in ran.stdout) == (what == "extra file")
    assert run("check")[0].returncode == 0


def test_a_template_of_the_same_size_and_time_is_read(run):
    template = run.project / "templates/docs/incident-response.md.j2"
    template.parent.mkdir(parents=True)
    text = (ROOT / "templates/docs/incident-response.md.j2").read_text(encoding="utf-8")
    for said, code in ((text, 0), (text.replace("the", "teh"), 1)):
        template.write_text(said, encoding="utf-8")
        os.utime(template, (1_700_000_000, 1_700_000_000))
        ran, _ = run("check")
        assert (ran.returncode, ran.stderr) == (code, "")


def test_a_run_with_errors_is_not_remembered(run):
    change(run.project, ("summary: Till {{ $labels.till }} is", "summary: Till {{ $labels.till is"))
    for _ in range(2):
        ran, asked = run("check")
        assert (ran.returncode, asked) == (1, True)


def test_only_what_changed_is_asked_about_again(run, remembered):
    """One summary of the till's alerts: promtool is asked about the files that hold it, amtool about its message."""
    change(run.project, *CHANGED_SUMMARY)
    ran, _ = run("render")
    assert ran.returncode == 0, ran.stderr
    asked = sorted((remembered / "calls").read_text(encoding="utf-8").splitlines())
    assert {line for line in asked if line.startswith("promtool")} == {
        "promtool --version",
        "promtool check",
        "promtool test",
    }
    assert "amtool check-config" not in asked  # the routes are as they were
    assert asked.count("promtool --version") < 8  # a script may start a container
    everything = run("check", "--all")
    assert everything[0].returncode == 0
    all_asked = (remembered / "calls").read_text(encoding="utf-8").splitlines()
    assert "amtool check-config" in all_asked
    assert len(asked) < len(all_asked) / 2


def test_a_changed_rule_runs_its_tests_again(run):
    """What a test says depends on the rules, too: the file of tests alone has not changed."""
    change(run.project, ("max by (till) (abs(till_difference)) > 0", "max by (till) (abs(till_difference)) > 1000"))
    ran, _ = run("check")
    assert ran.returncode == 1
    assert "expected MoneyLost to fire at 1m15s" in ran.stderr


def test_many_files_are_remembered_as_they_were_read(tmp_path, monkeypatch):
    """What is remembered of a file is what it holds, and only for that text."""
    many = tuple(Artifact(path=f"prometheus/rules/s{n}.yaml", text=f"groups: [{n}, 'on']\n") for n in range(50))
    monkeypatch.setattr(readings, "_WORTH", 1)
    out = tmp_path / "out"
    edited = (*many[:-1], Artifact(path=many[-1].path, text="groups: [new]\n"))
    for artifacts, known in ((many, 0), (many, 50), (edited, 49), (edited, 50)):
        remembered = readings.saved(out).readings
        held = documents.read(artifacts)
        recalled = {one.path: remembered.recall(one) for one in artifacts if remembered.recall(one) is not None}
        assert (len(recalled), recalled.items() <= held.items()) == (known, True)
        remembered.keep(artifacts, held)
    for path in (tmp_path / ".cache").glob("read-*"):
        path.write_bytes(path.read_bytes().replace(b"groups", b"graups"))
    assert {readings.saved(out).readings.recall(one) for one in edited} == {None}


def test_what_somebody_else_remembers_proves_nothing(run, tmp_path):
    """A `.cache/` that comes with a pull request: made by the same alertc, for just these files."""
    ran, asked = run("check")
    assert (ran.returncode, asked) == (0, False)
    elsewhere = {"XDG_CACHE_HOME": str(tmp_path / "another-user")}
    assert run("check", **elsewhere)[1]


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


@pytest.mark.parametrize(
    ("code", "accepted", "until"),
    [
        ("SCH504", None, "2026-03-08"),
        ("SCH504", date(2026, 4, 1), "2026-03-08"),
        ("SCH501", date(2026, 4, 1), "2026-04-01"),
        ("SCH501", None, ""),
        ("CAL504", None, "2026-03-08"),
    ],
)
def test_what_looks_at_the_day_is_remembered_for_that_day(monkeypatch, code, accepted, until):
    kept = []
    monkeypatch.setattr(remembered_runs, "today", lambda: date(2026, 3, 8))
    monkeypatch.setattr(remembered_runs.memory, "remember", lambda *asked: kept.append(asked[-1].until))
    remembered_runs.remember(
        SimpleNamespace(out=Path("out"), policy=Path("policy/shop.yaml")),
        "run",
        SimpleNamespace(
            written=(), plan=SimpleNamespace(policy=SimpleNamespace(name="shop", calendar=None, calendars={}))
        ),
        "checked",
        (Diagnostic(code=code, message="it is said"),),
        SimpleNamespace(lines=(), until=accepted),
    )
    assert kept == [until]
