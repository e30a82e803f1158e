"""The shapes of PagerDuty's answers, as far as we read them; what an account may hold beside that is left alone.

Source: PagerDuty's description of its REST API. Numbers may come as texts of digits.
"""

from __future__ import annotations

from datetime import datetime, time
from typing import TYPE_CHECKING, Any

from generator.remote.answers import (
    Misshapen,
    anything,
    both,
    each,
    fields,
    flag,
    mapping,
    matching,
    parts,
    shallow,
    text,
    which,
)
from generator.remote.pagerduty.desired import COLLECTIONS
from generator.remote.web import quoted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from generator.remote.answers import Shape


def _is_moment(written: str) -> bool:
    try:
        moment = datetime.fromisoformat(written.replace("Z", "+00:00"))
    except ValueError:
        return False
    return moment.tzinfo is not None and 1900 < moment.year < 9000


def _is_time(written: str) -> bool:
    try:
        return time.fromisoformat(written).tzinfo is None
    except ValueError:
        return False


def _whole(least: int, most: int) -> Shape:
    def shape(value: Any, where: str) -> None:
        digits = isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 20
        if isinstance(value, bool) or not (isinstance(value, int) or digits) or not least <= int(value) <= most:
            raise Misshapen(f"`{quoted(where.removeprefix('/'), 80)}` is not a whole number from {least} to {most}")

    return shape


def _references(value: Any, where: str) -> None:
    """Reject references with an invalid id, at any depth."""
    for part in parts(value):
        if isinstance(part, dict) and str(part.get("type")).endswith("_reference") and "id" in part:
            ident(part["id"], f"{where}/.../id")


_DECADE = 10 * 366 * 86400
_MOMENT = which(text, _is_moment, "a moment with its offset from UTC")
_SECONDS, _MINUTES = _whole(0, _DECADE), _whole(0, _DECADE)

ident = matching(r"[A-Za-z0-9_-]{1,100}", "an id")
_thing = fields({"id": ident})

_RESTRICTION = fields(
    {"type": text, "start_time_of_day": which(text, _is_time, "a time of day"), "duration_seconds": _SECONDS}
)
_WEEKLY = fields({"start_day_of_week": _whole(1, 7)})


def _restriction(value: Any, where: str) -> None:
    _RESTRICTION(value, where)
    if value["type"] == "weekly_restriction":
        _WEEKLY(value, where)


_LAYER = fields(
    {
        "start": _MOMENT,
        "rotation_virtual_start": _MOMENT,
        "rotation_turn_length_seconds": _whole(1, _DECADE),
        "users": each(fields({"user": _thing})),
    },
    {"id": ident, "name": text, "end": _MOMENT, "restrictions": each(_restriction)},
)
_ENTRIES = fields({}, {"rendered_schedule_entries": each(fields({"start": _MOMENT, "end": _MOMENT, "user": _thing}))})
_STEP = fields({"targets": each(fields({"id": ident, "type": text})), "escalation_delay_in_minutes": _MINUTES})
_INTEGRATION = {"name": text, "summary": text, "type": text}
_NAMED: Mapping[str, Shape] = {"name": text, "summary": text, "description": text}

OBJECTS: Mapping[str, Shape] = {
    "user": fields({"id": ident}, {"name": text, "email": text, "role": text}),
    "team": fields({"id": ident}, _NAMED),
    "schedule": fields(
        {"id": ident},
        {
            **_NAMED,
            "time_zone": text,
            "schedule_layers": each(_LAYER),
            "final_schedule": _ENTRIES,
            "overrides_subschedule": _ENTRIES,
        },
    ),
    "escalation_policy": fields(
        {"id": ident, "escalation_rules": each(_STEP)},
        {**_NAMED, "num_loops": _whole(0, 1000), "teams": each(_thing)},
    ),
    "service": fields(
        {"id": ident},
        {
            **_NAMED,
            "status": text,
            "escalation_policy": _thing,
            "acknowledgement_timeout": _SECONDS,
            "auto_resolve_timeout": _SECONDS,
            "incident_urgency_rule": mapping,
            "alert_grouping_parameters": mapping,
            "auto_pause_notifications_parameters": mapping,
            "integrations": each(fields({"id": ident}, _INTEGRATION)),
        },
    ),
    "integration": fields({"id": ident}, {"integration_key": matching(r"[\x21-\x7e]{1,200}", "a key")}),
}
"""What a body holds, by the word that PagerDuty wraps it in."""

LISTS: Mapping[str, Shape] = {
    "users": OBJECTS["user"],
    **{many: OBJECTS[kind] for kind, many in COLLECTIONS.items()},
    "notification_rules": fields(
        {"urgency": text, "start_delay_in_minutes": _MINUTES, "contact_method": fields({}, {"type": text})}
    ),
    "overrides": anything,
    "incidents": fields({"id": ident, "service": _thing}),
    "alert_grouping_settings": fields({"id": ident}, {"name": text, "type": text, "services": each(_thing)}),
}
"""What one of many holds, by the word under which PagerDuty lists them."""


def wrapped(word: str) -> Shape:
    """Return the shape of an answer that contains one object."""
    return both(shallow, _references, fields({word: OBJECTS[word]}))


def listed(word: str) -> Shape:
    """Return the shape of an answer that contains a list or a page of it."""
    return both(shallow, _references, fields({word: each(LISTS[word])}, {"more": flag, "after": text}))
