"""Start other programs, and find those that check our files; no other module starts programs."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import signal
import subprocess
import threading
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from generator.diagnostics.diagnostic import EnvironmentProblem
from generator.system import files, guard

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

NAMES: Final = ("promtool", "amtool", "prometheus", "alertmanager")
"""The programs that `find` knows: two that check files, two servers that only tests and drills run."""

OLDEST: Final = {"promtool": (2, 42), "amtool": (0, 25)}
"""The oldest supported checkers: their output is read as these versions and later ones write it."""

# Debian calls the server by its package's name.
_FILES: Final = {"alertmanager": ("alertmanager", "prometheus-alertmanager")}


class Missing(EnvironmentProblem):
    """No program of this name was found; fetching may help. A wrong one that was named is an EnvironmentProblem."""


SIDE_BY_SIDE: Mapping[str, str] = {"GOGC": "800", "GOMAXPROCS": "1"}
"""For Go programs of which as many run as there are cores: each collects little garbage, on one core."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A program to run without a shell. `env` is laid over our environment, None removes a name; `timeout` is in s."""

    argv: tuple[str | Path, ...]
    cwd: Path | None = None
    env: Mapping[str, str | None] | None = None
    timeout: float = 60
    stdin: str | None = None
    encoding: str = "utf-8"
    """The encoding of its output; in `latin-1` each character stands for a byte."""
    size: int = 0
    """Bytes of the files that it reads: the more there are, the more memory it may take."""
    inputs: str | None = None
    """A digest of the files that it reads; None where that is not known, so that its answer is not remembered."""
    each: Mapping[str, str] = field(default_factory=dict)
    """Instead: the files, its last words, that it judges each by itself, with their digests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How a program ended (negative: by that signal) and what it printed."""

    code: int
    stdout: str
    stderr: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A program that was found: `version` (2, 42, 0) to compare, `version_text` 2.42.0+ds to print."""

    name: str
    path: Path
    version: tuple[int, ...]
    version_text: str
    origin: str
    """Why this one is used: an environment variable, `PATH`, or `fetched, bookworm`."""

    @property
    def named(self) -> bool:
        """Whether an environment variable named it."""
        return self.origin.startswith("ALERTC_")


def run(
    argv: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str | None] | None = None,
    timeout: float = 60,
    stdin: str | None = None,
    encoding: str = "utf-8",
) -> Result:
    """Run a program and return its result.

    Raises EnvironmentProblem where it cannot be started or runs longer than `timeout` seconds.

    It gets its own process group, killed whole where we stop waiting; without `stdin` it reads nothing.
    """
    command = Command(argv=tuple(argv), cwd=cwd, env=env, timeout=timeout, stdin=stdin, encoding=encoding)
    return run_all([command])[0]


def run_all(commands: Sequence[Command]) -> tuple[Result, ...]:
    """Run the commands side by side over the cores and return their results in order.

    Where one cannot be started or takes too long, or we are interrupted, the others are killed too.
    """
    with Runs() as runs:
        return runs.results(commands)


def cores() -> int:
    """Return how many programs may run at once: the cores this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # only Linux can tell which cores are ours
        return os.cpu_count() or 1


class Runs:
    """Programs that run side by side over the cores while we go on; leaving the context kills those that still run.

    A command whose result `known` returns, or that was started before, is not run again.
    """

    def __init__(self, known: Callable[[Command], Result | None] = lambda _: None) -> None:
        self._known = known
        self._pool = ThreadPoolExecutor(max_workers=cores())
        self._started: dict[object, Future[Result]] = {}
        self._lock = threading.Lock()
        self._processes: set[subprocess.Popen[bytes]] = set()
        self._stopped = False

    def __enter__(self) -> Runs:  # noqa: PYI034  # typing has Self from 3.11 on
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Kill the programs that still run, and wait for their end."""
        with self._lock:
            self._stopped = True
            for process in self._processes:
                _kill_group(process)
        self._pool.shutdown(cancel_futures=True)

    def start(self, commands: Iterable[Command]) -> None:
        """Run each command that was not started before, as soon as a core is free."""
        for command in commands:
            key = _key(command)
            if key not in self._started:
                self._started[key] = self._future(command)

    def rest(self) -> bool:
        """End the threads and return True where no program runs or waits for its turn; else do nothing."""
        if not all(future.done() for future in self._started.values()):
            return False
        self._pool.shutdown()
        self._pool = ThreadPoolExecutor(max_workers=cores())
        return True

    def results(self, commands: Sequence[Command]) -> tuple[Result, ...]:
        """Return the results in the order of `commands`, or raise EnvironmentProblem for the first that gave none.

        Waiting is for the main thread: an interrupt arrives there.
        """
        self.start(commands)
        return tuple([_result(self._started[_key(command)]) for command in commands])

    def _future(self, command: Command) -> Future[Result]:
        result = self._known(command)
        if result is None:
            return self._pool.submit(self._finish, command)
        future: Future[Result] = Future()
        future.set_result(result)
        return future

    def _finish(self, command: Command) -> Result:
        stdin = None if command.stdin is None else command.stdin.encode()
        limit, memory = _limit(command), guard.memory_limit(command.size)
        process = self._start(command, memory)
        try:
            stdout, stderr = process.communicate(stdin, limit)
        except subprocess.TimeoutExpired:
            raise EnvironmentProblem(
                f"{_name(command)} did not end within {limit:g} s and was stopped",
                help=f"run it by hand to see why: {_shown(command)}",
            ) from None
        finally:
            _kill(process)
            with self._lock:
                self._processes.discard(process)
            guard.ended(process.pid)
        result = Result(
            code=process.returncode,
            stdout=stdout.decode(command.encoding, "replace"),
            stderr=stderr.decode(errors="replace"),
        )
        if guard.out_of_memory(result.code, result.stderr):
            raise EnvironmentProblem(
                f"{_name(command)} needed more than {memory >> 20:,} MiB of memory and was stopped",
                help=f"let it read less, or have more (ALERTC_MEMORY_LIMIT, in MiB): {_shown(command)}",
            )
        return result

    def _start(self, command: Command, memory: int) -> subprocess.Popen[bytes]:
        # The lock is held until the process is on the list: whoever stops us sees all of them.
        with self._lock:
            if self._stopped:
                raise EnvironmentProblem(f"{_name(command)} was not started: another program failed")
            try:
                process = subprocess.Popen(
                    command.argv,
                    cwd=command.cwd,
                    env=_environment(command, memory),
                    stdin=subprocess.DEVNULL if command.stdin is None else subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    start_new_session=True,
                )
            except OSError as error:
                named = "" if error.filename in (None, command.argv[0], str(command.argv[0])) else f": {error.filename}"
                raise EnvironmentProblem(f"{command.argv[0]} cannot be started: {error.strerror}{named}") from None
            guard.started(process.pid)
            guard.limit_memory(process.pid, memory)
            self._processes.add(process)
            return process


_BEAT = 0.5
"""Seconds. Python sees a signal when a wait ends: it misses one that comes as the wait begins, or in another thread."""


def wait_for(futures: Sequence[Future[Any]]) -> None:
    """Wait until all have ended, or one has failed; an interrupt ends the wait whenever it comes."""
    ended, left = wait(futures, timeout=_BEAT, return_when=FIRST_EXCEPTION)
    while left and not any(future.exception() for future in ended):
        ended, left = wait(futures, timeout=_BEAT, return_when=FIRST_EXCEPTION)


def _result(future: Future[Result]) -> Result:
    wait_for((future,))
    return future.result()


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A program that runs until it is stopped; its output goes to `log`."""

    name: str
    log: Path
    process: subprocess.Popen[bytes]

    def output(self) -> str:
        """Return what the server has printed so far."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def runs(self) -> bool:
        """Return whether the server still runs."""
        return self.process.poll() is None

    def kill(self) -> None:
        """Kill the server, as a crash would, and everything that it started."""
        _kill(self.process)


class Servers:
    """Programs that run until the context is left. None outlives us: not an interrupt, not a crash, not SIGKILL.

    The kernel kills them where the thread ends that started them, so it must live as long as they do.
    """

    def __init__(self) -> None:
        self._started: list[Server] = []
        self._lock = threading.Lock()
        self._stopped = False

    def __enter__(self) -> Servers:  # noqa: PYI034  # typing has Self from 3.11 on
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Kill the servers that still run."""
        self.stop()

    def stop(self) -> None:
        """Kill all servers; any thread may call it. Nothing is started afterwards."""
        with self._lock:
            self._stopped = True
            for server in self._started:
                server.kill()

    def start(
        self, argv: Sequence[str | Path], log: Path, *, inside: Sequence[str | Path] = (), cwd: Path | None = None
    ) -> Server:
        """Start a program; `inside` is a command that leads to it (`unshare ...`).

        Raises EnvironmentProblem where it cannot be started. It reads nothing.
        """
        name = Path(argv[0]).name
        with self._lock, log.open("wb") as output:
            # Whoever stops us holds the lock: either sees this one, or it is not started.
            if self._stopped:
                raise EnvironmentProblem(f"{name} was not started: we are stopping")
            try:
                process = subprocess.Popen(
                    [*inside, *_tied_to_us(), *argv],
                    cwd=cwd,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    start_new_session=True,
                )
            except OSError as error:
                raise EnvironmentProblem(f"{name} cannot be started: {error.strerror}") from None
            server = Server(name=name, log=log, process=process)
            self._started.append(server)
            return server


def _tied_to_us() -> Sequence[str]:
    """Return the command that starts another one so that it is killed when we die.

    It is set inside namespaces, where it would be lost on the way in; whoever finds another parent than us comes too
    late to be tied, and ends by itself.
    """
    if shutil.which("setpriv") is None:
        return ()
    tied = 'test "$PPID" = "$0" && exec "$@"'
    return ("setpriv", "--pdeathsig", "KILL", "sh", "-c", tied, str(os.getpid()))


def _environment(command: Command, memory: int) -> dict[str, str]:
    """Return the environment of the command: ours, overlaid by its own, in which None removes a name."""
    # Its temporary files are removed with our folder, even where it was killed.
    variables = {**_collecting(memory), **os.environ, "TMPDIR": str(guard.folder()), **(command.env or {})}
    return {name: value for name, value in variables.items() if value is not None}


def _key(command: Command) -> tuple[object, ...]:
    """Return a key that commands with the same question share."""
    return command.argv, command.cwd, command.stdin


def _limit(command: Command) -> float:
    """Return the seconds that the command has: its own limit, or what `ALERTC_TIME_LIMIT` sets for all."""
    own = os.environ.get("ALERTC_TIME_LIMIT")
    if not own:
        return command.timeout
    try:
        limit = float(own)
    except ValueError:
        limit = 0
    if not 0 < limit < threading.TIMEOUT_MAX:
        raise EnvironmentProblem(
            f"ALERTC_TIME_LIMIT is `{own}`, which is not a number of seconds above 0", help="correct or unset it"
        )
    return limit


def _collecting(memory: int) -> Mapping[str, str]:
    """Return the variable that makes a Go program collect garbage before it meets the memory limit."""
    return {"GOMEMLIMIT": f"{memory * 3 // 4}"}


def _name(command: Command) -> str:
    return Path(command.argv[0]).name


def _shown(command: Command) -> str:
    """Return the command line, shortened to what fits a message."""
    line = " ".join(str(part) for part in command.argv)
    return line if len(line) <= 200 else f"{line[:200]} ..."


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill the rest of the process group, reap its leader and close the pipes."""
    if process.returncode is None:
        _kill_group(process)
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            with contextlib.suppress(BrokenPipeError):
                pipe.close()
    process.wait()


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    # Its own session made the process the leader of a group of its number.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def checker(name: str) -> Program:
    """Return promtool or amtool as `find` does.

    Raises EnvironmentProblem where it is too old to check what we write.
    """
    program = find(name)
    if program.version < OLDEST[name]:
        oldest = ".".join(map(str, OLDEST[name]))
        raise EnvironmentProblem(
            f"{program.path} is {name} {program.version_text}, {oldest} is the oldest that can check the output",
            help=f"install a newer one, or run `alertc tools --fetch` and name it in ALERTC_{name.upper()}",
        )
    return program


def untrusted(command: str, result: Result) -> EnvironmentProblem:
    """Return the problem of a program whose result cannot be trusted: killed, broken, or another program."""
    if result.code < 0:
        try:
            by = signal.Signals(-result.code).name
        except ValueError:
            by = str(-result.code)
        return EnvironmentProblem(
            f"`{command}` was killed by the signal {by}", help="is there enough memory? is it broken?"
        )
    output = excerpt(f"{result.stdout}\n{result.stderr}".strip(), lines=3) or "nothing"
    return EnvironmentProblem(
        f"`{command}` ended with code {result.code} and does not say what it checked; it said: {output}",
        help="`alertc tools` says which program that is; is it broken?",
    )


def excerpt(text: str, *, lines: int = 40, characters: int = 4000) -> str:
    """Return the beginning of a program's output, as much as a message can hold."""
    head = "\n".join(text[: characters + 1].split("\n", lines)[:lines])[:characters]
    return text if head == text else f"{head} ... ({len(text):,} characters)"


def find(name: str) -> Program:
    """Return the program to use, or raise Missing where there is none. The first of these that is set decides:

    1. `ALERTC_PROMTOOL`, `ALERTC_AMTOOL`, `ALERTC_PROMETHEUS`, `ALERTC_ALERTMANAGER`: the program itself;
    2. `ALERTC_GENERATION`: a suite of Debian, fetched with `alertc tools --generation SUITE`;
    3. the `PATH`;
    4. what `alertc tools --fetch` unpacked.
    """
    variable = f"ALERTC_{name.upper()}"
    chosen, generation = os.environ.get(variable), os.environ.get("ALERTC_GENERATION")
    if chosen:
        path = shutil.which(chosen)
        if path is None:
            raise EnvironmentProblem(
                f"{variable} names {chosen}, which is not a program", help=f"correct or unset {variable}"
            )
        return _ask(name, Path(path), variable)
    if generation:
        try:
            return find_in(suite_folder(generation), name, f"ALERTC_GENERATION={generation}")
        except Missing:
            help = f"run `alertc tools --generation {generation}`, or unset ALERTC_GENERATION"
            raise Missing(f"{name} of {generation} was not found", help=help) from None
    for file in _FILES.get(name, (name,)):
        path = shutil.which(file)
        if path is not None:
            return _ask(name, Path(path), "PATH")
    try:
        return find_in(suite_folder("default"), name, "fetched")
    except Missing:
        help = f"run `alertc tools --fetch`, or install it and put it on the PATH, or name it in {variable}"
        raise Missing(f"{name} was not found", help=help) from None


def fetched(name: str) -> Iterator[Program]:
    """Yield the program of each suite that was fetched, the suites by their names; what is broken is left out."""
    folder = suite_folder("default").parent
    with contextlib.suppress(OSError):
        for suite in sorted(folder.iterdir()):
            if not suite.is_symlink() and not suite.name.startswith("."):
                with contextlib.suppress(EnvironmentProblem):
                    yield find_in(suite, name, "fetched, " + suite.name)


def is_older(program: Program, declared: tuple[int, ...]) -> bool:
    """Return whether a program is of an older version than a declared one, as far as that is written."""
    return program.version[: len(declared)] < declared


def at_least(program: Program, declared: tuple[int, ...]) -> Program:
    """Return the program, or where it is older than the declared version the oldest fetched one that is not.

    An older one refuses settings that it does not know, such as `msteams_configs` before Alertmanager 0.26; a newer one
    takes them all. Whoever named a program, or a generation, has chosen.
    """
    if program.named or not is_older(program, declared):
        return program
    fitting = (other for other in fetched(program.name) if not is_older(other, declared))
    return min(fitting, key=lambda other: other.version, default=program)


def find_in(root: Path, name: str, origin: str) -> Program:
    """Return the program that a Debian package unpacked at `root` brought, or raise Missing."""
    # `default` is a link: the name of the suite that it leads to says more.
    suite = root.resolve()
    return _ask(name, path_in(suite, name), origin if suite.name == root.name else f"{origin}, {suite.name}")


def path_in(root: Path, name: str) -> Path:
    """Return where a Debian package unpacked at `root` put the program, or raise Missing."""
    folder = root / "usr" / "bin"
    for file in _FILES.get(name, (name,)):
        if os.access(folder / file, os.X_OK):
            return folder / file
    raise Missing(f"{name} was not found in {folder}", help=f"remove {root} and fetch it again")


def cache_folder() -> Path:
    """Return the folder of fetched programs and other caches: `$ALERTC_CACHE`, else `alertc` in the user's cache."""
    own = os.environ.get("ALERTC_CACHE")
    if own:
        return Path(own).absolute()
    users = os.environ.get("XDG_CACHE_HOME")
    try:
        # The XDG specification: a relative path there is to be ignored.
        return (Path(users) if users and Path(users).is_absolute() else Path.home() / ".cache") / "alertc"
    except RuntimeError:
        raise EnvironmentProblem(
            "there is no home folder to cache programs in", help="set HOME or ALERTC_CACHE"
        ) from None


def suite_folder(suite: str) -> Path:
    """Return where a suite's programs are unpacked; `default` leads to the machine's own suite."""
    return cache_folder() / "debian" / suite


def _ask(name: str, path: Path, origin: str) -> Program:
    """Return the program with the version that it prints, which is remembered until the file changes."""
    path = path.absolute()
    memory = _memory(path)
    text = _recall(memory) if memory else None
    if text is None:
        text = _version_of(name, path)
        if memory:
            _remember(memory, text)
    answer, _, version = text.partition(" ")
    if answer != name:
        raise EnvironmentProblem(
            f"{path} should be {name}, but says that it is {answer}", help=f"correct it ({origin})"
        )
    numbers = tuple(int(number) for number in re.findall(r"\d+", version.partition("+")[0].partition("-")[0]))
    return Program(name=name, path=path, version=numbers, version_text=version, origin=origin)


def _memory(path: Path) -> Path | None:
    """Return the file that remembers this program's version; None for a script, which may start a changing program."""
    try:
        with path.open("rb") as program:
            if program.read(2) == b"#!":
                return None
            seen = os.fstat(program.fileno())
        key = hashlib.sha256(
            f"{path}\0{seen.st_mtime_ns}\0{seen.st_size}\0{seen.st_ino}".encode(errors="surrogateescape")
        )
        return cache_folder() / "versions" / key.hexdigest()[:32]
    except (OSError, EnvironmentProblem):
        return None


def _recall(memory: Path) -> str | None:
    with contextlib.suppress(OSError, UnicodeDecodeError):
        text = memory.read_text(encoding="utf-8")
        if re.fullmatch(r"\S+ \d\S*", text):
            return text
    return None


def _remember(memory: Path, text: str) -> None:
    # A cache that cannot be written costs 50 ms each time, no more.
    with contextlib.suppress(OSError):
        memory.parent.mkdir(parents=True, exist_ok=True)
        files.write(memory, text.encode(), 0o600)


def _version_of(name: str, path: Path) -> str:
    """Return `promtool 2.42.0+ds` for the first line `promtool, version 2.42.0+ds (branch: ...)`."""
    result = run([path, "--version"], timeout=20)
    # Older releases of Prometheus answer on stderr.
    match = re.search(r"^(\S+), version (\d\S*)", result.stdout + result.stderr, re.MULTILINE)
    if match is None:
        output = (result.stdout + result.stderr).strip().partition("\n")[0] or "nothing"
        raise EnvironmentProblem(
            f"{path} does not print its version; it printed: {output}", help=f"is it really {name}?"
        )
    return f"{match[1]} {match[2]}"
