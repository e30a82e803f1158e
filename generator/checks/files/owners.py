"""Whose an alert is: what the templates of a rule's labels ask its series, against the policy's owners."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.behaviour.verification import KEEP_TEMPLATE, Finding
from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic
from generator.system.unique import unique
from generator.upstream.alertmanager.values import Undecided, witness

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.behaviour.verification import Verification
    from generator.plan.plan import AlertRule
    from generator.upstream.alertmanager.match import Matcher
    from generator.upstream.alertmanager.values import Limits

RTE630 = Code(
    name="RTE630",
    title="Rule gives alerts to another service than their owner",
    meaning="The templates of a rule's labels choose the service by other values of the label than `owners` says. "
    "Compare your template with the packaged one.",
)


def check(verification: Verification) -> Iterator[Finding]:
    """RTE630: for some value of the label, the service is not its owner."""
    for alert in unique(verification.alerts, lambda alert: id(alert.rule)):
        promised = alert.promised
        if promised is None or promised.owned is None:
            continue
        matcher = promised.owned.matcher
        wrong = _mistaken(matcher, alert.rule.series.get(matcher.label, frozenset()))
        if wrong:
            yield Finding(
                diagnostic=_diagnostic(promised, wrong), path=alert.rule.path, where=(*alert.rule.where, "labels")
            )


def _diagnostic(promised: AlertRule, wrong: str) -> Diagnostic:
    return Diagnostic(
        code=RTE630.name, message=f"{promised.called} {wrong}", route=promised.route, on_key=True, help=KEEP_TEMPLATE
    )


def _mistaken(owned: Matcher, chosen: Limits) -> str:
    """Return what is wrong with the alerts that a rule gives to a service; empty where nothing is."""
    foreign = _value({*chosen, owned.negated()})
    if foreign is not None:
        return f"would stand for {_said(owned, foreign)}, which another service owns"
    for matcher in sorted(chosen, key=str):
        lost = _value({owned, matcher.negated()})
        if lost is not None:
            return f"would not stand for {_said(owned, lost)}, which it owns"
    return ""


def _value(matchers: set[Matcher]) -> str | None:
    try:
        return witness(matchers)
    except Undecided:
        return None


def _said(owned: Matcher, value: str) -> str:
    return f'{owned.label}="{value}"' if value else f"what has no {owned.label}"
