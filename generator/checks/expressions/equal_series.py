"""Finds rules that fail as a whole: two of their series become equal once the rule's labels are applied.

Sources: Prometheus' rules/alerting.go and rules/recording.go, `Eval`: "vector contains metrics with the same labelset".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, Level
from generator.diagnostics.wording import listed
from generator.upstream.promql import given, promql
from generator.upstream.promql.differences import Difference, differences, several
from generator.upstream.promql.promql import NAME

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from generator.checks.expressions.condition import Condition, Surroundings

PQL705 = Code(
    name="PQL705",
    title="Rule overwrites a label of the series",
    meaning="alertc sets labels on the rule, and alerts are routed by them: severity, service, team, "
    "escalation, environment and containment; Prometheus sets `alertname`, and a recording rule its own `labels`. "
    "Series that differ only in such a label become one, and then Prometheus fails to "
    "evaluate the rule, and nobody is notified. Such series are shown by an aggregation by the label, by a matcher "
    "that selects several values of it, and by a test. It is an error for what is urgent and what that reads, and for "
    "a recording rule whose series surely have the label; otherwise a warning. Select one value, or rename the label.",
    bad="""
expr: sum by (service) (rate(request_errors_total[5m])) > 10
""",
    good="""
expr: sum by (service) (rate(request_errors_total{service="shop"}[5m])) > 10
""",
)

PQL727 = Code(
    name="PQL727",
    title="Only the name of the metric tells series apart",
    meaning="The expression reads metrics of several names, and the rule, a function or an operator drops the name. "
    "Series that differ in nothing else become equal, and Prometheus fails to evaluate the rule: nobody is notified. "
    "It is an error for what is urgent and what that reads, otherwise a warning. Read one metric, or aggregate.",
    bad="""
expr: '{__name__=~"(shop|till)_probe_failed"} > 0'
""",
    good="""
expr: max by (instance) ({__name__=~"(shop|till)_probe_failed"}) > 0
""",
)

_SEVERAL = 2
_COPIED = re.compile(r"(?:\$labels|\$?\.Labels)\.([A-Za-z_]\w*)")
_COPY = "copy the label to another name with `label_replace`"


def check(condition: Condition) -> Iterator[Diagnostic]:
    """PQL705: a rule overwrites what tells its series apart. PQL727: only the dropped name tells them apart."""
    labels = _labels_of(condition)
    overwritten = frozenset(labels)
    apart = differences(condition.tree, condition.reader, overwritten, _of_alerts(condition.around))
    equal = [difference for difference in apart.differences if difference.labels <= {*overwritten, NAME}]
    equal += _told_apart(condition, overwritten)
    equal += [
        difference
        for difference in _given(condition, overwritten)
        if not any(difference.labels >= other.labels for other in equal)
    ]
    seen: set[frozenset[str]] = set()
    for difference in equal:
        names = difference.labels - {NAME}
        if names not in seen:
            seen.add(names)
            yield (_overwritten if names else _nameless)(condition, difference, labels)
    if apart.lost:
        yield _lost(condition, apart.lost[0].text, apart.lost[0].difference)


def _labels_of(condition: Condition) -> Mapping[str, str]:
    """Return the labels that the rule sets on all of its series, and of which nothing is left on the alert.

    A template may make one of the series' value, or copy it to another label.
    """
    rule = condition.rule
    labels = {label: value for label, value in rule.labels.items() if "{{" not in value}
    every = labels if rule.records else {**labels, "alertname": rule.name}
    kept = {label for value in rule.labels.values() for label in _COPIED.findall(value)}
    return {label: value for label, value in every.items() if label not in kept}


def _of_alerts(around: Surroundings) -> Callable[[Any], Iterator[Difference]]:
    def wide(selector: Any) -> Iterator[Difference]:
        """Yield how the alerts differ that a selector of ALERTS selects."""
        matchers = promql.matchers(selector)
        shown = promql.written(selector)
        if not any(label == "alertname" for label, _, _ in matchers):
            yield Difference(labels=frozenset({"alertname"}), shown=f"`{shown}` selects alerts of more than one name")
            return
        fixed = {label: value for label, operator, value in matchers if not several(operator, value)}
        rules = [
            rule
            for rule in around.alerts().get(fixed.get("alertname", ""), ())
            if all(rule.labels[label] == value for label, value in fixed.items() if label in rule.labels)
        ]
        if len(rules) > 1:
            first, second = rules[:2]
            owners = listed((first.owner, second.owner))
            apart = {label for label in first.labels if first.labels[label] != second.labels.get(label)}
            yield Difference(labels=frozenset(apart), shown=f"`{shown}` selects the alerts of {owners}")

    return wide


def _told_apart(condition: Condition, overwritten: frozenset[str]) -> Iterator[Difference]:
    """Yield the labels of which the policy says that the alert's incidents differ in them."""
    made = condition.reading.labels
    for label in condition.rule.told_apart:
        if label in overwritten and made is not None and not made.missing(label):
            shown = f"`page_each: [{label}]` says that there are several values of it"
            yield Difference(labels=frozenset({label}), shown=shown)


def _given(condition: Condition, overwritten: frozenset[str]) -> Iterator[Difference]:
    """Yield how the results of a test differ that become equal."""
    for test in condition.rule.tests:
        if len(test.series) < _SEVERAL:
            continue
        try:
            results = given.results(condition.tree, test.series, condition.around.records)
        except given.NotWorkedOut:
            continue
        alike: dict[given.LabelSet, list[given.LabelSet]] = {}
        for labels in sorted(results, key=sorted):
            alike.setdefault(given.without(labels, {*overwritten, NAME}.__contains__), []).append(labels)
        for equal in alike.values():
            if len(equal) > 1:
                apart = frozenset(label for label, _ in equal[0] ^ equal[1])
                yield Difference(labels=apart, shown=f"the series given in {test.test} differ in nothing else")


def _overwritten(condition: Condition, difference: Difference, labels: Mapping[str, str]) -> Diagnostic:
    names = sorted(difference.labels - {NAME})
    shown = listed(f"`{name}`" for name in names)
    if len(names) == 1:
        done = _done_to(labels[names[0]])
        how = f"a series for each {shown}, and its rule {done} all of them"
    else:
        how = f"series that differ only in {shown}, which its rule overwrites"
    made = condition.reading.labels
    certain = condition.rule.records and made is not None and made.has.keys() >= set(names)
    return Diagnostic(
        code=PQL705.name,
        level=Level.ERROR if certain else _level(condition),
        message=f"{condition.name} has {how}",
        route=condition.route,
        notes=(difference.shown, _outcome(condition)),
        help=_another_name(names[0], labels[names[0]], condition.around),
    )


def _nameless(condition: Condition, difference: Difference, _: Mapping[str, str]) -> Diagnostic:
    return Diagnostic(
        code=PQL727.name,
        level=_level(condition),
        message=f"{condition.name} reads metrics of several names, and its rule drops the name",
        route=condition.route,
        notes=(difference.shown, _outcome(condition)),
        help="aggregate by the labels to keep, such as `max by (instance) (...)`, or copy the name to a label: "
        f'`label_replace(..., "metric", "$1", "{NAME}", "(.+)")`',
    )


def _lost(condition: Condition, text: str, difference: Difference) -> Diagnostic:
    return Diagnostic(
        code=PQL727.name,
        level=_level(condition),
        message=f"{condition.name} reads metrics of several names, and `{text}` drops the name",
        route=condition.route,
        notes=(difference.shown, _outcome(condition)),
        help="read one metric at a time, and join the results with `or`",
    )


def _level(condition: Condition) -> Level:
    """Return an error for what is urgent, and for a record that something urgent reads."""
    return Level.ERROR if condition.rule.urgent() else Level.WARNING


def _outcome(condition: Condition) -> str:
    if condition.rule.records:
        return "if there are two such series, Prometheus fails to evaluate the rule, and nothing is recorded"
    return "if two such series fire at once, Prometheus fails to evaluate the rule, and nobody is notified"


def _done_to(value: str) -> str:
    return f"sets that label to `{value}` for" if value else "removes that label from"


def _another_name(label: str, value: str, around: Surroundings) -> str:
    if label == "alertname":
        return f"select one alert, aggregate by other labels, or {_COPY}"
    if value:
        return f'select one value (`{label}="{value}"`), or {_COPY}'
    return f"aggregate the label away, or {_COPY}: {around.words.removed} `{label}`"
