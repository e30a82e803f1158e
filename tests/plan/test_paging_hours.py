"""Teams with calendars of their own: whose pages wait for which hours, what the files say, and what is promised."""

import json
from datetime import date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
import yaml

from generator.plan import business_hours, paging_hours, time_intervals
from generator.policy.model import Hours
from generator.upstream.alertmanager.time_intervals import silencing
from tests.compiling import ROOT, SMALL, compiled, edited, files, said
from tests.hours import is_open
from tests.projects import alertc
from tests.verifying import verified

OFFICES = (ROOT / "tests/policies/offices.yaml").read_text(encoding="utf-8")
A = "alertmanager/alertmanager.yml"
BOOKS = "  books: {title: Bookkeeping, members: [cy, dee], calendar: berlin, hours: business}\n"
MINUTE = timedelta(minutes=1)


def pages(text):
    """Return the routes that page for P2 and P3: matchers but the environment's, and both kinds of intervals."""

    def below(route, above):
        own = (*above, *(one for one in route["matchers"] if not one.startswith("environment")))
        names = (" ".join(route.get(f"{kind}_time_intervals", ())) for kind in ("active", "mute"))
        yield (" ".join(own).replace('"', ""), *names)
        for child in route.get("routes", ()):
            yield from below(child, own)

    tree = yaml.safe_load(files(text)[A])["route"]["routes"]
    return [one for route in tree if route["receiver"].endswith(("P2", "P3")) for one in below(route, ())]


def test_each_team_is_paged_in_its_own_hours_and_the_chain_stays_one():
    assert pages(OFFICES) == [
        ("severity=P2 escalation=books", "business-hours-berlin", "holidays-berlin"),
        ("severity=P2 escalation=web", "", ""),
        ("severity=P2 escalation=web team=books", "business-hours-berlin", "holidays-berlin"),
        ("severity=P3 escalation=web", "business-hours-berlin", "holidays-berlin"),
        ("severity=P3 escalation=web team=web", "business-hours-denver", ""),
        ("severity=P3 escalation=web team=web page_each=instance", "business-hours-denver", ""),
        ("severity=P3 escalation=web page_each=instance", "business-hours-berlin", "holidays-berlin"),
    ]


def test_the_intervals_are_written_with_the_names_of_the_days(golden):
    _, _, written = files(OFFICES)[A].partition("\ntime_intervals:\n")
    golden.expect("hours/time-intervals.yml", written)


def test_what_is_rendered_is_what_the_policy_says():
    assert verified(policy=OFFICES) == ""


MARCH = """days_of_month: ['31']
        times:
          - start_time: '00:00'
            end_time: '22:00'
        location: UTC"""
OF_BOOKS = """            - 'team="books"'
          active_time_intervals:
            - business-hours-"""
OF_WEB = """        - 'escalation="web"'
        - 'environment="production"'
"""
P2 = """      group_by:
        - alertname
        - service
        - incident
      group_wait: 30s
"""
NOT_ON_HOLIDAYS = "      mute_time_intervals:\n        - holidays-berlin\n"
FAULTS = {
    "a-holiday-is-lost": ("days_of_month: ['24:26', '31']", "days_of_month: ['24', '31']"),
    "a-holiday-of-the-next-year-is-lost": ("days_of_month: ['26', '29']", "days_of_month: ['26']"),
    "the-last-day-of-march-is-written-by-its-number": (
        MARCH,
        "days_of_month: ['31']\n        location: Europe/Berlin",
    ),
    "holidays-do-not-mute": (NOT_ON_HOLIDAYS, ""),
    "hours-of-another-team": (f"{OF_BOOKS}berlin", f"{OF_BOOKS}denver"),
    "a-minute-too-long": ("end_time: '16:59'", "end_time: '17:00'"),
    "what-is-always-paged-keeps-hours": (
        OF_WEB + P2,
        f"{OF_WEB}      active_time_intervals:\n        - business-hours-denver\n{P2}",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_other_hours_than_those_of_the_policy_are_found(name, golden):
    golden.expect(f"hours/{name}.txt", verified((A, *FAULTS[name]), policy=OFFICES))


CALENDARS = [
    ("Europe/Berlin", Hours(days=(0, 6), start=0, end=24 * 60), ["2027-03-28", "2027-03-31", "2027-10-31"]),
    ("Australia/Lord_Howe", Hours(days=(0, 6), start=60, end=23 * 60), ["2027-10-31", "2027-10-03", "2027-04-04"]),
    ("America/Denver", Hours(days=(0, 4), start=480, end=960), ["2027-03-31", "2027-12-31", "2028-02-29"]),
    ("Asia/Kolkata", Hours(days=(5, 1), start=480, end=960), ["2027-03-31", "2027-12-31", "2028-02-29"]),
]


@pytest.mark.parametrize(("zone", "hours", "days"), CALENDARS)
def test_alertmanager_is_open_when_the_calendar_is(zone, hours, days):
    opening = business_hours.Opening(hours=hours, timezone=zone, holidays=tuple(sorted(map(date.fromisoformat, days))))
    paging = paging_hours.PagingHours(
        calendar="team", opening=opening, lead=timedelta(), holidays=tuple((day, "Off") for day in opening.holidays)
    )
    intervals = {one.name: one for one in time_intervals.of_hours((paging,))}
    for day in opening.holidays:
        at = datetime.combine(day, time(), timezone.utc) - timedelta(days=2)
        for _ in range(4 * 24 * 4):
            shown = at.astimezone(ZoneInfo(zone))
            silent = bool(silencing((paging.active,), (paging.mute,), intervals, at))
            # What a clock shows for the second time belongs to the hours that are over, if any.
            if not shown.fold:
                assert silent != is_open(opening, at), shown
            at += 15 * MINUTE


def test_no_page_takes_longer_in_business_hours_than_the_sum_says():
    plan = compiled(OFFICES).plan
    paging, severity = plan.hours["business-hours-berlin"], plan.severities["P3"]
    tick = severity.group_interval.length // MINUTE
    most = tick + sum((term.length for term in paging.adds(severity)), timedelta()) // MINUTE
    begin, minutes = datetime(2026, 12, 22, 12, 0, tzinfo=timezone.utc), 8 * 24 * 60
    instants = [begin + at * MINUTE for at in range(minutes)]
    sent = [is_open(paging.opening, at) for at in instants]
    worked = [is_open(paging.worked, at) for at in instants]
    taken = set()
    for ready in range(minutes - 6 * 24 * 60):
        for phase in range(1, tick + 1):
            page = next(at for at in range(ready + phase, minutes, tick) if sent[at])
            taken.add(sum(worked[ready:page]))
    # The bound is met but for the minutes in which nothing can happen.
    assert most - 2 <= max(taken) <= most


URGENT = ("    severity: P2\n    expr: job:errors:ratio", "    severity: P1\n    expr: job:errors:ratio")
REFUSED = {
    "office-hours-team-without-anybody-at-night": [URGENT],
    "promise-by-the-clock-of-an-office-hours-team": [
        ("acknowledge: 6h of business hours\n    hours: always", "acknowledge: 6h"),
    ],
    "promise-by-the-clock-to-one-team-of-a-chain": [
        ("acknowledge: 6h of business hours\n    hours: always", "acknowledge: 6h"),
        (" invoices: {limit: 0.02},", ""),
    ],
    "urgent-promise-in-business-hours": [("    acknowledge: 15m\n", "    acknowledge: 15m of business hours\n")],
    "unknown-calendar": [("calendar: denver}", "calendar: dever}")],
    "no-hours-anywhere": [
        ("calendar: denver}", "hours: business}"),
        ('  business_hours: {days: Mon-Fri, hours: "09:00-18:00"}\n  sprint', "  sprint"),
    ],
    "on-call-for-too-short": [('days: Mon-Fri, daily: "09:00-17:00"', 'days: Mon-Fri, daily: "09:00-16:59"')],
    "second-step-after-work": [("{page: person/ana, by: 60%}", "{page: schedule/bookkeeping, by: 60%}")],
    "hours-of-a-tick": [('{days: Mon-Fri, hours: "08:00-16:00"}', '{days: Mon-Fri, hours: "08:00-08:05"}')],
    "no-such-holiday": [("2027-03-31: Stocktaking", "2027-02-29: Stocktaking")],
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_keeps_no_promise_is_refused(name, golden):
    golden.expect(f"hours/{name}.txt", said(edited(OFFICES, *REFUSED[name])))


def test_a_team_without_hours_of_its_own_keeps_those_of_the_organisation():
    text = edited(
        OFFICES,
        (BOOKS, "  books: {title: Bookkeeping, members: [cy, dee], hours: business}\n"),
        ('hours: "09:00-18:00"}', 'hours: "09:00-17:00"}'),
    )
    assert ("severity=P2 escalation=web team=books", "business-hours", "") in pages(text)


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (("CertificateExpiring", "--service", "payroll"), "explain-a-promise-in-business-hours"),
        (("CertificateExpiring", "--service", "shop"), "explain-another-calendar"),
        (("ErrorsHigh", "--service", "shop"), "explain-at-all-hours"),
        (("ErrorsHigh", "--service", "payroll"), "explain-one-team-of-a-chain"),
    ],
)
def test_explain_says_what_is_inside_and_outside_of_hours(arguments, name, golden, tmp_path):
    (tmp_path / "policy.yaml").write_text(OFFICES, encoding="utf-8")
    ran = alertc(tmp_path, "explain", *arguments, "--policy", "policy.yaml")
    golden.expect(f"hours/{name}.txt", ran.stdout)


def test_explain_says_the_same_to_programs(tmp_path):
    (tmp_path / "policy.yaml").write_text(OFFICES, encoding="utf-8")
    ran = alertc(
        tmp_path,
        "explain",
        "CertificateExpiring",
        "--service",
        "payroll",
        "--policy",
        "policy.yaml",
        "--format",
        "json",
    )
    assert json.loads(ran.stdout)["business_hours"] == {
        "calendar": "berlin",
        "timezone": "Europe/Berlin",
        "counts": "business hours",
        "inside": 14360.0,
        "held_back": 403260.0,
        "last_step": 414380.0,
        "answered": 417560.0,
    }


def test_who_waits_for_the_day_after_the_holidays(tmp_path):
    (tmp_path / "policy.yaml").write_text(OFFICES, encoding="utf-8")
    ran = alertc(tmp_path, "who", "--policy", "policy.yaml", "--at", "2026-12-24 10:00", "P2", "invoices")
    assert ran.stdout == (
        "A P2 of invoices, Thu 2026-12-24 10:00 (Europe/Berlin):\n"
        "  it is held back until business hours, Mon 2026-12-28 09:00 (Europe/Berlin)\n"
        "  first  bookkeeping  Dee Novak <dee@shop.example>\n"
        "  +3h5m  person/ana   Ana Keller <ana@shop.example>\n"
        "If nobody answers, it begins anew after 4h17m, at most 5 times.\n"
    )


BOOKKEEPING = OFFICES[OFFICES.index("  bookkeeping:\n") : OFFICES.index("\nescalations:")]
SUN = """  berlin:
    timezone: Europe/Berlin
    layers:
      day: {{from: 2026-01-05, hand_over: "Mon 09:00", turn: 7d, rotation: [cy, dee], daily: "08:00-20:00"}}
  denver:
    timezone: America/Denver
    layers:
      day: {{from: 2026-01-05, hand_over: "Mon 09:00", turn: 7d, rotation: [bo], daily: "{daily}"}}
"""


def around_the_clock(daily):
    return edited(
        OFFICES,
        (BOOKKEEPING, SUN.format(daily=daily)),
        ("{page: schedule/bookkeeping, by: first}", "{page: [schedule/berlin, schedule/denver], by: first}"),
        (BOOKS, "  books: {title: Bookkeeping, members: [cy, dee], calendar: berlin}\n"),
        URGENT,
        (
            "acknowledge: 15m\n    answer_in: 3m\n    detect_in: 3m",
            "acknowledge: 30m\n    answer_in: 3m\n    detect_in: 6m",
        ),
    )


def test_two_zones_leave_a_gap_in_the_weeks_between_their_changes_of_clocks(golden):
    golden.expect("hours/follow-the-sun-with-a-gap.txt", said(around_the_clock("12:00-24:00"), "SCH501"))


def test_two_zones_follow_the_sun():
    assert said(around_the_clock("11:00-01:00"), "SCH501", "SLA201", "CAL503") == ""
    assert "error[" not in verified(policy=around_the_clock("11:00-01:00"))


def test_the_procedure_says_what_its_times_count():
    said_of_hours = "Where the time to acknowledge counts business hours, so do these until the first page;"
    written = files(OFFICES)["docs/incident-response.md"]
    assert (said_of_hours in written, "| 6h of business hours |" in written) == (True, True)
    assert said_of_hours not in files(SMALL)["docs/incident-response.md"]
