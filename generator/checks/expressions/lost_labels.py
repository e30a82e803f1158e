"""Finds labels that a text, `page_each` or the routing needs and that the expression drops."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.plan.conditions import Condition
    from generator.plan.plan import AlertRule
    from generator.upstream.promql.labels import Labels

PQL703 = Code(
    name="PQL703",
    title="Text uses a label that the expression drops",
    meaning="A label that the expression aggregates away is empty in the text: people read `Disk of  is full`. "
    "Texts do not see the labels that the rule adds either (`severity`, `team`, ...). Keep the label "
    "in `by (...)`, or leave it out of the text.",
    bad="""
expr: max by (job) (disk_used_ratio) > 0.9
summary: The disk of {{ $labels.instance }} is full
""",
    good="""
expr: max by (instance) (disk_used_ratio) > 0.9
summary: The disk of {{ $labels.instance }} is full
""",
)

PQL704 = Code(
    name="PQL704",
    title="`page_each` names a label that the expression drops",
    meaning="`page_each` opens an incident for each value of a label. Where the expression drops that label, "
    "there is one incident for all values, and a second fault pages nobody. Keep the label in the "
    "expression.",
    bad="""
expr: sum(queue_oldest_seconds > 60) > 0
page_each: [queue]
""",
    good="""
expr: max by (queue) (queue_oldest_seconds) > 60
page_each: [queue]
""",
)

PQL705 = Code(
    name="PQL705",
    title="Rule overwrites a label of the series",
    meaning="alertc sets labels on the rule, and alerts are routed by them: severity, service, team, "
    "escalation, environment and containment. Series that differ only in such a label become one; if "
    "two of them fire at once, Prometheus fails to evaluate the rule and nobody is notified. Select "
    "one value, or rename the label.",
    bad="""
expr: sum by (service) (rate(request_errors_total[5m])) > 10
""",
    good="""
expr: sum by (service) (rate(request_errors_total{service="shop"}[5m])) > 10
""",
)

_USE = re.compile(r"""\$labels\.([A-Za-z_]\w*)|index\s+\$labels\s+["`]([^"`]+)["`]""")
_TEXTS = {"summary": "summary", "description": "details"}
"""Annotations with a template that the author wrote, by the key of the policy that it comes from."""


def used(rule: AlertRule) -> tuple[tuple[str, str], ...]:
    """Return the labels that the texts of a rule use, each with its key of the policy, in their order."""
    labels: dict[tuple[str, str], None] = {}
    for annotation, key in _TEXTS.items():
        text = rule.annotations.get(annotation, "")
        if "$labels" in text:
            labels.update({(key, dotted or indexed): None for dotted, indexed in _USE.findall(text)})
    return tuple(labels)


def check(condition: Condition) -> Iterator[Diagnostic]:
    """PQL703: a text uses a dropped label. PQL704: `page_each` names one. PQL705: the rule overwrites a label."""
    rule, labels = condition.rule, condition.reading.labels
    if rule is None or labels is None:
        return
    for key, label in used(rule):
        why = labels.missing(label)
        if why:
            yield Diagnostic(
                code=PQL703.name,
                message=f"`{key}` of {rule.name} shows `$labels.{label}`, but its series never have that label",
                route=(*rule.route, key),
                notes=(why,),
                help=_instead(rule, label),
            )
    for number, label in enumerate(rule.page_each):
        why = labels.missing(label)
        if why and label not in rule.labels:
            yield Diagnostic(
                code=PQL704.name,
                message=f"`page_each` of {rule.name} names `{label}`, but its series never have that label",
                route=(*rule.route, "page_each", number),
                notes=(why,),
                help=f"keep `{label}` in the expression, or remove it from `page_each`, where it has no effect",
            )
    yield from _overwritten(condition, rule, labels)


def _instead(rule: AlertRule, label: str) -> str:
    if label == "service":
        return "texts do not see the labels of the rule itself: write `$service`, which alertc fills in"
    if label in rule.labels:
        return f"texts do not see the labels of the rule itself: write `{rule.labels[label]}`"
    return f"keep `{label}` in the expression, or remove it from the text"


def _overwritten(condition: Condition, rule: AlertRule, labels: Labels) -> Iterator[Diagnostic]:
    """PQL705: series that differ only in a label that the rule sets become one, and the evaluation fails."""
    if labels.only is None:
        return
    for label in sorted(labels.has.keys() & rule.labels.keys()):
        if labels.has[label] is not None:
            continue
        others = labels.only - rule.labels.keys()
        yield Diagnostic(
            code=PQL705.name,
            level=Level.WARNING if others else Level.ERROR,
            message=f"{rule.name} has a series for each `{label}`, "
            f"and its rule {_done_to(rule.labels[label])} all of them",
            route=condition.route,
            notes=(
                labels.because,
                (
                    "if two series differ only in it and fire at once, Prometheus fails to evaluate the rule, "
                    "and nobody is notified"
                ),
            ),
            help=_another_name(label, rule.labels[label]),
        )


def _done_to(value: str) -> str:
    return f"sets that label to `{value}` for" if value else "removes that label from"


def _another_name(label: str, value: str) -> str:
    copied = "copy the label to another name with `label_replace`"
    if value:
        return f'select one value (`{label}="{value}"`), or {copied}'
    return f"aggregate the label away, or {copied}: alertc routes, groups or silences by `{label}`"
