"""What the entries of a large policy say, remembered by their text: an edit leaves all but a few as they are.

An entry of a mapping is read by its own lines, whatever stands beside it. So the entries of a long section are read in
runs, of which each is remembered. Where a run begins follows from its first line alone: an entry more or less leaves
the other runs as they are. JSON is read five times as fast as the YAML that it stands for.
"""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from generator.system.digest import digest_of
from generator.system.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

_Entries: TypeAlias = dict[str, Any]

LONG = 500_000
"""Bytes of a section that is read in runs; what is shorter is read sooner than its runs are looked up."""
EACH = 128
"""So many entries are in a run, on average."""
_OUTERMOST = re.compile(rb"\n[^ #\n]")
_KEY = re.compile(rb"([A-Za-z_][A-Za-z0-9_-]*): *(?:#[^\n]*)?\n")
_FIRST = re.compile(rb"(?: *(?:#[^\n]*)?\n)*  [A-Za-z0-9_]")
_ENTRY = re.compile(rb"\n  (?=[A-Za-z0-9_])")


class Section(NamedTuple):
    """A mapping of the outermost one whose entries stand two columns deep: its key, and the bytes where they stand."""

    key: str
    begin: int
    end: int


class KnownEntries:
    """What runs of entries say, those of the last run into `out`; saved for the next one unless that is None."""

    def __init__(self, out: Path | None, *, afresh: bool = False) -> None:
        self._store = Store(out, "entries", afresh=afresh)

    def runs(self, raw: bytes, section: Section, read: Callable[[bytes], _Entries]) -> Iterator[_Entries]:
        """Yield what the runs of a section say, one after the other; `read` returns that of the text of one."""
        for run in _runs(raw, section):
            digest = digest_of(run)
            said = self._store.recall(digest)
            if said is None:
                said = read(run)
            self._store.use(digest, digest, said)
            yield said

    def keep(self) -> None:
        """Save what was used, for the next run."""
        self._store.keep()


def long_sections(raw: bytes) -> tuple[Section, ...]:
    """Return the sections of a text in block style that are read in runs."""
    if len(raw) < LONG:
        return ()
    starts = [0, *(match.start() + 1 for match in _OUTERMOST.finditer(raw))]
    found = []
    for start, end in zip(starts, (*starts[1:], len(raw)), strict=True):
        key = _KEY.match(raw, start, end)
        if key and end - key.end() >= LONG and _FIRST.match(raw, key.end(), end):
            found.append(Section(key[1].decode(), key.end(), end))
    return tuple(found)


def without(raw: bytes, sections: Iterable[Section]) -> bytes:
    """Return the text without the entries of these sections, which are in order."""
    kept, at = [], 0
    for section in sections:
        kept.append(raw[at : section.begin])
        at = section.end
    return b"".join((*kept, raw[at:]))


def _runs(raw: bytes, section: Section) -> Iterator[bytes]:
    at = section.begin
    for entry in _ENTRY.finditer(raw, section.begin, section.end):
        start = entry.start() + 1
        if zlib.crc32(raw[start : raw.find(b"\n", start)]) % EACH == 0:
            yield raw[at:start]
            at = start
    yield raw[at : section.end]
