"""out/pagerduty/terraform.tf.json says what the REST bodies say, in Terraform's words and within its provider's limits.

The limits: terraform-provider-pagerduty, resource_pagerduty_{schedule,escalation_policy,service}.go.
"""

import json
import re
import shutil
import subprocess

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from generator.targets.render import terraform
from tests import seeds
from tests.compiling import EXCHANGE, SMALL, edited, files

FILE = "pagerduty/terraform.tf.json"
REFERENCE = re.compile(r"\$\{(data\.)?(pagerduty_[a-z_]+)\.([A-Za-z0-9_-]+)\.(id|integration_key)\}")

LAYERS = '      all: {from: 2026-01-05, hand_over: "Mon 09:00", turn: 7d, rotation: [ana, bo]}\n'
RICH = edited(
    SMALL,
    (
        LAYERS,
        LAYERS
        + '      night: {from: 2026-01-05, hand_over: "Mon 20:00", turn: 1d, rotation: [ana], daily: "20:00-08:00"}\n'
        + '      week: {from: 2026-01-05, hand_over: "Mon 08:00", turn: 7d, rotation: [bo], days: Mon-Fri}\n'
        + '      both: {from: 2026-01-05, hand_over: "Mon 08:00", turn: 7d, rotation: [bo], days: Fri-Mon, '
        + 'daily: "08:00-18:00"}\n',
    ),
    ("    timezone: Europe/Zurich\n    layers", "    timezone: UTC\n    layers"),
    ("definition: Money is lost.", "definition: 'Money: ${lost} and 100%{ gone } $${a} \"quoted\" \\'"),
)  # fmt: skip


@pytest.fixture(scope="module", params=[SMALL, RICH, EXCHANGE], ids=["small", "rich", "exchange"])
def rendered(request):
    return files(request.param)


def meaning(written: str) -> str:
    """Return what Terraform reads in a string without templates, one character after the other (scan_tokens.rl)."""
    read, at = "", 0
    while at < len(written):
        if written[at : at + 3] in ("$${", "%%{"):
            read, at = read + written[at + 1 : at + 3], at + 3
        else:
            assert written[at : at + 2] not in ("${", "%{"), f"a template begins at {at}: {written}"
            read, at = read + written[at], at + 1
    return read


@given(st.text(st.sampled_from('$%{}~ab\\"\n') | st.characters(exclude_categories=["Cs"])))
@example("$$${")
@example("%%%{%{${")
@example("${~a}")
def test_any_text_arrives_unchanged(text):
    assert meaning(json.loads(terraform(text))) == text


@settings(max_examples=seeds.many(10, 60))
@given(st.text(st.sampled_from('$%{}"\\ab ') | st.characters(categories=["L", "P", "S"]), min_size=1).map(str.strip))
@example("${a} %{b} $${c} $$${d} \\ \" '")
def test_any_definition_and_title_arrive_in_the_file(text):
    text = f"a{text}"
    quoted = "'" + text.replace("'", "''") + "'"
    found = files(
        edited(SMALL, ("definition: Money is lost.", f"definition: {quoted}"), ("title: Web,", f"title: {quoted},"))
    )
    resources = json.loads(found[FILE])["resource"]
    assert f" {text} Closed by hand" in meaning(resources["pagerduty_service"]["web-P0"]["description"])
    assert meaning(resources["pagerduty_team"]["web"]["name"]) == text


@pytest.mark.skipif(shutil.which("terraform") is None, reason="terraform is not installed")
def test_terraform_itself_reads_every_text_unchanged(tmp_path):
    texts = [f"{a}{b}{c}{d}" for a in "$%{a" for b in "$%{a" for c in "$%{\n" for d in "$%{~"]
    outputs = ",".join(f'"o{number}": {{"value": {terraform(text)}}}' for number, text in enumerate(texts))
    (tmp_path / "main.tf.json").write_text(f'{{"//": "a comment", "output": {{{outputs}}}}}', encoding="utf-8")
    command = ("terraform", f"-chdir={tmp_path}")
    subprocess.run([*command, "apply", "-auto-approve", "-no-color"], check=True, capture_output=True)
    shown = subprocess.run([*command, "output", "-json"], check=True, capture_output=True, text=True).stdout
    read = json.loads(shown)
    assert [read[f"o{number}"]["value"] for number in range(len(texts))] == texts


def looked_up(text):
    """Return the address that Terraform asks for; it is that of the policy where nobody has it in other letters."""
    known, written = re.fullmatch(r'\$\{lookup\(local\.emails, (".*"), (".*")\)\}', text).groups()
    assert json.loads(known) == json.loads(written).lower()
    return meaning(json.loads(written))


def test_every_reference_is_to_something_declared(rendered):
    found = json.loads(rendered[FILE])
    written = rendered[FILE].replace("$${", "")
    references = REFERENCE.findall(written)
    lookups = written.count("${lookup(local.emails, ") + written.count("${{for user in data.pagerduty_users.all.users")
    assert len(references) + lookups == written.count("${") > 10
    for data, kind, name, _ in references:
        assert name in found["data" if data else "resource"][kind], f"{kind}.{name}"
    assert found["terraform"] == {
        "required_providers": {"pagerduty": {"source": "PagerDuty/pagerduty", "version": "~> 3.32"}}
    }


def test_names_are_identifiers_and_nobody_is_looked_up_in_vain(rendered):
    found = json.loads(rendered[FILE])
    names = [name for part in ("data", "resource") for block in found[part].values() for name in block]
    assert found["data"].pop("pagerduty_users") == {"all": {}}
    assert all(re.fullmatch(r"[a-z][A-Za-z0-9_-]*", name) for name in names)
    used = {name for _, kind, name, _ in REFERENCE.findall(rendered[FILE]) if kind == "pagerduty_user"}
    assert used == found["data"]["pagerduty_user"].keys()


def test_it_says_what_the_rest_bodies_say(rendered):
    """Every value is the same once Terraform's names are replaced by those that the bodies know things by."""
    found = json.loads(rendered[FILE])
    resources = found["resource"]
    users = found["data"]["pagerduty_user"].items()
    known = {("data.", "pagerduty_user", key): looked_up(user["email"]) for key, user in users}
    for kind, blocks in resources.items():
        known |= {("", kind, key): meaning(block["name"]) for key, block in blocks.items()}

    def id_of(text):
        return known[
            REFERENCE.fullmatch(text).groups()[:3]
            if text.startswith("${data")
            else ("", *REFERENCE.fullmatch(text).groups()[1:3])
        ]

    def bodies(kind):
        return [body[kind_of[kind]] for body in json.loads(rendered[f"pagerduty/{kind}.json"])]

    kind_of = {
        "teams": "team",
        "schedules": "schedule",
        "escalation_policies": "escalation_policy",
        "services": "service",
    }
    for body, block in zip(bodies("teams"), resources["pagerduty_team"].values(), strict=True):
        assert (body["name"], body["description"]) == (meaning(block["name"]), meaning(block["description"]))
    for body, block in zip(bodies("schedules"), resources["pagerduty_schedule"].values(), strict=True):
        assert [body[key] for key in ("name", "description", "time_zone")] == [
            meaning(block[key]) for key in ("name", "description", "time_zone")
        ]
        for layer, written in zip(body["schedule_layers"], block["layer"], strict=True):
            users = [one["user"]["id"] for one in layer.pop("users")]
            assert users == [id_of(one) for one in written.pop("users")]
            assert layer.pop("restrictions") == written.pop("restriction")
            assert layer == written
    for body, block in zip(
        bodies("escalation_policies"), resources["pagerduty_escalation_policy"].values(), strict=True
    ):
        assert (body["name"], body["num_loops"]) == (meaning(block["name"]), block["num_loops"])
        # What the provider cannot say (`on_call_handoff_notifications`) the bodies leave to the API, too.
        assert body.keys() == {"type", "name", "description", "num_loops", "escalation_rules", "teams"}
        assert [one["id"] for one in body["teams"]] == [id_of(one) for one in block["teams"]]
        assert [
            (rule["escalation_delay_in_minutes"], [(one["type"], one["id"]) for one in rule["targets"]])
            for rule in body["escalation_rules"]
        ] == [
            (rule["escalation_delay_in_minutes"], [(one["type"], id_of(one["id"])) for one in rule["target"]])
            for rule in block["rule"]
        ]
    for body, (key, block) in zip(bodies("services"), resources["pagerduty_service"].items(), strict=True):
        assert [body[name] for name in ("name", "description")] == [
            meaning(block[name]) for name in ("name", "description")
        ]
        assert body["escalation_policy"]["id"] == id_of(block["escalation_policy"])
        assert body["incident_urgency_rule"] == block["incident_urgency_rule"]
        # What the API writes as 0 is "null" in Terraform: never by time.
        assert (body["acknowledgement_timeout"], body["auto_resolve_timeout"]) == (0, 0)
        assert (block["acknowledgement_timeout"], block["auto_resolve_timeout"]) == ("null", "null")
        integration = resources["pagerduty_service_integration"][key]
        assert integration["type"] == "events_api_v2_inbound_integration"
        assert id_of(integration["service"]) == body["name"]
        assert "vendor" not in integration


def test_it_keeps_to_the_limits_of_the_provider(rendered):
    resources = json.loads(rendered[FILE])["resource"]
    for policy in resources["pagerduty_escalation_policy"].values():
        assert 0 <= policy["num_loops"] <= 9
        assert len(policy["teams"]) <= 1
        assert not set(policy["name"]) & set("\\/&<>")
        for rule in policy["rule"]:
            assert rule["escalation_delay_in_minutes"] >= 1
            assert 1 <= len(rule["target"]) <= 10
    for schedule in resources["pagerduty_schedule"].values():
        assert schedule["time_zone"] != "UTC"
        for layer in schedule["layer"]:
            assert 3600 <= layer["rotation_turn_length_seconds"] <= 365 * 86400
            assert layer["users"]
            for one in layer["restriction"]:
                weekly = one["type"] == "weekly_restriction"
                assert ("start_day_of_week" in one) == weekly
                assert 1 <= one.get("start_day_of_week", 1) <= 7
                assert 1 <= one["duration_seconds"] < 86400 * (7 if weekly else 1)


def test_later_layers_stand_above_earlier_ones_and_utc_is_written_as_pagerduty_knows_it():
    found = files(RICH)
    [body] = json.loads(found["pagerduty/schedules.json"])
    block = json.loads(found[FILE])["resource"]["pagerduty_schedule"]["primary"]
    # PagerDuty's last layer wins, in the order in which layers are posted.
    assert [layer["name"] for layer in body["schedule"]["schedule_layers"]] == ["all", "night", "week", "both"]
    assert [layer["name"] for layer in block["layer"]] == ["all", "night", "week", "both"]
    assert body["schedule"]["time_zone"] == block["time_zone"] == "Etc/UTC"
