"""The pure core of `alertc pagerduty`: who is on call by a body, what is the same, what is sent."""

import json
import os
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.behaviour import on_call
from generator.diagnostics.diagnostic import EnvironmentProblem
from generator.plan import rota
from generator.remote.pagerduty import keys, remote, traits
from generator.remote.pagerduty.apply import _layers, with_ids
from generator.remote.pagerduty.existing import Secret, named
from tests.compiling import EXCHANGE, compiled
from tests.targets.test_terraform import RICH

NOW = datetime(2026, 3, 3, 10, 0, tzinfo=timezone.utc)
POLICIES = {name: compiled(text) for name, text in (("rich", RICH), ("exchange", EXCHANGE))}
SCHEDULES = [
    (done.plan.policy, body["schedule"])
    for done in POLICIES.values()
    for artifact in done.artifacts
    if artifact.path == "pagerduty/schedules.json"
    for body in json.loads(artifact.text)
]
INSTANTS = st.datetimes(datetime(2025, 12, 1), datetime(2028, 1, 1)).map(  # noqa: DTZ001  # made UTC in the next line
    lambda found: found.replace(tzinfo=timezone.utc)
)


@given(st.sampled_from(SCHEDULES), INSTANTS)
def test_by_a_body_the_same_person_is_on_call_as_by_the_policy(schedule, at):
    policy, body = schedule
    person = rota.on_call(policy.schedules[body["name"]], at)
    assert on_call.on_call(body, at) == (policy.people[person].email if person else None)


def test_a_layer_that_ended_counts_no_more():
    _, body = next(one for one in SCHEDULES if one[1]["name"] == "funds-primary")
    layer = {**body["schedule_layers"][0], "end": NOW.isoformat()}
    assert on_call.on_call({**body, "schedule_layers": [layer]}, NOW - timedelta(seconds=1)) is not None
    assert on_call.on_call({**body, "schedule_layers": [layer]}, NOW) is None


def layer(**changed):
    return {
        "name": "all",
        "start": "2026-01-05T09:00:00+01:00",
        "rotation_virtual_start": "2026-01-05T09:00:00+01:00",
        "rotation_turn_length_seconds": 604800,
        "users": [{"user": {"type": "user_reference", "id": one}} for one in ("a@x", "b@x")],
        "restrictions": [],
        **changed,
    }


def schedule(*layers, zone="Europe/Zurich"):
    return {"name": "s", "time_zone": zone, "schedule_layers": list(layers)}


@pytest.mark.parametrize(
    ("there", "different"),
    [
        ({}, []),
        # PagerDuty begins a layer of the past at the moment at which it is made.
        ({"start": "2026-02-10T12:34:56Z"}, []),
        ({"rotation_virtual_start": "2026-01-05T08:00:00Z"}, []),
        # Two whole rounds later, and by the same clock in summer.
        ({"rotation_virtual_start": "2026-02-02T09:00:00+01:00"}, []),
        ({"rotation_virtual_start": "2026-06-08T09:00:00+02:00"}, []),
        ({"restrictions": None, "rotation_turn_length_seconds": "604800"}, []),
        ({"users": [{"user": {"type": "user_reference", "id": one}} for one in ("A@x", "B@x")]}, []),
        # One round of one person: the other has the turn.
        ({"rotation_virtual_start": "2026-01-12T09:00:00+01:00"}, ["layer all: first turn"]),
        ({"rotation_virtual_start": "2026-06-08T08:00:00+02:00"}, ["layer all: first turn"]),
        ({"start": "2026-04-01T00:00:00Z"}, ["layer all: counts"]),
        ({"rotation_turn_length_seconds": 86400}, ["layer all: turn"]),
        ({"end": "2026-04-01T00:00:00Z"}, ["layer all: ends"]),
        (
            {
                "restrictions": [
                    {"type": "daily_restriction", "start_time_of_day": "08:00:00", "duration_seconds": 3600}
                ]
            },
            ["layer all: hours"],
        ),
    ],
)
def test_what_is_the_same_in_other_words_and_what_is_not(there, different):
    found = traits.differences("schedule", schedule(layer(**there)), schedule(layer()), NOW, {})
    assert [one.label for one in found] == different


def test_null_is_a_time_out_that_never_strikes():
    wanted = {"name": "s", "acknowledgement_timeout": 0, "alert_grouping_parameters": {"type": None}}
    there = {"name": "s", "acknowledgement_timeout": None, "alert_grouping_parameters": None, "status": "warning"}
    assert traits.differences("service", there, wanted, NOW, {}) == ()
    [found] = traits.differences("service", {**there, "acknowledgement_timeout": 1800}, wanted, NOW, {})
    assert (found.label, found.before, found.after) == ("acknowledged incidents open again", "after 30m", "never")


@given(st.dictionaries(st.sampled_from(["Ana", "bo", "Cy Ø"]), st.text("PQ0123", min_size=3), min_size=3))
def test_names_become_ids_and_ids_become_names(known):
    if len(set(known.values())) < len(known):
        return
    ids = {("team_reference", name.casefold()): ident for name, ident in known.items()}
    body = {"x": [{"type": "team_reference", "id": name} for name in known], "n": 1}
    assert named(with_ids(body, ids), {ident: name for name, ident in known.items()}) == body


def test_a_reference_to_nothing_is_said_and_not_sent():
    with pytest.raises(EnvironmentProblem, match="there is no escalation policy X to refer to"):
        with_ids({"type": "escalation_policy_reference", "id": "X"}, {})


def test_a_key_shows_itself_nowhere():
    key = Secret(text="0123456789abcdef")
    account = remote.Account(url="https://x", key=key)
    assert "0123456789abcdef" not in f"{key} {key!r} {account!r} {[key]}"


def test_a_key_file_is_whole_private_and_leaves_nothing_beside_it(tmp_path):
    path = tmp_path / "pagerduty-a-P0"
    path.write_text("old")
    path.chmod(0o644)
    keys.write(path, Secret(text="new"))
    assert (path.read_text(), path.stat().st_mode & 0o777, os.listdir(tmp_path)) == ("new", 0o600, [path.name])  # noqa: PTH208
    with pytest.raises(EnvironmentProblem, match="cannot be written"):
        keys.write(tmp_path / "none/key", Secret(text="new"))


@pytest.mark.parametrize(
    ("wanted", "there", "sent"),
    [
        ("2026-01-05", "2026-02-02", "2026-02-02"),
        ("2026-03-03T10:00:00", "2026-03-03T10:00:00", "2026-03-03T10:00:00"),
        ("2026-01-05", "2026-03-03T10:00:00", "2026-03-03T10:00:00"),
        ("2026-03-03T10:00:01", "2026-02-02", "2026-03-03T10:00:01"),
        ("2026-01-05", "2026-03-03T10:00:01", "2026-01-05"),
        ("2026-04-06", "2026-05-04", "2026-04-06"),
    ],
    ids=["both-began", "both-begin-now", "one-begins-now", "wanted-later", "there-later", "both-later"],
)
def test_a_layer_keeps_its_beginning_once_both_have_begun(wanted, there, sent):
    """Until then it begins as the policy says: later, where the policy says so."""
    wanted, there, sent = ((day if "T" in day else f"{day}T09:00:00") + "+00:00" for day in (wanted, there, sent))
    held = SimpleNamespace(body={"schedule_layers": [{"id": "L1", "name": "all", "start": there, "users": []}]})
    assert _layers([{"name": "all", "start": wanted}], held, NOW) == [{"name": "all", "id": "L1", "start": sent}]
