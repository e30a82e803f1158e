"""Templates are compiled once for a user; what is remembered is only ever what this alertc made of this text."""

import jinja2
import pytest

from generator.commands.project import Project
from generator.diagnostics.diagnostic import PolicyErrors
from generator.system import memory
from generator.targets import compiled as compiled_templates
from generator.targets.render import Templates

NAME = "docs/incident-response.md.j2"


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.setenv("ALERTC_CACHE", str(tmp_path / "cache"))
    (tmp_path / "templates/docs").mkdir(parents=True)
    (tmp_path / "templates" / NAME).write_text("it is << word >>\n", encoding="utf-8")
    return Project(policy=tmp_path / "policy.yaml", out=tmp_path / "out", templates=tmp_path / "templates")


def templates(project):
    """The templates as a process of its own finds them."""
    compiled_templates._known.clear()
    return Templates(project.templates)


@pytest.fixture
def compiled(monkeypatch):
    """The names of the templates that Jinja compiled, in their order."""
    names, compile_ = [], jinja2.Environment.compile

    def noted(self, source, name=None, *more):
        names.append(name)
        return compile_(self, source, name, *more)

    monkeypatch.setattr(jinja2.Environment, "compile", noted)
    return names


def test_the_same_text_is_compiled_once(project, compiled):
    assert templates(project).render(NAME, word="so") == "it is so\n"
    assert templates(project).render(NAME, word="otherwise") == "it is otherwise\n"
    assert compiled == [NAME]


def test_one_process_compiles_the_same_text_once_wherever_it_lies(project, compiled, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("ALERTC_CACHE", str(tmp_path / "file"))
    other = tmp_path / "other/docs"
    other.mkdir(parents=True)
    (tmp_path / "other" / NAME).write_text("it is << word >>\n", encoding="utf-8")
    assert templates(project).render(NAME, word="so") == "it is so\n"
    assert Templates(tmp_path / "other").render(NAME, word="otherwise") == "it is otherwise\n"
    assert compiled == [NAME]


def test_another_text_is_compiled_anew(project, compiled):
    templates(project).render(NAME, word="so")
    (project.templates / NAME).write_text("it was << word >>\n", encoding="utf-8")
    assert templates(project).render(NAME, word="so") == "it was so\n"
    assert compiled == [NAME, NAME]


def test_another_alertc_compiles_anew(project, compiled, monkeypatch):
    templates(project).render(NAME, word="so")
    monkeypatch.setattr(memory, "code", lambda: "another")
    assert templates(project).render(NAME, word="so") == "it is so\n"
    assert compiled == [NAME, NAME]


@pytest.mark.parametrize("damage", ["spoilt", "cut", "empty", "of another user", "a folder"])
def test_what_this_user_did_not_write_is_not_run(project, compiled, damage, tmp_path):
    templates(project).render(NAME, word="so")
    (file,) = (one for one in (tmp_path / "cache/templates").iterdir() if one.name != ".gitignore")
    held = file.read_bytes()
    if damage == "of another user":
        (tmp_path / "cache/seal").write_bytes(b"x" * 32)
    elif damage == "a folder":
        file.unlink()
        file.mkdir()
    else:
        file.write_bytes(
            {"spoilt": held[:-1] + bytes([held[-1] ^ 1]), "cut": held[: len(held) // 2], "empty": b""}[damage]
        )
    assert templates(project).render(NAME, word="so") == "it is so\n"
    assert compiled == [NAME, NAME]


def test_where_nothing_can_be_remembered_it_takes_its_time(project, compiled, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("ALERTC_CACHE", str(tmp_path / "file"))
    assert templates(project).render(NAME, word="so") == "it is so\n"
    assert templates(project).render(NAME, word="so") == "it is so\n"
    assert compiled == [NAME, NAME]


def test_a_fault_has_the_same_line_however_often_it_is_met(project, compiled):
    (project.templates / NAME).write_text("one\ntwo\n<< nothing.there >>\n", encoding="utf-8")

    def told():
        with pytest.raises(PolicyErrors) as refused:
            templates(project).render(NAME)
        return [(one.place.path, one.place.line, one.message) for one in refused.value.diagnostics]

    first = told()
    assert first[0][:2] == (f"templates/{NAME}", 3)
    assert told() == first
    assert compiled == [NAME]
