"""Warns where an incident closes with its alert, which may resolve while the fault goes on."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, Level
from generator.diagnostics.wording import first_few
from generator.plan import oncall, timing
from generator.policy import duration
from generator.policy.environments import pages

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.plan.plan import AlertRule, Plan

SLA210 = Code(
    name="SLA210",
    title="Urgent incident closes by itself",
    meaning="A restart of Prometheus or a series that vanishes resolves an alert while the fault goes on, and "
    "its incident would be closed. Write `closes: by-hand`.",
)

SLA215 = Code(
    name="SLA215",
    title="Restart begins the chain anew",
    meaning="`survive` names a restart of Prometheus, after which a `for` of up to 10m begins anew. Where that takes "
    "longer than Alertmanager waits (four times a minute or the evaluation, since the alert was sent last), it closes "
    "the incident, and the next one begins at step 1: later steps come later than they are due. Write "
    "`closes: by-hand`, shorten `for`, or run a second Prometheus.",
)

# Prometheus keeps `for` over a restart only where it is longer than the grace period (10m by default); and what is
# pending for longer than Alertmanager's patience (4m) is resolved there. Seen on 2.42, 2.53 and 3.5.
_CLOSES, _KEPT = timedelta(minutes=4), timedelta(minutes=10)


def check(plan: Plan) -> Iterator[Diagnostic]:
    """SLA210: an urgent severity that closes with its alert. SLA215: another one, whose chain a restart begins anew."""
    if not pages(plan.policy):
        return
    yield from _urgent(plan)
    if "prometheus-restart" in plan.stack.survive and plan.stack.replicas == 1:
        yield from _begun_anew(plan)


def _begun_anew(plan: Plan) -> Iterator[Diagnostic]:
    """Yield a finding for each severity with rules whose `for` is too long for Alertmanager to bridge a restart."""
    evaluate = plan.stack.evaluate
    # It was sent last just before it would be sent again, and needs an evaluation to be pending once more.
    bridged = timing.ends_after(evaluate) - timing.resend(evaluate) - evaluate
    chains = {
        (escalation.chain, escalation.severity)
        for escalation in plan.escalations
        if len(escalation.steps) > 1 and oncall.pages(plan.policy, escalation.chain, escalation.severity)
    }
    urgent = plan.policy.urgent
    found: dict[str, list[AlertRule]] = {}
    for rule in plan.rules:
        climbs = (rule.escalation, rule.severity) in chains
        if climbs and rule.origin.authored and bridged < rule.hold <= _KEPT and rule.severity not in urgent:
            found.setdefault(rule.severity, []).append(rule)
    for name, rules in found.items():
        if not plan.severities[name].by_hand:
            yield Diagnostic(
                code=SLA215.name,
                level=Level.WARNING,
                message=f"a restart of Prometheus closes a {name} with a `for` of more than {duration.write(bridged)}, "
                "and its chain begins anew",
                route=("severities", name),
                on_key=True,
                notes=(
                    f"such are {first_few(sorted({rule.name for rule in rules}), _NAMED)}",
                    "`survive` names the restart, and there is one Prometheus alone",
                ),
                help="write `closes: by-hand`, so that people close it, shorten `for`, or run a second Prometheus",
            )


_NAMED = 3


def _urgent(plan: Plan) -> Iterator[Diagnostic]:
    for name, severity in plan.severities.items():
        if name not in plan.policy.urgent or severity.by_hand:
            continue
        risks = ["a series that vanishes closes it"]
        if plan.stack.replicas > 1:
            risks.append(f"of {plan.stack.replicas} Prometheus servers the first that resolves it closes it")
        rules = (
            rule
            for rule in plan.rules
            if rule.severity == name and rule.origin.authored and _CLOSES < rule.hold <= _KEPT
        )
        closed = sorted({rule.name for rule in rules})
        if closed:
            risks.append(f"a restart of Prometheus closes it, because of their `for`: {', '.join(closed)}")
        yield Diagnostic(
            code=SLA210.name,
            level=Level.WARNING,
            message=f"a {name} closes with its alert, which may resolve while the fault goes on",
            route=("severities", name, "closes"),
            notes=tuple(risks),
            help="write `closes: by-hand`, so that people close it after they have looked",
        )
