"""What texts say, remembered by their digests in several files: where one text changed, one file is written anew."""

from __future__ import annotations

import json
import zlib
from functools import cached_property
from typing import TYPE_CHECKING, Any

from generator.system import memory

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_PARTS = 16


class Store:
    """Values of JSON by digest, those of the last run into `out`; saved for the next one unless that is None.

    They are sealed as all of `.cache/` is, and hold for the code that saved them alone.
    """

    def __init__(self, out: Path | None, kind: str, *, afresh: bool = False) -> None:
        self._out = out
        self._kind = kind
        self._afresh = afresh
        self._used: tuple[dict[str, Any], ...] = tuple({} for _ in range(_PARTS))

    def recall(self, digest: str) -> Any:
        """Return the value of a digest; None where it is not remembered."""
        return self._remembered.get(digest)

    def use(self, name: str, digest: str, value: Any) -> None:
        """Let the value of a digest be saved; what goes by one name is always in one file."""
        self._used[zlib.crc32(name.encode()) % _PARTS][digest] = value

    def keep(self) -> None:
        """Save what was used, in place of what was remembered."""
        for number, part in enumerate(self._used):
            if part and self._out is not None and not part.keys() <= self._remembered.keys():
                text = json.dumps([memory.code(), part], ensure_ascii=False, separators=(",", ":"))
                memory.seal(self._file(self._out, number), text.encode())

    @cached_property
    def _remembered(self) -> Mapping[str, Any]:
        remembered: dict[str, Any] = {}
        if self._out is None or self._afresh:
            return remembered
        for number in range(_PARTS):
            try:
                code, values = json.loads(memory.unseal(self._file(self._out, number)))
            except memory.NOT_OURS:
                continue
            if code == memory.code():
                remembered.update(values)
        return remembered

    def _file(self, out: Path, number: int) -> Path:
        return memory.file(out, f"{self._kind}-{number:02}")
