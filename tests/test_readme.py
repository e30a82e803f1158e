"""The README is true: its excerpts stand in the files, its commands print what it shows."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.compiling import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
EXCERPTS = re.findall(r"<!-- from (\S+) -->\n```yaml\n(.*?)```", README, re.DOTALL)
SESSIONS = re.findall(r"<!-- run -->\n```console\n(.*?)```", README, re.DOTALL)


@pytest.mark.parametrize(("path", "text"), EXCERPTS)
def test_an_excerpt_stands_in_its_file(path, text):
    assert text in (ROOT / path).read_text(encoding="utf-8")


def test_the_readme_begins_with_the_two_commands():
    commands = [line.split("#")[0].strip() for line in README.splitlines() if line.startswith("    ")]
    assert commands[:2] == ["make render", "make test"]
    targets = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "\nrender:" in targets
    assert "\ntest:" in targets


@pytest.fixture
def clone(tmp_path):
    """A repository with the files of this one, changed or not, all committed."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    for name in listed:
        if (ROOT / name).is_file():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tmp_path / name)
    for command in ("init -q", "add -A", "commit -qm all"):
        subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *command.split()], cwd=tmp_path, check=True)
    return tmp_path


@pytest.mark.parametrize("session", SESSIONS, ids=lambda session: session.splitlines()[1].removeprefix("$ "))
def test_a_session_prints_what_the_readme_shows(clone, session):
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    steps: list[tuple[str, list[str]]] = []
    for line in session.splitlines():
        if line.startswith("$ "):
            steps.append((line[2:], []))
        else:
            steps[-1][1].append(line)
    for command, shown in steps:
        ran = subprocess.run(
            command,
            shell=True,
            cwd=clone,
            env={**os.environ, "PATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
        printed = (ran.stdout + ran.stderr).splitlines()
        where = 0
        for line in shown:
            assert line in printed[where:], f"{command} printed:\n{ran.stdout}{ran.stderr}"
            where = printed.index(line, where) + 1
        failing = any(line.startswith(("error", "-", "+")) for line in shown)
        assert ran.returncode == (1 if failing else 0), ran.stdout + ran.stderr
    status = subprocess.run(["git", "status", "--porcelain"], cwd=clone, capture_output=True, text=True, check=True)
    assert status.stdout == "", "the tour leaves everything as it was"
