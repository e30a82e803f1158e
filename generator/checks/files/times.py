"""When people are told by what was rendered, against what the policy promises: SLAs, first messages, repeats."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, NamedTuple

from generator.behaviour.alerts import distinction
from generator.behaviour.clock import acknowledged, last_step, longest_gap, paging, through_reload
from generator.behaviour.documents import ALERTMANAGER
from generator.behaviour.verification import Finding
from generator.checks.files import other_times, planned
from generator.checks.files.heard import bound, heard_of, is_timed_alike
from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, Level
from generator.diagnostics.wording import first_few, first_of_routes
from generator.plan import besides, pagers, timing, unrouted
from generator.plan.pagers import pager
from generator.plan.plan import Origin
from generator.plan.watch import PIPELINE
from generator.policy import duration
from generator.system.unique import unique
from generator.upstream.alertmanager.match import Router

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
    from datetime import timedelta

    from generator.behaviour.clock import Paged
    from generator.behaviour.verification import Verification
    from generator.checks.files.heard import Heard
    from generator.diagnostics.diagnostic import EntryPath, PolicyPath
    from generator.plan.plan import AlertRule, Plan
    from generator.plan.timing import Derived
    from generator.policy.model import Policy
    from generator.upstream.alertmanager.match import RouteNode

TIM601 = Code(
    name="TIM601",
    title="Rendered times miss the SLA",
    meaning="With the times in the rendered files an alert is acknowledged later than the SLA allows. The sum "
    "is shown line by line. Compare your template with the packaged one.",
)

TIM602 = Code(
    name="TIM602",
    title="Rendered repeats are too rare",
    meaning="A notification that the policy repeats is sent less often by the rendered files. Compare your "
    "template with the packaged one.",
)

TIM603 = Code(
    name="TIM603",
    title="First message is later than the policy says",
    meaning="Alertmanager holds an alert back for longer than the policy says before it tells somebody: the group "
    "times of the rendered route are longer. Of an alert of P2 or P3 it is a warning. Compare your template with the "
    "packaged one.",
)

TIM604 = Code(
    name="TIM604",
    title="A reload makes a repeat late",
    meaning="When Alertmanager loads a configuration, the ticks of all groups begin anew, so that up to one more "
    "`group_interval` passes before it repeats a notification. Where `repeat_interval` and `group_interval` together "
    "are longer than the period, each change of the files makes one reminder late. Write a `group_interval` of at "
    "most half of the period, in the policy or in your template.",
)

_KEEP = "it wrote other times than those of the policy: compare your template with the packaged one"
_NAMED = 3


def check(verification: Verification) -> Iterator[Finding]:
    """TIM601: times miss an SLA. TIM602, TIM604: repeats are too rare. TIM603: a first message is too late.

    TIM605: a route has other times than the policy's, and is none of these.
    """
    missed = tuple(_missed_slas(verification))
    yield from missed
    tree = planned.tree(verification.plan.root)
    if is_timed_alike(tree, verification.behaviour.root):
        yield from _rare_repeats(verification, ())
        return
    heard = tuple(heard_of(verification, Router(tree)))
    found = [
        *_late_messages(verification.plan.policy, heard, {id(paged.node) for paged in paging(verification)}),
        *_rare_repeats(verification, heard),
    ]
    yield from found
    yield from other_times.check(verification.plan.policy, heard, {finding.where[:-1] for finding in (*missed, *found)})


def _missed_slas(verification: Verification) -> Iterator[Finding]:
    """Yield one finding per severity and cause for alerts that miss their SLA; it shows the longest sum."""
    late: Mapping[tuple[str, str, EntryPath], list[tuple[Derived, Paged]]] = defaultdict(list)
    fine: set[tuple[object, ...]] = set()
    for paged in paging(verification):
        rule = paged.rule
        detection = tuple(term.length for term in rule.detection)
        same = (id(paged.node), rule.severity, detection, paged.alert.rule.hold, paged.alert.rule.interval)
        if same in fine:
            continue
        total = acknowledged(verification, paged)
        if total.value < verification.plan.severities[rule.severity].acknowledge:
            fine.add(same)
            continue
        path, where = _culprit(verification, paged)
        late[rule.severity, path, where].append((total, paged))
    for (severity, path, where), late_alerts in late.items():
        total, worst = max(late_alerts, key=lambda pair: pair[0].value)
        names = sorted({paged.rule.name for _, paged in late_alerts} - {worst.rule.name})
        more = f" and {len(names)} other alert{'s' * (len(names) > 1)}" if names else ""
        which = f" {distinction(worst.alert)}" if worst.alert.depends else ""
        yield Finding(
            diagnostic=Diagnostic(
                code=TIM601.name,
                message=f"with the rendered times, {severity} {worst.rule.name}{more}{which} can take "
                f"{duration.write(total.value)} to be acknowledged; the SLA is "
                f"{verification.plan.severities[worst.rule.severity].promise}",
                route=worst.rule.route,
                on_key=True,
                notes=(timing.written_sum(total.terms), *((f"also: {', '.join(names)}",) if names else ())),
                help=_KEEP,
            ),
            path=path,
            where=where,
        )


def _culprit(verification: Verification, paged: Paged) -> tuple[str, EntryPath]:
    """Return the rendered setting that exceeds its planned length the most."""
    plan, rule, node = verification.plan, paged.alert.rule, paged.node
    severity = plan.severities[paged.rule.severity]
    over = {
        (ALERTMANAGER, (*node.where, "group_interval")): node.group_interval - severity.group_interval.length,
        (ALERTMANAGER, (*node.where, "group_wait")): node.group_wait - severity.group_wait.length,
        (rule.path, (*rule.where, "for")): rule.hold - paged.rule.hold,
        (rule.path, rule.where[:2]): (rule.interval or plan.stack.evaluate) - plan.stack.evaluate,
    }
    if paged.chain and paged.escalation:
        over[paged.escalation.path, paged.escalation.where] = last_step(paged.escalation) - paged.chain.last_step
    return max(over, key=lambda place: over[place])


# ------------------------------------------------------------------------------------------- first messages


def _late_messages(policy: Policy, heard: Iterable[Heard], limited: Collection[int]) -> Iterator[Finding]:
    """Yield one finding for all routes that are as late for the same entry of the policy.

    The time of those that are `limited` is part of the sum that the SLA limits (TIM601).
    """
    late: dict[object, list[Heard]] = defaultdict(list)
    urgent = policy.urgent
    for one in heard:
        if bound(one.rendered) > bound(one.planned) and id(one.rendered[0]) not in limited:
            late[one.planned[0].where, bound(one.planned), bound(one.rendered)].append(one)
    for those in late.values():
        those.sort(key=lambda one: (policy.rank(one.rule.severity) if one.rule else -1, one.who))
        first, node = those[0], those[0].rendered[0]
        also = [one.who for one in those[1:]]
        more = f" and {len(also)} other alert{'s' * (len(also) > 1)}" if also else ""
        key = "group_wait" if node.group_wait > node.group_interval else "group_interval"
        yield Finding(
            diagnostic=Diagnostic(
                code=TIM603.name,
                level=Level.WARNING if all(_may_wait(urgent, one) for one in those) else Level.ERROR,
                message=f"{first.receiver} hears of {first.who}{more} up to {duration.write(bound(first.rendered))} "
                f"after Alertmanager does, the policy says {duration.write(bound(first.planned))}",
                route=first.planned[0].where,
                on_key=True,
                notes=(
                    *((f"also: {first_few(also, _NAMED)}",) if also else ()),
                    *first_of_routes(len({id(one.rendered[0]) for one in those})),
                ),
                help=_KEEP,
            ),
            path=ALERTMANAGER,
            where=(*node.where, key),
        )


def _may_wait(urgent: frozenset[str], heard: Heard) -> bool:
    rule = heard.rule
    return rule is not None and rule.origin is not Origin.HEARTBEAT and rule.severity not in urgent


# ------------------------------------------------------------------------------------------- what is repeated


class _Repeat(NamedTuple):
    """A notification that must be repeated: by which route, how often, which entry of the policy says so, and what."""

    node: RouteNode
    period: timedelta
    route: PolicyPath
    reason: str


def _rare_repeats(verification: Verification, heard: Iterable[Heard]) -> Iterator[Finding]:
    """Yield one finding for all routes that repeat their notifications as rarely for the same entry of the policy."""
    rare: dict[int, _Repeat] = {}
    late: dict[int, _Repeat] = {}
    for repeat, allowed in _repeats(verification, heard):
        if longest_gap(repeat.node) > max(repeat.period, allowed):
            rare.setdefault(id(repeat.node), repeat)
        elif through_reload(repeat.node) > repeat.period and longest_gap(repeat.node) > allowed:
            late.setdefault(id(repeat.node), repeat)
    for repeat, routes in _alike(rare.values(), longest_gap):
        node, period = repeat.node, duration.write(repeat.period)
        yield _of_repeat(
            TIM602.name,
            Level.ERROR,
            repeat,
            f"{repeat.reason} goes to {node.receiver} every {duration.write(longest_gap(node))}, the policy says every "
            f"{period}",
            f"Alertmanager repeats on a tick of group_interval ({duration.write(node.group_interval)}), once "
            f"repeat_interval ({duration.write(node.repeat_interval)}) is over",
            routes,
            "let group_interval divide the period, and repeat_interval be a little less than it",
        )
    for repeat, routes in _alike(late.values(), through_reload):
        node, period = repeat.node, duration.write(repeat.period)
        yield _of_repeat(
            TIM604.name,
            Level.WARNING,
            repeat,
            f"each reload of Alertmanager can make {repeat.reason} late: {node.receiver} hears of it "
            f"{duration.write(through_reload(node))} after the last time, the policy says every {period}",
            f"a reload begins the ticks of group_interval ({duration.write(node.group_interval)}) anew, perhaps just "
            f"before repeat_interval ({duration.write(node.repeat_interval)}) is over",
            routes,
            "make group_interval and repeat_interval together no longer than the period",
        )


def _of_repeat(code: str, level: Level, repeat: _Repeat, message: str, note: str, routes: int, help: str) -> Finding:
    """Return a finding at the repeat_interval of the first of so many routes."""
    return Finding(
        diagnostic=Diagnostic(
            code=code,
            level=level,
            message=message,
            route=repeat.route,
            notes=(note, *first_of_routes(routes)),
            help=help,
        ),
        path=ALERTMANAGER,
        where=(*repeat.node.where, "repeat_interval"),
    )


def _repeats(verification: Verification, heard: Iterable[Heard]) -> Iterator[tuple[_Repeat, timedelta]]:
    """Yield what must be repeated, and how rarely the planned route repeats it; of several routes, the soonest."""
    promised = ((alert, rule) for alert in verification.alerts if (rule := alert.promised) and rule.origin.authored)
    for alert, rule in unique(
        promised, lambda pair: (id(pair[0].nodes), pair[1].severity, pair[1].labels.get(pair[0].names.containment))
    ):
        for channel, period, route, reason in _promised_periods(verification, rule):
            nodes = [node for node in alert.nodes if node.receiver == channel]
            if nodes:
                yield _Repeat(min(nodes, key=longest_gap), period, route, reason), timing.ZERO
    for one in heard:
        repeated = _repeated(verification.plan, one)
        if repeated:
            yield _Repeat(min(one.rendered, key=longest_gap), *repeated), min(map(longest_gap, one.planned))


def _alike(repeats: Collection[_Repeat], gap: Callable[[RouteNode], timedelta]) -> Iterator[tuple[_Repeat, int]]:
    """Yield the first of those that repeat as rarely for the same entry of the policy, and how many they are."""

    def key(repeat: _Repeat) -> tuple[object, ...]:
        return repeat.route, repeat.period, gap(repeat.node)

    routes = Counter(map(key, repeats))
    for repeat in unique(repeats, key):
        yield repeat, routes[key(repeat)]


def _repeated(plan: Plan, heard: Heard) -> tuple[timedelta, PolicyPath, str] | None:
    """Return period, policy entry and reason of a page, a room or the heartbeat; None of other messages."""
    policy, rule, receiver = plan.policy, heard.rule, heard.receiver
    if rule is None:
        _, _, period = unrouted.times(policy, plan.severities, receiver)
        return period, ("watch", "unrouted"), heard.who
    if rule.origin is Origin.HEARTBEAT:
        return policy.watch.heartbeat.every, ("watch", "heartbeat"), "the heartbeat"
    severity = plan.severities[rule.severity]
    if receiver in besides.channels(policy, rule) and rule.duty in (None, PIPELINE):
        return policy.channels[receiver].repeat or severity.tell_rooms, ("severities", rule.severity), heard.who
    if not severity.pages:
        return None
    page = pager(policy, rule.escalation, rule.service, rule.severity)
    if receiver == page or receiver in pagers.channels(severity, rule):
        return pagers.period(policy, severity, receiver), ("severities", rule.severity), heard.who
    if receiver in severity.rooms and rule.duty in (None, PIPELINE):
        all_told = (one for one in plan.severities.values() if one.pages and receiver in one.rooms)
        period = policy.channels[receiver].repeat or max(one.tell_rooms for one in all_told)
        return period, ("severities", rule.severity), heard.who
    return None


def _promised_periods(verification: Verification, rule: AlertRule) -> Iterable[tuple[str, timedelta, PolicyPath, str]]:
    """Yield channel, period, policy entry and reason for each notification that must be repeated for an alert."""
    policy = verification.plan.policy
    for name, duty in policy.duties.items():
        if duty.every and rule.severity in duty.during:
            for channel in duty.via:
                yield channel, duty.every, ("duties", name, "every"), f"the duty {name}"
    containment = policy.containments.get(rule.labels.get(policy.labels.containment, ""))
    call = containment.call if containment else None
    period = policy.channels[call].repeat if call else None
    if call and period:
        yield call, period, ("channels", call, "repeat"), f"the call of {rule.labels[policy.labels.containment]}"
