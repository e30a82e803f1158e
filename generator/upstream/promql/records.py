"""Which recording rules make the series of a metric, and whether they can be scraped as well."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


class RecordingRule(Protocol):
    """A recording rule: its expression, and the labels that it adds."""

    @property
    def expr(self) -> str:
        """The expression that is evaluated."""

    @property
    def labels(self) -> Mapping[str, str]:
        """The labels that are added to each series."""


class Records:
    """The recording rules by the metric that they record; several may record one."""

    def __init__(self, rules: Iterable[tuple[str, RecordingRule]] = ()) -> None:
        self.by_metric: dict[str, list[RecordingRule]] = {}
        for metric, rule in rules:
            self.by_metric.setdefault(metric, []).append(rule)

    def of(self, metric: str | None) -> Sequence[RecordingRule]:
        """Return the rules that record the metric; none for a selector of many metrics."""
        return self.by_metric.get(metric or "", ())

    def may_be_scraped(self, metric: str | None) -> bool:
        """Return whether series of the metric can come from a target.

        Prometheus keeps the colon for recording rules, so nothing that exports metrics uses it; but a rule may record
        any name, also one that is exported.
        """
        return metric is None or (":" not in metric and metric not in MADE)


MADE = frozenset({"ALERTS", "ALERTS_FOR_STATE"})
"""The metrics that Prometheus itself makes of alerts, with the labels of these."""
