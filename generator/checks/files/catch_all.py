"""An alert that no other route takes pages somebody all the same: the last route takes everything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from generator.behaviour.documents import ALERTMANAGER
from generator.behaviour.verification import Finding
from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic
from generator.plan.routing import UNROUTED
from generator.policy.model import PAGE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from generator.behaviour.verification import Verification
    from generator.diagnostics.diagnostic import EntryPath
    from generator.plan.plan import Plan

RTE605 = Code(
    name="RTE605",
    title="No catch-all route",
    meaning="An alert that no other route matches would page nobody. Let the last route match everything. "
    "Compare your template with the packaged one.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownAlert:
    """An example of an alert that no rule of the policy sends."""

    what: str
    labels: Mapping[str, str]


def check(verification: Verification) -> Iterator[Finding]:
    """RTE605: an alert that no other route takes would page nobody."""
    plan, root = verification.plan, verification.behaviour.root
    last = root.children[-1] if root.children else None
    if last is None or last.matchers or last.receiver != UNROUTED or last.continues:
        message = f"the last route does not send everything that is left to {UNROUTED}"
        note = "an alert that no other route takes would page nobody"
        help = "let the last route match everything, as in the packaged template"
        yield _finding(message, last.where if last else root.where, note, help)
        return
    if last.active or last.mute:
        message = f"the route to {UNROUTED} is muted at some times"
        note = "an alert that no other route takes would page nobody then"
        yield _finding(message, last.where, note, "take the time intervals out of the last route")
    for alert in unknown_alerts(plan):
        nodes = verification.router.routes_of(alert.labels)
        if UNROUTED not in [node.receiver for node in nodes]:
            message = f"{alert.what} would reach {', '.join(node.receiver for node in nodes)} only"
            help = f"write `continue: true` in the route to {nodes[-1].receiver}, or narrow its matchers"
            yield _finding(message, nodes[-1].where, "nobody would be paged", help)


def unknown_alerts(plan: Plan) -> Iterator[UnknownAlert]:
    """Yield an example alert for each kind of label value that the policy does not know."""
    environment = plan.policy.environment
    yield UnknownAlert(what="an alert without labels", labels={"alertname": "Unknown"})
    yield UnknownAlert(
        what=f"an alert that says only `environment: {environment}`",
        labels={"alertname": "Unknown", "environment": environment},
    )
    for name in plan.severities:
        if PAGE in plan.severities[name].notify:
            known = {"alertname": "Unknown", "severity": name}
            elsewhere = {
                **known,
                "environment": f"not-{environment}",
                "escalation": next(iter(plan.policy.escalations)),
            }
            yield UnknownAlert(what=f"a {name} of another environment", labels=elsewhere)
            unknown = {**known, "environment": environment, "escalation": "not-a-chain"}
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
