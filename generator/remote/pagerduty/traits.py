"""What two bodies are compared by: traits with a label, a value, and the words for it.

PagerDuty gives back more than it was given, and some of it otherwise: defaults, `self` and `html_url`, layers from the
top down, layers that ended, `start` as the moment at which a layer was made, null for a time-out of 0. Here both sides
are brought to one form. Only what a rendered body says is compared, and what it relies on by its silence
(`_RELIED_ON`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from generator.behaviour import on_call
from generator.policy import duration
from generator.remote.pagerduty.desired import KINDS
from generator.upstream.pagerduty import folded, spaced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from zoneinfo import ZoneInfo

    from generator.remote.pagerduty.desired import Body, Kind

_UTC = frozenset({"UTC", "Etc/UTC"})
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_NOBODY = "nobody"
_BEGUN = "already"
EVERYBODY = "assign_to_everyone"
"""The strategy of a step that pages all its people."""
_RELIED_ON: Mapping[Kind, Mapping[str, Any]] = {
    "service": {
        # A paused service pages nobody, and a service that pauses alerts pages later than the proof says.
        "status": "active",
        "auto_pause_notifications_parameters": {"enabled": False},
    }
}
"""What a body need not say, since PagerDuty makes it so; somebody may have changed it by hand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trait:
    """A comparable property of an object; equal values are equal traits."""

    label: str
    value: Any
    text: str
    whole: bool = False
    """Whether the words say all of it: then two of the same words are the same, whatever their values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A trait that differs, as text: `before` in PagerDuty, `after` in the policy."""

    label: str
    before: str
    after: str


def differences(
    kind: Kind, existing: Body, wanted: Body, at: datetime, people: Mapping[str, str]
) -> tuple[Difference, ...]:
    """Return the traits in which an existing object differs from the wanted one; both bodies use names.

    `people` says what to call those whose addresses (in small letters) stand in the bodies.
    """
    reader = _Reader(at=at, people=people)
    # What an answer lacks is not known, and no difference: the API shows less than it takes.
    known = {key: value for key, value in wanted.items() if key in existing}
    after = {trait.label: trait for trait in reader.read(kind, {**relied_on(kind, existing), **known})}
    before = {trait.label: trait for trait in reader.read(kind, existing)}
    labels = [*after, *(label for label in before if label not in after and label.startswith(("layer ", "step ")))]
    return tuple(
        Difference(label=label, before=_text(before.get(label)), after=_text(after.get(label)))
        for label in labels
        if not _same(before.get(label), after.get(label))
    )


def described(kind: Kind, wanted: Body, at: datetime, people: Mapping[str, str]) -> tuple[Difference, ...]:
    """Return the traits of a new object."""
    return tuple(
        Difference(label=trait.label, before="", after=trait.text)
        for trait in _Reader(at=at, people=people).read(kind, wanted)
        if trait.label not in {"name", "description"} and trait.text != _BEGUN
    )


def relied_on(kind: Kind, existing: Body) -> Body:
    """Return the expected values of settings that no body contains but somebody has changed in PagerDuty."""
    return {
        key: value
        for key, value in _RELIED_ON.get(kind, {}).items()
        if key in existing and _value(kind, key, existing[key]) != _value(kind, key, value)
    }


def living(schedule: Body, at: datetime) -> list[Mapping[str, Any]]:
    """Return the layers that have not ended, in PagerDuty's order: top layer first."""
    return [layer for layer in schedule.get("schedule_layers") or () if not on_call.ended(layer, at)]


def strategy_of(rule: Mapping[str, Any]) -> str:
    """Return how a step assigns incidents: its description calls it a text, the API answers with an object.

    Source: go-pagerduty of heimweh, issue 133.
    """
    strategy = rule.get("escalation_rule_assignment_strategy")
    if isinstance(strategy, dict):
        strategy = strategy.get("type")
    return str(strategy or EVERYBODY)


def _value(kind: Kind, key: str, value: Any) -> Any:
    reader = _Reader(at=datetime.min.replace(tzinfo=timezone.utc), people={})
    return [trait.value for trait in reader.read(kind, {key: value})]


def _same(trait: Trait | None, other: Trait | None) -> bool:
    if trait is None or other is None:
        return trait is other
    return trait.value == other.value or (trait.whole and trait.text == other.text)


def _text(trait: Trait | None) -> str:
    return trait.text if trait else "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    at: datetime
    people: Mapping[str, str]

    def read(self, kind: Kind, body: Body) -> Iterator[Trait]:
        for key, value in body.items():
            special = _SPECIAL.get((kind, key))
            if special:
                yield from special(self, body)
            elif key != "type":
                yield _plain(key, value)

    def layers(self, body: Body) -> Iterator[Trait]:
        layers = body["schedule_layers"]
        zone = on_call.zone_of(body)
        if len(layers) > 1:
            order = tuple(layer.get("name") for layer in layers)
            yield Trait(label="layer order", value=order, text=", ".join(map(str, order)) + " (the last one wins)")
        for layer in layers:
            yield from self._layer(f"layer {layer.get('name')}", layer, zone)

    def _layer(self, label: str, layer: Mapping[str, Any], zone: ZoneInfo) -> Iterator[Trait]:
        users = tuple(str(user["user"]["id"]).lower() for user in layer["users"])
        yield Trait(label=f"{label}: rotation", value=users, text=", ".join(map(self._person, users)) or _NOBODY)
        length = on_call.turn(layer)
        yield Trait(label=f"{label}: turn", value=length, text=duration.write(length))
        first = on_call.shown_at(layer["rotation_virtual_start"], zone)
        # The same person has the same turn where the first one lies whole rounds earlier or later.
        phase = first.replace(second=0, microsecond=0) - _EPOCH
        # How long a round is, is another trait's.
        round_ = length * max(1, len(users))
        shown = f"{first:%a %Y-%m-%d %H:%M}"
        yield Trait(label=f"{label}: first turn", value=phase % round_, text=shown, whole=True)
        begin = on_call.instant(layer["start"])
        # PagerDuty sets the start of a layer that began before it was made to the moment at which it was made.
        begun = begin <= self.at
        shown = _BEGUN if begun else f"from {begin.astimezone(zone):%a %Y-%m-%d %H:%M} on"
        yield Trait(
            label=f"{label}: counts",
            value=None if begun else begin.astimezone(timezone.utc).replace(second=0, microsecond=0),
            text=shown,
        )
        hours = sorted(map(_hours, layer.get("restrictions") or ()))
        yield Trait(label=f"{label}: hours", value=tuple(hours), text="; ".join(map(_hours_text, hours)) or "always")
        if layer.get("end"):
            end = on_call.instant(layer["end"])
            yield Trait(label=f"{label}: ends", value=end, text=f"{end.astimezone(zone):%a %Y-%m-%d %H:%M}")

    def rules(self, body: Body) -> Iterator[Trait]:
        for number, rule in enumerate(body["escalation_rules"], 1):
            targets = tuple(str(target["id"]).lower() for target in rule["targets"])
            names = " and ".join(self._person(str(target["id"])) for target in rule["targets"])
            delay = timedelta(minutes=int(rule["escalation_delay_in_minutes"]))
            strategy = strategy_of(rule)
            yield Trait(
                label=f"step {number}",
                value=(targets, delay, strategy),
                text=f"{names}{' in turns' * (strategy != EVERYBODY)}, for {duration.write(delay)}",
            )

    def _person(self, name: str) -> str:
        return self.people.get(name.lower(), name)


def _plain(key: str, value: Any) -> Trait:
    return Trait(label=key.replace("_", " "), value=value, text=str(value))


def _name(_: _Reader, body: Body) -> Iterator[Trait]:
    yield Trait(label="name", value=spaced(str(body["name"])), text=str(body["name"]))


def _description(_: _Reader, body: Body) -> Iterator[Trait]:
    text = body["description"] or ""
    yield Trait(label="description", value=text, text=f"“{text}”")


def _time_zone(_: _Reader, body: Body) -> Iterator[Trait]:
    zone = body["time_zone"]
    yield Trait(label="time zone", value="UTC" if zone in _UTC else zone, text=zone)


def _loops(_: _Reader, body: Body) -> Iterator[Trait]:
    loops = int(body["num_loops"] or 0)
    yield Trait(label="begins anew", value=loops, text=f"{loops} times")


def _teams(_: _Reader, body: Body) -> Iterator[Trait]:
    teams = tuple(sorted(str(team["id"]) for team in body["teams"] or ()))
    yield Trait(label="team", value=tuple(sorted(map(folded, teams))), text=", ".join(teams) or "none")


def _escalation(_: _Reader, body: Body) -> Iterator[Trait]:
    name = str((body["escalation_policy"] or {}).get("id", "none"))
    yield Trait(label="escalation policy", value=folded(name), text=name)


def _timeout(key: str, label: str) -> Callable[[_Reader, Body], Iterator[Trait]]:
    def read(_: _Reader, body: Body) -> Iterator[Trait]:
        seconds = int(body[key] or 0)
        text = f"after {duration.write(timedelta(seconds=seconds))}" if seconds else "never"
        yield Trait(label=label, value=seconds, text=text)

    return read


def _urgency(_: _Reader, body: Body) -> Iterator[Trait]:
    rule = body["incident_urgency_rule"] or {}
    constant = rule.get("type") == "constant"
    text = str(rule.get("urgency") if constant else str(rule.get("type")).replace("_", " "))
    yield Trait(label="urgency", value=text, text=text)


def _grouping(_: _Reader, body: Body) -> Iterator[Trait]:
    kind = (body["alert_grouping_parameters"] or {}).get("type")
    yield Trait(label="alert grouping", value=kind, text=str(kind or "none"))


def _pause(_: _Reader, body: Body) -> Iterator[Trait]:
    on = bool((body["auto_pause_notifications_parameters"] or {}).get("enabled"))
    yield Trait(label="pauses alerts that come and go", value=on, text="yes" if on else "no")


def _status(_: _Reader, body: Body) -> Iterator[Trait]:
    # What is otherwise not disabled: active, warning, critical, maintenance say how it fares.
    disabled = body["status"] == "disabled"
    yield Trait(label="status", value=disabled, text="disabled" if disabled else "active")


_EPOCH = on_call.instant("2001-01-01T00:00:00Z").replace(tzinfo=None)
_SPECIAL: Mapping[tuple[Kind, str], Callable[[_Reader, Body], Iterator[Trait]]] = {
    **{(kind, "name"): _name for kind in KINDS},
    ("team", "description"): _description,
    ("schedule", "description"): _description,
    ("schedule", "time_zone"): _time_zone,
    ("schedule", "schedule_layers"): _Reader.layers,
    ("escalation_policy", "description"): _description,
    ("escalation_policy", "num_loops"): _loops,
    ("escalation_policy", "escalation_rules"): _Reader.rules,
    ("escalation_policy", "teams"): _teams,
    ("service", "description"): _description,
    ("service", "escalation_policy"): _escalation,
    ("service", "acknowledgement_timeout"): _timeout("acknowledgement_timeout", "acknowledged incidents open again"),
    ("service", "auto_resolve_timeout"): _timeout("auto_resolve_timeout", "open incidents close"),
    ("service", "incident_urgency_rule"): _urgency,
    ("service", "alert_grouping_parameters"): _grouping,
    ("service", "auto_pause_notifications_parameters"): _pause,
    ("service", "status"): _status,
}


def _hours(restriction: Mapping[str, Any]) -> tuple[int, str, int]:
    """Return the day of the week (0: every day), the start, and the length in seconds of a restriction."""
    weekly = restriction["type"] == "weekly_restriction"
    return (
        int(restriction.get("start_day_of_week") or 1) if weekly else 0,
        str(restriction["start_time_of_day"]),
        int(restriction["duration_seconds"]),
    )


def _hours_text(hours: tuple[int, str, int]) -> str:
    day, begin, seconds = hours
    return f"{_DAYS[day - 1] if day else 'every day'} {begin[:5]} for {duration.write(timedelta(seconds=seconds))}"
