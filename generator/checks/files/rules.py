"""The rendered rules are true when the policy says: their expressions, and all that delays or prolongs an alert."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from generator.behaviour.documents import RULES, in_folder, is_rules
from generator.behaviour.identity import route_in_rule
from generator.behaviour.part import Part
from generator.behaviour.verification import KEEP_TEMPLATE, Finding
from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, Level
from generator.diagnostics.wording import first_few
from generator.plan.plan import AlertRule, RecordRule, carried
from generator.plan.timing import ZERO
from generator.policy import duration
from generator.system.unique import unique
from generator.upstream.promql import promql
from generator.upstream.promql.comparisons import words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import timedelta

    from generator.behaviour.behaviour import Rule
    from generator.behaviour.verification import Verification
    from generator.diagnostics.diagnostic import EntryPath, PolicyPath
    from generator.plan.plan import Plan

RUL603 = Code(
    name="RUL603",
    title="Expression differs from the policy's",
    meaning="A rendered rule is true at other times than the policy says, and the tests of the policy may not show it. "
    "A template may lay an expression out in another way. Change what it asks in the policy.",
)

RUL604 = Code(
    name="RUL604",
    title="Rule is timed in another way than the policy says",
    meaning="A rendered rule waits longer or less long, goes on firing, is evaluated more or less often, or looks at "
    "older samples than the policy says. Compare your template with the packaged one.",
)

RUL605 = Code(
    name="RUL605",
    title="Text of an alert differs from the policy's",
    meaning="The public would read another text than the policy's, which is an error; or people would read other "
    "times, another runbook or containment than those that hold. Compare your template with the packaged one.",
)

_WORDED = ("summary", "description")
"""The annotations whose wording is a template's, and the tests' to judge; the others say what the policy does."""

_NAMED = 3
_LONGEST, _BEFORE = 200, 60


class _Fault(NamedTuple):
    """What is wrong with a rule, `{}` in place of its name; faults with the same `key` are told once."""

    code: str
    key: object
    what: str
    notes: tuple[str, ...]
    where: EntryPath
    level: Level = Level.ERROR


def check(verification: Verification) -> Iterator[Finding]:
    """RUL603: an expression is not the policy's. RUL604: a rule waits, fires on or is evaluated in another way.

    RUL605: a text says otherwise what the policy says.
    """
    intervals = {
        (rule.name, rule.route): group.interval
        for file in verification.plan.rule_files
        for group in file.groups
        for rule in group.rules
    }
    offsets = dict(_offsets(verification))
    found: dict[object, list[tuple[Rule, AlertRule | RecordRule, _Fault]]] = defaultdict(list)
    for rule, promised in _pairs(verification):
        for fault in _faults(rule, promised, intervals[promised.name, promised.route], verification.plan, offsets):
            found[fault.code, fault.key].append((rule, promised, fault))
    for befallen in found.values():
        yield _told_once(verification.plan, befallen)
    yield from _lost(verification)


def _pairs(verification: Verification) -> Iterator[tuple[Rule, AlertRule | RecordRule]]:
    """Yield each rendered rule of the policy with the planned one; whatever records a name of the policy is one."""
    for alert in unique(verification.alerts, lambda alert: id(alert.rule)):
        if alert.promised is not None:
            yield alert.rule, alert.promised
    records = _records(verification.plan)
    for rule in verification.behaviour.rules:
        if rule.records and rule.name in records:
            yield rule, records[rule.name]


def _records(plan: Plan) -> Mapping[str, RecordRule]:
    rules = (rule for file in plan.rule_files for group in file.groups for rule in group.rules)
    return {rule.name: rule for rule in rules if isinstance(rule, RecordRule)}


def _lost(verification: Verification) -> Iterator[Finding]:
    """Yield a finding for each record of the policy that no rendered rule makes."""
    made = {rule.name for rule in verification.behaviour.rules if rule.records}
    folder = in_folder(RULES, verification.plan.folder)
    for name, promised in _records(verification.plan).items():
        if name not in made:
            message = f"no rule of out/{folder} records {name}: whatever reads it never fires"
            yield Finding(
                diagnostic=Diagnostic(
                    code=RUL603.name, message=message, route=promised.route, on_key=True, help=KEEP_TEMPLATE
                )
            )


def _offsets(verification: Verification) -> Iterator[tuple[tuple[str, EntryPath], timedelta]]:
    """Yield how far the rules of a group look back, by its file and place, where they do."""
    for path, document in verification.documents.items():
        if is_rules(path):
            for number, group in enumerate(Part(path=path, value=document).list("groups")):
                offset = group.length("query_offset", ZERO)
                if offset:
                    yield (path, ("groups", number)), offset


def _faults(
    rule: Rule,
    promised: AlertRule | RecordRule,
    interval: timedelta,
    plan: Plan,
    offsets: Mapping[tuple[str, EntryPath], timedelta],
) -> Iterator[_Fault]:
    if rule.expr != promised.expr and _laid_out(rule.expr) != _laid_out(promised.expr):
        yield _Fault(
            code=RUL603.name,
            key="",
            what="the expression of {} is not the policy's",
            notes=_side_by_side(_in_one_line(promised.expr), _in_one_line(rule.expr)),
            where=(*rule.where, "expr"),
        )
    if isinstance(promised, RecordRule) and carried(rule.labels) != carried(promised.labels):
        yield _Fault(
            code=RUL603.name,
            key="labels",
            what="the labels of {} are not the policy's",
            notes=_side_by_side(_pretty(promised.labels), _pretty(rule.labels)),
            where=rule.where,
        )
    if isinstance(promised, AlertRule):
        yield from _texts(rule, promised)
    hold, keep = (promised.hold, promised.keep_firing) if isinstance(promised, AlertRule) else (ZERO, ZERO)
    group = rule.where[:2]
    rendered = rule.interval or plan.stack.evaluate
    lengths = (
        (rule.where, "for", rule.hold, hold),
        (rule.where, "keep_firing_for", rule.keep_firing, keep),
        (group, "interval", rendered, interval),
        (group, "query_offset", offsets.get((rule.path, group), ZERO), ZERO),
    )
    for where, key, length, planned in lengths:
        if length != planned:
            what = f"`{key}` of {{}} is {duration.write(length)}, the policy says {duration.write(planned)}"
            yield _Fault(code=RUL604.name, key=what, what=what, notes=(), where=(*where, key))


def _texts(rule: Rule, promised: AlertRule) -> Iterator[_Fault]:
    for name in sorted({"public", *promised.annotations}.difference(_WORDED)):
        text, planned = rule.annotations.get(name, ""), promised.annotations.get(name, "")
        if text != planned:
            yield _Fault(
                code=RUL605.name,
                key=name,
                what=f"`{name}` of {{}} is not the policy's",
                notes=_side_by_side(_in_one_line(planned) or "nothing", _in_one_line(text) or "nothing"),
                where=(*rule.where, "annotations", *([name] if name in rule.annotations else [])),
                level=Level.ERROR if name == "public" else Level.WARNING,
            )


def _told_once(plan: Plan, befallen: list[tuple[Rule, AlertRule | RecordRule, _Fault]]) -> Finding:
    """Return one finding for all rules with the same fault: one template error is in all of them."""
    befallen.sort(key=lambda one: (_rank(plan, one[1]), one[1].name))
    rule, promised, fault = befallen[0]
    others = [_named(other) for _, other, _ in befallen[1:]]
    more = f" and {len(others):,} other rule{'s' * (len(others) > 1)}" if others else ""
    return Finding(
        diagnostic=Diagnostic(
            code=fault.code,
            level=fault.level,
            message=fault.what.format(f"{_named(promised)}{more}"),
            route=_route(promised, fault.where[len(rule.where) :]),
            on_key=True,
            notes=(*fault.notes, *((f"also: {first_few(others, _NAMED)}",) if others else ())),
            help=KEEP_TEMPLATE,
        ),
        path=rule.path,
        where=fault.where,
    )


def _route(promised: AlertRule | RecordRule, within: EntryPath) -> PolicyPath:
    """Return the policy's entry for a part of a rule; that of the rule where the policy writes no `for`."""
    is_absent = within == ("for",) and not (isinstance(promised, AlertRule) and promised.hold)
    return route_in_rule(promised, () if is_absent else within)


def _rank(plan: Plan, promised: AlertRule | RecordRule) -> int:
    return plan.policy.rank(promised.severity) if isinstance(promised, AlertRule) else -1


def _named(promised: AlertRule | RecordRule) -> str:
    if isinstance(promised, RecordRule):
        return f"the record {promised.name}"
    return promised.called


def _side_by_side(policy: str, file: str) -> tuple[str, str]:
    """Return both texts, cut so that one sees where they begin to differ."""
    pairs = enumerate(zip(policy, file, strict=False))
    same = next((number for number, (one, other) in pairs if one != other), min(len(policy), len(file)))
    begin = max(0, same - _BEFORE) if max(len(policy), len(file)) > _LONGEST else 0
    cut = (
        f"{'...' * bool(begin)}{text[begin : begin + _LONGEST]}{'...' * (len(text) > begin + _LONGEST)}"
        for text in (policy, file)
    )
    before, after = cut
    return f"the policy: {before}", f"the file:   {after}"


def _laid_out(expression: str) -> str:
    """Return the expression in one way of writing, as far as alertc's parser reads it; else its words."""
    tree = promql.parsed(expression)
    return " ".join(words(expression)) if tree is None else promql.identity(promql.bare(tree))


def _pretty(labels: Mapping[str, str]) -> str:
    return ", ".join(f"{name}: {value}" for name, value in sorted(carried(labels).items())) or "none"


def _in_one_line(expression: str) -> str:
    return " ".join(expression.split())
