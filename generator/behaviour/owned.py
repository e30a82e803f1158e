"""Rules whose labels are templates that choose by one label of the series: read as one rule for each choice.

`{{ if match "^(?:shop-.*)$" $labels.namespace }}shop{{ else }}platform{{ end }}` is `shop` for the alerts whose label
matches, and `platform` for the others. Prometheus's `match` is Go's regexp.MatchString (template/template.go).
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from generator.upstream.alertmanager import match
from generator.upstream.alertmanager.values import Undecided, may_be, witness

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from generator.behaviour.behaviour import Rule
    from generator.upstream.alertmanager.match import Matcher
    from generator.upstream.alertmanager.values import Limits

_ASKED = r'match (?P<pattern>"(?:[^"\\]|\\.)*") \$labels\.(?P<label>[A-Za-z_]\w*)'
_IF = re.compile(rf"\{{\{{-?\s*if {_ASKED}(?P<last>)\s*-?\}}\}}")
_STEP = re.compile(rf"\{{\{{-?\s*(?:else if {_ASKED}|(?P<last>else)|(?P<end>end))\s*-?\}}\}}")
_BLOCK = re.compile(r"\{\{-?\s*(?:if|with|range|define|block|template)\b")
_WHOLE = re.compile(r"\^\(\?:(.*)\)\$", re.DOTALL)


class _Choice(NamedTuple):
    """A text, and the matcher that chooses it; None: what no other chooses."""

    matcher: Matcher | None
    text: str


def cases(rule: Rule) -> tuple[Rule, ...]:
    """Return what the rule is for each choice of its labels, with what is known of the series then; else itself."""
    if not any("{{ if" in value for value in rule.labels.values()):
        return (rule,)
    labels = _chosen(rule.labels)
    asked = [choice.matcher for choice in next(iter(labels.values()), ())]
    if not asked or any([choice.matcher for choice in choices] != asked for choices in labels.values()):
        return (rule,)
    texts = {
        name: choices
        for name, choices in _chosen(rule.annotations).items()
        if [choice.matcher for choice in choices] == asked
    }
    return tuple(
        replace(
            rule,
            labels=_those(rule.labels, labels, number),
            annotations=_those(rule.annotations, texts, number),
            series=_known(asked, number),
        )
        for number in range(len(asked))
    )


def example(rule: Rule) -> dict[str, str]:
    """Return an example of the labels of the series that make this case of a rule; empty where it is the only one."""
    try:
        found = {label: witness(limits) for label, limits in rule.series.items()}
    except Undecided:
        return {}
    return {label: value for label, value in found.items() if value}


def _chosen(texts: Mapping[str, str]) -> dict[str, tuple[_Choice, ...]]:
    """Return the choices of those texts that choose."""
    return {name: choices for name, text in texts.items() if "{{ if" in text and (choices := tuple(_choices(text)))}


def _those(texts: Mapping[str, str], chosen: Mapping[str, tuple[_Choice, ...]], number: int) -> dict[str, str]:
    return {**texts, **{name: choices[number].text for name, choices in chosen.items()}}


def _known(asked: Sequence[Matcher | None], number: int) -> dict[str, Limits]:
    """Return what is known of the label where the choice of this number is made, as shortly as it can be said."""
    matcher = asked[number]
    before = [other.negated() for other in asked[:number] if other]
    if matcher is not None:
        # What excludes the others already need not say so.
        before = [other for other in before if may_be((matcher, other.negated()))]
    known = frozenset((*before, *([matcher] if matcher else ())))
    return {next(iter(known)).label: known}


def _choices(text: str) -> list[_Choice]:
    """Return the choices of a template that is nothing but one, by one label, and always makes one; else nothing."""
    step = _IF.fullmatch(text, 0, text.find("}}") + 2)
    matcher, choices = step and _matcher(step), []
    while step is not None and (matcher is not None or step["last"]):
        following = _STEP.search(text, step.end())
        if following is None or _BLOCK.search(text, step.end(), following.start()):
            return []
        choices.append(_Choice(matcher, text[step.end() : following.start()]))
        if following["end"]:
            return choices if step["last"] and following.end() == len(text) and _one_label(choices) else []
        step = following
        matcher = None if step["last"] else _matcher(step)
    return []


def _matcher(step: re.Match[str]) -> Matcher | None:
    """Return the matcher that a condition asks as `match` does; None where it does not ask for the whole value."""
    try:
        whole = _WHOLE.fullmatch(json.loads(step["pattern"]))
        return match.of(step["label"], "=~", whole[1]) if whole else None
    except ValueError:  # no text, or no regular expression
        return None


def _one_label(choices: list[_Choice]) -> bool:
    return len({choice.matcher.label for choice in choices if choice.matcher}) == 1
