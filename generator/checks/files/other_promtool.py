"""Says where the promtool at hand behaves otherwise than the Prometheus that is declared, in what the tests touch."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from generator.behaviour.verification import Finding
from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, Level
from generator.diagnostics.wording import listed, shortened
from generator.upstream.features import Version, written

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.behaviour.verification import Verification
    from generator.system.programs import Program

PRM623 = Code(
    name="PRM623",
    title="Tests are run by a promtool that behaves otherwise",
    meaning="Prometheus 3 evaluates some expressions in another way than 2 does, and each promtool tests what its own "
    "version would do. Use one of the same generation as the server: put it on the PATH, name it in ALERTC_PROMTOOL, "
    "or fetch a suite of Debian that has it and name that in ALERTC_GENERATION.",
)


class _Behaviour(NamedTuple):
    """What changed with a version; `mark` is how an expression is recognised that it may concern."""

    since: Version
    before: str
    after: str
    mark: re.Pattern[str]


_BEHAVIOURS = (
    # The change log of 3.0.0: "range selectors are left-open".
    _Behaviour(
        since=(3, 0),
        before="a range holds a sample from the moment at which it begins",
        after="a range does not hold a sample from the moment at which it begins",
        mark=re.compile(r"\["),
    ),
)


_NAMED = 3


def check(verification: Verification, program: Program) -> Iterator[Finding]:
    """PRM623: a behaviour changed between the declared version and that of the `program` that runs the tests."""
    declared = verification.plan.policy.stack.prometheus.version
    for behaviour in _BEHAVIOURS:
        if (declared >= behaviour.since) == (program.version >= behaviour.since):
            continue
        names = dict.fromkeys(
            rule.name
            for rule in verification.plan.rules
            if rule.origin.written and rule.tests and behaviour.mark.search(rule.expr)
        )
        if names:
            shown = listed(shortened(list(names), _NAMED))
            yield Finding(
                diagnostic=Diagnostic(
                    code=PRM623.name,
                    level=Level.NOTE,
                    message=f"promtool {program.version_text} runs the tests of {shown}, and Prometheus "
                    f"{written(declared)} evaluates them in another way",
                    route=("stack", "prometheus", "version"),
                    notes=(
                        f"before {written(behaviour.since)}, {behaviour.before}",
                        f"from {written(behaviour.since)} on, {behaviour.after}",
                    ),
                    help="use a promtool of the server's generation: `alertc tools --generation SUITE` fetches one of "
                    "Debian's, and ALERTC_GENERATION names it",
                )
            )
