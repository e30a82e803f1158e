"""Who hears of which alert: what the rendered tree of routes does against what the policy promises.

The promise is worked out here from the policy alone; the tree and the receivers are those of the rendered file.
"""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from generator.behaviour.alerts import distinction, identity
from generator.behaviour.documents import ALERTMANAGER, RULES, in_folder
from generator.behaviour.identity import policy_route
from generator.behaviour.verification import KEEP_TEMPLATE, Finding
from generator.checks.files import incidents
from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic
from generator.diagnostics.wording import first_few, first_of_routes
from generator.plan import besides, nobody, paging_hours, timing
from generator.plan.pagers import pager
from generator.plan.plan import EMPTY, Origin
from generator.plan.routing import EACH_ALERT
from generator.policy import duration
from generator.policy.environments import pages
from generator.policy.model import NOBODY
from generator.upstream.alertmanager.match import every_node

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from generator.behaviour.alerts import SentAlert
    from generator.behaviour.behaviour import Receiver as Rendered
    from generator.behaviour.verification import Verification
    from generator.diagnostics.diagnostic import EntryPath, PolicyPath
    from generator.plan.plan import AlertRule, Plan, Receiver
    from generator.upstream.alertmanager.match import RouteNode

RTE601 = Code(
    name="RTE601",
    title="Alert does not reach a promised receiver",
    meaning="Routed as Alertmanager routes it, an alert does not reach everybody whom the policy names. "
    "Compare your template with the packaged one.",
)

RTE602 = Code(
    name="RTE602",
    title="Alert reaches an additional receiver",
    meaning="Routed as Alertmanager routes it, an alert reaches a receiver that the policy does not name. "
    "Compare your template with the packaged one.",
)

RTE603 = Code(
    name="RTE603",
    title="Rule is missing or has other labels",
    meaning="No rendered rule has the labels by which this alert is routed. Compare your template with the "
    "packaged one.",
)

RTE604 = Code(
    name="RTE604",
    title="Containment is called late",
    meaning="The webhook that acts at once must be the first route, with a `group_wait` of 0. Compare your "
    "template with the packaged one.",
)

RTE607 = Code(
    name="RTE607",
    title="Receiver is missing or sends elsewhere",
    meaning="A receiver of the policy is missing, or sends to another address. Compare your template with the "
    "packaged one.",
)

RTE609 = Code(
    name="RTE609",
    title="Route is muted at some times",
    meaning="The policy promises at all hours that somebody is told, but time intervals silence the route. Compare "
    "your template with the packaged one.",
)


def check(verification: Verification) -> Iterator[Finding]:
    """RTE601 to RTE609: an alert reaches the wrong receivers, or reaches them with the wrong settings."""
    yield from _lost_rules(verification)
    yield from _alerts(verification)
    yield from _receivers(verification)


# ------------------------------------------------------------------------------------------- what is promised


def promised_receivers(plan: Plan, rule: AlertRule, labels: Mapping[str, str]) -> frozenset[str]:
    """Return the receivers that the policy promises for an alert of `rule` with these labels."""
    policy, severity = plan.policy, plan.severities[rule.severity]
    channels, page = frozenset(severity.rooms), frozenset(severity.pagers)
    if severity.by_pagerduty:
        chain, service = (labels.get(name, "") for name in (policy.labels.escalation, policy.labels.service))
        page |= {pager(policy, chain, service, rule.severity)}
    if rule.origin is Origin.HEARTBEAT:
        return frozenset([policy.watch.heartbeat.via])
    if rule.origin is Origin.NOBODY:
        return frozenset([NOBODY])
    if rule.origin is Origin.RESOLUTION_DUE_SOON:
        return channels
    if rule.origin is Origin.RESOLUTION_OVERDUE:
        return page or channels
    if rule.reminds_of is not None:
        return frozenset(policy.duties[rule.reminds_of].via)
    reminders = (duty.via for duty in policy.duties.values() if duty.every and rule.severity in duty.during)
    halt = _halt(plan, labels) if rule.origin.authored else None
    others = besides.channels(plan.policy, rule) | (frozenset() if severity.notify else {NOBODY})
    return channels | page | others | {channel for via in reminders for channel in via} | ({halt} if halt else set())


def _halt(plan: Plan, labels: Mapping[str, str]) -> str | None:
    containment = plan.policy.containments.get(labels.get(plan.policy.labels.containment, ""))
    return containment.call if containment else None


# ------------------------------------------------------------------------------------------- rules and their alerts


def _lost_rules(verification: Verification) -> Iterator[Finding]:
    sent = {id(alert.promised) for alert in verification.alerts}
    # A rule that stands for many may have none to stand for: then its labels tell that it is there.
    rendered = {
        identity(rule.name, rule.labels)
        for rule in verification.behaviour.rules
        if rule.labels.get(verification.plan.policy.labels.duty)
    }
    folder = in_folder(RULES, verification.plan.folder)
    for rule in verification.plan.rules:
        if id(rule) not in sent and identity(rule.name, rule.labels) not in rendered:
            yield Finding(
                diagnostic=Diagnostic(
                    code=RTE603.name,
                    message=f"out/{folder} has no rule {rule.name} of {rule.service} with the labels that route it",
                    route=rule.route,
                    on_key=True,
                    notes=tuple(f"{label}: {value or EMPTY}" for label, value in sorted(rule.labels.items())),
                    help=KEEP_TEMPLATE,
                )
            )


class _Fault(NamedTuple):
    """A fault in the routing of an alert; `where` is the path of its route."""

    code: str
    what: str
    where: EntryPath
    notes: tuple[str, ...]


def _alerts(verification: Verification) -> Iterator[Finding]:
    """Yield one finding for all alerts with the same fault at the same route."""
    befallen: Mapping[tuple[str, EntryPath], dict[tuple[str, str], tuple[AlertRule, _Fault]]] = defaultdict(dict)
    faults_by_key: dict[object, tuple[tuple[_Fault, ...], tuple[incidents.Suspect, ...]]] = {}
    splits, promised_by = incidents.Splits(verification), verification.plan.policy.labels.promised_by

    def faults_of(alert: SentAlert, rule: AlertRule) -> tuple[_Fault, ...]:
        # What the faults depend on: thousands of alerts share it.
        values = [alert.labels.get(label) for label in promised_by]
        key = (id(alert.nodes), *values, rule.severity, rule.duty, rule.page_each)
        known = faults_by_key.get(key)
        if known is None:
            suspects = splits.suspects(alert, rule) if pages(verification.plan.policy) else ()
            known = faults_by_key[key] = tuple(_faults(verification, alert, rule)), suspects
        faults, suspects = known
        return (*faults, *map(_of_incident, splits.of(alert, rule, suspects))) if suspects else faults

    for _, alerts_of_rule in groupby(verification.alerts, lambda alert: id(alert.rule)):
        faulty = [(alert, rule, faults_of(alert, rule)) for alert in alerts_of_rule if (rule := alert.promised)]
        always = set.intersection(*({fault[:2] for fault in faults} for _, _, faults in faulty)) if faulty else set()
        for alert, rule, faults in faulty:
            for fault in faults:
                which = "" if fault[:2] in always else distinction(alert)
                at = fault._replace(what=f"{which} {fault.what}".lstrip())
                befallen[at.code, at.where].setdefault((rule.called, at.what), (rule, at))
    worst_first = partial(_urgency, verification.plan)
    groups = [sorted(pairs.values(), key=worst_first) for pairs in befallen.values()]
    merged = _merged(groups, worst_first)
    yield from (_told_once(verification, group, routes) for group, routes in merged)


_Befallen: TypeAlias = "list[tuple[AlertRule, _Fault]]"


def _merged(
    groups: list[_Befallen], worst_first: Callable[[tuple[AlertRule, _Fault]], Any]
) -> Iterator[tuple[_Befallen, int]]:
    """Yield groups with the same fault together with their number: one template error affects many routes."""
    alike: Mapping[object, list[_Befallen]] = defaultdict(list)
    for number, group in enumerate(groups):
        whats = {fault.what for _, fault in group}
        alike[(group[0][1].code, *whats) if len(whats) == 1 else number].append(group)
    for groups_of_fault in alike.values():
        yield sorted((pair for group in groups_of_fault for pair in group), key=worst_first), len(groups_of_fault)


_SHOWN = 5


def _told_once(verification: Verification, befallen: _Befallen, routes: int) -> Finding:
    (first, fault), *others = befallen
    same = list(dict.fromkeys(rule.called for rule, other in others if other.what == fault.what))
    differing = list(dict.fromkeys(f"{rule.called} {other.what}" for rule, other in others if other.what != fault.what))
    notes = list(fault.notes)
    if same:
        notes.append(f"also: {first_few(same, _SHOWN)}")
    notes += differing[:_SHOWN] + ([f"... and {len(differing) - _SHOWN:,} more"] if len(differing) > _SHOWN else [])
    notes += first_of_routes(routes)
    count = len({rule.called for rule, _ in others})
    more = f" and {count} other alert{'s' * (count > 1)}" if others else ""
    return _finding(
        verification, fault.code, f"{first.called}{more} {fault.what}", first.route, fault.where, tuple(notes)
    )


def _urgency(plan: Plan, pair: tuple[AlertRule, _Fault]) -> tuple[int, str, str, str]:
    rule, fault = pair
    return (plan.policy.rank(rule.severity), rule.name, rule.service, fault.what)


def _faults(verification: Verification, alert: SentAlert, rule: AlertRule) -> Iterator[_Fault]:
    plan, root = verification.plan, verification.behaviour.root
    nodes = alert.nodes
    got = [node.receiver for node in nodes]
    if not pages(plan.policy) and not verification.pagers.isdisjoint(got):
        return  # RTE620 says so
    promised = promised_receivers(plan, rule, alert.labels)
    missing = sorted(promised - set(got))
    if missing:
        stop = nodes[-1] if nodes else root
        notes: tuple[str, ...] = (f"it is told to: {', '.join(got)}",)
        if not stop.continues and stop is not root:
            notes += (f"the route to {stop.receiver} matches and does not continue, so Alertmanager looks no further",)
        yield _Fault(RTE601.name, f"would not reach {', '.join(missing)}", stop.where, notes)
    for node in nodes:
        if node.receiver not in promised:
            yield _Fault(
                RTE602.name, f"would reach {node.receiver} too, which the policy does not name", node.where, ()
            )
    halt = _halt(plan, alert.labels) if rule.origin.authored else None
    if halt in got:
        yield from _halting(nodes, halt)
    if not paging_hours.holds_back(plan.policy, alert.labels.get(plan.policy.labels.team), rule.severity):
        yield from _muted(plan, alert, rule, promised)
    if plan.severities[rule.severity].pages:
        for node in incidents.pages(plan, alert, rule):
            yield from map(_of_incident, incidents.shared(plan, alert, rule, node))


def _halting(nodes: Sequence[RouteNode], halt: str | None) -> Iterator[_Fault]:
    node = next(node for node in nodes if node.receiver == halt)
    if nodes[0] is not node:
        yield _Fault(
            RTE604.name, f"would tell others before it calls {halt}", nodes[0].where, ("the halt comes first",)
        )
    if node.group_wait:
        wait = duration.write(node.group_wait)
        yield _Fault(RTE604.name, f"would wait {wait} before it calls {halt}", (*node.where, "group_wait"), ())
    if node.group_by != (EACH_ALERT,):
        yield _Fault(
            RTE604.name,
            f"might wait for a tick of {duration.write(node.group_interval)} before it calls {halt}",
            (*node.where, "group_by"),
            ("it shares a group with others, and one that joins waits: group by `...`",),
        )
    for other in nodes:
        if other.receiver == halt:
            continue
        if other.group_wait < timing.BEHIND_A_HALT:
            yield _Fault(
                RTE604.name,
                f"might tell {other.receiver} before it calls {halt}",
                (*other.where, "group_wait"),
                (f"routes that wait for less than {duration.write(timing.BEHIND_A_HALT)} notify in any order",),
            )
        if other.group_interval < node.group_interval:
            yield _Fault(
                RTE604.name,
                f"might tell {other.receiver} before it calls {halt} where it comes back",
                (*node.where, "group_interval"),
                ("until Alertmanager 0.33 what comes back waits for the group's own tick; the halt's is longer",),
            )


def _of_incident(problem: incidents.Problem) -> _Fault:
    return _Fault(problem.code, problem.what, (*problem.node.where, "group_by"), (problem.note,))


def _muted(plan: Plan, alert: SentAlert, rule: AlertRule, promised: frozenset[str]) -> Iterator[_Fault]:
    """Yield the receivers that no route notifies at some time of the week."""
    nodes, paging = alert.nodes, {node.receiver for node in incidents.pages(plan, alert, rule)}
    loud = {node.receiver for node in nodes if not (node.active or node.mute)}
    for node in nodes:
        if node.receiver in promised - loud:
            lost = "page nobody" if paging == {node.receiver} else f"not reach {node.receiver}"
            when = f"outside of {', '.join(node.active)}" if node.active else f"during {', '.join(node.mute)}"
            yield _Fault(
                RTE609.name, f"would {lost} {when}", node.where, (f"{rule.severity} is promised at all hours",)
            )


def _finding(
    verification: Verification,
    code: str,
    message: str,
    route: PolicyPath | None,
    where: EntryPath,
    notes: tuple[str, ...] = (),
    help: str = KEEP_TEMPLATE,
) -> Finding:
    route = route or policy_route(verification.plan, verification.documents, ALERTMANAGER, where)
    diagnostic = Diagnostic(
        code=code,
        message=message,
        route=route,
        on_key=True,
        notes=notes,
        help=help,
    )
    return Finding(diagnostic=diagnostic, path=ALERTMANAGER, where=where)


# ------------------------------------------------------------------------------------------- the receivers


def _receivers(verification: Verification) -> Iterator[Finding]:
    """Yield a finding for each receiver whose destination differs from the policy."""
    rendered = {receiver.name: receiver for receiver in verification.behaviour.receivers}
    used = {node.receiver for node in every_node(verification.behaviour.root)}
    halts = {containment.call for containment in verification.plan.policy.containments.values()}
    for promised in verification.plan.receivers:
        rendered_receiver = rendered.get(promised.name)
        if rendered_receiver is None:
            if promised.name not in used:  # else amtool says so
                message = f"the receiver {promised.name} is missing"
                yield _finding(verification, RTE607.name, message, promised.route, ("receivers",))
            continue
        for problem, where in _misdirected(promised, rendered_receiver, promised.name in halts):
            yield _finding(verification, RTE607.name, f"the receiver {promised.name} {problem}", promised.route, where)
    if NOBODY in rendered:
        yield from _told_to_nobody(verification, rendered[NOBODY])


def _told_to_nobody(verification: Verification, rendered: Rendered) -> Iterator[Finding]:
    """Yield what sends, where alerts end of which nobody is told."""
    route = nobody.place(verification.plan)
    for integration in rendered.integrations if route else ():
        message = f"the receiver {NOBODY}, of alerts of which nobody is told, sends to {integration.kind.name}"
        yield _finding(verification, RTE607.name, message, route, integration.where)


def _misdirected(promised: Receiver, rendered: Rendered, halts: bool) -> Iterator[tuple[str, EntryPath]]:
    kind, (key, target) = promised.integration, promised.destination
    same = [
        integration
        for integration in rendered.integrations
        if integration.kind == kind and integration.settings.get(key) == target
    ]
    if not same:
        yield f"does not send to {kind.name} {target}", rendered.where
        return
    for integration in same:
        if integration.resolved and not promised.resolved:
            why = ": no machine resumes it" if halts else ", which the policy does not want"
            yield f"sends `resolved`{why}", integration.where
        elif promised.resolved and not integration.resolved:
            yield "never sends `resolved`", integration.where
