"""Which values a label can have where some matchers accept it and others do not: decided, not guessed.

A matcher on one label is a regular language. Several are followed side by side, over as few characters as they can tell
apart, until a value is found that suits all of them, or every way has been gone (the product of deterministic automata,
built as far as it is needed: M. O. Rabin and D. Scott, 1959).
"""

from __future__ import annotations

import re
from collections import deque
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

from generator.upstream.alertmanager import re2

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from generator.upstream.alertmanager.match import Matcher

Limits = frozenset["Matcher"]
"""What every value of a label suits; "" is the value of a label that is not there. Empty: any value can be."""
MOST_STATES = 2_000
"""So many are looked at before a question is left undecided."""


class Undecided(Exception):
    """Whether there is such a value was not found out within `MOST_STATES`."""


def witness(matchers: Iterable[Matcher]) -> str | None:
    """Return a shortest value that all matchers on a label accept; None where there is none.

    "" is a value: that of a label which an alert lacks. Raises Undecided, and what `re2.expression` raises.
    """
    return _witness(frozenset(matchers))


def may_be(matchers: Iterable[Matcher]) -> bool:
    """Return whether there may be a value that all matchers on a label accept: False where there is surely none."""
    try:
        return witness(matchers) is not None
    except Undecided:
        return True


def suits(value: str, matchers: Iterable[Matcher]) -> bool:
    """Return whether all matchers on a label accept the value."""
    return all(matcher.accepts(value) for matcher in matchers)


@lru_cache(maxsize=65536)
def _witness(matchers: frozenset[Matcher]) -> str | None:
    named = [words for matcher in matchers if (words := _words(matcher)) is not None]
    # "" first: most matchers that reject a value accept it, and it needs no automaton.
    candidates = min(named, key=frozenset.__len__) if named else ("",)
    for word in sorted(candidates, key=lambda word: (len(word), word)):
        if suits(word, matchers):
            return word
    return None if named else _shortest([(_expression(matcher), _accepts_matches(matcher)) for matcher in matchers])


def _words(matcher: Matcher) -> frozenset[str] | None:
    """Return the only values that a matcher accepts; None where it does not name them."""
    if matcher.operator == "=":
        return frozenset((matcher.value,))
    if matcher.operator == "=~":
        expression = re2.expression(matcher.value)
        return expression.words if isinstance(expression, re2.Words) else None
    return None


def _expression(matcher: Matcher) -> re2.Expression:
    return re2.automaton(matcher.value if "~" in matcher.operator else re.escape(matcher.value))


def _accepts_matches(matcher: Matcher) -> bool:
    return matcher.operator in ("=", "=~")


def _shortest(wanted: Sequence[tuple[re2.Expression, bool]]) -> str | None:
    """Return the shortest text that each expression matches or, where it is not wanted, does not match."""
    letters = _letters([expression for expression, _ in wanted])
    begin = tuple(expression.begin for expression, _ in wanted)
    waiting = deque([(begin, "")])
    known = {begin}
    while waiting:
        states, text = waiting.popleft()
        if all(expression.ends(state) == accepts for (expression, accepts), state in zip(wanted, states, strict=True)):
            return text
        for letter in letters:
            after = tuple(
                [
                    state.then.get(letter) or expression.after(state, letter)
                    for (expression, _), state in zip(wanted, states, strict=True)
                ]
            )
            if after in known:
                continue
            if len(known) >= MOST_STATES:
                raise Undecided(f"more than {MOST_STATES:,} states")
            known.add(after)
            waiting.append((after, text + letter))
    return None


def _letters(expressions: Iterable[re2.Expression]) -> tuple[str, ...]:
    """Return a character for each set of characters that no expression tells apart, those that read well first."""
    cuts = {0, *(cut for expression in expressions for cut in expression.cuts())}
    edges = [*sorted(cuts), re2.LAST + 1]
    letters = (_readable(first, beyond) for first, beyond in pairwise(edges))
    return tuple(sorted((letter for letter in letters if letter), key=_rank))


_SURROGATES = range(0xD800, 0xE000)
_GOOD = (*map(ord, "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_-"), *range(33, 127), 32)


def _readable(first: int, beyond: int) -> str | None:
    """Return the character between two numbers that reads best; None where there are only surrogates."""
    best = next((code for code in _GOOD if first <= code < beyond), None)
    if best is not None:
        return chr(best)
    if first in _SURROGATES:
        first = _SURROGATES.stop
    codes = range(first, min(beyond, first + 4096))
    printable = next((code for code in codes if code not in _SURROGATES and chr(code).isprintable()), None)
    if printable is not None:
        return chr(printable)
    return chr(first) if first < beyond else None


def _rank(letter: str) -> tuple[int, int]:
    code = ord(letter)
    return (_GOOD.index(code), 0) if code in _GOOD else (len(_GOOD) + (not letter.isprintable()), code)
