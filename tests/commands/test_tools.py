"""`alertc tools`, as it is called."""

from __future__ import annotations

import errno
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from generator.diagnostics.diagnostic import EnvironmentProblem
from generator.system import debian, programs

ALERTC = Path(sys.executable).with_name("alertc")


def alertc(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ALERTC_")}
    argv = [ALERTC, *arguments]
    return subprocess.run(argv, env=kept | settings, capture_output=True, text=True, check=False, timeout=120)


def started(*argv: str | Path, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(argv, env=os.environ | settings, capture_output=True, text=True, check=False, timeout=60)


def program(folder: Path, name: str, version: str) -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\necho '{name}, version {version} (branch: x)'\n")
    path.chmod(0o755)
    return path


def test_each_program_is_named_with_its_version_path_and_origin(tmp_path: Path) -> None:
    program(tmp_path, "promtool", "2.42.0+ds")
    program(tmp_path, "alertmanager", "0.25.0")
    chosen = program(tmp_path, "amtool", "0.28.1")
    told = alertc(
        "tools",
        PATH=f"{tmp_path}:/usr/bin:/bin",
        ALERTC_CACHE=str(tmp_path),
        ALERTC_AMTOOL=str(chosen),
        ALERTC_PROMETHEUS="/x",
    )
    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout == (
        f"promtool      2.42.0+ds     {tmp_path}/promtool (PATH)\n"
        f"amtool        0.28.1        {tmp_path}/amtool (ALERTC_AMTOOL)\n"
        "prometheus    unusable: ALERTC_PROMETHEUS names /x, which is not a program; "
        "correct or unset ALERTC_PROMETHEUS\n"
        f"alertmanager  0.25.0        {tmp_path}/alertmanager (PATH)\n"
    )


def test_what_is_missing_says_what_to_do(tmp_path: Path) -> None:
    told = alertc("tools", PATH=str(tmp_path), ALERTC_CACHE=str(tmp_path))
    assert told.returncode == 3
    how = "run `alertc tools --fetch`, or install it and put it on the PATH, or name it in"
    assert told.stdout == (
        f"promtool      missing: {how} ALERTC_PROMTOOL\n"
        f"amtool        missing: {how} ALERTC_AMTOOL\n"
        "prometheus    missing: only tests and drills run it\n"
        "alertmanager  missing: only tests and drills run it\n"
    )


def test_nothing_is_fetched_where_both_are_there(tmp_path: Path) -> None:
    program(tmp_path, "promtool", "2.42.0")
    program(tmp_path, "amtool", "0.25.0")
    told = alertc("tools", "--fetch", PATH=str(tmp_path), ALERTC_CACHE=str(tmp_path / "cache"))
    assert (told.returncode, told.stderr) == (0, "")
    assert not (tmp_path / "cache" / "debian").exists()


def test_without_apt_it_says_what_to_install(tmp_path: Path) -> None:
    told = alertc("tools", "--fetch", PATH=str(tmp_path), ALERTC_CACHE=str(tmp_path))
    assert told.returncode == 3
    assert told.stderr == (
        "fetching promtool and amtool (Debian's packages) ...\n"
        "alertc: apt-get is missing, which fetches promtool and amtool\n"
        "help: install promtool and amtool (Debian: `apt-get install prometheus prometheus-alertmanager`; "
        "elsewhere the releases of Prometheus and Alertmanager) and put them on the PATH\n"
    )


def test_a_choice_that_is_wrong_is_not_papered_over_by_fetching(tmp_path: Path) -> None:
    told = alertc("tools", "--fetch", PATH=str(tmp_path), ALERTC_CACHE=str(tmp_path), ALERTC_PROMTOOL="/no")
    assert told.returncode == 3
    assert told.stderr == (
        "alertc: ALERTC_PROMTOOL names /no, which is not a program\nhelp: correct or unset ALERTC_PROMTOOL\n"
    )


@pytest.mark.parametrize("suite", ["../etc", "a b", "", "Trixie"])
def test_a_suite_is_a_name(suite: str, tmp_path: Path) -> None:
    told = alertc("tools", "--generation", suite, ALERTC_CACHE=str(tmp_path))
    assert told.returncode == 3
    assert told.stderr.splitlines()[1:] == [
        f"alertc: {suite!r} is not a suite of Debian",
        "help: name one, such as bookworm, trixie or forky",
    ]


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    if shutil.which("apt-get") is None:
        pytest.skip("no apt here to fetch with")
    (tmp_path / "file").touch()
    told = alertc("tools", "--generation", "trixie", ALERTC_CACHE=str(tmp_path / "file"))
    assert told.returncode == 3
    assert told.stderr.splitlines()[1:] == [
        f"alertc: the cache {tmp_path}/file/debian cannot be written: Not a directory",
        "help: set ALERTC_CACHE to another folder",
    ]


@pytest.mark.network
@pytest.mark.thorough
def test_the_machines_own_suite_is_fetched_whole_and_once(tmp_path: Path) -> None:
    if shutil.which("apt-get") is None:
        pytest.skip("no apt here to fetch with")
    path = "/usr/sbin:/usr/bin:/sbin:/bin"
    if shutil.which("promtool", path=path) and shutil.which("amtool", path=path):
        pytest.skip("promtool and amtool are installed here, so nothing would be fetched")
    # What an interrupted fetch left behind.
    (tmp_path / "debian" / ".staging-old").mkdir(parents=True)
    told = alertc("tools", "--fetch", PATH=path, ALERTC_CACHE=str(tmp_path))
    assert told.returncode == 0, told.stderr
    assert told.stderr == "fetching promtool and amtool (Debian's packages) ...\n"
    assert re.search(r"^promtool      \d\S+ +/.*/usr/bin/promtool \(fetched, \w+\)$", told.stdout, re.MULTILINE)
    assert re.search(r"^amtool        \d\S+ +/.*/usr/bin/amtool \(fetched, \w+\)$", told.stdout, re.MULTILINE)
    folders = {entry.name for entry in (tmp_path / "debian").iterdir()}
    own = (tmp_path / "debian" / "default").readlink().name
    assert folders == {".lock", "default", own}
    assert not list(tmp_path.rglob("*.deb"))
    again = alertc("tools", "--fetch", PATH=path, ALERTC_CACHE=str(tmp_path))
    assert (again.returncode, again.stdout, again.stderr) == (0, told.stdout, "")
    # Without apt on the PATH: what is there is not asked for again.
    known = alertc("tools", "--generation", own, PATH="/nowhere", ALERTC_CACHE=str(tmp_path))
    assert known.stdout.startswith(f"{own}: promtool ")


@pytest.mark.network
def test_a_suite_that_does_not_exist_leaves_nothing(tmp_path: Path) -> None:
    if shutil.which("apt-get") is None:
        pytest.skip("no apt here to fetch with")
    told = alertc("tools", "--generation", "no-such-suite", ALERTC_CACHE=str(tmp_path))
    assert told.returncode == 3
    assert "alertc: the package list of no-such-suite could not be fetched: " in told.stderr
    assert "help: check the network and the name of the suite, or install promtool and amtool" in told.stderr
    assert [entry.name for entry in (tmp_path / "debian").iterdir()] == [".lock"]


def test_a_reader_that_leaves_is_no_fault(tmp_path: Path) -> None:
    for arguments in ("--help", "tools"):
        # A pipe's buffer would take it all: only a reader that has left already shows the case.
        command = f"{{ sleep 0.2; {ALERTC} {arguments}; echo $? >{tmp_path}/code; }} | true"
        told = started("bash", "-c", command, ALERTC_CACHE=str(tmp_path))
        assert told.stderr == ""
        assert (tmp_path / "code").read_text() == "141\n"


def test_wrong_usage_is_2() -> None:
    told = alertc("tools", "--nonsense")
    assert told.returncode == 2
    assert "No such option" in told.stderr


def test_a_bug_is_called_one() -> None:
    breaks = (
        "import sys; from generator import cli; from generator.system import programs\n"
        "programs.find = lambda name: 1 / 0\n"
        "sys.exit(cli.main(['tools']))"
    )
    told = started(sys.executable, "-c", breaks)
    assert told.returncode == 3
    assert re.fullmatch(
        r"alertc: this is a bug in alertc \S+, not in your policy: ZeroDivisionError: division by zero "
        r"\(generator/commands/tools\.py:\d+\)\n"
        r"help: please report it with the policy that shows it; ALERTC_TRACEBACK=1 shows how it came about\n",
        told.stderr,
    )
    told = started(sys.executable, "-c", breaks, ALERTC_TRACEBACK="1")
    assert told.stderr.startswith("Traceback (most recent call last):\n")


def test_help_imports_nothing_heavy() -> None:
    asks = "import sys; from generator import cli; cli.main(['--help']); print(*sys.modules, file=sys.stderr)"
    told = started(sys.executable, "-c", asks)
    assert told.stdout.startswith("Usage: alertc ")
    assert not {"jinja2", "yaml", "jsonschema", "jsonschema_rs", "rich", "promql_parser"} & set(told.stderr.split())


def test_a_full_disk_is_said_once_however_it_shows(tmp_path: Path) -> None:
    """apt says so in its own words, in the middle of others."""
    for name in ("apt-cache", "dpkg"):
        (tmp_path / name).symlink_to("/bin/true")
    apt = tmp_path / "apt-get"
    apt.write_text(
        "#!/bin/sh\n"
        'case "$*" in *--print-uris*) echo "\'http://deb.example/debian/dists/trixie/InRelease\' x 0"; exit;; esac\n'
        "echo 'E: Write error - write (28: No space left on device)' >&2\n"
        "echo 'E: Some index files failed to download.' >&2\n"
        "exit 100\n"
    )
    apt.chmod(0o755)
    told = alertc("tools", "--generation", "trixie", PATH=f"{tmp_path}:/usr/bin:/bin", ALERTC_CACHE=str(tmp_path / "c"))
    assert told.returncode == 3
    assert told.stderr.splitlines()[1:] == [
        f"alertc: the cache {tmp_path}/c/debian cannot be written: No space left on device",
        "help: make room there, or set ALERTC_CACHE to another folder",
    ]


@pytest.mark.parametrize("writes", ["mkdir", "write_text", "rename"])
def test_a_disk_that_is_full_as_we_write_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writes: str) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def run(argv: list[object], **_: object) -> programs.Result:
        said = "'http://deb.example/debian/dists/trixie/InRelease' x 0\n" if "--print-uris" in argv else ""
        return programs.Result(code=0, stdout=said or "prometheus-alertmanager | 1 | x\n", stderr="")

    monkeypatch.setenv("ALERTC_CACHE", str(tmp_path))
    monkeypatch.setattr(shutil, "which", str)
    monkeypatch.setattr(programs, "run", run)
    monkeypatch.setattr(programs, "path_in", full)
    monkeypatch.setattr(debian.Path, writes, full)
    with pytest.raises(EnvironmentProblem) as failed:
        debian.fetch("trixie")
    assert failed.value.message == f"the cache {tmp_path}/debian cannot be written: No space left on device"
    assert failed.value.help == "make room there, or set ALERTC_CACHE to another folder"
