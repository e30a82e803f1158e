"""Replacing out/: whole at every instant, what is not ours stays, nothing outside is touched."""

import contextlib
import errno
import json
import os
import shutil
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from generator.diagnostics.diagnostic import EnvironmentProblem, PolicyErrors
from generator.system import journal, output
from generator.system.artifact import Artifact
from generator.system.belonging import Owner
from tests import seeds
from tests.compiling import ROOT, SMALL, edited

OLD = {"a.txt": "one\n", "folder/b.txt": "two\n", "gone/c.txt": "three\n"}
OURS = Owner(name="shop", path="policy/shop.yaml")
NEW = {"a.txt": "one\n", "folder/b.txt": "changed\n", "fresh/d.txt": "four\n"}


def artifacts(files):
    return tuple(Artifact(path=path, text=text) for path, text in sorted(files.items()))


def render(out, files):
    with output.staged(out) as stage:
        output.fill(stage, artifacts(files), out)
        return output.replace(out, stage, artifacts(files), OURS)


def contents(folder):
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


def names(folder):
    return {path.name for path in folder.iterdir()}


def rendered(files):
    return {**files, ".manifest": OURS.line + "".join(f"{path}\n" for path in sorted(files))}


@pytest.fixture
def out(tmp_path):
    render(tmp_path / "project/out", OLD)
    return tmp_path / "project/out"


@pytest.fixture(params=["swap", "journal"])
def way(request, monkeypatch):
    """Both ways to replace a folder."""
    if request.param == "journal":
        monkeypatch.setattr(output, "_exchange", lambda *_: False)
    return request.param


@pytest.mark.usefixtures("way")
def test_the_new_files_take_the_place_of_the_old(out):
    found = render(out, NEW)
    assert contents(out) == rendered(NEW)
    assert (found.new, found.changed, found.stale) == (
        ("fresh/d.txt",),
        (".manifest", "folder/b.txt"),
        ("gone/c.txt",),
    )
    assert not (out / "gone").exists()
    assert names(out.parent) == {"out"}


@pytest.mark.usefixtures("way")
def test_an_unchanged_file_stays_the_same_file(out):
    os.utime(out / "a.txt", (1, 1))
    (out / "a.txt").chmod(0o600)
    before = (out / "a.txt").stat()
    render(out, NEW)
    after = (out / "a.txt").stat()
    assert (after.st_ino, after.st_mtime, after.st_mode) == (before.st_ino, 1, before.st_mode)
    assert after.st_nlink == 1


def test_what_is_there_already_is_not_written_again(out):
    with output.staged(out) as stage:
        output.fill(stage, artifacts(NEW), out)
        assert contents(stage) == NEW
        assert (stage / "a.txt").samefile(out / "a.txt")


def test_a_command_that_changes_nothing_does_not_even_link(out):
    before = (out / "a.txt").stat()
    with output.aside() as stage:
        output.fill(stage, artifacts(NEW), out)
        assert contents(stage) == NEW
    assert (out / "a.txt").stat() == before


@pytest.mark.usefixtures("way")
def test_an_edit_in_place_meanwhile_is_taken_back(out):
    # Editors write a new file, or the old one: the second also changes what lies in the stage.
    with output.staged(out) as stage:
        output.fill(stage, artifacts(NEW), out)
        (out / "a.txt").write_text("edited")
        assert (stage / "a.txt").read_text() == "edited"
        found = output.replace(out, stage, artifacts(NEW), OURS)
    assert "a.txt" in found.changed
    assert contents(out) == rendered(NEW)


def test_without_links_files_are_written(out, monkeypatch):
    def refused(*_, **__):
        raise OSError(errno.EPERM, "not permitted")

    monkeypatch.setattr(os, "link", refused)
    with output.staged(out) as stage:
        output.fill(stage, artifacts(NEW), out)
        assert contents(stage) == NEW
        assert not (stage / "a.txt").samefile(out / "a.txt")


def test_files_and_folders_have_the_permissions_that_the_umask_leaves(tmp_path):
    for umask in (0o022, 0o077):
        before = os.umask(umask)
        try:
            render(tmp_path / f"{umask}", OLD)
        finally:
            os.umask(before)
        modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / f"{umask}").rglob("*") if path.is_file()}
        assert modes == {0o666 & ~umask}
        assert stat.S_IMODE((tmp_path / f"{umask}").stat().st_mode) == 0o777 & ~umask
        assert stat.S_IMODE((tmp_path / f"{umask}/folder").stat().st_mode) == 0o777 & ~umask


@pytest.mark.usefixtures("way")
def test_what_is_not_ours_stays_as_it_is(out, tmp_path):
    (tmp_path / "outside.txt").write_text("outside")
    (out / "mine/deep").mkdir(parents=True)
    (out / "mine/deep/note").write_text("note")
    (out / "mine/deep/note").chmod(0o640)
    (out / "mine/empty").mkdir(mode=0o700)
    (out / "folder/link").symlink_to("nowhere")
    (out / "mine/outside").symlink_to(tmp_path)
    os.mkfifo(out / "mine/pipe")
    for path in ("mine/deep/note", "mine/empty", "mine/deep", "mine"):
        os.utime(out / path, (2, 2))
    before = (out / "mine/deep/note").stat()
    found = render(out, NEW)
    assert found.foreign == ("folder/link", "mine/deep/note", "mine/outside", "mine/pipe")
    after = (out / "mine/deep/note").stat()
    assert (after.st_ino, after.st_mode, after.st_mtime) == (before.st_ino, before.st_mode, 2)
    assert (out / "folder/link").readlink() == Path("nowhere")
    assert (out / "mine/outside").readlink() == tmp_path
    assert stat.S_ISFIFO((out / "mine/pipe").stat().st_mode)
    assert stat.S_IMODE((out / "mine/empty").stat().st_mode) == 0o700
    assert [int((out / path).stat().st_mtime) for path in ("mine", "mine/deep", "mine/empty")] == [2, 2, 2]
    assert (tmp_path / "outside.txt").read_text() == "outside"


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("name", ["mine.txt", "folder", "fresh", "a.txt"])
def test_what_is_not_ours_is_never_overwritten(tmp_path, name):
    out = tmp_path / "out"
    out.mkdir()
    if name == "a.txt":
        (out / "a.txt/mine").mkdir(parents=True)
    else:
        (out / name).write_text("mine")
    with pytest.raises(PolicyErrors) as refused:
        render(out, {**NEW, "mine.txt": "ours"})
    there = "out/a.txt/mine" if name == "a.txt" else f"out/{name}"
    (finding,) = refused.value.diagnostics
    assert finding.code == "OUT701"
    assert finding.message.endswith(f"{there} is in the way of the output: alertc did not write it")
    assert [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if not any(tmp_path.glob(".*"))] == [
        "out",
        *(("out/a.txt", "out/a.txt/mine") if name == "a.txt" else (f"out/{name}",)),
    ]


def test_a_lost_manifest_makes_nobody_a_stranger_to_what_says_whose_it_is(out):
    (out / "folder/b.txt").write_text("Generated by alertc from policy.yaml")
    (out / ".manifest").unlink()
    render(out, NEW)
    assert contents(out) == {**rendered(NEW), "gone/c.txt": "three\n"}


@pytest.mark.usefixtures("way")
def test_a_link_at_our_path_is_not_read_and_not_written_through(out, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("secret")
    (out / "folder/b.txt").unlink()
    (out / "folder/b.txt").symlink_to(secret)
    found = output.compare(out, artifacts(NEW), OURS)
    assert found.in_the_way == ("folder/b.txt",)
    assert "secret" not in "\n".join(output.diff(out, artifacts(NEW), found, OURS))
    with pytest.raises(PolicyErrors, match="alertc did not write it"):
        render(out, NEW)
    assert secret.read_text() == "secret"


HOSTILE = b"../../precious\n/etc/passwd\n../precious\nfolder/../../precious\n\xff\xfe\nfolder\n.\n\n..\nmine\n"


@pytest.mark.usefixtures("way")
def test_what_another_command_rendered_meanwhile_is_not_replaced(out):
    theirs = Owner(name="bank", path="policy/bank.yaml")
    with output.staged(out) as stage:
        output.fill(stage, artifacts(NEW), out)
        with pytest.raises(PolicyErrors, match="out/ belongs to the policy shop"):
            output.replace(out, stage, artifacts(NEW), theirs)
        assert contents(out) == rendered(OLD)
        output.replace(out, stage, artifacts(NEW), theirs, take_over=True)
    assert contents(out) == {**rendered(NEW), ".manifest": rendered(NEW)[".manifest"].replace(OURS.line, theirs.line)}


@pytest.mark.usefixtures("way")
def test_a_manifest_from_a_stranger_reaches_nothing_outside(out, tmp_path):
    for place in (tmp_path / "precious", out.parent / "precious"):
        place.write_text("precious")
    (out / ".manifest").write_bytes(HOSTILE + (out / ".manifest").read_bytes())
    (out / "mine").write_text("claimed as ours by the manifest: removed")
    render(out, NEW)
    assert contents(out) == rendered(NEW)
    assert (tmp_path / "precious").read_text() == (out.parent / "precious").read_text() == "precious"


@pytest.mark.parametrize("kind", ["folder", "link", "pipe"])
def test_a_manifest_that_is_no_file_is_in_the_way(out, kind):
    manifest = out / ".manifest"
    manifest.unlink()
    if kind == "folder":
        manifest.mkdir()
    elif kind == "link":
        manifest.symlink_to("/dev/zero")
    else:
        os.mkfifo(manifest)
    with pytest.raises(PolicyErrors, match="alertc did not write it"):
        render(out, OLD)


def test_a_journal_from_a_stranger_reaches_nothing_outside(out, tmp_path):
    (tmp_path / "target").mkdir()
    (tmp_path / "target/precious").write_text("precious")
    (out / "leads-out").symlink_to(tmp_path / "target")
    (out / ".alertc-journal/files/leads-out").mkdir(parents=True)
    (out / ".alertc-journal/files/leads-out/precious").write_text("overwritten")
    (out / ".alertc-journal/files/folder").symlink_to(tmp_path / "target")
    removed = ["../../target/precious", str(tmp_path / "target/precious"), "leads-out/precious", "folder/../leads-out"]
    (out / ".alertc-journal/removed").write_text("\0".join(removed))
    before = contents(out)
    with pytest.raises(PolicyErrors, match="was not written by this user"):
        render(out, NEW)
    (out / ".alertc-journal").rename(tmp_path / "journal")
    (out / ".alertc-journal").symlink_to(tmp_path / "target")
    with pytest.raises(PolicyErrors, match="was not written by this user"):
        render(out, NEW)
    (out / ".alertc-journal").unlink()
    (tmp_path / "journal").rename(out / ".alertc-journal")
    assert contents(out) == before
    assert contents(tmp_path / "target") == {"precious": "precious"}


def killed_in_the_middle(out, monkeypatch):
    """Leave a journal, as a render does that is killed when it has just written it."""

    def killed(*_):
        raise SystemExit

    monkeypatch.setattr(output, "_exchange", lambda *_: False)
    monkeypatch.setattr(journal, "_carry_out", killed)
    with pytest.raises(SystemExit):
        render(out, NEW)
    monkeypatch.undo()


def test_a_journal_of_another_folder_is_not_believed(out, monkeypatch, tmp_path):
    killed_in_the_middle(out, monkeypatch)
    other = tmp_path / "other/out"
    render(other, OLD)
    (out / ".alertc-journal").rename(other / ".alertc-journal")
    before = contents(other)
    with pytest.raises(PolicyErrors, match="was not written by this user, or not here"):
        render(other, OLD)
    assert contents(other) == before


def test_what_was_changed_in_a_journal_since_it_was_sealed_is_not_taken(out, monkeypatch):
    killed_in_the_middle(out, monkeypatch)
    changed = [path for path in (out / ".alertc-journal/files").rglob("*") if path.is_file()]
    for path in changed:
        path.write_text("weaker")
    with output.staged(out):
        pass
    assert changed
    assert "weaker" not in contents(out).values()
    assert not journal.pending(out)


@pytest.mark.usefixtures("way")
def test_names_that_are_not_utf8_stay(out):
    name = os.fsdecode(b"mine-\xff")
    (out / name).write_text("mine")
    assert render(out, NEW).foreign == (name,)
    assert (out / name).read_text() == "mine"


@pytest.mark.usefixtures("way")
def test_out_may_be_a_link(out, tmp_path):
    link = tmp_path / "elsewhere/out"
    link.parent.mkdir()
    link.symlink_to(out)
    render(link, NEW)
    assert link.is_symlink()
    assert contents(out) == rendered(NEW)
    assert names(link.parent) == {"out"}


def test_out_may_not_be_a_file(tmp_path):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(EnvironmentProblem, match="out is not a folder"):
        render(tmp_path / "out", OLD)
    assert (tmp_path / "out").read_text() == "mine"
    assert names(tmp_path) == {"out"}


def test_out_must_be_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for out in (".", "..", "/"):
        with pytest.raises(EnvironmentProblem, match="the output needs a folder of its own"):
            render(Path(out), OLD)


def test_a_folder_that_cannot_be_listed_is_not_dropped(out, monkeypatch):
    (out / "mine").mkdir()
    scandir = os.scandir

    def denied(path):
        if str(path).endswith("mine/"):
            raise PermissionError(errno.EACCES, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", lambda path: denied(f"{path}/") if str(path).endswith("mine") else scandir(path))
    with pytest.raises(EnvironmentProblem, match=r"cannot read .*mine: Permission denied"):
        render(out, NEW)
    monkeypatch.undo()
    assert contents(out) == rendered(OLD)


def test_a_read_only_folder_is_not_replaced(out, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(EnvironmentProblem, match=r"cannot write to .*out: permission denied"):
        render(out, NEW)
    assert contents(out) == rendered(OLD)
    assert names(out.parent) == {"out"}


def test_read_only_folders_inside_come_along(out):
    (out / "mine").mkdir()
    (out / "mine/note").write_text("note")
    (out / "mine").chmod(0o555)
    render(out, NEW)
    assert contents(out) == {**rendered(NEW), "mine/note": "note"}
    assert stat.S_IMODE((out / "mine").stat().st_mode) == 0o555
    assert names(out.parent) == {"out"}


CALLS = {
    "mkdir": (Path, "mkdir"),
    "write": (Path, "write_bytes"),
    "link": (os, "link"),
    "copy": (shutil, "copyfile"),
    "rename": (Path, "rename"),
    "replace": (Path, "replace"),
}


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EIO])
def test_a_disk_that_is_full_or_fails_leaves_the_old_files(out, call, number, code, monkeypatch):
    """Every call that writes fails, from its first or second time on; then the disk works again."""
    (out / "mine").write_text("mine")
    holder, name = CALLS[call]
    real, seen = getattr(holder, name), []

    def fails(*arguments, **options):
        seen.append(1)
        if len(seen) >= number:
            raise OSError(code, os.strerror(code))
        return real(*arguments, **options)

    monkeypatch.setattr(holder, name, fails)
    with contextlib.suppress(EnvironmentProblem):  # not every call is made each time, and not every one must succeed
        render(out, NEW)
    monkeypatch.undo()
    old, new = ({**rendered(files), "mine": "mine"} for files in (OLD, NEW))
    if not journal.pending(out):
        assert contents(out) in (old, new)
    render(out, NEW)
    assert contents(out) == new
    assert names(out.parent) == {"out"}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts file systems")
def test_a_full_disk_and_a_mount_point_in_earnest(tmp_path):
    """A file system of 64 kB, mounted at out/ itself."""
    program = f"""
set -e
mount -t tmpfs -o size=64k none {tmp_path}
mkdir {tmp_path}/out
cd {tmp_path}
PYTHONPATH={ROOT} {sys.executable} - <<'END'
from pathlib import Path
from tests.system.test_output import OLD, NEW, contents, render, rendered
from generator.diagnostics.diagnostic import EnvironmentProblem
import subprocess
out = Path("{tmp_path}/out")
render(out, OLD)
try:
    render(out, {{**NEW, "large": "x" * 100_000}})
except EnvironmentProblem as told:
    assert "no space left on device" in told.message, told.message
else:
    raise AssertionError("the disk is not full")
assert contents(out) == rendered(OLD)
assert [path.name for path in out.parent.iterdir()] == ["out"]
subprocess.run(["mount", "-t", "tmpfs", "none", out], check=True)
render(out, OLD)
render(out, NEW)
assert contents(out) == rendered(NEW)
subprocess.run(["mount", "-o", "remount,ro", "{tmp_path}"], check=True)
try:
    render(out, OLD)
except EnvironmentProblem as told:
    assert "read-only file system" in told.message, told.message
else:
    raise AssertionError("the disk can be written to")
END
"""
    allowed = subprocess.run(["unshare", "-m", "true"], check=False, capture_output=True)
    if allowed.returncode:
        pytest.skip("no mount namespaces here")
    subprocess.run(["unshare", "-m", "sh", "-c", program], check=True, timeout=60)


# ------------------------------------------------------------------------------------------- kills and company


def test_what_a_killed_command_left_is_removed_and_what_lives_stays(out):
    dead = out.parent / ".alertc-stage-dead"
    (dead / "folder").mkdir(parents=True)
    (dead / "folder/file").write_text("left")
    with output.staged(out) as alive:
        output.fill(alive, artifacts(NEW))
        assert not dead.exists()
        with output.staged(out):
            assert contents(alive) == NEW
        with output.aside() as aside:
            assert contents(alive) == NEW
            assert aside.parent != out.parent
    assert names(out.parent) == {"out"}


def test_a_link_named_like_a_stage_is_left_alone(out, tmp_path):
    (tmp_path / "precious").mkdir()
    (out.parent / ".alertc-stage-link").symlink_to(tmp_path / "precious")
    render(out, NEW)
    assert (tmp_path / "precious").is_dir()


def test_a_command_that_holds_the_lock_too_long_is_named(out, monkeypatch):
    monkeypatch.setattr(output, "_PATIENCE", 0.1)
    handle = output._lock(out.parent)
    try:
        with pytest.raises(EnvironmentProblem, match="another command has held the lock"):
            render(out, NEW)
    finally:
        os.close(handle)
    assert contents(out) == rendered(OLD)


def test_a_command_that_changes_nothing_says_that_another_was_killed(out, monkeypatch):
    assert output.interrupted(out) is None
    killed_in_the_middle(out, monkeypatch)
    before = contents(out)
    with output.aside():
        interrupted = output.interrupted(out)
    assert interrupted.code == "OUT705"
    assert contents(out) == before
    render(out, NEW)
    assert contents(out) == rendered(NEW)
    assert output.interrupted(out) is None


NEWER = edited(
    SMALL,
    ("is off by {{ $value }}", "is wrong by {{ $value }}"),
    ("north is off by 7", "north is wrong by 7"),
    (SMALL[SMALL.index("records:\n") : SMALL.index("alerts:\n")], ""),
    (SMALL[SMALL.index("  ErrorsHigh:") : SMALL.index("  CertificateExpiring:")], ""),
    ("services:\n  shop:\n", "services:\n  store:\n"),
).replace("service: shop", "service: store")
"""A policy that renders files anew, changes some and removes others."""


@pytest.mark.drawn
@pytest.mark.parametrize("options", [[], ["--without-swap"]])
def test_a_kill_between_any_two_file_operations_harms_nothing(tmp_path, options):
    (tmp_path / "old.yaml").write_text(SMALL)
    (tmp_path / "new.yaml").write_text(NEWER)
    (tmp_path / "begun/out/mine/empty").mkdir(parents=True)
    (tmp_path / "begun/out/mine/note").write_text("mine")
    ran = subprocess.run(
        [sys.executable, ROOT / "tests/killing.py", tmp_path, *options, "--every", str(seeds.many(7, 1))],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert ran.returncode == 0, ran.stderr
    counted = json.loads(ran.stdout)
    assert counted["operations"] > 60
    assert bool(counted["mixed"]) == bool(options)


@pytest.mark.realtime
def test_several_at_once_do_not_mix(tmp_path):
    """Three processes render two policies in turn for two seconds; at each look out/ is one of them, whole."""
    program = (
        "import sys, time; from pathlib import Path; from tests.system.test_output import NEW, OLD, render\n"
        "until = time.monotonic() + 2\n"
        "while time.monotonic() < until: render(Path(sys.argv[1]), OLD); render(Path(sys.argv[1]), NEW)\n"
    )
    out = tmp_path / "out"
    render(out, OLD)
    (out / "mine").write_text("mine")
    running = [
        subprocess.Popen([sys.executable, "-c", program, out], env={**os.environ, "PYTHONPATH": str(ROOT)})
        for _ in range(3)
    ]
    both = [{**rendered(files), "mine": "mine"} for files in (OLD, NEW)]
    seen = []
    while any(process.poll() is None for process in running):
        # One handle on the folder sees one state, whatever takes its place meanwhile... or one that is being removed.
        handle = os.open(out, os.O_RDONLY)
        found = set(os.listdir(handle))  # noqa: PTH208 - a handle has no path
        still = os.fstat(handle).st_ino == out.stat().st_ino
        os.close(handle)
        if still:
            seen.append(found)
        time.sleep(0.001)
    assert [process.returncode for process in running] == [0, 0, 0]
    tops = [{path.split("/")[0] for path in files} for files in both]
    assert seen
    assert all(found in tops for found in seen)
    assert contents(out) in both
    assert names(tmp_path) == {"out"}
