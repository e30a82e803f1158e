"""Finds two alerts with the same condition, which would page twice for one fault."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.plan.plan import Plan

PQL721 = Code(
    name="PQL721",
    title="Two alerts with the same condition",
    meaning="Two alerts with the same service, severity and expression page twice for one fault. Remove one.",
    bad="""
service: shop
severity: P2
expr: job:errors:ratio{job="shop"} > 0.02
""",
    good="""
service: shop
severity: P2
expr: job:errors:ratio{job="shop"} > 0.5
""",
)


def check(plan: Plan) -> Iterator[Diagnostic]:
    """PQL721: two alerts of one service and one severity have the same expression."""
    first: dict[tuple[str, str, str], str] = {}
    seen: set[tuple[str, str]] = set()
    for rule in plan.rules:
        if not rule.origin.written:
            continue  # the policy's own rules
        other = first.setdefault((rule.service, rule.severity, rule.expr), rule.name)
        if other == rule.name or (other, rule.name) in seen:
            continue
        seen.add((other, rule.name))
        yield Diagnostic(
            code=PQL721.name,
            level=Level.WARNING,
            message=f"{rule.name} and {other} have the same expression, service ({rule.service}) and severity "
            f"({rule.severity})",
            route=(*rule.route, "expr"),
            help="remove one of them: people would be paged twice for one fault",
        )
