"""Expressions that alertc cannot analyse, since its parser does not know all of PromQL."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from generator.upstream.promql import promql

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from generator.diagnostics.diagnostic import PolicyPath
    from generator.plan.plan import AlertRule, Plan

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
    return (*_records(plan), *_alerts(rule for rule in plan.rules if rule.origin.written))


def depended_on(plan: Plan) -> tuple[Unread, ...]:
    """Return those of them that are of a record, may read one, or have a `when_missing`."""
    alerts, records = plan.policy.alerts, plan.policy.records
    watched = {name for name, alert in alerts.items() if alert.when_missing not in (None, "ignore")}
    # There are 100,000 rules: most policies have neither records, nor many that are watched.
    rules = (rule for rule in plan.rules if rule.origin.written and (records or rule.name in watched))
    failed = _alerts(rules) if records or watched else ()
    return (*_records(plan), *(one for one in failed if one.name in watched or any(one.may_read(records))))


def _records(plan: Plan) -> Iterator[Unread]:
    for name, record in plan.policy.records.items():
        if promql.selectors(record.expr) is None:
            yield _failed(name, record.expr, ("records", name, "expr"), records=True)


def _alerts(rules: Iterable[AlertRule]) -> Iterator[Unread]:
    fine: set[str] = set()
    named: set[str] = set()
    for rule in rules:
        alike = promql.alike(rule.expr, rule.service)
        if alike in fine or rule.name in named:
            continue
        if promql.selectors(alike) is None:
            named.add(rule.name)
            yield _failed(rule.name, rule.expr, (*rule.route, "expr"), records=False)
        else:
            fine.add(alike)


def _failed(name: str, expression: str, route: PolicyPath, *, records: bool) -> Unread:
    return Unread(name=name, records=records, expr=expression, why=promql.why_not(expression), route=route)


_NAME = re.compile(r"[A-Za-z_:][\w:]*")
