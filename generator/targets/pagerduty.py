"""PagerDuty's side, twice: REST bodies of teams, schedules, escalation policies and services; the same for Terraform.

Ids are not known here. References in the bodies carry the names of what is meant (an e-mail address, a title) in their
place; Terraform finds people by their e-mail addresses, and its names for the rest are the policy's own (`trading-P0`).

Of layers, the last one wins ("Schedule Basics" in PagerDuty's knowledge base), in the order in which they are posted.
GET gives them in the opposite order (README of schedule_layer_reorganizer in PagerDuty/public-support-scripts), which
Terraform's provider turns round again (flattenScheduleLayers in resource_pagerduty_schedule.go); what it is given it
posts as it stands. So both list the layers as the policy does, the later ones above the earlier.

Terraform gets `pagerduty_schedule`, though its provider (3.32.4) calls that deprecated: the successor needs an account
with early access, knows no layers above one another, and moves an `effective_since` of the past to the day on which
it is applied, so that a rotation would begin with its first person then, and not have on call whom the policy says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from generator.plan import rota, wall_clock
from generator.plan.timing import MINUTE
from generator.system.artifact import Artifact
from generator.targets.target import Owned, Target
from generator.upstream.pagerduty import spaced

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from generator.plan.plan import EscalationPlan, PagedService, Plan
    from generator.policy.model import Layer, Responder, Schedule
    from generator.targets.render import Templates

_MOST = 1024
"""The characters of a team's description that PagerDuty takes."""
_KINDS = ("teams", "schedules", "escalation_policies", "services")


def build(plan: Plan, templates: Templates, source: str) -> Iterator[Artifact]:
    """Yield `pagerduty/<kind>.json`, a list of REST bodies each, and `pagerduty/terraform.tf.json`.

    Where PagerDuty pages nobody there is none of them.
    """
    if not plan.escalations:
        return
    bodies = {
        "teams": [_team(plan, name) for name in sorted(plan.policy.teams)],
        "schedules": [_schedule(plan, name, entry) for name, entry in sorted(plan.policy.schedules.items())],
        "escalation_policies": [_escalation_policy(plan, one) for one in plan.escalations],
        "services": [_service(plan, one) for one in _each(plan)],
    }
    for kind in _KINDS:
        text = templates.render(f"pagerduty/{kind}.json.j2", source=source, bodies=bodies[kind])
        yield Artifact(path=f"pagerduty/{kind}.json", text=text)
    text = templates.render("pagerduty/terraform.tf.json.j2", source=source, people=_paged(plan), **bodies)
    yield Artifact(path="pagerduty/terraform.tf.json", text=text)


def _paged(plan: Plan) -> dict[str, str]:
    """Return the e-mail addresses of everybody who can be paged, by the policy's name for them, sorted."""
    layers = (layer for schedule in plan.policy.schedules.values() for layer in schedule.layers.values())
    found = {person for layer in layers for person in layer.rotation}
    steps = (step for escalation in plan.escalations for step in escalation.steps)
    found |= {target.name for step in steps for target in step.targets if target.kind == "person"}
    return {name: plan.policy.people[name].email for name in sorted(found)}


def _team(plan: Plan, name: str) -> dict[str, Any]:
    team = plan.policy.teams[name]
    members = _members(plan, team.members, _MOST - len(_owner(plan)))
    return {"key": name, "name": spaced(team.title), "description": _owner(plan) + members}


def _members(plan: Plan, members: tuple[str, ...], room: int) -> str:
    """Return the sentence about the members of a team, in at most `room` characters."""
    names = [plan.policy.people[member].name for member in members]
    for shown in range(len(names), 0, -1):
        more = f" and {len(names) - shown} more" if shown < len(names) else ""
        sentence = f" Members: {', '.join(names[:shown])}{more}."
        if len(sentence) <= room:
            return sentence
    return ""


def _schedule(plan: Plan, name: str, schedule: Schedule) -> dict[str, Any]:
    return {
        "name": name,
        "description": _owner(plan) + (f" {schedule.title}" if schedule.title else ""),
        # Of the names of this zone, PagerDuty takes one.
        "time_zone": "Etc/UTC" if schedule.timezone == "UTC" else schedule.timezone,
        "schedule_layers": [_layer(plan, key, layer, schedule.timezone) for key, layer in schedule.layers.items()],
    }


def _layer(plan: Plan, name: str, layer: Layer, timezone: str) -> dict[str, Any]:
    zone, first = ZoneInfo(timezone), rota.first_hand_over(layer)
    turns = first
    # Turns are counted from a time that the clock shows: where it is set forward over the first one, rounds earlier.
    while not _is_shown(turns, zone):
        turns -= layer.turn * len(layer.rotation)
    return {
        "name": name,
        "start": wall_clock.instant(first, zone).astimezone(zone).isoformat(),
        "rotation_virtual_start": turns.replace(tzinfo=zone).isoformat(),
        "rotation_turn_length_seconds": int(layer.turn.total_seconds()),
        "users": [{"key": person, "email": plan.policy.people[person].email} for person in layer.rotation],
        "restrictions": list(_restrictions(layer)),
    }


def _is_shown(shown: datetime, zone: ZoneInfo) -> bool:
    """Return whether a clock in the zone ever shows this time."""
    return wall_clock.instant(shown, zone).astimezone(zone).replace(tzinfo=None) == shown


def _restrictions(layer: Layer) -> Iterator[dict[str, Any]]:
    """Yield PagerDuty's restrictions: by the day where every day counts, else one for each day of the week."""
    if layer.daily is None and layer.days is None:
        return
    start, end = layer.daily or (0, 24 * 60)
    seconds = ((end - start) % (24 * 60) or 24 * 60) * 60
    time = f"{start // 60:02}:{start % 60:02}:00"
    if layer.days is None:
        if seconds < 86400:
            yield {"type": "daily_restriction", "start_time_of_day": time, "duration_seconds": seconds}
        return
    first, last = layer.days
    if seconds == 86400:
        length = ((last - first) % 7 + 1) * 86400
        if length < 7 * 86400:
            yield _weekly(first, time, length)
        return
    for day in range(first, last + 1 if last >= first else last + 8):
        yield _weekly(day % 7, time, seconds)


def _weekly(day: int, time: str, seconds: int) -> dict[str, Any]:
    return {
        "type": "weekly_restriction",
        "start_day_of_week": day + 1,
        "start_time_of_day": time,
        "duration_seconds": seconds,
    }


def _escalation_policy(plan: Plan, escalation: EscalationPlan) -> dict[str, Any]:
    team = escalation.teams[0] if len(escalation.teams) == 1 else None
    return {
        "key": _key(escalation),
        "name": escalation.title,
        "description": _owner(plan),
        "num_loops": escalation.loops,
        "rules": [
            {"delay": step.wait // MINUTE, "targets": [_target(plan, one) for one in step.targets]}
            for step in escalation.steps
        ],
        # PagerDuty takes one team at the most.
        "team": {"key": team, "name": spaced(plan.policy.teams[team].title)} if team else None,
    }


def _key(escalation: EscalationPlan) -> str:
    """Return Terraform's name of the chain and its service: names are of small letters, so no two are the same."""
    return f"{escalation.chain}-{escalation.severity}"


def _each(plan: Plan) -> tuple[PagedService, ...]:
    """Return the services, each once: one that exists may be paged for several severities."""
    worst_first = sorted(plan.paged, key=lambda one: plan.policy.rank(one.severity), reverse=True)
    last = {one.title: one for one in worst_first}
    return tuple(one for one in plan.paged if last[one.title] is one)


def _target(plan: Plan, target: Responder) -> dict[str, str]:
    """Return type, the policy's name, and PagerDuty's name: people are known by their e-mail address."""
    if target.kind == "schedule":
        return {"type": "schedule_reference", "key": target.name, "name": target.name}
    return {"type": "user_reference", "key": target.name, "name": plan.policy.people[target.name].email}


def _service(plan: Plan, paged: PagedService) -> dict[str, Any]:
    severity = plan.severities[paged.severity]
    means = f": {severity.definition}" if severity.definition else "."
    closing = "Closed by hand, when metrics are back to baseline." if paged.by_hand else "Closes with its alert."
    return {
        "key": paged.key,
        "key_file": paged.key_file,
        "name": paged.title,
        "exists": paged.exists,
        "description": f"{_owner(plan)} {severity.name} {severity.title}{means} {closing}",
        "escalation_policy": paged.escalation.title,
        "escalation_key": _key(paged.escalation),
        "urgency": paged.urgency,
    }


def _owner(plan: Plan) -> str:
    return f"Managed by alertc ({plan.policy.name})."


TARGET = Target(
    name="pagerduty",
    build=build,
    owns=(
        Owned(path="pagerduty/teams.json", schema="pagerduty-teams"),
        Owned(path="pagerduty/schedules.json", schema="pagerduty-schedules"),
        Owned(path="pagerduty/escalation_policies.json", schema="pagerduty-escalation_policies"),
        Owned(path="pagerduty/services.json", schema="pagerduty-services"),
        Owned(path="pagerduty/terraform.tf.json", schema="pagerduty-terraform"),
    ),
)
