"""`alertc who`: the people whom a page reaches, by name."""

import json
import shutil

import pytest

from tests.compiling import ROOT
from tests.projects import alertc

NIGHT = (
    '      night: {from: 2026-01-05, hand_over: "Mon 20:00", turn: 7d, rotation: [dina, emil], daily: "20:00-08:00"}\n'
)


@pytest.fixture
def project(tmp_path):
    shutil.copytree(ROOT / "policy", tmp_path / "policy")
    return tmp_path


def change(project, before, after):
    policy = project / "policy/exchange.yaml"
    text = policy.read_text(encoding="utf-8")
    assert text.count(before) == 1
    policy.write_text(text.replace(before, after), encoding="utf-8")


def who(project, *arguments):
    ran = alertc(project, "who", *arguments)
    assert (ran.returncode, ran.stderr) == (0, "")
    return ran.stdout


def test_names_for_a_night():
    assert who(ROOT, "--at", "2026-12-24 03:00", "P0", "matching-engine") == (
        "A P0 of matching-engine, Thu 2026-12-24 03:00 (Europe/Zurich):\n"
        "  first  trading-primary      Dina Haddad <dina.haddad@exchange.example>\n"
        "    +1m  trading-secondary    Otto Weiss <otto.weiss@exchange.example>\n"
        "    +2m  incident-commanders  Nora Byrne <nora.byrne@exchange.example>, as Incident Commander\n"
        "If nobody answers, it begins anew after 3m, at most 9 times.\n"
    )


def test_each_step_is_looked_up_at_its_own_time():
    """The second step of a P2 comes 107 minutes after the first, the third 155: the night has begun."""
    said = who(ROOT, "--at", "2026-12-21T19:00:00+01:00", "P2", "matching-engine").splitlines()
    assert said[0] == "A P2 of matching-engine, Mon 2026-12-21 19:00 (UTC+01:00):"
    assert "Ana Keller" in said[1]
    read = json.loads(who(ROOT, "--at", "2026-12-21 19:00", "P2", "matching-engine", "--format", "json"))
    assert [step["at"] for step in read["steps"]] == [
        "2026-12-21T19:00:00+01:00",
        "2026-12-21T20:47:00+01:00",
        "2026-12-21T21:35:00+01:00",
    ]


def test_long_waits_are_told_in_hours():
    said = who(ROOT, "--at", "2026-12-21 19:00", "P2", "matching-engine").splitlines()
    assert [line.split()[0] for line in said[1:4]] == ["first", "+1h47m", "+2h35m"]
    assert said[4] == "If nobody answers, it begins anew after 3h5m, at most 7 times."


def test_programs_read_the_same():
    read = json.loads(who(ROOT, "--at", "2026-12-24T02:00Z", "P0", "ledger", "--format", "json"))
    assert read == {
        "service": "ledger",
        "severity": "P0",
        "escalation": "funds",
        "at": "2026-12-24T02:00:00+00:00",
        "first_page": "2026-12-24T02:00:00+00:00",
        "holiday": None,
        "steps": [
            {
                "after_minutes": after,
                "at": f"2026-12-24T02:0{after}:00+00:00",
                "wait_minutes": 1,
                "role": role,
                "paged": [
                    {
                        "target": f"schedule/{schedule}",
                        "person": person,
                        "name": name,
                        "email": f"{email}@exchange.example",
                    }
                ],
            }
            for after, role, schedule, person, name, email in (
                (0, None, "funds-primary", "fay", "Fay Tanaka", "fay.tanaka"),
                (1, None, "funds-secondary", "hana", "Hana Sato", "hana.sato"),
                (2, "incident-commander", "incident-commanders", "nora", "Nora Byrne", "nora.byrne"),
            )
        ],
        "loops": 9,
    }


def test_without_a_time_it_is_now():
    assert json.loads(who(ROOT, "P0", "ledger", "--format", "json"))["steps"][0]["paged"][0]["person"] in ("fay", "gus")


def test_a_gap_is_said_though_check_refuses_the_policy(project):
    change(project, NIGHT, "")
    assert who(project, "--at", "2026-12-24 03:00", "P0", "matching-engine").splitlines()[1] == (
        "  first  trading-primary      nobody is on call; the step waits out its 1m all the same"
    )
    read = json.loads(who(project, "--at", "2026-12-24 03:00", "P0", "matching-engine", "--format", "json"))
    assert read["steps"][0]["paged"] == [
        {"target": "schedule/trading-primary", "person": None, "name": None, "email": None}
    ]


def test_a_page_that_waits_for_business_hours_says_so(project):
    change(project, "    acknowledge: 24h\n", "    acknowledge: 5d\n    hours: business\n")
    said = who(project, "--at", "2026-10-23 18:00", "P3", "order-gateway").splitlines()
    assert said[:3] == [
        "A P3 of order-gateway, Fri 2026-10-23 18:00 (Europe/Zurich):",
        "  it is held back until business hours, Mon 2026-10-26 09:00 (Europe/Zurich)",
        "    first  trading-primary      Ana Keller <ana.keller@exchange.example>",
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("PO", "ledger"), "there is no severity `PO` among P0, P1, P2, P3"),
        (("p0", "ledger"), "there is no severity `p0` among P0, P1, P2, P3; did you mean `P0`?"),
        (("P0", "leger"), "there is no service `leger`; did you mean `ledger`?"),
        (("P3", "ledger"), "no P3 pages the chain funds of ledger: it is paged for P0, P1, P2"),
        (
            ("--at", "tomorrow", "P0", "ledger"),
            "Invalid value for '--at': `tomorrow` is not a time; write 2026-12-24 03:00, or 2026-12-24T03:00+01:00",
        ),
        (
            ("--at", "2026-02-30 03:00", "P0", "ledger"),
            (
                "Invalid value for '--at': there is no time `2026-02-30 03:00`; write 2026-12-24 03:00, "
                "or 2026-12-24T03:00+01:00"
            ),
        ),
    ],
)
def test_a_wrong_name_or_time_is_wrong_usage(arguments, message):
    ran = alertc(ROOT, "who", *arguments)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.splitlines()[-1] == f"Error: {message}"


def test_a_policy_that_cannot_be_read_has_nobody(project):
    change(project, "rotation: [otto, pia]", "rotation: [oto, pia]")
    ran = alertc(project, "who", "P0", "ledger")
    assert (ran.returncode, ran.stdout) == (1, "")
    assert "error[REF301]: there is no person `oto`" in ran.stderr


def test_a_holiday_of_the_team_is_named_on_that_day_alone(project):
    """PagerDuty's schedules know no holidays, and a calendar keeps them of its own place."""
    change(
        project,
        "calendar:\n",
        "calendars:\n  zurich:\n    timezone: Europe/Zurich\n"
        '    business_hours: {days: Mon-Fri, hours: "09:00-18:00"}\n'
        "    holidays: {own: {2026-12-25: Christmas Day}}\ncalendar:\n",
    )
    change(project, "{title: Ledger and Settlement,", "{title: Ledger and Settlement, calendar: zurich,")
    lines = who(project, "--at", "2026-12-25 08:00", "P0", "ledger").splitlines()
    assert lines[1] == "  it is a holiday of Ledger and Settlement (Christmas Day), of which schedules know nothing"
    assert json.loads(who(project, "--at", "2026-12-25 08:00", "P0", "ledger", "--format", "json"))["holiday"] == (
        "Christmas Day"
    )
    for other in (("2026-12-26 08:00", "P0", "ledger"), ("2026-12-25 08:00", "P0", "matching-engine")):
        assert "holiday" not in who(project, "--at", *other)
