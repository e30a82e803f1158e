"""No series decides where an alert goes: each rule sets the labels by which alerts are routed, or removes them."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from generator.behaviour.documents import ALERTMANAGER
from generator.behaviour.verification import Finding
from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic
from generator.diagnostics.wording import listed, shortened
from generator.plan.plan import EMPTY
from generator.policy.environments import is_external

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from generator.behaviour.behaviour import Rule
    from generator.behaviour.verification import Verification
    from generator.plan.plan import AlertRule

_NAMED = 3
"""Rules with the same fault that are named; of more, only how many there are."""

RTE613 = Code(
    name="RTE613",
    title="Label of the series decides who is paged",
    meaning="Alerts are routed, grouped or silenced by some labels. A rule that neither sets nor removes such a label "
    "leaves it to the series, and whoever runs an exporter decides who is paged. Write it with an empty value: "
    "Prometheus then removes the label of the series. The packaged template does.",
)

RTE614 = Code(
    name="RTE614",
    title="Routes cannot be decided for every series",
    meaning="Routes ask for labels that only the series know, in so many ways that it was not found out which of them "
    "an alert can take. Let fewer routes ask for such labels, or ask for values in place of regular expressions.",
)


def check(verification: Verification) -> Iterator[Finding]:
    """RTE613: rules leave a label to the series by which their alerts are routed. RTE614: nobody knows the routes."""
    yield from _undecided(verification)
    alike: Mapping[tuple[str, ...], list[tuple[Rule, AlertRule]]] = defaultdict(list)
    policy = verification.plan.policy
    pinned = (*policy.labels.pinned, *((policy.labels.environment,) if is_external(policy) else ()))
    for alert in verification.alerts:
        if alert.promised and not alert.promised.origin.spread:
            left = tuple(name for name in pinned if name not in alert.rule.labels)
            if left:
                alike[left].append((alert.rule, alert.promised))
    for left, rules in alike.items():
        (rule, promised), *others = rules
        labels = "labels" if len(left) > 1 else "label"
        names = [f"{other.name} of {planned.service}" for other, planned in others]
        same = (f"the same for {listed(shortened(names, _NAMED))}",) if names else ()
        yield Finding(
            diagnostic=Diagnostic(
                code=RTE613.name,
                message=f"{rule.name} of {promised.service} leaves the {labels} "
                f"{listed(f'`{name}`' for name in left)} to its series",
                route=promised.route,
                on_key=True,
                notes=(
                    "alerts are routed, grouped or silenced by it: a series that has it changes who is paged",
                    *same,
                ),
                help=f"write {listed(f'`{name}: {EMPTY}`' for name in left)} among its labels, as the packaged "
                "template does",
            ),
            path=rule.path,
            where=(*rule.where, "labels"),
        )


def _undecided(verification: Verification) -> Iterator[Finding]:
    rules = [alert for alert in verification.alerts if alert.undecided]
    if rules:
        first, *others = rules
        names = [other.rule.name for other in others]
        yield Finding(
            diagnostic=Diagnostic(
                code=RTE614.name,
                message=f"it cannot be decided which routes {first.rule.name} takes for every series",
                route=first.promised.route if first.promised else (),
                on_key=True,
                notes=(first.undecided, *((f"the same for {listed(shortened(names, _NAMED))}",) if names else ())),
                help="let fewer routes ask for labels that only the series know, or let the rule set such a label",
            ),
            path=ALERTMANAGER,
            where=("route",),
        )
