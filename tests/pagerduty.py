"""A PagerDuty on loopback that keeps state, holds all that is said to PagerDuty's own description, and fails on demand.

The description is PagerDuty's and is not kept here: `ALERTC_PAGERDUTY_OPENAPI` names a copy of it; without one the
account does all else, and the test of the comparison is skipped. What is not in it
(that names are taken, that layers are listed from the top down and never go, that what is in use cannot be deleted)
follows its documentation and what clients written for it work around; each place says so.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import socket
import threading
import time
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

import pytest

from tests.serving import Quiet, served

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

DESCRIPTION = "ALERTC_PAGERDUTY_OPENAPI"
API_KEY = "u+alertcTestKey0123x"
Body = dict[str, Any]

WRAPPERS = {
    "teams": "team",
    "schedules": "schedule",
    "escalation_policies": "escalation_policy",
    "services": "service",
    "users": "user",
}


def described() -> dict[str, Any]:
    """Return PagerDuty's description of its REST API; skips the test where nobody has one."""
    path = os.environ.get(DESCRIPTION)
    if not path:
        pytest.skip(f"{DESCRIPTION} does not name PagerDuty's description of its REST API (an OpenAPI file in JSON)")
    return _read(path)


@cache
def _read(path: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
    return read


def unknown(api: dict[str, Any], schema: dict[str, Any], value: Any, path: str, asked: bool = True) -> Iterator[str]:
    """Yield the fields that no part of the schema knows, and, where it is asked for, those that only PagerDuty sets."""
    whole = list(parts(api, schema))
    if isinstance(value, list):
        for part in whole:
            for number, item in enumerate(value if "items" in part else ()):
                yield from unknown(api, part["items"], item, f"{path}[{number}]", asked)
    if not isinstance(value, dict):
        return
    for name, inner in value.items():
        known = [part["properties"][name] for part in whole if name in part.get("properties", {})]
        if not known:
            yield f"{path}.{name}: PagerDuty knows no such field"
        elif asked and name not in {"id", "type"} and all(part.get("readOnly") for part in known):
            # `id` and `type` are said to be read-only, and required in what refers to something.
            yield f"{path}.{name}: only PagerDuty sets it"
        else:
            yield from unknown(api, {"allOf": known}, inner, f"{path}.{name}", asked)


def parts(api: dict[str, Any], schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the schema and all that it is put together from."""
    if "$ref" in schema:
        yield from parts(api, referred(api, schema["$ref"]))
    yield schema
    for key in ("allOf", "anyOf", "oneOf"):
        for one in schema.get(key, ()):
            yield from parts(api, one)


def referred(api: dict[str, Any], reference: str) -> Any:
    found: Any = api
    for step in reference.removeprefix("#/").split("/"):
        name = step.replace("~1", "/")
        found = found[int(name)] if isinstance(found, list) else found[name]
    return found


class Judge:
    """Holds requests and answers to the description, by a library for that; what was judged before is not again."""

    def __init__(self, description: dict[str, Any]) -> None:
        from openapi_core import Config, OpenAPI

        self.description = description
        # As a whole the description is no valid OpenAPI (a default of text for a number): its parts are.
        self._api = OpenAPI.from_dict(_lenient(_settable(description)), config=Config(spec_validator_cls=None))
        self._known: dict[str, list[str]] = {}

    def complaints(self, method: str, url: str, headers: Body, sent: bytes, status: int, answer: bytes) -> list[str]:
        """Return what the description has against a request and its answer."""
        key = hashlib.sha256(
            b"\0".join((method.encode(), url.encode(), sent, str(status).encode(), answer))
        ).hexdigest()
        if key not in self._known:
            self._known[key] = list(self._judged(method, url, headers, sent, status, answer))
        return self._known[key]

    def _judged(self, method: str, url: str, headers: Body, sent: bytes, status: int, answer: bytes) -> Iterator[str]:
        from openapi_core.testing import MockRequest, MockResponse

        split = urlsplit(url)
        args = parse_qsl(split.query)
        request = MockRequest(
            "https://api.pagerduty.com",
            method.lower(),
            split.path,
            args=dict(args),
            headers=headers,
            data=sent or None,
            content_type="application/json",
        )
        answered = MockResponse(answer or None, status_code=status)
        yield from _held(f"request {method} {split.path}", lambda: self._api.validate_request(request))
        if status != 204:
            yield from _held(f"answer {method} {split.path}", lambda: self._api.validate_response(request, answered))
        operation = self._operation(method, split.path)
        parameters = {
            referred(self.description, one["$ref"])["name"] if "$ref" in one else one["name"]
            for one in operation.get("parameters", ())
        }
        yield from (f"{method} {split.path}: no parameter {name}" for name, _ in args if name not in parameters)
        if sent:
            schema = operation["requestBody"]["content"]["application/json"]["schema"]
            yield from unknown(self.description, schema, json.loads(sent), f"request {method} {split.path} $")
        if 200 <= status < 300 and answer:
            said = operation["responses"][str(status)]
            said = referred(self.description, said["$ref"]) if "$ref" in said else said
            schema = said["content"]["application/json"]["schema"]
            found = unknown(
                self.description, schema, json.loads(answer), f"answer {method} {split.path} $", asked=False
            )
            # The description leaves out the one thing that an integration is for.
            yield from (one for one in found if "integration_key" not in one)

    def _operation(self, method: str, path: str) -> Body:
        steps = path.strip("/").split("/")
        for template, operations in self.description["paths"].items():
            known = template.strip("/").split("/")
            same = len(known) == len(steps) and all(
                a == b or a.startswith("{") for a, b in zip(known, steps, strict=True)
            )
            if same and method.lower() in operations and ("{" not in template or steps[1:2] != ["preview"]):
                found: Body = operations[method.lower()]
                return found
        raise AssertionError(f"PagerDuty has no {method} {path}")


def _held(what: str, ask: Callable[[], object]) -> Iterator[str]:
    from openapi_core.exceptions import OpenAPIError

    try:
        ask()
    except OpenAPIError as error:
        causes = [one.message for one in getattr(error.__cause__, "schema_errors", None) or ()]
        yield f"{what}: {causes or error}"


def _settable(node: Any, key: str = "") -> Any:
    """Return the description with `id` and `type` settable: references need them, and they are said to be read-only."""
    if isinstance(node, list):
        return [_settable(one) for one in node]
    if not isinstance(node, dict):
        return node
    said = {name: _settable(value, name) for name, value in node.items()}
    if key in {"id", "type"} and said.get("readOnly") is True:
        del said["readOnly"]
    return said


def _lenient(description: Body) -> Body:
    """Return the description with what its words allow and its schemas do not."""
    schemas = description["components"]["schemas"]
    # "The end time of this layer. If `null`, the layer does not end."
    schemas["ScheduleLayer"]["properties"]["end"]["nullable"] = True
    return description


@cache
def _judge(path: str) -> Judge:
    return Judge(_read(path))


@dataclass
class Fault:
    """What goes wrong: at the `at`th request (from 0) of those that match, before or after it has acted.

    `lasting`: everything after it fails in the same way, until somebody takes the fault away.
    """

    kind: str
    """`closed`, `hangs`, or a status: 429, 500."""
    at: int = 0
    acted: bool = False
    lasting: bool = False
    times: int = 1
    method: str | None = None


@dataclass
class State:
    users: list[Body] = field(default_factory=list)
    rules: dict[str, list[Body]] = field(default_factory=dict)
    teams: list[Body] = field(default_factory=list)
    schedules: list[Body] = field(default_factory=list)
    escalation_policies: list[Body] = field(default_factory=list)
    services: list[Body] = field(default_factory=list)
    integrations: dict[str, list[Body]] = field(default_factory=dict)
    overrides: dict[str, list[Body]] = field(default_factory=dict)
    incidents: list[Body] = field(default_factory=list)
    settings: list[Body] = field(default_factory=list)
    """Alert grouping settings, of which no service tells."""

    def named(self, collection: str, name: str) -> Body:
        [found] = [one for one in getattr(self, collection) if one["name"] == name]
        assert isinstance(found, dict)
        return found


class Refusal(Exception):
    def __init__(self, status: int, message: str, *errors: str) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": {"code": 2001, "message": message, "errors": list(errors)}}


@dataclass(frozen=True, kw_only=True)
class Quirk:
    """A way in which the live API is said to differ from its description, and who said so."""

    name: str
    source: str
    excused: str = "(?!)"
    """What the description has against it: a regular expression."""


_ISSUES = "https://github.com/PagerDuty/terraform-provider-pagerduty/issues"
QUIRKS = {
    quirk.name: quirk
    for quirk in (
        # `escalation_rule_assignment_strategy` is an object, and shown only where it is asked for.
        Quirk(
            name="strategy-is-an-object",
            source="https://github.com/heimweh/go-pagerduty/issues/133",
            excused=r"\{'type': '(assign_to_everyone|round_robin)'\}|escalation_rule_assignment_strategy\.type",
        ),
        # The `end` of a layer that a PUT leaves out stays; only `end: null` takes it away.
        Quirk(name="end-stays", source=f"{_ISSUES}/451"),
        # The strategy of a step that a PUT leaves out stays as well (no source: the worst that it could do).
        Quirk(name="strategy-stays", source="a guess"),
        # A list of schedules has neither `final_schedule` nor `overrides_subschedule`, whatever is asked for.
        Quirk(name="list-without-final", source="https://github.com/PagerDuty/api-schema/issues/430"),
        # A list of schedules shows moments in the time zone of the account.
        Quirk(name="list-in-the-accounts-zone", source="https://github.com/PagerDuty/go-pagerduty/issues/538"),
        # Moments come back in UTC; resource_pagerduty_schedule.go of the provider turns them back ("temporary fix").
        Quirk(name="virtual-start-in-utc", source="resource_pagerduty_schedule.go, `rotation_virtual_start`"),
        # A layer that is sent again begins at that moment.
        Quirk(
            name="start-is-the-last-update", source="https://github.com/PagerDuty/terraform-provider-pagerduty/pull/35"
        ),
        # Blanks at the ends of names, and the second of two, are taken away without a word.
        Quirk(name="blanks-are-taken-away", source=f"{_ISSUES}/699"),
        # Fields of requests that answers leave out.
        Quirk(name="fields-are-left-out", source="facts of the project: answers show less than the description"),
        # Schedules in use: `Schedule can't be deleted if it's being used by escalation policies`.
        Quirk(name="in-use-by-snapshots", source=f"{_ISSUES}/902"),
        # A time-out of 0 comes back as null.
        Quirk(
            name="time-out-of-0-is-null",
            source="https://github.com/mozilla/terraform-modules/pull/492",
            excused=r"services(/\w+)?: \[.*None for not nullable",
        ),
        # Stakeholders (`read_only_user`) are refused in schedules.
        Quirk(name="stakeholders-are-refused", source=f"{_ISSUES}/759"),
        # A plan without teams: 402 for all that begins with /teams, and for `teams` of an escalation policy.
        Quirk(name="no-teams", source="https://github.com/webdevops/pagerduty-exporter/pull/1"),
        # A plan without alert grouping settings: 402.
        Quirk(
            name="no-grouping",
            source="https://support.pagerduty.com/main/docs/global-alert-grouping",
            excused="alert_grouping_settings: Unknown response http status: 402",
        ),
    )
}


class PagerDuty:
    """The account. `requests` is what was asked, `complaints` what PagerDuty's description has against it.

    Without the description there is no `judge`, and there are no complaints.
    """

    def __init__(self, now: datetime, quirks: Iterable[str] = ()) -> None:
        self.quirks = frozenset(quirks)
        assert self.quirks <= QUIRKS.keys()
        path = os.environ.get(DESCRIPTION)
        self.judge = _judge(path) if path else None
        self.state = State()
        self.snapshots: set[str] = set()
        """Ids of schedules through which incidents that are open began, by a chain as it was then."""
        self.now = now
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.fault: Fault | None = None
        self.url = ""
        self._lock = threading.Lock()

    def invite(self, name: str, email: str, *, rule: str | None = "push_notification", delay: int = 0) -> Body:
        """Make a user, who is told in one way."""
        ident = _id("user", email)
        user = {"id": ident, "type": "user", "name": name, "email": email, "role": "user"}
        self.state.users.append(user)
        self.state.rules[ident] = []
        if rule:
            self.state.rules[ident].append(
                {
                    "id": _id("rule", email),
                    "type": "assignment_notification_rule",
                    "start_delay_in_minutes": delay,
                    "urgency": "high",
                    "contact_method": {"id": _id("way", email), "type": f"{rule}_contact_method_reference"},
                }
            )
        return user

    # ------------------------------------------------------------------------------------------- requests

    def answer(self, method: str, url: str, headers: Body, sent: bytes) -> tuple[int, bytes] | None:
        """Return status and body; None: the connection is closed without an answer."""
        with self._lock:
            number = len(self.requests)
            split = urlsplit(url)
            self.requests.append(f"{method} {split.path}")
            fault = self._strikes(number, method)
            if fault and not fault.acted:
                return self._fails(fault)
            try:
                status, answer = self._act(method, split.path, parse_qsl(split.query), sent, headers)
            except Refusal as refusal:
                status, answer = refusal.status, refusal.body
            raw = json.dumps(answer).encode() if answer is not None else b""
            if self.judge:
                found = self.judge.complaints(method, url, headers, sent, status, raw)
                excused = re.compile("|".join(QUIRKS[name].excused for name in sorted(self.quirks)) or "(?!)")
                self.complaints += [one for one in found if not excused.search(one)]
            return self._fails(fault) if fault else (status, raw)

    def _strikes(self, number: int, method: str) -> Fault | None:
        fault = self.fault
        if fault is None or number < fault.at or (fault.method and fault.method != method):
            return None
        if fault.lasting:
            # What struck after it had acted once is a network that is down from then on.
            self.fault = Fault(kind=fault.kind, lasting=True)
        else:
            fault.times -= 1
            self.fault = fault if fault.times else None
        return fault

    def _fails(self, fault: Fault) -> tuple[int, bytes] | None:
        if fault.kind == "closed":
            return None
        if fault.kind == "hangs":
            time.sleep(1.5)
            return None
        if fault.kind == "page":
            return 200, b"<html>log in</html>"
        message = {"429": "Rate Limit Exceeded", "500": "Internal Server Error"}[fault.kind]
        return int(fault.kind), json.dumps({"error": {"code": 2020, "message": message}}).encode()

    def _act(self, method: str, path: str, query: list[tuple[str, str]], sent: bytes, headers: Body) -> tuple[int, Any]:
        if headers.get("Authorization") != f"Token token={API_KEY}":
            raise Refusal(401, "Unauthorized")
        steps = path.strip("/").split("/")
        body = json.loads(sent) if sent else {}
        if self._lacks(steps[0], body):
            raise Refusal(402, "Required abilities are unavailable", f"The {steps[0]} account ability is required.")
        if steps == ["incidents"]:
            return 200, self._incidents(query)
        if steps == ["alert_grouping_settings"]:
            return 200, {"alert_grouping_settings": self.state.settings}
        if steps[0] == "users" and steps[2:] == ["notification_rules"]:
            return 200, {"notification_rules": self.state.rules[self._held("users", steps[1])["id"]]}
        if steps[0] == "services" and steps[2:3] == ["integrations"]:
            return self._integration(method, steps, body)
        if steps[0] == "schedules" and steps[2:] == ["overrides"]:
            # 201, says the description, for a GET.
            return 201, {"overrides": self.state.overrides.get(self._held("schedules", steps[1])["id"], [])}
        collection = steps[0]
        if method == "GET" and len(steps) == 1:
            return 200, self._page(collection, query)
        wrapper = WRAPPERS[collection]
        if method == "POST":
            return 201, {wrapper: self._shown(collection, self._create(collection, body[wrapper]))}
        if method == "PUT":
            return 200, {wrapper: self._shown(collection, self._update(collection, steps[1], body[wrapper]))}
        if method == "DELETE":
            self._delete(collection, steps[1])
            return 204, None
        return 200, {wrapper: self._shown(collection, self._held(collection, steps[1]), dict(query))}

    def _page(self, collection: str, query: list[tuple[str, str]]) -> Body:
        asked = dict(query)
        limit, offset = int(asked.get("limit", 25)), int(asked.get("offset", 0))
        if not 1 <= limit <= 100 or limit + offset > 10_000:
            raise Refusal(400, "Invalid Input Provided", "limit or offset is out of range")
        every = getattr(self.state, collection)
        if collection == "users" and asked.get("query"):
            # Part of a name or an address; the description speaks of names, the provider asks by addresses.
            every = [one for one in every if asked["query"].casefold() in f"{one['name']} {one['email']}".casefold()]
        includes = {value for name, value in query if name == "include[]"}
        return {
            collection: [self._shown(collection, one, asked, includes) for one in every[offset : offset + limit]],
            "limit": limit,
            "offset": offset,
            "more": offset + limit < len(every),
            "total": None,
        }

    def _lacks(self, collection: str, body: Body) -> bool:
        """Return whether the plan of the account has not what is asked for."""
        if "no-teams" in self.quirks and (collection == "teams" or body.get("escalation_policy", {}).get("teams")):
            return True
        return "no-grouping" in self.quirks and collection == "alert_grouping_settings"

    def _incidents(self, query: list[tuple[str, str]]) -> Body:
        services = {value for name, value in query if name == "service_ids[]"}
        statuses = {value for name, value in query if name == "statuses[]"}
        found = [one for one in self.state.incidents if one["service"]["id"] in services and one["status"] in statuses]
        return {"incidents": found, "limit": 100, "offset": 0, "more": False, "total": None}

    def _held(self, collection: str, ident: str) -> Body:
        for one in getattr(self.state, collection):
            if one["id"] == ident:
                found: Body = one
                return found
        raise Refusal(404, "Not Found")

    def _create(self, collection: str, body: Body) -> Body:
        wrapper = WRAPPERS[collection]
        self._tidy(body)
        self._free(collection, body["name"], None)
        made = {**_DEFAULTS.get(collection, {}), **body, "id": _id(wrapper, f"{body['name']}{self._salt(collection)}")}
        self._keep(collection, made, None)
        getattr(self.state, collection).append(made)
        return made

    def _salt(self, collection: str) -> str:
        # Ids are the same in every run, and never given out twice.
        return str(sum(one.startswith(f"DELETE /{collection}") for one in self.requests))

    def _update(self, collection: str, ident: str, body: Body) -> Body:
        held = self._held(collection, ident)
        self._tidy(body)
        self._free(collection, body.get("name", held["name"]), ident)
        # What a PUT leaves out stays.
        merged = {**held, **body, "id": ident}
        self._keep(collection, merged, held)
        held.clear()
        held.update(merged)
        return held

    def _tidy(self, body: Body) -> None:
        if "blanks-are-taken-away" in self.quirks and "name" in body:
            body["name"] = " ".join(body["name"].split())

    def _free(self, collection: str, name: str, ident: str | None) -> None:
        # Names are taken whatever the case of their letters; the error is what PagerDuty says then.
        for one in getattr(self.state, collection):
            if one["id"] != ident and one["name"].casefold() == name.casefold():
                raise Refusal(400, "Invalid Input Provided", "Name has already been taken")

    def _keep(self, collection: str, body: Body, held: Body | None) -> None:
        """Bring a body into the form in which PagerDuty keeps it."""
        for kind, ident in references(body):
            known = {
                "user": "users",
                "schedule": "schedules",
                "team": "teams",
                "escalation_policy": "escalation_policies",
            }
            if kind in known and not any(one["id"] == ident for one in getattr(self.state, known[kind])):
                raise Refusal(400, "Invalid Input Provided", f"{kind} {ident} was not found")
        if collection == "schedules":
            self._stakeholders(body)
            body["schedule_layers"] = self._layers(body["schedule_layers"], held["schedule_layers"] if held else [])
        if collection == "escalation_policies":
            before = held["escalation_rules"] if held else []
            for number, rule in enumerate(body["escalation_rules"]):
                rule.setdefault("id", _id("rule", f"{body['name']}{number}"))
                if "strategy-stays" in self.quirks and number < len(before):
                    stayed = before[number]["escalation_rule_assignment_strategy"]
                    rule.setdefault("escalation_rule_assignment_strategy", stayed)
                strategy = rule.setdefault("escalation_rule_assignment_strategy", "assign_to_everyone")
                if isinstance(strategy, dict):
                    assert "strategy-is-an-object" in self.quirks
                    rule["escalation_rule_assignment_strategy"] = strategy["type"]
        if collection == "services":
            body["acknowledgement_timeout"] = body["acknowledgement_timeout"] or 0

    def _stakeholders(self, body: Body) -> None:
        looking_on = {one["id"] for one in self.state.users if one["role"].startswith("read_only")}
        if "stakeholders-are-refused" in self.quirks and looking_on & {ident for _, ident in references(body)}:
            raise Refusal(400, "Invalid Input Provided", "Stakeholders cannot be added to schedules")

    def _layers(self, sent: list[Body], held: list[Body]) -> list[Body]:
        """Return the layers from the bottom up. None ever goes; one that began before it was made begins now."""
        known = {layer["id"]: layer for layer in held}
        layers = []
        for layer in map(_as_described, sent):
            ident = layer.get("id")
            if ident is not None and ident not in known:
                raise Refusal(400, "Invalid Input Provided", f"layer {ident} was not found")
            kept = deepcopy(layer)
            if ident is None:
                kept["id"] = _id("layer", f"{layer['name']}{layer['rotation_virtual_start']}{len(held)}")
                if datetime.fromisoformat(layer["start"]) < self.now:
                    kept["start"] = self.now.isoformat()
            else:
                before = known.pop(ident)
                if "end-stays" in self.quirks and before.get("end"):
                    kept.setdefault("end", before["end"])
                if "start-is-the-last-update" in self.quirks and datetime.fromisoformat(layer["start"]) < self.now:
                    kept["start"] = self.now.isoformat()
            layers.append(kept)
        return [*known.values(), *layers]

    def _delete(self, collection: str, ident: str) -> None:
        held = self._held(collection, ident)
        users = {
            "teams": self.state.escalation_policies,
            "schedules": self.state.escalation_policies,
            "escalation_policies": self.state.services,
        }
        if any((WRAPPERS[collection], ident) in set(references(one)) for one in users.get(collection, ())):
            raise Refusal(400, "Invalid Input Provided", f"{held['name']} is in use and cannot be deleted")
        if collection == "schedules" and ident in self.snapshots:
            said = "Schedule can't be deleted if it's being used by an escalation policy snapshot with open incidents"
            raise Refusal(400, "Invalid Input Provided", said)
        getattr(self.state, collection).remove(held)
        if collection == "services":
            self.state.integrations.pop(ident, None)
        if collection == "schedules":
            self.state.overrides.pop(ident, None)

    def _integration(self, method: str, steps: list[str], body: Body) -> tuple[int, Any]:
        service = self._held("services", steps[1])["id"]
        there = self.state.integrations.setdefault(service, [])
        if method == "POST":
            # Any number of them may have the same name.
            ident = _id("integration", f"{service}{len(there)}")
            key = hashlib.sha256(ident.encode()).hexdigest()[:32]
            there.append(
                {**body["integration"], "id": ident, "integration_key": key, "summary": body["integration"]["name"]}
            )
            return 201, {"integration": there[-1]}
        for one in there:
            if one["id"] == steps[3]:
                return 200, {"integration": one}
        raise Refusal(404, "Not Found")

    def _shown(
        self, collection: str, body: Body, query: Body | None = None, includes: set[str] | frozenset[str] = frozenset()
    ) -> Body:
        """Return an object as PagerDuty shows it: with links, with summaries, layers from the top down."""
        shown = _linked(deepcopy(body), self.state)
        if collection == "escalation_policies":
            self._show_strategies(shown, query, includes)
        if collection == "schedules":
            rendered = self._rendered(body, query or {})
            shown["schedule_layers"] = list(reversed(shown["schedule_layers"]))
            shown |= {"final_schedule": rendered[0], "overrides_subschedule": rendered[1], "users": [], "teams": []}
            listed = query is not None and ("limit" in query or "offset" in query)
            if listed:
                parts = {"schedule_layers", "final_schedule", "overrides_subschedule"}
                if "list-without-final" in self.quirks:
                    includes = includes & {"schedule_layers"}
                for part in parts - includes:
                    del shown[part]
            self._show_moments(shown, listed)
        if collection == "services":
            shown["integrations"] = [
                {"id": one["id"], "type": f"{one['type']}_reference", "summary": one["name"]}
                for one in self.state.integrations.get(body["id"], ())
            ]
            shown["teams"] = []
            if "time-out-of-0-is-null" in self.quirks:
                for part in ("acknowledgement_timeout", "auto_resolve_timeout"):
                    shown[part] = shown[part] or None
            if "fields-are-left-out" in self.quirks:
                for part in ("alert_grouping_parameters", "alert_creation"):
                    shown.pop(part, None)
            if query is not None and "auto_pause_notifications_parameters" not in includes:
                shown.pop("auto_pause_notifications_parameters", None)
        return shown

    def _show_strategies(self, shown: Body, query: Body | None, includes: set[str] | frozenset[str]) -> None:
        if "fields-are-left-out" in self.quirks:
            shown.pop("on_call_handoff_notifications", None)
        if "strategy-is-an-object" not in self.quirks:
            return
        for rule in shown["escalation_rules"]:
            strategy = rule.pop("escalation_rule_assignment_strategy", "assign_to_everyone")
            if query is None or "escalation_rule_assignment_strategies" in includes:
                rule["escalation_rule_assignment_strategy"] = {"type": strategy}

    def _show_moments(self, shown: Body, listed: bool) -> None:
        for layer in shown.get("schedule_layers", ()):
            for key in ("start", "end", "rotation_virtual_start"):
                if not layer.get(key):
                    continue
                moment = datetime.fromisoformat(layer[key])
                if listed and "list-in-the-accounts-zone" in self.quirks:
                    layer[key] = moment.astimezone(ZoneInfo("America/Los_Angeles")).isoformat()
                elif "virtual-start-in-utc" in self.quirks:
                    layer[key] = moment.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")

    def _rendered(self, schedule: Body, query: Body) -> tuple[Body, Body]:
        """Return who is on call from `since` to `until`, by layers and overrides, and by overrides alone."""
        from generator.behaviour import on_call

        since = datetime.fromisoformat(query["since"]) if "since" in query else self.now
        until = datetime.fromisoformat(query["until"]) if "until" in query else since + timedelta(days=14)
        overrides = [
            one
            for one in self.state.overrides.get(schedule["id"], ())
            if datetime.fromisoformat(one["start"]) < until and datetime.fromisoformat(one["end"]) > since
        ]
        shown = [{"start": one["start"], "end": one["end"], "user": one["user"]} for one in overrides]
        person = on_call.on_call(schedule, since)
        entry = {"start": since.isoformat(), "end": until.isoformat(), "user": {"id": person, "type": "user_reference"}}
        final = shown or ([entry] if person else [])
        return (
            {"name": "Final Schedule", "rendered_schedule_entries": deepcopy(final)},
            {"name": "Overrides", "rendered_schedule_entries": deepcopy(shown)},
        )


_DEFAULTS: dict[str, Body] = {
    "teams": {"default_role": "manager"},
    "escalation_policies": {"num_loops": 0, "on_call_handoff_notifications": "if_has_services", "teams": []},
    "services": {
        "acknowledgement_timeout": 1800,
        "auto_resolve_timeout": 14400,
        "status": "active",
        "incident_urgency_rule": {"type": "constant", "urgency": "high"},
        "auto_pause_notifications_parameters": {"enabled": False},
        "created_at": "2026-01-01T00:00:00Z",
    },
}


def _as_described(layer: Body) -> Body:
    """Return a layer as the description has it: Terraform's provider writes some of it otherwise, and is understood."""
    start = re.fullmatch(r"(\S+) (\S+) \+0000 UTC", layer["rotation_virtual_start"])
    if start is None:
        return layer
    users = [{"user": {**user["user"], "type": "user_reference"}} for user in layer["users"]]
    empty = {key for key in ("id", "end") if not layer.get(key)}
    kept = {key: value for key, value in layer.items() if key not in empty}
    return {**kept, "users": users, "rotation_virtual_start": f"{start[1]}T{start[2]}+00:00"}


def _id(kind: str, name: str) -> str:
    return "P" + hashlib.sha256(f"{kind}/{name}".encode()).hexdigest()[:7].upper()


def references(node: Any) -> Iterator[tuple[str, str]]:
    """Yield kind and id of all that a body refers to."""
    if isinstance(node, list):
        for one in node:
            yield from references(one)
    elif isinstance(node, dict):
        if str(node.get("type")).endswith("_reference"):
            yield node["type"].removesuffix("_reference"), node["id"]
        for one in node.values():
            yield from references(one)


def _linked(node: Any, state: State) -> Any:
    """Return a body with what PagerDuty adds to all that has an id."""
    if isinstance(node, list):
        return [_linked(one, state) for one in node]
    if not isinstance(node, dict):
        return node
    said = {key: _linked(value, state) for key, value in node.items()}
    if "id" in said and "type" in said and "contact_method" not in said:
        said |= {"self": f"https://api.pagerduty.com/x/{said['id']}", "html_url": None}
        said.setdefault("summary", said.get("name") or _name(said["id"], state))
    return said


def _name(ident: str, state: State) -> str:
    every = (*state.users, *state.teams, *state.schedules, *state.escalation_policies, *state.services)
    return next((str(one["name"]) for one in every if one["id"] == ident), "somebody who left")


@contextmanager
def running(now: datetime | None = None, quirks: Iterable[str] = ()) -> Iterator[PagerDuty]:
    """An account on loopback, for as long as the block runs; nothing in it broke PagerDuty's description."""
    account = PagerDuty(now or datetime.now(timezone.utc).replace(microsecond=0), quirks)

    class Handler(Quiet):
        protocol_version = "HTTP/1.1"
        # An answer is two writes; without this the second one waits for the first one to be acknowledged.
        disable_nagle_algorithm = True

        def _serve(self) -> None:
            sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            answer = account.answer(self.command, self.path, dict(self.headers.items()), sent)
            if answer is None:
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            status, raw = answer
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        do_GET = do_POST = do_PUT = do_DELETE = _serve

    with served(Handler) as address:
        account.url = f"http://{address}"
        yield account
    assert account.complaints == []
