"""An environment in which nobody is paged cannot reach a pager: not with its own alerts, and not with unknown ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.behaviour.documents import ALERTMANAGER
from generator.behaviour.verification import Finding
from generator.checks.files.catch_all import unknown_alerts
from generator.checks.files.of_others import shown, ways
from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic
from generator.diagnostics.wording import first_few
from generator.plan import of_others
from generator.policy.environments import pages
from generator.upstream.alertmanager.values import Undecided
from generator.upstream.alertmanager.ways import Ways

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.behaviour.verification import Verification
    from generator.upstream.alertmanager.match import RouteNode

RTE620 = Code(
    name="RTE620",
    title="Environment that pages nobody reaches a pager",
    meaning="The policy says of an environment whom its alerts tell, and that nobody is paged. With the rendered "
    "routes one of its alerts reaches a receiver that pages. Let each route name its environment, and let those of "
    "this one end before any that pages. Compare your template with the packaged one.",
)

_NAMED = 3


def check(verification: Verification) -> Iterator[Finding]:
    """RTE620: an environment's alerts can reach a pager, though nobody is paged there. One finding for all of them."""
    plan = verification.plan
    if pages(plan.policy):
        return
    reached: dict[str, RouteNode] = {}
    for alert in verification.alerts:
        if alert.promised is not None:
            for node in alert.nodes:
                if node.receiver in verification.pagers:
                    reached.setdefault(alert.promised.called, node)
    for unknown in unknown_alerts(plan):
        for node in verification.router.routes_of(unknown.labels):
            if node.receiver in verification.pagers:
                reached.setdefault(unknown.what, node)
    reached = reached or dict(_unknown(verification))
    if reached:
        who, node = next(iter(reached.items()))
        others = [name for name in reached if name != who]
        diagnostic = Diagnostic(
            code=RTE620.name,
            message=f"in {plan.policy.environment} nobody is paged, but {who} would reach {node.receiver}",
            route=("environments", plan.policy.environment, "notify"),
            on_key=True,
            notes=(f"the same for {first_few(others, _NAMED)}",) if others else (),
            help="let each route name its environment, as in the packaged template",
        )
        yield Finding(diagnostic=diagnostic, path=ALERTMANAGER, where=node.where)


def _unknown(verification: Verification) -> Iterator[tuple[str, RouteNode]]:
    """Yield the first route to a pager that some alert takes of which the policy knows nothing, whatever its labels."""
    sort = of_others.unknown(verification.plan.policy)
    if sort is None:
        return
    router = verification.router
    try:
        some = ways(verification.plan.policy.labels, Ways(router), router, sort)
    except Undecided:
        return  # there are too many ways: the examples have to do
    for way in some:
        for node in way.nodes:
            if node.receiver in verification.pagers:
                yield f"{sort.what}, for example {shown(sort, way)},", node
                return
