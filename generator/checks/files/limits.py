"""No group of rules has a `limit` that its alerts may exceed: then all alerts of the rule are gone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.behaviour.documents import is_rules
from generator.behaviour.verification import Finding
from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, Level
from generator.diagnostics.wording import first_few
from generator.plan.urgency import is_urgent
from generator.upstream.promql import promql
from generator.upstream.promql.labels import Reader
from generator.upstream.promql.records import Records

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.behaviour.verification import Rendered
    from generator.plan.plan import Plan

RUL601 = Code(
    name="RUL601",
    title="Rules may exceed the `limit` of their group",
    meaning="Where a rule has more alerts, or makes more series, than the `limit` of its group, Prometheus drops all "
    "of them and calls the rule failed: nobody is notified. Remove the `limit` from the template. It is an error for "
    "urgent alerts and the records that they read, otherwise a warning.",
)

_NAMED = 3


def check(rendered: Rendered) -> Iterator[Finding]:
    """RUL601: the rules of a group may have more series than its `limit`."""
    plan = rendered.plan
    reader = Reader(Records(plan.policy.records.items()))
    for path, document in sorted(rendered.documents.items()):
        if not is_rules(path):
            continue
        for number, group in enumerate(document["groups"]):
            limit = int(group.get("limit") or 0)
            more = [rule for rule in group["rules"] if _exceeds(reader, rule["expr"], limit)] if limit else []
            if more:
                finding = _finding(plan, group["name"], limit, more)
                yield Finding(diagnostic=finding, path=path, where=("groups", number, "limit"))


def _finding(plan: Plan, group: str, limit: int, rules: list[Any]) -> Diagnostic:
    urgent = [rule for rule in rules if _is_urgent(plan, rule)]
    names = [_name(rule) for rule in urgent or rules]
    return Diagnostic(
        code=RUL601.name,
        level=Level.ERROR if urgent else Level.WARNING,
        message=f"group {group} has `limit: {limit}`, and {first_few(names, _NAMED)} may have more series",
        notes=("with more of them Prometheus fails to evaluate the rule, and all of its alerts are gone",),
        help="remove `limit` from the template, or aggregate so that there are no more",
    )


def _name(rule: Any) -> str:
    return str(rule.get("alert") or rule["record"])


def _is_urgent(plan: Plan, rule: Any) -> bool:
    if "record" in rule:
        return is_urgent(plan, rule["record"])
    return (rule.get("labels") or {}).get(plan.policy.labels.severity) in plan.policy.urgent


def _exceeds(reader: Reader, expression: str, limit: int) -> bool:
    tree = promql.parsed(expression)
    try:
        most = None if tree is None else _most(reader, tree)
    except RecursionError:
        most = None
    return most is None or most > limit


def _most(reader: Reader, node: Any) -> int | None:
    """Return the largest number of series that `node` yields; None where there is no limit."""
    if promql.is_number(node):
        return 1
    match promql.kind(node):
        case "ParenExpr" | "UnaryExpr" | "SubqueryExpr":
            return _most(reader, node.expr)
        case "Call" if not node.func.name.startswith("absent"):
            parts = [_most(reader, part) for part in node.args if promql.kind(part) != "StringLiteral"]
            return max((most for most in parts if most is not None), default=1) if None not in parts else None
        case "BinaryExpr":
            return _of_both(reader, node)
        case "AggregateExpr" if str(node.op) in ("topk", "bottomk", "limitk") and node.modifier is None:
            inner = promql.bare(node.param)
            return int(inner.val) if promql.kind(inner) == "NumberLiteral" else _most(reader, node.expr)
    labels = reader.read(node).labels
    alone = labels is not None and labels.only == frozenset(labels.has) and None not in labels.has.values()
    return 1 if alone else None


def _of_both(reader: Reader, node: Any) -> int | None:
    left, right = _most(reader, node.lhs), _most(reader, node.rhs)
    if promql.is_number(node.lhs) or promql.is_number(node.rhs):
        return right if promql.is_number(node.lhs) else left
    operation = str(node.op)
    if operation == "or":
        return None if left is None or right is None else left + right
    if operation in ("and", "unless"):
        return left
    known = [most for most in (left, right) if most is not None]
    one_to_one = node.modifier is None or str(node.modifier.card).endswith("OneToOne")
    return (min if one_to_one else max)(known) if known and (one_to_one or len(known) > 1) else None
