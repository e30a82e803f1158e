"""No series decides where an alert goes: each rule sets the labels by which alerts are routed, or removes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.behaviour.verification import Finding
from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic
from generator.diagnostics.wording import listed
from generator.plan.plan import PINNED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.behaviour.verification import Verification

RTE613 = Code(
    name="RTE613",
    title="Label of the series decides who is paged",
    meaning="Alerts are routed, grouped or silenced by some labels. A rule that neither sets nor removes such a label "
    "leaves it to the series, and whoever runs an exporter decides who is paged. Write it with an empty value: "
    "Prometheus then removes the label of the series. The packaged template does.",
)


def check(verification: Verification) -> Iterator[Finding]:
    """RTE613: a rule leaves a label to the series by which its alerts are routed, grouped or silenced."""
    for alert in verification.alerts:
        promised = alert.promised
        if promised is None or promised.origin.spread:
            continue
        left = [name for name in PINNED if name not in alert.rule.labels]
        if left:
            names = [f"`{name}`" for name in left]
            written = listed(f"`{name}: ''`" for name in left)
            yield Finding(
                diagnostic=Diagnostic(
                    code=RTE613.name,
                    message=f"{alert.rule.name} of {promised.service} leaves the "
                    f"label{'s' if len(names) > 1 else ''} {listed(names)} to its series",
                    route=promised.route,
                    on_key=True,
                    notes=("alerts are routed, grouped or silenced by it: a series that has it changes who is paged",),
                    help=f"write {written} among its labels, as the packaged template does",
                ),
                path=alert.rule.path,
                where=(*alert.rule.where, "labels"),
            )
