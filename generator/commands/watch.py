"""`alertc watch`: compile and check again whenever the policy or a template is saved."""

from __future__ import annotations

import gc
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from generator.commands.project import Outcome, Project
from generator.commands.render import render
from generator.diagnostics.diagnostic import PolicyErrors
from generator.policy.parts import on_disk
from generator.system import files

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_SETTLES = 20
"""Milliseconds without a change: editors save in several steps."""


def watch(project: Project) -> Iterator[Outcome]:
    """Yield the outcome of `render`, now and after each change, until an interrupt.

    What is seen on the way, a policy that is gone for a moment or no YAML, is an outcome like any other. Raises
    PolicyErrors where there is no policy to begin with, EnvironmentProblem where a program is missing.
    """
    on_disk(project.policy)
    changes = _changes({*(path.absolute().parent for path in _policy(project)), *_folders(project.templates)})
    known = None
    while True:
        state = _state(project)
        if state != known:
            known = state
            yield _timed(project)
            gc.collect()
        else:
            next(changes)


def _changes(folders: Iterable[Path]) -> Iterator[object]:
    """Yield whenever something below the folders has changed, and every few seconds: not every file system tells."""
    from watchfiles import watch

    return watch(*folders, debounce=4 * _SETTLES, step=_SETTLES, yield_on_timeout=True)


def _timed(project: Project) -> Outcome:
    began = time.monotonic()
    gc.disable()
    try:
        outcome = render(project)
    except PolicyErrors as refused:
        outcome = Outcome(diagnostics=refused.diagnostics, sources=refused.sources)
    finally:
        gc.enable()
    took = time.monotonic() - began
    return replace(outcome, lines=(*outcome.lines, f"{time.strftime('%H:%M:%S')}, {took:.2f} s; waiting for a change"))


def _policy(project: Project) -> tuple[Path, ...]:
    """Return the files of the policy; itself alone where they cannot be read, which `render` says."""
    try:
        written = on_disk(project.policy)
        return tuple(map(Path, (*written.texts, *written.attached)))
    except PolicyErrors:
        return (project.policy,)


def _folders(templates: Path | None) -> tuple[Path, ...]:
    """Return the folder of templates where there is one to watch."""
    if templates is None or not templates.is_dir() or files.outside(templates):
        return ()
    return (templates.absolute(),)


def _state(project: Project) -> tuple[tuple[str, int, int], ...]:
    """Return paths, times and sizes of all inputs: not every event in their folders is a change of one."""
    files = list(_policy(project))
    for folder in _folders(project.templates):
        files += sorted(path for path in folder.rglob("*") if path.is_file())
    state = []
    for path in files:
        try:
            status = path.stat()
        except OSError:
            continue
        state.append((str(path), status.st_mtime_ns, status.st_size))
    return tuple(state)
