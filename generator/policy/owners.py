"""Whose an alert is where only its series know: each value of a label belongs to one service."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from generator.upstream.alertmanager import re2
from generator.upstream.alertmanager.match import Matcher

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from generator.diagnostics.diagnostic import Place

BY_OWNER = "owners"
"""In `each`: one rule, whose alerts belong to the service that `owners` names for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owners:
    """Values of a label and the services that own what has them."""

    by: str = ""
    """The label; "" where all belongs to `otherwise`."""
    map: Mapping[str, str] = field(default_factory=dict)
    """Regular expressions, which match whole values as those of matchers do, and services."""
    otherwise: str
    """The service that owns every other value, and what lacks the label."""
    files: tuple[str, ...] = ()
    """Files of others that say whose values are; `map` has what they say, once they are read."""
    value: str = ""
    """By which annotation or label a catalogue says the value; "" for the usual one."""
    folder: str = ""
    """Where the folders of a CODEOWNERS lie that are called as values."""
    aliases: Mapping[str, str] = field(default_factory=dict)
    """Owners as the files call them, and services."""
    places: Mapping[str, Place] = field(default_factory=dict, compare=False)
    """Where the files say an entry of the map; those by hand stand in the policy."""

    @property
    def patterns(self) -> Mapping[str, str]:
        """The regular expression for each service but `otherwise`: all that the map says of it, in one."""
        of: dict[str, list[str]] = {}
        for pattern, service in self.map.items():
            if service != self.otherwise:
                of.setdefault(service, []).append(pattern)
        return {service: _any(patterns) for service, patterns in of.items()}

    def of(self, value: str) -> str:
        """Return the service that owns what has this value of the label, "" for none."""
        suits = (service for service, pattern in self.patterns.items() if re2.expression(pattern).matches(value))
        return next(suits, self.otherwise)

    def entries(self, service: str, value: str | None) -> tuple[str, ...]:
        """Return the expressions of the map by which a service owns this value; without one, all that it owns by."""
        own = (pattern for pattern, owner in self.map.items() if owner == service)
        return tuple(pattern for pattern in own if value is None or re2.expression(pattern).matches(value))

    def matcher(self, services: Iterable[str]) -> Matcher:
        """Return what the label suits where one of these services is the owner; `otherwise` owns what no other does."""
        some = {*services}
        excludes = self.otherwise in some
        named = [pattern for service, pattern in self.patterns.items() if (service in some) is not excludes]
        return Matcher(label=self.by, operator="!~" if excludes else "=~", value=_any(named))

    @property
    def services(self) -> tuple[str, ...]:
        """Every owner once, `otherwise` last."""
        return (*self.patterns, self.otherwise)


def read(entry: Mapping[str, Any]) -> Owners:
    """Return what `owners` of a policy says."""
    return Owners(
        by=entry.get("by", ""),
        map=entry.get("map", {}),
        otherwise=entry["otherwise"],
        files=tuple(entry.get("from", ())),
        value=entry.get("value", ""),
        folder=entry.get("folder", ""),
        aliases=entry.get("as", {}),
    )


def _any(patterns: list[str]) -> str:
    """Return the regular expression that matches what one of several matches; flags stay within each."""
    return patterns[0] if len(patterns) == 1 else "|".join(f"(?:{pattern})" for pattern in patterns)
