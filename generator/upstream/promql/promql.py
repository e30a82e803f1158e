"""What a PromQL expression says without being run; the parser is the `promql-parser` package."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from generator.upstream.alertmanager import re2
from generator.upstream.promql import size as promql_size

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator


NAME = "__name__"
"""The label that holds the name of a metric."""
CHOOSE = frozenset({"topk", "bottomk", "limitk", "limit_ratio"})
"""Aggregations that choose among series and leave them as they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selector:
    """A selector of series in an expression; `watched`: it is not inside `absent()`."""

    metric: str | None
    """The name of the metric, also where it is written as `{__name__="x"}`; None where it selects by a pattern."""
    matchers: tuple[tuple[str, str, str], ...]
    """Label, operator (`=`, `!=`, `=~`, `!~`) and value."""
    watched: bool

    @property
    def text(self) -> str:
        """The selector as text, without range and offset."""
        named = [f"{label}{operator}{quote(value)}" for label, operator, value in self.matchers]
        outside = self.metric if self.metric and f"{NAME}={quote(self.metric)}" not in named else ""
        inside = ",".join(named)
        return f"{outside}{{{inside}}}" if inside else outside or "{}"

    def reads(self, names: Collection[str]) -> Iterable[str]:
        """Return those of the metrics `names` that it selects, by name or by a pattern."""
        if self.metric is not None:
            return (self.metric,) if self.metric in names else ()
        asked = [(operator, value) for label, operator, value in self.matchers if label == NAME]
        return [name for name in names if all(takes(operator, value, name) for operator, value in asked)]


@lru_cache(maxsize=4096)
def parsed(expression: str) -> Any | None:
    """Return the tree of `expression`, or None where it cannot be parsed.

    None is not a finding: promtool has the last word on what is valid.
    """
    import promql_parser

    # The parser calls itself for each level, and some thousands of them end the process.
    if promql_size.oversize(expression):
        return None
    try:
        return promql_parser.parse(expression)
    except ValueError:
        return None


@lru_cache(maxsize=65536)
def selectors(expression: str) -> tuple[Selector, ...] | None:
    """Return every selector of `expression` in its order, or None where it cannot be parsed."""
    tree = parsed(expression)
    try:
        return None if tree is None else tuple(_walk(tree, watched=True))
    except RecursionError:
        return None  # nested some hundred deep, which nobody writes


def takes(operator: str, value: str, text: str) -> bool:
    """Whether a matcher of a selector accepts a value; True where that is not certain."""
    if operator in ("=", "!="):
        return (text == value) is (operator == "=")
    try:
        return re2.expression(value).matches(text) is (operator == "=~")
    except (re2.NotAnExpression, re2.NotJudged):
        return True


def why_not(expression: str) -> str:
    """Return why an expression cannot be analysed, in the parser's words where it has some."""
    import promql_parser

    if promql_size.oversize(expression):
        return "it is too large"
    try:
        promql_parser.parse(expression)
    except ValueError as error:
        return str(error)
    return "it is nested too deeply"


def alike(expression: str, service: str) -> str:
    """Return `expression` with a placeholder for the service's name, so that expressions alike are judged once."""
    return expression.replace(f'"{service}"', '"$service"')


@lru_cache(maxsize=4096)
def no_condition(expression: str) -> str | None:
    """Return what `expression` yields where no rule can use that ("a range"); None where one can, or on bad syntax."""
    if "[" not in expression and '"' not in expression and "'" not in expression and "`" not in expression:
        return None  # neither a range nor a text, and nothing to be parsed once more
    tree = parsed(expression)
    return None if tree is None else _UNUSABLE.get(kind(bare(tree)))


def metrics(expression: str) -> frozenset[str]:
    """Return the names of the metrics that `expression` reads by name; empty where it cannot be parsed."""
    return frozenset(selector.metric for selector in selectors(expression) or () if selector.metric)


def by_name(expression: str) -> bool:
    """Return whether each selector of `expression` names its metric; not where it cannot be parsed."""
    known = selectors(expression)
    return known is not None and all(selector.metric for selector in known)


def read_of(names: Collection[str], expression: str) -> frozenset[str]:
    """Return those of the metrics `names` that `expression` reads, by name or by a pattern; none without a tree."""
    return frozenset(name for selector in selectors(expression) or () for name in selector.reads(names))


def has_offset(expression: str) -> bool:
    """Return whether `expression` reads samples of earlier; also where it cannot be parsed."""
    tree = parsed(expression)
    return tree is None or any((getattr(node, "offset", None) or timedelta()) > timedelta() for node in every(tree))


@lru_cache(maxsize=4096)
def latest(expression: str) -> frozenset[str]:
    """Return the metrics of which `expression` reads the latest sample, not a range; empty where it is not parsed."""
    tree = parsed(expression)
    if tree is None:
        return frozenset()
    found: set[str] = set()
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if kind(node) == "VectorSelector":
            found.update(name for name in (metric_of(node),) if name)
        elif kind(node) not in ("MatrixSelector", "SubqueryExpr"):
            waiting.extend(below(node))
    return frozenset(found)


@lru_cache(maxsize=4096)
def reaches(expression: str) -> tuple[tuple[str | None, timedelta], ...]:
    """Return each metric that `expression` reads (None: by a pattern), and how far back; empty without a tree."""
    tree = parsed(expression)
    try:
        return () if tree is None else tuple(_reached(tree, timedelta()))
    except RecursionError:
        return ()


def quote(text: str) -> str:
    """Return `text` as a PromQL (and Alertmanager) string in double quotes."""
    if text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    return json.dumps(text, ensure_ascii=False)


def selector(series: str) -> Any | None:
    """Return a series of a test as a selector; None where promtool alone can read it."""
    tree = parsed(series)
    return tree if kind(tree) == "VectorSelector" else None


def kind(node: Any) -> str:
    """Return the name of the node's type, by which nodes of the parser's tree are told apart."""
    return type(node).__name__


def bare(node: Any) -> Any:
    """Return `node` without the parentheses around it."""
    while kind(node) == "ParenExpr":
        node = node.expr
    return node


def is_number(node: Any) -> bool:
    """Whether `node` yields one number, which has no labels, and not series."""
    match kind(node):
        case "NumberLiteral":
            return True
        case "ParenExpr" | "UnaryExpr":
            return is_number(node.expr)
        case "Call":
            return str(node.func.return_type) == "ValueType.Scalar"
        case "BinaryExpr":
            return is_number(node.lhs) and is_number(node.rhs)
    return False


def below(node: Any) -> tuple[Any, ...]:
    """Return the parts of `node` that are expressions themselves, from left to right."""
    match kind(node):
        case "BinaryExpr":
            return (node.lhs, node.rhs)
        case "Call":
            return tuple(node.args)
        case "AggregateExpr":
            return (node.expr,) if node.param is None else (node.param, node.expr)
        case "SubqueryExpr" | "Subquery" | "UnaryExpr" | "ParenExpr":
            return (node.expr,)
        case "MatrixSelector":
            return (node.vector_selector,)
    return ()


def every(node: Any) -> Iterator[Any]:
    """Yield `node` and all nodes below it, from left to right."""
    waiting = [node]
    while waiting:
        part = waiting.pop()
        yield part
        waiting.extend(reversed(below(part)))


def written(node: Any) -> str:
    """Return the text of `node` as people write it, shortened where it is long."""
    text = re.sub(r"\s+", " ", str(node)).replace("{}", "").replace(")(", ") (")
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def identity(node: Any) -> str:
    """Return a text that two parts share only where they mean the same: the parser's own rounds and leaves out."""
    lengths = [(kind(part), *(getattr(part, name, None) for name in _LENGTHS)) for part in every(node)]
    return f"{node} {[found for found in lengths if any(found[1:])]}"


def metric_of(selector: Any) -> str | None:
    """Return the name of the metric that a selector reads, also where it is written as `{__name__="x"}`."""
    if selector.name:
        return str(selector.name)
    named = [
        matcher.value for matcher in selector.matchers.matchers if matcher.name == NAME and str(matcher.op) == _EQUAL
    ]
    return str(named[0]) if named else None


def selected(selector: Any, *, watched: bool = True) -> Selector:
    """Return what the node of a selector selects."""
    return Selector(metric=metric_of(selector), matchers=matchers(selector), watched=watched)


def matchers(selector: Any) -> tuple[tuple[str, str, str], ...]:
    """Return the matchers of a selector that all hold: label, operator and value."""
    return tuple((matcher.name, _OPERATORS[str(matcher.op)], matcher.value) for matcher in selector.matchers.matchers)


def _walk(node: Any, *, watched: bool) -> Iterator[Selector]:
    if kind(node) == "VectorSelector":
        yield selected(node, watched=watched)
        return
    inside = watched and not (kind(node) == "Call" and node.func.name.startswith("absent"))
    for part in below(node):
        yield from _walk(part, watched=inside)


def _reached(node: Any, above: timedelta) -> Iterator[tuple[str | None, timedelta]]:
    offset = getattr(node, "offset", None) or timedelta()
    back = above + max(offset, timedelta()) + (getattr(node, "range", None) or timedelta())
    if kind(node) == "VectorSelector":
        yield metric_of(node), back
    for part in below(node):
        yield from _reached(part, back)


_LONGEST = 90
_LENGTHS = ("offset", "range", "step")
_EQUAL = "MatchOp.Equal"
_UNUSABLE = {"MatrixSelector": "a range", "Subquery": "a range", "SubqueryExpr": "a range", "StringLiteral": "a text"}
_OPERATORS = {"MatchOp.Equal": "=", "MatchOp.NotEqual": "!=", "MatchOp.Re": "=~", "MatchOp.NotRe": "!~"}
