"""Series that can never meet: selectors that no series satisfies, operators whose two sides never match."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.diagnostics.diagnostic import Diagnostic, Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.plan.conditions import Condition
    from generator.upstream.promql.labels import Mismatch


def check(condition: Condition) -> Iterator[Diagnostic]:
    """PQL706: two sides that never match. PQL707: many to one, unsaid. PQL708: a selector that selects nothing."""
    for mismatch in dict.fromkeys(condition.reading.mismatches):
        yield _finding(condition, mismatch)


def _finding(condition: Condition, mismatch: Mismatch) -> Diagnostic:
    notes = (f"in `{mismatch.text}`", *((mismatch.note,) if mismatch.note else ()))
    if mismatch.kind == "never":
        return Diagnostic(
            code="PQL706",
            message=f"two sides of an operator in {condition.name} never match: {mismatch.why}",
            route=condition.route,
            notes=notes,
            help="aggregate both sides by the same labels, or say with `on (...)` or `ignoring (...)` which must agree",
        )
    if mismatch.kind == "many":
        return Diagnostic(
            code="PQL707",
            level=Level.WARNING,
            message=f"an operator in {condition.name} may find several series for one: {mismatch.why}",
            route=condition.route,
            notes=notes,
            help="Prometheus then refuses the evaluation, and nobody is told: write `group_left` or `group_right`, "
            "or aggregate by the same labels",
        )
    return Diagnostic(
        code="PQL708",
        message=f"a selector in {condition.name} selects nothing, ever: it {mismatch.why}",
        route=condition.route,
        notes=notes,
        help="correct the matchers: an alert on nothing is silent",
    )
