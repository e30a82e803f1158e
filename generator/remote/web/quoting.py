"""What a server said, so that it can stand in a line of ours."""

from __future__ import annotations

from generator.diagnostics.quoting import printable


def quoted(said: bytes | str, most: int = 100) -> str:
    """Return the beginning of what a server said in one line: printable, `nothing` where there is nothing."""
    text = said[: 4 * most].decode("utf-8", "replace") if isinstance(said, bytes) else said[: 4 * most]
    text = " ".join(text.split())
    text = printable(text)
    return f"{text[:most]}..." if len(text) > most else text or "nothing"
