"""Proposes changes of the policy for an alert that is acknowledged too late; each was tried on the plan."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from generator.diagnostics.wording import listed
from generator.plan import oncall, paging_hours, resolve, timing
from generator.policy import duration
from generator.policy.model import OF_BUSINESS_HOURS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from generator.plan.plan import AlertRule, EscalationPlan, Plan
    from generator.plan.timing import Derived
    from generator.policy.model import SeverityPolicy

_HOUR = timedelta(hours=1)
_SHORTEST_ANSWER = timedelta(seconds=30)
"""No shorter `answer_in` is proposed."""
_LONGEST_SLA = timedelta(days=365)
_MOST_TRIALS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrun:
    """An alert that is acknowledged too late: the sums up to its first `page`, and in `total`."""

    plan: Plan
    rule: AlertRule
    page: Derived
    total: Derived


def of(overrun: Overrun, fits: Callable[[Plan], bool]) -> tuple[str, ...]:
    """Return up to three changes, each a part of a sentence, that end the overrun; empty where none does.

    `fits` judges the plan of this one alert, its severity and the chains that page it.
    """
    alternatives = (
        _shorter_hold,
        _sooner_steps,
        _shorter_answer,
        _of_business_hours,
        _at_all_hours,
        _longer_sla,
        _lower_share,
    )
    ways = (way for way_out in alternatives if (way := way_out(overrun, fits)))
    return tuple(itertools.islice(ways, 3))


def of_late_step(plan: Plan, escalation: EscalationPlan, number: int) -> tuple[str, ...]:
    """Return changes after which step `number` of the chain, counted from 0, is no longer later than its share."""
    entry, severity = plan.policy.severities[escalation.severity], plan.severities[escalation.severity]
    held_back = escalation.first_page.value - severity.first_page.value
    share = plan.policy.escalations[escalation.chain][number].by or 0
    after = escalation.steps[number].after
    comes = escalation.first_page.value + after
    needed = -(-comes * 100 // severity.acknowledge)
    ways = [f"write `by: {needed}%`"] if needed < 100 else []
    for acknowledge in itertools.islice(_lengths(max(severity.acknowledge, comes * 100 / share)), _MOST_TRIALS):
        longer = resolve.severity(plan.policy, severity.name, replace(entry, acknowledge=acknowledge), plan.stack)
        if longer.first_page.value + held_back + after <= acknowledge * share / 100:
            ways.append(
                f"promise more: write `acknowledge: {duration.write(acknowledge)}` in severities/{severity.name}"
            )
            break
    return tuple(ways)


def _shorter_hold(overrun: Overrun, fits: Callable[[Plan], bool]) -> str | None:
    plan, rule = overrun.plan, overrun.rule
    alert = plan.policy.alerts.get(rule.name)
    if alert is None or not alert.of_severity(rule.severity).hold or rule.route != ("alerts", rule.name):
        return None
    severity = plan.severities[rule.severity]
    times = sum(term.route == (*rule.route, "for") for term in overrun.page.terms)
    too_long = (overrun.total.value - severity.acknowledge + timing.SECOND) / max(times, 1)
    evaluate = plan.stack.evaluate
    hold = (rule.hold - too_long) // evaluate * evaluate
    if hold < timing.ZERO or not fits(_trial(overrun, {}, hold=hold)):
        return None
    return f"write `for: {duration.write(hold)}`"


def _sooner_steps(overrun: Overrun, fits: Callable[[Plan], bool]) -> str | None:
    changes = {"detect_in": _detection(overrun)}
    return _in_severity(overrun, changes) if fits(_trial(overrun, changes)) else None


def _shorter_answer(overrun: Overrun, fits: Callable[[Plan], bool]) -> str | None:
    severity = overrun.plan.severities[overrun.rule.severity]
    answer = severity.answer_in.length - (overrun.total.value - severity.acknowledge) - timing.SECOND
    answer = _rounded_down(answer)
    if answer < _SHORTEST_ANSWER or not fits(_trial(overrun, {"answer_in": answer})):
        return None
    return _in_severity(overrun, {"answer_in": answer})


def _of_business_hours(overrun: Overrun, fits: Callable[[Plan], bool]) -> str | None:
    """Try to count business hours alone, where these hold the page back."""
    severity = overrun.plan.severities[overrun.rule.severity]
    if not any(term.name == paging_hours.CLOSED for term in overrun.total.terms):
        return None
    pinned = {"answer_in": severity.answer_in.length, "detect_in": _detection(overrun)}
    for changes in ({}, pinned):
        if fits(_trial(overrun, changes, in_business_hours=True)):
            promise = f"acknowledge: {duration.write(severity.acknowledge)}{OF_BUSINESS_HOURS}"
            return f"count business hours alone: {_in_severity(overrun, changes, promise)}"
    return None


def _at_all_hours(overrun: Overrun, fits: Callable[[Plan], bool]) -> str | None:
    severity = overrun.plan.severities[overrun.rule.severity]
    if overrun.plan.policy.severities[overrun.rule.severity].hours != "business":
        return None
    pinned = {"answer_in": severity.answer_in.length, "detect_in": _detection(overrun)}
    for changes in ({}, pinned):
        if fits(_trial(overrun, changes, hours="always")):
            return f"page at all hours: {_in_severity(overrun, changes, 'hours: always')}"
    return None


def _longer_sla(overrun: Overrun, fits: Callable[[Plan], bool]) -> str | None:
    """Try rising values of `acknowledge`; `answer_in` and `detect_in`, which would grow with it, are pinned."""
    severity = overrun.plan.severities[overrun.rule.severity]
    kept = {"answer_in": severity.answer_in.length, "detect_in": _detection(overrun)}
    answer = severity.answer_in.length
    steps = overrun.plan.policy.escalations.get(overrun.rule.escalation, ()) if severity.by_pagerduty else ()
    share = (steps[-1].by or 0) if steps else 0
    if share >= 100:
        return None
    # The last person is paged at this share of it, and has the rest to answer.
    least = max(severity.acknowledge, overrun.page.value + answer, answer * 100 / (100 - share))
    for acknowledge in itertools.islice(_lengths(least), _MOST_TRIALS):
        changes = {"acknowledge": acknowledge, **kept}
        if fits(_trial(overrun, changes)):
            return f"promise more: {_in_severity(overrun, changes)}"
    return None


def _lower_share(overrun: Overrun, fits: Callable[[Plan], bool]) -> str | None:
    """Try lower shares for the last step of the chain."""
    plan, rule = overrun.plan, overrun.rule
    steps = plan.policy.escalations.get(rule.escalation, ())
    if not steps or not any(chain.severity == rule.severity for chain in plan.escalations):
        return None
    for share in range((steps[-1].by or 0) - 1, 0, -1):
        changed = (*steps[:-1], replace(steps[-1], by=share))
        policy = replace(plan.policy, escalations={**plan.policy.escalations, rule.escalation: changed})
        trial = replace(overrun, plan=replace(plan, policy=policy))
        if fits(_trial(trial, {})):
            return f"write `by: {share}%` in the last step of escalations/{rule.escalation}"
    return None


def _detection(overrun: Overrun) -> timedelta:
    """Return the `detect_in` that covers the detection of this alert, up to the end of its `for`."""
    severity = overrun.plan.severities[overrun.rule.severity]
    held_back = paging_hours.held_back(overrun.plan.policy, overrun.rule.team, severity)
    usual = timing.total(*held_back).value + severity.first_page.value - severity.detect_in.length
    needed = overrun.page.value - usual
    return max(severity.detect_in.length, timedelta(seconds=-(-needed // timing.SECOND)))


def _trial(
    overrun: Overrun,
    changes: dict[str, timedelta],
    *,
    hours: str | None = None,
    in_business_hours: bool = False,
    hold: timedelta | None = None,
) -> Plan:
    """Return the plan of this one alert with the changes made in its severity."""
    plan, rule = overrun.plan, overrun.rule
    entry: SeverityPolicy = plan.policy.severities[rule.severity]
    entry = replace(entry, **changes, **({"hours": hours} if hours else {}))  # type: ignore[arg-type]
    if in_business_hours:
        entry = replace(entry, in_business_hours=True)
    policy = replace(plan.policy, severities={**plan.policy.severities, rule.severity: entry})
    severities = {**plan.severities, rule.severity: resolve.severity(policy, rule.severity, entry, plan.stack)}
    rules = (rule if hold is None else replace(rule, hold=hold),)
    chains = (chain for chain in oncall.escalations(policy, severities, _paged_alike(plan, rule)))
    return replace(
        plan,
        policy=policy,
        severities={rule.severity: severities[rule.severity]},
        rules=rules,
        escalations=tuple(chain for chain in chains if chain.severity == rule.severity),
    )


def _paged_alike(plan: Plan, rule: AlertRule) -> tuple[AlertRule, ...]:
    """Return the rule, and a copy of it for each chain of its severity whose steps come at other times."""
    written = plan.policy.escalations
    chains = {
        tuple(step.by for step in written[chain.chain]): chain.chain
        for chain in plan.escalations
        if chain.severity == rule.severity
    }
    return (rule, *(replace(rule, escalation=chain) for chain in chains.values()))


def _in_severity(overrun: Overrun, changes: dict[str, timedelta], *more: str) -> str:
    """Return the instruction to write keys in the severity, without those that have the value already."""
    entry = overrun.plan.policy.severities[overrun.rule.severity]
    ends = {"acknowledge": OF_BUSINESS_HOURS} if entry.in_business_hours else {}
    keys = [
        f"`{key}: {duration.write(value)}{ends.get(key, '')}`"
        for key, value in changes.items()
        if getattr(entry, key) != value
    ]
    keys = [*(f"`{key}`" for key in more), *keys]
    return f"write {listed(keys)} in severities/{overrun.rule.severity}"


def _lengths(least: timedelta) -> Iterator[timedelta]:
    """Yield round lengths above `least`, rising by a tenth at most."""
    length = least
    while length < _LONGEST_SLA:
        unit = _unit(length)
        length = (length // unit + 1) * unit
        yield length


def _rounded_down(length: timedelta) -> timedelta:
    unit = _unit(length)
    return length // unit * unit


def _unit(length: timedelta) -> timedelta:
    if length < 2 * timing.MINUTE:
        return timing.SECOND
    return timing.MINUTE if length < 4 * _HOUR else _HOUR
