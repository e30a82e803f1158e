"""What is wrong, where, and what to do about it. Imports nothing of the project."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

PolicyPath = tuple[str | int, ...]
"""A symbolic way into the policy: mapping keys and list indexes, `("alerts", "LedgerDown", "for")`."""

EntryPath = tuple[str | int, ...]
"""The same for an entry of a generated file: `("route", "routes", 2, "receiver")`."""


class Level(Enum):
    """How bad a finding is. Only errors make a command fail; notes say what was not checked."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


def route_text(route: PolicyPath) -> str:
    """Return a route as people read it: `alerts/LedgerDown/tests/0`."""
    return "/".join(map(str, route))


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A position in a file as people count it: line and column from 1; `width` characters are meant.

    `line` 0 means the file as a whole.
    """

    path: str
    line: int = 0
    column: int = 0
    width: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """One finding. `code` outlives its wording and is never reused.

    `route` names the entry of the policy (`on_key`: its key is meant, not its value); `place` is set
    instead where there is no entry to name: the file could not be parsed, or the fault is in a template.
    `artifact` is the spot in a generated file that shows the fault.
    `notes` explain (a sum, what a checker said), `help` says what to do.
    """

    code: str
    message: str
    level: Level = Level.ERROR
    route: PolicyPath | None = None
    on_key: bool = False
    place: Place | None = None
    artifact: Place | None = None
    notes: tuple[str, ...] = ()
    help: str | None = None
    secret: bool = False
    """Whether the line that it is about holds a secret, and is not shown."""


class PolicyErrors(Exception):
    """A stage cannot go on; `diagnostics` say why. The one exception for faults of the input.

    `sources` holds, by path, the text of a file that could not be read as a policy: the findings show lines of it.
    """

    sources: Mapping[str, bytes]

    def __init__(self, *diagnostics: Diagnostic) -> None:
        if not has_errors(diagnostics):
            # Whoever counts findings would take it for a policy in which nothing is wrong.
            raise AssertionError("a stage refuses its input and does not say why")
        super().__init__("; ".join(finding.message for finding in diagnostics))
        self.diagnostics = diagnostics
        self.sources = {}


class EnvironmentProblem(Exception):
    """The machine lacks something (a program, a permission): exit code 3. `help` says what to do."""

    def __init__(self, message: str, help: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.help = help


def has_errors(diagnostics: tuple[Diagnostic, ...]) -> bool:
    """Return whether any finding is an error."""
    return any(finding.level is Level.ERROR for finding in diagnostics)
