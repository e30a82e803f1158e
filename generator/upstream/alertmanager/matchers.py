"""Matchers of Alertmanager as a configuration writes them (pkg/labels/parse.go, matcher.go)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from generator.upstream.promql.promql import quote

if TYPE_CHECKING:
    from collections.abc import Iterable

_MEANING = re.compile(r"[\\.+*?()|\[\]{}^$]")
"""Characters with a meaning in regular expressions: those that Go's regexp.QuoteMeta escapes."""


def is_one(label: str, value: str) -> str:
    """Return a matcher for exactly this value."""
    return f"{label}={quote(value)}"


def is_any(label: str, values: Iterable[str]) -> str:
    """Return a matcher for any of `values`, which are texts: what has a meaning in regular expressions is escaped."""
    names = sorted(set(values))
    if len(names) == 1:
        return is_one(label, names[0])
    return f"{label}=~{quote('|'.join(map(_escaped, names)))}"


def is_like(label: str, value: str) -> str:
    """Return a matcher for exactly this value that is written as a regular expression."""
    return f"{label}=~{quote(_escaped(value))}"


def _escaped(text: str) -> str:
    return _MEANING.sub(lambda character: "\\" + character[0], text)
