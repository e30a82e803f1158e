"""Recording rules that wait for one another: none of them ever records anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic
from generator.diagnostics.wording import listed
from generator.upstream.promql import promql

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.checks.expressions.condition import Condition

RUL522 = Code(
    name="RUL522",
    title="Recording rules wait for one another",
    meaning="A rule that reads what is made of its own result has nothing to begin with: neither metric ever has a "
    "series, and alerts on them never fire. Read what is scraped, or give it a beginning (`or vector(0)`).",
)


def check(condition: Condition) -> Iterator[Diagnostic]:
    """RUL522: a recording rule needs a metric that needs its own."""
    name = condition.name
    if not condition.rule.records or name not in condition.values.never_made:
        return
    needed = sorted(promql.read_of(condition.values.never_made, condition.rule.expr))
    needs = "itself" if needed == [name] else f"{listed(needed)}, which {'needs' if len(needed) == 1 else 'need'} it"
    yield Diagnostic(
        code=RUL522.name,
        message=f"nothing is ever recorded as {name}: it needs {needs}",
        route=condition.route,
        help="read what is scraped, or give one of them a beginning, such as `or vector(0)`",
    )
