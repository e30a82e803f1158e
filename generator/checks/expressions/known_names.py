"""Finds names of recording rules and alerts that an expression misspells by one letter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, Level
from generator.upstream.promql import promql

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from generator.checks.expressions.condition import Condition

PQL720 = Code(
    name="PQL720",
    title="Metric name is probably misspelt",
    meaning="The policy defines a recording rule or an alert whose name differs by one letter, and none of "
    "this name. An expression on a metric that nothing writes never fires. Correct the name. Names "
    "that differ in a digit are taken to be different.",
    bad="""
expr: job:error:ratio{job="shop"} > 0.5
""",
    good="""
expr: job:errors:ratio{job="shop"} > 0.5
""",
)


def check(condition: Condition) -> Iterator[Diagnostic]:
    """PQL720: an expression reads a recorded metric or an alert whose name is one letter off one in the policy."""
    for node in promql.every(condition.tree):
        if promql.kind(node) != "VectorSelector":
            continue
        metric = promql.metric_of(node)
        if metric in ("ALERTS", "ALERTS_FOR_STATE"):
            named = [value for label, sign, value in promql.matchers(node) if (label, sign) == ("alertname", "=")]
            for name in named:
                yield from _misspelt(condition, "alert", name, condition.around.alerts())
        elif metric and ":" in metric:
            yield from _misspelt(condition, "recording rule", metric, condition.around.records.by_metric)


def _misspelt(condition: Condition, what: str, name: str, known: Collection[str]) -> Iterator[Diagnostic]:
    near = sorted(other for other in known if _one_letter_apart(name, other)) if name not in known else []
    if near:
        yield Diagnostic(
            code=PQL720.name,
            level=Level.WARNING,
            message=f"{condition.name} reads the {what} `{name}`, {condition.around.words.undefined}",
            route=condition.route,
            help=f"did you mean `{near[0]}`?",
        )


def _one_letter_apart(first: str, second: str) -> bool:
    """Whether a letter was changed, added, left out, or swapped with the next; digits differ on purpose."""
    if abs(len(first) - len(second)) > 1:
        return False
    shared = min(len(first), len(second))
    start = next((place for place in range(shared) if first[place] != second[place]), shared)
    end = next((place for place in range(shared - start) if first[-1 - place] != second[-1 - place]), shared - start)
    left, right = first[start : len(first) - end], second[start : len(second) - end]
    swapped = len(left) == len(right) == 2 and left == right[::-1]
    return (swapped or max(len(left), len(right)) == 1) and not any(map(str.isdigit, left + right))
