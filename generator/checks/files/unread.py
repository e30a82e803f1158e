"""Nothing depends on an expression that alertc cannot analyse, though promtool accepts it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.behaviour.verification import Finding
from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic
from generator.diagnostics.wording import first_few
from generator.plan.unread import depended_on

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from generator.diagnostics.diagnostic import PolicyPath
    from generator.plan.plan import Plan
    from generator.plan.unread import Unread

RUL602 = Code(
    name="RUL602",
    title="What cannot be analysed is depended on",
    meaning="alertc's own parser does not know something in the expression, though promtool does. Of a recording rule "
    "it then does not know what it reads and makes, of an alert that reads records not how late they are, and for "
    "`when_missing` not which series could be missing, so that no alert watches them. Write the expression in another "
    "way.",
)

_NAMED = 3


def check(plan: Plan, refused: Collection[PolicyPath | None]) -> Iterator[Finding]:
    """RUL602: a record or `when_missing` depends on an expression that alertc cannot analyse.

    Of those that promtool `refused`, by the route of the expression, it has said what is wrong.
    """
    for one in depended_on(plan):
        if one.route not in refused:
            yield from (Finding(diagnostic=diagnostic) for diagnostic in _dependent(plan, one))


def _dependent(plan: Plan, one: Unread) -> Iterator[Diagnostic]:
    if one.records:
        message = f"alertc cannot analyse the expression of the record {one.name}: nobody knows what its readers get"
        yield _diagnostic(one, message, one.route, "write it in another way, or read the series in each alert itself")
        return
    records = tuple(one.may_read(plan.policy.records))
    if records:
        named = first_few(records, _NAMED)
        message = f"alertc cannot analyse the expression of {one.name}, which may read {named}: how late is not known"
        yield _diagnostic(one, message, one.route, "write it in another way")
    if plan.policy.alerts[one.name].when_missing not in (None, "ignore"):
        message = f"`when_missing` of {one.name} watches nothing: alertc cannot analyse its expression"
        help = "write the expression in another way, or give `absent(...)` an alert of its own"
        yield _diagnostic(one, message, (*one.route[:-1], "when_missing"), help)


def _diagnostic(one: Unread, message: str, route: PolicyPath, help: str) -> Diagnostic:
    return Diagnostic(
        code=RUL602.name,
        message=message,
        route=route,
        notes=(f"alertc's parser says: {one.why}",),
        help=help,
    )
