"""Finds operators whose operands never match, and selectors that match no series."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from generator.checks.expressions import barren
from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, Level
from generator.upstream.promql import promql

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.checks.expressions.condition import Condition
    from generator.upstream.promql.labels import Mismatch

PQL706 = Code(
    name="PQL706",
    title="Operands never match",
    meaning="A binary operator pairs series that agree in all labels, or in those of `on (...)`. A label that "
    "only one operand has, or that differs between the two, prevents every match: the alert never "
    "fires. Aggregate both operands by the same labels, or name the labels with `on (...)`.",
    bad="""
expr: sum by (job) (rate(request_errors_total[5m])) / sum(rate(requests_total[5m])) > 0.1
""",
    good="""
expr: sum by (job) (rate(request_errors_total[5m])) / sum by (job) (rate(requests_total[5m])) > 0.1
""",
)

PQL707 = Code(
    name="PQL707",
    title="Several series match one",
    meaning="Where several series of one operand match one of the other, Prometheus fails to evaluate unless "
    "`group_left` or `group_right` allows it. This only shows on the day that there are several.",
    bad="""
expr: sum by (job, code) (rate(requests_total[5m])) / ignoring (code) sum by (job) (rate(requests_total[5m])) > 0.5
""",
    good="""
expr: >-
  sum by (job, code) (rate(requests_total[5m]))
  / ignoring (code) group_left sum by (job) (rate(requests_total[5m])) > 0.5
""",
)

PQL708 = Code(
    name="PQL708",
    title="Selector matches no series",
    meaning="The matchers contradict each other, ask a recording rule of the policy for a label that it does not keep, "
    'or ask for a whole number of `le` or `quantile`, which Prometheus 3 stores as "1.0". An alert on no series never '
    "fires. Correct the matchers.",
    bad="""
expr: job:errors:ratio{instance="shop-1"} > 0.1
""",
    good="""
expr: job:errors:ratio{job="shop"} > 0.1
""",
)


def check(condition: Condition) -> Iterator[Diagnostic]:
    """PQL706: operands that never match. PQL707: several series that match one. PQL708: a selector without series."""
    for mismatch in dict.fromkeys(condition.reading.mismatches):
        yield _finding(condition, mismatch)
    if (condition.around.version or ()) >= _FLOATS_SINCE:
        yield from _whole_numbers(condition)


def _whole_numbers(condition: Condition) -> Iterator[Diagnostic]:
    """PQL708: a matcher wants `le="1"`, which is stored as `1.0` (scrape/scrape.go, normalizeFloatsInLabelValues)."""
    for node in promql.every(condition.tree):
        if promql.kind(node) != "VectorSelector":
            continue
        metric = promql.metric_of(node)
        made = condition.reader.of(metric).has
        for label, operator, value in promql.matchers(node):
            if label in _FLOATS and operator in ("=", "=~") and _WHOLE.fullmatch(value) and made.get(label) is None:
                shown = f"{label}{operator}{promql.quote(value)}"
                numbers = value.split("|")
                both = "|".join(f"{number}|{number}.0" for number in numbers)
                yield Diagnostic(
                    code=PQL708.name,
                    message=f"a selector in {condition.name} matches no series: it asks for `{shown}`, and Prometheus "
                    f"3 stores whole numbers of `{label}` as `{numbers[0]}.0`",
                    route=condition.route,
                    notes=(f"in `{promql.written(node)}`",),
                    help=f'write `{label}=~"{both}"`, which matches in every version',
                )


def _finding(condition: Condition, mismatch: Mismatch) -> Diagnostic:
    notes = (f"in `{mismatch.text}`", *((mismatch.note,) if mismatch.note else ()))
    level, rest = barren.judged(condition) if mismatch.part else (Level.ERROR, ())
    if mismatch.kind == "never":
        return Diagnostic(
            code=PQL706.name,
            level=level,
            message=f"the operands of an operator in {condition.name} never match: {mismatch.why}",
            route=condition.route,
            notes=(*notes, *rest),
            help="aggregate both operands by the same labels, or name those that must agree with `on (...)`",
        )
    if mismatch.kind == "perhaps never":
        return Diagnostic(
            code=PQL706.name,
            level=Level.WARNING,
            message=f"an operator in {condition.name} never matches {mismatch.why}",
            route=condition.route,
            notes=notes,
            help="aggregate both operands by the same labels, or name those that must agree with `on (...)`",
        )
    if mismatch.kind == "many":
        return Diagnostic(
            code=PQL707.name,
            level=Level.WARNING,
            message=f"an operator in {condition.name} may match several series with one: {mismatch.why}",
            route=condition.route,
            notes=notes,
            help="write `group_left` or `group_right`, or aggregate both operands by the same labels: else Prometheus "
            "fails to evaluate the rule, and nobody is notified",
        )
    return Diagnostic(
        code=PQL708.name,
        level=level,
        message=f"a selector in {condition.name} matches no series: it {mismatch.why}",
        route=condition.route,
        notes=(*notes, *rest),
        help="correct the matchers: an alert on no series never fires",
    )


_FLOATS = frozenset({"le", "quantile"})
_FLOATS_SINCE = (3, 0)
_WHOLE = re.compile(r"[0-9]+(?:\|[0-9]+)*")
