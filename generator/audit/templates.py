"""Findings about messages: templates that they call and that no file defines."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from generator.audit.shared import finding
from generator.behaviour.fields import fields_of
from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Level
from generator.diagnostics.wording import first_few, listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.audit.shared import Case
    from generator.behaviour.fields import Field
    from generator.diagnostics.diagnostic import Diagnostic

AUD924 = Code(
    name="AUD924",
    title="Message calls a template that is not defined",
    meaning="Alertmanager loads the configuration, and the message fails when it is sent: most receivers then send "
    "nothing. Define the template in a file that `templates` names. Where such files are not at hand, it is a note.",
)

_NAMED = 8
_MOST = 4_000_000
"""Characters of a template file that are read."""
_CALLED = re.compile(r"\{\{-?\s*template\s+[\"`]([^\"`]+)[\"`]")
_DEFINED = re.compile(r"\{\{-?\s*(?:define|block)\s+[\"`]([^\"`]+)[\"`]")
_BUILT_IN = re.compile(r"__\w+|[a-z0-9_]+\.default\.[a-z0-9_.]+")
"""The names in Alertmanager's own template/default.tmpl."""


def check(case: Case) -> Iterator[Diagnostic]:
    """AUD924: a message calls a template that no file defines."""
    calls: dict[str, list[Field]] = {}
    own: set[str] = set()
    for receiver in case.configuration.behaviour.receivers:
        for field in fields_of(receiver):
            own.update(_DEFINED.findall(field.text))
            for name in _CALLED.findall(field.text):
                if not _BUILT_IN.fullmatch(name):
                    calls.setdefault(name, []).append(field)
    if not calls:
        return
    globs = case.configuration.tree.get("templates")
    patterns = [pattern for pattern in globs if isinstance(pattern, str)] if isinstance(globs, list) else []
    texts = list(_texts(case, patterns))
    own.update(name for text in texts for name in _DEFINED.findall(text))
    for name, fields in calls.items():
        if name not in own:
            yield _undefined(case, name, fields, patterns, at_hand=bool(texts))


def _undefined(case: Case, name: str, fields: list[Field], patterns: list[str], *, at_hand: bool) -> Diagnostic:
    receivers = list(dict.fromkeys(field.receiver for field in fields))
    known = not patterns or at_hand
    where = f"no file of {listed(patterns)} at hand" if patterns else "there are no `templates`"
    return finding(
        AUD924.name,
        Level.WARNING if known else Level.NOTE,
        f"a message to {first_few(receivers, _NAMED)} calls the template {name}, "
        f"{'which is not defined' if known else 'of which nothing is known'}",
        case.configuration.place(fields[0].where),
        notes=(where,) if not at_hand else (f"looked for in {listed(patterns)}",),
        help="define it in a file that `templates` names"
        if known
        else "put the files of `templates` beside the configuration, and ask again",
    )


def _texts(case: Case, patterns: list[str]) -> Iterator[str]:
    """Yield the template files: where `templates` says, or beside the configuration under their own names."""
    folder = Path(next(iter(case.configuration.sources), ".")).parent
    for pattern in patterns:
        written = Path(pattern)
        places = [] if written.is_absolute() else [folder.glob(pattern)]
        for paths in (*places, folder.glob(written.name), folder.glob(f"templates/{written.name}")):
            for path in sorted(paths):
                if path.is_file() and not path.is_symlink():
                    yield path.read_bytes()[:_MOST].decode("utf-8", "replace")
