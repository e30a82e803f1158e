"""What servers answer, as data: JSON of a bounded size and depth, held to the shape of what is read from it.

A shape looks at a value and raises Misshapen where it is none: so it stands for what may be relied on later. What no
shape names may be anything.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

Shape = Callable[[Any, str], None]
"""Looks at a value, and at the way to it; raises Misshapen."""

_BYTES_OF_A_VALUE = 24
"""Fewer than any server takes on average; each value takes some 100 in memory."""
_DEEPEST = 100
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


class Misshapen(ValueError):
    """An answer has the wrong shape; the message gives the path and the problem."""


def parse(body: bytes, size: int) -> Any:
    """Return the JSON of a body; raises ValueError where it is invalid, or has more values than `size` bytes have."""
    values = body.count(b",") + body.count(b"[") + body.count(b"{")
    if values > size // _BYTES_OF_A_VALUE:
        raise ValueError("there are too many values in it")
    try:
        data = json.loads(body, parse_int=_whole, parse_float=_number, parse_constant=_no_number)
        return _without_halves(data) if _SURROGATE.search(body) else data
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _whole(written: str) -> int:
    if len(written) > 30:
        raise ValueError("a number in it is beyond all measure")
    return int(written)


def _number(written: str) -> float:
    number = float(written)
    if abs(number) > 1e30:
        raise ValueError("a number in it is beyond all measure")
    return number


def _no_number(written: str) -> None:
    raise ValueError(f"{written} is no JSON")


def _without_halves(value: Any) -> Any:
    """Return the value without lone surrogates, which JSON can encode and UTF-8 cannot."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [_without_halves(item) for item in value]
    if isinstance(value, dict):
        return {_without_halves(key): _without_halves(item) for key, item in value.items()}
    return value


def check(data: Any, shape: Shape) -> Any:
    """Return the data; raises Misshapen, with words like "`users/0/id` is a number, not a text"."""
    shape(data, "")
    return data


# ------------------------------------------------------------------------------------------- shapes


def anything(_value: Any, _where: str) -> None:
    """Accept any value."""


def kind_of(wanted: type | tuple[type, ...], called: str) -> Shape:
    """Return a shape that accepts values of a type; booleans are not numbers."""

    def shape(value: Any, where: str) -> None:
        if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool):
            raise Misshapen(f"{_at(where)} is {_called(value)}, not {called}")

    return shape


text = kind_of(str, "a text")
flag = kind_of(bool, "true or false")
mapping = kind_of(dict, "an object")
number = kind_of((int, float), "a number")


def which(shape: Shape, holds: Callable[[Any], bool], called: str) -> Shape:
    """Return a shape with an additional test; `called` describes the accepted values."""

    def narrower(value: Any, where: str) -> None:
        shape(value, where)
        if not holds(value):
            raise Misshapen(f"{_at(where)} is not {called}")

    return narrower


def between(least: float, most: float) -> Shape:
    """Return a shape that accepts numbers from `least` to `most`."""
    return which(number, lambda value: least <= value <= most, f"a number from {least:g} to {most:g}")


def matching(pattern: str, called: str) -> Shape:
    """Return a shape that accepts text that matches a pattern as a whole."""
    compiled = re.compile(pattern)
    return which(text, lambda value: compiled.fullmatch(value) is not None, called)


def maybe(shape: Shape) -> Shape:
    """Return a shape that also accepts null."""

    def shape_or_null(value: Any, where: str) -> None:
        if value is not None:
            shape(value, where)

    return shape_or_null


def each(shape: Shape) -> Shape:
    """Return a shape that accepts lists of values of a shape."""

    def every(value: Any, where: str) -> None:
        if not isinstance(value, list):
            raise Misshapen(f"{_at(where)} is {_called(value)}, not a list")
        for place, item in enumerate(value):
            shape(item, f"{where}/{place}")

    return every


def values(shape: Shape) -> Shape:
    """Return a shape that accepts objects with values of a shape."""

    def every(value: Any, where: str) -> None:
        mapping(value, where)
        for name, item in value.items():
            shape(item, f"{where}/{name}")

    return every


def fields(needed: Mapping[str, Shape], others: Mapping[str, Shape] | None = None) -> Shape:
    """Return a shape that accepts objects with these fields; those in `others` may be missing or null."""
    known = {**needed, **{name: maybe(shape) for name, shape in (others or {}).items()}}

    def shape(value: Any, where: str) -> None:
        if not isinstance(value, dict):
            raise Misshapen(f"{_at(where)} is {_called(value)}, not an object")
        for name, inner in known.items():
            if name in value:
                inner(value[name], f"{where}/{name}")
            elif name in needed:
                raise Misshapen(f"{_at(f'{where}/{name}')} is missing")

    return shape


def both(*shapes: Shape) -> Shape:
    """Return a shape that requires all of these shapes."""

    def shape(value: Any, where: str) -> None:
        for shape in shapes:
            shape(value, where)

    return shape


def shallow(value: Any, where: str) -> None:
    """Reject values nested deeper than any program needs."""
    level = [value]
    for _ in range(_DEEPEST):
        level = [inner for value in level for inner in _inside(value)]
        if not level:
            return
    raise Misshapen(f"{_at(where)} is nested too deeply")


def parts(value: Any) -> list[Any]:
    """Return a value with everything nested in it; it must be shallow."""
    values, level = [value], [value]
    while level:
        level = [inner for value in level for inner in _inside(value)]
        values += level
    return values


def _inside(value: Any) -> Any:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _at(where: str) -> str:
    from generator.remote.web import quoted

    return f"`{quoted(where.removeprefix('/'), 80)}`" if where else "it"


def _called(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    names = {str: "a text", int: "a number", float: "a number", list: "a list", dict: "an object"}
    return names.get(type(value), "something else")
