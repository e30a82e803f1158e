"""Starting programs, and finding the ones that judge our files."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from generator.diagnostics.diagnostic import EnvironmentProblem
from generator.system import programs
from generator.system.programs import Command, Missing

PYTHON = sys.executable


@pytest.fixture(autouse=True)
def no_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*(f"ALERTC_{program.upper()}" for program in programs.NAMES), "ALERTC_GENERATION"):
        monkeypatch.delenv(name, raising=False)


def script(path: Path, says: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{says}\n")
    path.chmod(0o755)
    return path


def test_a_result_is_what_the_program_said() -> None:
    program = "import sys; print(sys.stdin.read(), end=''); print('oops', file=sys.stderr); sys.exit(7)"
    told = programs.run([PYTHON, "-c", program], stdin="Zürich\r\n")
    assert (told.code, told.stdout, told.stderr) == (7, "Zürich\r\n", "oops\n")


def test_without_stdin_a_program_reads_nothing() -> None:
    assert programs.run(["cat"]).stdout == ""


def test_a_program_that_does_not_read_its_stdin_is_no_fault() -> None:
    assert programs.run(["true"], stdin="x" * 1_000_000).code == 0


def test_output_that_is_not_utf8_is_replaced() -> None:
    assert programs.run(["printf", r"a\377b"]).stdout == "a\N{REPLACEMENT CHARACTER}b"


def test_the_environment_is_laid_over_our_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OURS", "kept")
    told = programs.run(["sh", "-c", 'echo "$OURS $GOGC"'], env={"GOGC": "800"})
    assert told.stdout == "kept 800\n"


def test_arguments_reach_the_program_as_they_are(tmp_path: Path) -> None:
    assert programs.run(["echo", "$(id) `id` ; *"], cwd=tmp_path).stdout == "$(id) `id` ; *\n"


def test_a_missing_program_is_named() -> None:
    with pytest.raises(EnvironmentProblem, match=r"^/no/such/program cannot be started: No such file or directory$"):
        programs.run(["/no/such/program"])


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentProblem) as told:
        programs.run(["true"], cwd=tmp_path / "gone")
    assert told.value.message == f"true cannot be started: No such file or directory: {tmp_path / 'gone'}"


def test_a_file_that_may_not_be_run_is_named(tmp_path: Path) -> None:
    (tmp_path / "promtool").write_text("")
    with pytest.raises(EnvironmentProblem) as told:
        programs.run([tmp_path / "promtool"])
    assert told.value.message == f"{tmp_path / 'promtool'} cannot be started: Permission denied"


def test_a_program_that_hangs_is_stopped_with_all_it_started(tmp_path: Path) -> None:
    started = tmp_path / "started"
    with pytest.raises(EnvironmentProblem) as told:
        programs.run(["sh", "-c", f"sleep 600 & echo $! > {started}; wait"], timeout=0.5)
    assert told.value.message == "sh did not end within 0.5 s and was stopped"
    assert told.value.help == f"run it by hand to see why: sh -c sleep 600 & echo $! > {started}; wait"
    assert ends(int(started.read_text()))


def test_results_stand_in_the_order_of_the_commands() -> None:
    commands = [Command(argv=("sh", "-c", f"sleep 0.{9 - number}; echo {number}")) for number in (0, 4, 8)]
    assert [told.stdout for told in programs.run_all(commands)] == ["0\n", "4\n", "8\n"]


def test_it_rests_only_where_nothing_runs_and_goes_on_afterwards(tmp_path: Path) -> None:
    go_on = tmp_path / "go-on"
    os.mkfifo(go_on)
    before = threading.active_count()
    with programs.Runs() as runs:
        assert runs.rest()
        waits = Command(argv=("cat", go_on))
        runs.start([waits])
        assert not runs.rest()
        go_on.write_text("done")
        assert [one.stdout for one in runs.results([waits])] == ["done"]
        assert runs.rest()
        assert threading.active_count() == before
        assert [one.stdout for one in runs.results([Command(argv=("echo", "more"))])] == ["more\n"]


def test_no_commands_have_no_results() -> None:
    assert programs.run_all([]) == ()


def test_one_that_cannot_be_started_stops_the_others(tmp_path: Path) -> None:
    started = tmp_path / "started"
    waiting = Command(argv=("sh", "-c", f"echo $$ > {started}; exec sleep 600"))
    missing = Command(argv=("sh", "-c", f"until [ -s {started} ]; do sleep 0.01; done; exec sleep 600"), timeout=0.5)
    with pytest.raises(EnvironmentProblem, match=r"^sh did not end within 0\.5 s"):
        programs.run_all([missing, waiting])
    assert ends(int(started.read_text()))


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_stops_what_was_started(tmp_path: Path, how: signal.Signals) -> None:
    started = tmp_path / "started"
    program = (
        "import signal, sys; from generator.system import programs\n"
        "def end(*_): raise SystemExit(143)\n"
        "signal.signal(signal.SIGTERM, end); signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        f"command = programs.Command(argv=('sh', '-c', 'echo $$ >> {started}; exec sleep 600'))\n"
        "programs.run_all([command, command])\n"
    )
    alertc = subprocess.Popen([PYTHON, "-c", program], stderr=subprocess.DEVNULL)
    while not (started.exists() and started.read_text()):
        time.sleep(0.01)
    alertc.send_signal(how)
    assert alertc.wait(timeout=30) != 0
    assert all(ends(int(process)) for process in started.read_text().split())


def test_an_interrupt_that_another_thread_takes_stops_it_too(tmp_path: Path) -> None:
    """Python's main thread does not wake up for it: so it is where one comes just before that begins to wait."""
    started = tmp_path / "started"
    program = (
        "import signal, threading, time, pathlib; from generator.system import programs\n"
        "def end(*_): raise SystemExit(143)\n"
        "signal.signal(signal.SIGTERM, end)\n"
        "def take():\n"
        f"    while not pathlib.Path({str(started)!r}).exists(): time.sleep(0.01)\n"
        "    time.sleep(0.2)\n"
        "    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)\n"
        "threading.Thread(target=take).start()\n"
        f"programs.run_all([programs.Command(argv=('sh', '-c', 'echo $$ > {started}; exec sleep 600'))])\n"
    )
    ran = subprocess.run([PYTHON, "-c", program], stderr=subprocess.DEVNULL, timeout=60, check=False)
    assert ran.returncode == 143
    assert ends(int(started.read_text()))


def ends(process: int) -> bool:
    """Whether a process that was killed is gone, at the latest after some seconds."""
    for _ in range(500):
        try:
            if Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except FileNotFoundError:
            return True
        time.sleep(0.01)
    return False


@pytest.mark.parametrize("name", ["promtool", "amtool"])
def test_the_real_programs_are_found_with_their_versions(name: str) -> None:
    program = programs.find(name)
    assert program.name == name
    assert program.path.is_absolute()
    assert program.version_text.startswith(".".join(str(number) for number in program.version))
    assert program.version >= {"promtool": (2, 42), "amtool": (0, 25)}[name]


def test_the_version_is_asked_once_of_a_program_that_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = programs.find("promtool")
    monkeypatch.setenv("ALERTC_CACHE", str(tmp_path))
    monkeypatch.setenv("ALERTC_PROMTOOL", str(first.path))
    found = programs.find("promtool")
    monkeypatch.setattr(programs, "run_all", lambda _: pytest.fail("asked again"))
    assert programs.find("promtool") == found


def test_a_memory_that_is_damaged_is_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALERTC_PROMTOOL", str(programs.find("promtool").path))
    monkeypatch.setenv("ALERTC_CACHE", str(tmp_path))
    found = programs.find("promtool")
    for memory in (tmp_path / "versions").iterdir():
        memory.write_bytes(b"\xff")
    assert programs.find("promtool") == found


def test_a_cache_that_cannot_be_written_costs_nothing_but_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALERTC_PROMTOOL", str(programs.find("promtool").path))
    (tmp_path / "file").touch()
    monkeypatch.setenv("ALERTC_CACHE", str(tmp_path / "file"))
    assert programs.find("promtool").name == "promtool"


def test_a_script_may_change_what_it_starts_so_it_is_asked_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = tmp_path / "version"
    monkeypatch.setenv("ALERTC_AMTOOL", str(script(tmp_path / "amtool", f'echo "amtool, version $(cat {version})"')))
    version.write_text("0.25.0")
    assert programs.find("amtool").version == (0, 25, 0)
    version.write_text("0.33.1+ds1-2")
    assert (programs.find("amtool").version, programs.find("amtool").version_text) == ((0, 33, 1), "0.33.1+ds1-2")


def test_an_answer_on_stderr_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = script(tmp_path / "prometheus", "echo 'prometheus, version 2.3.2 (branch: x)' >&2")
    monkeypatch.setenv("ALERTC_PROMETHEUS", str(path))
    assert programs.find("prometheus").version == (2, 3, 2)


def test_what_is_set_first_decides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def one(path: Path, version: str) -> Path:
        return script(path, f"echo 'promtool, version {version}'")

    fetched = tmp_path / "cache" / "debian"
    one(fetched / "bookworm" / "usr/bin/promtool", "4.0.0")
    (fetched / "default").symlink_to("bookworm")
    monkeypatch.setenv("ALERTC_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    seen = []
    for number, choose in enumerate(
        [
            lambda: None,
            lambda: one(tmp_path / "bin" / "promtool", "3.0.0"),
            lambda: (
                one(fetched / "trixie" / "usr/bin/promtool", "2.0.0"),
                monkeypatch.setenv("ALERTC_GENERATION", "trixie"),
            ),
            lambda: monkeypatch.setenv("ALERTC_PROMTOOL", str(one(tmp_path / "mine", "1.0.0"))),
        ]
    ):
        choose()
        found = programs.find("promtool")
        assert found.version == (4 - number, 0, 0)
        seen.append(found.origin)
    assert seen == ["fetched, bookworm", "PATH", "ALERTC_GENERATION=trixie", "ALERTC_PROMTOOL"]


def test_debians_name_of_the_alertmanager_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script(tmp_path / "prometheus-alertmanager", "echo 'alertmanager, version 0.25.0'")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert programs.find("alertmanager").path == tmp_path / "prometheus-alertmanager"


@pytest.mark.parametrize(
    ("settings", "message", "help"),
    [
        (
            {},
            "promtool was not found",
            "run `alertc tools --fetch`, or install it and put it on the PATH, or name it in ALERTC_PROMTOOL",
        ),
        (
            {"ALERTC_GENERATION": "trixie"},
            "promtool of trixie was not found",
            "run `alertc tools --generation trixie`, or unset ALERTC_GENERATION",
        ),
    ],
)
def test_a_program_that_is_nowhere_is_missing(
    settings: dict[str, str], message: str, help: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"PATH": "/nowhere", "ALERTC_CACHE": str(tmp_path), **settings}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(Missing) as told:
        programs.find("promtool")
    assert (told.value.message, told.value.help) == (message, help)


def test_a_choice_that_is_no_program_is_not_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALERTC_PROMTOOL", "/no/promtool")
    with pytest.raises(EnvironmentProblem) as told:
        programs.find("promtool")
    assert not isinstance(told.value, Missing)
    assert told.value.message == "ALERTC_PROMTOOL names /no/promtool, which is not a program"


def test_another_program_under_the_name_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    amtool = programs.find("amtool").path
    monkeypatch.setenv("ALERTC_PROMTOOL", str(amtool))
    with pytest.raises(EnvironmentProblem) as told:
        programs.find("promtool")
    assert told.value.message == f"{amtool} should be promtool, but says that it is amtool"
    assert told.value.help == "correct it (ALERTC_PROMTOOL)"


def test_a_program_without_a_version_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALERTC_PROMTOOL", "true")
    with pytest.raises(EnvironmentProblem, match=r"true does not print its version; it printed: (nothing|true .*)$"):
        programs.find("promtool")


@pytest.mark.parametrize(
    ("settings", "folder"),
    [
        ({"HOME": "/home/ana"}, "/home/ana/.cache/alertc"),
        ({"HOME": "/home/ana", "XDG_CACHE_HOME": "/var/tmp"}, "/var/tmp/alertc"),
        ({"HOME": "/home/ana", "XDG_CACHE_HOME": "relative"}, "/home/ana/.cache/alertc"),
        ({"HOME": "/home/ana", "XDG_CACHE_HOME": "/var/tmp", "ALERTC_CACHE": "/srv/alertc"}, "/srv/alertc"),
    ],
)
def test_the_cache_is_where_the_user_says(
    settings: dict[str, str], folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HOME", "XDG_CACHE_HOME", "ALERTC_CACHE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    assert programs.cache_folder() == Path(folder)


def test_a_core_is_always_left() -> None:
    assert 1 <= programs.cores() <= (os.cpu_count() or 1)
