"""Whose a folder of generated files is: its manifest names the policy, so that another does not replace it in silence.

The name stays where the file is moved, the path where the policy is given another name. A folder that says nothing (an
older alertc made it, or nobody) belongs to whoever renders next.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, Place
from generator.system import files

if TYPE_CHECKING:
    from pathlib import Path

OUT708 = Code(
    name="OUT708",
    title="Output belongs to another policy",
    meaning="The first line of `out/.manifest` names the policy that the files are made from. `alertc render` does not "
    "replace the files of another policy, and `alertc check` does not compare with them: give each policy a "
    "folder of its own (`--out`). A policy that was moved, or given another name, is still the same; where it "
    "was both, or is to take the place of the other, `alertc render --take-over` says so.",
)

MARK = "#"
"""How the line begins; no file of ours is called so."""
_LINE = re.compile(r"# Belongs to the policy ([a-z][a-z0-9-]{0,62})(?:, (.+))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """The policy that files are made from."""

    name: str
    """Its `name`; "" where that cannot be read."""
    path: str
    """Its path from the folder that holds the files' folder; "" where it lies elsewhere: that differs by machine."""

    @property
    def line(self) -> str:
        """The first line of the manifest."""
        return f"{MARK} Belongs to the policy {self.name}{f', {self.path}' if self.path else ''}\n"


def owner_in(manifest: bytes | None) -> Owner | None:
    """Return the policy that a manifest names; None where it names none."""
    first = (manifest or b"").decode("utf-8", "replace").partition("\n")[0]
    found = _LINE.fullmatch(first)
    return Owner(name=found[1], path=found[2] or "") if found else None


def another(manifest: bytes | None, owner: Owner, beside: Path) -> Owner | None:
    """Return the other policy that a manifest names; None where what it lists may be replaced by files of `owner`.

    `beside` is the folder from which paths count. A policy of the same name is another one where both of the files are
    there: somebody copied it.
    """
    known = owner_in(manifest)
    if known is None or (known.path and known.path == owner.path):
        return None
    return known if known.name != owner.name or _is_another(beside, known.path, owner.path) else None


def _is_another(beside: Path, path: str, ours: str) -> bool:
    """Return whether the policy that a manifest names is a file beside ours, not a link to it.

    What anybody may have written there leads nowhere.
    """
    if not path or os.path.isabs(path) or ".." in path.split("/"):  # noqa: PTH117  # a text, not yet a path
        return False
    there = beside / path
    return files.outside(there) is None and there.is_file() and not (ours and there.samefile(beside / ours))


def refusal(out: Path, manifest: str, known: Owner, owner: Owner) -> Diagnostic:
    """OUT708: the files in `out` belong to another policy."""
    name = (out / manifest).as_posix()
    return Diagnostic(
        code=OUT708.name,
        message=f"{out.as_posix()}/ belongs to {_called(known)}, not to {_called(owner)}",
        place=Place(path=name, line=1, column=1),
        help="name a folder for each policy (`--out OTHER`), or replace those files on purpose: "
        "`alertc render --take-over`",
    )


def _called(owner: Owner) -> str:
    return f"the policy {owner.name}{f' ({owner.path})' if owner.path else ''}"
