"""docs/architecture.md is true: its excerpts stand in the files, and whoever follows its steps gets what it says."""

import re

import pytest

from tests.compiling import ROOT
from tests.sessions import EXCERPT, copied, play

TEXT = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
STEP = re.compile(r"<!-- (run|file|edit)(?:: (\S+))? -->\n```[a-z]+\n(.*?)```", re.DOTALL)


def section(title):
    return TEXT.split(f"\n## {title}\n")[1].split("\n## ")[0]


@pytest.mark.parametrize(("path", "text"), EXCERPT.findall(TEXT))
def test_an_excerpt_stands_in_its_file(path, text):
    assert text in (ROOT / path).read_text(encoding="utf-8")


def test_every_module_that_is_named_exists():
    names = set(re.findall(r"`((?:[a-z_]+/)*[a-z_]+\.py)`", TEXT))
    assert len(names) > 15
    assert [name for name in names if not ((ROOT / "generator" / name).is_file() or (ROOT / name).is_file())] == []
    rooms = re.findall(r"^\| `(\w+)(?:/|\.py)` \|", section("The rooms"), re.MULTILINE)
    layers = (ROOT / "pyproject.toml").read_text(encoding="utf-8").split("\nlayers = [\n")[1].split("]")[0]
    assert rooms == re.findall(r'"(\w+)"', layers)


@pytest.mark.thorough  # each runs mypy and whole files of tests
@pytest.mark.parametrize("title", ["Add a lint", "Add a channel kind", "Add a target", "Add a policy field"])
def test_following_the_steps_gives_what_they_say(title, tmp_path):
    copied(tmp_path)
    steps = STEP.findall(section(title))
    assert {kind for kind, _, _ in steps} >= {"edit", "run"}
    for kind, path, text in steps:
        if kind == "run":
            play(text, tmp_path)
        elif kind == "file":
            assert not (tmp_path / path).exists()
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(text, encoding="utf-8")
        else:
            (tmp_path / path).write_text(patched((tmp_path / path).read_text(encoding="utf-8"), text), encoding="utf-8")


def patched(text, edit):
    """Return `text` with the hunks of a diff, which are parted by `@@` and found by their own lines."""
    for hunk in edit.split("@@\n"):
        before = "".join(f"{line[1:]}\n" for line in hunk.splitlines() if line[0] != "+")
        after = "".join(f"{line[1:]}\n" for line in hunk.splitlines() if line[0] != "-")
        assert text.count(before) == 1, f"{text.count(before)} times in the file:\n{before}"
        text = text.replace(before, after)
    return text
