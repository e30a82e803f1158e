"""Tells the alerts that are meant to fire always: whoever receives them notices when they stay away."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from generator.upstream.promql import promql

if TYPE_CHECKING:
    from collections.abc import Mapping


def is_heartbeat(name: str, labels: Mapping[str, str], expr: str) -> bool:
    """Whether the name, the severity or the expression of an alert says that it is a heartbeat."""
    if _NAMED.search(name) or labels.get("severity", "").lower() in ("none", "heartbeat"):
        return True
    return fires_always(expr)


def fires_always(expr: str) -> bool:
    """Whether an expression is a `vector(1)`: whoever writes that wants an alert that never stays away."""
    if "vector" not in expr:
        return False
    tree = promql.bare(promql.parsed(expr))
    return promql.kind(tree) == "Call" and tree.func.name == "vector"


_NAMED = re.compile(r"watch-?dog|dead[-_ ]?man|snitch|heart-?beat|always[-_ ]?firing", re.IGNORECASE)
