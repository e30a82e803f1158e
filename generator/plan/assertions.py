"""What a unit test expects, as promtool is asked: of alerts, or of the series ALERTS."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from generator.policy import duration
from generator.upstream.promql.promql import quote

if TYPE_CHECKING:
    from generator.plan.plan import ExpectedAlert, TestBlock


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpressionTest:
    """One entry of promtool's promql_expr_test; `sample` are the labels of its one sample, None for silence."""

    expr: str
    at: timedelta
    sample: str | None


def assertions(block: TestBlock) -> tuple[list[ExpectedAlert], list[ExpressionTest]]:
    """Return what a block expects, split by the two kinds of test that promtool has."""
    alerts = [one for one in block.expected if not one.throughout and (not one.fires or one.annotations is not None)]
    return alerts, [_expression_test(one) for one in block.expected if one not in alerts]


def _expression_test(expected: ExpectedAlert) -> ExpressionTest:
    """Ask for the series ALERTS instead of the alert: it has no annotations, and a past.

    promtool compares annotations too, and those with a `$value` are known only to Prometheus.
    """
    firing = f'ALERTS{{alertname={quote(expected.alert)},alertstate="firing"}}'
    if not expected.fires:
        back = duration.write(expected.at + timedelta(seconds=1))
        return ExpressionTest(expr=f"count_over_time({firing}[{back}])", at=expected.at, sample=None)
    labels = {"alertname": expected.alert, "alertstate": "firing", **expected.labels}
    inside = ", ".join(f"{name}={quote(value)}" for name, value in sorted(labels.items()))
    return ExpressionTest(expr=firing, at=expected.at, sample=f"ALERTS{{{inside}}}")
