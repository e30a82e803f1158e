"""Which promtool runs the tests: one that behaves as the declared Prometheus in what they touch, or a note says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.behaviour.verification import Finding
from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, Level
from generator.diagnostics.wording import listed, shortened
from generator.system import programs
from generator.upstream.behaviours import BEHAVIOURS, between
from generator.upstream.features import written

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.behaviour.verification import Verification
    from generator.plan.plan import AlertRule, Plan
    from generator.system.programs import Program
    from generator.upstream.behaviours import Behaviour

PRM623 = Code(
    name="PRM623",
    title="Tests are run by a promtool that behaves otherwise",
    meaning="Prometheus 3 evaluates some expressions in another way than 2 does, and each promtool tests what its own "
    "version would do. `alertc tools --fetch` fetches one of the generation that the policy declares, which then runs "
    "the tests; or put one on the PATH, or name it in ALERTC_PROMTOOL. An error with `check --strict`.",
)


_NAMED = 3


def tester(plan: Plan, program: Program) -> Program:
    """Return the promtool that runs the tests of a plan: `program`, or a fetched one that does as the declared version.

    Whoever named a program, or a generation, has chosen.
    """
    if program.named or next(_differences(plan, program), None) is None:
        return program
    others = (other for other in programs.fetched("promtool") if other.version >= programs.OLDEST["promtool"])
    fitting = [other for other in others if next(_differences(plan, other), None) is None]
    declared = plan.policy.stack.prometheus.version
    return min(fitting, key=lambda other: (other.version > declared, other.version), default=program)


def check(verification: Verification, program: Program) -> Iterator[Finding]:
    """PRM623: a behaviour changed between the declared version and that of the `program` that runs the tests."""
    for behaviour, names in _differences(verification.plan, program):
        declared = written(verification.plan.policy.stack.prometheus.version)
        shown = listed(shortened(names, _NAMED))
        yield Finding(
            diagnostic=Diagnostic(
                code=PRM623.name,
                level=Level.NOTE,
                message=f"promtool {program.version_text} runs the tests of {shown}, and Prometheus "
                f"{declared} evaluates them in another way",
                route=("stack", "prometheus", "version"),
                notes=(
                    f"before {written(behaviour.since)}, {behaviour.before}",
                    f"from {written(behaviour.since)} on, {behaviour.after}",
                ),
                help="unset ALERTC_PROMTOOL and ALERTC_GENERATION, or name one of the server's generation there"
                if program.named
                else "run `alertc tools --fetch`, which fetches one of the server's generation beside it",
            )
        )


def _differences(plan: Plan, program: Program) -> Iterator[tuple[Behaviour, list[str]]]:
    """Yield each behaviour in which the program differs from the declared version, with the alerts that it concerns."""
    for behaviour in BEHAVIOURS:
        if between(plan.policy.stack.prometheus.version, program.version, behaviour):
            names = dict.fromkeys(rule.name for rule in plan.rules if rule.origin.written and _touches(rule, behaviour))
            if names:
                yield behaviour, list(names)


def _touches(rule: AlertRule, behaviour: Behaviour) -> bool:
    """Whether a behaviour may concern a test of the rule."""
    return bool(behaviour.expr.search(rule.expr)) and any(
        behaviour.given.search(text) for test in rule.tests for item in test.given.items() for text in item
    )
