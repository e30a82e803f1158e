"""A configuration without its secrets, line by line as long as it was: findings show lines of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

_SECRET = (
    rb"[\w.-]*(?:password|secrets?|token|credentials|key|url|uri|auth\w*|headers?|authorization"
    rb"|\.ya?ml\.gz|alertmanager\.ya?ml)"
)
_KEY = rb"[\"']?" + _SECRET + rb"[\"']?[ \t]*:"
_BELOW = re.compile(
    rb"(?i)^([ \t]*(?:-[ \t]+)*)[\"']?(?!alertmanager\.ya?ml)"
    + _KEY.removeprefix(rb"[\"']?")
    + rb"[ \t]*(?:[&!][^\s]*[ \t]*)*(?:[|>][-+0-9]*)?[ \t]*(?:#.*)?\r?$"
)
"""A key whose value stands below it. What stands below `alertmanager.yaml` is a configuration, read like any other."""
_ENTRY = re.compile(rb"[ \t]*(?:-[ \t]|[\w.\"'/-]+:(?:\s|$))")
_SECRETS = re.compile(rb"(?i)[\"']?secrets[\"']?[ \t]*:")
_QUOTED = rb"\"(?:[^\"\\]|\\.)*\"?|'(?:[^']|'')*'?"
_VALUE = re.compile(
    rb"(?i)((?:^|[\s{,\"'-])" + _KEY + rb"[ \t]*)(" + _QUOTED + rb"|[^\s{\[|>#][^\n]*|(?<=secrets:)[ \t]*\[[^\]]*\]?)"
)
_BASE64 = re.compile(rb"[A-Za-z0-9+/]{40,}=*\r?")
_MASK = b"<secret>"
_NAME = re.compile(rb"(?i)(?!alertmanager\.ya?ml)" + _SECRET)
_SHORTEST = 6
"""Characters of a secret; what is shorter is likelier to be a word that stands elsewhere, too."""


class Masked(Mapping[str, bytes]):
    """Texts by their paths, each without its secrets; it is worked out where one is looked at."""

    def __init__(self) -> None:
        self._raw: dict[str, bytes] = {}
        self._trees: dict[str, list[object]] = {}
        self._shown: dict[str, bytes] = {}

    def add(self, path: str, raw: bytes) -> None:
        """Add a text as it is."""
        self._raw[path] = raw
        self._shown.pop(path, None)

    def drop(self, path: str) -> None:
        """Take a text away, if it is there."""
        self._raw.pop(path, None)
        self._shown.pop(path, None)

    def hide(self, path: str, tree: object) -> None:
        """Hide what stands in a text under the keys of secrets, however the keys are written."""
        self._trees.setdefault(path, []).append(tree)
        self._shown.pop(path, None)

    def __getitem__(self, path: str) -> bytes:
        """Return a text without its secrets; raises KeyError where there is none."""
        if path not in self._shown:
            self._shown[path] = self._masked(path)
        return self._shown[path]

    def __contains__(self, path: object) -> bool:
        """Return whether there is a text; this works nothing out."""
        return path in self._raw

    def __iter__(self) -> Iterator[str]:
        """Return the paths."""
        return iter(self._raw)

    def __len__(self) -> int:
        """Return how many texts there are."""
        return len(self._raw)

    def _masked(self, path: str) -> bytes:
        text = masked(self._raw[path])
        hidden = {secret for tree in self._trees.get(path, ()) for secret in _secrets(tree)}
        for secret in sorted(hidden, key=len, reverse=True):
            text = text.replace(secret, _MASK)
        return text


def _secrets(value: object, *, inside: bool = False) -> Iterator[bytes]:
    """Yield the lines of the texts under a secret's key, but those that are too short to be one."""
    if isinstance(value, dict):
        for key, below in value.items():
            yield from _secrets(below, inside=inside or _NAME.fullmatch(str(key).encode()) is not None)
    elif isinstance(value, list):
        for below in value:
            yield from _secrets(below, inside=inside)
    elif inside and isinstance(value, str):
        yield from (line.strip().encode() for line in value.split("\n") if len(line.strip()) >= _SHORTEST)


def masked(raw: bytes) -> bytes:
    """Return the text with all that may be a secret replaced; it has the same number of lines."""
    lines: list[bytes] = []
    hidden: int | None = None
    whole = False
    for line in raw.split(b"\n"):
        text = line.strip()
        depth = len(line) - len(line.lstrip())
        goes_on = not text or (hidden is not None and (depth > hidden or (depth == hidden and text.startswith(b"- "))))
        if hidden is not None and goes_on and (not text or (whole or not _ENTRY.match(line))):
            lines.append(line[:depth] + _MASK if text else line)
            continue
        below = _BELOW.match(line)
        hidden = len(below[1]) if below else None
        whole = below is not None and (b"|" in line or b">" in line or _SECRETS.search(line) is not None)
        if below is not None:
            lines.append(line)
        else:
            lines.append(_MASK if _BASE64.fullmatch(text) else _VALUE.sub(rb"\1" + _MASK, line))
    return b"\n".join(lines)
