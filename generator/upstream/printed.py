"""An upper bound of what the templates in a text can print: a few hundred characters can fill any memory.

A bound is worked out without running anything. What has none is refused: definitions, which call one another, loops in
loops, variables that double in a loop, widths of a million.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from typing import Final

from generator.upstream import durations
from generator.upstream.promql import size as promql_size

MOST_CHARACTERS: Final = 20_000
"""Characters of a text with templates in it; the longest of 7,600 public ones has 471."""
MOST_PRINTED: Final = 1_000_000
"""Characters that a text may print; PagerDuty shows 1,024 of a summary."""
MOST_ROUNDS: Final = 100
"""Rounds that a loop over series is assumed to have."""
VALUE: Final = 1000
"""Characters that a label's value, or any other unknown value, is assumed to have."""
LONGEST_RANGE: Final = timedelta(days=1)
"""The longest range that a query in a text may look back over."""


@dataclass(frozen=True, slots=True)
class Unbounded:
    """Why the output of a text is not bounded (`why` follows "the text"), and what to do about it."""

    why: str
    help: str


def unbounded(text: str) -> Unbounded | None:
    """Return why the output of `text` is not bounded, or None where it is short enough."""
    if "{{" not in text:
        return None
    if len(text) > MOST_CHARACTERS:
        return Unbounded(
            f"has {len(text):,} characters, more than the {MOST_CHARACTERS:,} that are allowed",
            "shorten it, and move the rest to the runbook",
        )
    return _judged(text) if _MAY_GROW.search(text) else None


_MAY_GROW: Final = re.compile(
    r"define|template|block|tmpl|query|range|print|=|html|js|Link|re[A-Z]|[Tt]itle|slice|call|\{\{.*?\{\{.*?\{\{",
    re.DOTALL,
)
_ACTION: Final = re.compile(
    r"""\{\{-?\s*/\*.*?\*/\s*-?\}\}|\{\{(?P<inside>(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`|(?!\}\}).)*)\}\}""",
    re.DOTALL,
)
_WORD: Final = re.compile(
    r"""(?P<text>"(?:[^"\\]|\\.)*"|`[^`]*`)|'(?:[^'\\]|\\.)*'
    |(?P<variable>\$[A-Za-z_]\w*)(?:\.\w+)*
    |(?P<known>\$?\.[A-Za-z_.]\w*|\$)
    |(?P<sets>:?=)
    |(?P<name>[A-Za-z_]\w*(?:\.\w+)*)
    |(?P<number>[-+]?[\d.]\w*)
    |[^\s]""",
    re.VERBOSE | re.DOTALL,
)
_DEFINITIONS: Final = frozenset({"define", "template", "block", "tmpl"})
_WIDER: Final = {"html": 6, "js": 12, "urlquery": 12, "safeHtml": 1, "graphLink": 12, "tableLink": 12, "title": 3}
"""By which factor a function lengthens its argument, at most; other functions do not."""
_FORMAT: Final = re.compile(r"%[-+# 0]*(\[\d*\])?(\*|\d+)?(?:\.(\[\d*\])?(\*|\d+)?)?")
_WIDEST: Final = 100
_RANGE: Final = re.compile(r"\[([^\[\]:]*)(:[^\[\]]*)?\]")


@dataclass(slots=True)
class _Reading:
    """The state of reading a text from left to right."""

    printed: int = 0
    variables: dict[str, int] = field(default_factory=dict)
    of_queries: set[str] = field(default_factory=set)
    blocks: list[str] = field(default_factory=list)

    @property
    def rounds(self) -> int:
        return MOST_ROUNDS if "range" in self.blocks else 1


class _Refused(Exception):
    def __init__(self, why: str, help: str) -> None:
        super().__init__(why)
        self.fault = Unbounded(why, help)


@lru_cache(maxsize=4096)
def _judged(text: str) -> Unbounded | None:
    reading, end = _Reading(), 0
    try:
        for action in _ACTION.finditer(text):
            reading.printed += (action.start() - end) * reading.rounds
            end = action.end()
            if action["inside"] is not None:
                _read(reading, action["inside"].strip().removeprefix("-").removesuffix("-").strip())
        reading.printed += len(text) - end
        if reading.printed > MOST_PRINTED:
            raise _Refused(
                f"can print {_many(reading.printed)} characters, more than the {MOST_PRINTED:,} that are allowed",
                f"write fewer actions, or shorter ones: each label and value may have {VALUE:,} characters, each loop "
                f"{MOST_ROUNDS:,} rounds",
            )
    except _Refused as refused:
        return refused.fault
    return None


def _many(number: int) -> str:
    return f"{number:,}" if number < 10**12 else "10^12 and more"


def _read(reading: _Reading, action: str) -> None:
    words = list(_WORD.finditer(action))
    names = {word["name"] for word in words if word["name"]}
    for name in sorted(names & _DEFINITIONS):
        raise _Refused(
            f"uses `{name}`: templates that call one another can print without end",
            "write its text here instead; only text, labels, values, conditions and a loop are allowed",
        )
    first = words[0][0] if words else ""
    _check_queries(reading, words)
    _check_formats(words)
    if first == "end":
        if reading.blocks:
            reading.blocks.pop()
        return
    if first == "range":
        _check_loop(reading, words)
        reading.blocks.append("range")
    elif first in ("if", "with"):
        reading.blocks.append("with query" if first == "with" and "query" in names else first)
    variables = _assigned(words)
    size = _size(reading, words[next((n + 1 for n, word in enumerate(words) if word["sets"]), 0) :])
    if variables:
        mine = {word["variable"] for word in words[2 * len(variables) :] if word["variable"]} - _KNOWN
        again = any(word[0] == "=" for word in words)
        if again and "range" in reading.blocks and mine:
            raise _Refused(
                "can make a variable longer in each round of a loop",
                "print in each round of the loop instead of collecting text in a variable",
            )
        for variable in variables:
            reading.variables[variable] = max(size, reading.variables.get(variable, 0))
            if "query" in names:
                reading.of_queries.add(variable)
            else:
                reading.of_queries.discard(variable)
        if size > MOST_PRINTED:
            reading.printed += size
    elif first not in ("range", "if", "with", "else"):
        reading.printed += size * reading.rounds


_KNOWN: Final = frozenset({"$labels", "$value", "$externalLabels", "$externalURL"})


def _assigned(words: list[re.Match[str]]) -> list[str]:
    """Return the variables that an action sets: `$x :=`, `range $key, $value :=`."""
    sets = next((number for number, word in enumerate(words) if word["sets"]), 0)
    return [str(word["variable"]) for word in words[:sets] if word["variable"]]


def _size(reading: _Reading, words: list[re.Match[str]]) -> int:
    """Return how many characters an action yields at most."""
    size, product, wider = 0, 1, 1
    for word in words:
        if word["variable"]:
            size += reading.variables.get(word["variable"], VALUE)
        elif word["known"]:
            size += VALUE
        elif word["text"]:
            size += len(word[0]) + _WIDEST * _unquoted(word[0]).count("%")
        elif word["name"] or word["number"]:
            size += VALUE if word["name"] not in _QUIET else 0
            wider *= _WIDER.get(word["name"] or "", 1)
            if word["name"] == "reReplaceAll":
                product = sum(len(literal[0]) for literal in words if literal["text"]) + 1
    return size * product * wider


_QUIET: Final = frozenset({"if", "else", "with", "range", "end", "print", "printf", "println", *_WIDER})


def _check_queries(reading: _Reading, words: list[re.Match[str]]) -> None:
    for number, word in enumerate(words):
        if word["name"] != "query":
            continue
        query = _query_of(words, number)
        if query is None:
            raise _Refused(
                "runs a query that is composed at run time",
                "write the query as a literal after `query`, or as a format filled by labels: "
                """`printf "up{job='%s'}" $labels.job | query`""",
            )
        if "range" in reading.blocks:
            raise _Refused("runs a query in each round of a loop", "run it once, before the loop")
        fault = _expense_of(query)
        if fault:
            raise _Refused(
                f"runs a query that {fault}",
                "add a recording rule for it (`records`), and query the metric that it records",
            )


def _query_of(words: list[re.Match[str]], number: int) -> str | None:
    """Return the expression that the word `query` runs: a literal after it, or one before it; None for others."""
    if number + 1 < len(words) and words[number + 1]["text"]:
        return _unquoted(words[number + 1][0])
    if number < 2 or words[number - 1][0] != "|":
        return None
    texts = [place for place, word in enumerate(words[: number - 1]) if word["text"]]
    if len(texts) != 1:
        return None
    [place] = texts
    before = words[place - 1]["name"] if place else None
    if place == number - 2 and before != "printf":
        return _unquoted(words[place][0])
    filled = words[place + 1 : number - 1]
    if before != "printf" or not all(_LABEL.fullmatch(word[0]) for word in filled):
        return None
    return _FORMAT_AND_VERB.sub("x", _unquoted(words[place][0]))


_LABEL: Final = re.compile(r"\$(?:labels|externalLabels|value)(?:\.\w+)?|\$?\.\w+")
_FORMAT_AND_VERB: Final = re.compile(r"%[-+# 0]*[\d.]*[a-zA-Z%]")


def _unquoted(written: str) -> str:
    """Return the text that a literal of Go stands for."""
    return written[1:-1] if written[0] == "`" else _ESCAPE.sub(_escaped, written[1:-1])


def _escaped(escape: re.Match[str]) -> str:
    number = int(escape[1] or escape[2] or escape[3] or "0", 16) if not escape[4] else int(escape[4], 8)
    return chr(number) if 0 < number <= sys.maxunicode else str(escape[5] or "")


_ESCAPE: Final = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|(.))", re.DOTALL)


def _expense_of(expression: str) -> str | None:
    """Return why a query may take long (it follows "that"); None where it does not."""
    much = promql_size.oversize(expression)
    if much:
        return f"has {much}"
    for length, step in _RANGE.findall(re.sub(r'"(?:[^"\\]|\\.)*"?|\'[^\']*\'?', '""', expression)):
        if step:
            return "has a subquery"
        try:
            if durations.parse(length.strip()) > LONGEST_RANGE:
                return "looks back more than a day"
        except ValueError:
            return "looks back over a range that alertc cannot read"
    return None


_COUNTED: Final = frozenset({"query", "$labels", "$externalLabels", ".Labels", "$.Labels", ".ExternalLabels"})


def _check_loop(reading: _Reading, words: list[re.Match[str]]) -> None:
    if "range" in reading.blocks:
        raise _Refused("has a loop inside a loop", "use a single loop")
    sets = next((number for number, word in enumerate(words) if word["sets"]), 0)
    over = words[sets + 1] if sets + 1 < len(words) else None
    source = over[0] if over else ""
    known = source in _COUNTED or source in reading.of_queries or words[-1][0] == "query"
    if not known and not (source == "." and "with query" in reading.blocks):
        raise _Refused(
            "loops over something whose length is not known",
            'loop over the result of a query (`{{ range query "up == 0" }}`) or over `$labels`',
        )


def _check_formats(words: list[re.Match[str]]) -> None:
    for number, word in enumerate(words):
        if word["name"] == "printf" and (number + 1 >= len(words) or not words[number + 1]["text"]):
            raise _Refused(
                "prints with a format that is composed at run time", "write the format as a literal after `printf`"
            )
        if word["name"] != "printf":
            continue
        for picked, width, picked_again, precision in _FORMAT.findall(_unquoted(words[number + 1][0])):
            if picked or picked_again or "*" in (width, precision):
                raise _Refused(
                    "prints with a format that takes its width or the choice of its values from arguments",
                    "write the width as a number: `%8.2f`",
                )
            if any(len(digits) > 3 or int(digits) > _WIDEST for digits in (width, precision) if digits):
                raise _Refused(
                    f"prints with a width or a precision over {_WIDEST}", f"write at most {_WIDEST}: `%8.2f`"
                )
