"""Examples of the series that a selector takes, for tests that alertc writes itself."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple, cast

from generator.upstream.alertmanager import re2
from generator.upstream.alertmanager.match import Matcher
from generator.upstream.alertmanager.values import Undecided, suits, witness
from generator.upstream.promql.promql import NAME, quote

if TYPE_CHECKING:
    from collections.abc import Iterable

    from generator.upstream.alertmanager.match import Operator
    from generator.upstream.promql.promql import Selector


class Example(NamedTuple):
    """A series: its labels, the name among them, sorted."""

    labels: tuple[tuple[str, str], ...]

    @property
    def text(self) -> str:
        """The series as a test gives it."""
        inside = ",".join(f"{label}={quote(value)}" for label, value in self.labels if label != NAME)
        name = dict(self.labels)[NAME]
        return f"{name}{{{inside}}}" if inside else name

    def is_of(self, selectors: Iterable[Selector]) -> bool:
        """Return whether one of the selectors takes the series."""
        labels = dict(self.labels)
        return any(
            all(suits(labels.get(label, ""), matchers) for label, matchers in _asked(selector).items())
            for selector in selectors
        )


class Examples(NamedTuple):
    """Two series that differ in the labels asked for, but those that are `fixed`; none where it is not certain."""

    series: tuple[Example, ...]
    fixed: frozenset[str]
    """Labels that have but one value in what the selector takes."""


def examples(selector: Selector, labels: frozenset[str]) -> Examples:
    """Return two series that `selector` takes."""
    asked = _asked(selector)
    first, second, fixed = {}, {}, set()
    try:
        for label in sorted({*asked, *labels}):
            values = _values(label, asked.get(label, frozenset()), 2 if label in labels else 1)
            if not values:
                return Examples(series=(), fixed=frozenset())  # it takes nothing
            if label in labels and len(values) == 1:
                fixed.add(label)
            first[label], second[label] = values[0], values[-1]
    except (re2.NotAnExpression, re2.NotJudged, Undecided):
        return Examples(series=(), fixed=frozenset())
    both = (Example(tuple(pair for pair in one.items() if pair[1])) for one in (first, second))
    return Examples(series=tuple(both), fixed=frozenset(fixed))


def _asked(selector: Selector) -> dict[str, frozenset[Matcher]]:
    """Return what a selector asks of each label; its name is one."""
    asked: dict[str, set[Matcher]] = defaultdict(set)
    asked[NAME].add(Matcher(label=NAME, operator="=~", value=_A_NAME))
    if selector.metric:
        asked[NAME].add(Matcher(label=NAME, operator="=", value=selector.metric))
    for label, operator, value in selector.matchers:
        asked[label].add(Matcher(label=label, operator=cast("Operator", operator), value=value))
    return {label: frozenset(matchers) for label, matchers in asked.items()}


def _values(label: str, matchers: frozenset[Matcher], count: int) -> tuple[str, ...]:
    """Return up to `count` values that suit the matchers, those that read well first; of one alone, also ""."""
    if count == 1:
        value = witness(matchers)
        return () if value is None else (value,)
    found: list[str] = []
    others = set(matchers) | {Matcher(label=label, operator="!=", value="")}
    while len(found) < count:
        value = next((word for word in _WORDS if word not in found and suits(word, matchers)), None) or witness(others)
        if value is None:
            break
        found.append(value)
        others.add(Matcher(label=label, operator="!=", value=value))
    return tuple(found)


_WORDS = ("one", "two")
_A_NAME = "[a-zA-Z_:][a-zA-Z0-9_:]*"
