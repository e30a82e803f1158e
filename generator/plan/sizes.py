"""What expressions and texts may not be, as findings: too large, or without a bound for what they print."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.diagnostics.diagnostic import Diagnostic
from generator.upstream import printed
from generator.upstream.promql import size as promql_size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.diagnostics.diagnostic import Route


def expression(name: str, expr: str, route: Route) -> Iterator[Diagnostic]:
    """PQL726: an expression that promtool would take very long for, or that no parser can take."""
    much = promql_size.oversize(expr)
    if much:
        yield Diagnostic(
            code="PQL726",
            message=f"the expression of {name} has {much}",
            route=route,
            help="record parts of it (`records`), or write alerts of their own",
        )


def text(name: str, key: str, said: str, route: Route) -> Iterator[Diagnostic]:
    """POL252: a text of which nobody can say how much it prints."""
    fault = printed.unbounded(said)
    if fault:
        yield Diagnostic(code="POL252", message=f"the {key} of {name} {fault.why}", route=route, help=fault.help)
