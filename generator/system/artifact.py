"""A generated file."""

from __future__ import annotations

from dataclasses import dataclass, field

from generator.system.digest import digest_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """A generated file: `path` is relative to `out/`, with slashes; `digest` is that of the bytes of `text`."""

    path: str
    text: str
    digest: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # Once for all who ask what has changed: 10,000 services are 100 MB.
        object.__setattr__(self, "digest", digest_of(self.text.encode()))
