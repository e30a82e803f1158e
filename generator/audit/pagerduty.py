"""Whom PagerDuty pages: an account's services and escalation policies, as its API lists them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from generator.audit.shared import Fault, Group, told_once
from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, Level, Place, PolicyErrors
from generator.diagnostics.wording import listed
from generator.policy import duration
from generator.system.record import record

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from generator.audit.judge import Told, Verdict
    from generator.audit.shared import Case
    from generator.behaviour.behaviour import Integration

AUD963 = Code(
    name="AUD963",
    title="PagerDuty export cannot be read",
    meaning="The export is JSON as PagerDuty's API lists services (with `include[]=integrations`) and escalation "
    "policies: one file with both, or a folder of files.",
)

AUD960 = Code(
    name="AUD960",
    title="Urgent alert pages a service of low urgency",
    meaning="PagerDuty does not escalate incidents of low urgency: nobody but the first step is ever told, and by "
    "default without a call. Let the service use high urgency.",
)

AUD961 = Code(
    name="AUD961",
    title="Key of no PagerDuty service",
    meaning="No service of the export has the integration key with which the receiver pages: the page may be refused, "
    "or go to another account.",
)

AUD962 = Code(
    name="AUD962",
    title="PagerDuty service without anybody to page",
    meaning="The service is disabled, or its escalation policy names nobody in its first step.",
)

_KEYS = ("routing_key", "service_key")
_NAMED = 4


@record
class Step:
    """People and schedules that are paged together, and the delay until the next step."""

    names: tuple[str, ...]
    delay: timedelta


@record
class Service:
    """A service with the steps of its escalation policy."""

    name: str
    urgency: str
    disabled: bool
    steps: tuple[Step, ...]

    @property
    def said(self) -> str:
        """Who is paged, in their order: `Ann, after 30m Bob`."""
        after, parts = timedelta(), []
        for step in self.steps[:_NAMED]:
            names = listed(step.names) if step.names else "nobody"
            parts.append(f"after {duration.write(after)} {names}" if after else names)
            after += step.delay
        more = [f"{len(self.steps) - _NAMED} more steps"] if len(self.steps) > _NAMED else []
        return ", ".join([*parts, *more])


Services = Mapping[str, Service]
"""The services by their integration keys."""


def read(path: Path) -> Services:
    """Return the services of an export; raises PolicyErrors where it is none."""
    files = sorted(path.glob("*.json")) if path.is_dir() else [path]
    bodies: dict[str, list[Any]] = {"services": [], "escalation_policies": []}
    for file in files:
        data = _data(file)
        for key, known in bodies.items():
            known.extend(_mappings(data.get(key)) if isinstance(data, dict) else ())
    if not bodies["services"]:
        raise _unreadable(path, "it lists no `services`")
    policies = {str(body.get("id")): body for body in bodies["escalation_policies"]}
    return {
        str(integration["integration_key"]): _service(body, policies)
        for body in bodies["services"]
        for integration in _mappings(body.get("integrations"))
        if integration.get("integration_key")
    }


def _data(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise _unreadable(file, reason) from None


def _unreadable(path: Path, reason: str) -> PolicyErrors:
    return PolicyErrors(
        Diagnostic(
            code=AUD963.name,
            message=f"cannot read the PagerDuty export: {reason}",
            place=Place(path=str(path)),
            help="give the JSON of `GET /services?include[]=integrations` and `GET /escalation_policies`",
        )
    )


def _mappings(value: Any) -> Iterator[Mapping[str, Any]]:
    return (each for each in value if isinstance(each, dict)) if isinstance(value, list) else iter(())


def _service(body: Mapping[str, Any], policies: Mapping[str, Mapping[str, Any]]) -> Service:
    rule = body.get("incident_urgency_rule")
    urgency = rule.get("urgency") if isinstance(rule, dict) and rule.get("type") == "constant" else "high"
    reference = body.get("escalation_policy")
    policy = policies.get(str(reference.get("id")), {}) if isinstance(reference, dict) else {}
    return Service(
        name=str(body.get("name") or body.get("summary")),
        urgency=str(urgency or "high"),
        disabled=body.get("status") == "disabled",
        steps=tuple(
            Step(
                names=tuple(_name(target) for target in _mappings(step.get("targets"))),
                delay=timedelta(minutes=int(step.get("escalation_delay_in_minutes") or 0)),
            )
            for step in _mappings(policy.get("escalation_rules"))
        ),
    )


def _name(target: Mapping[str, Any]) -> str:
    name = str(target.get("summary") or target.get("name") or target.get("id"))
    return f"whoever is on call in {name}" if str(target.get("type", "")).startswith("schedule") else name


def service_of(integration: Integration, services: Services) -> Service | None:
    """Return the service whose key the integration uses; None where that is not known."""
    keys = (integration.settings.get(key) for key in _KEYS)
    return next((services[key] for key in keys if isinstance(key, str) and key in services), None)


def steps(told: Told, services: Services) -> Iterator[str]:
    """Yield whom PagerDuty pages when a route tells it."""
    for integration in told.integrations:
        service = service_of(integration, services)
        if service:
            yield f"{service.name}: {service.said}"


# ------------------------------------------------------------------------------------------- findings


def check(verdicts: Iterable[Verdict], case: Case) -> Iterator[Diagnostic]:
    """AUD960 to AUD962: what of PagerDuty loses the page of an urgent alert."""
    if not case.services:
        return
    groups: dict[tuple[object, ...], Group] = {}
    for verdict in verdicts:
        for fault in _faults(verdict, case.services) if verdict.urgent else ():
            groups.setdefault(fault.key, Group(fault)).add(verdict)
    for group in groups.values():
        yield told_once(group, case)


def _faults(verdict: Verdict, services: Services) -> Iterator[Fault]:
    for told in {id(told.node): told for way in verdict.ways for told in way.told if told.pages}.values():
        for integration in told.integrations:
            if integration.kind.pages:
                yield from _of(told, integration, services)


def _of(told: Told, integration: Integration, services: Services) -> Iterator[Fault]:
    written = any(integration.settings.get(key) for key in _KEYS)
    service = service_of(integration, services)
    name = told.node.receiver
    if service is None:
        if written:
            why = f"with the key of {name}, which no service of the export has"
            yield _fault(AUD961.name, (f"pages {why}", f"page {why}"), told, "correct the key, or export all services")
        return
    if service.urgency == "low":
        why = f"{service.name}, a service of low urgency"
        yield _fault(AUD960.name, (f"pages {why}", f"page {why}"), told, "let the service use high urgency")
    if service.disabled or not service.steps or not service.steps[0].names:
        why = f"{service.name}, {'which is disabled' if service.disabled else 'which pages nobody at first'}"
        yield _fault(AUD962.name, (f"pages {why}", f"page {why}"), told, "name somebody in its escalation policy")


def _fault(code: str, verb: tuple[str, str], told: Told, help: str) -> Fault:
    return Fault(code=code, level=Level.WARNING, verb=verb, where=told.node.where, help=help)
