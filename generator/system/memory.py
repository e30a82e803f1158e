"""Remembers in `.cache/` beside `out/` what was verified, so that it need not be verified again.

A run is remembered under a key of everything that its outcome depends on: the policy, the templates, alertc itself,
the programs that judged, where the files go. Where something has changed, what the programs said of the files that
have not is remembered still. Deleting the folder changes nothing but the time that the next run takes.

What is remembered is sealed with a key that each user has, out of the project's reach: a `.cache/` that comes with
somebody's pull request proves nothing.
"""

from __future__ import annotations

import json
import os
from collections import defaultdict
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generator import __version__
from generator.diagnostics.diagnostic import Diagnostic, EnvironmentProblem, Level, Place
from generator.system import files
from generator.system import seal as seals
from generator.system.digest import digest_of
from generator.system.programs import Result

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from generator.system.programs import Command, Program

_FOLDER = ".cache"
_FORMAT = 4
NOT_OURS = (OSError, EnvironmentProblem, ValueError, KeyError, TypeError, AttributeError)
"""Exceptions that reading a memory may raise: the file is missing, unreadable, or not written by this user."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """A run that found no error: a digest of each file that it made, and its diagnostics with their places."""

    files: Mapping[str, str]
    checked_by: str
    """A sentence that says who checked the files."""
    diagnostics: tuple[Diagnostic, ...]
    accepted: tuple[str, ...]
    """A line for each acceptance that took some of its findings."""
    until: str
    """The last day (2026-12-31) on which it holds; empty where it has no end."""


class Answers:
    """The answers of programs about files: each is valid while program, arguments and files are the same.

    Only answers of programs that ended with code 0 are remembered.
    """

    def __init__(
        self,
        out: Path | None,
        remembered: Mapping[str, tuple[str, str]],
        passed: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        self._out = out
        self._remembered = remembered
        self._passed = passed or {}
        """Of calls that judge each file by itself: digests of those of which they had nothing to say, by path."""
        self._used: dict[str, tuple[str, str]] = {}
        self._used_passed: dict[str, dict[str, str]] = defaultdict(dict)

    def recall(self, command: Command) -> Result | None:
        """Return the remembered result of the command, None where there is none."""
        key = _question(command)
        if key is None or key not in self._remembered:
            return None
        stdout, stderr = self._used[key] = self._remembered[key]
        return Result(code=0, stdout=stdout, stderr=stderr)

    def passed(self, command: Command) -> frozenset[str]:
        """Return those of the command's files, each judged by itself, of which it is known to have nothing to say."""
        key = _call(command)
        known = self._passed.get(key, {})
        passed = {path: digest for path, digest in command.each.items() if known.get(path) == digest}
        self._used_passed[key].update(passed)
        return frozenset(passed)

    def learn(self, command: Command, result: Result) -> None:
        """Remember the result of the command where it ended with code 0."""
        if command.each and result.code == 0 and not result.stderr.strip():
            self._used_passed[_call(command)].update(command.each)
        key = _question(command)
        if key is not None and result.code == 0:
            self._used[key] = (result.stdout, result.stderr)

    def keep(self) -> None:
        """Save the answers that this run used, for the next run into the same folder."""
        used, known = (self._used, self._used_passed), (self._remembered, self._passed)
        if self._out is not None and used != known:
            seal(file(self._out, "answers"), json.dumps(used).encode())


def answers(out: Path) -> Answers:
    """Return the answers of the last run into `out`."""
    try:
        known, passed = json.loads(unseal(file(out, "answers")))
        return Answers(out, {key: (stdout, stderr) for key, (stdout, stderr) in known.items()}, passed)
    except NOT_OURS:
        return Answers(out, {})


def _question(command: Command) -> str | None:
    """Return a digest of everything that an answer depends on; None where that is not known."""
    if command.inputs is None:
        return None
    # What it reads may be a megabyte: as text within JSON it would take five times as long.
    told = None if command.stdin is None else digest_of(command.stdin.encode())
    return digest_of(json.dumps([_called(command, command.argv), told, command.inputs]).encode())


def _call(command: Command) -> str:
    """Return a digest of all that it depends on what a program says of a file beside others: all but the files."""
    return digest_of(json.dumps(_called(command, command.argv[: -len(command.each) or None])).encode())


def _called(command: Command, words: Sequence[str | Path]) -> list[object]:
    program = _identity(Path(command.argv[0]))
    return [_FORMAT, program, [str(word) for word in words], dict(command.env or {})]


@lru_cache
def _identity(program: Path) -> list[object]:
    status = program.stat()
    return [str(program), status.st_size, status.st_mtime_ns, status.st_ino]


def key(*, policy: bytes, names: Iterable[str], templates: Iterable[Path | None], programs: Iterable[Program]) -> str:
    """Return a digest of all that a run's outcome depends on; `names` are the paths in its files and messages."""
    digest = blake2b(digest_size=16)
    digest.update(json.dumps([_FORMAT, __version__, *names]).encode())
    digest.update(code().encode())
    for folder in templates:
        digest.update(_texts(folder) if folder is not None and folder.is_dir() else b"none")
    for program in programs:
        digest.update(json.dumps([program.name, program.version_text, *_identity(program.path)]).encode())
    digest.update(policy)
    return digest.hexdigest()


def recall(out: Path, run: str) -> Remembered | None:
    """Return the outcome of this run, None where it is not remembered or cannot be read."""
    try:
        outcome = json.loads(unseal(file(out, "verified")))
        if outcome["run"] != run:
            return None
        return Remembered(
            files=dict(outcome["files"]),
            checked_by=outcome["checked_by"],
            diagnostics=tuple(map(_diagnostic, outcome["diagnostics"])),
            accepted=tuple(outcome["accepted"]),
            until=outcome["until"],
        )
    except NOT_OURS:
        return None


def remember(out: Path, run: str, outcome: Remembered) -> None:
    """Save a run that found no error; where that fails, the next run verifies everything again."""
    noted = [{**asdict(finding), "level": finding.level.value} for finding in outcome.diagnostics]
    known = {
        "run": run,
        "files": dict(outcome.files),
        "checked_by": outcome.checked_by,
        "diagnostics": noted,
        "accepted": outcome.accepted,
        "until": outcome.until,
    }
    seal(file(out, "verified"), json.dumps(known).encode())


@lru_cache
def code() -> str:
    """Return a digest of alertc's own code."""
    return _tree(Path(__file__).parent.parent).hex()


def file(out: Path, kind: str) -> Path:
    """Return the path of a memory of the last run into `out`, of a kind such as `verified`."""
    return out.absolute().parent / _FOLDER / f"{kind}-{out.absolute().name}.json"


def unseal(path: Path) -> bytes:
    """Return the content that `seal` wrote; raises ValueError where this user did not write it."""
    _refuse_links(path)
    text = files.read(path)
    if text is None:
        raise ValueError("no file")
    return seals.opened(text)


def seal(path: Path, content: bytes) -> None:
    """Write the content with the user's seal; where that fails, nothing is remembered."""
    with suppress(*NOT_OURS):
        _refuse_links(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        ignore = path.parent / ".gitignore"
        if not os.path.lexists(ignore):
            files.write_without_sync(ignore, b"*\n")
        files.write_without_sync(path, seals.sealed(content))


def _refuse_links(path: Path) -> None:
    """Raise ValueError where the folder of memories is a link: it may have come with a pull request."""
    if path.parent.is_symlink() or files.outside(path):
        raise ValueError("not a folder of ours")


def _texts(folder: Path) -> bytes:
    """Return a digest of a project's templates: of names and texts, since git's files may have any size and time."""
    digest = blake2b(digest_size=16)
    if files.outside(folder):
        return os.urandom(16)  # not looked at, so that nothing is remembered: rendering refuses it
    for root, folders, names in os.walk(folder):
        folders.sort()
        if any(Path(root, name).is_symlink() for name in folders):
            digest.update(os.urandom(16))  # Jinja reads what lies behind it, we do not look: nothing is remembered
        for name in sorted(names):
            path = Path(root, name)
            with suppress(OSError):
                text = None if files.outside(path) else files.read(os.path.realpath(path))
                content = "no text" if text is None else digest_of(text)
                digest.update(f"{path}\0{content}\0".encode(errors="surrogateescape"))
    return digest.digest()


def _tree(folder: Path) -> bytes:
    """Return a digest of a folder of code: of names, sizes and times; edits and other versions change it."""
    digest = blake2b(digest_size=16)
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        for name in sorted(names):
            path = os.path.join(root, name)  # noqa: PTH118  # a hundred files at every start
            try:
                status = os.stat(path)  # noqa: PTH116
            except OSError:  # a link that leads nowhere, such as an editor's lock
                status = os.lstat(path)
            digest.update(f"{path}\0{status.st_size}\0{status.st_mtime_ns}\0".encode(errors="surrogateescape"))
    return digest.digest()


def _diagnostic(data: Mapping[str, Any]) -> Diagnostic:
    places = {name: Place(**data[name]) if data[name] else None for name in ("place", "artifact")}
    route = tuple(data["route"]) if data["route"] is not None else None
    return Diagnostic(
        **{**data, **places, "route": route, "notes": tuple(data["notes"]), "level": Level(data["level"])}
    )
