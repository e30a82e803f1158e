"""Reads owners from a CODEOWNERS file: whose the folders are that are called as values of a label.

Of the lines that match a folder the last one counts, in each of GitLab's sections. Source: GitHub's "About code owners"
and GitLab's "Code Owners syntax": patterns as in gitignore, without `[...]`; what ends in `/*` is not what lies deeper.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from generator.diagnostics.diagnostic import Place
from generator.diagnostics.yaml_events import refuse
from generator.policy.owner_claims import Claim, Said, Unread
from generator.policy.source_codes import SRC126

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "CODEOWNERS"
_WORD = re.compile(r"(?:\\.|[^\s\\])+")
_SECTION = re.compile(r"\^?\[[^\]]+\](?:\[\d+\])?(.*)")
_LOOSE = re.compile(r"[*?]")
_ANY = ("*", "**")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    pattern: str
    owners: tuple[str, ...]
    section: int
    place: Place

    @property
    def steps(self) -> list[str]:
        """The names on the way to what the pattern means, without what stands for all that lies in it."""
        stripped = re.sub(r"/\*{0,2}$", "", self.pattern)
        return [step for step in stripped.split("/") if step]

    @property
    def anchored(self) -> bool:
        """Whether it counts from the root: a name alone means whatever is called so."""
        return "/" in self.pattern.rstrip("/")

    @property
    def is_flat(self) -> bool:
        """Whether it means the files of a folder, and none that lie deeper."""
        return self.pattern.endswith("/*")


def read(raw: bytes, path: str, folder: str) -> Said:
    """Return whose the folders in `folder` are; raises PolicyErrors where the file is no text."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        refuse(SRC126.name, f"{path} is not UTF-8", Place(path=path), "save it as UTF-8")
    lines = tuple(_lines(text, path))
    above = [step for step in folder.strip("/").split("/") if step and step != "."]
    named: dict[str, bool] = {}
    unread = []
    for line in lines:
        for step, is_certain in _named(line, above):
            if not _LOOSE.search(step):
                value = _unescaped(step)
                named[value] = named.get(value, False) or is_certain
            elif is_certain:
                problem = f"`{line.pattern}` means several folders"
                unread.append(Unread(problem=problem, values=_step(step), place=line.place))
    claims = (_claim(lines, above, value, is_certain=is_certain) for value, is_certain in named.items())
    return Said(claims=tuple(claim for claim in claims if claim), unread=tuple(unread))


def _lines(text: str, path: str) -> Iterator[_Line]:
    section, usual = 0, tuple[str, ...]()
    for number, written in enumerate(text.split("\n"), start=1):
        stripped = written.strip()
        if not stripped or stripped.startswith("#"):
            continue
        heading = _SECTION.fullmatch(stripped)
        if heading:
            section, usual = section + 1, _owners(heading[1])
            continue
        found = _WORD.search(written)
        if found is None:
            continue
        place = Place(path=path, line=number, column=found.start() + 1, width=len(found[0]))
        excluded = found[0].startswith("!")
        owners = () if excluded else _owners(written[found.end() :]) or usual
        yield _Line(pattern=found[0].removeprefix("!"), owners=owners, section=section, place=place)


def _owners(text: str) -> tuple[str, ...]:
    words = _WORD.findall(re.sub(r"(^|\s)#.*", "", text))
    return tuple(word for word in words if "@" in word)


def _named(line: _Line, above: list[str]) -> Iterator[tuple[str, bool]]:
    """Yield the names in a folder that a line speaks of, as it writes them, and whether each is surely one there."""
    steps = line.steps
    inside = steps[len(above) :] if line.anchored and steps[: len(above)] == above else []
    if inside and inside[0] not in _ANY:
        yield inside[0], True
    # `billing` is called so wherever it lies, a file too; `**/billing/` is a folder.
    if steps and steps[-1] not in _ANY and (not line.anchored or "**" in steps):
        is_folder = line.pattern.endswith("/")
        if _matches(line, [*above, _unescaped(steps[-1])]):
            yield steps[-1], is_folder


def _claim(lines: tuple[_Line, ...], above: list[str], value: str, *, is_certain: bool) -> Claim | None:
    """Return who owns the folder; None where no line speaks of the whole of it, but of some of its files."""
    last = {line.section: line for line in lines if _matches(line, [*above, value])}
    if not last:
        return None
    owners = dict.fromkeys(owner for line in last.values() for owner in line.owners)
    subject = "/".join([*above, value])
    return Claim(
        value=value,
        owners=tuple(owners),
        subject=subject,
        entity=value,
        place=list(last.values())[-1].place,
        is_certain=is_certain,
    )


def _matches(line: _Line, folder: list[str]) -> bool:
    """Return whether a line means the folder as a whole, or one that holds it."""
    if line.pattern in ("*", "**", "/", "/**"):
        return True
    ways = [folder] if line.is_flat else [folder[:count] for count in range(1, len(folder) + 1)]
    if not line.anchored:
        return any(_expression(line.steps).fullmatch(way[-1]) for way in ways)
    return any(_expression(line.steps).fullmatch("/".join(way)) for way in ways)


def _expression(steps: list[str]) -> re.Pattern[str]:
    """Return the regular expression of paths that a pattern means."""
    text = "/".join(_step(step) for step in steps)
    return re.compile(text.replace("(?:.*)/", "(?:.*/)?"))


def _step(step: str) -> str:
    if step == "**":
        return "(?:.*)"
    parts = {"*": r"[^/\n]*", "?": r"[^/\n]"}
    return "".join(parts.get(part) or re.escape(_unescaped(part)) for part in re.findall(r"\\.|.", step))


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)
