"""When a route is silent; compared with running Alertmanagers, at the instant of the run, in test_fidelity.py."""

from datetime import datetime, timezone

import pytest

from generator.diagnostics import formats
from generator.diagnostics.diagnostic import PolicyErrors
from generator.system.artifact import Artifact
from generator.upstream.alertmanager.time_intervals import silencing
from tests.compiling import read_back

HEAD = "route: {receiver: r}\ntime_intervals:\n- name: it\n  time_intervals:\n"


def artifacts(span):
    return (Artifact(path="alertmanager/alertmanager.yml", text=f"{HEAD}  - {span}\n"),)


def interval(span):
    return read_back(artifacts(span)).time_intervals["it"]


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc)


# 2026-11-23 is a Monday; 2028 is a leap year.
@pytest.mark.parametrize(
    ("span", "inside", "outside"),
    [
        ("{}", ["2026-11-23T00:00"], []),
        (
            "{times: [{start_time: '09:00', end_time: '17:00'}]}",
            ["2026-11-23T09:00", "2026-11-23T16:59:59"],
            ["2026-11-23T08:59:59", "2026-11-23T17:00"],
        ),
        ("{times: [{start_time: '22:00', end_time: '24:00'}]}", ["2026-11-23T23:59"], ["2026-11-24T00:00"]),
        (
            "{times: [{start_time: '00:00', end_time: '01:00'}, {start_time: '02:00', end_time: '03:00'}]}",
            ["2026-11-23T00:30", "2026-11-23T02:30"],
            ["2026-11-23T01:30"],
        ),
        # What is written and holds nothing allows nothing.
        ("{times: []}", [], ["2026-11-23T00:00"]),
        ("{weekdays: ['monday:friday']}", ["2026-11-23", "2026-11-27"], ["2026-11-28", "2026-11-29"]),
        ("{weekdays: [Sunday, 'saturday']}", ["2026-11-28", "2026-11-29"], ["2026-11-23"]),
        ("{days_of_month: ['1:5', '31']}", ["2026-11-05", "2026-12-31"], ["2026-11-06", "2026-11-30"]),
        ("{days_of_month: ['-1']}", ["2026-11-30", "2027-02-28", "2028-02-29"], ["2028-02-28", "2026-11-29"]),
        ("{days_of_month: ['-3:-2']}", ["2027-02-26", "2027-02-27"], ["2027-02-25", "2027-02-28"]),
        # A range that begins before the month or ends after it is cut; one that begins after it is empty.
        ("{days_of_month: ['-31:-29']}", ["2026-11-01", "2026-11-02"], ["2026-11-03"]),
        ("{days_of_month: ['29:31']}", ["2026-11-30"], ["2027-02-28"]),
        ("{days_of_month: ['20:-1']}", ["2027-02-28"], ["2027-02-19"]),
        # The month in which clocks go forward has a day fewer for Alertmanager: March here, October in the south.
        ("{location: Europe/Zurich, days_of_month: ['-1']}", ["2027-03-30T12:00"], ["2027-03-31T12:00"]),
        ("{location: Europe/Zurich, days_of_month: ['1:31']}", ["2027-03-30T12:00"], ["2027-03-31T12:00"]),
        ("{location: Europe/Zurich, days_of_month: ['-1']}", ["2027-10-31T12:00"], ["2027-10-30T12:00"]),
        ("{location: Australia/Sydney, days_of_month: ['-1']}", ["2027-10-30T12:00"], ["2027-10-31T12:00"]),
        ("{location: Australia/Sydney, days_of_month: ['-1']}", ["2027-03-31T10:00"], ["2027-03-30T10:00"]),
        (
            "{months: ['november:12', january]}",
            ["2026-11-01", "2026-12-31", "2027-01-01"],
            ["2026-10-31", "2027-02-01"],
        ),
        ("{years: ['2026:2027', '2030']}", ["2026-01-01", "2030-12-31"], ["2025-12-31", "2028-01-01"]),
        (
            "{weekdays: [monday], times: [{start_time: '00:00', end_time: '01:00'}]}",
            ["2026-11-23T00:00"],
            ["2026-11-24T00:00", "2026-11-23T01:00"],
        ),
        # 09:00 in Zurich is 08:00 UTC in winter and 07:00 in summer.
        (
            "{location: Europe/Zurich, times: [{start_time: '09:00', end_time: '10:00'}]}",
            ["2026-11-23T08:30", "2026-07-23T07:30"],
            ["2026-11-23T09:30", "2026-07-23T08:30"],
        ),
        # The day of the place counts, not that of Greenwich.
        ("{location: Pacific/Kiritimati, weekdays: [tuesday]}", ["2026-11-23T10:00"], ["2026-11-23T09:59"]),
    ],
)
def test_an_instant_is_inside_or_outside(span, inside, outside):
    it = interval(span)
    told = {text: it.contains(at(text)) for text in (*inside, *outside)}
    assert told == {**dict.fromkeys(inside, True), **dict.fromkeys(outside, False)}


def test_a_route_is_silent_outside_of_all_its_active_intervals_and_inside_any_that_mutes_it():
    text = HEAD + "  - weekdays: [monday]\n- name: always\n  time_intervals: [{}]\n- name: never\n"
    intervals = read_back((Artifact(path="alertmanager/alertmanager.yml", text=text),)).time_intervals
    monday, tuesday = at("2026-11-23"), at("2026-11-24")
    assert silencing((), (), intervals, monday) == ()
    assert silencing(("it",), (), intervals, monday) == ()
    assert silencing(("it",), (), intervals, tuesday) == ("it",)
    assert silencing(("it", "never"), (), intervals, tuesday) == ("it", "never")
    assert silencing(("it", "always"), (), intervals, tuesday) == ()
    assert silencing((), ("it", "never"), intervals, monday) == ("it",)
    assert silencing((), ("it",), intervals, tuesday) == ()
    assert silencing(("always",), ("it",), intervals, monday) == ("it",)


@pytest.mark.parametrize(
    ("span", "problem"),
    [
        ("{times: [{start_time: '9:00', end_time: '17:00'}]}", "couldn't parse timestamp 9:00, invalid format"),
        (
            "{times: [{start_time: '17:00', end_time: '09:00'}]}",
            "start time cannot be equal or greater than end time",
        ),
        ("{weekdays: ['friday:monday']}", "start day cannot be before end day"),
        ("{weekdays: [freitag]}", "freitag is not a valid weekday"),
        ("{days_of_month: ['0']}", "0 is not a valid day of the month: out of range"),
        ("{days_of_month: ['-1:1']}", "end day must be negative if start day is negative"),
        ("{days_of_month: ['-1:-2']}", "end day -2 is always before start day -1"),
        ("{days_of_month: ['28:-1']}", "end day -1 is always before start day 28"),
        ("{days_of_month: ['1:-28']}", "end day -28 is always before start day 1"),
        ("{months: [brumaire]}", "brumaire is not a valid month"),
        ("{months: ['3:2']}", "end month 2 is before start month 3"),
        ("{years: ['2027:2026']}", "end year 2026 is before start year 2027"),
        ("{years: ['1:2:3']}", "couldn't parse range 1:2:3, invalid format"),
        ("{location: Mars/Olympus}", "unknown time zone Mars/Olympus"),
    ],
)
def test_what_alertmanager_does_not_load_is_shown_in_its_words(span, problem):
    with pytest.raises(PolicyErrors) as refused:
        interval(span)
    (finding,) = refused.value.diagnostics
    assert finding.code == "OUT605"
    assert finding.message.endswith(f": {problem}")


@pytest.mark.parametrize("days", ["27:-1", "1:-27", "-28:-28"])
def test_days_from_the_end_are_counted_in_the_shortest_month(days):
    assert interval(f"{{days_of_month: ['{days}']}}")


def test_the_time_zone_of_a_machine_has_no_certain_meaning():
    made = artifacts("{location: Local}")
    with pytest.raises(PolicyErrors) as refused:
        read_back(made)
    shown = {f"out/{one.path}": one.text.encode() for one in made}
    assert (
        formats.to_text(refused.value.diagnostics, shown)
        == """\
error[OUT606]: time_intervals/0/time_intervals/0/location in out/alertmanager/alertmanager.yml has no certain meaning: \
`Local` is the time zone of the machine that runs Alertmanager
  --> templates/alertmanager/alertmanager.yml.j2
  ::: out/alertmanager/alertmanager.yml:5:16
   |
 5 |   - {location: Local}
   |                ^^^^^
   = help: write what every Alertmanager from 0.25 on reads alike
"""
    )
