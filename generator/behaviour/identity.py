"""From an entry of a generated file back to the entry of the policy that it stands for: by name, never by position."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.behaviour.documents import ALERTMANAGER, is_rules
from generator.plan import time_intervals
from generator.plan.plan import AlertRule, RecordRule
from generator.upstream.pagerduty import folded

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from generator.behaviour.documents import Documents
    from generator.diagnostics.diagnostic import EntryPath, PolicyPath
    from generator.plan.plan import AlertRoute, Plan

_FIELDS = {"expr": "expr", "for": "for", "alert": "", "record": "", "keep_firing_for": ""}
_ANNOTATIONS = {"summary": "summary", "description": "details", "public": "public", "runbook_url": "runbook"}


def policy_route(plan: Plan, documents: Documents, path: str, where: EntryPath) -> PolicyPath | None:
    """Return the policy entry of the nearest enclosing named entry; None where the policy has no such name."""
    document = documents.get(path)
    if is_rules(path):
        return _of_rule(plan, document, where)
    if path == ALERTMANAGER:
        return _of_alertmanager(plan, document, where)
    if path.endswith(".tf.json"):
        return _of_terraform(plan, where)
    if path.startswith("pagerduty/"):
        return _of_pagerduty(plan, document, where)
    return None


def rule_of(plan: Plan, name: str, labels: Mapping[str, str]) -> AlertRule | RecordRule | None:
    """Return the planned rule with this name and these labels, else one with the same name and, if any, service."""
    named = [rule for file in plan.rule_files for group in file.groups for rule in group.rules if rule.name == name]
    for rule in named:
        if dict(rule.labels) == dict(labels):
            return rule
    same = [
        rule for rule in named if rule.labels.get(plan.policy.labels.service) == labels.get(plan.policy.labels.service)
    ]
    return next(iter(same or named), None)


def route_in_rule(rule: AlertRule | RecordRule, within: PolicyPath) -> PolicyPath:
    """Return the policy's entry for a part of a rule: `("annotations", "summary")` is the alert's `summary`."""
    if isinstance(rule, RecordRule):
        return (*rule.route, "expr") if within[:1] == ("expr",) else rule.route
    if not rule.origin.written or not within:
        return rule.route
    key = _FIELDS.get(str(within[0]), "")
    if within[0] == "annotations" and len(within) > 1:
        key = _ANNOTATIONS.get(str(within[1]), "")
    return (*rule.route, key) if key else rule.route


def _of_rule(plan: Plan, document: Any, where: EntryPath) -> PolicyPath | None:
    if len(where) < 4:
        return None
    rendered = _entry(document, where[:4])
    if not isinstance(rendered, dict):
        return None
    labels = rendered.get("labels")
    rule = rule_of(
        plan, rendered.get("alert") or rendered.get("record") or "", labels if isinstance(labels, dict) else {}
    )
    return route_in_rule(rule, where[4:]) if rule else None


def _of_alertmanager(plan: Plan, document: Any, where: EntryPath) -> PolicyPath | None:
    entry = _entry(document, where[:2])
    if where[:1] == ("receivers",) and isinstance(entry, dict):
        return next((receiver.route for receiver in plan.receivers if receiver.name == entry.get("name")), None)
    if where[:1] == ("inhibit_rules",) and isinstance(entry, dict):
        matchers = (entry.get("source_matchers"), entry.get("target_matchers"))
        return next(
            (
                inhibition.route
                for inhibition in plan.inhibitions
                if (list(inhibition.source), list(inhibition.target)) == matchers
            ),
            None,
        )
    if where[:1] == ("time_intervals",):
        named = entry.get("name") if isinstance(entry, dict) else None
        return next((one.where for one in time_intervals.of_plan(plan) if one.name == named), None)
    if where[:1] == ("route",):
        return _of_route(plan, document, where)
    return None


def _of_route(plan: Plan, document: Any, where: EntryPath) -> PolicyPath | None:
    """Return the policy entry of the innermost planned route with the same matchers, preferably the same receiver."""
    nodes = [plan.root] if "routes" not in where else list(_nodes(plan.root))[1:]
    while where:
        rendered = _entry(document, where)
        if isinstance(rendered, dict) and ("receiver" in rendered or "matchers" in rendered):
            matchers = rendered.get("matchers") or []
            same = [node for node in nodes if list(node.matchers) == matchers]
            exact = [node for node in same if node.receiver == rendered.get("receiver")]
            return next((node.route for node in exact or same), None)
        where = where[:-1]
    return None


def _nodes(node: AlertRoute) -> Iterator[AlertRoute]:
    yield node
    for child in node.children:
        yield from _nodes(child)


def _of_pagerduty(plan: Plan, document: Any, where: EntryPath) -> PolicyPath | None:
    body = _entry(document, where[:2])
    name = body.get("name") if isinstance(body, dict) else None
    if where[1:2] == ("schedule",):
        return ("schedules", str(name)) if name in plan.policy.schedules else None
    if where[1:2] == ("team",):
        return next(
            (("teams", key) for key, team in plan.policy.teams.items() if folded(team.title) == folded(str(name))), None
        )
    named = plan.paged if where[1:2] == ("service",) else plan.escalations
    return next((one.route for one in named if one.title == name), None)


def _of_terraform(plan: Plan, where: EntryPath) -> PolicyPath | None:
    """Return the policy entry of a Terraform block, which has the policy's name, for a chain with its severity."""
    if len(where) < 3:
        return None
    _, kind, name = where[:3]
    entries = {"pagerduty_user": "people", "pagerduty_team": "teams", "pagerduty_schedule": "schedules"}
    if kind in entries:
        return (entries[str(kind)], name)
    if kind in {"pagerduty_service", "pagerduty_service_integration"}:
        return next((one.route for one in plan.paged if one.key == name), None)
    return next(
        (escalation.route for escalation in plan.escalations if f"{escalation.chain}-{escalation.severity}" == name),
        None,
    )


def _entry(document: Any, where: EntryPath) -> Any:
    """Return the value at the path `where`, or None."""
    for step in where:
        inside = isinstance(document, list) and isinstance(step, int) and step < len(document)
        if not (inside or (isinstance(document, dict) and step in document)):
            return None
        document = document[step]
    return document
