"""Labels that a text, a page or the routing rests on, and that the expression does not leave."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from generator.diagnostics.diagnostic import Diagnostic, Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.plan.conditions import Condition
    from generator.plan.plan import AlertRule
    from generator.upstream.promql.labels import Labels

_USE = re.compile(r"""\$labels\.([A-Za-z_]\w*)|index\s+\$labels\s+["`]([^"`]+)["`]""")
_TEXTS = {"summary": "summary", "description": "details"}
"""Annotations whose text is a template of the author, and the keys of the policy that they come from."""


def used(rule: AlertRule) -> tuple[tuple[str, str], ...]:
    """Return the labels that the texts of a rule use, each with its key of the policy, in their order."""
    found: dict[tuple[str, str], None] = {}
    for annotation, key in _TEXTS.items():
        text = rule.annotations.get(annotation, "")
        if "$labels" in text:
            found.update({(key, dotted or indexed): None for dotted, indexed in _USE.findall(text)})
    return tuple(found)


def check(condition: Condition) -> Iterator[Diagnostic]:
    """PQL703: a text uses a label that is not there. PQL704: `page_each` does. PQL705: the rule overwrites one."""
    rule, labels = condition.rule, condition.reading.labels
    if rule is None or labels is None:
        return
    for key, label in used(rule):
        why = labels.missing(label)
        if why:
            yield Diagnostic(
                code="PQL703",
                message=f"`{key}` of {rule.name} shows `$labels.{label}`, but its series never have that label",
                route=(*rule.route, key),
                notes=(why,),
                help=_instead(rule, label),
            )
    for number, label in enumerate(rule.page_each):
        why = labels.missing(label)
        if why and label not in rule.labels:
            yield Diagnostic(
                code="PQL704",
                message=f"{rule.name} is to page for each `{label}`, but its series never have that label",
                route=(*rule.route, "page_each", number),
                notes=(why,),
                help=f"keep `{label}` in the expression, or take it out of `page_each`: all would be one incident",
            )
    yield from _overwritten(condition, rule, labels)


def _instead(rule: AlertRule, label: str) -> str:
    if label == "service":
        return "texts do not see the labels of the rule itself: write `$service`, which alertc fills in"
    if label in rule.labels:
        return f"texts do not see the labels of the rule itself: write `{rule.labels[label]}`"
    return f"keep `{label}` in the expression, or say it without"


def _overwritten(condition: Condition, rule: AlertRule, labels: Labels) -> Iterator[Diagnostic]:
    """Two series that differ in a label that the rule sets become one, and Prometheus refuses to evaluate the rule."""
    if labels.only is None:
        return
    for label in sorted(labels.has.keys() & rule.labels.keys()):
        if labels.has[label] is not None:
            continue
        others = labels.only - rule.labels.keys()
        yield Diagnostic(
            code="PQL705",
            level=Level.WARNING if others else Level.ERROR,
            message=f"{rule.name} has a series for each `{label}`, and its rule sets that label to "
            f"`{rule.labels[label]}` for all of them",
            route=condition.route,
            notes=(
                labels.because,
                "where two fire that differ in nothing else, Prometheus refuses to evaluate, and nobody is told",
            ),
            help=f'ask for one in the selector (`{label}="{rule.labels[label]}"`), or copy the label to another '
            "name with `label_replace`",
        )
