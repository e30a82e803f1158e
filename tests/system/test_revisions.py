"""The base of a diff is what its commit holds: no file, attribute, link or name of a pull request changes it."""

import os
import re
import subprocess

import pytest

from tests.compiling import SMALL, edited
from tests.diff.test_command import HOLD, change, commit, git
from tests.projects import alertc

TEMPLATE = "templates/alertmanager/alertmanager.yml.j2"


def answer(folder, *arguments):
    ran = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return ran.stdout.strip()


@pytest.fixture
def project(tmp_path):
    """A clone in which a pull request lets an alert wait; its base is HEAD~1."""
    folder = tmp_path / "project"
    (folder / "policy").mkdir(parents=True)
    (folder / "policy/shop.yaml").write_text(SMALL, encoding="utf-8")
    git(folder, "init", "-q", "-b", "main")
    commit(folder)
    change(folder, HOLD)
    commit(folder)
    return folder


def weaker(project, base, *arguments, **environment):
    ran = alertc(project, "diff", base, *arguments, "--fail-on", "weaker", **environment)
    assert (ran.returncode, ran.stderr) == (1, "")
    return " weaker\n" in ran.stdout


def refused(project, *arguments):
    ran = alertc(project, "diff", *arguments)
    assert (ran.returncode, ran.stdout) == (2, "")
    return ran.stderr.splitlines()[-1].removeprefix("Error: ")


# ------------------------------------------------------------------------------------------- a file or a revision


@pytest.mark.parametrize("name", ["whole id", "short id", "a-branch", "HEAD", "HEAD~1"])
@pytest.mark.parametrize("kind", ["file", "folder of files", "dangling link"])
def test_a_file_never_passes_for_a_revision(project, name, kind):
    base = answer(project, "rev-parse", "HEAD~1")
    git(project, "branch", "a-branch", base)
    name = {"whole id": base, "short id": base[:9]}.get(name, name)
    if kind == "file":
        (project / name).write_bytes((project / "policy/shop.yaml").read_bytes())
    elif kind == "dangling link":
        (project / name).symlink_to("nowhere")
        if name != "HEAD":
            assert weaker(project, name)
        return
    else:
        assert alertc(project, "render", "--out", name).returncode in (0, 1)
        (project / name / "alertmanager").mkdir(parents=True, exist_ok=True)
        (project / name / "alertmanager/alertmanager.yml").write_text("route: {receiver: a}\n", encoding="utf-8")
    said = f"`{name}` is a revision and a file: write git:{name} or ./{name}"
    assert refused(project, name) == said
    assert refused(project, "HEAD~1" if name != "HEAD~1" else "main", "--to", name) == said
    assert refused(project, "--", name) == said
    if name != "HEAD":
        assert weaker(project, f"git:{name}")
    if kind == "file":
        ran = alertc(project, "diff", f"./{name}")
        assert ran.stdout.startswith(f"{name} -> the working tree: no change in who is paged\n")


def test_the_last_commit_is_meant_where_nothing_is_named_whatever_files_there_are(project):
    (project / "HEAD").write_text(SMALL, encoding="utf-8")
    (project / "git:HEAD").write_text(SMALL, encoding="utf-8")
    ran = alertc(project, "diff")
    assert re.match(r"HEAD \(.{7}\) -> the working tree: no change in who is paged\n", ran.stdout)


def test_a_whole_id_that_the_clone_lacks_is_no_file(project):
    missing = "5" * 40
    (project / missing).write_bytes((project / "policy/shop.yaml").read_bytes())
    assert refused(project, missing) == f"git knows no revision `{missing}`, and the file `{missing}` is ./{missing}"
    assert refused(project, f"git:{missing}") == f"git knows no revision `{missing}`"


def test_a_report_against_a_revision_says_which_is_meant_too(project):
    for name in ("main", "policy/shop.yaml"):
        (project / name).write_text(SMALL, encoding="utf-8")
    ran = alertc(project, "report", "--against", "main")
    assert ran.returncode == 2
    assert ran.stderr.endswith("Error: `main` is a revision and a file: write git:main or ./main\n")


def test_what_git_could_read_in_two_ways_is_not_guessed(project):
    base = answer(project, "rev-parse", "HEAD~1")
    git(project, "tag", "main", base)
    said = "means several things to git; write refs/heads/..., refs/tags/... or the whole id"
    assert refused(project, "git:main") == f"`main` {said}"
    git(project, "branch", base[:9], "HEAD")
    assert refused(project, f"git:{base[:9]}") == f"`{base[:9]}` {said}"
    git(project, "branch", base[:10], "HEAD")
    git(project, "update-ref", f"refs/heads/{base}", "HEAD")
    assert weaker(project, base), "a whole id is the commit, whatever branches are called"


def test_a_commit_before_a_shallow_clone_is_missed_with_what_to_do(project, tmp_path):
    base = answer(project, "rev-parse", "HEAD~1")
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{project}", "shallow")
    assert refused(tmp_path / "shallow", f"git:{base}") == (
        f"git knows no revision `{base}` in this shallow clone; fetch it first (`fetch-depth: 0`, `GIT_DEPTH: 0`)"
    )


@pytest.mark.parametrize("name", ["--output=x", "-h", "^main", "main..HEAD", ":policy/shop.yaml", "HEAD:policy", ""])
def test_what_is_no_commit_is_none(project, name):
    assert f"git knows no revision `{name}`" in refused(project, "--", f"git:{name}")
    assert not (project / "x").exists()


# ------------------------------------------------------------------------------------------- what a commit holds


@pytest.mark.parametrize(
    "attributes",
    ["working-tree-encoding=UTF-16LE-BOM", "filter=mine", "ident", "text eol=crlf", "export-ignore"],
)
def test_attributes_of_a_pull_request_do_not_touch_the_base(project, attributes, tmp_path):
    git(project, "config", "filter.mine.smudge", f"touch {tmp_path}/ran; cat policy/shop.yaml")
    for place in (project / ".gitattributes", project / ".git/info/attributes"):
        place.write_text(f"* {attributes}\n", encoding="utf-8")
    assert weaker(project, "HEAD~1")
    assert not (tmp_path / "ran").exists()


def test_neither_replaced_objects_nor_grafts_stand_for_the_base(project):
    base, head = answer(project, "rev-parse", "HEAD~1"), answer(project, "rev-parse", "HEAD")
    git(project, "replace", base, head)
    assert weaker(project, base)
    git(project, "replace", "-d", base)
    old, new = (answer(project, "rev-parse", f"{one}:policy/shop.yaml") for one in (base, head))
    git(project, "replace", old, new)
    assert weaker(project, base)
    git(project, "replace", "-d", old)
    (project / ".git/info/grafts").write_text(f"{head}\n", encoding="utf-8")
    assert weaker(project, "HEAD~1")


def test_the_repository_is_that_of_the_folder_whatever_the_environment_says(project, tmp_path):
    git(tmp_path, "init", "-q", "other")
    other = {
        "GIT_DIR": str(tmp_path / "other/.git"),
        "GIT_WORK_TREE": str(tmp_path / "other"),
        "GIT_OBJECT_DIRECTORY": str(tmp_path / "other/.git/objects"),
        "GIT_INDEX_FILE": str(tmp_path / "index"),
        "GIT_NAMESPACE": "other",
    }
    assert weaker(project, "HEAD~1", **other)
    assert not (tmp_path / "index").exists()


def test_no_program_that_settings_name_is_run(project, tmp_path):
    hook = tmp_path / "hook"
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n", encoding="utf-8")
    hook.chmod(0o755)
    hooks = project / ".git/hooks"
    hooks.mkdir(exist_ok=True)
    for name in ("post-checkout", "post-index-change", "reference-transaction", "fsmonitor-watchman"):
        (hooks / name).unlink(missing_ok=True)
        (hooks / name).symlink_to(hook)
    for name in ("core.fsmonitor", "core.pager", "core.editor", "diff.external", "core.sshCommand"):
        git(project, "config", name, str(hook))
    (tmp_path / "ran").unlink(missing_ok=True)
    assert weaker(project, "HEAD~1", GIT_EXTERNAL_DIFF=str(hook), GIT_PAGER=str(hook))
    assert not (tmp_path / "ran").exists()


def test_a_folder_that_looks_like_a_repository_is_none(project):
    """A pull request may commit `HEAD`, `objects` and `refs` of its own below the folder that a job works in."""
    git(project, "clone", "-q", "--bare", ".", "shop")
    (project / "shop/policy").mkdir()
    (project / "shop/policy/shop.yaml").write_bytes((project / "policy/shop.yaml").read_bytes())
    git(project / "shop", "update-ref", "refs/heads/only-here", "HEAD")
    git(project / "shop", "config", "core.bare", "false")
    git(project / "shop", "config", "core.worktree", "..")
    assert refused(project / "shop", "git:only-here") == "there is no git repository here"


def committed_link(project, path, target):
    """Commit a link, and let the working tree be without it."""
    (project / path).parent.mkdir(parents=True, exist_ok=True)
    (project / path).symlink_to(target)
    git(project, "add", "-f", path)
    commit(project)


@pytest.mark.parametrize("target", ["/etc/hostname", "../../../../outside", "../../../project/policy/shop.yaml"])
def test_a_link_of_the_base_out_of_the_repository_is_a_finding(project, target, tmp_path):
    (tmp_path / "outside").write_text("a secret\n", encoding="utf-8")
    committed_link(project, TEMPLATE, target)
    ran = alertc(project, "diff", "--to", "git:HEAD")
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == (
        f"error[TPL401]: `{TEMPLATE}` is a link to `{target}`, outside of the repository\n"
        f"  --> HEAD:{TEMPLATE}\n"
        "   = help: compare with a revision that holds the file itself, or with a file: alertc diff FILE\n"
        "\n"
        "1 error\n"
    )


@pytest.mark.parametrize(
    ("links", "problem"),
    [
        ({"policy/more": "."}, "`policy/more` is a link to a folder that holds it"),
        ({"policy/a": "b", "policy/b": "a"}, "`policy/a` is a link that goes round in circles"),
        ({"policy/a": "../x", "x/y": "../policy"}, "is a link to a folder that holds it"),
    ],
)
def test_links_that_never_end_are_a_finding(project, links, problem):
    for path, target in links.items():
        committed_link(project, path, target)
    ran = alertc(project, "diff")
    assert ran.returncode == 1
    assert ran.stderr.startswith("error[SRC101]: ")
    assert problem in ran.stderr


def test_links_within_the_repository_are_followed_in_the_revision(project):
    (project / "shared").mkdir()
    (project / "policy/shop.yaml").rename(project / "shared/real.yaml")
    committed_link(project, "policy/shop.yaml", "../shared/alias.yaml")
    committed_link(project, "shared/alias.yaml", "real.yaml")
    text = (project / "shared/real.yaml").read_text(encoding="utf-8")
    (project / "shared/real.yaml").write_text(edited(text, HOLD[::-1]), encoding="utf-8")
    ran = alertc(project, "diff")
    assert "3 stronger\n" in ran.stdout, ran.stdout + ran.stderr
    # What leads to nothing is left out, as an editor's lock is.
    committed_link(project, "templates/.#a.j2", "somebody@machine.1234")
    (project / "templates/.#a.j2").unlink()
    assert alertc(project, "diff").returncode == 0


def test_a_submodule_in_the_place_of_templates_is_a_finding(project):
    head = answer(project, "rev-parse", "HEAD")
    git(project, "update-index", "--add", "--cacheinfo", f"160000,{head},templates/alertmanager")
    git(project, "commit", "-qm", "submodule")
    ran = alertc(project, "diff")
    assert ran.returncode == 1
    assert ran.stderr.startswith(
        "error[TPL401]: `templates/alertmanager` is a submodule, whose files are in another repository\n"
    )


def test_bytes_of_a_blob_arrive_as_they_are(project):
    text = (project / "policy/shop.yaml").read_bytes()
    (project / "policy/shop.yaml").write_bytes(text.replace(b"Ana Keller", b"An\xe4 Keller"))
    commit(project)
    (project / "policy/shop.yaml").write_bytes(text)
    ran = alertc(project, "diff")
    assert ran.returncode == 1
    assert ran.stderr.startswith(
        "error[SRC103]: the file is not UTF-8: 0xE4 is no character\n  --> HEAD:policy/shop.yaml"
    )


def test_a_finding_names_the_file_whatever_its_folders_are_called(tmp_path):
    project = tmp_path / "tree"
    (project / "policy").mkdir(parents=True)
    (project / "policy/shop.yaml").write_bytes(b"caf\xe9: 1\n")
    git(tmp_path, "init", "-q", "-b", "main")
    commit(tmp_path)
    (project / "policy/shop.yaml").write_text(SMALL, encoding="utf-8")
    ran = alertc(project, "diff")
    assert ran.returncode == 1
    assert ran.stderr.startswith(
        "error[SRC103]: the file is not UTF-8: 0xE9 is no character\n  --> HEAD:tree/policy/shop.yaml:1:4\n"
    ), ran.stderr


def test_names_that_are_no_text_are_read_too(project):
    (project / "policy" / os.fsdecode(b"\xff")).write_text("no policy", encoding="utf-8")
    commit(project)
    assert weaker(project, "HEAD~2")
