"""Finds labels that a text or `page_each` needs and that the expression drops."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from generator.checks.expressions.condition import Condition

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

PQL740 = Code(
    name="PQL740",
    title="Expression drops the label that says whose the alert is",
    meaning="`each: owners` gives each alert to the service that owns its label's value. Where the expression drops "
    "that label, all alerts belong to `otherwise`, and the owners hear of none. Keep the label in `by (...)`, or name "
    "the service.",
    bad="""
each: owners
expr: sum by (pod) (pod_restarts) > 5
""",
    good="""
each: owners
expr: sum by (namespace, pod) (pod_restarts) > 5
""",
)


def used(texts: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return the labels that the texts of a rule show, each with the key of its text, in their order."""
    shown = ((key, label) for key, text in texts.items() for label in _shown(_with_variables(text)))
    return tuple(dict.fromkeys(shown))


def _with_variables(text: str) -> str:
    """Return the text with `$labels` for `.Labels`, where the dot is the alert: not inside of `range` or `with`."""
    if ".Labels" not in text:
        return text
    text = text.replace("$.Labels", "$labels")
    return text if _OTHER_DOT.search(text) else _DOT.sub("$labels", text)


def _shown(text: str) -> Iterator[str]:
    """Yield the labels that a template prints, but those that it first asks for: `{{ with $labels.cluster }}`."""
    if "$labels" not in text:
        return
    plain = _PLAIN.findall(text)
    if len(plain) == text.count("$labels"):  # as nearly all texts are; there may be 100,000
        yield from plain
        return
    asked: list[frozenset[str]] = []
    for action in _ACTION.findall(text):
        labels = [dotted or indexed for dotted, indexed in _USE.findall(action)]
        word = action.split(None, 1)[0]
        if word == "end":
            asked = asked[:-1]
        elif word in ("if", "with", "range"):
            asked.append(frozenset(labels))
        elif word == "else":
            asked = [*asked[:-1], frozenset({*labels, *(asked[-1] if asked else ())})]
        elif not _CHOOSES.search(action):
            yield from (label for label in labels if not any(label in names for names in asked))


def check(condition: Condition) -> Iterator[Diagnostic]:
    """PQL703: a text uses a dropped label. PQL704: `page_each` names one. PQL740: owners are known by one."""
    rule, labels = condition.rule, condition.reading.labels
    if labels is None:
        return
    for key, label in used(rule.texts):
        why = labels.missing(label)
        if why:
            yield Diagnostic(
                code=PQL703.name,
                level=condition.around.blank,
                message=f"`{key}` of {rule.name} shows `$labels.{label}`, but its series never have that label",
                route=(*rule.route, key),
                notes=(why,),
                help=_instead(condition, label),
            )
    why = labels.missing(rule.owned_by) if rule.owned_by else None
    if why:
        yield Diagnostic(
            code=PQL740.name,
            message=f"{rule.name} belongs to the owner of `{rule.owned_by}`, but its series never have that label",
            route=(*rule.route, "expr"),
            notes=(why,),
            help=f"keep `{rule.owned_by}` in the expression, or name the service in place of `each: owners`",
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


def _instead(condition: Condition, label: str) -> str:
    filled = condition.around.words.filled
    if label in filled:
        return f"texts do not see the labels of the rule itself: write {filled[label]}"
    if label in condition.rule.labels:
        return f"texts do not see the labels of the rule itself: write `{condition.rule.labels[label]}`"
    return f"keep `{label}` in the expression, or remove it from the text"


_ACTION = re.compile(r"\{\{-?\s*([^\s{}].*?)\s*-?\}\}", re.DOTALL)
"""What Prometheus carries out of a text; a `$` outside is the author's: a shell's, for one."""
_USE = re.compile(r"""\$labels\.([A-Za-z_]\w*)|index\s+\$labels\s+["`]([^"`]+)["`]""")
_OTHER_DOT = re.compile(r"\{\{-?\s*(?:range|with|define|block|template)\b")
_DOT = re.compile(r"(?<![\w$])\.Labels\b(?=[^{}]*\}\})")
_PLAIN = re.compile(r"\{\{-?\s*\$labels\.([A-Za-z_]\w*)\s*(?:\|\s*(?!or\b|and\b)\w+[^{}|]*)?\}\}")
"""An action that prints a label and nothing else."""
_CHOOSES = re.compile(r":=|\b(?:and|or)\b|^/\*")
"""An action that prints a label only where it is there, or not at all."""
