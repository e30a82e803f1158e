"""Quotes what a server answered, so that it fits into a message."""

from __future__ import annotations

from generator.diagnostics.quoting import printable


def quoted(answer: bytes | str, most: int = 100) -> str:
    """Return the beginning of a server's answer as one printable line; `nothing` for an empty answer."""
    text = answer[: 4 * most].decode("utf-8", "replace") if isinstance(answer, bytes) else answer[: 4 * most]
    text = " ".join(text.split())
    text = printable(text)
    return f"{text[:most]}..." if len(text) > most else text or "nothing"
