"""What generated files hold, remembered by their digest: files that an edit leaves alone are not parsed again.

JSON is read ten times as fast as YAML. The reading is that of `documents`, and only of files that have the form of
their kind; what is remembered is sealed as all of `.cache/` is.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from generator.behaviour.documents import ALERTMANAGER, is_rules
from generator.system import memory

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from generator.behaviour.documents import Documents
    from generator.system.artifact import Artifact

_PARTS = 16
"""Where one file changes, one part is written anew."""
_WORTH = 100_000
"""Characters: what is parsed sooner than its parts are opened is not remembered."""


class Readings:
    """Cache of parsed rule and route files, saved for the next run into `out` unless that is None."""

    def __init__(self, out: Path | None, remembered: Callable[[], Mapping[str, Any]]) -> None:
        self._out = out
        self._load = remembered

    def recall(self, artifact: Artifact) -> Any:
        """Return the cached content of a file, which was valid when it was saved; None where it is not cached."""
        return self._remembered.get(artifact.digest) if _is_remembered(artifact) else None

    def keep(self, artifacts: tuple[Artifact, ...], files: Documents) -> None:
        """Save the content of these valid files for the next run."""
        large = [artifact for artifact in artifacts if _is_remembered(artifact)]
        if self._out is None or sum(len(artifact.text) for artifact in large) < _WORTH:
            return
        parts: dict[int, dict[str, Any]] = {number: {} for number in range(_PARTS)}
        changed = set()
        for artifact in large:
            number = zlib.crc32(artifact.path.encode()) % _PARTS
            parts[number][artifact.digest] = files[artifact.path]
            if artifact.digest not in self._remembered:
                changed.add(number)
        for number in changed:
            text = json.dumps([memory.code(), parts[number]], ensure_ascii=False, separators=(",", ":"))
            memory.seal(_file(self._out, number), text.encode())

    @cached_property
    def _remembered(self) -> Mapping[str, Any]:
        return self._load()


@dataclass(frozen=True, slots=True, kw_only=True)
class Caches:
    """The caches of a run: parsed files, and the answers of external programs."""

    readings: Readings
    answers: memory.Answers


def saved(out: Path) -> Caches:
    """Return the caches that the last run into `out` saved."""
    return Caches(readings=Readings(out, partial(_remembered, out)), answers=memory.answers(out))


def empty(out: Path | None = None) -> Caches:
    """Return empty caches, which are saved for `out` where that is given."""
    return Caches(readings=Readings(out, dict), answers=memory.Answers(out, {}))


def _remembered(out: Path) -> Mapping[str, Any]:
    remembered: dict[str, Any] = {}
    for number in range(_PARTS):
        try:
            code, documents = json.loads(memory.unseal(_file(out, number)))
        except memory.NOT_OURS:
            continue
        if code == memory.code():
            remembered.update(documents)
    return remembered


def _is_remembered(artifact: Artifact) -> bool:
    return is_rules(artifact.path) or artifact.path == ALERTMANAGER


def _file(out: Path, number: int) -> Path:
    return memory.file(out, f"read-{number:02}")
