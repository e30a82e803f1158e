"""Files of other revisions, from git. Nothing of the repository is changed, its index neither."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from generator import programs
from generator.diagnostics import Unready

if TYPE_CHECKING:
    from collections.abc import Iterable

    from generator.programs import Result


class NoRevision(Exception):
    """What was asked for is not in a repository, or the repository has no such revision."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """A commit of the repository whose files begin at `root`."""

    root: Path
    commit: str


def find(name: str, folder: Path) -> Revision:
    """Return the commit that `name` means to git in a folder; raises NoRevision where there is none."""
    inside = _git(["rev-parse", "--show-toplevel"], folder)
    if inside.code:
        if "dubious ownership" in inside.stderr:
            raise Unready(inside.stderr.strip().partition("\n")[0], help="git config --global --add safe.directory ...")
        raise NoRevision("there is no git repository here")
    # `--end-of-options`: whatever it is called, it is no option of git.
    found = _git(["rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}"], folder)
    if found.code:
        raise NoRevision(f"git knows no revision `{name}`")
    return Revision(root=Path(inside.stdout.rstrip("\n")), commit=found.stdout.strip())


def names(revision: Revision, below: Iterable[str]) -> tuple[str, ...]:
    """Return the files of the revision that are, or lie in, one of `below`; relative to the root, sorted."""
    listed = _git(["ls-tree", "-r", "-z", "--name-only", "--full-tree", revision.commit], revision.root)
    if listed.code:
        raise Unready(f"git cannot list {revision.commit[:12]}: {programs.excerpt(listed.stderr.strip(), lines=3)}")
    tops = tuple(below)
    return tuple(
        name
        for name in listed.stdout.split("\0")
        if name and any(name == top or name.startswith(f"{top}/") for top in tops)
    )


def unpack(revision: Revision, files: Iterable[str], into: Path) -> Path:
    """Write files of the revision, as a checkout would, and return the folder below `into` where they are."""
    index, tree = {"GIT_INDEX_FILE": str(into / "index")}, into / "tree"
    tree.mkdir()
    for arguments, given in (
        (["read-tree", revision.commit], None),
        # Filters (line ends, large files) apply as in a checkout, so both sides are read alike.
        (["checkout-index", "-z", "--stdin", f"--prefix={tree}/"], "\0".join(files)),
    ):
        ended = _git(arguments, revision.root, env=index, stdin=given)
        if ended.code:
            said = programs.excerpt(ended.stderr.strip(), lines=3)
            raise Unready(f"git cannot unpack {revision.commit[:12]}: {said}")
    return tree


def _git(arguments: list[str], folder: Path, env: dict[str, str] | None = None, stdin: str | None = None) -> Result:
    try:
        return programs.run(
            ["git", *arguments], cwd=folder, env={"LC_ALL": "C", **(env or {})}, timeout=120, stdin=stdin
        )
    except Unready as unready:
        raise Unready(unready.message, help="alertc reads other revisions with git; or name a file") from None
