"""What the rendered inhibition rules may silence: never a P0 or P1, and nothing by labels that both sides lack."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.behaviour.documents import ALERTMANAGER
from generator.behaviour.identity import policy_route
from generator.behaviour.verification import Finding
from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic
from generator.policy.model import URGENT
from generator.upstream.alertmanager.match import matches

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from generator.behaviour.alerts import SentAlert
    from generator.behaviour.verification import Verification
    from generator.diagnostics.diagnostic import EntryPath
    from generator.upstream.alertmanager.inhibition import Inhibition
    from generator.upstream.alertmanager.match import Matcher

RTE606 = Code(
    name="RTE606",
    title="Urgent alert may be inhibited",
    meaning="A P0 or P1 that resolves while it is inhibited is lost, and so is its return. Name the severities "
    "that may be inhibited. Compare your template with the packaged one.",
)

RTE610 = Code(
    name="RTE610",
    title="Inhibition equates missing labels",
    meaning="A label in `equal` that both alerts lack counts as equal, so the rule would inhibit unrelated "
    "alerts. Require the label in one of its matchers. Compare your template with the packaged one.",
)


def check(verification: Verification) -> Iterator[Finding]:
    """RTE606: an inhibition may silence a P0 or P1. RTE610: it compares labels that both alerts may lack."""
    for rule in verification.behaviour.inhibitions:
        yield from _inhibition(verification, rule)


def _inhibition(verification: Verification, rule: Inhibition) -> Iterator[Finding]:
    urgent = [name for name in sorted(URGENT) if _may_have(rule.target, "severity", name)]
    if urgent:
        hidden = sorted({alert.rule.name for alert in verification.alerts if _silenced(rule, alert.labels)})
        listed = (f"it would hide: {', '.join(hidden)}",) if hidden else ()
        yield _finding(
            verification,
            RTE606.name,
            f"an inhibition rule may silence a {' or '.join(urgent)}",
            (*rule.where, "target_matchers"),
            (*listed, "an alert that resolves while it is inhibited is lost, and so is its return"),
            'name the severities that it may silence: `severity=~"P2|P3"`',
        )
    for label in rule.equal:
        if not any(_has(side, label, verification.alerts) for side in (rule.source, rule.target)):
            yield _finding(
                verification,
                RTE610.name,
                f"alerts on both sides of an inhibition rule may lack its `equal` label {label}",
                (*rule.where, "equal"),
                ("a label that both lack is equal: the rule would silence what has nothing to do with its source",),
                f'match the label on one side at least, such as `{label}=~".+"`',
            )


def _silenced(rule: Inhibition, labels: Mapping[str, str]) -> bool:
    return labels.get("severity") in URGENT and matches(rule.target, labels)


def _may_have(matchers: Iterable[Matcher], label: str, value: str) -> bool:
    return all(matcher.accepts(value) for matcher in matchers if matcher.label == label)


def _has(matchers: tuple[Matcher, ...], label: str, alerts: Iterable[SentAlert]) -> bool:
    """Return whether every matching alert has the label: a matcher requires it, or all known ones have it."""
    if any(matcher.label == label and not matcher.accepts("") for matcher in matchers):
        return True
    known = [alert for alert in alerts if matches(matchers, alert.labels)]
    return bool(known) and all(alert.labels.get(label) for alert in known)


def _finding(
    verification: Verification, code: str, message: str, where: EntryPath, notes: tuple[str, ...], help: str
) -> Finding:
    route = policy_route(verification.plan, verification.documents, ALERTMANAGER, where)
    diagnostic = Diagnostic(code=code, message=message, route=route, on_key=True, notes=notes, help=help)
    return Finding(diagnostic=diagnostic, path=ALERTMANAGER, where=where)
