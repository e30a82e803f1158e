"""What is sent without an end lasts for as long as the policy says."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from generator.behaviour.documents import ALERTMANAGER
from generator.behaviour.part import Part
from generator.behaviour.verification import Finding
from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, Level
from generator.policy import duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.behaviour.verification import Verification

TIM606 = Code(
    name="TIM606",
    title="Alerts without an end last longer or shorter",
    meaning="`resolve_timeout` in the rendered file is not the policy's. It counts for alerts that are sent without an "
    "end, as Prometheus never does. Write it in `stack.alertmanager`, or compare your template with the packaged "
    "one.",
)

_USUAL = timedelta(minutes=5)
"""What Alertmanager takes where the file says nothing (config.go, DefaultGlobalConfig)."""


def check(verification: Verification) -> Iterator[Finding]:
    """TIM606: `resolve_timeout` differs from the policy's."""
    settings = Part(path=ALERTMANAGER, value=verification.documents[ALERTMANAGER].get("global") or {})
    rendered, promised = settings.length("resolve_timeout", _USUAL), verification.plan.stack.resolve_timeout
    if rendered != promised:
        yield Finding(
            diagnostic=Diagnostic(
                code=TIM606.name,
                level=Level.WARNING,
                message=f"what is sent without an end lasts {duration.write(rendered)}, "
                f"the policy says {duration.write(promised)}",
                route=("stack", "alertmanager", "resolve_timeout"),
                notes=("alerts of Prometheus carry their end: nothing changes for them",),
                help="write `resolve_timeout` in `stack.alertmanager`, or compare your template with the packaged one",
            ),
            path=ALERTMANAGER,
            where=("global", "resolve_timeout"),
        )
