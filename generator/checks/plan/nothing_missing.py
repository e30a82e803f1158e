"""Says where `when_missing` makes no alert, since the alert itself fires where its series are missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.diagnostics.diagnostic import Diagnostic, Level
from generator.plan import no_data
from generator.plan.plan import Origin
from generator.upstream.promql import promql

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.plan.plan import Plan


def check(plan: Plan) -> Iterator[Diagnostic]:
    """POL231: a warning, since the policy means what it says; where no series is read at all, there is no plan."""
    made = {rule.route[1] for rule in plan.rules if rule.origin is Origin.NO_DATA}
    for name, alert in plan.policy.alerts.items():
        asked = alert.when_missing not in (None, "ignore")
        # What cannot be analysed is RUL602.
        if asked and name not in made and promql.selectors(alert.expr) is not None:
            yield Diagnostic(
                code=no_data.POL231.name,
                level=Level.WARNING,
                message=f"{name} has no series that could be missing: it fires without those behind `unless`",
                route=("alerts", name, "when_missing"),
                help="remove `when_missing`, or write an expression that reads a series",
            )
