"""Where an attack takes place: a home with files to steal or to spoil, a project, and commands run in it."""

from __future__ import annotations

import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from generator import cli
from generator.system import programs
from tests.compiling import SMALL

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SECRET = "topsecret-4711"
RUN = "code-was-run-4711"
"""What a program or a module of the repository would print; no file holds it in one piece."""
FORGED = "forged-4711"
"""A word that only a forged workflow command can bring into one."""
SLOWEST = 60.0
"""Seconds of work that a run may take: ours, and that of the programs over the cores."""
LARGEST = 1500
"""Megabytes that one of our processes, or of the programs, may take."""
STUCK = 240.0
"""Seconds after which a run that does not end is killed, however busy the machine is."""
_RISKY = re.compile(r"[^\n\x20-\x7e\u00a1-\U0010ffff]|[\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
_COMMAND = re.compile(r"^\s*::(?!error |warning |notice |stop-commands::)[a-z]|##\[", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Ran:
    """A command that was run: its exit code (negative: by that signal), what it printed, seconds of work, megabytes."""

    arguments: tuple[str, ...]
    code: int
    out: str
    err: str
    seconds: float
    peak: int


class World:
    """A folder with `home`, which nobody may touch, `pristine`, a rendered project in git, and `project`, its copy."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home, self.pristine, self.project = folder / "home", folder / "pristine", folder / "project"
        self._judges = {f"ALERTC_{name.upper()}": str(programs.find(name).path) for name in ("promtool", "amtool")}
        self._build_home()
        self.pristine.mkdir()
        (self.pristine / "policy").mkdir()
        (self.pristine / "policy/shop.yaml").write_text(SMALL, encoding="utf-8")
        self.base = self._committed()
        self.restore()
        rendered = self.run(("render",))
        assert rendered.code == 0, rendered.err
        shutil.rmtree(self.pristine)
        shutil.copytree(self.project, self.pristine, symlinks=True)
        self.base = self._committed()
        self.rendered = contents(self.pristine / "out")

    def _build_home(self) -> None:
        (self.home / ".ssh").mkdir(parents=True)
        (self.home / ".ssh/authorized_keys").write_text(SECRET)
        (self.home / ".bashrc").write_text(f"TOKEN={SECRET}\n")
        (self.home / "other/.git").mkdir(parents=True)
        (self.home / "other/policy.yaml").write_text(f"{SECRET}: 1\n")
        self.untouched = contents(self.home)

    def _committed(self) -> str:
        git = ["git", "-C", str(self.pristine), "-c", "user.name=a", "-c", "user.email=a@b"]
        (self.pristine / ".gitignore").write_text(".cache/\n")
        for words in (["init", "-q"], ["add", "-A"], ["commit", "-q", "--allow-empty", "-m", "base"]):
            subprocess.run([*git, *words], check=True, env={"PATH": os.environ["PATH"], "HOME": str(self.home)})
        return subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()

    def restore(self) -> None:
        """Make the project as it was. Its place is the same always: what was verified is remembered by it."""
        if self.project.is_symlink():
            self.project.unlink()
        shutil.rmtree(self.project, ignore_errors=True)
        shutil.copytree(self.pristine, self.project, symlinks=True)

    def run(self, arguments: tuple[str, ...], env: Mapping[str, str] | None = None, *, judged: bool = True) -> Ran:
        """Run a command in the project, in a process of its own; without the programs unless it is `judged`."""
        spoken = (self.folder / "stdout", self.folder / "stderr")
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        child = os.fork()
        if not child:
            self._become(arguments, env or {}, spoken, judged=judged)
        code = _ended(child)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        ours = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        out, err = (path.read_text(encoding="utf-8", errors="replace") for path in spoken)
        peak = int((self.folder / "peak").read_text() or 0) if (self.folder / "peak").exists() else 0
        return Ran(arguments=arguments, code=code, out=out, err=err, seconds=ours / programs.cores(), peak=peak // 1024)

    def _become(
        self, arguments: tuple[str, ...], env: Mapping[str, str], spoken: tuple[Path, Path], *, judged: bool
    ) -> None:
        code = 99
        try:
            os.setsid()
            os.chdir(self.project)
            own = {"PATH": os.environ["PATH"], "HOME": str(self.home), "XDG_CACHE_HOME": str(self.folder / "cache")}
            os.environ.clear()
            os.environ.update({**own, **self._judges, "COLUMNS": "100", **env})
            for number, path in enumerate(spoken, start=1):
                os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            sys.stdout, sys.stderr = (os.fdopen(number, "w", encoding="utf-8", closefd=False) for number in (1, 2))
            if not judged:
                from generator.checks import verify

                verify.ASKERS = ()
            code = cli.main(list(arguments))
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 98
        except BaseException:
            import traceback

            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
            (self.folder / "peak").write_text(str(max(resource.getrusage(one).ru_maxrss for one in who)))
            os._exit(code)

    def faults(self, ran: Ran) -> Iterator[str]:
        """Yield what is wrong with any run, whatever was asked."""
        said = ran.out + ran.err
        for sign in ("this is a bug in alertc", "Traceback (most", "Fatal Python error"):
            if sign in said:
                yield next(line for line in said.splitlines() if sign in line)[:300]
        if ran.code == -signal.SIGKILL:
            yield f"did not end within {STUCK:g} s"
        elif ran.code not in (0, 1, 2, 3):
            yield f"exit code {ran.code}: {said[-300:]!r}"
        if not said.strip() and "github" not in ran.arguments:
            yield f"ended with {ran.code} and said nothing"
        if RUN in said:
            yield "runs what lies in the repository"
        if SECRET in said:
            yield "tells what lies outside of the repository"
        if risky := _RISKY.search(said):
            yield f"prints {risky[0]!r}"
        if ran.seconds > SLOWEST:
            yield f"took {ran.seconds:.1f} s of work"
        if ran.peak > LARGEST:
            yield f"took {ran.peak:,} MB"
        if contents(self.home) != self.untouched:
            yield "changed files outside of the repository"
            shutil.rmtree(self.home)
            self._build_home()


def forged(ran: Ran) -> Iterator[str]:
    """Yield what a runner of GitHub would take for a command that is not ours."""
    for stream in (ran.out, ran.err):
        for line in _obeyed(stream):
            if _COMMAND.search(line):
                yield f"a forged workflow command: {line[:200]!r}"


def _obeyed(stream: str) -> Iterator[str]:
    """Yield the lines that a runner looks at: none between `::stop-commands::TOKEN` and `::TOKEN::`."""
    token = None
    for line in stream.splitlines():
        if token is not None:
            if line.strip() == f"::{token}::":
                token = None
        elif line.strip().startswith("::stop-commands::"):
            token = line.strip().removeprefix("::stop-commands::")
        else:
            yield line


def _ended(child: int) -> int:
    """Wait for a process and return its exit code; kill its group where it does not end."""
    patience = time.monotonic() + STUCK
    while True:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > patience:
            os.killpg(child, signal.SIGKILL)
            return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        time.sleep(0.005)


def contents(folder: Path) -> dict[str, bytes | str]:
    """Return every file with what it holds, every link with where it leads, every empty folder."""
    found: dict[str, bytes | str] = {}
    for root, folders, names in os.walk(folder):
        for name in (*folders, *names):
            path = Path(root, name)
            key = path.relative_to(folder).as_posix()
            if path.is_symlink():
                found[key] = f"-> {path.readlink()}"
            elif path.is_file():
                found[key] = path.read_bytes()
            elif path.is_dir() and not any(path.iterdir()):
                found[key] = "folder"
    return found
