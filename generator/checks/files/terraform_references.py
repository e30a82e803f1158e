"""Whatever Terraform's file refers to stands in it: else `terraform plan` refuses the whole file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from generator.behaviour.documents import shown
from generator.behaviour.pagerduty import TERRAFORM
from generator.behaviour.verification import KEEP_TEMPLATE, Finding
from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.behaviour.verification import Rendered
    from generator.diagnostics.diagnostic import EntryPath

PGD607 = Code(
    name="PGD607",
    title="Terraform refers to what is not there",
    meaning="Terraform refuses the whole file, so that nothing of it is made in PagerDuty. Compare your template with "
    "the packaged one.",
)

_TEMPLATE = re.compile(r"(?<!\$)\$\{(?:[^\"{}]|\"(?:[^\"\\]|\\.)*\"|\{[^{}]*\})*\}")
_TEXT = re.compile(r"\"(?:[^\"\\]|\\.)*\"")
_REFERENCE = re.compile(r"(?<![\w.])(?:(local)\.([\w-]+)|data\.(\w+)\.([\w-]+)|(pagerduty_\w+)\.([\w-]+))")


def check(rendered: Rendered) -> Iterator[Finding]:
    """PGD607: a local value, a data source or a resource is referred to, and not there."""
    document = rendered.documents.get(TERRAFORM)
    if document is None:
        return
    told: set[str] = set()
    for where, text in _texts(document, ()):
        for name in _missing(document, text):
            if name not in told:
                told.add(name)
                message = f"{shown(TERRAFORM)} refers to {name}, which is not there: Terraform refuses the file"
                diagnostic = Diagnostic(code=PGD607.name, message=message, help=KEEP_TEMPLATE)
                yield Finding(diagnostic=diagnostic, path=TERRAFORM, where=where)


def _texts(value: Any, where: EntryPath) -> list[tuple[EntryPath, str]]:
    """Return the texts that hold a template, with the ways to them."""
    found: list[tuple[EntryPath, str]] = []
    for step, below in value.items() if isinstance(value, dict) else enumerate(value):
        # Thousands of services are a million entries.
        if type(below) is str:
            if "${" in below:
                found.append(((*where, step), below))
        elif type(below) is dict or type(below) is list:
            found += _texts(below, (*where, step))
    return found


def _missing(document: Any, text: str) -> Iterator[str]:
    for template in _TEMPLATE.findall(text):
        for found in _REFERENCE.finditer(_TEXT.sub("", template)):
            local, value, source, key, resource, name = found.groups()
            if local:
                there = value in document.get("locals", {})
            elif source:
                there = key in document.get("data", {}).get(source, {})
            else:
                there = name in document.get("resource", {}).get(resource, {})
            if not there:
                yield found[0]
