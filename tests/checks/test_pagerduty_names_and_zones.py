"""What PagerDuty and Slack make of names, time zones, regions and addresses is said before anything is sent to them."""

import json
from zoneinfo import ZoneInfo

import pytest

from generator.checks import verify
from generator.checks.files import destinations
from generator.upstream import pagerduty
from tests.compiling import SMALL, compiled, edited, files, refusal, said
from tests.verifying import POLICY, verified

TEAM = "  web: {title: Web, members: [ana, bo]}\n"
ZONE = "    timezone: Europe/Zurich\n    layers"
DRAFT = '  status-draft: {slack: "#status", url_file: slack-url-status, audience: public'
ROOM = '  room: {slack: "#shop", audience: internal}'
MANAGER = 'alertmanager: {version: "0.25",'
SURVIVE = "  survive: [alertmanager-peer-lost]\n"


@pytest.mark.parametrize("title", ["Web", "WEB", "Web ", " web"])
def test_two_teams_that_pagerduty_would_not_tell_apart_are_refused(title):
    assert "error[POL242]: teams web and mobile have the same name to PagerDuty: `Web` and" in refusal(
        edited(SMALL, (TEAM, f'{TEAM}  mobile: {{title: "{title}", members: [cy]}}\n'))
    )


def test_two_teams_of_one_name_are_explained(golden):
    golden.expect(
        "faults/two-teams-of-one-name.txt",
        refusal(edited(SMALL, (TEAM, f"{TEAM}  mobile: {{title: web, members: [cy]}}\n"))),
    )


def test_blanks_that_pagerduty_takes_away_are_not_sent():
    rendered = files(edited(SMALL, ("{title: Web, members", '{title: "  Web   shop ", members')))
    assert json.loads(rendered["pagerduty/teams.json"])[0]["team"]["name"] == "Web shop"
    policies = json.loads(rendered["pagerduty/escalation_policies.json"])
    assert policies[0]["escalation_policy"]["teams"][0]["id"] == "Web shop"
    assert '"name": "Web shop"' in rendered["pagerduty/terraform.tf.json"]


@pytest.mark.parametrize(("count", "ends"), [(2, "Bo Lindqvist, Person 0, Person 1."), (120, " more.")])
def test_the_description_of_a_large_team_names_as_many_as_fit(count, ends):
    names = [f"p{number}" for number in range(count)]
    people = "".join(f"  {name}: {{name: Person {name[1:]}, email: {name}@shop.example}}\n" for name in names)
    policy = edited(
        SMALL, ("members: [ana, bo]", f"members: [ana, bo, {', '.join(names)}]"), ("\nteams:\n", f"{people}\nteams:\n")
    )
    text = json.loads(files(policy)["pagerduty/teams.json"])[0]["team"]["description"]
    assert text.startswith("Managed by alertc (shop). Members: Ana Keller, Bo Lindqvist, Person 0")
    assert text.endswith(ends)
    assert len(text) <= 1024


@pytest.mark.parametrize(
    ("zone", "instead"),
    {
        "Europe/Oslo": "Europe/Berlin",
        "Europe/Kyiv": "Europe/Kiev",
        "Asia/Calcutta": "Asia/Kolkata",
        "US/Mountain": "America/Denver",
        "America/Detroit": "America/New_York",
        "Africa/Lagos": "Africa/Algiers",
        "GMT": "Etc/UTC",
    }.items(),
)
def test_a_zone_that_pagerduty_does_not_take_is_refused_with_one_of_the_same_clock(zone, instead):
    text = refusal(edited(SMALL, (ZONE, f"    timezone: {zone}\n    layers")))
    assert f"error[POL243]: PagerDuty does not take the time zone `{zone}`\n" in text
    assert f"= help: write `{instead}`, whose clocks show the same time\n" in text


def test_a_zone_without_its_like_is_explained(golden):
    golden.expect(
        "faults/time-zone-that-pagerduty-does-not-take.txt",
        refusal(edited(SMALL, (ZONE, "    timezone: Australia/Lord_Howe\n    layers"))),
    )


def test_the_calendar_is_alertmanagers_and_may_have_any_zone():
    assert compiled(edited(SMALL, ("calendar:\n  timezone: Europe/Zurich", "calendar:\n  timezone: Europe/Oslo")))


@pytest.mark.parametrize("zone", ["UTC", "Etc/UTC", "Europe/Zurich", "Asia/Rangoon"])
def test_what_pagerduty_takes_compiles(zone):
    assert said(edited(SMALL, (ZONE, f"    timezone: {zone}\n    layers")), "POL243", "POL211") == ""


@pytest.mark.parametrize(
    ("zone", "help"),
    [
        ("posix/Europe/Zurich", "write `Europe/Zurich`"),
        ("right/Europe/Zurich", "write `Europe/Zurich`"),
        ("localtime", ""),
        ("Factory", ""),
    ],
)
def test_zones_of_this_machine_alone_are_none(zone, help):
    for place in (ZONE, "calendar:\n  timezone: Europe/Zurich"):
        text = refusal(edited(SMALL, (place, place.replace("Europe/Zurich", zone))))
        assert f"error[POL211]: there is no time zone `{zone}`" in text
        assert help in text


def test_the_list_of_zones_is_sorted_and_known_here():
    zones = pagerduty.time_zones()
    assert list(zones) == sorted(set(zones))
    assert len(zones) == 135
    assert all(ZoneInfo(zone) for zone in zones)


def test_the_region_of_the_account_is_where_events_go():
    told = edited(SMALL, (SURVIVE, f"  pagerduty: {{region: eu}}\n{SURVIVE}"))
    configuration = files(told)["alertmanager/alertmanager.yml"]
    assert "  pagerduty_url: 'https://events.eu.pagerduty.com/v2/enqueue'\n" in configuration
    assert "pagerduty_url" not in files(SMALL)["alertmanager/alertmanager.yml"]


A = "alertmanager/alertmanager.yml"
EU = "https://events.eu.pagerduty.com/v2/enqueue"
US = "https://events.pagerduty.com/v2/enqueue"
PAGER = "        send_resolved: false\n        severity: critical\n"
TOLD = edited(POLICY, (SURVIVE, f"  pagerduty: {{region: eu}}\n{SURVIVE}"))


@pytest.mark.parametrize(
    "edit",
    [
        (A, f"  pagerduty_url: '{EU}'\n", ""),
        (A, f"  pagerduty_url: '{EU}'\n", f"  pagerduty_url: '{US}'\n"),
        (A, PAGER, f"        url: {US}\n{PAGER}"),
    ],
    ids=["the-default", "for-all", "one"],
)
def test_a_template_that_sends_to_another_region_is_found(monkeypatch, edit):
    monkeypatch.setattr(verify, "VERIFIERS", (destinations.check,))
    monkeypatch.setattr(verify, "ASKERS", ())
    assert verified(policy=TOLD) == ""
    assert "sends to PagerDuty's region us, where the policy's account (region eu) is not" in verified(
        edit, policy=TOLD
    )


def test_the_public_and_the_room_on_one_address_is_a_warning_where_nobody_said_which(golden):
    golden.expect(
        "faults/one-address-for-both-audiences.txt",
        said(edited(SMALL, (DRAFT, DRAFT.replace(" url_file: slack-url-status,", "")))),
    )


def test_the_public_and_the_room_on_one_named_file_is_an_error():
    same = edited(SMALL, (ROOM, ROOM.replace('"#shop"', '"#shop", url_file: slack-url-status')))
    assert "error[POL247]: channels room (internal) and status-draft (public) share the address in" in refusal(same)
    common = edited(
        SMALL,
        (DRAFT, DRAFT.replace("slack-url-status", "slack-url")),
        (ROOM, ROOM.replace('"#shop"', '"#shop", url_file: slack-url')),
    )
    assert "error[POL247]" in refusal(common)


@pytest.mark.parametrize(
    ("repeat", "retention", "warns"),
    [("5d", "", False), ("121h", "", True), ("14d", "", True), ("14d", " retention: 14d,", False)],
)
def test_what_alertmanager_forgets_before_it_repeats(repeat, retention, warns):
    policy = edited(
        SMALL,
        (ROOM, ROOM.replace("internal}", f"internal, repeat: {repeat}}}")),
        (MANAGER, f"{MANAGER}{retention}"),
    )
    assert ("POL218" in said(policy, "POL218")) is warns


def test_what_is_told_sooner_than_written_is_explained(golden):
    golden.expect(
        "faults/repeat-beyond-retention.txt",
        said(edited(SMALL, (ROOM, ROOM.replace("internal}", "internal, repeat: 14d}")))),
    )
