"""Names of the receivers that page people."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from generator.policy.model import Severity


def pager(chain: str, severity: Severity) -> str:
    """Return the name of the receiver that pages one chain for one severity."""
    return f"page-{chain}-{severity}"
