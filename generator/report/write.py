"""The page as HTML: one file that asks nothing of any network.

What a policy says may come from a stranger: it is escaped in the template, and what is invisible or changes the
direction of text is shown as an escape. A content security policy forbids all but the one style and the one script.
"""

from __future__ import annotations

import base64
import hashlib
import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from generator.diagnostics import quoting
from generator.plan.unread import NOT_PROVEN
from generator.policy import duration
from generator.report import drawing

if TYPE_CHECKING:
    from generator.report.audited import AuditPage
    from generator.report.page import Page

_HERE = Path(__file__).parent


def html(page: Page) -> str:
    """Return the page of a policy as HTML; all of its characters but line breaks are printable."""
    # The drawing is ours.
    return _rendered("page.html.j2", page=page, picture=Markup(page.picture), not_proven=NOT_PROVEN)  # noqa: S704


def html_of_audit(page: AuditPage) -> str:
    """Return the page of an audit as HTML; all of its characters but line breaks are printable."""
    return _rendered("audited.html.j2", page=page)


def _rendered(template: str, **values: Any) -> str:
    style = f"{_file('style.css')}{drawing.STYLE}"
    script = _file("filter.js")
    return (
        _environment()
        .get_template(template)
        .render(
            style=Markup(style),  # noqa: S704  ours, as is the script
            script=Markup(script),  # noqa: S704
            style_digest=_digest(style),
            script_digest=_digest(script),
            **values,
        )
    )


def _file(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        finalize=_shown,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["duration"] = duration.write
    environment.filters["thousands"] = lambda number: f"{number:,}"
    return environment


def _shown(value: Any) -> Any:
    """Return a value escaped for HTML, with invisible characters and those that change direction made visible."""
    if hasattr(value, "__html__"):
        return value
    return Markup(_AWKWARD.sub(_harmless, str(escape(value))))  # noqa: S704  it has just been escaped


_AWKWARD = re.compile(r"[^\n -~]")
_JOINERS = "\u200c\u200d"
"""Invisible, but part of words and of emoji."""


def _harmless(match: re.Match[str]) -> str:
    character = match[0]
    if character.isprintable():
        return quoting.unseen_shown(character)
    if character in _JOINERS:
        return f"&#{ord(character)};"
    return "    " if character == "\t" else character.encode("unicode_escape").decode()
