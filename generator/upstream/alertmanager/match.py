"""Which routes an alert takes: matchers and routing as Alertmanager does them.

Sources: Alertmanager's pkg/labels/parse.go (matchers), dispatch/route.go (`Route.Match`, inheritance). Since 0.27
Alertmanager has a second parser for matchers; what both read is taken as the first reads it (matcher/compat/parse.go).
What only the second reads, labels in quotes, is refused here: 0.25 does not load it.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, cast

from generator.upstream.alertmanager import re2

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import timedelta

    from generator.diagnostics.diagnostic import EntryPath

Operator = Literal["=", "!=", "=~", "!~"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Matcher:
    """A condition on the value of a label; a label that an alert lacks has the empty value."""

    label: str
    operator: Operator
    value: str

    def __str__(self) -> str:
        """Return the matcher as Alertmanager writes it."""
        value = self.value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        return f'{self.label}{self.operator}"{value}"'

    def negated(self) -> Matcher:
        """Return the matcher that accepts the other values."""
        operator = cast("Operator", {"=": "!=", "!=": "=", "=~": "!~", "!~": "=~"}[self.operator])
        return Matcher(label=self.label, operator=operator, value=self.value)

    def accepts(self, value: str) -> bool:
        """Return whether a label with this value matches. Regular expressions match the whole value."""
        if self.operator in ("=", "!="):
            return (value == self.value) == (self.operator == "=")
        return re2.expression(self.value).matches(value) == (self.operator == "=~")


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteNode:
    """A node of the routing tree with its inherited settings; `where` is its path in the file."""

    receiver: str
    matchers: tuple[Matcher, ...]
    group_by: tuple[str, ...]
    """The labels to group by, sorted; `("...",)` where each alert is a group of its own."""
    group_wait: timedelta
    group_interval: timedelta
    repeat_interval: timedelta
    continues: bool
    active: tuple[str, ...]
    mute: tuple[str, ...]
    children: tuple[RouteNode, ...]
    where: EntryPath


def routes_of(node: RouteNode, labels: Mapping[str, str]) -> tuple[RouteNode, ...]:
    """Return the nodes that notify about an alert with these labels, in their order; empty where `node` does not match.

    The children are asked in turn until one matches that does not continue; a node itself notifies only where none of
    its children does (dispatch/route.go, `Route.Match`).
    """
    if not matches(node.matchers, labels):
        return ()
    nodes: list[RouteNode] = []
    for child in node.children:
        below = routes_of(child, labels)
        nodes.extend(below)
        if below and not child.continues:
            break
    return tuple(nodes) or (node,)


class Router:
    """Answers `routes_of` for many alerts of one tree, in time that hardly depends on the size of the tree.

    The answer depends only on the labels that some matcher names (`reads`), so it is remembered by their values. And
    of a node's children only those are asked that can match: they are kept by the value that they demand of the one
    label for which most of them demand one.
    """

    def __init__(self, root: RouteNode) -> None:
        self.root = root
        self.reads = tuple(sorted({matcher.label for node in every_node(root) for matcher in node.matchers}))
        self._known: dict[tuple[str, ...], tuple[RouteNode, ...]] = {}
        self._asked: dict[str, tuple[Matcher, ...]] | None = None
        self._answers: dict[tuple[str, str], tuple[bool, ...]] = {}
        self._indexes: dict[int, _Index] = {}

    def key(self, labels: Mapping[str, str]) -> tuple[str, ...]:
        """Return the values of the labels that the routes of an alert depend on."""
        return tuple([labels.get(label, "") for label in self.reads])

    def answers(self, labels: Mapping[str, str]) -> tuple[tuple[bool, ...], ...]:
        """Return what the matchers of all routes say of these labels: alerts that agree in it take the same routes."""
        if self._asked is None:
            asked: dict[str, dict[Matcher, None]] = defaultdict(dict)
            for node in every_node(self.root):
                for matcher in node.matchers:
                    asked[matcher.label][matcher] = None
            self._asked = {label: tuple(matchers) for label, matchers in asked.items()}
        return tuple(self._answers_of(label, labels.get(label, "")) for label in self.reads if label in labels)

    def _answers_of(self, label: str, value: str) -> tuple[bool, ...]:
        key = (label, value)
        known = self._answers.get(key)
        if known is None:
            matchers = (self._asked or {}).get(label, ())
            known = self._answers[key] = tuple(matcher.accepts(value) for matcher in matchers)
        return known

    def candidates(self, node: RouteNode, labels: Mapping[str, str], *, others: bool = False) -> tuple[RouteNode, ...]:
        """Return the children that can match an alert with these labels, and with `others` whose values nobody knows.

        Those that it lacks are among the labels then, as "".
        """
        if len(node.children) < 8:
            return node.children
        index = self._indexes.get(id(node))
        if index is None:
            index = self._indexes[id(node)] = _Index(node.children)
        return node.children if others and index.label not in labels else index.candidates(labels)

    def routes_of(self, labels: Mapping[str, str]) -> tuple[RouteNode, ...]:
        """Return what the function `routes_of` returns for the root."""
        key = self.key(labels)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._below(self.root, labels)
        return known

    def _below(self, node: RouteNode, labels: Mapping[str, str]) -> tuple[RouteNode, ...]:
        if not matches(node.matchers, labels):
            return ()
        nodes: list[RouteNode] = []
        for child in self.candidates(node, labels):
            below = self._below(child, labels)
            nodes.extend(below)
            if below and not child.continues:
                break
        return tuple(nodes) or (node,)


class _Index:
    """Routes by the value that they demand of a label; those that demand none are listed under every value."""

    def __init__(self, nodes: tuple[RouteNode, ...]) -> None:
        demands = [
            {matcher.label: matcher.value for matcher in node.matchers if matcher.operator == "="} for node in nodes
        ]
        counts: dict[str, int] = defaultdict(int)
        for demand in demands:
            for label in demand:
                counts[label] += 1
        values = {label: {demand[label] for demand in demands if label in demand} for label in counts}
        # A label that splits them into many values spares more than one that all demand alike.
        self.label = max(counts, key=lambda label: (len(values[label]), label), default="")
        by_value: dict[str, list[RouteNode]] = {value: [] for value in values.get(self.label, ())}
        self._free = tuple(node for node, demand in zip(nodes, demands, strict=True) if self.label not in demand)
        for node, demand in zip(nodes, demands, strict=True):
            wanted = demand.get(self.label)
            for value in by_value if wanted is None else (wanted,):
                by_value[value].append(node)
        self._by_value = {value: tuple(routes) for value, routes in by_value.items()}

    def candidates(self, labels: Mapping[str, str]) -> tuple[RouteNode, ...]:
        """Return the routes that can match, in their order."""
        return self._by_value.get(labels.get(self.label, ""), self._free)


def matches(matchers: Iterable[Matcher], labels: Mapping[str, str]) -> bool:
    """Return whether every matcher accepts its label."""
    # A loop: it is asked a million times, and half as dear as `all` of a generator.
    for matcher in matchers:  # noqa: SIM110
        if not matcher.accepts(labels.get(matcher.label, "")):
            return False
    return True


def every_node(node: RouteNode) -> Iterator[RouteNode]:
    """Yield the node and all below it, in the order of the file."""
    yield node
    for child in node.children:
        yield from every_node(child)


@lru_cache(maxsize=65536)
def parse(text: str) -> tuple[Matcher, ...]:
    """Return the matchers in an entry of `matchers`: `severity=~"P0|P1"`, `{a="1", b!="2"}`.

    Raises ValueError, in Alertmanager's words where it has some, where it would refuse the entry too, and
    re2.NotJudged where a regular expression is read in several ways.
    """
    simple = _SIMPLE.fullmatch(text)
    if simple is not None:  # thousands of routes have such alone
        label, operator, value = simple.groups()
        return (of(label, cast("Operator", operator), value),)
    inside = text.removeprefix("{").removesuffix("}")
    return tuple(_matcher(part) for part in _split(inside))


def parse_utf8(text: str) -> tuple[Matcher, ...]:
    """Return the matchers in an entry that Alertmanager reads since 0.27 alone: `"label.of.otel"="x"`, `größe=~"1|2"`.

    Raises what `parse` raises. Source: matcher/parse/lexer.go, parse.go.
    """
    inside = _OUTER_SPACE.sub("", text)
    if inside.startswith("{") and inside.endswith("}"):
        inside = inside[1:-1]
    matchers, position = [], 0
    while position < len(inside):
        match = _UTF8_MATCHER.match(inside, position)
        if match is None:
            raise ValueError(f"bad matcher format: {text}")
        quoted_label, label, operator, quoted_value, value = match.groups()
        matchers.append(
            of(
                _go_unquoted(quoted_label, text) if label is None else label,
                cast("Operator", operator),
                _go_unquoted(quoted_value, text) if value is None else value,
            )
        )
        position = match.end()
    return tuple(matchers)


def of(label: str, operator: Operator, value: str) -> Matcher:
    """Return the matcher; raises ValueError where its regular expression is invalid, or re2.NotJudged."""
    if operator in ("=~", "!~") and not re2.is_list(value):
        try:
            re2.expression(value)
        except re2.NotAnExpression as error:
            raise ValueError(f"`{value}` is not a regular expression: {error}") from None
        except re2.NotJudged as error:
            raise re2.NotJudged(f"in `{value}`, {error}") from None
    return Matcher(label=label, operator=operator, value=value)


def one_of(label: str, values: Iterable[str]) -> Matcher:
    """Return a matcher that accepts these values and no other."""
    return of(label, "=~", "|".join(map(re.escape, values)))


# What Go's `\s` is, and its unicode.IsSpace: Python's count more.
_BLANK = "[\t\n\f\r ]*"
_SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_OUTER_SPACE = re.compile(f"^[{_SPACE}]+|[{_SPACE}]+\\Z")
_SIMPLE = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)(=~|=|!=|!~)"([^"\\\n,{}]*)"')
_MATCHER = re.compile(f"{_BLANK}([a-zA-Z_:][a-zA-Z0-9_:]*){_BLANK}(=~|=|!=|!~){_BLANK}(.*?){_BLANK}", re.DOTALL)


_WORD = r'(?:("(?:[^"\\\n]|\\.)*")|([^{}!=~,\\"\'`' + _SPACE + "]+))"
_UTF8_MATCHER = re.compile(
    f"[{_SPACE}]*{_WORD}[{_SPACE}]*(=~|=|!=|!~)[{_SPACE}]*{_WORD}[{_SPACE}]*(?:,[{_SPACE}]*|\\Z)"
)


def _go_unquoted(quoted: str, text: str) -> str:
    """Return what Go's strconv.Unquote returns, of the escapes that JSON has too."""
    try:
        return str(json.loads(quoted, strict=False))
    except json.JSONDecodeError:
        raise ValueError(f"bad matcher format: {text}") from None


def _split(text: str) -> Iterator[str]:
    """Yield the parts between commas outside of quotes; a comma at the end adds none."""
    part, quoted, escaped = "", False, False
    for character in text:
        if character == "," and not quoted:
            yield part
            part = ""
            continue
        if character == "\\":
            escaped = not escaped
        elif character == '"' and not escaped:
            quoted = not quoted
        elif character != ",":  # a comma in quotes leaves a backslash before it in force
            escaped = False
        part += character
    last = _OUTER_SPACE.sub("", part)
    if last:
        yield last


def _matcher(text: str) -> Matcher:
    match = _MATCHER.fullmatch(text)
    if match is None:
        raise ValueError(f"bad matcher format: {text}")
    label, operator, raw = match.groups()
    return of(label, cast("Operator", operator), _unquoted(raw))


def _unquoted(raw: str) -> str:
    """Return the value of a matcher, whose quotes are optional."""
    closed = not raw.startswith('"')
    inside = raw.removeprefix('"')
    value, escaped = "", False
    for number, character in enumerate(inside):
        is_last = number == len(inside) - 1
        if escaped:
            value += {"n": "\n", '"': '"', "\\": "\\"}.get(character, f"\\{character}")
            escaped = False
        elif character == "\\" and not is_last:
            escaped = True
        elif character == '"':
            if closed or not is_last:
                raise ValueError(f"matcher value contains unescaped double quote: {raw}")
            closed = True
        else:
            value += character
    if not closed:
        raise ValueError(f"matcher value contains unescaped double quote: {raw}")
    return value
