"""An alert that no other route takes pages somebody all the same: the last route takes everything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from generator.behaviour.documents import ALERTMANAGER
from generator.behaviour.verification import Finding
from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic
from generator.diagnostics.wording import listed
from generator.plan import of_others, unrouted
from generator.plan.unrouted import UNROUTED
from generator.policy.environments import is_first, pages

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from generator.behaviour.verification import Verification
    from generator.diagnostics.diagnostic import EntryPath
    from generator.plan.plan import Plan
    from generator.upstream.alertmanager.match import RouteNode

RTE605 = Code(
    name="RTE605",
    title="No catch-all route",
    meaning="An alert that no other route matches would page nobody, or not reach the channels that `watch.unrouted` "
    "names. Let the last route match everything. Compare your template with the packaged one.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownAlert:
    """An example of an alert that no rule of the policy sends."""

    what: str
    labels: Mapping[str, str]


def check(verification: Verification) -> Iterator[Finding]:
    """RTE605: an alert that no other route takes would page nobody, or reach none of the channels for such alerts."""
    plan, root = verification.plan, verification.behaviour.root
    told = unrouted.receivers(plan.policy)
    if is_first(plan.policy):
        last = root.children[-len(told) :]
        yield from _last(last, root, told)
        if not _takes_all(last, told):
            return
    for alert in unknown_alerts(plan):
        nodes = verification.router.routes_of(alert.labels)
        reached = {node.receiver for node in nodes}
        # Where nobody is paged, a route for some severities may tell its channels; what reaches a pager is RTE620.
        enough = reached >= {*told} if pages(plan.policy) else reached & {*told, *verification.pagers}
        if not enough:
            message = f"{alert.what} would reach {', '.join(node.receiver for node in nodes)} only"
            help = f"write `continue: true` in the route to {nodes[-1].receiver}, or narrow its matchers"
            yield _finding(message, nodes[-1].where, _without(told), help)


def _last(last: Sequence[RouteNode], root: RouteNode, told: tuple[str, ...]) -> Iterator[Finding]:
    """Yield what is wrong with the last routes, which take all that is left."""
    loss = "page nobody" if told == (UNROUTED,) else "not reach those whom the policy names"
    if not _takes_all(last, told):
        routes = "the last route does" if len(told) == 1 else "the last routes do"
        message = f"{routes} not send everything that is left to {listed(told)}"
        note = f"an alert that no other route takes would {loss}"
        help = "let the last route match everything, as in the packaged template"
        yield _finding(message, last[-1].where if last else root.where, note, help)
        return
    for node in last:
        if node.active or node.mute:
            message = f"the route to {node.receiver} is muted at some times"
            note = f"an alert that no other route takes would {loss} then"
            yield _finding(message, node.where, note, "take the time intervals out of the last route")


def _takes_all(nodes: Sequence[RouteNode], told: tuple[str, ...]) -> bool:
    """Return whether these routes send everything to these receivers, and the last one ends."""
    if any(node.matchers for node in nodes) or [node.receiver for node in nodes] != [*told]:
        return False
    return [node.continues for node in nodes] == [True] * (len(told) - 1) + [False]


def _without(told: tuple[str, ...]) -> str:
    return "nobody would be paged" if told == (UNROUTED,) else f"the policy says: {listed(told)}"


def unknown_alerts(plan: Plan) -> Iterator[UnknownAlert]:
    """Yield an example alert for each kind of label value that the policy does not know."""
    return (alert for alert in _examples(plan) if of_others.sort_of(plan.policy, alert.labels) is None)


def _examples(plan: Plan) -> Iterator[UnknownAlert]:
    names, environment, first = plan.policy.labels, plan.policy.environment, is_first(plan.policy)
    if first:
        yield UnknownAlert(what="an alert without labels", labels={"alertname": "Unknown"})
    yield UnknownAlert(
        what=f"an alert that says only `{names.environment}: {environment}`",
        labels={"alertname": "Unknown", names.environment: environment},
    )
    if first:
        other = {"alertname": "Unknown", names.environment: f"not-{environment}"}
        yield UnknownAlert(what="an alert of another environment", labels=other)
    if not pages(plan.policy):
        unknown = {names.severity: "not-a-severity", names.environment: environment, names.escalation: "not-a-chain"}
        what = f"an alert of an unknown severity in {environment}"
        yield UnknownAlert(what=what, labels={"alertname": "Unknown", **unknown})
    for name, severity in plan.severities.items():
        if not severity.pages and pages(plan.policy):
            continue
        known = {"alertname": "Unknown", names.severity: name}
        chain = {names.escalation: next(iter(plan.policy.escalations))} if plan.policy.escalations else {}
        elsewhere = {**known, names.environment: f"not-{environment}", **chain}
        if first:
            yield UnknownAlert(what=f"a {name} of another environment", labels=elsewhere)
        if severity.by_pagerduty or not pages(plan.policy):
            unknown = {**known, names.environment: environment, names.escalation: "not-a-chain"}
            yield UnknownAlert(what=f"a {name} of an unknown escalation", labels=unknown)


def _finding(message: str, where: EntryPath, note: str, help: str) -> Finding:
    diagnostic = Diagnostic(
        code=RTE605.name,
        message=message,
        route=("watch", "unrouted"),
        on_key=True,
        notes=(note,),
        help=help,
    )
    return Finding(diagnostic=diagnostic, path=ALERTMANAGER, where=where)
