"""One generated file."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """`path` is relative to `out/`, with slashes; `text` is the whole file."""

    path: str
    text: str
