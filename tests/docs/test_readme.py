"""The README is true: its excerpts stand in the files, its commands print what it shows."""

import subprocess

import pytest

from tests.compiling import ROOT
from tests.sessions import EXCERPT, SESSION, copied, play

README = (ROOT / "README.md").read_text(encoding="utf-8")
EXCERPTS = EXCERPT.findall(README)
SESSIONS = SESSION.findall(README)


@pytest.mark.parametrize(("path", "text"), EXCERPTS)
def test_an_excerpt_stands_in_its_file(path, text):
    assert text in (ROOT / path).read_text(encoding="utf-8")


def test_the_readme_begins_with_the_two_commands():
    commands = [line.split("#")[0].strip() for line in README.splitlines() if line.startswith("    ")]
    assert commands[:2] == ["make render", "make test"]
    targets = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "\nrender:" in targets
    assert "\ntest:" in targets


@pytest.mark.parametrize("session", SESSIONS, ids=lambda session: session.splitlines()[1].removeprefix("$ "))
def test_a_session_prints_what_the_readme_shows(tmp_path, session):
    copied(tmp_path)
    play(session, tmp_path)
    status = subprocess.run(["git", "status", "--porcelain"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert status.stdout == "", "the tour leaves everything as it was"
