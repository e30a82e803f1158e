"""Finds expressions that Prometheus loads and cannot evaluate, and alerts named like those that alertc generates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic
from generator.plan.plan import Origin
from generator.system.unique import unique
from generator.upstream.promql import promql

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.plan.plan import Plan

PQL701 = Code(
    name="PQL701",
    title="Expression is not an instant vector or a number",
    meaning="The expression yields a range or a string, which no rule can use: every evaluation would fail.",
)

PQL702 = Code(
    name="PQL702",
    title="Alert name is used by alertc",
    meaning="alertc generates an alert of this name from the policy. Rename yours, so that people can tell the "
    "two apart.",
)


def check(plan: Plan) -> Iterator[Diagnostic]:
    """PQL701: an expression yields a range or a string. PQL702: an alert has the name of one that alertc generates."""
    yield from _taken_names(plan)
    for rule in unique((rule for rule in plan.rules if rule.origin.entered), lambda rule: rule.name):
        what = promql.no_condition(promql.alike(rule.expr, rule.service))
        if what:
            yield _unusable(rule.name, what, (*rule.route, "expr"))
    for name, record in plan.policy.records.items():
        what = promql.no_condition(record.expr)
        if what:
            yield _unusable(name, what, ("records", name, "expr"))


def _taken_names(plan: Plan) -> Iterator[Diagnostic]:
    generated = {rule.name for rule in plan.rules if not rule.origin.entered}
    missing = {(rule.name, rule.service): rule for rule in plan.rules if rule.origin is Origin.NO_DATA}
    written = (rule for rule in plan.rules if rule.origin.written)
    taken = (rule for rule in written if rule.name in generated or (rule.name, rule.service) in missing)
    for rule in unique(taken, lambda rule: rule.name):
        other = missing.get((rule.name, rule.service))
        yield Diagnostic(
            code=PQL702.name,
            message=f"{rule.name} is the name of an alert that alertc generates",
            route=rule.route,
            on_key=True,
            notes=(f"`when_missing` of {other.route[1]} generates it: both would be one incident",) if other else (),
            help="give it another name, so that people can tell the two apart",
        )


def _unusable(name: str, what: str, route: tuple[str | int, ...]) -> Diagnostic:
    return Diagnostic(
        code=PQL701.name,
        message=f"the expression of {name} is {what}: Prometheus loads it and then fails at every evaluation",
        route=route,
        help="write an expression that yields one value for each series, such as `rate(x[5m]) > 0`",
    )
