"""What others wrote, as it was read: rules and a configuration, each entry with its place in its file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.system.record import record

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import timedelta

    from generator.behaviour.behaviour import Behaviour, Rule
    from generator.diagnostics.diagnostic import Diagnostic, EntryPath, Place
    from generator.upstream.features import Feature


@record
class WrittenRule:
    """A rule and the place of its first line."""

    rule: Rule
    place: Place
    limit: int
    """The most series that its group allows a rule; 0: any number."""
    offset: timedelta
    """How far back its group evaluates."""


@record
class RuleFiles:
    """All rules of some files, in the order of the files."""

    rules: tuple[WrittenRule, ...]
    tested: frozenset[str]
    """The names of the alerts that unit tests among the files expect, firing or not."""
    sources: Mapping[str, bytes]
    """The text of each file that was read, by its path as it was given."""
    features: tuple[tuple[Feature, Place], ...]
    """The versioned keys that groups and rules use, each with the group that uses it first."""
    findings: tuple[Diagnostic, ...]
    """What could not be read, and files without a rule."""


@record
class Configuration:
    """An Alertmanager configuration: what it does, and where its entries stand."""

    behaviour: Behaviour
    """Without rules, escalations and services."""
    tree: Mapping[str, object]
    """What it says, as one configuration, with all secrets still in it: never to be shown."""
    doubted: frozenset[EntryPath]
    """Routes with a matcher that is not judged, and is left out of the behaviour: they may take less than it says."""
    place: Callable[[EntryPath], Place]
    """Where an entry of the tree stands; that of the nearest mapping around it."""
    sources: Mapping[str, bytes]
    findings: tuple[Diagnostic, ...]
