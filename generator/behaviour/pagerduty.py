"""What PagerDuty will do, read back from the files: from the bodies of its REST API, and from Terraform's."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from generator.policy.model import Responder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from generator.behaviour.on_call import Body
    from generator.behaviour.part import Part
    from generator.diagnostics.diagnostic import EntryPath

_BODIES = "pagerduty/{}.json"
SCHEDULES, SERVICES, TEAMS, ESCALATIONS = (
    _BODIES.format(kind) for kind in ("schedules", "services", "teams", "escalation_policies")
)
TERRAFORM = "pagerduty/terraform.tf.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class EscalationStep:
    """The people (by e-mail address) and schedules that a step pages, and the delay until the next step."""

    targets: tuple[Responder, ...]
    delay: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class EscalationPolicy:
    """A PagerDuty escalation policy."""

    name: str
    steps: tuple[EscalationStep, ...]
    loops: int
    """How often it begins anew after its last step."""
    teams: tuple[str, ...]
    """The names of its teams."""
    path: str
    where: EntryPath
    where_steps: EntryPath


@dataclass(frozen=True, slots=True, kw_only=True)
class PagerService:
    """A PagerDuty service; a time-out of None is switched off."""

    name: str
    escalation: str
    acknowledgement_timeout: timedelta | None
    auto_resolve_timeout: timedelta | None
    urgency: str
    disabled: bool
    path: str
    where: EntryPath


@dataclass(frozen=True, slots=True, kw_only=True)
class PagerSchedule:
    """A PagerDuty schedule: its body as the REST API takes it, with the addresses of people in place of their ids."""

    name: str
    body: Body
    path: str
    where: EntryPath
    where_layers: EntryPath


@dataclass(frozen=True, slots=True, kw_only=True)
class PagerDuty:
    """What PagerDuty is configured to do; all of it is empty where the files were not generated."""

    escalations: tuple[EscalationPolicy, ...] = ()
    services: tuple[PagerService, ...] = ()
    schedules: tuple[PagerSchedule, ...] = ()
    teams: tuple[str, ...] | None = None
    """The names of the teams; None where the files do not say."""
    keys: Mapping[str, str] | None = None
    """The service of each file that holds an integration key; None where the files do not say."""
    keys_where: EntryPath = ()


def of_bodies(parts: Mapping[str, Part]) -> PagerDuty:
    """Return what the bodies of the REST API make; raises MalformedFile where one has the wrong structure."""
    return PagerDuty(
        escalations=tuple(
            _escalation(body, "escalation_rules", "targets", _responder, _teams)
            for body in _bodies(parts, "escalation_policies", "escalation_policy")
        ),
        services=tuple(
            _service(body, body.text_of("name"), body.need("escalation_policy").text_of("id"))
            for body in _bodies(parts, "services", "service")
        ),
        schedules=tuple(
            PagerSchedule(
                name=body.text_of("name"),
                body=body.mapping(),
                path=body.path,
                where=body.where,
                where_layers=(*body.where, "schedule_layers"),
            )
            for body in _bodies(parts, "schedules", "schedule")
        ),
        teams=tuple(body.text_of("name") for body in _bodies(parts, "teams", "team")) if TEAMS in parts else None,
    )


def of_terraform(parts: Mapping[str, Part]) -> PagerDuty:
    """Return what Terraform makes; raises MalformedFile where its file has the wrong structure."""
    file = parts.get(TERRAFORM)
    return PagerDuty() if file is None else _Terraform(file).read()


class _Terraform:
    """Reads Terraform's file. Its resources refer to one another by `${kind.key.id}`, and have names of their own."""

    def __init__(self, file: Part) -> None:
        self._resources = file.need("resource")
        self._output = file.need("output").need("routing_keys").need("value")
        users = file.need("data").need("pagerduty_user")
        self._names = {
            f"data.pagerduty_user.{key}": _address(users.need(key).text_of("email")) for key in users.mapping()
        }
        for kind in ("pagerduty_team", "pagerduty_schedule", "pagerduty_escalation_policy", "pagerduty_service"):
            for key, body in self._each(kind):
                self._names[f"{kind}.{key}"] = _unescaped(body.text_of("name"))

    def read(self) -> PagerDuty:
        integrations = {
            f"pagerduty_service_integration.{key}": self._meant(body.text_of("service"))
            for key, body in self._each("pagerduty_service_integration")
        }
        return PagerDuty(
            escalations=tuple(
                _escalation(body, "rule", "target", self._responder, self._teams, _unescaped)
                for _, body in self._each("pagerduty_escalation_policy")
            ),
            services=tuple(
                _service(body, _unescaped(body.text_of("name")), self._meant(body.text_of("escalation_policy")))
                for _, body in self._each("pagerduty_service")
            ),
            schedules=tuple(self._schedule(body) for _, body in self._each("pagerduty_schedule")),
            teams=tuple(_unescaped(body.text_of("name")) for _, body in self._each("pagerduty_team")),
            keys={
                _unescaped(file): integrations.get(_referred(reference), reference)
                for file, reference in self._output.mapping().items()
            },
            keys_where=self._output.where,
        )

    def _each(self, kind: str) -> Iterator[tuple[str, Part]]:
        # A file without teams is one for an account that has none.
        resources = self._resources.get(kind) if kind == "pagerduty_team" else self._resources.need(kind)
        if resources is None:
            return iter(())
        return ((key, resources.need(key)) for key in resources.mapping())

    def _meant(self, reference: str) -> str:
        """Return the name of what is referred to; the reference itself where nothing is."""
        return self._names.get(_referred(reference), reference)

    def _responder(self, target: Part) -> Responder:
        return Responder(_kind(target), self._meant(target.text_of("id")))

    def _teams(self, body: Part) -> tuple[str, ...]:
        return tuple(self._meant(reference) for reference in body.texts("teams"))

    def _schedule(self, body: Part) -> PagerSchedule:
        layers = [
            {
                **layer.mapping(),
                "users": [{"user": {"id": self._meant(user)}} for user in layer.texts("users")],
                "restrictions": [part.mapping() for part in layer.list("restriction")],
            }
            for layer in body.list("layer")
        ]
        return PagerSchedule(
            name=_unescaped(body.text_of("name")),
            body={"time_zone": body.text_of("time_zone"), "schedule_layers": layers},
            path=body.path,
            where=body.where,
            where_layers=(*body.where, "layer"),
        )


def _referred(reference: str) -> str:
    """Return what a reference names: `pagerduty_schedule.primary` of `${pagerduty_schedule.primary.id}`."""
    return reference.removeprefix("${").removesuffix("}").rpartition(".")[0]


_LOOKUP = re.compile(r"\$\{lookup\(local\.emails, (\"(?:[^\"\\]|\\.)*\"), (\"(?:[^\"\\]|\\.)*\")\)\}")


def _address(text: str) -> str:
    """Return the address that is looked up, whatever the case of its letters, or that stands there."""
    looked_up = _LOOKUP.fullmatch(text)
    if looked_up is None:
        return _unescaped(text)
    wanted, otherwise = (_unescaped(json.loads(one)) for one in looked_up.groups())
    # Where the account has somebody with that address, that is who is meant.
    return otherwise if wanted == otherwise.lower() else wanted


def _unescaped(text: str) -> str:
    """Return a text of Terraform as it is: `$${` stands for `${`, `%%{` for `%{`."""
    return re.sub(r"([$%])\1\{", r"\1{", text)


def _bodies(parts: Mapping[str, Part], kind: str, key: str) -> Iterator[Part]:
    """Yield the REST bodies of one kind; none where the file was not generated."""
    file = parts.get(_BODIES.format(kind))
    if file is not None:
        for body in file.list():
            yield body.need(key)


def _escalation(
    body: Part,
    steps: str,
    targets: str,
    responder: Callable[[Part], Responder],
    teams: Callable[[Part], tuple[str, ...]],
    name: Callable[[str], str] = str,
) -> EscalationPolicy:
    return EscalationPolicy(
        name=name(body.text_of("name")),
        steps=tuple(
            EscalationStep(
                targets=tuple(map(responder, step.list(targets))),
                delay=timedelta(minutes=step.number("escalation_delay_in_minutes") or 0),
            )
            for step in body.list(steps)
        ),
        loops=body.number("num_loops") or 0,
        teams=teams(body),
        path=body.path,
        where=body.where,
        where_steps=(*body.where, steps),
    )


def _kind(target: Part) -> Literal["schedule", "person"]:
    return "schedule" if target.text_of("type") == "schedule_reference" else "person"


def _responder(target: Part) -> Responder:
    return Responder(_kind(target), target.text_of("id"))


def _teams(body: Part) -> tuple[str, ...]:
    return tuple(team.text_of("id") for team in body.list("teams"))


def _service(body: Part, name: str, escalation: str) -> PagerService:
    rule = body.get("incident_urgency_rule")
    urgency = rule.get("urgency") if rule else None
    return PagerService(
        name=name,
        escalation=escalation,
        acknowledgement_timeout=_time_out(body, "acknowledgement_timeout", 1800),
        auto_resolve_timeout=_time_out(body, "auto_resolve_timeout", 14400),
        urgency=urgency.text() if urgency else "high",
        disabled=body.mapping().get("status") == "disabled",
        path=body.path,
        where=body.where,
    )


def _time_out(body: Part, key: str, default: int) -> timedelta | None:
    """Return a time-out: PagerDuty's default where it is absent, None where it is 0, null or Terraform's "null"."""
    written = body.mapping().get(key, default)
    seconds = int(written) if str(written).isdigit() else 0
    return timedelta(seconds=seconds) if seconds else None
