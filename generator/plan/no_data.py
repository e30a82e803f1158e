"""The `NoData` rule of an alert: it fires when the alert's series are missing, and the alert itself cannot."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, PolicyPath
from generator.plan.example_series import Example, examples
from generator.plan.plan import AlertRule, Origin
from generator.plan.texts import literal, rendered
from generator.plan.timing import ZERO, whole
from generator.upstream.promql import promql
from generator.upstream.promql.needed import Need, needs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from generator.plan.expand import Expansion
    from generator.plan.plan import UnitTest
    from generator.policy.model import Alert

POL231 = Code(
    name="POL231",
    title="`when_missing` has no effect",
    meaning="No series can be missing: the expression reads none, or it is true where those are missing that it reads. "
    "Remove `when_missing`.",
)

WITHIN = timedelta(hours=1)
"""A value of a label in `page_each` that was there within so long, and is not now, is missing."""


def rules(expansion: Expansion, rule: AlertRule, alert: Alert) -> Iterator[AlertRule]:
    """Yield the `NoData` rule of an alert with `when_missing`.

    It watches all series of a selector together and, where `page_each` says that each value of a label counts, each.
    """
    route: PolicyPath = (*rule.route, "when_missing")
    read = promql.selectors(rule.expr)
    if read is None:
        return  # promtool says what is wrong with the expression
    # Labels that the rule itself sets tell none of its alerts apart.
    labels = [label for label in expansion.policy.labels.told_apart_by(alert.page_each) if label not in rule.labels]
    watched = tuple(map(_watched, needs(promql.parsed(rule.expr), labels)))
    if not watched:
        # Where those alone are read that stand behind `unless`, the alert fires without them: a lint says so.
        if not any(selector.watched for selector in read):
            expansion.findings.append(_no_effect(rule.name, route))
        return
    yield _rule(expansion, rule, alert, watched, route)


class _Watched(NamedTuple):
    """What an alert needs, with two examples of its series, which differ in the labels whose every value counts."""

    need: Need
    examples: tuple[Example, ...]

    @property
    def each(self) -> str:
        """The labels whose every value counts, as `by (...)` lists them; empty where there is none."""
        return ", ".join(sorted(self.need.labels))


def _watched(need: Need) -> _Watched:
    """Return what is watched of a need; a label that can have but one value tells nothing apart."""
    found = [examples(selector, need.labels) for selector in need.selectors]
    fixed = frozenset.intersection(*(example.fixed for example in found))
    labels = need.labels - fixed
    certain = all(example.series for example in found)
    return _Watched(Need(selectors=need.selectors, labels=labels), found[0].series if certain else ())


def _no_effect(name: str, route: PolicyPath) -> Diagnostic:
    return Diagnostic(
        code=POL231.name,
        message=f"{name} has no series that could be missing",
        route=route,
        help="remove `when_missing`, or write an expression that reads a series",
    )


def _rule(
    expansion: Expansion, rule: AlertRule, alert: Alert, watched: tuple[_Watched, ...], route: PolicyPath
) -> AlertRule:
    severity = rule.severity if alert.when_missing == "page" else str(alert.when_missing)
    each = sorted({label for one in watched for label in one.need.labels})
    labels = expansion.static_labels(rule.service, severity, page_each=tuple(each))
    detection = expansion.gone(rule.expr)
    made = AlertRule(
        name=f"{rule.name}NoData",
        service=rule.service,
        expr=_expression(watched),
        hold=expansion.hold_of(severity, detection),
        keep_firing=ZERO,
        detection=detection,
        labels=labels,
        annotations=expansion.annotations(
            rule.service,
            severity,
            _summary(rule.name, each),
            literal(_details(watched, each)),
            # What the service's own text says need not be true: only that we are blind is known.
            public=expansion.policy.services[expansion.policy.watch.service].public,
            runbook=alert.runbook,
        ),
        severity=severity,
        escalation=labels[expansion.policy.labels.escalation],
        team=labels[expansion.policy.labels.team],
        page_each=tuple(each),
        origin=Origin.NO_DATA,
        duty=None,
        reminds_of=None,
        owned=None,
        route=route,
        tests=(),
    )
    return replace(made, tests=tuple(_tests(expansion, made, rule.name, watched)))


def _expression(watched: Sequence[_Watched]) -> str:
    """Return what is true where something is missing: of each value first, then of all.

    Where all is gone, that is one incident, not one for each value.
    """
    each = [_one_of_many(one) for one in watched if one.each]
    absent = " or ".join(f"absent({one.need.text})" for one in watched)
    return "\nor ".join((*dict.fromkeys(each), f"group({absent})"))


def _one_of_many(watched: _Watched) -> str:
    hours = WITHIN // timedelta(hours=1)
    before = " or ".join(f"last_over_time({selector.text}[{hours}h])" for selector in watched.need.selectors)
    by, now = f"count by ({watched.each})", watched.need.text
    return f"({by} ({before}) unless {by} ({now}) and on () group({now}))"


def _summary(name: str, each: Sequence[str], labels: Mapping[str, str] | None = None) -> str:
    """Return the template of the summary, or what it reads for an alert with `labels`."""
    text = f"{name} is blind: its series is missing"
    if labels is None:
        return text + "".join(f"{{{{ with $labels.{label} }}}} ({label} {{{{ . }}}}){{{{ end }}}}" for label in each)
    return text + "".join(f" ({label} {labels[label]})" for label in each if label in labels)


def _details(watched: Sequence[_Watched], each: Sequence[str]) -> str:
    texts = [one.need.text for one in watched]
    missing = f"Missing: {texts[0]}" if len(texts) == 1 else f"Missing is at least one of: {', '.join(texts)}"
    forgotten = f". A value of {' and '.join(each)} is missed for an hour, not longer." if each else ""
    return f"Nobody would be told if it happened now. {missing}{forgotten}"


# ------------------------------------------------------------------------------------------- its tests


def _tests(expansion: Expansion, rule: AlertRule, name: str, watched: Sequence[_Watched]) -> Iterator[UnitTest]:
    """Yield the tests that it fires where there is no series, and where one of two has gone."""
    yield _test(expansion, rule, name, "no series", {}, {}, rule.hold)
    if not all(one.examples for one in watched):
        return
    stack = expansion.stack
    changes = 5 * stack.scrape
    at = whole(changes, stack.evaluate) + rule.hold
    longer = f"1x{-(-at // stack.scrape)}"
    for labels in dict.fromkeys(one.need.labels for one in watched if one.need.labels):
        gone = {one.examples[0] for one in watched if one.need.labels == labels}
        there = {example for one in watched for example in one.examples} - gone
        missed = _missed(watched, gone, there)
        # promtool's tests name one alert: where the loss of a series raises several, no test can tell of it.
        if len(missed) == 1:
            values = {**{example.text: "1x4 stale" for example in gone}, **{one.text: longer for one in there}}
            given = dict(sorted(values.items()))
            yield _test(expansion, rule, name, f"one {' and '.join(sorted(labels))}", given, dict(*missed), at)


def _missed(watched: Sequence[_Watched], gone: set[Example], there: set[Example]) -> set[tuple[tuple[str, str], ...]]:
    """Return the labels of the alerts that tell of the examples that are gone; none of all where it is not certain."""
    missed = set()
    for need in (one.need for one in watched):
        before, now = (
            {_told_apart(one, need) for one in examples if one.is_of(need.selectors)} for examples in (gone, there)
        )
        if not now:
            return set()  # all of it is missing
        missed |= before - now
    return missed


def _told_apart(example: Example, need: Need) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in example.labels if name in need.labels)


def _test(
    expansion: Expansion,
    rule: AlertRule,
    name: str,
    title: str,
    given: Mapping[str, str],
    labels: Mapping[str, str],
    at: timedelta,
) -> UnitTest:
    return expansion.unit_test(
        rule.name,
        expansion.reads(rule.expr),
        {**labels, **rule.labels},
        rendered(rule.annotations, labels, _summary(name, rule.page_each, labels)),
        name=f"{rule.name}: {title}",
        given=given,
        at=at,
        route=rule.route,
    )
