"""Tells the alerts that are meant to fire always: whoever receives them notices when they stay away."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from generator.upstream.promql import promql

if TYPE_CHECKING:
    from collections.abc import Mapping


def is_heartbeat(name: str, labels: Mapping[str, str], expr: str) -> bool:
    """Whether the name, the severity or the expression of an alert says that it is a heartbeat."""
    if is_named_so(name) or labels.get("severity", "").lower() in ("none", "heartbeat"):
        return True
    tree = promql.bare(promql.parsed(expr))
    return promql.kind(tree) == "Call" and tree.func.name == "vector"


def is_named_so(name: str) -> bool:
    """Whether the name of an alert says that it is a heartbeat."""
    return _NAMED.search(name) is not None


_NAMED = re.compile(r"watch-?dog|dead[-_ ]?man|snitch|heart-?beat|always[-_ ]?firing", re.IGNORECASE)
