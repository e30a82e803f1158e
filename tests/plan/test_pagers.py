"""A channel may page (`pages: true`): then a policy needs no PagerDuty, no people and no schedules."""

import json
from pathlib import Path

import pytest

from generator.checks import verify
from generator.checks.files import catch_all, procedure, routing, times
from generator.plan import pagers
from tests.compiling import SMALL, compiled, edited, files, refusal
from tests.projects import alertc
from tests.verifying import verified

POLICY = (Path(__file__).parent.parent / "policies" / "channels.yaml").read_text(encoding="utf-8")
CONFIGURATION, PROCEDURE = "alertmanager/alertmanager.yml", "docs/incident-response.md"
URGENT = """\
    # urgent pages oncall.
    - receiver: oncall
      matchers:
        - 'severity="urgent"'
        - 'environment="production"'
      group_by:
        - alertname
        - service
        - incident
      group_wait: 10s
      group_interval: 30s
      repeat_interval: 1h59m29s
      routes:
        # An incident for each door.
        - receiver: oncall
          matchers:
            - 'page_each="door"'
          group_by:
            - alertname
            - service
            - door
            - incident
"""
BOTH = (("notify: [page, room]\n    closes: by-hand\n  P1", "notify: [page, phone, room]\n    closes: by-hand\n  P1"),)
PHONE = (
    "channels:\n",
    "channels:\n  phone: {victorops: ana, audience: internal, pages: true}\n",
)


def project(tmp_path, text):
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy" / "club.yaml").write_text(text, encoding="utf-8")
    return tmp_path


# ------------------------------------------------------------------------------------------- no PagerDuty at all


def test_nothing_is_said_of_pagerduty():
    made = files(POLICY)
    assert not [path for path in made if "pagerduty" in path]
    assert not [path for path, text in made.items() if "pagerduty" in text.lower()]


def test_the_channel_has_a_route_as_a_page_has_one():
    assert URGENT in files(POLICY)[CONFIGURATION]
    assert compiled(POLICY).diagnostics == ()


def test_the_procedure_says_who_is_paged_and_until_when_somebody_answers():
    page = files(POLICY)[PROCEDURE]
    assert (
        page[page.index("## Who is paged") : page.index("## What is silent")]
        == """\
## Who is paged when

Counted from the moment the condition becomes true in the world, at the latest, for an alert that needs no more than
its severity's `detect_in` to be seen.

- **urgent** pages e-mail to oncall@club.example after 2m10s. Whoever reads it there answers within 3m.
- **soon** pages e-mail to oncall@club.example after 29m55s. Whoever reads it there answers within 1h36m.

"""
    )


def test_explain_sums_up_to_the_answer(tmp_path):
    answer = alertc(project(tmp_path, POLICY), "explain", "DoorDown")
    assert "2m25s  oncall  e-mail to oncall@club.example, again within 1h59m30s" in answer.stdout
    assert "5m25s          the last of them has answered; the SLA is less than 15m: 9m35s to spare" in answer.stdout
    assert (
        "The sum: scrape 15s + scrape timeout 10s + evaluation 15s + for 1m + group 30s + delivery 15s + answer 3m."
    ) in answer.stdout
    assert "An incident of its own for each alertname, door and service." in answer.stdout
    assert "oncall is told that it is over; people close it.\nIn the policy" in answer.stdout


@pytest.mark.parametrize(("hold", "late"), [("10m15s", False), ("10m30s", True)])
def test_the_bound_ends_at_delivery_and_the_answer(hold, late):
    text = edited(
        POLICY,
        ("    for: 1m\n", f"    for: {hold}\n"),
        ("fires_at: 2m15s", f"fires_at: {'11m30s' if not late else '11m45s'}"),
        ("0x4 1x20}, fires", "0x4 1x80}, fires"),
        ("silent_until: 5m}", "silent_until: 16m}"),
        ("0x20}", "0x80}"),
    )
    if not late:
        assert compiled(text).diagnostics == ()
        return
    assert "urgent DoorDown can take 15m10s to be acknowledged; the SLA is 15m" in refusal(
        edited(text, ("acknowledge: 15m,", "acknowledge: 15m, answer_in: 3m15s,"))
    )


def test_who_says_that_no_person_is_named(tmp_path):
    folder = project(tmp_path, POLICY)
    assert alertc(folder, "who", "urgent", "door").stdout == (
        "A urgent of door pages no person by name, but:\n"
        "  oncall: e-mail to oncall@club.example\n"
        "Whoever reads it there answers within 3m.\n"
    )
    assert json.loads(alertc(folder, "who", "urgent", "door", "--format", "json").stdout)["channels"] == [
        {"channel": "oncall", "through": "e-mail to oncall@club.example"}
    ]


def test_there_is_nothing_to_apply(tmp_path):
    answer = alertc(project(tmp_path, POLICY), "pagerduty", "plan")
    assert answer.returncode == 2
    assert "PagerDuty pages nobody by this policy: there is nothing to apply" in answer.stderr


def test_the_report_draws_who_is_paged(tmp_path):
    folder = project(tmp_path, POLICY)
    assert alertc(folder, "report").returncode == 0
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "whoever answers there" in page
    assert [word for word in ("PagerDuty", "On call", "ends the chain") if word in page] == []


# ------------------------------------------------------------------------------------------- proven


def test_a_page_that_gets_lost_is_found(monkeypatch):
    monkeypatch.setattr(verify, "VERIFIERS", (routing.check, catch_all.check))
    monkeypatch.setattr(verify, "ASKERS", ())
    other = URGENT.replace("receiver: oncall", "receiver: room")
    found = verified((CONFIGURATION, URGENT, other), policy=POLICY)
    assert "error[RTE601]: urgent DoorDown of door and 1 other alert would not reach oncall\n" in found


def test_a_shared_incident_is_found(monkeypatch):
    monkeypatch.setattr(verify, "VERIFIERS", (routing.check,))
    monkeypatch.setattr(verify, "ASKERS", ())
    found = verified((CONFIGURATION, "            - door\n", ""), policy=POLICY)
    assert (
        "error[RTE608]: urgent DoorDown of door and 1 other alert would share an incident with alerts that differ in "
        "door\n"
    ) in found


def test_times_that_miss_the_sla_are_found(monkeypatch):
    monkeypatch.setattr(verify, "VERIFIERS", (times.check,))
    monkeypatch.setattr(verify, "ASKERS", ())
    slow = URGENT.replace("group_interval: 30s", "group_interval: 11m")
    found = verified((CONFIGURATION, URGENT, slow), policy=POLICY)
    late = "urgent DoorDown can take 15m55s to be acknowledged; the SLA is 15m\n"
    assert f"error[TIM601]: with the rendered times, {late}" in found


def test_a_page_that_comes_back_too_rarely_is_found(monkeypatch):
    monkeypatch.setattr(verify, "VERIFIERS", (times.check,))
    monkeypatch.setattr(verify, "ASKERS", ())
    rare = URGENT.replace("1h59m29s", "5h")
    assert "goes to oncall every 5h30s, the policy says every 2h\n" in verified(
        (CONFIGURATION, URGENT, rare), policy=POLICY
    )


def test_a_procedure_that_says_another_time_is_found(monkeypatch):
    monkeypatch.setattr(verify, "VERIFIERS", (procedure.check,))
    monkeypatch.setattr(verify, "ASKERS", ())
    assert verified(policy=POLICY) == ""
    found = verified((PROCEDURE, "answers within 3m.", "answers within 9m."), policy=POLICY)
    assert "says of oncall for urgent otherwise than the policy" in found


# ------------------------------------------------------------------------------------------- beside PagerDuty


def test_both_page_where_both_are_named():
    text = edited(SMALL, *BOTH, PHONE)
    routes = files(text)[CONFIGURATION]
    first = routes.index("    # P0 pages phone.\n")
    assert "      continue: true\n" in routes[first : routes.index("    # P0 of web.\n")]
    assert "shop web P0" in files(text)["pagerduty/services.json"]
    assert compiled(text).diagnostics == ()


def test_some_severities_page_by_pagerduty_and_others_by_a_channel():
    text = edited(
        SMALL, PHONE, ("    resolve: 24h\n    notify: [page, room]", "    resolve: 24h\n    notify: [phone, room]")
    )
    made = files(text)
    assert "shop web P1" in made["pagerduty/services.json"]
    assert "shop web P2" not in made["pagerduty/services.json"]
    assert "# P2 pages phone.\n" in made[CONFIGURATION]
    assert compiled(text).diagnostics == ()


def test_alerts_of_others_page_the_channel_and_those_of_the_policy_do_so_once():
    text = edited(
        POLICY,
        ("  urgent: {title", "  urgent: {is: [critical], title"),
        ("services:\n", "owners: {otherwise: door}\n\nservices:\n"),
    )
    made = compiled(text)
    assert made.diagnostics == ()
    assert {rule.labels["escalation"] for rule in made.plan.rules if not rule.origin.spread} == {"-"}
    assert verified(policy=text) == ""


def test_unknown_alerts_go_where_their_severity_pages():
    text = edited(POLICY, ("unrouted: {notify: [room]}", "unrouted: urgent"))
    assert (
        files(text)[CONFIGURATION]
        .partition("\nreceivers:")[0]
        .endswith(
            "A message too many is better than none.\n    - receiver: oncall\n      group_by:\n        - '...'\n"
            "      group_wait: 10s\n      group_interval: 30s\n      repeat_interval: 1h59m29s\n"
        )
    )
    assert compiled(text).diagnostics == ()


def test_unknown_alerts_page_all_who_page_for_their_severity():
    text = edited(SMALL, *BOTH, PHONE, ("unrouted: P1", "unrouted: P0"))
    last = files(text)[CONFIGURATION].partition("\nreceivers:")[0].split("    - receiver: ")[-2:]
    assert [route.split("\n")[0] for route in last] == ["phone", "unrouted"]
    assert ["continue: true" in route for route in last] == [True, False]
    assert compiled(text).diagnostics == ()
    assert verified(policy=text) == ""


# ------------------------------------------------------------------------------------------- services that exist


def test_a_service_of_pagerduty_that_exists_is_paged_by_its_key_and_never_made(tmp_path):
    mail = "email: oncall@club.example, audience: internal, pages: true"
    text = edited(POLICY, (mail, "pagerduty: Club, key_file: pd, audience: internal"))
    made = files(text)
    assert (
        "      - routing_key_file: '/etc/alertmanager/secrets/pd'\n        send_resolved: false\n"
        in made[CONFIGURATION]
    )
    assert not [path for path in made if path.startswith("pagerduty/")]
    assert compiled(text).diagnostics == ()
    assert verified(policy=text) == ""
    folder = project(tmp_path, text)
    told = alertc(folder, "explain", "DoorDown").stdout
    assert "2m25s  oncall  PagerDuty, again within 7m\n" in told
    assert "oncall is never told that it is over; people close it.\n" in told
    assert "there is nothing to apply" in alertc(folder, "pagerduty", "plan").stderr


def test_it_stands_beside_the_services_of_the_policy(tmp_path):
    text = edited(
        SMALL,
        ("channels:\n", "channels:\n  old: {pagerduty: Old desk, key_file: old-desk, audience: internal}\n"),
        ("    resolve: 24h\n    notify: [page, room]", "    resolve: 24h\n    notify: [old, room]"),
        ("    closes: with-alert\n  P3", "  P3"),
    )
    made = files(text)
    assert not [path for path, body in made.items() if path.startswith("pagerduty/") and "old-desk" in body]
    assert compiled(text).diagnostics == ()
    assert verified(policy=text) == ""
    assert "there is no API key" in alertc(project(tmp_path, text), "pagerduty", "plan").stderr  # it got so far


# ------------------------------------------------------------------------------------------- who closes


@pytest.mark.parametrize(
    ("channel", "told"),
    [
        ("email: oncall@club.example", True),
        ("opsgenie: ops, key_file: k", False),
        ("opsgenie: ops, key_file: k, resolved: send", True),
        ("email: oncall@club.example, resolved: never", False),
    ],
)
def test_the_end_is_told_where_it_closes_nothing_that_people_close(channel, told):
    text = edited(POLICY, ("email: oncall@club.example", channel))
    made = compiled(text).plan
    assert pagers.tells_the_end(made.policy, "oncall") is told
    assert {receiver.name: receiver.resolved for receiver in made.receivers}["oncall"] is told


# ------------------------------------------------------------------------------------------- what is refused


def test_an_urgent_severity_needs_a_page():
    assert "urgent pages nobody" in refusal(edited(POLICY, (", pages: true", "")))


def test_a_page_needs_an_escalation():
    assert (
        refusal(edited(POLICY, ("notify: [oncall, room]", "notify: [page, room]")))
        == """\
error[POL274]: door has no `escalation`, but DoorDown of it pages people through PagerDuty
  --> policy.yaml:36:3
   |
36 |   door: {team: all, runbook: door.md}
   |   ^^^^
   = help: add `escalation` to the service or `pager` to its team, or a channel with `pages: true` instead of `page`

1 error
"""
    )


def test_what_no_route_knows_needs_somebody():
    text = edited(POLICY, ("unrouted: {notify: [room]}", "unrouted: note"))
    assert "what no route knows is a note, which pages nobody: door has no `escalation`" in refusal(text)


def test_the_public_is_no_pager():
    text = edited(
        POLICY,
        ("audience: internal, pages: true", "audience: public, pages: true"),
        ("notify: [room]}\n  h", "notify: [oncall]}\n  h"),
    )
    said = refusal(text)
    assert "error[POL275]: channel oncall is public, and pages: nobody answers there\n" in said
    assert "error[POL275]: what no route knows would be told to the public channel oncall alone, as a draft\n" in said


def test_an_environment_that_pages_nobody_tells_no_pager():
    several = ("environment: production\n", "environments: {production: {}, staging: {notify: [oncall]}}\n")
    assert "error[POL277]: staging pages nobody, but tells oncall, where somebody answers\n" in refusal(
        edited(POLICY, several)
    )
    rooms = edited(POLICY, (several[0], several[1].replace("oncall", "room")))
    assert compiled(rooms).diagnostics == ()
    assert verified(policy=rooms) == ""


def test_what_closes_is_told_its_end():
    text = edited(
        POLICY,
        ("email: oncall@club.example", "opsgenie: ops, key_file: k"),
        ("resolve: 48h, ", "resolve: 48h, closes: with-alert, "),
    )
    (found,) = compiled(text).diagnostics
    assert (found.code, found.message) == (
        "POL276",
        "soon has `closes: with-alert`, but oncall, which pages it, is not told that an alert is over",
    )


def test_pagerduty_that_is_left_has_nothing_to_load(tmp_path):
    folder = project(tmp_path, POLICY)
    (folder / "before.yaml").write_text(SMALL, encoding="utf-8")
    said = alertc(folder, "diff", "before.yaml").stdout
    assert (
        "  nothing pages through PagerDuty any more: delete its services, chains and schedules there by hand\n" in said
    )
    assert "  load Alertmanager, then Prometheus; back: " in said
    back = alertc(folder, "diff", "policy/club.yaml", "--to", "before.yaml").stdout
    assert "  load PagerDuty, then Alertmanager, then Prometheus; back: " in back
