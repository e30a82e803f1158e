"""Silences made by hand that hide what nothing may hide: a P0 or P1."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator import promql
from generator.live.deviations import Deviation, some
from generator.model import URGENT
from generator.promql_labels import Reader
from generator.verify.alerts import SAMPLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.live.servers import Alertmanager, Silence
    from generator.verify.alerts import SentAlert
    from generator.verify.verification import Verification


def check(verification: Verification, server: Alertmanager) -> Iterator[Deviation]:
    """LIV812: a silence that is active covers a P0 or P1."""
    reader = Reader(verification.plan.policy.records)
    urgent = [alert for alert in verification.alerts if alert.labels.get("severity") in URGENT]
    for silence in server.silences:
        hidden: dict[str, list[str]] = {}
        partly = False
        for alert in urgent:
            covers = _covers(reader, silence, alert)
            if covers:
                hidden.setdefault(alert.labels["severity"], []).append(alert.rule.name)
                partly = partly or covers == "some"
        if not hidden:
            continue
        said = " and ".join(f"{severity} {some(names)}" for severity, names in sorted(hidden.items()))
        matchers = ", ".join(map(str, silence.matchers))
        yield Deviation(
            code="LIV812",
            program="Alertmanager",
            server=server.url,
            said=f"a silence by {silence.by or 'nobody'} until {silence.ends} hides {said}"
            f"{', where the other labels match' if partly else ''}",
            notes=(f"it silences {matchers}", *((f"its comment: {silence.comment}",) if silence.comment else ())),
            help=f"end it if it is not meant: amtool silence expire {silence.id}",
        )


def _covers(reader: Reader, silence: Silence, alert: SentAlert) -> str:
    """Return whether a silence covers `all` or `some` of what an alert can be, or nothing: the empty text.

    What only the expression knows may have any value, unless it is certain that the label is not there.
    """
    certain = True
    for matcher in silence.matchers:
        value = alert.labels.get(matcher.label)
        try:
            if value is not None and value != SAMPLE:
                if not matcher.accepts(value):
                    return ""
                continue
            absent = value is None and _lacks(reader, alert, matcher.label)
            if absent:
                if not matcher.accepts(""):
                    return ""
                continue
        except ValueError:
            pass  # an expression that we do not read alike in every Alertmanager: it may match
        certain = False
    return "all" if certain else "some"


def _lacks(reader: Reader, alert: SentAlert, label: str) -> bool:
    """Return whether the alert's expression certainly leaves no such label."""
    tree = promql.parsed(alert.rule.expr)
    if tree is None:
        return False
    try:
        made = reader.read(tree).labels
    except RecursionError:
        return False
    return made is None or made.missing(label) is not None
