"""Files of other revisions, from git: what a commit holds, whatever the working tree and its settings say.

Blobs are read by the ids that the commit names. Nothing is checked out, so that no attributes, filters or hooks take
part; nothing of the repository is changed, its index neither.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from generator.diagnostics.diagnostic import EnvironmentProblem
from generator.system import programs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from generator.system.programs import Result

MOST_FILES = 100_000
"""At most this many files of a revision are read; links to folders may multiply them."""
_MOST_LINKS = 40
"""At most this many links on the way to a file are followed, as on Linux."""
_LINK, _SUBMODULE = "120000", "160000"
_NAMES = frozenset(("", ".", ".."))
"""Names that no entry of a tree has, unless somebody made the tree by hand."""
_ID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")

# A folder of a pull request that looks like a bare repository is none; what git would start by its settings, it does
# not start; grafts, replaced objects and attributes of the machine count as little as those of the working tree.
_SETTINGS = (
    *("-c", "safe.bareRepository=explicit"),
    *("-c", "core.fsmonitor=false"),
    *("-c", f"core.hooksPath={os.devnull}"),
    *("-c", f"core.attributesFile={os.devnull}"),
    *("-c", "core.warnAmbiguousRefs=true"),
)
_ENVIRONMENT: Mapping[str, str] = {
    "LC_ALL": "C",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_GRAFT_FILE": os.devnull,
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
}
_KEPT = re.compile(
    "GIT_(?:CONFIG_(?:GLOBAL|SYSTEM|NOSYSTEM|COUNT|KEY_.*|VALUE_.*)|CEILING_DIRECTORIES|DISCOVERY_ACROSS_FILESYSTEM"
    "|EXEC_PATH|SSH|SSH_COMMAND|SSH_VARIANT|ASKPASS|SSL_.*|HTTP_.*)"
)
"""Variables that say where settings lie and how a server is reached; others speak of another repository."""


class NoRevision(Exception):
    """There is no git repository, or it has no such revision."""


class NoGit(EnvironmentProblem):
    """git is missing, or does not answer."""


class Astray(Exception):
    """A file of a revision is a link out of the repository, or in another repository."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"`{path}` {problem}")
        self.path = path


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """A commit of the repository whose files begin at `root`."""

    root: Path
    commit: str


def is_id(name: str) -> bool:
    """Return whether git takes a name for the whole id of an object, before it looks for anything else."""
    return _ID.fullmatch(name) is not None


def find(name: str, folder: Path) -> Revision:
    """Return the commit that `name` means to git in a folder; raises NoRevision where there is none.

    A name with two meanings (a branch and a tag, a branch and the beginning of an id) is none either.
    """
    inside = _git(["rev-parse", "--show-toplevel"], folder)
    if inside.code:
        if "dubious ownership" in inside.stderr:
            raise EnvironmentProblem(
                inside.stderr.strip().partition("\n")[0], help="git config --global --add safe.directory ..."
            )
        raise NoRevision("there is no git repository here")
    root = Path(_path(inside.stdout.removesuffix("\n")))
    # `--end-of-options`: whatever it is called, it is no option of git.
    answer = _git(["rev-parse", "--verify", "--end-of-options", f"{name}^{{commit}}"], folder)
    if "is ambiguous" in answer.stderr and not is_id(name):
        raise NoRevision(f"`{name}` means several things to git; write refs/heads/..., refs/tags/... or the whole id")
    commit = answer.stdout.strip()
    if answer.code or not is_id(commit):
        raise NoRevision(f"git knows no revision `{name}`{_of_a_shallow_clone(folder)}")
    return Revision(root=root, commit=commit)


def _of_a_shallow_clone(folder: Path) -> str:
    """Return the part of a message that says how to fetch more of a shallow clone; empty in a whole clone."""
    shallow = _git(["rev-parse", "--is-shallow-repository"], folder).stdout.strip() == "true"
    return " in this shallow clone; fetch it first (`fetch-depth: 0`, `GIT_DEPTH: 0`)" if shallow else ""


def paths(revision: Revision) -> tuple[str, ...]:
    """Return the paths of all that the revision holds, from the root; what lies behind links is not among them."""
    return tuple(path for path, _ in _tree(revision))


def files(revision: Revision, below: Iterable[str]) -> Mapping[str, str]:
    """Return the ids of the blobs of the files that are, or lie in, one of `below`, by paths from the root, sorted.

    A link counts as the file, or the files of the folder, that it leads to within the revision; one that leads to
    nothing is left out. Raises Astray where one leads out of the repository, or where a submodule stands.
    """
    tops, tree = tuple(below), dict(_tree(revision))
    wanted = [path for path in tree if any(path == top or path.startswith(f"{top}/") for top in tops)]
    links: Mapping[str, str] = {}
    if any(tree[path].mode == _LINK for path in wanted):
        linking = {path: entry.blob for path, entry in tree.items() if entry.mode == _LINK}
        links = {path: os.fsdecode(target) for path, target in read(revision, linking).items()}
    blobs: dict[str, str] = {}
    for path in wanted:
        for name, blob in _leading_to(tree, links, path, path, ()):
            blobs[name] = blob
            if len(blobs) > MOST_FILES:
                raise Astray(path, f"leads to more than {MOST_FILES:,} files")
    return dict(sorted(blobs.items()))


def read(revision: Revision, blobs: Mapping[str, str]) -> Mapping[str, bytes]:
    """Return the content of each blob, by the path that `blobs` name it by.

    Raises EnvironmentProblem where git does not have them.
    """
    if not blobs:
        return {}
    ids = "".join(f"{blob}\n" for blob in blobs.values())
    answer = _git(["cat-file", "--batch"], revision.root, stdin=ids)
    _refuse_failure(answer, revision, "read")
    content, at, contents = answer.stdout.encode("latin-1"), 0, {}
    for path, blob in blobs.items():
        begin = content.find(b"\n", at) + 1
        words = content[at:begin].split()
        if len(words) != 3 or words[:2] != [blob.encode(), b"blob"]:
            raise EnvironmentProblem(
                f"git does not have `{path}` of {revision.commit[:12]}",
                help="fetch the whole revision: `git fetch --refetch origin`, or `git fsck` says what is broken",
            )
        end = begin + int(words[2])
        contents[path] = content[begin:end]
        at = end + 1
    return contents


def unpack(revision: Revision, blobs: Mapping[str, str], into: Path) -> Path:
    """Write files of the revision, exactly as git has them, into a new folder below `into`, and return that folder."""
    tree = into / "tree"
    tree.mkdir()
    for path, content in read(revision, blobs).items():
        target = tree / path
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        except OSError as error:
            problem = f"cannot write `{path}` of {revision.commit[:12]} to a temporary folder: {error.strerror}"
            raise EnvironmentProblem(problem, help="see that the temporary folder (TMPDIR) has room") from None
    return tree


# ------------------------------------------------------------------------------------------- trees and links


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """An entry of a git tree."""

    mode: str
    blob: str


def _tree(revision: Revision) -> Iterator[tuple[str, _Entry]]:
    listed = _git(["ls-tree", "-r", "-z", "--full-tree", revision.commit], revision.root)
    _refuse_failure(listed, revision, "list")
    for line in listed.stdout.split("\0"):
        described, _, path = line.partition("\t")
        if path:
            mode, _, blob = described.split(" ")
            if not _NAMES.isdisjoint(path.split("/")):
                raise EnvironmentProblem(
                    f"`{path}` of {revision.commit[:12]} is not a path of a file", help="see `git fsck`"
                )
            yield _path(path), _Entry(mode=mode, blob=blob)


def _leading_to(
    tree: Mapping[str, _Entry], links: Mapping[str, str], name: str, path: str, folders: tuple[str, ...]
) -> Iterator[tuple[str, str]]:
    """Yield the files that the entry at `path` stands for, under names that begin with `name`.

    `folders` are those that were entered through links on the way here.
    """
    entry = tree[path]
    if entry.mode == _SUBMODULE:
        raise Astray(name, "is a submodule, whose files are in another repository")
    if entry.mode != _LINK:
        yield name, entry.blob
        return
    goal = _target_of(path, links)
    if goal in tree:
        yield from _leading_to(tree, links, name, goal, folders)
        return
    inside = [inner for inner in tree if inner.startswith(f"{goal}/")] if goal else list(tree)
    if inside and (goal in folders or f"{path}/".startswith(f"{goal}/" if goal else "")):
        raise Astray(name, "is a link to a folder that holds it")
    for inner in inside:
        rest = inner.removeprefix(f"{goal}/") if goal else inner
        yield from _leading_to(tree, links, f"{name}/{rest}", inner, (*folders, goal))


def _target_of(path: str, links: Mapping[str, str]) -> str:
    """Return the path from the root that a link leads to; raises Astray where that is outside."""
    ahead, behind, followed = path.split("/"), list[str](), 0
    while ahead:
        part = ahead.pop(0)
        if part in ("", "."):
            continue
        if part == "..":
            if not behind:
                raise Astray(path, f"is a link to `{links[path]}`, outside of the repository")
            behind.pop()
            continue
        target = links.get("/".join((*behind, part)))
        if target is None:
            behind.append(part)
            continue
        followed += 1
        if target.startswith("/"):
            raise Astray(path, f"is a link to `{links[path]}`, outside of the repository")
        if followed > _MOST_LINKS:
            raise Astray(path, "is a link that goes round in circles")
        ahead[:0] = target.split("/")
    return "/".join(behind)


# ------------------------------------------------------------------------------------------- git


def _git(arguments: list[str], folder: Path, stdin: str | None = None) -> Result:
    strange = dict.fromkeys(name for name in os.environ if name.startswith("GIT_") and not _KEPT.fullmatch(name))
    try:
        return programs.run(
            ["git", *_SETTINGS, *arguments],
            cwd=folder,
            env={**strange, **_ENVIRONMENT},
            timeout=120,
            stdin=stdin,
            encoding="latin-1",
        )
    except EnvironmentProblem as unready:
        raise NoGit(unready.message, help="alertc reads other revisions with git; or name a file") from None


def _refuse_failure(ended: Result, revision: Revision, doing: str) -> None:
    if ended.code:
        complaint = programs.excerpt(ended.stderr.strip(), lines=3)
        raise EnvironmentProblem(f"git cannot {doing} {revision.commit[:12]}: {complaint}")


def _path(written: str) -> str:
    """Return a path from the output of git, whose bytes were read as latin-1."""
    return os.fsdecode(written.encode("latin-1"))
