"""Checks that Prometheus keeps samples for as long as rules look back."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, Level, PolicyPath
from generator.plan import duties
from generator.plan.urgency import is_urgent
from generator.policy import duration
from generator.upstream.promql import promql

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.plan.plan import Plan

RUL521 = Code(
    name="RUL521",
    title="Retention is shorter than a deadline",
    meaning="A rule that watches a deadline looks back further than Prometheus keeps samples. Set `retention` "
    "to what your servers keep, or shorten the deadline.",
)

RUL525 = Code(
    name="RUL525",
    title="Expression reads samples that are deleted",
    meaning="`offset` goes back further than Prometheus keeps samples: nothing is there, and the alert never fires. A "
    "unit test has all samples that it gives. Shorten the offset, or set `retention` to what your servers keep.",
)


def check(plan: Plan) -> Iterator[Diagnostic]:
    """RUL521: a deadline's rule looks back further than Prometheus keeps samples. RUL525: so does an `offset`."""
    yield from _deadlines(plan)
    for name, record in plan.policy.records.items():
        if _oldest(record.expr) >= plan.stack.retention:
            yield _deleted(plan, name, record.expr, ("records", name, "expr"), urgent=is_urgent(plan, name))
    found: set[str] = set()
    for rule in plan.rules:
        if rule.origin.written and rule.name not in found and _oldest(rule.expr) >= plan.stack.retention:
            found.add(rule.name)
            urgent = rule.severity in plan.policy.urgent
            yield _deleted(plan, rule.name, rule.expr, (*rule.route, "expr"), urgent=urgent)


def _oldest(expression: str) -> timedelta:
    """Return how far back the newest samples lie of what reads the oldest; zero where there is no `offset`."""
    tree = promql.parsed(expression) if "offset" in expression.lower() else None
    try:
        return max(_ages(tree, timedelta()), default=timedelta()) if tree is not None else timedelta()
    except RecursionError:
        return timedelta()


def _ages(node: Any, age: timedelta) -> Iterator[timedelta]:
    age += getattr(node, "offset", None) or timedelta()
    if promql.kind(node) == "VectorSelector":
        yield age
    for part in promql.below(node):
        yield from _ages(part, age)


def _deleted(plan: Plan, name: str, expression: str, route: PolicyPath, *, urgent: bool) -> Diagnostic:
    tree = promql.parsed(expression)
    may_do_without = any(str(getattr(part, "op", "")) in ("or", "unless") for part in promql.every(tree))
    back, kept = duration.write(_oldest(expression)), duration.write(plan.stack.retention)
    return Diagnostic(
        code=RUL525.name,
        level=Level.ERROR if urgent and not may_do_without else Level.WARNING,
        message=f"{name} reads samples of {back} ago, but Prometheus keeps {kept}",
        route=route,
        notes=("what is that old is deleted, so that this part of the expression has no result",),
        help=f"shorten the `offset`, or set `stack.prometheus.retention` to what your servers keep, more than {back}",
    )


def _deadlines(plan: Plan) -> Iterator[Diagnostic]:
    kept = plan.stack.retention
    for name in sorted({rule.severity for rule in plan.rules if rule.origin.authored}, key=plan.policy.rank):
        if plan.severities[name].resolve is None:
            continue
        needed = duties.look_back(plan.severities[name])
        if needed > kept:
            yield _finding(f"whether a {name} is overdue", ("severities", name, "resolve"), needed, kept)
    for name, duty in plan.policy.duties.items():
        if duty.within and duties.window(duty.within) > kept:
            yield _finding(
                f"whether {duty.title or name} is due", ("duties", name, "within"), duties.window(duty.within), kept
            )


def _finding(what: str, route: PolicyPath, needed: timedelta, kept: timedelta) -> Diagnostic:
    return Diagnostic(
        code=RUL521.name,
        message=f"{what} needs samples of {duration.write(needed)}, but Prometheus keeps {duration.write(kept)}",
        route=route,
        help=f"set `stack.prometheus.retention` to what your servers keep, at least {duration.write(needed)}",
    )
