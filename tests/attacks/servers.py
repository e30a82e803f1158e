"""Servers that answer what they like, asked by every command that asks one.

An answer is right, right but for some values in it, or bytes of any kind, at any speed. What is asked of a PagerDuty
account that answers so may be half done; nothing but its key files is written here.
"""

from __future__ import annotations

import copy
import json
import shutil
from functools import cache
from typing import TYPE_CHECKING, Any

from tests import hostile
from tests.attacks.world import SECRET, contents, forged
from tests.hostile import ways, with_another
from tests.remote.test_hostile_servers import CONFIGS, WRONG
from tests.remote.test_hostile_servers import honest as running

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

    from tests.attacks.world import Ran, World
    from tests.hostile import Behaviour

KEY = "key-of-an-account-4711"
LIMIT = "1"
"""Seconds that an answer may take."""


def attack(world: World, dice: random.Random) -> Iterator[tuple[Ran, list[str]]]:
    """Let one command ask servers that answer so."""
    world.restore()
    (world.project / "keys").mkdir()
    (world.project / "diff.md").write_text("<!-- alertc diff -->\n0 changes\n", encoding="utf-8")
    (world.project / "event.json").write_text('{"pull_request": {"number": 1}}', encoding="utf-8")
    shape, env, answers = dice.choice(_ASKED)
    honest = dice.choice((0.6, 0.9, 0.97))
    table = {
        key: hostile.answer(body) if dice.random() < honest else _behaviour(body, dice)
        for key, body in _shuffled(answers(), dice)
    }
    with hostile.serving(table) as server:
        words = tuple(word.replace("URL", server.url) for word in shape)
        before = contents(world.project)
        ran = world.run(words, {name: value.replace("URL", server.url) for name, value in env.items()}, judged=False)
        asked = "".join(server.heads)
    wrong = [*world.faults(ran), *forged(ran)]
    if SECRET in asked or KEY in ran.out + ran.err:
        wrong.append("a secret goes where it does not belong")
    after = contents(world.project)
    changed = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    wrong += [f"changed {path}" for path in sorted(changed) if not path.startswith(("keys", ".cache"))]
    shutil.rmtree(world.project / "keys")
    yield ran, wrong


def _shuffled(answers: dict[str, Any], dice: random.Random) -> list[tuple[str, Any]]:
    """Return what is answered to what, the longest paths first; now and then some of it is to nothing."""
    if dice.random() < 0.1:
        answers = {" ": dice.choice(list(answers.values()))}
    return sorted(answers.items(), key=lambda item: -len(item[0]))


def _behaviour(body: Any, dice: random.Random) -> Behaviour:
    match dice.randrange(10):
        case 0:
            return hostile.answer(dice.choice(list(hostile.JSON_BODIES.values())))
        case 1:
            return dice.choice(list(hostile.HTTP_ANSWERS.values()))[0]
        case 2:
            return hostile.answer(body, status=dice.choice(_STATUSES), headers=dice.choice(_HEADERS))
        case 3:
            whole = json.dumps(body)
            return hostile.cut(body, dice.randrange(len(whole)))
        case 4:
            return dice.choice((hostile.silent, hostile.closed, hostile.slow(b"HTTP/1.1 200 OK\r\nX: y\r\n\r\n")))
        case 5:
            return hostile.answer(hostile.bomb(dice.choice((1 << 20, 1 << 27))), headers={"Content-Encoding": "gzip"})
        case 6:
            return hostile.endless(b"HTTP/1.1 200 OK\r\n\r\n" + json.dumps(body).encode()[:-1], dice.choice(_PIECES))
        case 7:
            return hostile.raw(bytes(dice.randrange(256) for _ in range(dice.choice((0, 1, 9, 999)))))
        case _:
            return hostile.answer(_spoiled(body, dice))


def _spoiled(body: Any, dice: random.Random) -> Any:
    body = copy.deepcopy(body)
    for _ in range(dice.choice((1, 1, 1, 2, 5))):
        body = with_another(body, dice.choice(list(ways(body))), dice.choice((*WRONG, *_VALUES)))
    return body


_STATUSES = ("200 OK", "201 Created", "204 No Content", "301 Moved", "302 Found", "307 x", "400 Bad", "401 No", "402 Pay", "403 No", "404 No", "409 Conflict", "429 Slow", "500 Oh", "503 Oh", "999 x", "100 Go on")  # fmt: skip
_HEADERS = (
    *({}, {"Location": "http://[::1"}, {"Location": "/"}, {"Location": "//evil.example/"}, {"Location": "file:///etc/passwd"}),
    *({"Location": "http://127.0.0.1:1/\x1b[2J"}, {"Retry-After": "1" * 400}, {"Ratelimit-Reset": "-1"}, {"Retry-After": "nan"}),
    *({"Content-Encoding": "br"}, {"Content-Type": "text/html; charset=utf-7"}, {"Link": "<http://x>; rel=next"}, {"X": "y" * 70_000}),
)  # fmt: skip
_PIECES = (b" " * 4096, b"[" * 4096, b'"x",' * 1024, b"9" * 4096)
_VALUES = (
    *("\x1b]0;T\x07", "\u202eabc", "::error::forged", "##[error]forged", "../../etc/passwd", "a\nb", "\ud800", "2026-13-45T99:99:99Z"),
    *("0001-01-01T00:00:00Z", "9999-12-31T23:59:59+14:00", "Mars/Olympus", "x" * 100_000, "../UTC", f"{SECRET}x", 0.1, -(10**400), 10**400),
    *(["x"] * 3000, {"x": {"y": {"z": [None]}}}, [[[[]]]], {str(number): number for number in range(2000)}, *CONFIGS),
)  # fmt: skip


@cache
def _live() -> dict[str, Any]:
    return running()


@cache
def _account() -> dict[str, Any]:
    """Return what an account answers in which somebody made something by hand, and some of it is ours."""
    people = (
        ("PANA", "Ana Keller", "ana@shop.example"),
        ("PBO", "Bo Lindqvist", "bo@shop.example"),
        ("PCY", "Cy Okafor", "cy@shop.example"),
    )
    users = [
        {"id": ident, "type": "user", "name": name, "email": email, "role": "user"} for ident, name, email in people
    ]
    user = {"id": "PANA", "type": "user_reference", "summary": "Ana Keller"}
    team = {"id": "PTEAM", "type": "team", "name": "Web", "description": "Managed by alertc (shop)."}
    layer = {
        "id": "PLAYER",
        "name": "all",
        "start": "2026-01-05T09:00:00+01:00",
        "end": None,
        "rotation_virtual_start": "2026-01-05T09:00:00+01:00",
        "rotation_turn_length_seconds": 604800,
        "users": [{"user": user}],
        "restrictions": [{"type": "daily_restriction", "start_time_of_day": "08:00:00", "duration_seconds": 3600}],
    }
    entries = {
        "rendered_schedule_entries": [{"start": "2026-03-03T09:00:00Z", "end": "2026-03-04T09:00:00Z", "user": user}]
    }
    schedule = {
        "id": "PSCHED",
        "type": "schedule",
        "name": "primary",
        "description": "Managed by alertc (shop).",
        "time_zone": "Europe/Zurich",
        "schedule_layers": [layer],
        "final_schedule": entries,
        "overrides_subschedule": entries,
        "teams": [],
        "escalation_policies": [],
    }
    step = {
        "id": "PSTEP",
        "escalation_delay_in_minutes": 1,
        "targets": [{"id": "PSCHED", "type": "schedule_reference"}],
    }
    chain = {
        "id": "PCHAIN",
        "type": "escalation_policy",
        "name": "web P0",
        "description": "Managed by alertc (shop).",
        "num_loops": 0,
        "escalation_rules": [step],
        "teams": [{"id": "PTEAM", "type": "team_reference"}],
        "services": [],
    }
    integration = {
        "id": "PINT",
        "type": "events_api_v2_inbound_integration",
        "name": "alertc",
        "integration_key": "0" * 32,
    }
    service = {
        "id": "PSVC",
        "type": "service",
        "name": "web P0",
        "description": "Managed by alertc (shop).",
        "status": "active",
        "escalation_policy": {"id": "PCHAIN", "type": "escalation_policy_reference"},
        "integrations": [integration],
        "teams": [],
        "acknowledgement_timeout": 1800,
        "auto_resolve_timeout": "14400",
        "incident_urgency_rule": {"type": "constant", "urgency": "high"},
    }
    rule = {
        "id": "PRULE",
        "urgency": "high",
        "start_delay_in_minutes": 0,
        "contact_method": {"id": "PM", "type": "push_notification_contact_method"},
    }
    page = {"limit": 100, "offset": 0, "more": False, "total": None}
    many = {
        "users": users,
        "teams": [team],
        "schedules": [schedule],
        "escalation_policies": [chain],
        "services": [service],
    }
    alone = {"team": team, "schedule": schedule, "escalation_policy": chain, "service": service}
    return {
        **{f"GET /{word}": {word: listed, **page} for word, listed in many.items()},
        **{f"GET /{word}s/" if word != "escalation_policy" else "GET /escalation_policies/": {word: body} for word, body in alone.items()},
        "notification_rules": {"notification_rules": [rule]},
        "/overrides": {"overrides": []},
        "/integrations": {"integration": integration},
        "POST /services/PSVC/integrations": {"integration": integration},
        **{f"{method} /{word}s" if word != "escalation_policy" else f"{method} /escalation_policies": {word: body} for method in ("POST", "PUT") for word, body in alone.items()},
        "DELETE": {},
    }  # fmt: skip


@cache
def _github() -> dict[str, Any]:
    comment = {
        "id": 7,
        "body": "<!-- alertc diff -->\nold",
        "user": {"login": "github-actions[bot]"},
        "html_url": "http://x/7",
    }
    return {"/user": {"login": "github-actions[bot]"}, "GET ": [comment], "POST ": comment, "PATCH ": comment}


@cache
def _gitlab() -> dict[str, Any]:
    note = {"id": 7, "body": "<!-- alertc diff -->\nold", "author": {"id": 3, "username": "bot"}, "system": False}
    return {"/user": {"id": 3, "username": "bot"}, "GET ": [note], "POST ": note, "PUT ": note}


_OF_PAGERDUTY = {"PAGERDUTY_API_KEY": KEY, "ALERTC_PAGERDUTY_URL": "URL"}
_WAITING = ("--timeout", LIMIT)
_ASKED = (
    (("pagerduty", "plan", "--keys", "keys", *_WAITING), _OF_PAGERDUTY, _account),
    (("pagerduty", "plan", "--keys", "keys", "--adopt", "--prune", "--format", "json", *_WAITING), _OF_PAGERDUTY, _account),
    (("pagerduty", "apply", "--keys", "keys", "--yes", *_WAITING), _OF_PAGERDUTY, _account),
    (("pagerduty", "apply", "--keys", "keys", "--yes", "--adopt", "--prune", *_WAITING), _OF_PAGERDUTY, _account),
    (("pagerduty", "drift", "--keys", "keys", *_WAITING), _OF_PAGERDUTY, _account),
    (("verify-live", "--prometheus", "URL", "--alertmanager", "URL", *_WAITING), {}, _live),
    (("verify-live", "--prometheus", "URL", "--format", "github", *_WAITING), {"GITHUB_ACTIONS": "true"}, _live),
    (("verify-live", "--alertmanager", "URL", "--format", "json", *_WAITING), {}, _live),
    (
        ("comment", "diff.md", *_WAITING),
        {"GITHUB_ACTIONS": "true", "GITHUB_TOKEN": SECRET[::-1], "GITHUB_REPOSITORY": "o/r", "GITHUB_EVENT_PATH": "event.json", "GITHUB_API_URL": "URL"},
        _github,
    ),
    (
        ("comment", "diff.md", *_WAITING),
        {"GITLAB_CI": "true", "ALERTC_GITLAB_TOKEN": SECRET[::-1], "CI_API_V4_URL": "URL", "CI_PROJECT_ID": "1", "CI_MERGE_REQUEST_IID": "2"},
        _gitlab,
    ),
)  # fmt: skip
