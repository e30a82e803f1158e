"""The bounds of a PromQL expression's values, and whether those values decide what it yields.

A comparison that no value can pass never fires; one that every value passes always does, as does what compares nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timezone
from enum import IntEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any

from generator.upstream.promql import promql
from generator.upstream.promql.nothing import never_made
from generator.upstream.promql.records import MADE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from generator.upstream.promql.records import Records

Bounds = tuple[float, float]
"""The least and the greatest value, both included."""

ANY: Bounds = (-math.inf, math.inf)


class Decides(IntEnum):
    """What decides whether an expression yields a series, the best first."""

    VALUE = 0
    """A comparison, or the absence of a series."""
    SERIES = 1
    """Whether a series is there, whatever its value."""
    NOTHING = 2
    """Nothing: it always yields a number, or the 0 or 1 of a comparison with `bool`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A comparison that no value can pass, and the bounds of the operand that is compared."""

    node: Any
    text: str
    compared: Any
    bounds: Bounds


class Values:
    """Works out the bounds of expressions; each recorded metric is judged once."""

    def __init__(self, records: Records) -> None:
        self.records = records
        self._decides: dict[str, Decides] = {}
        self._bounds: dict[str, Bounds] = {}

    @cached_property
    def never_made(self) -> frozenset[str]:
        """Return the recorded metrics whose rules wait for one another."""
        return never_made(self.records)

    def impossible(self, tree: Any) -> Iterator[Comparison]:
        """Yield the comparisons in `tree` that are never true."""
        for node in promql.every(tree):
            if promql.kind(node) != "BinaryExpr" or str(node.op) not in COMPARE:
                continue
            left, right = self.bounds(node.lhs), self.bounds(node.rhs)
            if outcome(str(node.op), left, right) is False:
                number = promql.is_number(node.lhs)
                compared, bounds = (node.rhs, right) if number else (node.lhs, left)
                yield Comparison(node=node, text=promql.written(node), compared=promql.bare(compared), bounds=bounds)

    def decides(self, node: Any) -> Decides:
        """Return what decides whether `node` yields a series."""
        match promql.kind(node):
            case "NumberLiteral":
                return Decides.NOTHING
            case "VectorSelector":
                return self._selected(node)
            case "Call":
                return self._called(node)
            case "AggregateExpr" | "ParenExpr" | "UnaryExpr" | "SubqueryExpr":
                return self.decides(node.expr)
            case "MatrixSelector":
                return self.decides(node.vector_selector)
            case "BinaryExpr":
                return self._joined(node)
        return Decides.VALUE

    def _selected(self, selector: Any) -> Decides:
        metric = promql.metric_of(selector)
        if metric in MADE:
            return Decides.VALUE
        if metric is None:
            return Decides.SERIES
        if metric not in self._decides:
            self._decides[metric] = Decides.SERIES  # a rule that reads itself ends here
            trees = [promql.parsed(rule.expr) for rule in self.records.of(metric)]
            made = [Decides.VALUE if tree is None else self.decides(tree) for tree in trees]
            self._decides[metric] = min((*made, Decides.SERIES))
        return self._decides[metric]

    def _called(self, node: Any) -> Decides:
        name = node.func.name
        if name.startswith("absent"):
            return Decides.VALUE
        arguments = [
            argument for argument in node.args if promql.kind(argument) not in ("NumberLiteral", "StringLiteral")
        ]
        if name == "scalar" or not arguments:
            return Decides.NOTHING
        return min(map(self.decides, arguments))

    def _joined(self, node: Any) -> Decides:
        operation = str(node.op)
        if operation == "unless":
            return Decides.VALUE
        left, right = self.decides(node.lhs), self.decides(node.rhs)
        if operation == "or":
            return max(left, right)
        if operation not in COMPARE:
            return min(left, right)
        if node.modifier is not None and node.modifier.return_bool:
            return Decides.NOTHING if min(left, right) is not Decides.VALUE else Decides.VALUE
        if outcome(operation, self.bounds(node.lhs), self.bounds(node.rhs)) is not True:
            return Decides.VALUE
        # `count(x) > 0` says in words that `x` must be there.
        counts = any(promql.kind(part) == "AggregateExpr" and str(part.op) in _COUNTS for part in promql.every(node))
        return Decides.VALUE if counts else min(left, right)

    def bounds(self, node: Any) -> Bounds:
        """Return the bounds of the values of `node`."""
        match promql.kind(node):
            case "NumberLiteral":
                return (float(node.val), float(node.val))
            case "ParenExpr" | "SubqueryExpr":
                return self.bounds(node.expr)
            case "UnaryExpr":
                low, high = self.bounds(node.expr)
                return (-high, -low)
            case "VectorSelector":
                return self._recorded(node)
            case "MatrixSelector":
                return self.bounds(node.vector_selector)
            case "AggregateExpr":
                return self._aggregated(node)
            case "Call":
                return self._function(node)
            case "BinaryExpr":
                return self._computed(node)
        return ANY

    def _recorded(self, selector: Any) -> Bounds:
        metric = promql.metric_of(selector)
        if metric is None or metric in _METRICS:
            return _METRICS.get(metric or "", ANY)
        if metric not in self._bounds:
            self._bounds[metric] = ANY  # a rule that reads itself ends here
            trees = [promql.parsed(rule.expr) for rule in self.records.of(metric)]
            made = [ANY if tree is None else self.bounds(tree) for tree in trees]
            if made and not self.records.may_be_scraped(metric):
                self._bounds[metric] = (min(low for low, _ in made), max(high for _, high in made))
        return self._bounds[metric]

    def _aggregated(self, node: Any) -> Bounds:
        """Return the bounds of an aggregation such as `sum(...)`."""
        operation = str(node.op)
        if operation in _FIXED:
            return _FIXED[operation]
        inner = self.bounds(node.expr)
        if operation != "sum":
            return inner if operation in WITHIN else ANY
        return (inner[0] if inner[0] >= 0 else -math.inf, inner[1] if inner[1] <= 0 else math.inf)

    def _function(self, node: Any) -> Bounds:
        name, arguments = node.func.name, list(node.args)
        if name in _FIXED:
            return _FIXED[name]
        if name == "year":
            return _years(self.bounds(arguments[0]) if arguments else _FIXED["time"])
        if name == "abs":
            low, high = self.bounds(arguments[0])
            return (max(low, -high, 0.0), max(abs(low), abs(high)))
        if name == "vector":
            return self.bounds(arguments[0])
        if name in WITHIN:
            vectors = [
                argument
                for argument in arguments
                if promql.kind(promql.bare(argument)) not in ("NumberLiteral", "StringLiteral")
            ]
            return self.bounds(vectors[0]) if vectors else ANY
        if name in ("clamp", "clamp_min", "clamp_max"):
            low, high = self.bounds(arguments[0])
            if name != "clamp_max":
                least = self.bounds(arguments[1])[0]
                low, high = max(low, least), max(high, least)
            if name != "clamp_min":
                most = self.bounds(arguments[-1])[1]
                low, high = min(low, most), min(high, most)
            return (low, high)
        return ANY

    def _computed(self, node: Any) -> Bounds:
        operation = str(node.op)
        if operation in ("and", "unless"):
            return self.bounds(node.lhs)
        left, right = self.bounds(node.lhs), self.bounds(node.rhs)
        if operation == "or":
            return (min(left[0], right[0]), max(left[1], right[1]))
        if operation in COMPARE:
            if node.modifier is not None and node.modifier.return_bool:
                return (0.0, 1.0)
            number = promql.is_number(node.lhs)
            return (
                _passed(MIRRORED.get(operation, operation), right, left) if number else _passed(operation, left, right)
            )
        return _arithmetic(operation, left, right)


def outcome(operation: str, left: Bounds, right: Bounds) -> bool | None:
    """Return the outcome that a comparison always has; None where it depends on the values."""
    if operation in MIRRORED and operation in ("<", "<="):
        operation, left, right = MIRRORED[operation], right, left
    if operation == ">":
        return True if left[0] > right[1] else False if left[1] <= right[0] else None
    if operation == ">=":
        return True if left[0] >= right[1] else False if left[1] < right[0] else None
    apart = left[1] < right[0] or right[1] < left[0]
    same = left == right and left[0] == left[1]
    equal = True if same else False if apart else None
    return equal if operation == "==" or equal is None else not equal


def _passed(operation: str, value: Bounds, limit: Bounds) -> Bounds:
    """Return the bounds of the values that pass a comparison."""
    low, high = value
    if operation in (">", ">=", "=="):
        low = max(low, limit[0])
    if operation in ("<", "<=", "=="):
        high = min(high, limit[1])
    return (low, high) if low <= high else value


def _arithmetic(operation: str, left: Bounds, right: Bounds) -> Bounds:
    if operation == "+":
        return _hull(left[0] + right[0], left[1] + right[1])
    if operation == "-":
        return _hull(left[0] - right[1], left[1] - right[0])
    if operation == "/" and right[0] > 0:
        return _hull(
            *(dividend / divisor for dividend in left for divisor in right if math.isfinite(divisor)),
            _toward_zero(left, right),
        )
    if operation == "*":
        return _hull(*(first * second for first in left for second in right))
    return ANY


def _years(dates: Bounds) -> Bounds:
    return (float(datetime.fromtimestamp(dates[0], timezone.utc).year), math.inf) if 0 <= dates[0] < _LAST else ANY


def _toward_zero(left: Bounds, right: Bounds) -> float:
    """Return the limit of a division by ever larger numbers; with a largest divisor, one of the quotients."""
    return 0.0 if math.isinf(right[1]) else left[0] / right[1]


def _hull(*values: float) -> Bounds:
    return ANY if any(map(math.isnan, values)) else (min(values), max(values))


COMPARE = frozenset({"==", "!=", ">", "<", ">=", "<="})
MIRRORED = {">": "<", "<": ">", ">=": "<=", "<=": ">="}
_LAST = datetime(9999, 1, 1, tzinfo=timezone.utc).timestamp()
_COUNTS = frozenset({"count", "group"})
_METRICS: Mapping[str, Bounds] = {"up": (0.0, 1.0), "ALERTS": (1.0, 1.0)}
SINCE = 1e9
"""No sample is older: September 2001, in seconds since 1970. (Now, it is later than November 2023.)"""
_NEVER_NEGATIVE: Bounds = (0.0, math.inf)
_FIXED: Mapping[str, Bounds] = {
    "absent": (1.0, 1.0),
    "absent_over_time": (1.0, 1.0),
    "changes": _NEVER_NEGATIVE,
    "count": (1.0, math.inf),
    "count_over_time": (1.0, math.inf),
    "count_values": (1.0, math.inf),
    "day_of_month": (1.0, 31.0),
    "day_of_week": (0.0, 6.0),
    "day_of_year": (1.0, 366.0),
    "days_in_month": (28.0, 31.0),
    "group": (1.0, 1.0),
    "histogram_fraction": (0.0, 1.0),
    "hour": (0.0, 23.0),
    "increase": _NEVER_NEGATIVE,
    "irate": _NEVER_NEGATIVE,
    "minute": (0.0, 59.0),
    "month": (1.0, 12.0),
    "present_over_time": (1.0, 1.0),
    "rate": _NEVER_NEGATIVE,
    "resets": _NEVER_NEGATIVE,
    "sgn": (-1.0, 1.0),
    "stddev": _NEVER_NEGATIVE,
    "stddev_over_time": _NEVER_NEGATIVE,
    "stdvar": _NEVER_NEGATIVE,
    "stdvar_over_time": _NEVER_NEGATIVE,
    "time": (1.7e9, math.inf),
    "timestamp": (SINCE, math.inf),
}
"""The bounds of these functions for any argument; `count` of nothing is nothing, never 0."""
WITHIN = frozenset(
    {
        *("avg", "bottomk", "limit_ratio", "limitk", "max", "min", "quantile", "topk"),
        *("avg_over_time", "last_over_time", "max_over_time", "min_over_time", "first_over_time"),
        *("label_join", "label_replace", "scalar", "sort", "sort_desc"),
    }
)
"""Functions whose result lies within the bounds of their argument."""
