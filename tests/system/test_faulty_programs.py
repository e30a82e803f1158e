"""promtool and amtool that are broken, too old, slow or gone: one clear message, exit code 3, out/ as it was."""

import os
import shutil
import subprocess
import sys
import time

import pytest

from generator.system import programs
from generator.system.programs import Result
from tests import seeds
from tests.projects import ALERTC, CHANGED_SUMMARY, alertc, change, contents

VERSION = {"promtool": "2.42.0", "amtool": "0.25.0"}
BROKEN = {
    "says nothing": ("true", "ended with code 0 and does not say what it checked; it said: nothing"),
    "says garbage": ("echo 'garbage \033[2J'", "does not say what it checked; it said: garbage \\x1b[2J"),
    "says SUCCESS alone": ("echo SUCCESS", "does not say what it checked; it said: SUCCESS"),
    "talks without end": (
        f'{sys.executable} -c \'print(("x" * 99 + "\\n") * 100_000)\'',
        "... (9,999,999 characters)",
    ),
    "fails in silence": ("exit 1", "ended with code 1 and does not say what it checked; it said: nothing"),
    "does not start": ("/no/such/program", "ended with code 127 and does not say what it checked"),
    "crashes": ("kill -SEGV $$", "was killed by the signal SIGSEGV"),
    "is killed": ("kill -KILL $$", "was killed by the signal SIGKILL"),
    "knows no such flag": ("echo \"error: unknown long flag '--x', try --help\" >&2; exit 1", "unknown long flag"),
    "vanishes": ('rm -f "$0"', ""),
}
HANGS = ("sleep 600 & sleep 600; wait", "did not end within 15 s and was stopped")


def faulty(folder, name, does, version=None):
    """A program that tells its version and then does something else."""
    path = folder / "bin" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(
        f'#!/bin/sh\n[ "$1" = --version ] && {{ echo "{name}, version {version or VERSION[name]}"; exit; }}\n{does}\n'
    )
    path.chmod(0o755)
    return {f"ALERTC_{name.upper()}": str(path)}


def render_fails(project, environment):
    """The message of a render that fails and leaves out/ alone."""
    before = contents(project / "out")
    ran = alertc(project, "render", ALERTC_TIME_LIMIT="15" if "hangs" in environment else "60", **environment)
    assert ran.returncode == 3, ran.stderr
    assert ran.stdout == ""
    assert ran.stderr.count("alertc: ") == 1
    assert ran.stderr.startswith("alertc: ")
    assert len(ran.stderr) < 6000
    assert contents(project / "out") == before
    assert not list(project.glob(".alertc-*"))
    return ran.stderr


@pytest.mark.parametrize("name", ["promtool", "amtool"])
@pytest.mark.parametrize("fault", [*seeds.parameters(BROKEN, 2), pytest.param("hangs", marks=pytest.mark.realtime)])
def test_a_program_that_is_broken_checks_nothing(project, tmp_path, name, fault):
    change(project, *CHANGED_SUMMARY)
    does, message = BROKEN.get(fault, HANGS)
    environment = faulty(tmp_path, name, does)
    if fault == "hangs":
        environment["hangs"] = "1"
    said = render_fails(project, environment)
    assert message in said
    assert name in said
    if fault == "hangs":
        assert not running(tmp_path / "bin" / name)


def running(path):
    """Whether a process of this program, or one that it started, is still there."""
    for _ in range(100):
        told = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
        if str(path) not in told:
            return False
        time.sleep(0.05)
    return True


@pytest.mark.parametrize(("name", "version"), [("promtool", "2.41.9"), ("amtool", "0.24.0")])
def test_a_program_that_is_too_old_is_refused(project, tmp_path, name, version):
    said = render_fails(project, faulty(tmp_path, name, "exit 0", version))
    oldest = {"promtool": "2.42", "amtool": "0.25"}[name]
    assert f"is {name} {version}, {oldest} is the oldest that can check the output" in said
    assert f"ALERTC_{name.upper()}" in said


@pytest.mark.parametrize("kind", ["folder", "not executable", "empty", "text"])
def test_a_file_that_is_no_program_is_named(project, tmp_path, kind):
    path = tmp_path / "promtool"
    if kind == "folder":
        path.mkdir()
    else:
        path.write_bytes({"empty": b"", "text": b"\x7fELF?"}.get(kind, b"#!/bin/sh\n"))
        path.chmod(0o644 if kind == "not executable" else 0o755)
    assert str(path) in render_fails(project, {"ALERTC_PROMTOOL": str(path)})


def test_a_program_that_is_right_but_counts_other_rules_is_not_believed(project, tmp_path):
    """A wrapper that checks other files than ours."""
    real = programs.find("promtool").path
    empty = tmp_path / "empty.yaml"
    empty.write_text("groups: []\n")
    said = render_fails(
        project, faulty(tmp_path, "promtool", f'[ "$1" = check ] && set -- check rules {empty}\n{real} "$@"')
    )
    assert "`promtool check rules` ended with code 0 and does not say what it checked" in said


def test_an_amtool_that_counts_other_receivers_is_not_believed(project, tmp_path):
    """A wrapper that checks a file of the same name in another folder."""
    change(project, *CHANGED_SUMMARY)
    other = tmp_path / "elsewhere/alertmanager/alertmanager.yml"
    other.parent.mkdir(parents=True)
    other.write_text("route: {receiver: a}\nreceivers: [{name: a}]\n", encoding="utf-8")
    real, folder = programs.find("amtool").path, tmp_path / "elsewhere"
    said = render_fails(project, faulty(tmp_path, "amtool", f'[ "$1" = check-config ] && cd {folder}\n{real} "$@"'))
    assert "`amtool check-config` ended with code 0 and does not say what it checked" in said


def test_a_wrapper_that_passes_everything_on_is_as_good_as_the_program(project, tmp_path):
    change(project, *CHANGED_SUMMARY)
    environment = {}
    for name in VERSION:
        environment |= faulty(tmp_path, name, f'exec {programs.find(name).path} "$@"')
    assert alertc(project, "render", **environment).returncode == 0


def test_a_time_limit_that_is_no_number_is_named(project):
    for limit in ("soon", "0", "-1", "nan", "inf"):
        assert f"ALERTC_TIME_LIMIT is `{limit}`" in alertc(project, "check", "--all", ALERTC_TIME_LIMIT=limit).stderr


def test_what_a_program_said_is_shortened_to_what_a_message_holds():
    assert programs.excerpt("a\nb") == "a\nb"
    assert programs.excerpt("a\nb\nc", lines=2) == "a\nb ... (5 characters)"
    assert programs.excerpt("abc", characters=2) == "ab ... (3 characters)"
    assert "signal 99" in programs.untrusted("x", Result(code=-99, stdout="", stderr="")).message


def test_the_disk_of_the_machine_may_be_read_only(project, tmp_path):
    """`check` writes nothing beside out/, so it works in a checkout that nobody may write to."""
    if os.geteuid() != 0 or subprocess.run(["unshare", "-m", "true"], check=False, capture_output=True).returncode:
        pytest.skip("only root mounts file systems")
    shutil.copytree(project, tmp_path / "copy")
    copy = tmp_path / "copy"
    program = f"mount --bind -o ro {copy} {copy} && cd {copy} && ! touch x && {ALERTC} check"
    ran = subprocess.run(["unshare", "-m", "sh", "-c", program], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
