"""`alertc fmt`: give the policy its canonical layout."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.commands.project import Outcome, Unanswered
from generator.diagnostics.diagnostic import EnvironmentProblem, PolicyErrors
from generator.policy.formatting import formatted
from generator.policy.source import raw_file
from generator.system import differences, files

if TYPE_CHECKING:
    from pathlib import Path


def fmt(policy: Path) -> Outcome:
    """Rewrite the policy file in its canonical layout.

    Raises Unanswered where it is not YAML, EnvironmentProblem where it cannot be written.
    """
    raw, tidy = _formatted(policy)
    if tidy == raw:
        return Outcome(diagnostics=(), sources={}, lines=(f"{policy.as_posix()}: tidy already",))
    _replace(policy, tidy)
    changed = sum(line.startswith("+") for line in _difference(raw, tidy)[2:])
    lines = f"{changed} line" if changed == 1 else f"{changed} lines"
    return Outcome(diagnostics=(), sources={}, lines=(f"{policy.as_posix()}: formatted, {lines} changed",))


def fmt_check(policy: Path) -> Outcome:
    """Show what `fmt` would change, and change nothing; raises Unanswered where the policy is not YAML."""
    raw, tidy = _formatted(policy)
    name = policy.as_posix()
    if tidy == raw:
        return Outcome(diagnostics=(), sources={}, lines=(f"{name}: tidy",))
    verdict = f"{name} is not formatted; run `alertc fmt {name}`"
    return Outcome(diagnostics=(), sources={}, lines=(*_difference(raw, tidy, name), verdict), stale=True)


def _formatted(policy: Path) -> tuple[bytes, bytes]:
    """Return the bytes of the policy as they are, and in the canonical layout."""
    raw, name = raw_file(policy), policy.as_posix()
    try:
        return raw, formatted(raw, name)
    except PolicyErrors as refused:
        raise Unanswered(Outcome(diagnostics=refused.diagnostics, sources={name: raw})) from None


def _difference(raw: bytes, tidy: bytes, name: str = "") -> list[str]:
    before, after = (text.decode("utf-8-sig").replace("\r\n", "\n").splitlines() for text in (raw, tidy))
    return list(differences.unified(before, after, name, f"{name} (formatted)", around=1))


def _replace(policy: Path, content: bytes) -> None:
    """Put the content in the place of the file; a link stays a link, and permissions stay."""
    target = files.resolved(policy)
    try:
        files.write(target, content, target.stat().st_mode & 0o7777)
    except OSError as error:
        raise EnvironmentProblem(
            f"cannot write {policy}: {error.strerror}", "check the permissions of its folder"
        ) from error
