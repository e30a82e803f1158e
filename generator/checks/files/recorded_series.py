"""The series of a test that rules make, as a server has them: no more often, and with no label that is dropped."""

from __future__ import annotations

import contextlib
from datetime import timedelta
from typing import TYPE_CHECKING

from generator.upstream.promql import promql, samples

if TYPE_CHECKING:
    from generator.plan.plan import Plan
    from generator.upstream.promql.labels import Reader

_OF_ALERTS = ("ALERTS", "ALERTS_FOR_STATE")
"""What Prometheus writes of alerts at each evaluation."""


def every(plan: Plan, series: str) -> timedelta:
    """Return the time between two samples of what rules make: a record, or ALERTS; zero of what is scraped."""
    tree = promql.selector(series)
    metric = promql.metric_of(tree) if tree else None
    if metric in _OF_ALERTS:
        return plan.stack.evaluate
    record = plan.policy.records.get(metric or "")
    return record.every if record else timedelta()


def samples_of(plan: Plan, series: str, values: str, step: timedelta) -> str:
    """Return the samples that a server has of a series which a rule makes; of another one, all of them."""
    pace = every(plan, series)
    with contextlib.suppress(ValueError):
        return samples.as_recorded(values, step, pace) if pace > step else values
    return values


def labelled(series: str, reader: Reader) -> str:
    """Return a recorded series without the labels that its rules drop; any other as it is."""
    tree = promql.selector(series)
    metric = promql.metric_of(tree) if tree else None
    if metric is None or not reader.records.of(metric):
        return series
    labels = {label: value for label, _, value in promql.matchers(tree) if label != promql.NAME}
    made = reader.of(metric)
    kept = {label: value for label, value in labels.items() if not made.missing(label)}
    if kept == labels:
        return series
    inside = ", ".join(f"{label}={promql.quote(value)}" for label, value in kept.items())
    return f"{metric}{{{inside}}}"
