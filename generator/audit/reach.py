"""Findings about who is told: alerts that reach nobody, page nobody, or come later than promised."""

from __future__ import annotations

from collections import defaultdict
from itertools import islice
from typing import TYPE_CHECKING

from generator.audit.shared import Fault, Group, finding, told_once
from generator.checks.expressions.heartbeats import fires_always
from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Level
from generator.diagnostics.wording import first_few, listed
from generator.plan import timing
from generator.plan.timing import Term
from generator.policy import duration
from generator.policy.model import PAGE
from generator.system.unique import unique

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime, timedelta

    from generator.audit.judge import Verdict, Way
    from generator.audit.shared import Case
    from generator.diagnostics.diagnostic import Diagnostic
    from generator.plan.timing import Derived

AUD910 = Code(
    name="AUD910",
    title="Urgent alert reaches nobody",
    meaning="Alertmanager routes the alert to a receiver that tells nobody, whatever labels its series have. Route it "
    "to a receiver with an integration. Where that is on purpose, its severity is not urgent: say so in the promise.",
)

AUD911 = Code(
    name="AUD911",
    title="Urgent alert can reach nobody",
    meaning="With some values of the labels of its series the alert is routed to a receiver that tells nobody. The "
    "message shows such values. Add a route that takes them, or set the label in the rule.",
)

AUD912 = Code(
    name="AUD912",
    title="Urgent alert pages nobody",
    meaning="The alert is told to receivers none of which wakes anybody, though the promise or other routes page. "
    "Route it to a receiver that pages, or name these receivers in `pages` of the promise.",
)

AUD913 = Code(
    name="AUD913",
    title="Series decide whether an urgent alert pages",
    meaning="The alert pages with some values of the labels of its series, and is only told, or told to others, with "
    "other values. Whoever changes an exporter or a scrape job changes who is paged. Set the label in the rule, or add "
    "a route for the other values.",
)

AUD914 = Code(
    name="AUD914",
    title="Alert does not reach a promised receiver",
    meaning="The promise names a receiver under `notify` that the alert does not reach.",
)

AUD915 = Code(
    name="AUD915",
    title="Alert comes later than promised",
    meaning="The sum of scraping, evaluating, `for`, grouping, sending and answering is longer than `acknowledge` of "
    "the promise. The note shows the sum. Shorten its largest term, or promise more time.",
)

AUD916 = Code(
    name="AUD916",
    title="Urgent alert is silent at some times",
    meaning="Time intervals silence each route that tells of the alert, so that at some times of the week nobody is "
    "told. Add a route without time intervals.",
)

AUD917 = Code(
    name="AUD917",
    title="Urgent alert is told by the default route alone",
    meaning="No route asks for the alert, so that it goes wherever the root of the tree sends what nobody expected. "
    "Add a route for it.",
)

AUD918 = Code(
    name="AUD918",
    title="Alerts that are told to nobody",
    meaning="The alerts are routed to a receiver that tells nobody. That is right where it is on purpose: they may "
    "silence others, or feed a dashboard.",
)

AUD919 = Code(
    name="AUD919",
    title="It is not known where an alert goes",
    meaning="The routes ask for too many combinations of labels that only the series know, or a regular expression is "
    "too large, so that not all ways could be followed. What is said of the alert holds for an example.",
)

AUD925 = Code(
    name="AUD925",
    title="Heartbeat reaches nobody",
    meaning="The alert fires always, so that somebody notices when it stays away. Its receiver tells nobody: should "
    "Prometheus or Alertmanager stop, all would be silent. Route it to a dead man's switch.",
)

AUD926 = Code(
    name="AUD926",
    title="Urgent alert pages nobody at some times",
    meaning="Time intervals silence each route that pages, so that at some times of the week the alert is only told. "
    "Add a route that pages at the other times.",
)

_NAMED, _SHOWN = 8, 3


def check(verdicts: Iterable[Verdict], case: Case) -> Iterator[Diagnostic]:
    """AUD910 to AUD919: who is told, and whether in time."""
    groups: dict[tuple[object, ...], Group] = {}
    late: dict[str, list[Verdict]] = defaultdict(list)
    for verdict in verdicts:
        for fault in _faults(verdict, case):
            groups.setdefault(fault.key, Group(fault)).add(verdict)
        if is_late(verdict):
            late[verdict.severity].append(verdict)
    for group in groups.values():
        yield told_once(group, case)
    yield from map(_late, late.values())


def answered(verdict: Verdict) -> Derived | None:
    """Return when somebody has answered at the latest: a page where the alert pages, else the first message.

    What some of its alerts do that reach or page nobody is told elsewhere.
    """
    promise = verdict.promise
    only_pages = promise is not None and PAGE in promise.notify
    first = verdict.slowest(page=True) or (None if only_pages else verdict.slowest(page=False))
    return first.plus(Term(name="answer", length=promise.answer_in)) if first and promise else None


def _faults(verdict: Verdict, case: Case) -> Iterator[Fault]:
    if verdict.undecided:
        yield Fault(
            code=AUD919.name,
            level=Level.WARNING,
            verb=("can go elsewhere, too", "can go elsewhere, too"),
            notes=(f"not all ways could be followed: {verdict.undecided}",),
            help="route by labels that the rules set",
        )
    silent = [way for way in verdict.ways if not way.told]
    if silent:
        yield from _nobody(verdict, silent, case)
    promise = verdict.promise
    if promise is None or len(silent) == len(verdict.ways):
        return
    if promise.urgent:
        yield from _muted(verdict)
        yield from _unpaged(verdict, case)
        if not silent:
            yield from _by_default(verdict, case)
    yield from _unreached(verdict)


# ------------------------------------------------------------------------------------------- nobody


def _nobody(verdict: Verdict, silent: list[Way], case: Case) -> Iterator[Fault]:
    way = silent[0]
    node = way.alert.nodes[-1]
    tells = bool(case.judge.tells(node.receiver))
    silence = f"the route to {node.receiver} is always silent"
    why = f"nobody: {silence if tells else f'the receiver {node.receiver} has no integration'}"
    always = len(silent) == len(verdict.ways)
    if verdict.urgent and always:
        yield Fault(
            code=AUD910.name,
            level=Level.ERROR if verdict.decided else Level.WARNING,
            verb=(f"reaches {why}", f"reach {why}"),
            where=node.where,
            help="route it to a receiver that tells somebody",
        )
    elif verdict.urgent:
        yield Fault(
            code=AUD911.name,
            level=Level.WARNING,
            verb=(f"can reach {why}", f"can reach {why}"),
            where=node.where,
            notes=_ways(verdict, way),
            help="add a route for what reaches nobody, or set the label in the rule",
        )
    elif always and fires_always(verdict.written.rule.expr):
        yield Fault(
            code=AUD925.name,
            level=Level.WARNING,
            verb=(f"reaches {why}, so nobody would notice that alerting has stopped",) * 2,
            where=node.where,
            help="route it to something outside that calls when it stays away",
        )
    elif always:
        yield Fault(
            code=AUD918.name,
            level=Level.NOTE,
            verb=(f"is told to {why}", f"are told to {why}"),
            where=node.where,
            help="nothing, where that is on purpose",
        )


def _ways(verdict: Verdict, fault: Way) -> tuple[str, ...]:
    """Return notes that show which labels lead where, the fault first, for the alerts of one rule."""
    others = unique((way for way in verdict.ways if way is not fault), lambda way: way.receivers)
    return tuple(f"{verdict.name} {distinction}" for distinction in map(_leads, [fault, *islice(others, _SHOWN)]))


def _leads(way: Way) -> str:
    return f"{way.distinction}: {'to ' + listed(way.receivers) if way.told else 'nobody'}"


# ------------------------------------------------------------------------------------------- no page


def _unpaged(verdict: Verdict, case: Case) -> Iterator[Fault]:
    demanded = verdict.promise is not None and PAGE in verdict.promise.notify
    telling = [way for way in verdict.ways if way.told]
    lacking = [way for way in telling if not way.pages_sometimes]
    if not (demanded or case.pages):
        return
    if not lacking:
        yield from _unpaged_at_times(telling, demanded=demanded)
        return
    way = lacking[0]
    told = listed(dict.fromkeys(told.node.receiver for told in way.told))
    where = way.told[-1].node.where
    if len(lacking) == len(telling):
        yield Fault(
            code=AUD912.name,
            level=Level.ERROR if demanded and verdict.decided else Level.WARNING,
            verb=(f"pages nobody: told to {told}", f"page nobody: told to {told}"),
            where=where,
            help="route it to a receiver that pages, or name what wakes somebody in `pages` of the promise",
        )
        return
    yield Fault(
        code=AUD913.name,
        level=Level.WARNING,
        verb=(f"can page nobody: told to {told}", f"can page nobody: told to {told}"),
        where=where,
        notes=_ways(verdict, way),
        help="set the label in the rule, or add a route for the other values",
    )


def _unpaged_at_times(telling: list[Way], *, demanded: bool) -> Iterator[Fault]:
    way = next((way for way in telling if way.unpaged_at and not way.silent_at), None)
    if way is not None and way.unpaged_at is not None:
        when = f"at some times, such as {_moment(way.unpaged_at)}"
        yield Fault(
            code=AUD926.name,
            level=Level.ERROR if demanded else Level.WARNING,
            verb=(f"pages nobody {when}", f"page nobody {when}"),
            where=next(told.node.where for told in way.told if told.pages),
            help="add a route that pages at the other times",
        )


def _muted(verdict: Verdict) -> Iterator[Fault]:
    way = next((way for way in verdict.ways if way.silent_at), None)
    if way is not None and way.silent_at is not None:
        when = f"at some times, such as {_moment(way.silent_at)}"
        yield Fault(
            code=AUD916.name,
            level=Level.WARNING,
            verb=(f"is told to nobody {when}", f"are told to nobody {when}"),
            where=way.told[0].node.where,
            help="add a route for the other times",
        )


def _moment(instant: datetime) -> str:
    return f"{instant:%A %H:%M} UTC"


def _by_default(verdict: Verdict, case: Case) -> Iterator[Fault]:
    root = case.judge.router.root
    if root.children and all(way.alert.nodes == (root,) for way in verdict.ways):
        why = f"told by the default alone, to {root.receiver}: no route asks for"
        yield Fault(
            code=AUD917.name,
            level=Level.WARNING,
            verb=(f"is {why} it", f"are {why} them"),
            where=root.where,
            help="add a route for it",
        )


# ------------------------------------------------------------------------------------------- promised


def _unreached(verdict: Verdict) -> Iterator[Fault]:
    promise = verdict.promise
    for receiver in promise.notify if promise else ():
        lacking = [way for way in verdict.ways if receiver not in way.receivers]
        if receiver != PAGE and lacking:
            yield Fault(
                code=AUD914.name,
                level=Level.ERROR,
                which=lacking[0].distinction if len(lacking) < len(verdict.ways) else "",
                verb=(f"does not reach {receiver}", f"do not reach {receiver}"),
                help="add a route to it",
            )


def is_late(verdict: Verdict) -> bool:
    """Return whether it can be answered later than promised."""
    within = verdict.promise.acknowledge if verdict.promise else None
    total = answered(verdict) if within else None
    return bool(total and within and total.value >= within)


def _late(verdicts: Iterable[Verdict]) -> Diagnostic:
    sums = [(total, verdict) for verdict in verdicts if (total := answered(verdict))]
    total, worst = max(sums, key=_length)
    within = worst.promise.acknowledge if worst.promise else None
    others = dict.fromkeys(verdict.name for _, verdict in sums if verdict is not worst)
    return finding(
        AUD915.name,
        Level.ERROR,
        f"{worst.severity} {worst.name} can take {duration.write(total.value)} to be answered"
        + (f"; promised: {duration.write(within)}" if within else ""),
        worst.written.place,
        notes=(
            timing.written_sum(total.terms),
            *((f"also late: {first_few(list(others), _NAMED)}",) if others else ()),
        ),
        help="shorten the largest term, or promise more time",
    )


def _length(pair: tuple[Derived, Verdict]) -> timedelta:
    return pair[0].value
