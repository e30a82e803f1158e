"""A second judge of Alertmanager's configuration: the package `amlint`, checked against Alertmanager by its authors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.behaviour.documents import ALERTMANAGER, shown, template_of
from generator.behaviour.identity import policy_route
from generator.behaviour.verification import Finding
from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, Level, Place
from generator.plan import nobody
from generator.policy.model import NOBODY
from generator.upstream.alertmanager.match import every_node

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.behaviour.verification import Verification
    from generator.diagnostics.diagnostic import EntryPath

AML601 = Code(
    name="AML601",
    title="Finding of amlint",
    meaning="amlint, a second opinion on the routes, reports this; its own words are shown.",
)

AML602 = Code(
    name="AML602",
    title="amlint was skipped",
    meaning="There are too many routes for amlint. Run `amlint check` by hand if you want its opinion.",
)

MOST_ROUTES = 500
"""Its time grows with the square of the routes: 0.2 s for 400 of them, 13 s for 4,000."""

_MEANT = f"Receiver '{NOBODY}' has no integration"
"""The receiver of alerts with `notify: nobody` sends nothing. A channel of that name is refused beside them."""
_LEVELS = {"error": Level.ERROR, "warn": Level.ERROR}


def check(verification: Verification) -> Iterator[Finding]:
    """AML601: an error or a warning of amlint. AML602: it was not run, since there are too many routes."""
    count = sum(1 for _ in every_node(verification.behaviour.root))
    if count > MOST_ROUTES:
        yield Finding(
            diagnostic=Diagnostic(
                code=AML602.name,
                level=Level.NOTE,
                message=f"amlint was not run on the {count:,} routes of {shown(ALERTMANAGER)}",
                notes=(f"its time grows with the square of the routes; it is run on at most {MOST_ROUTES}",),
                help="`amlint check out/alertmanager/alertmanager.yml` runs it by hand",
            )
        )
        return
    yield from _lint(verification)


def _lint(verification: Verification) -> Iterator[Finding]:
    # Imported here: 50 ms that only this check needs.
    from amlint.formats import apply_locations, load_input
    from amlint.linter import lint

    text = verification.texts(ALERTMANAGER)[ALERTMANAGER]
    loaded = load_input(text, "alertmanager")
    meant = _MEANT if nobody.place(verification.plan) else ()
    folder = str((verification.folder / ALERTMANAGER).parent)
    for lint_error in apply_locations(lint(loaded.cfg, basedir=folder), loaded):
        if lint_error.level not in _LEVELS or lint_error.msg.startswith(meant):
            continue
        route = policy_route(verification.plan, verification.documents, ALERTMANAGER, _where(lint_error.where))
        yield Finding(
            diagnostic=Diagnostic(
                code=AML601.name,
                level=_LEVELS[lint_error.level],
                message=f"amlint, {lint_error.code}: {lint_error.msg}",
                route=route,
                place=None if route else template_of(ALERTMANAGER),
                artifact=Place(path=shown(ALERTMANAGER), line=lint_error.line or 0, column=lint_error.col or 0),
                help=f"`amlint explain {lint_error.code}` says more",
            )
        )


def _where(path: str) -> EntryPath:
    """Return amlint's `route.routes[1].receiver` as a way into the file."""
    steps = path.replace("[", ".").replace("]", "").split(".") if path else []
    return tuple(int(step) if step.isdecimal() else step for step in steps)
