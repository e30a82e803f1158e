"""Compares `out/` with what was rendered, and replaces it: staged beside it, verified there, swapped at one instant."""

from __future__ import annotations

import ctypes
import difflib
import errno
import fcntl
import os
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from generator.artifact import Artifact
from generator.diagnostics import Unready

if TYPE_CHECKING:
    from collections.abc import Iterator

MANIFEST = ".manifest"
"""Names, one a line, the files of `out/` that are ours; all others are somebody else's."""

_STAGE = ".alertc-stage-"
_EXCHANGE = 2  # RENAME_EXCHANGE of linux/fs.h
_AT_FDCWD = -100


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """How `out/` differs from what was rendered. Paths are relative to it, sorted."""

    new: tuple[str, ...]
    changed: tuple[str, ...]
    stale: tuple[str, ...]
    unchanged: tuple[str, ...]
    foreign: tuple[str, ...]
    """Files that alertc did not write; they stay."""

    @property
    def same(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.new or self.changed or self.stale)


def compare(out: Path, artifacts: tuple[Artifact, ...]) -> Comparison:
    """Return how the folder `out` differs from `artifacts`."""
    rendered = {artifact.path: artifact.text for artifact in (*artifacts, manifest(artifacts))}
    present = set(_files(out))
    owned = set(_owned(out)) | {MANIFEST}
    same = {path for path in rendered.keys() & present if _read(out / path) == rendered[path].encode()}
    return Comparison(
        new=tuple(sorted(rendered.keys() - present)),
        changed=tuple(sorted((rendered.keys() & present) - same)),
        stale=tuple(sorted((present & owned) - rendered.keys())),
        unchanged=tuple(sorted(same)),
        foreign=tuple(sorted(present - owned - rendered.keys())),
    )


def manifest(artifacts: tuple[Artifact, ...]) -> Artifact:
    """Return the list of our files as a file."""
    return Artifact(path=MANIFEST, text="".join(f"{artifact.path}\n" for artifact in artifacts))


def diff(out: Path, artifacts: tuple[Artifact, ...], found: Comparison) -> Iterator[str]:
    """Yield the lines of a unified diff from what is in `out` to what was rendered."""
    rendered = {artifact.path: artifact.text for artifact in (*artifacts, manifest(artifacts))}
    for path in sorted((*found.new, *found.changed, *found.stale)):
        before = _read(out / path).decode("utf-8", "replace").splitlines() if path not in found.new else []
        after = rendered.get(path, "").splitlines()
        name = (out / path).as_posix()
        yield from difflib.unified_diff(before, after, f"{name} (in the folder)", f"{name} (rendered)", lineterm="")


@contextmanager
def staged(out: Path, artifacts: tuple[Artifact, ...]) -> Iterator[Path]:
    """Give a folder beside `out` that holds the rendered files; it is gone afterwards."""
    parent = out.absolute().parent
    try:
        parent.mkdir(parents=True, exist_ok=True)
        stage = Path(tempfile.mkdtemp(prefix=_STAGE, dir=parent))
    except OSError as error:
        raise _cannot_write(parent, error) from error
    try:
        stage.chmod(0o755)
        for artifact in (*artifacts, manifest(artifacts)):
            _write(stage / artifact.path, artifact.text)
        yield stage
    except OSError as error:
        raise _cannot_write(stage, error) from error
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def replace(out: Path, stage: Path, found: Comparison) -> None:
    """Put the staged folder in the place of `out`; whoever reads `out` sees the old files or the new ones, no mix.

    Files that are not ours move over. The old folder is removed afterwards.
    """
    with _alone(out):
        for path in found.foreign:
            target = stage / path
            target.parent.mkdir(parents=True, exist_ok=True)
            _link(out / path, target)
        if not out.exists():
            stage.rename(out)
        elif not _exchange(stage, out):
            old = stage.with_name(stage.name + ".old")
            out.rename(old)
            stage.rename(out)
            shutil.rmtree(old, ignore_errors=True)


@contextmanager
def _alone(out: Path) -> Iterator[None]:
    """Let one command at a time replace `out`: a lock on the folder that holds it."""
    handle = os.open(out.absolute().parent, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _exchange(one: Path, other: Path) -> bool:
    """Swap two folders at one instant, where the system can (Linux, one file system)."""
    try:
        renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):
        return False
    code = renameat2(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _EXCHANGE)
    if code and ctypes.get_errno() not in (errno.EINVAL, errno.ENOSYS, errno.EXDEV, errno.EBUSY):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(other))
    return not code


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        shutil.copy2(source, target, follow_symlinks=False)


def _files(folder: Path) -> Iterator[str]:
    for root, folders, names in os.walk(folder):
        linked = [name for name in folders if Path(root, name).is_symlink()]
        for name in (*names, *linked):
            yield Path(root, name).relative_to(folder).as_posix()


def _owned(out: Path) -> tuple[str, ...]:
    try:
        return tuple((out / MANIFEST).read_text(encoding="utf-8").splitlines())
    except (OSError, UnicodeDecodeError):
        return ()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Unready(f"cannot read {path}: {error.strerror}", "check its permissions") from error


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(text)


def _cannot_write(folder: Path, error: OSError) -> Unready:
    return Unready(f"cannot write to {folder}: {error.strerror}", "the files in `out/` are as they were")
