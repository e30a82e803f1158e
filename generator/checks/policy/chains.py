"""Checks that chains begin with `by: first`, and that `survive` does not name the only Alertmanager."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.policy.model import Policy

SLA208 = Code(
    name="SLA208",
    title="Chain does not begin with `first`",
    meaning="The first step of a chain, and no other, has `by: first`.",
)

SLA209 = Code(
    name="SLA209",
    title="Cannot survive the loss of the only Alertmanager",
    meaning="`survive` names `alertmanager-peer-lost`, but there is one Alertmanager. Run two, or remove it "
    "from `survive`.",
)


def check(policy: Policy) -> Iterator[Diagnostic]:
    """SLA208: `by: first` is not on the first step, or on another. SLA209: surviving a lost peer without another."""
    for name, steps in policy.escalations.items():
        for number, step in enumerate(steps):
            if (step.by is None) != (number == 0):
                yield Diagnostic(
                    code=SLA208.name,
                    message=f"step {number + 1} of {name} has `by: {'first' if step.by is None else f'{step.by}%'}`",
                    route=("escalations", name, number, "by"),
                    help="write `by: first` in the first step, and a percentage in all others",
                )
    if policy.stack.alertmanager.peers == 1 and "alertmanager-peer-lost" in policy.stack.survive:
        yield Diagnostic(
            code=SLA209.name,
            message="`survive` names alertmanager-peer-lost, but there is one Alertmanager",
            route=("stack", "survive", policy.stack.survive.index("alertmanager-peer-lost")),
            help="run two (`stack.alertmanager.peers: 2`), or remove it from `survive`",
        )
