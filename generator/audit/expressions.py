"""Findings about expressions: rules that cannot fire, always fire, fail at run time, or print blanks."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from generator.audit.shared import finding
from generator.checks.expressions import fragile, lost_labels
from generator.checks.expressions.condition import RuleFacts, Sender, Surroundings
from generator.checks.expressions.expressions import Linter
from generator.checks.expressions.heartbeats import is_heartbeat
from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Level
from generator.diagnostics.wording import first_few
from generator.policy.label_names import USUAL
from generator.system.unique import unique
from generator.upstream.promql.records import Records, in_order

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import timedelta

    from generator.audit.shared import Case
    from generator.audit.written import WrittenRule
    from generator.behaviour.behaviour import Rule
    from generator.diagnostics.diagnostic import Diagnostic

AUD943 = Code(
    name="AUD943",
    title="alertc cannot analyse an expression",
    meaning="The expression uses something that alertc's own parser does not know, so that none of its lints ran on "
    "it, and that any label is taken to be possible on its alerts. `promtool check rules` checks its syntax.",
)

AUD944 = Code(
    name="AUD944",
    title="Label of an alert holds its value",
    meaning="Each value is another alert: one ends and another begins at every change. With `for` it may never fire, "
    "and without it each change is told anew. Put the value into an annotation.",
)

_NAMED = 8
_VALUE = re.compile(r"\{\{[^}]*(?:\$value\b|\.Value\b)[^}]*\}\}")
_BRANCH = re.compile(r"\{\{-?\s*(?:if|else if)\b[^}]*\}\}")
_NO_FAULT = frozenset((fragile.PQL719.name,))
"""Lints about the style that a policy keeps to: `without (...)` is what many of the best rules use."""


def check(case: Case) -> Iterator[Diagnostic]:
    """AUD943: an expression cannot be analysed. Also yields the findings of all lints of expressions."""
    rules = case.rules.rules
    linter = Linter(_surroundings(rules, case))
    urgent = _urgent_records(case)
    # A finding that differs only in the name of the rule is told once.
    alike: dict[tuple[object, ...], list[tuple[WrittenRule, Diagnostic]]] = defaultdict(list)
    fine: set[tuple[object, ...]] = set()
    for written in unique(rules, lambda written: (written.rule.name, written.rule.expr, *written.rule.labels.items())):
        facts = _facts(written.rule, case, urgent)
        shape = _shape(facts)
        if shape in fine:
            continue
        findings = linter.findings(facts)
        if not findings and facts.name not in linter.unread:
            fine.add(shape)
        for found in findings:
            if found.code not in _NO_FAULT:
                key = (found.code, found.level, found.message.replace(written.rule.name, ""), found.notes, found.help)
                alike[key].append((written, found))
    for same in alike.values():
        yield _told_once(same)
    yield from _values(case)
    unread = [written for written in rules if written.rule.name in linter.unread]
    if unread:
        names = list(dict.fromkeys(written.rule.name for written in unread))
        yield finding(
            AUD943.name,
            Level.NOTE,
            f"{len(unread):,} of {len(rules):,} expressions cannot be analysed: {first_few(names, _NAMED)}",
            unread[0].place,
            notes=tuple(f"{name}: {linter.unread[name][0]}" for name in names[:_NAMED]),
            help="check them with `promtool check rules`; what is said of their alerts holds for any labels",
        )


def _values(case: Case) -> Iterator[Diagnostic]:
    for written in case.judge.alerting:
        # A label that a value decides, such as `{{ if gt $value 1.0 }}`, has few values.
        held = [label for label, text in written.rule.labels.items() if _VALUE.search(_BRANCH.sub("", text))]
        if held:
            never = ", so that it may never fire while its value moves" if written.rule.hold else ""
            yield finding(
                AUD944.name,
                Level.WARNING,
                f"the label {held[0]} of {written.rule.name} holds its value: each value is another alert{never}",
                written.place,
                help="put the value into an annotation",
            )


def _shape(facts: RuleFacts) -> tuple[object, ...]:
    """Return all that the lints look at but names: many rules are one, written for each service."""
    expression = facts.expr
    for label, value in facts.labels.items():
        if value and value in expression:
            expression = expression.replace(f'"{value}"', f'"${label}"')
    templated = tuple((label, value) for label, value in facts.labels.items() if "{{" in value)
    own = (facts.records, facts.heartbeat, facts.urgent(), facts.hold, *facts.labels)
    return (expression, own, templated, lost_labels.used(facts.texts))


def _told_once(same: list[tuple[WrittenRule, Diagnostic]]) -> Diagnostic:
    (written, first), *others = same
    names = list(dict.fromkeys(other.rule.name for other, _ in others if other.rule.name != written.rule.name))
    also = (f"also: {first_few(names, _NAMED)}",) if names else ()
    return replace(first, place=written.place, route=None, on_key=False, notes=(*first.notes, *also))


def _surroundings(rules: Iterable[WrittenRule], case: Case) -> Surroundings:
    recording = [written.rule for written in rules if written.rule.records]
    premises = case.promise.premises
    every: dict[str, timedelta] = {}
    for rule in recording:
        interval = rule.interval or premises.evaluate
        every[rule.name] = min(interval, every.get(rule.name, interval))

    @cache
    def alerts() -> Mapping[str, tuple[Sender, ...]]:
        senders: dict[str, list[Sender]] = defaultdict(list)
        for written in case.judge.alerting:
            senders[written.rule.name].append(Sender(labels=written.rule.labels, owner="", expr=written.rule.expr))
        return {name: tuple(each) for name, each in senders.items()}

    return Surroundings(
        records=Records((rule.name, rule) for rule in recording),
        alerts=alerts,
        version=case.promise.prometheus,
        scrape=premises.scrape if "scrape" in case.promise.given else None,
        evaluate=premises.evaluate if "evaluate" in case.promise.given else None,
        every=every if "evaluate" in case.promise.given else {},
        external=frozenset(case.promise.external),
    )


def _facts(rule: Rule, case: Case, urgent: frozenset[str]) -> RuleFacts:
    is_urgent = rule.name in urgent if rule.records else _is_urgent(rule, case)
    return RuleFacts(
        name=rule.name,
        expr=rule.expr,
        route=(),
        labels=rule.labels,
        records=rule.records,
        heartbeat=not rule.records and is_heartbeat(rule.name, rule.labels, rule.expr),
        told_apart=tuple(filter(None, rule.labels.get(USUAL.page_each, "").split(","))),
        texts=rule.annotations,
        hold=rule.hold,
        urgent=lambda: is_urgent,
    )


def _urgent_records(case: Case) -> frozenset[str]:
    """Return the recorded metrics that an urgent alert reads, directly or through others."""
    judge = case.judge
    read = {
        metric for written in judge.alerting if _is_urgent(written.rule, case) for metric in judge.recorded_by(written)
    }
    return frozenset(in_order(read, judge.recorded_behind))


def _is_urgent(rule: Rule, case: Case) -> bool:
    severity = case.promise.of(rule.labels.get(case.promise.label, ""))
    return severity is not None and severity.urgent
