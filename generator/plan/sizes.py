"""What expressions and texts may not be, as findings: too large, or without a bound for what they print."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic
from generator.upstream import printed
from generator.upstream.promql import size as promql_size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.diagnostics.diagnostic import PolicyPath

POL252 = Code(
    name="POL252",
    title="Size of a rendered text has no limit",
    meaning="A text may print labels, values, conditions, one query and a loop over its result. Definitions, "
    "nested loops, wide formats and subqueries could grow without limit and take down whatever renders "
    "them.",
)

PQL726 = Code(
    name="PQL726",
    title="Expression is too large",
    meaning="Prometheus's time to parse grows with the cube of an expression's size. At most "
    f"{promql_size.MOST_CHARACTERS:,} characters, {promql_size.MOST_OPERATORS} operators and "
    f"{promql_size.MOST_LEVELS} levels of parentheses are allowed, far more than rules that people read have. Move "
    "parts of it into recording rules.",
    bad=f"""
expr: lag_seconds {"+ 0 " * 251}> 60
""",
    good="""
expr: lag_seconds > 60
""",
)


def expression(name: str, expr: str, route: PolicyPath) -> Iterator[Diagnostic]:
    """PQL726: promtool or a parser would take too long for the expression."""
    much = promql_size.oversize(expr)
    if much:
        yield Diagnostic(
            code=PQL726.name,
            message=f"the expression of {name} has {much}",
            route=route,
            help="move parts of it into `records`, or split it into several alerts",
        )


def text(name: str, key: str, value: str, route: PolicyPath) -> Iterator[Diagnostic]:
    """POL252: the size of a rendered text has no bound."""
    fault = printed.unbounded(value)
    if fault:
        yield Diagnostic(code=POL252.name, message=f"the {key} of {name} {fault.why}", route=route, help=fault.help)
