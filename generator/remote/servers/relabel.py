"""What Prometheus makes of an alert's labels before it is sent: external labels, then `alert_relabel_configs`.

Source: Prometheus' notifier (`relabelAlerts`) and model/relabel/relabel.go.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from generator.upstream.alertmanager import re2

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Labels = dict[str, str]


class NotJudged(ValueError):
    """A relabelling rule that alertc cannot evaluate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Relabel:
    """One entry of `alert_relabel_configs`."""

    action: str
    sources: tuple[str, ...]
    separator: str
    regex: str
    target: str
    replacement: str
    modulus: int

    def of(self, labels: Labels) -> Labels | None:
        """Return the labels after this step; None where it drops the alert."""
        value = self.separator.join(labels.get(name, "") for name in self.sources)
        match self.action:
            case "keep" | "drop":
                return labels if self._matches(value) == (self.action == "keep") else None
            case "keepequal" | "dropequal":
                return labels if (labels.get(self.target, "") == value) == (self.action == "keepequal") else None
            case "labeldrop" | "labelkeep":
                return {
                    name: text for name, text in labels.items() if self._matches(name) == (self.action == "labelkeep")
                }
            case "labelmap":
                mapped = {
                    _expanded(self.replacement, match): text
                    for name, text in labels.items()
                    if (match := self._groups(name))
                }
                return _without_empty({**labels, **mapped})
            case "lowercase" | "uppercase":
                return _without_empty({**labels, self.target: getattr(value, self.action.removesuffix("case"))()})
            case "hashmod":
                digest = hashlib.md5(value.encode(), usedforsecurity=False).digest()
                return {**labels, self.target: str(int.from_bytes(digest[8:], "big") % self.modulus)}
            case "replace":
                return self._replaced(labels, value)
        raise NotJudged(f"the action {self.action} is not known here")

    def _replaced(self, labels: Labels, value: str) -> Labels:
        match = self._groups(value)
        if match is None:
            return labels
        target = _expanded(self.target, match)
        if not target:
            return labels
        if not _NAME.fullmatch(target):
            raise NotJudged(f"the label name `{target}`, which Prometheus takes from version 3 on")
        return _without_empty({**labels, target: _expanded(self.replacement, match)})

    def _matches(self, text: str) -> bool:
        try:
            return re2.expression(self.regex).matches(text)
        except ValueError as error:
            raise NotJudged(f"the regular expression `{self.regex}`: {error}") from None

    def _groups(self, text: str) -> re.Match[str] | None:
        # Python's groups are Go's where the expression is plain; what only one of them knows is not judged.
        if _UNLIKE.search(self.regex) or _may_take_long(self.regex):
            raise NotJudged(f"the regular expression `{self.regex}` with what it captures")
        if not self._matches(text):
            return None
        return re.compile(self.regex, re.ASCII).fullmatch(text)


_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_UNLIKE = re.compile(r"\(\?(?!:)|\\[^.\-/dwsDWS\\]|\[\[|[*+?}]\+")


def _may_take_long(regex: str) -> bool:
    """Return whether matching in Python may backtrack exponentially; the expression is not trusted."""
    return re.search(r"\)[*+?{]", regex) is not None or len(re.findall(r"[*+?{]", regex)) > 4


_VARIABLE = re.compile(r"\$(?:\$|(\w+)|\{(\w+)\})", re.ASCII)


def _expanded(template: str, match: re.Match[str]) -> str:
    def value(variable: re.Match[str]) -> str:
        name = variable[1] or variable[2]
        if name is None:
            return "$"
        number = int(name) if name.isdecimal() else None
        return (match[number] or "") if number is not None and number <= (match.re.groups) else ""

    return _VARIABLE.sub(value, template)


def _without_empty(labels: Labels) -> Labels:
    return {name: value for name, value in labels.items() if value}


def read(config: object) -> tuple[Relabel, ...]:
    """Return the relabelling steps of a Prometheus configuration; raises NotJudged where they are malformed."""
    entries = config if isinstance(config, list) else []
    return tuple(_read(entry) for entry in entries)


def _read(entry: Any) -> Relabel:
    if not isinstance(entry, dict):
        raise NotJudged("an entry that is no mapping")
    modulus = str(entry.get("modulus", "0"))
    sources = entry.get("source_labels") or []
    if not isinstance(sources, list):
        raise NotJudged("an entry whose source_labels are no list")
    return Relabel(
        action=str(entry.get("action", "replace")).lower(),
        sources=tuple(map(str, sources)),
        separator=str(entry.get("separator", ";")),
        regex=str(entry.get("regex", "(.*)")),
        target=str(entry.get("target_label", "")),
        replacement=str(entry.get("replacement", "$1")),
        modulus=int(modulus) if modulus.isdecimal() and len(modulus) < 20 and int(modulus) else 1,
    )


def sent(labels: Mapping[str, str], external: Mapping[str, str], rules: Iterable[Relabel]) -> Labels | None:
    """Return the labels with which an alert is sent; None where it is dropped. Raises NotJudged."""
    sent_labels: Labels | None = {**external, **{name: value for name, value in labels.items() if value}}
    for rule in rules:
        if sent_labels is not None:
            sent_labels = rule.of(sent_labels)
    return sent_labels
