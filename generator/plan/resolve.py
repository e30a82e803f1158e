"""resolve(): from what the author wrote to what it means and promises."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

from generator.diagnostics.diagnostic import PolicyErrors, PolicyPath
from generator.plan import duties, oncall, owned, paged, pagers, paging_hours, timing, unit_tests, watch
from generator.plan.expand import Expansion
from generator.plan.plan import (
    AlertRule,
    Origin,
    Plan,
    RecordRule,
    RuleFile,
    RuleGroup,
    SeverityPlan,
    Sprints,
    TestFile,
    UnitTest,
)
from generator.plan.routing import Routing
from generator.plan.timing import Premises, Term
from generator.policy.environments import has_own_files, names, seen_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from generator.policy.model import Policy, Severity, SeverityPolicy

RECORDS = "_records"
PIPELINE_RULES = "_pipeline"
DEADLINES = "_deadlines-"
"""Names of rule files that no service can have. Deadlines stand in a file for each severity: a unit test evaluates
all rules of its file, and theirs run for hours (P0) or weeks (P3)."""


def resolve(policy: Policy) -> Plan:
    """Return the plan of a policy without dangling references. Raises PolicyErrors where a text cannot be expanded.

    That of the first environment; the others' are in `elsewhere`.
    """
    stack = timing.premises(policy.stack)
    parts = tuple(_parts(policy, stack))
    first, *others = parts
    every_rule = tuple(rule for part in parts for rule in part.rules) if has_own_files(policy) else first.rules
    chains = oncall.escalations(first.policy, first.severities, every_rule)
    paged_services = paged.services(first.policy, first.severities, every_rule, chains)
    alike = () if has_own_files(policy) else tuple(policy.environments)
    routings = [
        Routing(policy=part.policy, severities=part.severities, rules=part.rules, paged=paged_services, alike=alike)
        for part in parts
    ]
    root = routings[0].root(branch for routing in routings[1:] for branch in routing.branches())
    inhibiting = routings[:1] if alike else routings
    whole = {
        "stack": stack,
        "hours": paging_hours.used(policy, {(team, name) for team in policy.teams for name in policy.severities}),
        "receivers": routings[0].receivers(root),
        "root": root,
        "inhibitions": tuple(inhibition for routing in inhibiting for inhibition in routing.inhibitions()),
        "escalations": paged.escalations(paged_services),
        "paged": paged_services,
    }
    elsewhere = tuple(_plan(part, whole) for part in others)
    return replace(_plan(first, whole), elsewhere=elsewhere)


class _Part(NamedTuple):
    """One environment: the policy as it counts there, and what its Prometheus loads."""

    policy: Policy
    severities: Mapping[Severity, SeverityPlan]
    rules: tuple[AlertRule, ...]
    folder: str
    rule_files: tuple[RuleFile, ...]
    test_files: tuple[TestFile, ...]


def _parts(policy: Policy, stack: Premises) -> Iterator[_Part]:
    """Yield the parts of all environments; what is the same for all is made once."""
    first: _Part | None = None
    for name in names(policy):
        seen = seen_in(policy, name)
        severities = {key: severity(seen, key, entry, stack) for key, entry in seen.severities.items()}
        if first is not None and not has_own_files(policy):
            yield first._replace(policy=seen, severities=severities)
            continue
        rules = _rules(seen, stack, severities)
        placed = _files_of(seen, rules)
        rule_files = _rule_files(seen, stack, rules, placed)
        part = _Part(
            policy=seen,
            severities=severities,
            rules=rules,
            folder=f"{name}/" if has_own_files(policy) else "",
            rule_files=rule_files,
            test_files=unit_tests.files(rule_files, _tests(rules, placed), RECORDS),
        )
        first = first or part
        yield part


def _rules(policy: Policy, stack: Premises, severities: Mapping[Severity, SeverityPlan]) -> tuple[AlertRule, ...]:
    expansion = Expansion(policy, stack, severities)
    written = tuple(expansion.rules())
    if expansion.findings:
        raise PolicyErrors(*expansion.findings)
    deadlines = duties.rules(expansion, frozenset(rule.severity for rule in written if rule.origin.authored))
    return tuple(sorted((*written, *deadlines, *watch.rules(expansion)), key=_order))


def _plan(part: _Part, whole: Mapping[str, Any]) -> Plan:
    """Return the plan of one environment; `whole` has what is the same in all of them."""
    return Plan(
        policy=part.policy,
        severities=part.severities,
        rules=part.rules,
        rule_files=part.rule_files,
        test_files=part.test_files,
        folder=part.folder,
        **whole,
    )


def severity(policy: Policy, name: Severity, entry: SeverityPolicy, stack: Premises) -> SeverityPlan:
    """Return a severity with the defaults applied and the intervals derived."""
    route: PolicyPath = ("severities", name)
    # A restart or a vanished series ends an alert, not what it stands for: people close what is urgent.
    by_hand = pagers.by_hand(policy, name)
    remind = entry.remind or _remind(entry, by_hand=not pagers.all_told(policy, name))
    interval = entry.group_interval or timing.group_interval(entry.acknowledge, remind)
    wait = timing.group_wait(interval) if entry.group_wait is None else entry.group_wait
    if any(containment.call for containment in policy.containments.values()):
        wait = max(wait, timing.BEHIND_A_HALT)
    group_interval = Term(name="group", length=interval, route=(*route, "group_interval"))
    group_wait = Term(name="group", length=wait, route=(*route, "group_wait"))
    detect_in = _share(entry.detect_in, entry.acknowledge, 20, Term(name="detect", length=timing.ZERO, route=route))
    return SeverityPlan(
        name=name,
        urgent=entry.urgent,
        event=entry.event,
        title=entry.title,
        definition=entry.definition or "",
        acknowledge=entry.acknowledge,
        in_business_hours=entry.in_business_hours,
        answer_in=_share(entry.answer_in, entry.acknowledge, 5, Term(name="answer", length=timing.ZERO, route=route)),
        detect_in=detect_in,
        resolve=_sprints(policy) if entry.resolve == "next-sprint" else entry.resolve,
        notify=entry.notify,
        pagers=policy.pagers(name),
        team_pagers=pagers.of_teams(policy, name),
        urgency=entry.urgency or "high",
        by_hand=by_hand,
        group_wait=group_wait,
        group_interval=group_interval,
        remind=remind,
        tell_rooms=entry.remind or _remind(entry, by_hand=False),
        first_page=timing.worst_case(
            stack, detection=(detect_in,), group_wait=group_wait, group_interval=group_interval
        ),
    )


def _sprints(policy: Policy) -> Sprints:
    calendar = policy.calendar
    if calendar is None or calendar.sprint is None:
        raise ValueError("checks/policy/calendar refuses `next-sprint` where there are no sprints")
    midnight = datetime.combine(calendar.sprint.starts, time(), ZoneInfo(calendar.timezone))
    return Sprints(length=calendar.sprint.length, start=int(midnight.timestamp()))


def _share(written: timedelta | None, whole: timedelta, part: int, term: Term) -> Term:
    """Return the term for a written length, or for a share of the whole in full seconds."""
    length = timedelta(seconds=whole.total_seconds() // part) if written is None else written
    route = (*(term.route or ()), f"{term.name}_in")
    return Term(name=term.name, length=length, route=route)


def _remind(entry: SeverityPolicy, *, by_hand: bool) -> timedelta:
    """Return the interval of reminders: half of `resolve`, at most a day.

    Where an end can be lost and with it a return, until then, it is half of `acknowledge`: what something worse may
    silence, and what people close, perhaps before Alertmanager has seen that it came back.
    """
    day = timedelta(days=1)
    usual = min(entry.resolve / 2, day) if isinstance(entry.resolve, timedelta) else day
    return min(usual, entry.acknowledge / 2) if by_hand or not entry.urgent else usual


def _order(rule: AlertRule) -> tuple[str, str, str]:
    return rule.service, rule.name, rule.severity


_TOGETHER = 4
"""Rules of deadlines in one file. A test evaluates all of them at every tick, over windows of hours."""


def _files_of(policy: Policy, rules: tuple[AlertRule, ...]) -> tuple[str, ...]:
    """Return the name of the file of each rule."""
    files = [_file_of(rule) for rule in rules]
    duties_of: Mapping[str, list[int]] = defaultdict(list)
    for number, rule in enumerate(rules):
        if rule.origin is Origin.DUTY:
            duties_of[files[number]].append(number)
    for file, numbers in duties_of.items():
        if files.count(file) <= _TOGETHER:
            continue
        # Those that wait about as long are tested at the same ticks.
        in_order = sorted(numbers, key=lambda number: _within(policy, rules[number]))
        for place, number in enumerate(in_order):
            files[number] = f"{file}-{place // _TOGETHER + 1}"
    return tuple(files)


def _within(policy: Policy, rule: AlertRule) -> timedelta:
    return policy.duties[rule.reminds_of or ""].within or timing.ZERO


def _file_of(rule: AlertRule) -> str:
    if rule.origin.spread:
        return DEADLINES + rule.severity
    return owned.home(rule) if rule.origin.entered else PIPELINE_RULES


def _rule_files(
    policy: Policy, stack: Premises, rules: tuple[AlertRule, ...], placed: tuple[str, ...]
) -> tuple[RuleFile, ...]:
    files = []
    intervals: Mapping[timedelta, list[RecordRule]] = defaultdict(list)
    for name, record in sorted(policy.records.items()):
        labels = dict(sorted(record.labels.items()))
        intervals[record.every].append(RecordRule(name=name, expr=record.expr, labels=labels, route=("records", name)))
    if intervals:
        groups = tuple(
            RuleGroup(name=f"records-{number}", interval=every, rules=tuple(records))
            for number, (every, records) in enumerate(sorted(intervals.items()), start=1)
        )
        files.append(RuleFile(name=RECORDS, title="What is recorded for the alerts.", groups=groups))
    by_file: dict[str, list[AlertRule]] = defaultdict(list)
    for alert, file in zip(rules, placed, strict=True):
        by_file[file].append(alert)
    for name, of_owners in by_file.items():
        if policy.owners and name.partition(".")[0] == owned.RULES:
            by_file[name] = owned.one_for_all(policy.owners, of_owners)
    for name, file_rules in sorted(by_file.items()):
        interval = max(duties.SLOW, stack.evaluate) if name.startswith(DEADLINES) else stack.evaluate
        group = RuleGroup(name=name.lstrip("_"), interval=interval, rules=tuple(file_rules))
        files.append(RuleFile(name=name, title=_title(policy, name), groups=(group,)))
    return tuple(sorted(files, key=lambda file: file.name))


def _title(policy: Policy, name: str) -> str:
    if name == PIPELINE_RULES:
        return "The alerting pipeline watches itself."
    if name.startswith(DEADLINES):
        return f"What is overdue: {name.removeprefix(DEADLINES)}."
    name, _, severity = name.partition(".")
    of = f"{severity}, where the alert has a worse threshold, too. " if severity else ""
    if name == owned.RULES and policy.owners:
        return f"{of}Whose alerts these are is known by their label {policy.owners.by}."
    service = policy.services[name]
    escalation = f", escalation {service.escalation}" if service.escalation else ""
    return f"{of}{service.title or name}: team {service.team}{escalation}."


def _tests(rules: tuple[AlertRule, ...], placed: tuple[str, ...]) -> Mapping[str, tuple[UnitTest, ...]]:
    tests: Mapping[str, list[UnitTest]] = defaultdict(list)
    for rule, file in zip(rules, placed, strict=True):
        tests[file].extend(rule.tests)
    return {name: tuple(unit_tests) for name, unit_tests in tests.items() if unit_tests}
