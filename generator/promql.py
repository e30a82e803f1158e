"""What can be read off a PromQL expression without running it. The parser is the `promql-parser` package."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True, kw_only=True)
class Selector:
    """One place where an expression reads series. `watched`: it is not inside `absent()`."""

    metric: str | None
    matchers: tuple[tuple[str, str, str], ...]
    """Label, operator (`=`, `!=`, `=~`, `!~`) and value."""
    watched: bool

    @property
    def text(self) -> str:
        """The selector alone: no range, no offset."""
        inside = ",".join(f"{label}{operator}{quote(value)}" for label, operator, value in self.matchers)
        return f"{self.metric or ''}{{{inside}}}" if inside else self.metric or "{}"


@lru_cache(maxsize=65536)
def selectors(expression: str) -> tuple[Selector, ...] | None:
    """Return every selector of `expression` in its order, or None where it cannot be parsed.

    None is not a finding: promtool has the last word on what is valid.
    """
    import promql_parser

    try:
        tree = promql_parser.parse(expression)
    except ValueError:
        return None
    return tuple(_walk(tree, watched=True))


def no_condition(expression: str) -> str | None:
    """Return what `expression` yields where no rule can use it; None where one can, or where it cannot be parsed."""
    import promql_parser

    if "[" not in expression and '"' not in expression and "'" not in expression and "`" not in expression:
        return None  # neither a range nor a text, and nothing to be parsed once more
    try:
        tree: Any = promql_parser.parse(expression)
    except ValueError:
        return None
    while type(tree).__name__ == "ParenExpr":
        tree = tree.expr
    return _UNUSABLE.get(type(tree).__name__)


def metrics(expression: str) -> frozenset[str]:
    """Return the names of the metrics that `expression` reads; empty where it cannot be parsed."""
    return frozenset(one.metric for one in selectors(expression) or () if one.metric)


def quote(text: str) -> str:
    """Return `text` as a PromQL (and Alertmanager) string in double quotes."""
    return json.dumps(text, ensure_ascii=False)


def _walk(node: Any, *, watched: bool) -> Iterator[Selector]:
    kind = type(node).__name__
    if kind == "VectorSelector":
        yield Selector(
            metric=node.name,
            matchers=tuple((one.name, _OPERATORS[str(one.op)], one.value) for one in node.matchers.matchers),
            watched=watched,
        )
    elif kind == "MatrixSelector":
        yield from _walk(node.vector_selector, watched=watched)
    elif kind == "BinaryExpr":
        yield from _walk(node.lhs, watched=watched)
        yield from _walk(node.rhs, watched=watched)
    elif kind == "Call":
        inside = watched and not node.func.name.startswith("absent")
        for argument in node.args:
            yield from _walk(argument, watched=inside)
    elif kind in ("AggregateExpr", "SubqueryExpr", "UnaryExpr", "ParenExpr"):
        yield from _walk(node.expr, watched=watched)


_UNUSABLE = {"MatrixSelector": "a range", "Subquery": "a range", "SubqueryExpr": "a range", "StringLiteral": "a text"}
_OPERATORS = {"MatchOp.Equal": "=", "MatchOp.NotEqual": "!=", "MatchOp.Re": "=~", "MatchOp.NotRe": "!~"}
