"""Checks that public texts are plain text, which does not depend on labels and values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.policy.model import Policy

POL232 = Code(
    name="POL232",
    title="Template in a public text",
    meaning="A public text must not depend on labels or values. Write plain text.",
)


def check(policy: Policy) -> Iterator[Diagnostic]:
    """POL232: a public text contains a template."""
    for kind, entries in (("services", policy.services), ("alerts", policy.alerts)):
        for name, entry in entries.items():
            if entry.public and "{{" in entry.public:
                yield Diagnostic(
                    code=POL232.name,
                    message="a public text must be plain text, but this one contains `{{`",
                    route=(kind, name, "public"),
                    help="write it without labels and values: a public text must not depend on internals",
                )
