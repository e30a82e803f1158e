"""Files of the project and of the user, read and written so that a link in a repository leads nowhere else.

What lies in a repository may have come with somebody's pull request. Whoever runs alertc there lends it their rights:
it must not read, through a link, what the author of the link could not, nor write there.
"""

from __future__ import annotations

import os
import secrets
import stat
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from generator.diagnostics.diagnostic import Diagnostic, Place, PolicyErrors

if TYPE_CHECKING:
    from collections.abc import Iterator

_LARGEST = 1 << 30
"""Bytes of a file that is read whole; the largest that alertc writes have some 50 million."""
_KERNELS = ("/dev", "/proc")
"""Folders of the kernel: what lies there is written to, not replaced."""


def outside(path: Path) -> Path | None:
    """Return the target of `path` where it lies outside of the repository that holds `path`; else None.

    Without a repository the current folder counts, for what lies in it; a path elsewhere may lead anywhere. What git
    keeps in `.git` is not in the repository: its settings may hold a token.
    """
    absolute = os.path.abspath(path)  # noqa: PTH100  # as it is written: links are what this is about
    home = repository_of(absolute)
    try:
        real = os.path.realpath(absolute)
    except ValueError:
        return None  # no file is called so; whoever opens it says why
    inside = home is None or (_lies_in(real, home) and not _is_gits(real[len(home) :]))
    return None if inside else Path(real)


def refuse_astray(path: Path, code: str, help: str) -> None:
    """Raise PolicyErrors, with this code and help, where a path leads out of its repository."""
    if outside(path):
        name = path.as_posix()
        message = f"{name} is a link that leads out of the repository, and is not followed"
        raise PolicyErrors(Diagnostic(code=code, message=message, place=Place(path=name), help=help))


def repository_of(absolute: str) -> str | None:
    """Return the innermost repository of a path without `..`; None where it lies in none, nor in the current folder.

    One that is reached by a link out of another does not count.
    """
    here, home = Path.cwd(), None
    for folder in reversed(Path(absolute).parents):
        if os.path.lexists(folder / ".git"):
            real = os.path.realpath(folder)
            if home is None or _lies_in(real, home):
                home = real
        elif folder == here and home is None:
            home = os.path.realpath(here)
    return home


def _lies_in(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _is_gits(below: str) -> bool:
    # Some file systems take `.GIT` for it.
    return any(step.casefold() == ".git" for step in Path(below).parts)


def resolved(path: Path) -> Path:
    """Return the path without links, as far as links can be followed (a loop of links stays as it is)."""
    return Path(os.path.realpath(path))


def read(path: str | Path) -> bytes | None:
    """Return the content of a regular file; None for anything else, such as a link, a pipe, or no file at all.

    Raises OSError where there is something that cannot be read.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    except OSError:
        if Path(path).is_symlink():
            return None
        raise
    # Not through a file object: there may be 10,000 files.
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode) or status.st_size > _LARGEST:
            return None
        parts = iter(lambda: os.read(handle, status.st_size + 1), b"")
        return b"".join(parts)
    finally:
        os.close(handle)


def write(path: Path, content: bytes, mode: int | None = None) -> None:
    """Replace the file by the content, at one instant, and flush it to the disk; raises OSError.

    Until then it stands beside it, under a name that nobody can guess. A link is replaced, not followed; a device or a
    FIFO is written to. The owner and, where `mode` is None, the permissions of a file that is there stay.
    """
    if str(path.absolute()).startswith(tuple(f"{folder}/" for folder in _KERNELS)) or _takes_bytes(path):
        with path.open("wb", buffering=0) as stream:
            _pour(stream, content)
        return
    with _in_place_of(path, mode) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def write_without_sync(path: Path, content: bytes) -> None:
    """Write like `write`, without a flush to the disk: for what a power failure may destroy, such as a cache."""
    with _in_place_of(path, None) as file:
        file.write(content)


def _takes_bytes(path: Path) -> bool:
    try:
        kind = path.lstat().st_mode
    except OSError:
        return False
    return stat.S_ISCHR(kind) or stat.S_ISFIFO(kind)


def _pour(stream: BinaryIO, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[stream.write(rest) :]


@contextmanager
def _in_place_of(path: Path, mode: int | None) -> Iterator[BinaryIO]:
    """Give a file to write that replaces `path` at the end; it is removed where anything fails."""
    fresh = path.with_name(f".alertc-{secrets.token_hex(8)}")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o666 if mode is None else 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            _as_before(path, handle, mode)
            yield file
        fresh.replace(path)
    except BaseException:
        with suppress(OSError):
            fresh.unlink()
        raise


def _as_before(path: Path, handle: int, mode: int | None) -> None:
    with suppress(OSError):
        before = path.lstat()
        if stat.S_ISREG(before.st_mode):
            mode = stat.S_IMODE(before.st_mode) if mode is None else mode
            if (before.st_uid, before.st_gid) != (os.geteuid(), os.getegid()):
                os.fchown(handle, before.st_uid, before.st_gid)
    if mode is not None:
        os.fchmod(handle, mode)
