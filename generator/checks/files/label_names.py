"""The names of an alert's labels are such as the declared Alertmanager takes: else it refuses the alert as a whole.

Source: Alertmanager's api/v2/api.go, `postAlertsHandler`, which answers 400 to an invalid label set.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING, Any

from generator.behaviour.documents import is_rules
from generator.behaviour.identity import policy_route
from generator.behaviour.verification import Finding
from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic
from generator.upstream.features import LABEL_OF_ALERT, NAME_IN_QUOTES, written
from generator.upstream.promql import promql
from generator.upstream.promql.labels import Reader
from generator.upstream.promql.records import Records

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from generator.behaviour.verification import Rendered
    from generator.diagnostics.diagnostic import EntryPath, PolicyPath

VER513 = Code(
    name="VER513",
    title="Alertmanager refuses a label of the alert",
    meaning="Before 0.28 Alertmanager takes only letters, digits and `_` in the name of a label. An alert with another "
    "name it refuses at each try, and nobody is notified; promtool and amtool do not see it. Copy the label to a plain "
    "name, aggregate it away, or raise `stack.alertmanager.version` once that version runs everywhere.",
)

_PLAIN = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_SUSPECT = re.compile(r"[({,]\s*[\"'`]")
"""A text that stands for a name: that of a label in quotes, or one that a function writes."""


@lru_cache(maxsize=4096)
def odd_names(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names that hold more than letters, digits and `_`; cached, since many rules have the same labels."""
    return tuple(name for name in names if not _PLAIN.fullmatch(name))


def check(rendered: Rendered) -> Iterator[Finding]:
    """VER513: alerts carry a label with a name that the declared Alertmanager refuses."""
    plan, stack = rendered.plan, rendered.plan.policy.stack
    if LABEL_OF_ALERT.known_to(stack.alertmanager.version) or not NAME_IN_QUOTES.known_to(stack.prometheus.version):
        return
    version = written(stack.alertmanager.version)
    reported: set[tuple[str, PolicyPath | None]] = set()
    reader = Reader(Records(plan.policy.records.items()))
    for path, document in sorted(rendered.documents.items()):
        if not is_rules(path):
            continue
        for name, where, alert in uses(document, reader):
            route = policy_route(plan, rendered.documents, path, where)
            if (name, route) not in reported:
                reported.add((name, route))
                yield Finding(diagnostic=_finding(alert, name, version, route), path=path, where=where)


def uses(document: Any, reader: Reader) -> Iterator[tuple[str, EntryPath, str]]:
    """Yield each such name that an alert of a rule file has, with the path of what brings it, and the alert's name."""
    recorded = any(_SUSPECT.search(record.expr) for record in chain.from_iterable(reader.records.by_metric.values()))
    for number, group in enumerate(document["groups"]):
        for name in odd_names(tuple(group.get("labels") or {})):
            alerts = [rule["alert"] for rule in group["rules"] if "alert" in rule]
            if alerts and group["labels"][name]:
                yield name, ("groups", number, "labels"), alerts[0]
        for place, rule in enumerate(group["rules"]):
            if "alert" not in rule:
                continue
            where = ("groups", number, "rules", place)
            labels = rule.get("labels") or {}
            own = odd_names(tuple(labels))
            yield from ((name, (*where, "labels"), rule["alert"]) for name in own if labels[name])
            if recorded or _SUSPECT.search(rule["expr"]):
                left = (name for name in _left(reader, rule["expr"]) if name not in own)
                yield from ((name, (*where, "expr"), rule["alert"]) for name in left)


def _left(reader: Reader, expression: str) -> tuple[str, ...]:
    """Return the names in an expression that its series may have at the end."""
    tree = promql.parsed(expression)
    try:
        labels = None if tree is None else reader.read(tree).labels
        if labels is None:
            return ()
        names = {*labels.has, *(labels.only or ()), *(name for node in promql.every(tree) for name in _named(node))}
    except RecursionError:
        return ()
    return tuple(name for name in odd_names(tuple(sorted(names))) if not labels.missing(name))


def _named(node: Any) -> Iterable[str]:
    """Return the labels that a part of an expression names, or writes."""
    match promql.kind(node):
        case "VectorSelector":
            return (label for label, _, _ in promql.matchers(node))
        case "AggregateExpr":
            return () if node.modifier is None else tuple(node.modifier.labels)
        case "BinaryExpr" if node.modifier is not None:
            matching = node.modifier.matching
            return (*(() if matching is None else matching.labels), *(node.modifier.group_labels or ()))
        case "Call" if node.func.name in ("label_replace", "label_join"):
            target = node.args[1]
            return (str(target.val),) if promql.kind(target) == "StringLiteral" else ()
    return ()


def _finding(alert: str, name: str, version: str, route: PolicyPath | None) -> Diagnostic:
    since = written(LABEL_OF_ALERT.since or ())
    plain = re.sub(r"\W", "_", name, flags=re.ASCII)
    return Diagnostic(
        code=VER513.name,
        message=f"alerts of {alert} may have the label `{name}`, and Alertmanager {version} refuses such a name",
        route=route,
        notes=(f"before {since} it refuses the alert as a whole, at each try: nobody is notified",),
        help=f'copy it to a plain name and aggregate by that: `max by ({plain}) (label_replace(..., "{plain}", "$1", '
        f'"{name}", "(.*)"))`; or where {since} runs, write `version: "{since}"` into `stack.alertmanager`',
    )
