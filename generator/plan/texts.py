"""Texts of alerts as Prometheus templates, and as they read once it has rendered them."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

from generator.policy import duration

if TYPE_CHECKING:
    from generator.plan.plan import Labels, Sprints

_LABEL_ACTION = re.compile(r"\{\{-?\s*\$labels\.([A-Za-z_][A-Za-z0-9_]*)\s*-?\}\}")


def resolve_text(resolve: timedelta | Sprints) -> str:
    """Return the time to resolve an incident as a phrase that follows "within"."""
    return duration.write(resolve) if isinstance(resolve, timedelta) else "the next sprint"


def literal(text: str) -> str:
    """Return a Prometheus template that renders exactly `text`."""
    return text.replace("{{", '{{ "{{" }}') if "{{" in text else text


def rendered(annotations: Labels, labels: Labels, says: str | None) -> Labels | None:
    """Return the annotations as Prometheus renders them; None where that needs the expression's result.

    `labels` are those of the series: a template does not see the labels of its rule (rules/alerting.go, `Eval`).
    Only `{{ $labels.x }}` is known beforehand; `says` is what the author expects of the summary.
    """
    texts = {}
    for name, template in annotations.items():
        if name == "summary" and says is not None:
            texts[name] = says
            continue
        text = template
        if "{{" in template:
            text = _LABEL_ACTION.sub(lambda match: labels.get(match[1], ""), template).replace('{{ "{{" }}', "\0")
            if "{{" in text:
                return None
            text = text.replace("\0", "{{")
        texts[name] = text
    return texts
