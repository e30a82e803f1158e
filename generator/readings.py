"""What generated files hold, remembered by their text: files that an edit leaves alone are not parsed again.

JSON is read ten times as fast as YAML. The reading is that of `documents`; what is remembered is sealed as all of
`.cache/` is.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from generator import memory
from generator.documents import RULES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from generator.artifact import Artifact

_PARTS = 16
"""Where one file changes, one part is written anew."""
_WORTH = 100_000
"""Characters: what is parsed sooner than its parts are opened is not remembered."""


class Readings:
    """What the last run into a folder read in its files."""

    def __init__(self, remembered: Mapping[str, Any] | None = None) -> None:
        self._remembered = remembered or {}
        self._used: dict[str, tuple[str, Any]] = {}

    def recall(self, path: str, text: str) -> Any:
        """Return what a file with this text holds; None where that is not known."""
        if not self._remembered:
            return None
        key = memory.digest_of(text.encode())
        found = self._remembered.get(key)
        if found is not None:
            self._used[path] = (key, found)
        return found

    def learn(self, path: str, text: str, document: Any) -> None:
        """Remember what a file with this text holds."""
        self._used[path] = (memory.digest_of(text.encode()), document)

    def keep(self, out: Path) -> None:
        """Keep for the next run into `out` what this one read."""
        parts: dict[int, dict[str, Any]] = {number: {} for number in range(_PARTS)}
        changed = set()
        for path, (key, document) in self._used.items():
            number = zlib.crc32(path.encode()) % _PARTS
            parts[number][key] = document
            if key not in self._remembered:
                changed.add(number)
        for number in changed:
            text = json.dumps([memory.code(), parts[number]], ensure_ascii=False, separators=(",", ":"))
            memory.seal(_file(out, number), text)


def readings(out: Path, sizes: Iterable[int]) -> Readings:
    """Return what is remembered of the last run into `out`, whose files are now of these `sizes`."""
    if sum(sizes) < _WORTH:
        return Readings()
    found: dict[str, Any] = {}
    for number in range(_PARTS):
        try:
            code, documents = memory.unseal(_file(out, number))
        except memory.NOT_OURS:
            continue
        if code == memory.code():
            found.update(documents)
    return Readings(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What was learned of files before: how they read, and what the programs said of them."""

    readings: Readings
    answers: memory.Answers

    def keep(self, out: Path) -> None:
        """Keep for the next run into `out` what this one used."""
        self.readings.keep(out)
        self.answers.keep(out)


def known(out: Path, artifacts: Iterable[Artifact]) -> Known:
    """Return what is remembered of the last run into `out`."""
    sizes = (len(one.text) for one in artifacts if one.path.startswith(RULES))
    return Known(readings=readings(out, sizes), answers=memory.answers(out))


def nothing() -> Known:
    """Return what is known where nothing that was verified before is to count."""
    return Known(readings=Readings(), answers=memory.Answers({}))


def _file(out: Path, number: int) -> Path:
    return memory.file(out, f"read-{number:02}")
