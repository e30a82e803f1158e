"""Which recording rules make the series of a metric, and whether they can be scraped as well."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence


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


def in_order(metrics: Iterable[str], reads: Callable[[str], Iterable[str]], done: Container[str] = ()) -> Iterator[str]:
    """Yield recorded metrics and those behind them, each after those that it reads, but not those that are `done`.

    Where metrics read one another in a circle, it is cut where it was met first. Chains may be long: no recursion.
    """
    met: set[str] = set()
    waiting = [(metric, False) for metric in metrics]
    while waiting:
        metric, ready = waiting.pop()
        if ready:
            yield metric
        elif metric not in met and metric not in done:
            met.add(metric)
            waiting.append((metric, True))
            waiting.extend((name, False) for name in reads(metric))


MADE = frozenset({"ALERTS", "ALERTS_FOR_STATE"})
"""The metrics that Prometheus itself makes of alerts, with the labels of these."""
