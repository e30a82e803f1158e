"""Text of others as it may stand in a line of ours: nothing in it is invisible, moves a cursor, or is a command."""

from __future__ import annotations

import re

# Printable by their category, and yet nothing is seen of them: fillers, blank patterns, joiners and selectors. The
# selectors of emoji (U+FE0E, U+FE0F) may follow what they select a form of.
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2800\u3164\ufe00-\ufe0d\uffa0\U0001d159\U000e0100-\U000e01ef]"
    "|(?<![#*0-9\u00a9\u00ae\u203c-\u3299\U0001f000-\U0001faff])[\ufe0e\ufe0f]"
)
_COMMAND = re.compile(r"(?m)^([ \t]*):(?=:(?!: ))")
"""`::: out/x.yaml` is how findings name a file; no command begins with a third colon and a space."""
_COMMAND_WITHIN = re.compile(r"##(?=\w*\[)")
_MARKUP = re.compile(r"[\\`*_\[\]<>()#!|~&$]|^(?:[-+=]|\d+(?=[.)]))")
_REFERENCE = re.compile(
    r"(?<=@)(?=\w)|(?<=#)(?=\d)|(?<=:)(?=//)|(?<=:)(?=[\w+-]+:)|(?i:(?<=\bwww)(?=\.))|(?i:(?<=\bgh)(?=-\d))"
)
_HARMLESS = {"<": "&lt;", ">": "&gt;", "&": "&amp;"}


def printable(text: str) -> str:
    """Return the text with tabs as spaces, and as escapes what is invisible or could rewrite a terminal's line."""
    # Nearly every text is printable and needs no look at each character.
    if not text.isascii():
        text = unseen_shown(text)
    return text if text.isprintable() else "".join(map(_shown_character, text))


def unseen_shown(text: str) -> str:
    """Return the text with escapes for those printable characters of which nothing is seen."""
    return _UNSEEN.sub(lambda found: escaped(found[0]), text)


def escaped(character: str) -> str:
    """Return a character as Python and JSON escape it."""
    return character.encode("unicode_escape").decode()


def no_command(text: str) -> str:
    """Return the text with nothing in it that a runner of CI obeys, in JSON too.

    GitHub's takes `::error::` where only blanks stand before it in a line, and `##[error]` anywhere (actions/runner,
    src/Runner.Common/ActionCommand.cs), Azure's `##vso[task]`.
    """
    if "::" in text:
        text = _COMMAND.sub(r"\1\\u003a", text)
    return _COMMAND_WITHIN.sub(r"#\\u0023", text) if "##" in text else text


def in_markdown(text: str) -> str:
    """Return the text escaped for Markdown: no markup, mention, reference, emoji or link."""
    shown = " ".join("".join(character if character.isprintable() else " " for character in text).split())
    # What GitHub links it finds in the text that is shown: nothing but an invisible space keeps it from that.
    return "&#8203;".join(_MARKUP.sub(_harmless, part) for part in _REFERENCE.split(shown))


def _shown_character(character: str) -> str:
    if character == "\t":
        return "    "
    return character if character.isprintable() else escaped(character)


def _harmless(match: re.Match[str]) -> str:
    markup = match[0]
    return f"{markup[:-1]}&#{ord(markup[-1])};" if markup[-1].isdigit() else _HARMLESS.get(markup, f"\\{markup}")
