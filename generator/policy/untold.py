"""An alert of which nobody is told says so, and why: `notify: nobody` with `because`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic
from generator.policy.model import NOBODY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from generator.diagnostics.diagnostic import PolicyPath

POL260 = Code(
    name="POL260",
    title="`notify: nobody` and `because` go together",
    meaning="That nobody is told of an alert is a decision, which `because` explains to whoever reads the policy, the "
    "report and the diff. Write both keys, or neither.",
    bad="""
expr: disk_used_ratio > 0.9
notify: nobody
""",
    good="""
expr: disk_used_ratio > 0.9
notify: nobody
because: The alert DiskFillsUp reads it.
""",
)


def reason(route: PolicyPath, entry: Mapping[str, Any], findings: list[Diagnostic]) -> str | None:
    """Return why nobody is told of an alert, None where people are; add to `findings` where it is not clear."""
    told, because = entry.get("notify") != NOBODY, entry.get("because")
    if told == (because is None):
        return because
    findings.append(
        Diagnostic(
            code=POL260.name,
            message=f"{route[-1]} is told to people, and says why not (`because`)"
            if told
            else f"{route[-1]} is told to nobody, and does not say why",
            route=(*route, "because" if told else "notify"),
            on_key=told,
            help="add `notify: nobody`, or remove `because`"
            if told
            else "add `because: ...`, a sentence for whoever wonders why nobody hears of it",
        )
    )
    return None
