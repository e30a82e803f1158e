"""A configuration without its secrets, line by line as long as it was: findings show lines of it."""

from __future__ import annotations

import re

_SECRET = (
    rb"[\w.-]*(?:password|secret|token|credentials|_key|[kK]ey|url|URL|uri|auth\w*|[Hh]eaders?|[Aa]uthorization"
    rb"|\.ya?ml\.gz|alertmanager\.ya?ml)"
)
_KEY = rb"[\"']?" + _SECRET + rb"[\"']?[ \t]*:"
_BELOW = re.compile(
    rb"^([ \t]*(?:-[ \t]+)*)" + _KEY + rb"[ \t]*(?:[&!][^\s]*[ \t]*)*(?:[|>][-+0-9]*)?[ \t]*(?:#.*)?\r?$"
)
"""A key whose value stands below it."""
_ENTRY = re.compile(rb"[ \t]*(?:-[ \t]|[\w.\"'/-]+:(?:\s|$))")
_QUOTED = rb"\"(?:[^\"\\]|\\.)*\"?|'(?:[^']|'')*'?"
_VALUE = re.compile(rb"((?:^|[\s{,\"'-])" + _KEY + rb"[ \t]*)(" + _QUOTED + rb"|[^\s{\[|>#][^\n]*)")
_MASK = b"<secret>"


def masked(raw: bytes) -> bytes:
    """Return the text with all that may be a secret replaced; it has the same number of lines."""
    lines: list[bytes] = []
    hidden: int | None = None
    literal = False
    for line in raw.split(b"\n"):
        depth = len(line) - len(line.lstrip())
        if hidden is not None and (depth > hidden or not line.strip()) and (literal or not _ENTRY.match(line)):
            lines.append(line[:depth] + _MASK if line.strip() else line)
            continue
        below = _BELOW.match(line)
        hidden = len(below[1]) if below else None
        literal = below is not None and (b"|" in line or b">" in line)
        lines.append(line if below else _VALUE.sub(rb"\1" + _MASK, line))
    return b"\n".join(lines)
