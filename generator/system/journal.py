"""Replaces the files of a folder one by one, for systems and mount points on which folders cannot be swapped.

All that is to be done is written down in the folder itself first: whoever is killed meanwhile leaves a mix, which the
next `render` finishes before it does anything else. Each step can be done twice.

A journal may come from anybody who can commit. It is believed only where it carries this user's seal, which says for
which folder it was written, and what each file holds.
"""

from __future__ import annotations

import json
import os
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, EnvironmentProblem, Place, PolicyErrors
from generator.system import files
from generator.system import seal as seals
from generator.system.digest import digest_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

OUT705 = Code(
    name="OUT705",
    title="Interrupted render",
    meaning="`out/` may hold old and new files side by side. Run `alertc render`: it finishes the interrupted one.",
)

OUT706 = Code(
    name="OUT706",
    title="Journal of another user",
    meaning="`out/.alertc-journal` says what an interrupted `alertc render` has still to do. Only a journal "
    "with the seal of this user is trusted: any other may have come with a pull request. Delete it, "
    "and run `alertc render`.",
)

_JOURNAL = ".alertc-journal"
_DRAFT = ".alertc-journal-draft"
"""A journal that is still being written, and not valid yet."""
NAMES = (_JOURNAL, _DRAFT)
"""The names that a killed command may leave in a folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """What a replacement has to do: files to put in place, each path with a digest of its content; files to remove."""

    written: Mapping[str, str]
    removed: tuple[str, ...]


def replace(folder: Path, stage: Path, written: Iterable[str], removed: Iterable[str]) -> None:
    """Take the files `written` from `stage` into `folder`, and remove those in `removed`."""
    draft = folder / _DRAFT
    digests = {}
    for path in written:
        target = draft / "files" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(stage / path, target)
        digests[path] = digest_of((stage / path).read_bytes())
    draft.mkdir(exist_ok=True)
    plan = _Plan(written=digests, removed=tuple(removed))
    with suppress(EnvironmentProblem, ValueError):  # no key, no seal: killed, we leave a journal that nobody believes
        (draft / "plan").write_bytes(seals.sealed(_content(folder, plan)))
    draft.rename(folder / _JOURNAL)  # from here on the next `render` goes on where we stop
    _carry_out(folder, plan)


def pending(folder: Path) -> bool:
    """Return whether a killed command left a journal, or the draft of one, in the folder."""
    return any(os.path.lexists(folder / name) for name in NAMES)


def finding(folder: Path, shown: Path) -> Diagnostic | None:
    """Return the finding about a journal in the folder, which messages call `shown`; None where there is none."""
    if not pending(folder):
        return None
    if os.path.lexists(folder / _JOURNAL) and _trusted_plan(folder) is None:
        return _not_ours(shown)
    return Diagnostic(
        code=OUT705.name,
        message=f"a command that wrote into {shown.as_posix()}/ was interrupted",
        place=Place(path=shown.as_posix()),
        help="run `alertc render`, which finishes it",
    )


def roll_forward(folder: Path, shown: Path) -> None:
    """Finish what the folder's journal says, if there is one; raises PolicyErrors where this user did not write it."""
    if not pending(folder):
        return
    plan = _trusted_plan(folder) if os.path.lexists(folder / _JOURNAL) else _Plan(written={}, removed=())
    if plan is None:
        raise PolicyErrors(_not_ours(shown))
    _carry_out(folder, plan)


def _carry_out(folder: Path, plan: _Plan) -> None:
    for path, digest in sorted(plan.written.items()):
        draft = folder / _JOURNAL / "files" / path
        content = files.read(draft) if _inside(folder, path) else None
        if content is not None and digest_of(content) == digest:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            draft.replace(folder / path)
    for path in plan.removed:
        if _inside(folder, path):
            _remove_file(folder, path)
    _discard(folder / _DRAFT)
    with suppress(FileNotFoundError):
        (folder / _JOURNAL).rename(folder / _DRAFT)  # half removed, it would be a journal without a seal
    _discard(folder / _DRAFT)


def _trusted_plan(folder: Path) -> _Plan | None:
    """Return the plan in the journal; None where it does not carry the seal of this user for this folder."""
    journal = folder / _JOURNAL
    if journal.is_symlink() or (journal / "files").is_symlink():
        return None
    try:
        entries: Any = json.loads(seals.opened(files.read(journal / "plan") or b""))
        if entries["folder"] != str(folder):
            return None
        return _Plan(written=dict(entries["written"]), removed=tuple(entries["removed"]))
    except (OSError, EnvironmentProblem, ValueError, KeyError, TypeError):
        return None


def _content(folder: Path, plan: _Plan) -> bytes:
    entries = {"folder": str(folder), "written": plan.written, "removed": plan.removed}
    return json.dumps(entries).encode()


def _not_ours(shown: Path) -> Diagnostic:
    name = (shown / _JOURNAL).as_posix()
    return Diagnostic(
        code=OUT706.name,
        message=f"{name} was not written by this user, or not here: it is ignored",
        place=Place(path=name),
        help=f"delete {name}, and run `alertc render`",
    )


def _inside(folder: Path, path: str) -> bool:
    """Return whether `path` names something in the folder that is reached without following a link."""
    steps = Path(path)
    if steps.is_absolute() or ".." in steps.parts or (folder / steps).is_dir():
        return False
    above = [folder / parent for parent in steps.parents][:-1]
    return all(not parent.is_symlink() and (parent.is_dir() or not parent.exists()) for parent in above)


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
