"""Policies that choose names for the labels that alertc sets, and what is the same under the usual names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from generator.policy.label_names import LabelNames
from tests.compiling import ROOT, SMALL, edited

if TYPE_CHECKING:
    from collections.abc import Mapping

ACME = (ROOT / "tests/policies/acme.yaml").read_text(encoding="utf-8")
ALL = LabelNames(
    containment="halting",
    duty="alerting_duty",
    environment="env",
    escalation="chain",
    incident="about",
    page_each="told_apart_by",
    service="app",
    severity="level",
    team="squad",
)
"""A name that no file has otherwise, for each label."""
SWAPPED = LabelNames(service="team", team="service", severity="escalation", escalation="severity")
"""Names that others had."""


def choosing(names: LabelNames, policy: str = SMALL) -> str:
    """Return the policy with these names, and the external label of the environment called so."""
    chosen = ", ".join(f"{usual}: {name}" for usual, name in names.chosen.items())
    text = edited(policy, ("\nseverities:\n", f"\nlabels: {{{chosen}}}\n\nseverities:\n"))
    return text.replace("external_labels: {environment:", f"external_labels: {{{names.environment}:")


def with_names(names: LabelNames, content: Any) -> Any:
    """Return what a file says under the usual names as it must be said under others."""
    if isinstance(content, dict):
        return {key: _entry(names, key, value) for key, value in content.items()}
    if isinstance(content, list):
        return [with_names(names, one) for one in content]
    return content


def _entry(names: LabelNames, key: str, value: Any) -> Any:
    called = names.names
    if key in ("labels", "exp_labels") and isinstance(value, dict):
        return {called.get(name, name): _text(names, text) for name, text in value.items()}
    if key in ("group_by", "equal"):
        return sorted(called.get(name, name) for name in value)
    if key in ("matchers", "source_matchers", "target_matchers"):
        return [_label(called, matcher) for matcher in value]
    return with_names(names, value) if isinstance(value, dict | list) else _text(names, value)


def _label(called: Mapping[str, str], matcher: str) -> str:
    return re.sub(r"^\w+", lambda name: called.get(name[0], name[0]), matcher)


_OF_ALERTS = re.compile(r"(ALERTS(?:_FOR_STATE)?\{)([^}]*)\}")
_LISTED = re.compile(r"\b(by|on) \(([^)]*)\)")
_PAIR = re.compile(r"\b(\w+)(=~?\")")


def _text(names: LabelNames, text: Any) -> Any:
    """Return an expression, a series or a template that reads alerts; what the author wrote reads none of these."""
    if not isinstance(text, str):
        return text
    called = names.names

    def pairs(found: re.Match[str]) -> str:
        inside = _PAIR.sub(lambda pair: called.get(pair[1], pair[1]) + pair[2], found[2])
        return f"{found[1]}{inside}}}"

    def listed(found: re.Match[str]) -> str:
        return f"{found[1]} ({', '.join(called.get(name, name) for name in found[2].split(', '))})"

    if "ALERTS" in text:
        text = _LISTED.sub(listed, _OF_ALERTS.sub(pairs, text))
        text = text.replace(', "incident", "(.+)"', f', "{names.incident}", "(.+)"')
    text = text.replace("{{ $labels.service }}", f"{{{{ $labels.{names.service} }}}}")
    told = f"with the labels {names.incident} (the alert) and {names.service}."
    text = text.replace("with the labels incident (the alert) and service.", told)
    return re.sub(r"(\.(?:Common)?Labels)\.(\w+)", lambda one: f"{one[1]}.{called.get(one[2], one[2])}", text)
