"""Finds selectors of `ALERTS` that ask for labels which the alert never has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, Level
from generator.upstream.promql import promql

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.checks.expressions.condition import Condition, Sender

PQL731 = Code(
    name="PQL731",
    title="Alert never has the labels that are asked for",
    meaning="Prometheus writes a series `ALERTS` for each alert that is pending or firing, with the labels of the "
    "alert. A selector asks for a label or a state that no alert of this name has, so it matches nothing.",
    bad="""
expr: ALERTS{alertname="ServiceDown",severity="P3",alertstate="firing"} == 1
""",
    good="""
expr: ALERTS{alertname="ServiceDown",severity="P1",alertstate="firing"} == 1
""",
)

_STATES = ("pending", "firing")


def check(condition: Condition) -> Iterator[Diagnostic]:
    """PQL731: a selector of `ALERTS` asks for labels that no alert of the name has."""
    for node in promql.every(condition.tree):
        if promql.kind(node) == "VectorSelector" and promql.metric_of(node) == "ALERTS":
            why = _never(condition, promql.matchers(node))
            if why:
                yield Diagnostic(
                    code=PQL731.name,
                    level=Level.ERROR if condition.rule.urgent() else Level.WARNING,
                    message=f"a selector in {condition.name} matches no alert: {why}",
                    route=condition.route,
                    notes=(f"in `{promql.written(node)}`",),
                    help="correct the matchers",
                )


def _never(condition: Condition, matchers: tuple[tuple[str, str, str], ...]) -> str | None:
    """Return why no alert has the labels; None where one may have them, or where nothing is known of its name."""
    for label, operator, value in matchers:
        if label == "alertstate" and not any(promql.takes(operator, value, state) for state in _STATES):
            return "`alertstate` is `pending` or `firing`"
    name = next((value for label, sign, value in matchers if (label, sign) == ("alertname", "=")), None)
    senders = condition.around.alerts().get(name or "", ())
    if senders and not any(sender.waits for sender in senders) and _takes_pending_alone(matchers):
        return f"{name} has no `for`, so that it is never pending"
    wanted = [matcher for matcher in matchers if matcher[0] not in (promql.NAME, "alertname", "alertstate")]
    refused = [next(_refused(condition, sender, wanted), None) for sender in senders]
    return refused[0] if refused and None not in refused else None


def _takes_pending_alone(matchers: tuple[tuple[str, str, str], ...]) -> bool:
    return any(
        label == "alertstate" and not promql.takes(operator, value, "firing") for label, operator, value in matchers
    )


def _refused(condition: Condition, sender: Sender, wanted: list[tuple[str, str, str]]) -> Iterator[str]:
    """Yield what a rule's alerts can never be of what is wanted."""
    made: Any = None
    for label, operator, value in wanted:
        shown = f"{label}{operator}{promql.quote(value)}"
        fixed = sender.labels.get(label)
        if fixed is None:
            made = made or condition.reader.made_by(sender.expr)
            fixed = made.values(label) if made is not None else None
        if isinstance(fixed, str) and "{{" not in fixed and not promql.takes(operator, value, fixed):
            yield f"it asks for `{shown}`, and " + (
                f"`{label}` is `{fixed}`" if fixed else "its alerts have no such label"
            )
