"""What docs/adopting.md shows is what alertc prints."""

import os
import re
import shutil
from pathlib import Path

import pytest

from tests.compiling import ROOT
from tests.projects import alertc
from tests.sessions import EXCERPT, SESSION, play

PAGE = (ROOT / "docs/adopting.md").read_text(encoding="utf-8")
ELSEWHERE = re.compile(r"<!-- audit (\S+) (\S+) -->\n```console\n(.*?)```", re.DOTALL)
DATA = "ALERTC_AUDIT_DATA"
"""The variable that names a folder with the rules and the configurations of others, which are no part of this."""


def test_the_sessions_print_what_the_page_shows(tmp_path):
    sessions = SESSION.findall(PAGE)
    assert len(sessions) > 2
    shutil.copytree(ROOT / "docs/adopting", tmp_path / "docs/adopting")
    for session in sessions:
        play(session, tmp_path)


@pytest.mark.parametrize(("path", "text"), EXCERPT.findall(PAGE))
def test_an_excerpt_stands_in_its_file(path, text):
    assert text in (ROOT / path).read_text(encoding="utf-8")


@pytest.mark.skipif(DATA not in os.environ, reason=f"{DATA} names no folder with the files of others")
@pytest.mark.parametrize(("rules", "configuration", "shown"), ELSEWHERE.findall(PAGE))
def test_what_was_found_elsewhere_is_found(rules, configuration, shown):
    data = Path(os.environ[DATA])
    files = ("--rules", str(data / rules), "--alertmanager", str(data / "alertmanager-configs" / configuration))
    printed = alertc(ROOT, "audit", *files).stdout.splitlines()
    where = 0
    for line in shown.splitlines():
        assert line in printed[where:], f"not printed after line {where}: {line}"
        where = printed.index(line, where) + 1


def test_what_the_page_names_is_there():
    names = re.findall(r"\]\((?:\.\./)?((?:generator|adopting)[\w./]*)\)", PAGE)
    assert names
    assert [name for name in names if not (ROOT / name).exists() and not (ROOT / "docs" / name).exists()] == []
