"""No alert is silent for one of another environment or place: what happens there is not what happens here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.behaviour.documents import ALERTMANAGER
from generator.behaviour.identity import policy_route
from generator.behaviour.verification import KEEP_TEMPLATE, Finding
from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic
from generator.diagnostics.wording import listed
from generator.plan.places import places

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from generator.behaviour.verification import Verification
    from generator.upstream.alertmanager.match import Matcher

RTE621 = Code(
    name="RTE621",
    title="Inhibition reaches another environment or place",
    meaning="Environments and places (a region, a cluster) that external labels tell apart share one Alertmanager. An "
    "inhibition rule that does not compare such a label silences alerts of one place while something fires in another. "
    "Name the label in `equal`. Compare your template with the packaged one.",
)


def check(verification: Verification) -> Iterator[Finding]:
    """RTE621: an inhibition rule does not compare what tells environments or places apart."""
    policy = verification.plan.policy
    labels = (*((policy.labels.environment,) if policy.environments else ()), *places(policy))
    for rule in verification.behaviour.inhibitions:
        lost = [
            label
            for label in labels
            if label not in rule.equal and _only(rule.source, label) != (_only(rule.target, label) or "")
        ]
        if lost:
            where = (*rule.where, "equal")
            route = policy_route(verification.plan, verification.documents, ALERTMANAGER, where)
            diagnostic = Diagnostic(
                code=RTE621.name,
                message=f"an inhibition rule silences alerts that differ from its source in {listed(lost)}",
                route=route,
                on_key=True,
                help=KEEP_TEMPLATE,
            )
            yield Finding(diagnostic=diagnostic, path=ALERTMANAGER, where=where)


def _only(matchers: Iterable[Matcher], label: str) -> str | None:
    """Return the one value that matchers ask for; None where they leave a choice."""
    return next((one.value for one in matchers if one.label == label and one.operator == "="), None)
