"""An expression with what is known of it and around it: all that a lint of expressions looks at.

Nothing here knows a policy: the rules may be those of anybody's files.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from generator.diagnostics.diagnostic import Level

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from generator.diagnostics.diagnostic import PolicyPath
    from generator.upstream.promql.labels import Reader, Reading
    from generator.upstream.promql.records import Records
    from generator.upstream.promql.values import Values


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """The series that a unit test gives."""

    test: str
    series: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """A rule that sends alerts of some name: the labels that it sets, whose it is, for messages, and its expression."""

    labels: Mapping[str, str]
    owner: str
    expr: str
    waits: bool = True
    """Whether it may be pending: it has a `for`, or that is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleFacts:
    """What is known of a rule whose expression is judged."""

    name: str
    expr: str
    route: PolicyPath
    """The rule's place; findings add what they are about: `expr`, the key of a text, `page_each` with a number."""
    labels: Mapping[str, str]
    """As the rule sets them, without `alertname`."""
    records: bool = False
    heartbeat: bool = False
    """Whether it is meant to fire always."""
    texts: Mapping[str, str] = field(default_factory=dict)
    """Templates by the key under which the author knows them."""
    page_each: tuple[str, ...] = ()
    """The labels whose values the author wants to be told apart."""
    told_apart: tuple[str, ...] = ()
    """Those of them that do not tell all incidents apart anyway."""
    owned_by: str | None = None
    """The label whose values say whose its alerts are; None: it does not depend on the series."""
    urgent: Callable[[], bool] = bool
    """Whether somebody is paged at once; of a recording rule, whether anything that reads it does so."""
    acknowledge: timedelta | None = None
    """How soon somebody must have acknowledged it, where its ranges must be shorter than that."""
    hold: timedelta = timedelta()
    """Its `for`."""
    tests: tuple[Given, ...] = ()
    """The rule's own; of a recording rule those that depend on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """How messages speak of those who wrote the rules."""

    undefined: str = "which no rule defines"
    heartbeat: str = "if it shows that alerting works, name it `Watchdog` or `DeadMansSwitch`"
    removed: str = "the rule removes"
    """What is done to a label that a rule sets to "", before its name."""
    filled: Mapping[str, str] = field(default_factory=dict)
    """What to write in a text in place of a label that every rule sets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What is known around all expressions of a run; None where it is not known."""

    records: Records
    alerts: Callable[[], Mapping[str, tuple[Sender, ...]]]
    """All rules that send alerts, by the name of the alert."""
    version: tuple[int, ...] | None = None
    """Of Prometheus."""
    scrape: timedelta | None = None
    evaluate: timedelta | None = None
    every: Mapping[str, timedelta] = field(default_factory=dict)
    """The time between two samples of a recorded metric; of several rules, the shortest."""
    blank: Level = Level.WARNING
    """How bad a blank in a text is."""
    external: frozenset[str] = frozenset()
    """Labels that recorded series may have got where they are stored, beside those that their rules say."""
    words: Words = field(default_factory=Words)


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """An expression that could be parsed, with what it reads as."""

    rule: RuleFacts
    tree: Any
    reading: Reading
    reader: Reader
    values: Values
    around: Surroundings

    @property
    def name(self) -> str:
        """Return the name of the rule."""
        return self.rule.name

    @property
    def route(self) -> PolicyPath:
        """Return the expression's place."""
        return (*self.rule.route, "expr")
