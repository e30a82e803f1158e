"""The files of a policy: the one that is named, and those that it includes, which together are one policy.

`include: [teams/*.yaml]` names them, relative to the file that says so. What stands in a part stands in the policy: one
schema, one set of names. Each entry keeps the place in its own file.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from generator.diagnostics.diagnostic import Diagnostic, PolicyErrors
from generator.policy import source
from generator.policy.source_codes import SRC119, SRC120, SRC121, SRC122, SRC124, SRC125
from generator.system import files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from generator.diagnostics.diagnostic import PolicyPath
    from generator.policy.known_entries import KnownEntries
    from generator.policy.source import Source, Tree

INCLUDE = "include"
_MAY_NAME = {
    word: re.compile(rb"%s['\"]?\s*:|\?\s[^\n]*%s|\\(?:[xuU]|\r?\n)" % (word, word)) for word in (b"include", b"owners")
}
"""Without this no key is called so, however YAML writes it, and the file need not be read to know that."""
_LOOSE = "*?["
"""What stands for several names in a pattern."""
_PIECEMEAL = frozenset({"owners"})
"""Sections whose own mappings may be written in several files, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyFiles:
    """The bytes of a policy's files, by the paths that people know them by; the one that includes the others first."""

    texts: Mapping[str, bytes]
    including: Source | None = None
    """The policy itself, where it had to be read to find the others."""
    attached: Mapping[str, bytes] = field(default_factory=dict)
    """Files of others that say who owns what."""

    @property
    def path(self) -> str:
        """The path of the policy itself."""
        return next(iter(self.texts))

    @property
    def key(self) -> bytes:
        """Bytes that differ where anything in the files does."""
        if len(self.texts) == 1 and not self.attached:
            return self.texts[self.path]
        both = (*self.texts.items(), *self.attached.items())
        return b"".join(b"%s\0%d\0%s" % (path.encode(), len(raw), raw) for path, raw in both)

    def read(self, known: KnownEntries | None = None) -> Source:
        """Return the policy that they say; raises PolicyErrors. What is `known` of long sections is not read again."""
        try:
            return self._read(known)
        finally:
            if known:
                known.keep()

    def _read(self, known: KnownEntries | None) -> Source:
        whole = self.including or source.read(self.texts[self.path], self.path, known)
        whole = replace(whole, attached=self.attached) if self.attached else whole
        if INCLUDE not in whole.tree:
            return whole
        parts = tuple(source.read(raw, path, known) for path, raw in self.texts.items() if path != self.path)
        try:
            tree = dict(whole.tree)
            for part in parts:
                _add(tree, part, (), (whole, *parts))
        except PolicyErrors as refused:
            refused.sources = self.texts
            raise
        return replace(whole, tree=tree, parts=parts, own=whole.tree)


def on_disk(path: Path, root: Path | None = None, name_of: Callable[[Path], str] = Path.as_posix) -> PolicyFiles:
    """Return the files of the policy at a path; raises PolicyErrors where one cannot be read, or may not be.

    They lie in one repository, or in `root` where that is given; `name_of` is how people know a file.
    """
    raw = source.raw_file(path)
    texts = {name_of(path): raw}
    places = {name_of(path): path}
    whole = None
    if _may_name(raw, b"include"):
        whole = source.read(raw, name_of(path))
        for number, pattern in _patterns(whole):
            for part in _files_of(whole, texts, (path, root), ((INCLUDE, number), pattern), _PART):
                texts.setdefault(name_of(part), source.raw_file(part))
                places.setdefault(name_of(part), part)
    attached: dict[str, bytes] = {}
    for name, holder in places.items():
        if _may_name(texts[name], b"owners"):
            says = whole if whole and holder == path else source.read(texts[name], name)
            whole = says if holder == path else whole
            for number, pattern in _of_owners(says):
                for file in _files_of(says, texts, (holder, root), ((*_FROM, number), pattern), _FILE):
                    attached.setdefault(name_of(_plain(file)), source.raw_file(file))
    return PolicyFiles(texts=texts, including=whole, attached=attached)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Named:
    """How a file that the policy names is called in messages."""

    missing: str
    outside: str
    what: str
    no_file: str
    stay: str


def _files_of(
    whole: Source,
    texts: Mapping[str, bytes],
    home: tuple[Path, Path | None],
    named: tuple[PolicyPath, str],
    words: _Named,
) -> list[Path]:
    """Return the files that a pattern in `whole` means, sorted; raises PolicyErrors for none, or one outside."""
    (path, root), (route, pattern) = home, named
    found = sorted(_found(path.parent, pattern))
    if not found:
        raise _refusal(words.missing, whole, texts, f"there is no file `{pattern}`{words.what}", route, words.no_file)
    for part in found:
        if not _is_inside(path, part, root):
            message = f"`{pattern}` lies outside of the repository, and is not read"
            raise _refusal(words.outside, whole, texts, message, route, words.stay)
    return found


def _plain(file: Path) -> Path:
    """Return the path without `..`, where that leads to the same file."""
    plain = Path(os.path.normpath(file))
    return plain if files.resolved(plain) == files.resolved(file) else file


def _may_name(raw: bytes, key: bytes) -> bool:
    """Return whether a file may have this key. A plain look goes first: it is a hundred times as fast."""
    return (key in raw or b"\\" in raw) and _MAY_NAME[key].search(raw) is not None


def included(raw: bytes, path: str) -> tuple[str, ...]:
    """Return the patterns of paths that a policy includes; raises PolicyErrors."""
    if not _may_name(raw, b"include"):
        return ()
    return tuple(pattern for _, pattern in _patterns(source.read(raw, path)))


def _patterns(whole: Source) -> Iterator[tuple[int, str]]:
    """Yield what a policy includes, with the places in the list."""
    patterns = whole.tree.get(INCLUDE)
    # What is no list of texts, the schema refuses.
    written = patterns if isinstance(patterns, list) else []
    return ((number, one) for number, one in enumerate(written) if isinstance(one, str))


def of_owners(raw: bytes, path: str) -> tuple[str, ...]:
    """Return the patterns of paths from which a policy reads who owns what; raises PolicyErrors."""
    if not _may_name(raw, b"owners"):
        return ()
    return tuple(pattern for _, pattern in _of_owners(source.read(raw, path)))


def _of_owners(says: Source) -> Iterator[tuple[int, str]]:
    """Yield the files of owners that a policy, or a part of it, names, with the places in the list."""
    section = says.tree.get(_FROM[0])
    written = section.get(_FROM[1]) if isinstance(section, dict) else None
    listed = written if isinstance(written, list) else []
    return ((number, one) for number, one in enumerate(listed) if isinstance(one, str))


def fixed_part(pattern: str) -> str:
    """Return the part of a pattern that is the same for all that suits: a file, or a folder."""
    return pattern if not any(letter in pattern for letter in _LOOSE) else "/".join(_split(pattern)[:-1])


def suits(path: str, pattern: str) -> bool:
    """Return whether a path with slashes is one that a pattern means; `*` stands for a part of one name."""
    names, wanted = path.split("/"), pattern.split("/")
    return len(names) == len(wanted) and all(map(fnmatchcase, names, wanted))


_FROM = ("owners", "from")
_PART = _Named(
    missing=SRC119.name,
    outside=SRC120.name,
    what=" to include",
    no_file="write a path relative to the file that includes it, for example `teams/*.yaml`",
    stay="keep all parts of a policy in one repository",
)
_FILE = _Named(
    missing=SRC124.name,
    outside=SRC125.name,
    what="",
    no_file="write a path relative to the file that names it, for example `../catalog-info.yaml`",
    stay="keep a copy of it in the repository of the policy",
)


def _found(folder: Path, pattern: str) -> Iterator[Path]:
    """Yield the files that a pattern means, by names alone: no link is followed to find them."""
    *fixed, rest = _split(pattern)
    base = Path(folder, *fixed)
    if not any(letter in pattern for letter in _LOOSE):
        yield from (path for path in (base / rest,) if path.is_file())
        return
    yield from (path for path in base.glob(rest) if path.is_file())


def _split(pattern: str) -> list[str]:
    """Return the folders of a pattern that are names, and the rest."""
    steps = pattern.split("/")
    loose = (number for number, step in enumerate(steps) if any(letter in step for letter in _LOOSE))
    first = next(loose, len(steps) - 1)
    return [*steps[:first], "/".join(steps[first:])]


def _is_inside(policy: Path, part: Path, root: Path | None) -> bool:
    """Return whether a part lies in the repository of the policy, or in its folder where there is none."""
    if root is not None:
        return files.resolved(part).is_relative_to(files.resolved(root))
    if files.outside(part):
        return False
    of_policy, of_part = (files.repository_of(os.path.abspath(one)) for one in (policy, part))  # noqa: PTH100
    return of_policy == of_part and (of_part is not None or _lies_below(part, policy.parent))


def _lies_below(part: Path, folder: Path) -> bool:
    return files.resolved(part).is_relative_to(files.resolved(folder))


def _refusal(
    code: str, whole: Source, texts: Mapping[str, bytes], message: str, route: PolicyPath, help: str
) -> PolicyErrors:
    place = whole.located([(route, False)])[route, False]
    refused = PolicyErrors(Diagnostic(code=code, message=message, place=place, help=help))
    refused.sources = dict(texts)
    return refused


# ------------------------------------------------------------------------------------------- one policy of several


def _add(tree: dict[str, Tree], part: Source, above: PolicyPath, all_files: tuple[Source, ...]) -> None:
    """Add what stands in a part to the policy; raises PolicyErrors where something stands there already."""
    inside: Tree = part.tree
    for step in above:
        inside = inside[step] if isinstance(inside, dict) and isinstance(step, str) else None
    for key, value in inside.items() if isinstance(inside, dict) else ():
        route = (*above, key)
        there = tree.get(key)
        if route == (INCLUDE,):
            help = "let the policy itself include all of them"
            raise _at(SRC122.name, part, route, "a part of the policy includes other files", help)
        if key not in tree:
            tree[key] = dict(value) if isinstance(value, dict) else value
        elif isinstance(there, dict) and isinstance(value, dict) and (not above or above[0] in _PIECEMEAL):
            tree[key] = there = dict(there)
            _add(there, part, route, all_files)
        elif not (route == ("version",) and there == value):
            first = next(one for one in all_files if _has(one.tree, route))
            place = first.located([(route, True)])[route, True]
            message = f"`{'/'.join(map(str, route))}` stands in {place.path} (line {place.line}) too"
            raise _at(SRC121.name, part, route, message, "write it in one of the files")


def _has(tree: Tree, route: PolicyPath) -> bool:
    for step in route:
        if not isinstance(tree, dict) or step not in tree:
            return False
        tree = tree[str(step)]
    return True


def _at(code: str, part: Source, route: PolicyPath, message: str, help: str) -> PolicyErrors:
    place = part.located([(route, True)])[route, True]
    return PolicyErrors(Diagnostic(code=code, message=message, place=place, help=help))
