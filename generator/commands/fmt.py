"""`alertc fmt`: give the policy its canonical layout."""

from __future__ import annotations

from pathlib import Path

from generator.commands.project import Outcome, Unanswered
from generator.diagnostics.diagnostic import EnvironmentProblem, PolicyErrors
from generator.policy.formatting import formatted
from generator.policy.parts import on_disk
from generator.policy.source import raw_file
from generator.system import differences, files


def fmt(policy: Path) -> Outcome:
    """Rewrite the policy file, and those that it includes, in their canonical layout.

    Raises Unanswered where one is not YAML, EnvironmentProblem where one cannot be written.
    """
    laid_out = {path: _formatted(path) for path in _files(policy)}  # nothing is written where one is wrong
    return Outcome(diagnostics=(), sources={}, lines=tuple(_written(path, *both) for path, both in laid_out.items()))


def fmt_check(policy: Path) -> Outcome:
    """Show what `fmt` would change, and change nothing; raises Unanswered where the policy is not YAML."""
    lines: list[str] = []
    stale = False
    for path in _files(policy):
        (raw, tidy), name = _formatted(path), path.as_posix()
        stale = stale or tidy != raw
        verdict = f"{name}: tidy" if tidy == raw else f"{name} is not formatted; run `alertc fmt {name}`"
        lines += (*_difference(raw, tidy, name), verdict)
    return Outcome(diagnostics=(), sources={}, lines=tuple(lines), stale=stale)


def _files(policy: Path) -> tuple[Path, ...]:
    """Return the files of a policy; raises Unanswered where it is not YAML."""
    try:
        return tuple(map(Path, on_disk(policy).texts))
    except PolicyErrors as refused:
        raise Unanswered(Outcome(diagnostics=refused.diagnostics, sources=refused.sources)) from None


def _written(path: Path, raw: bytes, tidy: bytes) -> str:
    """Write a file in its canonical layout, and return what was done."""
    if tidy == raw:
        return f"{path.as_posix()}: tidy already"
    replaced(path, tidy)
    changed = sum(line.startswith("+") for line in _difference(raw, tidy)[2:])
    lines = f"{changed} line" if changed == 1 else f"{changed} lines"
    return f"{path.as_posix()}: formatted, {lines} changed"


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


def replaced(policy: Path, content: bytes) -> None:
    """Put the content in the place of the file; a link stays a link, and permissions stay."""
    target = files.resolved(policy)
    try:
        files.write(target, content, target.stat().st_mode & 0o7777)
    except OSError as error:
        raise EnvironmentProblem(
            f"cannot write {policy}: {error.strerror}", "check the permissions of its folder"
        ) from error
