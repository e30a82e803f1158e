"""Silences made by hand that hide what nothing may hide: an urgent alert."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from generator.behaviour.alerts import SAMPLE
from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Level
from generator.remote.servers.deviations import Deviation, listed, named, some, urgency

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.behaviour.alerts import SentAlert
    from generator.behaviour.label_sets import LabelSets
    from generator.behaviour.verification import Verification
    from generator.remote.servers.servers import Alertmanager, Silence
    from generator.upstream.alertmanager.match import Matcher

LIV812 = Code(
    name="LIV812",
    title="Silence hides an urgent alert",
    meaning="While the silence is active nobody is notified, and an alert that resolves under it is lost, as "
    "is its return. End it.",
)


LIV817 = Code(
    name="LIV817",
    title="Silences are not shown",
    meaning="A silence with several sets of matchers is known, and for its sake Alertmanager shows none at all to this "
    "API. Whether one hides a P0 or P1 was not compared: look at its page.",
)


def check(verification: Verification, server: Alertmanager) -> Iterator[Deviation]:
    """LIV812: an active silence covers an urgent alert. LIV817: no silence is shown."""
    if server.hidden:
        yield Deviation(
            code=LIV817.name,
            program="Alertmanager",
            server=server.url,
            said=f"it shows no silences: silence {server.hidden} has several sets of matchers, each of which silences",
            route=("severities",),
            on_key=True,
            level=Level.WARNING,
            help="look at its page whether one hides a P0 or P1; silences of one set each are compared here",
        )
    policy = verification.plan.policy
    severities = policy.urgent
    urgent = [alert for alert in verification.alerts if alert.severity in severities]
    urgent.sort(key=partial(urgency, policy))
    for silence in server.silences:
        hidden: list[SentAlert] = []
        unsure: dict[str, None] = {}
        for alert in urgent:
            open_ended = _covers(verification.label_sets, silence, alert)
            if open_ended is not None:
                hidden.append(alert)
                unsure.update(dict.fromkeys(map(str, open_ended)))
        if not hidden:
            continue
        matchers = ", ".join(map(str, silence.matchers))
        yield Deviation(
            code=LIV812.name,
            program="Alertmanager",
            server=server.url,
            said=f"a silence by {silence.by or 'nobody'} until {silence.ends} hides {some(map(named, hidden))}"
            f"{f', where {listed(list(unsure))}' if unsure else ''}",
            route=("severities", min((alert.severity for alert in hidden), key=policy.rank)),
            on_key=True,
            notes=(f"it silences {matchers}", *((f"its comment: {silence.comment}",) if silence.comment else ())),
            help=f"end it if it is not meant: amtool --alertmanager.url={server.url} silence expire {silence.id}",
        )


def _covers(label_sets: LabelSets, silence: Silence, alert: SentAlert) -> tuple[Matcher, ...] | None:
    """Return the matchers that decide whether a silence covers an alert; None where it cannot.

    What only the expression knows may have any value, unless it is certain that the label is not there.
    """
    unsure = []
    for matcher in silence.matchers:
        value = alert.labels.get(matcher.label)
        if value == SAMPLE or (value is None and label_sets.may_have(alert.rule, matcher.label)):
            unsure.append(matcher)
            continue
        try:
            if not matcher.accepts(value or ""):
                return None
        except ValueError:
            unsure.append(matcher)  # an expression that not every Alertmanager reads alike: it may match
    return tuple(unsure)
