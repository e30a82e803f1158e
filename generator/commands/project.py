"""What a command works on, and the outcome that it returns."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, Place, PolicyErrors, has_errors
from generator.policy.source import refuse_astray
from generator.system import files
from generator.system.belonging import Owner

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from generator.policy.source import Source
    from generator.system.artifact import Artifact

SRC100 = Code(
    name="SRC100",
    title="No policy file, or more than one",
    meaning="Without a path, alertc expects exactly one YAML file in `policy/`. Name the policy that you mean.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """The paths of a project: its policy, its generated files, and the templates that override the packaged ones."""

    policy: Path
    out: Path
    templates: Path | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a command found, the texts that its diagnostics point into, and the other lines that it prints."""

    diagnostics: tuple[Diagnostic, ...]
    sources: Mapping[str, bytes]
    lines: tuple[str, ...] = ()
    stale: bool = False
    unsaid: tuple[Diagnostic, ...] = ()
    """Findings for machine-readable forms only: in text, `lines` say the same."""
    idle: bool = False
    """The options left the command nothing to do: exit code 2."""

    @property
    def clean(self) -> bool:
        """Whether the exit code is 0."""
        return not self.stale and not has_errors(self.diagnostics)


class Unanswered(Exception):
    """The command cannot answer, since the policy does not compile; `outcome` says what is wrong with it."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__("the policy does not compile")
        self.outcome = outcome


class Unknown(Exception):
    """A name that does not exist; the message suggests the most similar of the known ones."""

    def __init__(self, message: str, name: str, known: Iterable[str]) -> None:
        from generator.diagnostics.suggest import did_you_mean

        meant = did_you_mean(name, known)
        super().__init__(f"{message}; did you mean `{meant}`?" if meant else message)


def find_policy(named: Path | None) -> Path:
    """Return the path of the policy: the one that was named, else the only YAML file in `policy/`."""
    if named is not None:
        return named
    refuse_astray(Path("policy"))
    policies = sorted(path for path in Path("policy").glob("*.y*ml") if path.suffix in (".yaml", ".yml"))
    if len(policies) == 1:
        return policies[0]
    what = (
        "more than one policy in policy/: " + ", ".join(path.name for path in policies)
        if policies
        else "no policy/*.yaml"
    )
    raise PolicyErrors(
        Diagnostic(
            code=SRC100.name,
            message=f"there is {what}",
            place=Place(path="policy"),
            help="run alertc in the folder that holds policy/, or name the policy (`alertc COMMAND --help` says how)",
        )
    )


def header_path(project: Project) -> str:
    """Return the policy's path as the generated files name it: the same on every machine."""
    return _printable(_below(project) or files.resolved(project.policy.absolute()).name)


def owner(project: Project, name: str) -> Owner:
    """Return whose the generated files are: of the policy of this name, at its path."""
    return Owner(name=name, path=_printable(_below(project)))


def _below(project: Project) -> str:
    """Return the policy's path from the folder that holds `out`; empty where it lies elsewhere."""
    root = files.resolved(project.out.absolute().parent)
    policy = files.resolved(project.policy.absolute())
    return policy.relative_to(root).as_posix() if policy.is_relative_to(root) else ""


def _printable(path: str) -> str:
    # It stands in comments of YAML, Markdown and Go templates: nothing in it may end one.
    return re.sub(r"[^\w ./+@=,-]|(?<=-)-", "?", path)


def texts(project: Project, source: Source | None, artifacts: Iterable[Artifact] = ()) -> dict[str, bytes]:
    """Return every text that a diagnostic may show a line of, by the path that it names."""
    shown = {**source.texts, **source.attached} if source else {}
    for artifact in artifacts:
        shown[(project.out / artifact.path).as_posix()] = artifact.text.encode()
    return shown
