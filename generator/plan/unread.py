"""Expressions that alertc cannot analyse, since its parser does not know all of PromQL."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from generator.upstream.promql import promql

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from generator.diagnostics.diagnostic import PolicyPath
    from generator.plan.plan import Plan

NOT_PROVEN = (
    "which labels their series have, which series and records they read, how soon they become true, and whether they "
    "can fire"
)
"""What is unknown of such expressions, as the end of a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """An alert or a recording rule whose expression alertc cannot analyse; `why` says it in its parser's words."""

    name: str
    records: bool
    expr: str
    why: str
    route: PolicyPath

    def may_read(self, records: Collection[str]) -> Iterator[str]:
        """Yield the records that the expression may read: its text has their name, or selects metrics by patterns."""
        words = set(_NAME.findall(self.expr))
        any_name = "__name__" in words
        return (name for name in records if name != self.name and (any_name or name in words))


def unread(plan: Plan) -> tuple[Unread, ...]:
    """Return the expressions of the policy that alertc cannot analyse, each alert and record once."""
    records = plan.policy.records.items()
    failed = [
        _failed(name, record.expr, ("records", name, "expr"), records=True)
        for name, record in records
        if promql.selectors(record.expr) is None
    ]
    fine: set[str] = set()
    named: set[str] = set()
    for rule in plan.rules:
        if not rule.origin.written or rule.name in named:
            continue
        alike = promql.alike(rule.expr, rule.service)
        if alike in fine:
            continue
        if promql.selectors(alike) is None:
            named.add(rule.name)
            failed.append(_failed(rule.name, rule.expr, (*rule.route, "expr"), records=False))
        else:
            fine.add(alike)
    return tuple(failed)


def _failed(name: str, expression: str, route: PolicyPath, *, records: bool) -> Unread:
    return Unread(name=name, records=records, expr=expression, why=promql.why_not(expression), route=route)


_NAME = re.compile(r"[A-Za-z_:][\w:]*")
