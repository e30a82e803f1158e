"""What a target is: a record of what makes its files, and of which they are."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from generator.behaviour.documents import reader_of
from generator.plan.plan import Plan
from generator.system.artifact import Artifact
from generator.targets.render import Templates

if TYPE_CHECKING:
    from generator.policy.kubernetes import TargetName

Build = Callable[[Plan, Templates, str], Iterator[Artifact]]
"""From the plan, the templates and the policy's path (for headers) to files."""


Pack = Callable[[Plan, Templates, str, tuple[Artifact, ...]], Iterator[Artifact]]
"""From the same, and the files of all targets, to other forms of those files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owned:
    """A file that a target writes, or several: a `*` in `path` stands for any text."""

    path: str
    schema: str | None = None
    """The name of its JSON Schema; None: no schema says what form it has."""

    @property
    def reader(self) -> str | None:
        """Return who reads it back and judges it, which its path decides; None: it counts as not verified."""
        return reader_of(self.path)

    def holds(self, path: str) -> bool:
        """Return whether a path is meant."""
        text = ".*".join(map(re.escape, self.path.split("*")))
        return re.fullmatch(text, path, re.DOTALL) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One kind of output: what makes its files from the plan, and which they are."""

    name: str
    build: Build
    owns: tuple[Owned, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """Another form of the same files, for policies that name it in `targets`."""

    name: TargetName
    pack: Pack
    owns: tuple[Owned, ...]
