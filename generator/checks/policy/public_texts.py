"""What the public reads is plain text: it must not depend on labels and values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.diagnostics.diagnostic import Diagnostic

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.policy.model import Policy


def check(policy: Policy) -> Iterator[Diagnostic]:
    """POL232: a public text that holds a template."""
    for kind, entries in (("services", policy.services), ("alerts", policy.alerts)):
        for name, entry in entries.items():
            if entry.public and "{{" in entry.public:
                yield Diagnostic(
                    code="POL232",
                    message="a public text is plain text, but this one holds `{{`",
                    route=(kind, name, "public"),
                    help="say it without labels and values: what the public reads must not depend on internals",
                )
