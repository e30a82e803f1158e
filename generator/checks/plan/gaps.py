"""Series have no gaps: each sample is seen until the next one is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic
from generator.diagnostics.wording import first_few
from generator.policy import duration
from generator.upstream.promql import promql

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from generator.plan.plan import Plan

RUL523 = Code(
    name="RUL523",
    title="A series has gaps",
    meaning="Prometheus sees a sample for five minutes (`lookback`), and the next one only when its scrape has ended, "
    "or its rule has been evaluated. Where that is later, each alert on the series ends and begins anew: with a `for` "
    "it may never fire. promtool scrapes in no time, so that tests do not show it. Scrape or record more often, or "
    "read the record over a range (`last_over_time(x[15m])`).",
)

RUL524 = Code(
    name="RUL524",
    title="Time-out of a scrape is longer than its interval",
    meaning="Prometheus refuses such a configuration. Write the time-out that your servers have.",
)

_NAMED = 3
_SCRAPE, _RECORDED = ("stack", "prometheus", "scrape"), "records"


def check(plan: Plan) -> Iterator[Diagnostic]:
    """RUL523: samples are further apart than the look-back. RUL524: a scrape may last longer than its interval."""
    stack = plan.stack
    seen = duration.write(stack.lookback)
    if stack.scrape_timeout > stack.scrape:
        yield Diagnostic(
            code=RUL524.name,
            message=f"`scrape_timeout` ({duration.write(stack.scrape_timeout)}) is longer than `scrape` "
            f"({duration.write(stack.scrape)}), which Prometheus refuses",
            route=(
                "stack",
                "prometheus",
                "scrape_timeout" if plan.policy.stack.prometheus.scrape_timeout else "scrape",
            ),
            help="write the time-out that your servers have: 10s unless it is set, and never more than the interval",
        )
    elif stack.scrape + stack.scrape_timeout >= stack.lookback:
        apart = duration.write(stack.scrape + stack.scrape_timeout)
        yield Diagnostic(
            code=RUL523.name,
            message=f"every series has gaps: a sample may come {apart} after the one before it, "
            f"which is seen for {seen}",
            route=_SCRAPE,
            notes=(f"scrape {duration.write(stack.scrape)} + scrape timeout {duration.write(stack.scrape_timeout)}",),
            help="scrape more often, or allow a scrape less time, until the sum is below the look-back",
        )
    if stack.evaluate >= stack.lookback:
        yield Diagnostic(
            code=RUL523.name,
            message="the rules that watch alerts see gaps: rules are evaluated every "
            f"{duration.write(stack.evaluate)}, and what they say is seen for {seen}",
            route=("stack", "prometheus", "evaluate"),
            help="evaluate more often than the look-back",
        )
    yield from _of_records(plan, seen)


def _of_records(plan: Plan, seen: str) -> Iterator[Diagnostic]:
    """Yield a finding for each record that is made too rarely for somebody who reads its latest sample."""
    rare = {name: record for name, record in plan.policy.records.items() if record.every >= plan.stack.lookback}
    if not rare:
        return
    readers: Mapping[str, list[str]] = {name: [] for name in rare}
    expressions = [(rule.name, rule.expr) for rule in plan.rules]
    expressions += [(name, record.expr) for name, record in plan.policy.records.items()]
    for reader, expression in dict.fromkeys(expressions):
        for metric in promql.latest(expression) & rare.keys():
            readers[metric].append(reader)
    for name, those in readers.items():
        every = duration.write(rare[name].every)
        if those:
            yield Diagnostic(
                code=RUL523.name,
                message=f"{name} has gaps: it is recorded every {every}, and seen for {seen}",
                route=(_RECORDED, name, "every"),
                notes=(f"its latest sample is read by {first_few(list(dict.fromkeys(those)), _NAMED)}",),
                help="record it more often than the look-back, or read it over a range: `last_over_time(x[15m])`",
            )
