"""What the rendered inhibition rules may silence: never what is urgent, and nothing by labels that both sides lack."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.behaviour.documents import ALERTMANAGER
from generator.behaviour.identity import policy_route
from generator.behaviour.verification import KEEP_TEMPLATE, Finding
from generator.checks.files import planned
from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, Level
from generator.plan.of_others import known_severities
from generator.system.unique import unique
from generator.upstream.alertmanager import match, values
from generator.upstream.alertmanager.inhibition import Inhibitor
from generator.upstream.alertmanager.match import matches

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from generator.behaviour.alerts import SentAlert
    from generator.behaviour.verification import Verification
    from generator.diagnostics.diagnostic import EntryPath
    from generator.policy.model import Policy
    from generator.upstream.alertmanager.inhibition import Inhibition
    from generator.upstream.alertmanager.match import Matcher

RTE606 = Code(
    name="RTE606",
    title="Urgent alert may be inhibited",
    meaning="An urgent alert that resolves while it is inhibited is lost, and so is its return. Name the severities "
    "that may be inhibited. Compare your template with the packaged one.",
)

RTE610 = Code(
    name="RTE610",
    title="Inhibition equates missing labels",
    meaning="A label in `equal` that both alerts lack counts as equal, so the rule would inhibit unrelated "
    "alerts. Require the label in one of its matchers. Compare your template with the packaged one.",
)


RTE618 = Code(
    name="RTE618",
    title="Inhibition differs from the policy",
    meaning="While one alert fires, another is silent of which the policy says that it is told, or is told though the "
    "policy says that it waits. Compare your template with the packaged one.",
)

_MOST = 2_000
"""So many kinds of alerts are held against one another."""


def check(verification: Verification) -> Iterator[Finding]:
    """RTE606: an inhibition may silence what is urgent. RTE610: it compares labels that both alerts may lack.

    RTE618: it silences others than the policy says.
    """
    for rule in verification.behaviour.inhibitions:
        yield from _inhibition(verification, rule)
    promised = planned.inhibitions(verification.plan.inhibitions)
    if _written(promised) != _written(verification.behaviour.inhibitions):
        yield from _otherwise(verification, promised)


def _written(rules: Iterable[Inhibition]) -> frozenset[object]:
    return frozenset((frozenset(rule.source), frozenset(rule.target), frozenset(rule.equal)) for rule in rules)


def _otherwise(verification: Verification, promised: Sequence[Inhibition]) -> Iterator[Finding]:
    """Yield a finding for the first pair of alerts of which one silences the other on one side alone, and reverse."""
    rendered = verification.behaviour.inhibitions
    told: set[bool] = set()
    known = (one for one in verification.alerts if one.promised)
    alerts = tuple(unique(known, lambda one: tuple(sorted(one.labels.items()))))[:_MOST]
    inhibitors = [
        {id(source): Inhibitor(rules, [source.labels]) for source in alerts if _is_source(rules, source.labels)}
        for rules in (promised, rendered)
    ]
    for source in alerts:
        waits, silences = (side.get(id(source)) for side in inhibitors)
        for target in alerts if waits or silences else ():
            should, is_silent = (bool(side and side.suppressions(target.labels)) for side in (waits, silences))
            if should != is_silent and is_silent not in told:
                told.add(is_silent)
                yield _of_pair(verification, source, target, is_silent)


def _is_source(rules: Iterable[Inhibition], labels: Mapping[str, str]) -> bool:
    return any(matches(rule.source, labels) for rule in rules)


def _of_pair(verification: Verification, source: SentAlert, target: SentAlert, is_silent: bool) -> Finding:
    names = [one.promised.called if one.promised else one.rule.name for one in (source, target)]
    does, says = ("silent", "that it is told") if is_silent else ("told", "that it waits")
    rules = (rule.where for rule in verification.behaviour.inhibitions if matches(rule.source, source.labels))
    diagnostic = Diagnostic(
        code=RTE618.name,
        level=Level.ERROR if is_silent else Level.WARNING,
        message=f"while {names[0]} fires, {names[1]} is {does}; the policy says {says}",
        route=target.promised.route if target.promised else (),
        on_key=True,
        help=KEEP_TEMPLATE,
    )
    return Finding(diagnostic=diagnostic, path=ALERTMANAGER, where=next(rules, ("inhibit_rules",)))


def _inhibition(verification: Verification, rule: Inhibition) -> Iterator[Finding]:
    policy = verification.plan.policy
    urgent = [
        name
        for name in policy.severities
        if name in policy.urgent
        and (_may_have(rule.target, policy.labels.severity, name) or _may_be_of_others(policy, rule.target, name))
    ]
    if urgent:
        quiet = [name for name in policy.severities if name not in policy.urgent]
        label_sets = verification.label_sets
        hidden = sorted(
            {
                alert.name
                for alert in verification.behaviour.rules
                if not alert.records
                and alert.labels.get(policy.labels.severity) in policy.urgent
                and label_sets.may_match(alert, rule.target)
            }
        )
        listed = (f"it would hide: {', '.join(hidden)}",) if hidden else ()
        yield _finding(
            verification,
            RTE606.name,
            f"an inhibition rule may silence a {' or '.join(urgent)}",
            (*rule.where, "target_matchers"),
            (*listed, "an alert that resolves while it is inhibited is lost, and so is its return"),
            f'name the severities that it may silence: `{policy.labels.severity}=~"{"|".join(quiet)}"`'
            if quiet
            else "remove it: the policy has nothing that may be silenced",
        )
    sides = (rule.source, rule.target)
    lacking = [label for label in rule.equal if not any(_surely_has(verification, side, label) for side in sides)]
    # Of as many inhibition rules as services each would be held against all rules.
    for label in lacking if lacking and not _agree_in_all(verification, rule) else ():
        yield _finding(
            verification,
            RTE610.name,
            f"alerts on both sides of an inhibition rule may lack its `equal` label {label}",
            (*rule.where, "equal"),
            ("a label that both lack is equal: the rule would silence what has nothing to do with its source",),
            f'match the label on one side at least, such as `{label}=~".+"`',
        )


def _agree_in_all(verification: Verification, rule: Inhibition) -> bool:
    """Return whether both sides are one alert, and `equal` lists all labels that can tell its series apart.

    Then what both lack is no other series.
    """
    label_sets = verification.label_sets
    those = [
        one
        for one in verification.behaviour.rules
        if not one.records and any(label_sets.may_match(one, side) for side in (rule.source, rule.target))
    ]
    labels = [(label_sets.only(one), one.labels.keys()) for one in those]
    one_name = len({one.name for one in those}) == 1
    return one_name and all(only is not None and only - own <= {*rule.equal} for only, own in labels)


def _may_be_of_others(policy: Policy, target: Iterable[Matcher], name: str) -> bool:
    """Return whether an inhibition rule may silence alerts of others that are of this severity."""
    labels, severity = policy.labels, policy.severities[name]
    if not all(_may_have(target, label, "") for label in (labels.escalation, labels.duty)):
        return False  # those never have them
    if any(_may_have(target, labels.severity, value) for value in severity.known_as):
        return True
    left = [match.of(labels.severity, "!=", value) for value in (*known_severities(policy), *policy.severities)]
    try:
        return severity.otherwise and values.may_be([*(one for one in target if one.label == labels.severity), *left])
    except values.Undecided:
        return True


def _may_have(matchers: Iterable[Matcher], label: str, value: str) -> bool:
    return all(matcher.accepts(value) for matcher in matchers if matcher.label == label)


def _surely_has(verification: Verification, matchers: tuple[Matcher, ...], label: str) -> bool:
    """Return whether every alert that can match has the label: a matcher demands it, or all rules of ours give it."""
    if any(matcher.label == label and not matcher.accepts("") for matcher in matchers):
        return True
    label_sets = verification.label_sets
    if label in label_sets.external:
        return True  # Prometheus adds it to whatever lacks it
    ours = [rule for rule in verification.behaviour.rules if not rule.records and label_sets.may_match(rule, matchers)]
    return bool(ours) and all(label_sets.surely_has(rule, label) for rule in ours)


def _finding(
    verification: Verification, code: str, message: str, where: EntryPath, notes: tuple[str, ...], help: str
) -> Finding:
    route = policy_route(verification.plan, verification.documents, ALERTMANAGER, where)
    diagnostic = Diagnostic(code=code, message=message, route=route, on_key=True, notes=notes, help=help)
    return Finding(diagnostic=diagnostic, path=ALERTMANAGER, where=where)
