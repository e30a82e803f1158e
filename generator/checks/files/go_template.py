"""What a Go template may say, read without running it: which data its actions reach for.

Only as much of text/template's syntax as it takes to tell one field from another: actions, strings, fields, blocks.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Dot = Literal["data", "alert", "text", "other"]
"""What `.` is: Alertmanager's Data, one of its alerts, the public text, or something that we do not follow."""

_TOKEN = re.compile(
    r"""(?P<space>\s+)
    | (?P<string>"(?:[^"\\\n]|\\.)*"|`[^`]*`|'(?:[^'\\\n]|\\.)*')
    | (?P<field>(?:\.[A-Za-z_]\w*)+)
    | (?P<variable>\$\w*(?:\.[A-Za-z_]\w*)*)
    | (?P<number>[+-]?\d[\w.]*)
    | (?P<word>[A-Za-z_]\w*)
    | (?P<dot>\.)
    | (?P<sign>:=|[=|(),])""",
    re.VERBOSE,
)
_ACTION = re.compile(
    r"\{\{(?P<left>- )?(?P<inside>(?:/\*.*?\*/|\"(?:[^\"\\\n]|\\.)*\"|`[^`]*`|(?!\}\}).)*)\}\}", re.DOTALL
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A token; `kind` is the name of its group in the regular expression."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """The text between `{{` and `}}`, at `offset` in its file; empty for a comment."""

    tokens: tuple[Token, ...]
    offset: int

    @property
    def word(self) -> str:
        """The keyword or function that it begins with, or nothing."""
        return self.tokens[0].text if self.tokens and self.tokens[0].kind == "word" else ""

    def __str__(self) -> str:
        """Return the action as it could be written."""
        return "{{ " + " ".join(token.text for token in self.tokens) + " }}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """A definition of a template: its actions, and the file in which they stand."""

    actions: tuple[Action, ...]
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Internal data that a public template uses; `template` is the definition that contains it, `path` its file."""

    template: str
    what: str
    path: str
    offset: int


Definitions = Mapping[str, Sequence[Body]]
"""The definitions of each name. Which of several is used depends on the order of files, and Go ignores a blank one."""


def definitions(text: str, path: str = "") -> Definitions:
    """Return each `{{ define "name" }}`, and under the empty name what is outside of any."""
    templates: list[tuple[str, list[Action]]] = [("", [])]
    into, depth = [0], [0]
    for action in actions(text):
        if action.word in ("define", "block"):
            if action.word == "block":
                templates[into[-1]][1].append(action)
            into.append(len(templates))
            templates.append((_name(action), []))
            depth.append(0)
            continue
        if action.word in ("if", "range", "with"):
            depth[-1] += 1
        elif action.word == "end":
            depth[-1] -= 1
            if depth[-1] < 0 and len(into) > 1:
                into.pop()
                depth.pop()
                continue
        templates[into[-1]][1].append(action)
    return merged({name: [Body(actions=tuple(found), path=path)]} for name, found in templates)


def merged(several: Iterable[Definitions]) -> Definitions:
    """Return all definitions of each name."""
    known: dict[str, list[Body]] = {}
    for one in several:
        for name, bodies in one.items():
            known.setdefault(name, []).extend(bodies)
    return known


def actions(text: str) -> Iterator[Action]:
    """Yield the actions of a template in their order."""
    for match in _ACTION.finditer(text):
        inside = match["inside"].strip()
        inside = inside.removesuffix("-").strip() if inside.endswith((" -", "*/-")) or inside == "-" else inside
        if not inside.startswith("/*"):
            yield Action(tokens=tuple(_tokens(inside)), offset=match.start())


def _tokens(text: str) -> Iterator[Token]:
    place = 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None or match.lastgroup is None:
            yield Token(kind="unknown", text=text[place])
            place += 1
            continue
        place = match.end()
        if match.lastgroup != "space":
            yield Token(kind=match.lastgroup, text=match[0])


def _name(action: Action) -> str:
    if len(action.tokens) < 2 or action.tokens[1].kind != "string":
        return ""
    text = action.tokens[1].text
    if text.startswith("`"):
        return text[1:-1]
    try:
        return str(ast.literal_eval(text))
    except (ValueError, SyntaxError):
        return text


# ------------------------------------------------------------------------------------------- what it reaches for

_ALERTS = frozenset({".Alerts", ".Alerts.Firing", ".Alerts.Resolved"})
PUBLIC = ".Annotations.public"


def reaches(field: str, known: Definitions) -> Iterator[Reach]:
    """Yield all internal data that a template uses, itself or through templates that it calls.

    Allowed are loops over `.Alerts`, `.Alerts.Firing` and `.Alerts.Resolved`, and in them `.Annotations.public`.
    """
    own = definitions(field)
    for body in own[""]:
        yield from _body(body, "", "data", merged((known, own)), frozenset())


def _body(body: Body, name: str, dot: Dot, known: Definitions, above: frozenset[tuple[str, Dot]]) -> Iterator[Reach]:
    dots: list[Dot] = [dot]
    for action in body.actions:
        now = dots[-1]
        rest = _uncut(action.tokens[1:] if action.word in _KEYWORDS else action.tokens)
        match action.word:
            case "end":
                if len(dots) > 1:
                    dots.pop()
                continue
            case "range" | "with":
                dots.append(_inside(action.word, rest, now))
                if dots[-1] != "other":
                    continue
            case "if":
                dots.append(now)
            case "else":
                if len(dots) > 1:
                    dots[-1] = dots[-2]
                rest = rest[1:] if rest and rest[0].text in ("if", "with") else rest
            case "template" | "block":
                yield from _called(action, body.path, name, now, known, above)
                continue
        for operand in _operands(rest, now, condition=action.word in ("if", "else")):
            yield Reach(template=name, what=operand, path=body.path, offset=action.offset)


_KEYWORDS = frozenset({"if", "else", "range", "with", "end", "template", "block", "define", "break", "continue"})


def _uncut(tokens: Sequence[Token]) -> tuple[Token, ...]:
    """Return the tokens with `slice .Alerts 0 20`, in parentheses or not, as `.Alerts`: some of them are no more."""
    shorter: list[Token] = []
    place = 0
    while place < len(tokens):
        opened = tokens[place].text == "("
        cut = place + opened
        if [token.text for token in tokens[cut : cut + 1]] == ["slice"] and tokens[cut + 1 : cut + 2]:
            after = cut + 2
            while after < len(tokens) and tokens[after].kind == "number":
                after += 1
            closed = [token.text for token in tokens[after : after + 1]] == [")"]
            if tokens[cut + 1].text in _ALERTS and opened == closed:
                shorter.append(tokens[cut + 1])
                place = after + closed
                continue
        shorter.append(tokens[place])
        place += 1
    return tuple(shorter)


def _inside(word: str, tokens: Sequence[Token], dot: Dot) -> Dot:
    """Return the meaning of `.` inside a block that begins with these tokens."""
    text = tokens[0].text if len(tokens) == 1 else ""
    if word == "range" and dot == "data" and text in _ALERTS:
        return "alert"
    if word == "with" and dot == "alert" and text == PUBLIC:
        return "text"
    return "other"


def _called(
    action: Action, path: str, name: str, dot: Dot, known: Definitions, above: frozenset[tuple[str, Dot]]
) -> Iterator[Reach]:
    called, given = _name(action), action.tokens[2:]
    if called not in known:
        what = f'the template "{called}", which is not ours'
        yield Reach(template=name, what=what, path=path, offset=action.offset)
        return
    if [token.kind for token in given] == ["dot"]:
        inner: Dot = dot
    elif dot == "alert" and [token.text for token in given] == [PUBLIC]:
        inner = "text"
    else:
        inner = "other"
        for operand in _operands(given, dot, condition=False):
            yield Reach(template=name, what=operand, path=path, offset=action.offset)
    if (called, inner) not in above:
        for body in known[called]:
            yield from _body(body, called, inner, known, above | {(called, inner)})


def _operands(tokens: Sequence[Token], dot: Dot, *, condition: bool) -> Iterator[str]:
    before = ""
    for token in tokens:
        if token.kind == "field":
            counted = dot == "data" and token.text in _ALERTS and (condition or before == "len")
            if not counted and not (dot == "alert" and token.text == PUBLIC):
                yield f"`{token.text}`"
        elif token.kind == "dot":
            if dot != "text":
                yield "`.`, which is everything"
        elif token.kind == "variable":
            yield f"`{token.text}`, which may be anything"
        elif token.kind == "unknown":
            yield f"`{token.text}`, which is not understood"
        before = token.text
