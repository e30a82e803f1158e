"""Files of other revisions, from git. Nothing of the repository is changed, its index neither."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from generator import programs
from generator.diagnostics import Unready

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from generator.programs import Result


class NoRevision(Exception):
    """What was asked for is not in a repository, or the repository has no such revision."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """A commit of the repository at `root`; `prefix` is the way from there to where we are, with a slash behind."""

    root: str
    prefix: str
    commit: str


def find(name: str, folder: Path) -> Revision:
    """Return the commit that `name` means to git in a folder; raises NoRevision where there is none."""
    inside = _git(["rev-parse", "--show-toplevel", "--show-prefix"], folder)
    if inside.code:
        if "dubious ownership" in inside.stderr:
            raise Unready(inside.stderr.strip().partition("\n")[0], help="git config --global --add safe.directory ...")
        raise NoRevision("there is no git repository here")
    root, prefix, *_ = (*inside.stdout.split("\n"), "")
    # `--end-of-options`: whatever it is called, it is no option of git.
    found = _git(["rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}"], folder)
    if found.code:
        raise NoRevision(f"git knows no revision `{name}`")
    return Revision(root=root, prefix=prefix, commit=found.stdout.strip())


def names(revision: Revision, folder: Path, paths: Iterable[str]) -> tuple[str, ...]:
    """Return the files of the revision at or below `paths`, which are relative to `folder`, sorted."""
    tops = [f"{revision.prefix}{path}" for path in paths]
    listed = _git(["ls-tree", "-r", "-z", "--name-only", "--full-tree", revision.commit], folder)
    if listed.code:
        raise Unready(f"git cannot list {revision.commit[:12]}: {programs.excerpt(listed.stderr.strip(), lines=3)}")
    return tuple(
        name.removeprefix(revision.prefix)
        for name in listed.stdout.split("\0")
        if name and any(name == top or name.startswith(f"{top}/") for top in tops)
    )


def unpack(revision: Revision, folder: Path, files: Iterable[str], into: Path) -> None:
    """Write files of the revision, as a checkout would, below `into`."""
    index = {"GIT_INDEX_FILE": str(into / ".index")}
    read = _git(["read-tree", revision.commit], folder, env=index)
    wanted = "\0".join(f"{revision.prefix}{name}" for name in files)
    # Filters (line ends, large files) apply as in a checkout, so both sides are read alike.
    written = _git(
        ["-C", revision.root, "checkout-index", "-z", "--stdin", f"--prefix={into / 'tree'}/"],
        folder,
        env=index,
        stdin=wanted,
    )
    for one in (read, written):
        if one.code:
            raise Unready(f"git cannot unpack {revision.commit[:12]}: {programs.excerpt(one.stderr.strip(), lines=3)}")


def _git(arguments: list[str], folder: Path, env: dict[str, str] | None = None, stdin: str | None = None) -> Result:
    try:
        return programs.run(
            ["git", *arguments], cwd=folder, env={"LC_ALL": "C", **(env or {})}, timeout=120, stdin=stdin
        )
    except Unready as unready:
        raise Unready(unready.message, help="alertc reads other revisions with git; or name a file") from None
