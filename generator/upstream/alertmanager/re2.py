r"""Whether a text matches a regular expression as Alertmanager reads it: Go's regexp, which is RE2, not Python's `re`.

The two disagree on what is an expression (`\z`, `a++`, lookaround), on what one means (`\d`, `\s`, `$`, `(?i)`,
`[[:alpha:]]`, `\Q..\E`), and Python's takes time without bound for some. So expressions are read here rule by rule,
and followed in all their branches at once: the time grows with the length of the text.

Sources: Go's regexp/syntax/parse.go with its flags `Perl`; Alertmanager's pkg/labels/matcher.go, `NewMatcher`.
"""

from __future__ import annotations

import re
import string
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

DEEPEST = 100
LARGEST = 100_000


class NotAnExpression(ValueError):
    """Alertmanager refuses the expression too."""


class NotJudged(ValueError):
    """What the expression matches depends on Alertmanager's version, or alertc cannot tell."""


def is_list(pattern: str) -> bool:
    """Return whether the pattern is a list of words, `a|b|c`: there is nothing in it that could be wrong."""
    return _LIST.fullmatch(pattern) is not None


@lru_cache(maxsize=4096)
def expression(pattern: str) -> Words | Expression:
    """Return the expression; raises NotAnExpression where Alertmanager refuses it, NotJudged where versions differ."""
    return Words(pattern) if is_list(pattern) else automaton(pattern)


@lru_cache(maxsize=4096)
def automaton(pattern: str) -> Expression:
    """Return the expression as one that can be followed, a list of words too; raises what `expression` raises."""
    # What Alertmanager puts around whatever was written: twice in `match_re` of some versions, which makes a difference
    # where `a)|(?:b` ends it. And `\Q` without its `\E` goes beyond it.
    around = f"^(?:{pattern})$"
    try:
        _Parser(pattern).parsed()
    except NotAnExpression:
        if _is_read(around):
            raise NotJudged("a parenthesis ends what Alertmanager puts around it, once or twice") from None
        raise
    return Expression(_Parser(around).parsed())


def _is_read(pattern: str) -> bool:
    try:
        _Parser(pattern).parsed()
    except NotAnExpression:
        return False
    return True


class Words:
    """A list of words, matched by a set look-up: it may hold ten thousand services."""

    def __init__(self, pattern: str) -> None:
        self.words = frozenset(pattern.split("|"))

    def matches(self, text: str) -> bool:
        """Return whether the whole text is one of them."""
        return text in self.words


class State:
    """Where an expression is after some characters: all that the next one depends on. Two that are alike are one."""

    __slots__ = ("before", "ends", "live", "then")

    def __init__(self, live: frozenset[int], before: _Kind) -> None:
        self.live = live
        self.before = before
        self.then: dict[str, State] = {}
        """The states after one more character, as far as they are known."""
        self.ends: bool | None = None
        """Whether a text matches that ends here; None: not known yet."""


class Expression:
    """A compiled expression, for many texts: each step is computed once, since most texts share their characters."""

    def __init__(self, tree: _Node) -> None:
        self._program = _Program()
        self._start = self._program.add(tree, _ACCEPT)
        self._fulfilled = State(frozenset(), _OUTSIDE)
        """It matches, whatever follows."""
        self._fulfilled.ends = True
        self._forget()

    def matches(self, text: str) -> bool:
        """Return whether the whole text matches."""
        state = self.begin
        for character in text:
            state = state.then.get(character) or self.after(state, character)
        return self.ends(state)

    def after(self, state: State, character: str) -> State:
        """Return the state after one more character."""
        known = state.then.get(character)
        if known is None:
            if self._steps > LARGEST:
                self._forget()
            self._steps += 1
            known = state.then[character] = self._step(state, character)
        return known

    def ends(self, state: State) -> bool:
        """Return whether a text matches that ends in this state."""
        if state.ends is None:
            state.ends = self._step(state, "") is self._fulfilled
        return state.ends

    def _forget(self) -> None:
        """Begin anew: who holds a state goes on with it."""
        self.begin = State(frozenset(), _OUTSIDE)
        """Before the first character."""
        self._states: dict[tuple[frozenset[int], _Kind], State] = {}
        self._steps = 0

    def cuts(self) -> Iterator[int]:
        """Yield the numbers of the characters at which begins what the expression tells from the character before."""
        yield from self._program.cuts()
        for first, last in (*_NEWLINE, *_WORD):
            yield from (first, last + 1)

    def _step(self, state: State, character: str) -> State:
        """Return the state after one more character, "" for the end of the text."""
        if state is self._fulfilled:
            return state
        kind = _kind(character)
        reached = self._program.reached((*state.live, self._start), state.before, kind)
        if _ACCEPT in reached:
            return self._fulfilled
        code = ord(character) if character else -1
        live = frozenset(
            number for number in (self._program.after(number, code) for number in reached) if number is not None
        )
        return self._states.setdefault((live, kind), State(live, kind))


# ------------------------------------------------------------------------------------------- what an expression is

Ranges: TypeAlias = tuple[tuple[int, int], ...]
"""Characters by their numbers, first and last of each range; sorted, and no two touch."""


class _Characters(NamedTuple):
    ranges: Ranges


class _Boundary(NamedTuple):
    kind: str


class _Sequence(NamedTuple):
    parts: tuple[_Node, ...]


class _Choice(NamedTuple):
    parts: tuple[_Node, ...]


class _Repeat(NamedTuple):
    part: _Node
    least: int
    most: int | None
    counted: bool
    """Whether it was written as `{2,3}`: Go limits how such may be nested."""


_Node: TypeAlias = "_Characters | _Boundary | _Sequence | _Choice | _Repeat"

LAST = 0x10FFFF
_NEWLINE: Ranges = ((10, 10),)
_DIGIT: Ranges = ((48, 57),)
_LOWER: Ranges = ((97, 122),)
_UPPER: Ranges = ((65, 90),)
_WORD: Ranges = (*_DIGIT, *_UPPER, (95, 95), *_LOWER)
_PERL = {"d": _DIGIT, "s": ((9, 10), (12, 13), (32, 32)), "w": _WORD}
_POSIX: dict[str, Ranges] = {
    "alnum": (*_DIGIT, *_UPPER, *_LOWER),
    "alpha": (*_UPPER, *_LOWER),
    "ascii": ((0, 127),),
    "blank": ((9, 9), (32, 32)),
    "cntrl": ((0, 31), (127, 127)),
    "digit": _DIGIT,
    "graph": ((33, 126),),
    "lower": _LOWER,
    "print": ((32, 126),),
    "punct": ((33, 47), (58, 64), (91, 96), (123, 126)),
    "space": ((9, 13), (32, 32)),
    "upper": _UPPER,
    "word": _WORD,
    "xdigit": (*_DIGIT, (65, 70), (97, 102)),
}
_ESCAPES = {"a": 7, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11}
_LIST = re.compile(r"[\w |-]*", re.ASCII)
_COUNTED = re.compile(r"\{(0|[1-9][0-9]*)(,)?(?(2)(0|[1-9][0-9]*)?)\}", re.ASCII)
_ALNUM = frozenset(string.ascii_letters + string.digits)
_NAME = frozenset(string.ascii_letters + string.digits + "_")
_OCTAL = frozenset(string.octdigits)
_HEX = frozenset(string.hexdigits)


def _merged(ranges: Iterable[tuple[int, int]]) -> Ranges:
    merged: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return tuple(merged)


def _others(ranges: Iterable[tuple[int, int]]) -> Ranges:
    """Return the characters that are not in the ranges."""
    others: list[tuple[int, int]] = []
    free = 0
    for first, last in _merged(ranges):
        if first > free:
            others.append((free, first - 1))
        free = last + 1
    if free <= LAST:
        others.append((free, LAST))
    return tuple(others)


def _folded(ranges: Ranges) -> Ranges:
    """Return the characters and those that differ from them in case only, as Go's unicode.SimpleFold has it.

    Only ASCII is folded here: which other letters belong together depends on the Unicode of Go's version.
    """
    folded = list(ranges)
    for first, last in ranges:
        if first <= 0x41 and last >= 0x1E943:  # all that have a case: Go's minFold and maxFold
            continue
        for code in range(first, min(last, 127) + 1):
            letter = chr(code)
            if letter.isalpha():
                folded += [(ord(other), ord(other)) for other in (letter.lower(), letter.upper())]
                # The Kelvin sign and the long s are letters of ASCII to Unicode.
                folded += [(other, other) for other in {"k": (0x212A,), "s": (0x17F,)}.get(letter.lower(), ())]
        for code in range(max(first, 128), last + 1):
            if _has_case(chr(code)):
                raise NotJudged(
                    f"which letters differ from `{chr(code)}` in case only depends on Alertmanager's version"
                )
    return _merged(folded)


def _has_case(letter: str) -> bool:
    category = unicodedata.category(letter)
    return category in ("Lu", "Ll", "Lt", "Lm", "Cn") or letter.lower() != letter or letter.upper() != letter


# ------------------------------------------------------------------------------------------- reading


@dataclass(frozen=True, slots=True)
class _Flags:
    folds: bool = False
    many_lines: bool = False
    dot_is_newline: bool = False


class _Parser:
    """Reads a pattern from left to right. `_flags` hold until the end of the group in which they were set."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0
        self._flags = _Flags()
        self._depth = 0

    def parsed(self) -> _Node:
        tree = self._choice()
        if self._at < len(self._pattern):
            raise NotAnExpression("unexpected )")
        return tree

    def _take(self, text: str) -> bool:
        if self._pattern.startswith(text, self._at):
            self._at += len(text)
            return True
        return False

    def _next(self, problem: str) -> str:
        if self._at == len(self._pattern):
            raise NotAnExpression(problem)
        self._at += 1
        return self._pattern[self._at - 1]

    def _choice(self) -> _Node:
        """Return the alternatives up to the end of the group."""
        branches = [self._sequence()]
        while self._take("|"):
            branches.append(self._sequence())
        return branches[0] if len(branches) == 1 else _Choice(tuple(branches))

    def _sequence(self) -> _Node:
        parts: list[_Node] = []
        repeated = False
        while self._at < len(self._pattern) and self._pattern[self._at] not in "|)":
            begin = self._at
            limits = self._repetition()
            if limits is None:
                parts += self._item()
                repeated = False
                continue
            written = self._pattern[begin : self._at]
            self._take("?")  # prefers less: which is no question here
            if not parts:
                raise NotAnExpression(f"missing argument to repetition operator: `{written}`")
            if repeated:
                raise NotAnExpression(f"invalid nested repetition operator: `{written}`")
            parts[-1] = _repeated(parts[-1], *limits, written)
            repeated = True
        return parts[0] if len(parts) == 1 else _Sequence(tuple(parts))

    def _repetition(self) -> tuple[int, int | None, bool] | None:
        """Return least and most repetitions of the operator at this position, and whether it is written `{n,m}`."""
        for sign, least, most in (("*", 0, None), ("+", 1, None), ("?", 0, 1)):
            if self._take(sign):
                return least, most, False
        match = _COUNTED.match(self._pattern, self._at)
        if match is None:
            return None
        self._at = match.end()
        # More digits than Go counts are too often in any case.
        first, comma, last = (part and part[:8] for part in match.groups())
        if not comma:
            return int(first), int(first), True
        return int(first), int(last) if last else None, True

    def _item(self) -> Iterator[_Node]:
        r"""Yield the node at this position; none for flags and an empty `\Q\E`, several for `\Qab\E`."""
        sign = self._next("")
        if sign == "(":
            yield from self._group()
        elif sign == "[":
            yield _Characters(self._class())
        elif sign == ".":
            yield _Characters(_others(() if self._flags.dot_is_newline else _NEWLINE))
        elif sign == "^":
            yield _Boundary("line begins" if self._flags.many_lines else "text begins")
        elif sign == "$":
            yield _Boundary("line ends" if self._flags.many_lines else "text ends")
        elif sign == "\\":
            yield from self._escaped()
        else:
            yield self._literal(ord(sign))

    def _literal(self, code: int) -> _Node:
        return _Characters(self._one_case(((code, code),)))

    def _one_case(self, ranges: Ranges) -> Ranges:
        return _folded(ranges) if self._flags.folds else ranges

    def _group(self) -> Iterator[_Node]:
        outer = self._flags
        if self._take("?") and not self._opened():
            return
        self._depth += 1
        if self._depth > DEEPEST:
            raise NotJudged(f"groups are nested deeper than the {DEEPEST} that alertc follows")
        inside = self._choice()
        if not self._take(")"):
            raise NotAnExpression("missing closing )")
        self._depth -= 1
        self._flags = outer
        # Even an empty group can be repeated.
        yield _Sequence((inside,))

    def _opened(self) -> bool:
        """Read what follows `(?` and return whether a group begins there; else it sets flags."""
        begin = self._at - 2
        if self._take("P<") or self._take("<"):
            self._named(begin)
            return True
        flags, sign, seen = self._flags, True, False
        while True:
            letter = self._next("missing closing )")
            if letter == "i":
                flags = _Flags(sign, flags.many_lines, flags.dot_is_newline)
            elif letter == "m":
                flags = _Flags(flags.folds, sign, flags.dot_is_newline)
            elif letter == "s":
                flags = _Flags(flags.folds, flags.many_lines, sign)
            elif letter == "-" and sign:
                sign, seen = False, False
                continue
            elif letter in ":)" and (sign or seen):
                self._flags = flags
                return letter == ":"
            elif letter != "U":
                shown = self._pattern[begin : self._at]
                raise NotAnExpression(f"invalid or unsupported Perl syntax: `{shown}`")
            seen = True

    def _named(self, begin: int) -> None:
        if self._pattern.startswith(("<=", "<!"), self._at - 1):
            raise NotAnExpression("invalid or unsupported Perl syntax: `(?<`")
        name, end, _ = self._pattern[self._at :].partition(">")
        if not end or not name or not set(name) <= _NAME:
            raise NotAnExpression(f"invalid named capture: `{self._pattern[begin : self._at]}{name}{end}`")
        if self._pattern[self._at - 2] != "P":
            raise NotJudged(f"`(?<{name}>` is refused by Alertmanager 0.25")
        self._at += len(name) + 1

    def _escaped(self) -> Iterator[_Node]:
        letter = self._pattern[self._at : self._at + 1]
        boundary = {"A": "text begins", "z": "text ends", "b": "word boundary", "B": "no word boundary"}.get(letter)
        if boundary:
            self._at += 1
            yield _Boundary(boundary)
        elif letter == "Q":
            quoted, end, _ = self._pattern[self._at + 1 :].partition("\\E")
            self._at += 1 + len(quoted) + len(end)
            for character in quoted:
                yield self._literal(ord(character))
        else:
            group = self._perl_class()
            yield _Characters(group) if group is not None else self._literal(self._code())

    def _perl_class(self) -> Ranges | None:
        r"""Return the characters of `\d`, `\W` and the like, after the backslash."""
        letter = self._pattern[self._at : self._at + 1]
        if letter in ("p", "P"):
            raise NotJudged(f"the characters of `\\{letter}` depend on Alertmanager's version")
        if letter.lower() not in _PERL:
            return None
        self._at += 1
        members = self._one_case(_PERL[letter.lower()])
        return _others(members) if letter.isupper() else members

    def _code(self) -> int:
        """Return the character that an escape stands for, after the backslash."""
        letter = self._next("trailing backslash at end of expression")
        if letter in _ESCAPES:
            return _ESCAPES[letter]
        if letter in _OCTAL and (letter == "0" or self._pattern[self._at : self._at + 1] in _OCTAL):
            begin = self._at - 1
            while self._at < begin + 3 and self._pattern[self._at : self._at + 1] in _OCTAL:
                self._at += 1
            return int(self._pattern[begin : self._at], 8)
        if letter == "x":
            return self._hexadecimal()
        if letter.isascii() and letter not in _ALNUM:
            return ord(letter)
        raise NotAnExpression(f"invalid escape sequence: `\\{letter}`")

    def _hexadecimal(self) -> int:
        if self._take("{"):
            digits, end, _ = self._pattern[self._at :].partition("}")
            self._at += len(digits) + len(end)
        else:
            digits = end = self._pattern[self._at : self._at + 2]
            self._at += 2
        short = len(digits) < 2 and not end.startswith("}")
        if not end or not digits or short or not set(digits) <= _HEX or int(digits, 16) > LAST:
            raise NotAnExpression(f"invalid escape sequence: `\\x{digits}`")
        return int(digits, 16)

    def _class(self) -> Ranges:
        """Return the characters of `[...]`, after the opening bracket."""
        negated = self._take("^")
        members: list[tuple[int, int]] = []
        first = True
        while first or not self._take("]"):
            first = False
            members += self._member()
        return _others(members) if negated else _merged(members)

    def _member(self) -> Ranges:
        begin = self._at
        if self._take("[:"):
            name, end, _ = self._pattern[self._at :].partition(":]")
            if end:
                self._at += len(name) + 2
                known = _POSIX.get(name.removeprefix("^"))
                if known is None:
                    raise NotAnExpression(f"invalid character class range: `[:{name}:]`")
                group = self._one_case(known)
                return _others(group) if name.startswith("^") else group
            self._at = begin
        if self._take("\\"):
            perl = self._perl_class()
            if perl is not None:
                return perl
            self._at = begin
        low = high = self._member_code()
        if self._pattern.startswith("-", self._at) and self._pattern[self._at + 1 : self._at + 2] not in ("", "]"):
            self._at += 1
            high = self._member_code()
            if high < low:
                raise NotAnExpression(f"invalid character class range: `{self._pattern[begin : self._at]}`")
        return self._one_case(((low, high),))

    def _member_code(self) -> int:
        sign = self._next("missing closing ]")
        return self._code() if sign == "\\" else ord(sign)


def _repeated(part: _Node, least: int, most: int | None, counted: bool, written: str) -> _Node:
    """Return the part repeated; raises NotAnExpression where Go refuses so many repetitions."""
    repeat = _Repeat(part, least, most, counted)
    if counted:
        too_often = max(least, most or 0) > 1000 or (most is not None and least > most)
        if too_often or not _nested_well(repeat, 1000):
            raise NotAnExpression(f"invalid repeat count: `{written}`")
    return repeat


def _nested_well(node: _Node, left: int) -> bool:
    """Return whether counts within counts multiply to at most 1,000 (parse.go, repeatIsValid)."""
    if isinstance(node, (_Characters, _Boundary)):
        return True
    if isinstance(node, (_Sequence, _Choice)):
        return all(_nested_well(part, left) for part in node.parts)
    if node.counted:
        times = node.least if node.most is None else node.most
        if node.most == 0:
            return True
        if times > left:
            return False
        left //= max(times, 1)
    return _nested_well(node.part, left)


# ------------------------------------------------------------------------------------------- following it

_Kind: TypeAlias = int
"""What boundaries distinguish: the end of the text, a newline, a letter of a word, any other character."""

_OUTSIDE, _AT_NEWLINE, _IN_WORD, _ELSEWHERE = range(4)
_ACCEPT = 0


def _kind(character: str) -> _Kind:
    if not character:
        return _OUTSIDE
    if character == "\n":
        return _AT_NEWLINE
    return _IN_WORD if character in _NAME else _ELSEWHERE


def _holds(boundary: str, before: _Kind, after: _Kind) -> bool:
    """Return whether a boundary lies between two characters; letters of words are ASCII."""
    if boundary == "text begins":
        return before == _OUTSIDE
    if boundary == "text ends":
        return after == _OUTSIDE
    if boundary == "line begins":
        return before in (_OUTSIDE, _AT_NEWLINE)
    if boundary == "line ends":
        return after in (_OUTSIDE, _AT_NEWLINE)
    return ((before == _IN_WORD) != (after == _IN_WORD)) == (boundary == "word boundary")


class _Program:
    """The expression as states (K. Thompson, 1968): each waits for a character, or leads on without one."""

    def __init__(self) -> None:
        self._ranges: list[Ranges | None] = [None]
        self._boundary: list[str | None] = [None]
        self._to: list[tuple[int, ...]] = [()]

    def _state(self, to: tuple[int, ...], ranges: Ranges | None = None, boundary: str | None = None) -> int:
        if len(self._to) > LARGEST:
            raise NotJudged(f"there are more than the {LARGEST:,} steps that alertc follows")
        self._ranges.append(ranges)
        self._boundary.append(boundary)
        self._to.append(to)
        return len(self._to) - 1

    def add(self, node: _Node, then: int) -> int:
        """Add the states of a node that lead to the state `then`; return the first of them."""
        if isinstance(node, _Characters):
            return self._state((then,), ranges=node.ranges)
        if isinstance(node, _Boundary):
            return self._state((then,), boundary=node.kind)
        if isinstance(node, _Choice):
            return self._state(tuple([self.add(part, then) for part in node.parts]))
        if isinstance(node, _Sequence):
            for part in reversed(node.parts):
                then = self.add(part, then)
            return then
        return self._add_repeat(node, then)

    def _add_repeat(self, node: _Repeat, then: int) -> int:
        if node.most is None:
            again = self._state(())
            self._to[again] = (self.add(node.part, again), then)
            then = again
        else:
            end = then
            for _ in range(node.most - node.least):
                then = self._state((self.add(node.part, then), end))
        for _ in range(node.least):
            then = self.add(node.part, then)
        return then

    def reached(self, states: Iterable[int], before: _Kind, after: _Kind) -> set[int]:
        """Return all states that can be reached between two characters."""
        reached: set[int] = set()
        waiting = list(states)
        while waiting:
            state = waiting.pop()
            if state in reached:
                continue
            boundary = self._boundary[state]
            if boundary is not None and not _holds(boundary, before, after):
                continue
            reached.add(state)
            if self._ranges[state] is None:
                waiting += self._to[state]
        return reached

    def cuts(self) -> Iterator[int]:
        """Yield the first character of each range, and the one that follows its last."""
        for ranges in self._ranges:
            for first, last in ranges or ():
                yield from (first, last + 1)

    def after(self, state: int, code: int) -> int | None:
        """Return the state behind a character, where the state waits for that one."""
        ranges = self._ranges[state]
        if ranges is None:
            return None
        return self._to[state][0] if any(first <= code <= last for first, last in ranges) else None
