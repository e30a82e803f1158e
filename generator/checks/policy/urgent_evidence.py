"""Checks that tests show every urgent alert firing and silent, and that the worst name their containment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, Level
from generator.diagnostics.wording import first_few

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from generator.policy.model import Alert, Policy, Test

PQL722 = Code(
    name="PQL722",
    title="No test shows that an urgent alert fires",
    meaning="No test proves that the expression becomes true, and in time. Add one with the series of a fault "
    "and `fires_at`.",
    bad="""
severity: P1
expr: sum(queue_length) > 100
tests:
  - {given: {queue_length: 99x20}, silent_until: 5m}
""",
    good="""
severity: P1
expr: sum(queue_length) > 100
tests:
  - {given: {queue_length: 99x4 101x10}, fires_at: 1m15s}
  - {given: {queue_length: 99x20}, silent_until: 5m}
""",
)

PQL723 = Code(
    name="PQL723",
    title="No test shows that an urgent alert stays silent",
    meaning="People who are woken for nothing answer later the next time. Add a test with series of normal "
    "operation, just below the threshold, and `silent_until`.",
    bad="""
severity: P1
expr: sum(queue_length) > 100
tests:
  - {given: {queue_length: 99x4 101x10}, fires_at: 1m15s}
""",
    good="""
severity: P1
expr: sum(queue_length) > 100
tests:
  - {given: {queue_length: 99x4 101x10}, fires_at: 1m15s}
  - {given: {queue_length: 99x20}, silent_until: 5m}
""",
)

PQL724 = Code(
    name="PQL724",
    title="Alert of the worst severity without a containment",
    meaning="Whoever is woken by a P0 limits the damage first, and should not have to find out how. Name one "
    "of the policy's `containments`. Lesser severities need none, nor does a policy that defines none.",
    bad="""
severity: P0
expr: sum(payments_lost) > 0
""",
    good="""
severity: P0
expr: sum(payments_lost) > 0
containment: stop-sales
""",
)

NAMED = 3
"""At most this many alerts are named in a message; the others are counted."""


def check(policy: Policy) -> Iterator[Diagnostic]:
    """PQL722: no test that fires. PQL723: no test that stays silent. PQL724: the worst, and no containment."""
    severities = policy.urgent
    urgent = [
        (name, alert)
        for name, entry in policy.alerts.items()
        for alert in entry.each_severity
        if alert.severity in severities and alert.untold is None  # which POL261 refuses
    ]
    yield from _lacking(
        [one for one in urgent if _untested(policy, one[1], lambda test: test.fires_at is not None)],
        code=PQL722.name,
        message="no test shows that {names} fire{s}",
        help="add a test with the series of a fault, and `fires_at`",
    )
    yield from _lacking(
        [one for one in urgent if _untested(policy, one[1], lambda test: test.silent_until is not None)],
        code=PQL723.name,
        message="no test shows that {names} stay{s} silent",
        help="add a test with series of normal operation, just below the threshold, and `silent_until`",
    )
    if policy.containments:
        worst = {name: severity.worst for name, severity in policy.severities.items()}
        yield from _lacking(
            [one for one in urgent if worst[one[1].severity] and one[1].containment is None],
            code=PQL724.name,
            message="{names} name{s} no containment",
            help="name what limits the damage (`containment`): "
            + ", ".join(f"`{name}`" for name in sorted(policy.containments)[:8]),
        )


def _untested(policy: Policy, alert: Alert, shows: Callable[[Test], bool]) -> bool:
    """Whether the rule of some service of an alert has no such test."""
    tests = [test for test in alert.tests if shows(test) and test.severity in (None, alert.severity)]
    if not any(test.services for test in tests):
        return not tests
    return not all(any(test.is_of(service) for test in tests) for service in alert.parameters(policy.services))


def _lacking(alerts: list[tuple[str, Alert]], *, code: str, message: str, help: str) -> Iterator[Diagnostic]:
    """Yield one finding for all alerts, at the first of them; `{s}` in the message ends a verb of one alert."""
    if not alerts:
        return
    shown = first_few([f"{name} ({alert.severity})" for name, alert in alerts], NAMED)
    yield Diagnostic(
        code=code,
        level=Level.WARNING,
        message=message.format(names=shown, s="s" if len(alerts) == 1 else ""),
        route=("alerts", alerts[0][0]),
        on_key=True,
        help=help,
    )
