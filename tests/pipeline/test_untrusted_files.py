"""Files that came with somebody's pull request are neither believed nor followed, and nothing is written through them.

`theirs` lies beside the repository, in reach of whoever runs alertc, not of whoever wrote the pull request.
"""

import os
import shutil
import stat
import subprocess
import threading
from pathlib import Path

import pytest

from generator.cli import main
from generator.system import files
from tests.cluster import objects
from tests.compiling import ROOT, SMALL, edited
from tests.projects import ALERTC, alertc

SECRET = "token: topsecret\n"


@pytest.fixture(scope="module")
def rendered(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rendered")
    (folder / "policy").mkdir()
    (folder / "policy/shop.yaml").write_text(SMALL, encoding="utf-8")
    ran = alertc(folder, "render")
    assert (ran.returncode, ran.stderr) == (0, "")
    return folder


@pytest.fixture
def project(rendered, tmp_path):
    """A repository in which the policy is rendered, with `theirs` beside it."""
    shutil.copytree(rendered, tmp_path / "project", symlinks=True)
    (tmp_path / "project/.git").mkdir()
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs/secret").write_text(SECRET)
    yield tmp_path / "project"
    assert (tmp_path / "theirs/secret").read_text() == SECRET
    assert [path.name for path in (tmp_path / "theirs").iterdir()] == ["secret"]


def told(ran):
    return ran.returncode, ran.stdout, ran.stderr


# ------------------------------------------------------------------------------------------- what is read


def test_a_policy_that_is_a_link_out_of_the_repository_is_not_read(project):
    (project / "policy/shop.yaml").unlink()
    (project / "policy/shop.yaml").symlink_to("../../theirs/secret")
    for command in ("check", "render", "fmt", "diff", "report"):
        ran = alertc(project, command)
        assert told(ran) == (
            1,
            "",
            (
                "error[SRC118]: policy/shop.yaml is a link that leads out of the repository, and is not followed\n"
                "  --> policy/shop.yaml\n"
                "   = help: put the policy there itself, or name the file that the link leads to\n\n"
                "1 error\n"
            ),
        ), command


def test_a_folder_of_policies_that_is_a_link_out_of_the_repository_is_not_looked_at(project):
    shutil.rmtree(project / "policy")
    (project / "policy").symlink_to("../theirs")
    for command in ("check", "init", "report"):
        ran = alertc(project, command)
        assert (ran.returncode, ran.stdout) == (1, "")
        assert ran.stderr.startswith("error[SRC118]: policy is a link that leads out of the repository"), command


@pytest.mark.parametrize("way", ["file", "folder"])
def test_a_template_that_is_a_link_out_of_the_repository_is_not_read(project, way):
    (project / "templates/docs").mkdir(parents=True)
    if way == "file":
        (project / "templates/docs/more.j2").symlink_to("../../../theirs/secret")
        name = "docs/more.j2"
    else:
        (project / "templates/more").symlink_to("../../theirs")
        name = "more/secret"
    text = (ROOT / "templates/docs/incident-response.md.j2").read_text(encoding="utf-8")
    text += f"<% include '{name}' %>\n"
    (project / "templates/docs/incident-response.md.j2").write_text(text, encoding="utf-8")
    assert told(alertc(project, "check")) == (
        1,
        "",
        (
            f"error[TPL401]: the template {name} is not read: it is a link that leads out of the repository\n"
            f"  --> templates/{name}\n"
            "   = help: put a copy of the file there\n\n"
            "1 error\n"
        ),
    )


@pytest.mark.parametrize("goal", ["../theirs", "/"])
def test_a_folder_of_templates_that_is_a_link_out_of_the_repository_is_not_looked_at(project, goal):
    (project / "templates").symlink_to(goal)
    for arguments in (["check"], ["render"], ["diff", "policy/shop.yaml"], ["explain", "MoneyLost"], ["report"]):
        assert told(alertc(project, *arguments)) == (
            1,
            "",
            (
                "error[TPL401]: templates is a link that leads out of the repository, and is not followed\n"
                "  --> templates\n"
                "   = help: put the templates there themselves, or name their folder with --templates\n\n"
                "1 error\n"
            ),
        ), arguments


def test_links_inside_of_the_repository_are_followed_and_their_edits_are_seen(project):
    (project / "shared/docs").mkdir(parents=True)
    text = (ROOT / "templates/docs/incident-response.md.j2").read_text(encoding="utf-8")
    (project / "shared/docs/incident-response.md.j2").write_text(text, encoding="utf-8")
    (project / "templates").mkdir()
    (project / "templates/docs").symlink_to("../shared/docs")
    shutil.move(project / "policy/shop.yaml", project / "shared/shop.yaml")
    (project / "policy/shop.yaml").symlink_to("../shared/shop.yaml")
    for command in ("render", "check"):
        ran = alertc(project, command)
        assert (ran.returncode, ran.stderr) == (0, "")
    (project / "shared/docs/incident-response.md.j2").write_text(f"{text}One line more.\n", encoding="utf-8")
    ran = alertc(project, "check")
    assert ran.returncode == 1
    assert "+One line more." in ran.stdout


@pytest.mark.parametrize("name", [".#incident-response.md.j2", "loop", ".incident-response.md.j2.swp"])
def test_what_an_editor_leaves_beside_a_template_is_nobodys_fault(project, name):
    (project / "templates/docs").mkdir(parents=True)
    path = project / "templates/docs" / name
    if name.endswith(".swp"):
        path.write_bytes(b"b0VIM 9.0\x00\xff\xfe")
    else:
        path.symlink_to("ana@laptop.4711:1700000000" if name.startswith(".#") else "loop")
    for arguments in (["check"], ["render"], ["diff", "policy/shop.yaml"], ["check", "--mutate"]):
        ran = alertc(project, *arguments)
        assert (ran.returncode, ran.stderr) == (0, ""), arguments


def test_out_that_is_a_link_out_of_the_repository_is_not_touched(project):
    shutil.rmtree(project / "out")
    (project / "out").symlink_to("../theirs")
    for command in ("check", "render"):
        ran = alertc(project, command)
        assert told(ran) == (
            1,
            "",
            (
                "error[OUT707]: out is a link that leads out of the repository, and is not followed\n"
                "  --> out\n"
                "   = help: make it a folder, or name another with --out\n\n"
                "1 error\n"
            ),
        ), command


@pytest.mark.parametrize("name", ["config", "HEAD"])
def test_what_git_keeps_is_not_in_the_repository(project, name):
    (project / ".git" / name).write_text(SECRET)
    shutil.rmtree(project / "out")
    (project / "out").symlink_to(".git")
    assert alertc(project, "render").stderr.startswith("error[OUT707]: out is a link that leads out")
    (project / "templates/docs").mkdir(parents=True)
    (project / "templates/docs/incident-response.md.j2").symlink_to(f"../../.git/{name}")
    (project / "out").unlink()
    ran = alertc(project, "render")
    assert (ran.returncode, ran.stdout) == (1, "")
    assert "docs/incident-response.md.j2 is not read: it is a link that leads out of the repository" in ran.stderr
    (project / "policy/shop.yaml").unlink()
    (project / "policy/shop.yaml").symlink_to(f"../.git/{name}")
    for command in ("check", "fmt"):
        ran = alertc(project, command)
        assert (ran.returncode, ran.stdout) == (1, "")
        assert ran.stderr.startswith("error[SRC118]: policy/shop.yaml is a link that leads out"), command
    assert (project / ".git" / name).read_text() == SECRET


def test_a_link_that_goes_round_in_circles_is_no_bug(project):
    (project / "loop").symlink_to("loop")
    for arguments in (
        ["check", "--out", "loop/out"],
        ["check", "--out", "loop"],
        ["render", "--out", "loop/out"],
        ["check", "loop"],
        ["fmt", "loop"],
        ["check", "--templates", "loop"],
        ["diff", "./loop"],
        ["report", "--output", "loop/report.html"],
    ):
        ran = alertc(project, *arguments)
        assert ran.returncode in (1, 2, 3), arguments
        assert "this is a bug" not in ran.stderr, arguments
        assert ran.stderr


@pytest.mark.parametrize("nested", [False, True])
def test_a_link_to_another_repository_leads_out_of_this_one(tmp_path, nested):
    (tmp_path / "one/.git").mkdir(parents=True)
    (tmp_path / "two/.git").mkdir(parents=True)
    (tmp_path / "two/file").write_text("")
    (tmp_path / "one/link").symlink_to("../two")
    inside = tmp_path / "one/below" if nested else tmp_path / "one"
    inside.mkdir(exist_ok=True)
    assert files.outside(tmp_path / "one/link/file") == tmp_path / "two/file"
    assert files.outside(tmp_path / "two/file") is None


# ------------------------------------------------------------------------------------------- what is written


def test_a_cache_full_of_links_by_likely_names_is_written_beside(project):
    shutil.rmtree(project / ".cache")
    (project / ".cache").mkdir()
    for kind in ("verified", "answers", "read"):
        (project / f".cache/{kind}-out.json").symlink_to("../../theirs/secret")
        for number in range(os.getpid(), os.getpid() + 300):
            (project / f".cache/{kind}-out.json.{number}").symlink_to("../../theirs/secret")
    (project / ".cache/.gitignore").symlink_to("../../theirs/ignored")
    for command in ("check", "render", "check"):
        ran = alertc(project, command)
        assert (ran.returncode, ran.stderr) == (0, "")


def test_a_cache_that_is_a_link_is_not_used(project):
    shutil.rmtree(project / ".cache")
    (project / "src").mkdir()
    for goal in ("../theirs", "src"):
        (project / ".cache").symlink_to(goal)
        ran = alertc(project, "check")
        assert (ran.returncode, ran.stderr) == (0, "")
        (project / ".cache").unlink()
    assert list((project / "src").iterdir()) == []


@pytest.mark.parametrize("goal", ["/dev/zero", "../../theirs"])
def test_a_memory_that_has_no_end_is_not_read(project, goal):
    for path in (project / ".cache").glob("*.json"):
        path.unlink()
        path.symlink_to(goal)
    ran = alertc(project, "check")
    assert (ran.returncode, ran.stderr) == (0, "")


def test_a_report_takes_the_place_of_a_link(project):
    (project / "report.html").symlink_to("../theirs/secret")
    ran = alertc(project, "report")
    assert ran.returncode == 0
    assert not (project / "report.html").is_symlink()
    assert (project / "report.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


@pytest.mark.parametrize("name", ["/dev/stdout", "/proc/self/fd/1", "page.html"])
def test_a_report_that_goes_where_we_print_is_whole(project, name):
    with (project / "page.html").open("wb") as page:
        ran = subprocess.run([ALERTC, "report", "--output", name], cwd=project, stdout=page, check=False)
    text = (project / "page.html").read_text(encoding="utf-8")
    assert ran.returncode == 0
    assert (text[:15], text[-8:]) == ("<!DOCTYPE html>", "</html>\n")
    assert Path("/dev/stdout").is_symlink()


def test_a_report_that_cannot_be_written_leaves_the_one_before(project):
    (project / "report.html").write_text("before")
    script = (
        "import resource, sys\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))\n"
        "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "from generator.cli import main; sys.exit(main(['report']))"
    )
    ran = subprocess.run(
        [Path(ROOT / ".venv/bin/python"), "-c", script], cwd=project, capture_output=True, text=True, check=False
    )
    assert told(ran) == (
        3,
        "",
        "alertc: cannot write report.html: File too large\nhelp: name another file with --output\n",
    )
    assert (project / "report.html").read_text() == "before"
    assert [path.name for path in project.iterdir() if path.name.startswith(".alertc")] == []


def test_a_device_and_a_fifo_are_written_to(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    read = []
    reader = threading.Thread(target=lambda: read.append((tmp_path / "fifo").read_bytes()))
    reader.start()
    files.write(tmp_path / "fifo", b"page")
    reader.join()
    assert read == [b"page"]
    assert stat.S_ISFIFO((tmp_path / "fifo").lstat().st_mode)
    files.write(Path("/dev/null"), b"page")
    assert stat.S_ISCHR(Path("/dev/null").lstat().st_mode)


def test_a_file_keeps_its_permissions_and_a_new_one_has_the_usual(tmp_path):
    before = os.umask(0o027)
    try:
        files.write(tmp_path / "new", b"new")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o640
    (tmp_path / "new").chmod(0o600)
    files.write(tmp_path / "new", b"newer")
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o600
    files.write(tmp_path / ("x" * 255), b"a long name")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to others")
def test_the_owner_of_what_is_not_ours_stays(project):
    (project / "out/mine/deeper").mkdir(parents=True)
    (project / "out/mine/deeper/note").write_text("mine")
    (project / "out/mine/empty").mkdir()
    for path in ("out", "out/mine", "out/mine/deeper", "out/mine/deeper/note", "out/mine/empty"):
        os.chown(project / path, 4711, 4712)
    (project / "out/prometheus/rules/shop.yaml").write_text("edited")
    ran = alertc(project, "render")
    assert ran.returncode == 0
    for path in ("out", "out/mine", "out/mine/deeper", "out/mine/deeper/note", "out/mine/empty"):
        status = (project / path).stat()
        assert (status.st_uid, status.st_gid) == (4711, 4712), path


# ------------------------------------------------------------------------------------------- what is believed


def test_a_journal_of_a_pull_request_mends_nothing(project):
    files_of = project / "out/.alertc-journal/files/prometheus/rules"
    files_of.mkdir(parents=True)
    shutil.copy(project / "out/prometheus/rules/shop.yaml", files_of)
    weak = (project / "out/prometheus/rules/shop.yaml").read_text().replace("(till_difference)) > 0", "(x)) > 1e9")
    (project / "out/prometheus/rules/shop.yaml").write_text(weak)
    before = sorted(map(str, project.rglob("*")))
    ran = alertc(project, "check")
    assert ran.returncode == 1
    assert ran.stderr == (
        "error[OUT706]: out/.alertc-journal was not written by this user, or not here: "
        "it is ignored\n"
        "  --> out/.alertc-journal\n"
        "   = help: delete out/.alertc-journal, and run `alertc render`\n\n"
        "1 error\n"
    )
    assert "out/: 1 file is not what the policy says; run `alertc render` and commit the result" in ran.stdout
    assert alertc(project, "render").stderr == ran.stderr
    assert (project / "out/prometheus/rules/shop.yaml").read_text() == weak
    assert sorted(map(str, project.rglob("*"))) == before
    shutil.rmtree(project / "out/.alertc-journal")
    assert alertc(project, "render").returncode == 0
    assert alertc(project, "check").returncode == 0


def test_a_journal_that_leads_elsewhere_moves_nothing(project):
    (project / "out/.alertc-journal").mkdir()
    (project / "out/.alertc-journal/files").symlink_to("../../../theirs")
    for command in ("check", "render"):
        assert "error[OUT706]" in alertc(project, command).stderr
    assert not (project / "out/secret").exists()


# ------------------------------------------------------------------------------------------- what servers would load

FOREIGN = ("alertmanager/templates/zz.tmpl", "prometheus/rules/.hidden.yaml", "prometheus/rules/sub/zz.yaml")


def test_files_of_others_where_servers_load_all_files_are_an_error_of_check(project):
    for path in FOREIGN:
        (project / "out" / path).parent.mkdir(exist_ok=True)
        (project / "out" / path).write_text("groups: []\n")
    (project / "out/notes.txt").write_text("mine")
    (project / "out/prometheus/rules/link.yaml").symlink_to("../../../../theirs/secret")
    for again in range(2):  # what was verified before says so, too
        ran = alertc(project, "check")
        assert ran.returncode == 1, again
        assert [line for line in ran.stderr.splitlines() if line.startswith("error")] == [
            f"error[OUT704]: out/{path} was not written by alertc, and would be loaded with its files"
            for path in sorted((*FOREIGN, "prometheus/rules/link.yaml"))
        ]
        assert ran.stdout.splitlines()[0] == "left alone, not ours: out/notes.txt"
    for command, level in (("check", "error"), ("render", "warning")):
        ran = alertc(project, command, "--format", "github")
        assert ran.stdout.count(f"::{level} file=out/") == 4
        assert ran.returncode == (command == "check")


@pytest.mark.parametrize("name", ["kustomization.yml", "Kustomization"])
def test_a_second_kustomization_in_a_folder_is_an_error(tmp_path, name):
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy/shop.yaml").write_text(objects(SMALL, "kubernetes"), encoding="utf-8")
    assert alertc(tmp_path, "render").returncode == 0
    shutil.copy(tmp_path / "out/kubernetes/rules/kustomization.yaml", tmp_path / f"out/kubernetes/rules/{name}")
    ran = alertc(tmp_path, "check")
    assert ran.returncode == 1
    assert ran.stderr.startswith(
        f"error[OUT704]: out/kubernetes/rules/{name} was not written by alertc, and kustomize refuses a folder with "
        "two such files\n"
    )


def test_an_empty_folder_where_servers_load_files_is_an_error_too(project):
    (project / "out/alertmanager/templates/zz.tmpl").mkdir()  # Alertmanager would refuse to load anything
    for again in range(2):
        ran = alertc(project, "check")
        assert ran.returncode == 1, again
        assert ran.stderr.startswith("error[OUT704]: out/alertmanager/templates/zz.tmpl was not written by alertc")
    assert alertc(project, "render").returncode == 0
    assert (project / "out/alertmanager/templates/zz.tmpl").is_dir()


def test_a_diff_says_that_servers_would_load_more(project):
    for path in FOREIGN:
        (project / "out" / path).parent.mkdir(exist_ok=True)
        (project / "out" / path).write_text("groups: []\n")
    (project / "out/.manifest").write_text("\n".join(FOREIGN))
    ran = alertc(project, "diff", "policy/shop.yaml")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert [line for line in ran.stdout.splitlines() if line.startswith("note")] == [
        f"note: {path} is not made from the policy, and servers would load it too; `alertc check` refuses it"
        for path in FOREIGN
    ]


def test_files_that_are_links_out_of_the_repository_are_not_compared(project):
    shutil.copytree(project / "out", project / "other")
    (project / "other/alertmanager/templates/zz.tmpl").symlink_to("../../../../theirs/secret")
    ran = alertc(project, "diff", "other")
    assert ran.returncode == 2
    assert ran.stderr.endswith(
        "Error: `other/alertmanager/templates/zz.tmpl` is a link that leads out of the repository\n"
    )


def test_what_stands_in_the_way_of_a_file_is_named_to_machines_too(project):
    (project / "out/prometheus/rules/shop.yaml").unlink()
    (project / "out/prometheus/rules/shop.yaml").mkdir()
    ran = alertc(project, "check", "--format", "json")
    assert ran.returncode == 1
    assert '"code": "OUT701"' in ran.stdout
    assert '"path": "out/prometheus/rules/shop.yaml"' in ran.stdout


# ------------------------------------------------------------------------------------------- secrets are names of files


@pytest.mark.parametrize("name", ["../../etc/shadow", "/etc/shadow", "..", ".", "a/b", "a/../b"])
def test_the_name_of_a_secret_is_no_path(tmp_path, name, monkeypatch, capsys):
    text = edited(SMALL, ("token_file: halt-token", f"token_file: {name}"))
    (tmp_path / "policy.yaml").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert main(["check", "policy.yaml"]) == 1
    assert f"error[POL208]: `{name}` is not a file name\n" in capsys.readouterr().err


@pytest.mark.parametrize("folder", ["/etc/../root", "/etc/..", "/./x", "secrets"])
def test_the_folder_of_secrets_is_written_out(tmp_path, folder, monkeypatch, capsys):
    text = edited(SMALL, ("secrets: /etc/alertmanager/secrets", f"secrets: {folder}"))
    (tmp_path / "policy.yaml").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert main(["check", "policy.yaml"]) == 1
    assert f"error[POL208]: `{folder}` is not an absolute folder\n" in capsys.readouterr().err
