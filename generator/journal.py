"""Replaces the files of a folder one by one, for systems and mount points on which folders cannot be swapped.

All that is to be done is written down in the folder itself first: whoever is killed meanwhile leaves a mix, which the
next command finishes before it does anything else. Each step can be done twice.
"""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_JOURNAL = ".alertc-journal"
_DRAFT = ".alertc-journal-draft"
"""A journal that is still being written: it says nothing yet."""


def replace(folder: Path, stage: Path, written: Iterable[str], removed: Iterable[str]) -> None:
    """Take the files `written` from `stage` into `folder`, and remove those in `removed`."""
    draft = folder / _DRAFT
    for path in written:
        target = draft / "files" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(stage / path, target)
    draft.mkdir(exist_ok=True)
    (draft / "removed").write_bytes(b"".join(os.fsencode(path) + b"\0" for path in removed))
    draft.rename(folder / _JOURNAL)  # from here on the next command goes on where we stop
    roll_forward(folder)


def pending(folder: Path) -> bool:
    """Return whether a killed command left something to do."""
    return any(os.path.lexists(folder / name) for name in (_JOURNAL, _DRAFT))


def roll_forward(folder: Path) -> None:
    """Do what the journal of the folder says, if there is one."""
    if not pending(folder):
        return
    journal = folder / _JOURNAL
    # A journal may come from anybody who can commit: links are not followed, and nothing outside is touched.
    if journal.is_dir() and not journal.is_symlink():
        for path in sorted(_files(journal / "files")):
            if _inside(folder, path):
                target = folder / path
                target.parent.mkdir(parents=True, exist_ok=True)
                (journal / "files" / path).replace(target)
        for path in _removed(journal):
            if _inside(folder, path):
                _remove_file(folder, path)
    for name in (_JOURNAL, _DRAFT):
        _discard(folder / name)


def _files(folder: Path) -> Iterator[str]:
    for root, _, names in os.walk(folder):
        for name in names:
            yield Path(root, name).relative_to(folder).as_posix()


def _removed(journal: Path) -> list[str]:
    record = journal / "removed"
    if record.is_symlink() or not record.is_file():
        return []
    return [os.fsdecode(path) for path in record.read_bytes().split(b"\0") if path]


def _inside(folder: Path, path: str) -> bool:
    """Return whether `path` names something in the folder that is reached without following a link."""
    steps = Path(path)
    if steps.is_absolute() or ".." in steps.parts or (folder / steps).is_dir():
        return False
    above = [folder / parent for parent in steps.parents][:-1]
    return all(not one.is_symlink() and (one.is_dir() or not one.exists()) for one in above)


def _remove_file(folder: Path, path: str) -> None:
    target = folder / path
    target.unlink(missing_ok=True)
    for above in list(Path(path).parents)[:-1]:
        with suppress(OSError):  # not empty
            (folder / above).rmdir()


def _discard(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
