"""The expression of an alert or of a recording rule with what is known of it: what a lint of expressions looks at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from generator.diagnostics.diagnostic import PolicyPath
    from generator.plan.plan import AlertRule, Plan, UnitTest
    from generator.upstream.promql.labels import Reader, Reading
    from generator.upstream.promql.values import Values


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """An expression of the policy; `rule` is the alert's rule for the first of the services that share it."""

    name: str
    route: PolicyPath
    """The expression's place in the policy."""
    tree: Any
    reading: Reading
    reader: Reader
    values: Values
    plan: Plan
    rule: AlertRule | None
    """None for a recording rule."""
    tests: tuple[UnitTest, ...]
    """The rule's own; of a recording rule those that depend on it and give several series."""
