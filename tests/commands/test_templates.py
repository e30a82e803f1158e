"""`alertc templates`: from a packaged template to one's own in one command."""

from pathlib import Path

import pytest

from tests.projects import alertc

ROOM = "alertmanager/templates/room.tmpl.j2"
PACKAGED = Path(__file__).parents[2] / "templates"


def test_the_packaged_templates_are_listed(project):
    ran = alertc(project, "templates")
    expected = sorted(path.relative_to(PACKAGED).as_posix() for path in PACKAGED.rglob("*.j2"))
    assert (ran.returncode, ran.stdout.splitlines(), ran.stderr) == (0, expected, "")


def test_a_copy_goes_before_the_packaged_one_and_renders_the_same(project):
    ran = alertc(project, "templates", ROOM, "prometheus/rules.yaml.j2")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout == (
        f"wrote templates/{ROOM}: edit it, and run `alertc render`\n"
        "wrote templates/prometheus/rules.yaml.j2: edit it, and run `alertc render`\n"
    )
    assert (project / "templates" / ROOM).read_bytes() == (PACKAGED / ROOM).read_bytes()
    assert f"{ROOM} (yours goes before it)\n" in alertc(project, "templates").stdout
    assert alertc(project, "check").returncode == 0


def test_nothing_is_overwritten_and_then_nothing_is_written(project):
    own = project / "templates" / ROOM
    own.parent.mkdir(parents=True)
    own.write_text("mine")
    ran = alertc(project, "templates", "prometheus/rules.yaml.j2", ROOM)
    assert ran.returncode == 1
    assert ran.stderr == (
        f"error[TPL411]: templates/{ROOM} already exists; nothing was written\n"
        f"  --> templates/{ROOM}\n"
        "   = help: edit it, or remove it first\n"
        "\n"
        "1 error\n"
    )
    assert own.read_text() == "mine"
    assert not (project / "templates" / "prometheus").exists()


def test_a_link_out_of_the_repository_is_not_followed(project, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (project / ".git").mkdir(exist_ok=True)
    (project / "templates").symlink_to(elsewhere)
    ran = alertc(project, "templates", ROOM)
    assert ran.returncode == 1
    assert "is a link that leads out of the repository, and is not followed" in ran.stderr
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize("name", ["alertmanager/templates/rom.tmpl.j2", "../policy.yaml"])
def test_a_name_that_is_not_packaged_is_refused(project, name):
    ran = alertc(project, "templates", name)
    assert ran.returncode == 2
    assert f"there is no packaged template `{name}`" in ran.stderr
    assert ("did you mean `alertmanager/templates/room.tmpl.j2`?" in ran.stderr) == ("rom" in name)
