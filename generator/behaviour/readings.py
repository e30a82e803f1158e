"""What generated files hold, remembered by their digest: files that an edit leaves alone are not parsed again.

JSON is read ten times as fast as YAML. The reading is that of `documents`, and only of files that have the form of
their kind; what is remembered is sealed as all of `.cache/` is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from generator.behaviour.documents import ALERTMANAGER, is_rules
from generator.policy.known_entries import KnownEntries
from generator.system import memory
from generator.system.store import Store

if TYPE_CHECKING:
    from pathlib import Path

    from generator.behaviour.documents import Documents
    from generator.system.artifact import Artifact

_WORTH = 100_000
"""Characters: what is parsed sooner than its parts are opened is not remembered."""


class Readings:
    """Cache of parsed rule and route files, saved for the next run into `out` unless that is None."""

    def __init__(self, out: Path | None, *, afresh: bool = False) -> None:
        self._store = Store(out, "read", afresh=afresh)

    def recall(self, artifact: Artifact) -> Any:
        """Return the cached content of a file, which was valid when it was saved; None where it is not cached."""
        return self._store.recall(artifact.digest) if _is_remembered(artifact) else None

    def keep(self, artifacts: tuple[Artifact, ...], files: Documents) -> None:
        """Save the content of these valid files for the next run."""
        large = [artifact for artifact in artifacts if _is_remembered(artifact)]
        if sum(len(artifact.text) for artifact in large) < _WORTH:
            return
        for artifact in large:
            self._store.use(artifact.path, artifact.digest, files[artifact.path])
        self._store.keep()


@dataclass(frozen=True, slots=True, kw_only=True)
class Caches:
    """The caches of a run: entries of the policy, parsed files, and the answers of external programs."""

    entries: KnownEntries
    readings: Readings
    answers: memory.Answers


def saved(out: Path) -> Caches:
    """Return the caches that the last run into `out` saved."""
    return Caches(entries=KnownEntries(out), readings=Readings(out), answers=memory.answers(out))


def empty(out: Path | None = None) -> Caches:
    """Return empty caches, which are saved for `out` where that is given."""
    return Caches(
        entries=KnownEntries(out, afresh=True),
        readings=Readings(out, afresh=True),
        answers=memory.Answers(out, {}),
    )


def _is_remembered(artifact: Artifact) -> bool:
    return is_rules(artifact.path) or artifact.path == ALERTMANAGER
