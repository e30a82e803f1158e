"""The files that an audit reads: named, in folders that are named, or brought by a pipe."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

from generator.audit.reading_codes import AUD901
from generator.audit.yaml_of_others import MAX_BYTES
from generator.diagnostics.diagnostic import Diagnostic, Place, PolicyErrors
from generator.diagnostics.wording import first_few
from generator.system.record import record

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

PIPE = "-"
_ENDINGS = (".yml", ".yaml", ".json", ".rules")


@record
class File:
    """A file to read; `named` by the user, or in a folder."""

    path: str
    named: bool


def files(paths: Iterable[str], findings: list[Diagnostic]) -> Iterator[File]:
    """Yield the files of these paths, each once, a folder's sorted; what does not exist becomes a finding."""
    seen: set[str] = set()
    for path in paths:
        try:
            is_folder = path != PIPE and os.path.isdir(path)  # noqa: PTH112  # as below
            below = _below(path) if is_folder else (path,)
        except (OSError, ValueError) as error:  # a NUL in the path
            findings.append(_unreadable(path, error))
            continue
        for file in below:
            real = file if file == PIPE else os.path.realpath(file)
            if real not in seen:
                seen.add(real)
                yield File(path=file, named=not is_folder)


def content(path: str) -> bytes:
    """Return the bytes of a file; raises PolicyErrors where there are none to be had."""
    try:
        if path == PIPE:
            return sys.stdin.buffer.read(MAX_BYTES + 1)
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123  # a Path for each of 10,000 files costs as much
            return file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise PolicyErrors(_unreadable(path, error)) from None


class Texts(Mapping[str, bytes]):
    """The texts of files that were read, by path, for whoever shows a line: of 10,000 files, read once more for it."""

    def __init__(self) -> None:
        self._held: dict[str, bytes | None] = {}

    def add(self, path: str, raw: bytes) -> None:
        """Add a file; what cannot be read twice, such as a pipe, is held."""
        self._held[path] = None if os.path.isfile(path) else raw  # noqa: PTH113  # as above

    def __getitem__(self, path: str) -> bytes:
        """Return the text of a file; empty where it is gone meanwhile."""
        held = self._held[path]
        if held is not None:
            return held
        try:
            return content(path)
        except PolicyErrors:
            return b""

    def __iter__(self) -> Iterator[str]:
        """Yield the paths in the order in which they were read."""
        return iter(self._held)

    def __len__(self) -> int:
        """Return how many files there are."""
        return len(self._held)


def shown(paths: Sequence[str]) -> str:
    """Return the paths as a message names them."""
    return first_few([f"`{path}`" for path in paths], 3) or "no file"


def _below(folder: str) -> Iterator[str]:
    """Yield the files in a folder and below it, sorted; links lead only to what lies in the folder."""
    home = os.path.realpath(folder)
    inside = home.rstrip(os.sep) + os.sep
    for here, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if not name.endswith(_ENDINGS) or name.startswith("."):
                continue
            path = os.path.join(here, name)  # noqa: PTH118  # as above
            if not os.path.islink(path) or os.path.realpath(path).startswith(inside):  # noqa: PTH114  # as above
                yield path


def _unreadable(path: str, error: Exception) -> Diagnostic:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return Diagnostic(
        code=AUD901.name,
        message=f"cannot read {path}: {reason[:1].lower()}{reason[1:]}",
        place=Place(path=path),
        help="check the path, and that it is a file or a folder that you may read",
    )
