"""How large an expression may be: promtool's time grows with the cube of it, and a parser's stack has an end.

The text is measured, not the tree: it is judged before any parser sees it.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

MOST_CHARACTERS: Final = 20_000
MOST_OPERATORS: Final = 250
MOST_LEVELS: Final = 100
"""Of some 1,800 public rules the longest has 1,500 characters, 13 operators and 8 levels of parentheses."""

_WORD: Final = re.compile(
    r"""(?:\s+|\#[^\n]*)
    |"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?|`[^`]*`?
    |(?P<open>\()|(?P<close>\))
    |(?P<operator>==|!=|>=|<=|=~|!~|[-+*/%^<>=!\[]|(?:and|or|unless|atan2)(?![\w:]))
    |[A-Za-z_:][\w:]*
    |(?:0[xX][0-9a-fA-F]+|[0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]+)?)
    |.""",
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
"""An unterminated string takes the rest of the text, so that matching takes linear time."""


def oversize(expression: str) -> str | None:
    """Return what an expression has too much of (it follows "has"); None where its size is fine."""
    # Nearly every expression is shorter than it may have operators.
    if len(expression) <= MOST_OPERATORS and expression.count("(") <= MOST_LEVELS:
        return None
    return _measured(expression)


@lru_cache(maxsize=4096)
def _measured(expression: str) -> str | None:
    if len(expression) > MOST_CHARACTERS:
        return f"{len(expression):,} characters, more than the {MOST_CHARACTERS:,} that are allowed"
    operators = levels = deepest = 0
    for word in _WORD.finditer(expression):
        kind = word.lastgroup
        if kind == "operator":
            operators += 1
        elif kind == "open":
            levels += 1
            deepest = max(deepest, levels)
        elif kind == "close":
            levels -= 1
    if operators > MOST_OPERATORS:
        return f"{operators:,} operators, more than the {MOST_OPERATORS} that are allowed"
    if deepest > MOST_LEVELS:
        return f"{deepest:,} levels of parentheses, more than the {MOST_LEVELS} that are allowed"
    return None
