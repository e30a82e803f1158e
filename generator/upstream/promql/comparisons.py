"""The comparisons of a PromQL expression, with their positions in its text.

promql-parser gives a tree without positions. Whoever changes an expression wants all else in it to stay as its author
wrote it, so the text is cut into words here, and only the operands go through the parser.
"""

from __future__ import annotations

import operator
import re
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from generator.upstream.promql import promql

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

OPERATORS = ("==", "!=", ">=", "<=", ">", "<")


@dataclass(frozen=True, slots=True, kw_only=True)
class Operand:
    """An operand of a comparison: `text` begins at `start` in the expression."""

    text: str
    start: int

    @property
    def end(self) -> int:
        """Its end in the expression."""
        return self.start + len(self.text)

    def number(self) -> float | None:
        """Return the value of a constant operand (`14 * 86400`); None where it depends on series."""
        return constant(promql.parsed(self.text))

    def counts(self) -> bool:
        """Whether it counts series or samples: the result is 1 or more, or nothing at all."""
        tree = promql.bare(promql.parsed(self.text))
        match promql.kind(tree):
            case "AggregateExpr":
                return str(tree.op) in _COUNTS
            case "Call":
                return tree.func.name in _COUNTS
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A comparison of `left` with `right`; the operator begins at `start` in the expression."""

    operator: str
    start: int
    left: Operand
    right: Operand


def comparisons(expression: str) -> tuple[Comparison, ...]:
    """Return every comparison of an expression that promtool has accepted, from left to right."""
    words = tuple(_words(expression))
    pairs = []
    for place, word in enumerate(words):
        if word.text in OPERATORS:
            left, right = _left(words, place), _right(words, place)
            if left and right:
                pairs.append(
                    Comparison(
                        operator=word.text,
                        start=word.start,
                        left=_operand(expression, left),
                        right=_operand(expression, right),
                    )
                )
    return tuple(pairs)


def has_range(expression: str) -> bool:
    """Whether the expression looks back over a range: `x[5m]`, or a subquery."""
    return "[" in expression and any(word.text == "[" for word in _words(expression))


def words(expression: str) -> tuple[str, ...]:
    """Return all words of an expression, texts whole; blanks and comments between them say nothing."""
    return tuple(match[0] for match in _WORD.finditer(expression) if not match["blank"])


# ------------------------------------------------------------------------------------------- the text, in words


@dataclass(frozen=True, slots=True)
class _Word:
    text: str
    """The word; keywords in lower case, since PromQL accepts them in any case."""
    start: int
    end: int
    depth: int
    """How many parentheses are open; a parenthesis itself has the depth of what it encloses."""


_WORD = re.compile(
    r"""(?P<blank>\s+|\#[^\n]*)
    |"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`
    |==|!=|>=|<=|=~|!~
    |[A-Za-z_:][\w:]*
    |(?:0[xX][0-9a-fA-F]+|[0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+\.)
    |.""",
    re.VERBOSE | re.DOTALL,
)
_SETS = ("and", "or", "unless")
_MATCHING = ("on", "ignoring")
_GROUPING = ("group_left", "group_right")
_COUNTS = ("count", "count_values", "group", "absent", "absent_over_time", "count_over_time", "present_over_time")


def _words(expression: str) -> Iterator[_Word]:
    """Yield the words of an expression, without blanks and without what is inside braces and brackets."""
    depth, closes = 0, ""
    for match in _WORD.finditer(expression):
        text = match[0].lower()
        if closes:
            closes = "" if text == closes else closes
            continue
        if match["blank"]:
            continue
        if text == "(":
            depth += 1
        if text in "{[":
            closes = {"{": "}", "[": "]"}[text]
        # A range belongs to what it follows: its bracket stands for all of it.
        yield _Word(text, match.start(), match.end(), depth)
        if text == ")":
            depth -= 1


def _right(words: tuple[_Word, ...], place: int) -> tuple[int, int] | None:
    """Return where the right operand begins and ends."""
    begin = _after_modifiers(words, place + 1)
    end = next((number for number in range(begin, len(words)) if _ends(words[number], words[place])), len(words))
    last = words[end].start if end < len(words) else None
    return None if end == begin else (words[begin].start, -1 if last is None else last)


def _left(words: tuple[_Word, ...], place: int) -> tuple[int, int] | None:
    """Return where the left operand begins and ends."""
    before = range(place - 1, -1, -1)
    end = next((number for number in before if _ends(words[number], words[place])), -1)
    begin = _after_modifiers(words, end + 1) if end >= 0 else 0
    return None if begin >= place else (words[begin].start, words[place].start)


def _ends(word: _Word, compares: _Word) -> bool:
    """Whether an operand ends here: comparisons bind tighter than sets, and from left to right."""
    return word.depth <= compares.depth and (
        word.text in (*_SETS, *OPERATORS, ",") or (word.text in "()" and word.depth == compares.depth)
    )


def _after_modifiers(words: tuple[_Word, ...], place: int) -> int:
    """Return the place after `bool`, `on (...)` and `group_left (...)`."""
    while place < len(words):
        text = words[place].text
        following = words[place + 1].text if place + 1 < len(words) else ""
        if text == "bool":
            place += 1
        elif text in (*_MATCHING, *_GROUPING) and following == "(":
            depth = words[place + 1].depth
            place += 2
            while place < len(words) and not (words[place].text == ")" and words[place].depth == depth):
                place += 1
            place += 1
        elif text in _GROUPING:
            place += 1
        else:
            break
    return place


def _operand(expression: str, where: tuple[int, int]) -> Operand:
    start, end = where
    text = expression[start:] if end < 0 else expression[start:end]
    return Operand(text=_without_comments(text).rstrip(), start=start)


def _without_comments(text: str) -> str:
    """Return the text without a comment at its end, which would hide what is appended."""
    last = 0
    for match in _WORD.finditer(text):
        if not match["blank"]:
            last = match.end()
    return text[:last]


# ------------------------------------------------------------------------------------------- the parser's tree


def constant(node: Any) -> float | None:
    """Return the value of a constant part of the tree; None where it depends on series."""
    match promql.kind(node):
        case "NumberLiteral":
            return float(node.val)
        case "ParenExpr":
            return constant(node.expr)
        case "UnaryExpr":
            inside = constant(node.expr)
            return None if inside is None else -inside
        case "BinaryExpr":
            left, right = constant(node.lhs), constant(node.rhs)
            work = _ARITHMETIC.get(str(node.op))
            if left is None or right is None or work is None:
                return None
            with suppress(ArithmeticError):
                return work(left, right)
    return None


_ARITHMETIC: Mapping[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}
