"""What the lints say of schedules, business hours, chains and people; every word of it."""

from datetime import date

import pytest

from generator.checks.plan import beginnings
from tests import seeds
from tests.compiling import EXCHANGE, SMALL, anew, edited, refusal, said

NIGHT = (
    '      night: {from: 2026-01-05, hand_over: "Mon 20:00", turn: 7d, rotation: [dina, emil], daily: "20:00-08:00"}\n'
)
DAY = 'hand_over: "Mon 08:00", turn: 7d, rotation: [ana, bo], daily: "08:00-20:00"}'
P3_IN_BUSINESS_HOURS = ("    acknowledge: 24h\n", "    acknowledge: 24h\n    hours: business\n")
A_LONGER_P3 = ("    acknowledge: 24h\n", "    acknowledge: 5d\n")
PRIMARY = 'all: {from: 2026-01-05, hand_over: "Mon 09:00", turn: 7d, rotation: [ana, bo]}'
SECOND_STEP = "    - {page: person/cy, by: 80%, as: incident-commander}\n"

ELSEWHERE = ("calendar:\n  timezone: Europe/Zurich", "calendar:\n  timezone: Europe/Lisbon")


def beside(name: str, zone: str, daily: str) -> list[tuple[str, str]]:
    """Page another schedule together with the one of the day."""
    layer = f'{{from: 2026-01-05, hand_over: "Mon 04:00", turn: 7d, rotation: [dina, emil], daily: "{daily}"}}'
    return [
        (
            "  trading-secondary:\n",
            f"  {name}:\n    timezone: {zone}\n    layers:\n      all: {layer}\n  trading-secondary:\n",
        ),
        ("    - {page: schedule/trading-primary,", f"    - {{page: [schedule/trading-primary, schedule/{name}],"),
    ]


def office(daily: str) -> list[tuple[str, str]]:
    """A P3 that is paged in business hours, from Monday to Friday, by a chain of its own."""
    layer = (
        f'{{from: 2026-01-05, hand_over: "Mon 09:00", turn: 7d, rotation: [ana, bo], daily: "{daily}", days: Mon-Fri}}'
    )
    return [
        ("    notify: [room]", "    notify: [page, room]\n    hours: business"),
        A_LONGER_P3,
        (
            "\nescalations:\n",
            f"  office:\n    timezone: Europe/Zurich\n    layers:\n      all: {layer}\n\nescalations:\n",
        ),
        ("\nchannels:\n", "  office:\n    - {page: schedule/office, by: first}\n\nchannels:\n"),
        ("\nservices:\n", "\nservices:\n  desk: {team: web, escalation: office, runbook: recovery.md}\n"),
        ("    each: all\n", "    service: shop\n"),
        ("    service: shop\n    severity: P3", "    service: desk\n    severity: P3"),
    ]


FAULTS = {
    "night-shift-removed": (EXCHANGE, [(NIGHT, "")]),
    "night-shift-too-short": (EXCHANGE, [(NIGHT, NIGHT.replace("20:00-08:00", "20:00-06:00"))]),
    "nobody-on-the-weekend": (EXCHANGE, [(DAY, DAY.replace("daily", "days: Mon-Fri, daily"))]),
    "gaps-of-several-kinds": (EXCHANGE, [(NIGHT, ""), (DAY, DAY.replace("daily", "days: Mon-Sat, daily"))]),
    "gap-that-two-schedules-leave": (EXCHANGE, [(NIGHT, ""), *beside("evening", "Europe/Zurich", "18:00-23:30")]),
    "gap-between-time-zones": (EXCHANGE, [(NIGHT, ""), *beside("tokyo", "Asia/Tokyo", "04:00-15:00")]),
    "gap-in-business-hours": (SMALL, office("09:00-17:00")),
    "business-hours-of-a-tick": (SMALL, [*office("09:00-18:00"), ('hours: "09:00-18:00"', 'hours: "09:00-09:05"')]),
    "gap-in-business-hours-elsewhere": (SMALL, [*office("09:00-18:00"), ELSEWHERE]),
    "later-step-finds-the-office-empty": (
        SMALL,
        [
            *office("09:00-18:00"),
            (
                "    - {page: schedule/office, by: first}",
                "    - {page: person/cy, by: first}\n    - {page: schedule/office, by: 80%}",
            ),
        ],
    ),
    "gap-since-a-zone-has-other-clocks": (
        EXCHANGE,
        # Kazakhstan gave up a time zone in 2024: in its old one the two would meet.
        [
            (NIGHT, ""),
            (DAY, DAY.replace("daily", "days: Mon-Sun, daily")),
            ("  trading-primary:\n    timezone: Europe/Zurich", "  trading-primary:\n    timezone: Asia/Almaty"),
            ("layers:\n      day:   {from: 2026-01-05", "layers:\n      day:   {from: 2023-01-02"),
            *beside("night", "UTC", "14:00-02:00"),
        ],
    ),
    "business-hours-of-a-p3": (EXCHANGE, [P3_IN_BUSINESS_HOURS]),
    "business-hours-without-summer-time": (
        EXCHANGE,
        [P3_IN_BUSINESS_HOURS, ("calendar:\n  timezone: Europe/Zurich", "calendar:\n  timezone: Asia/Tokyo")],
    ),
    "the-same-person-twice": (SMALL, [("page: person/cy, by", "page: person/ana, by")]),
    "the-same-person-always": (SMALL, [("page: schedule/primary, by", "page: person/cy, by")]),
    "the-same-person-now-and-then": (EXCHANGE, [("rotation: [otto, pia]", "rotation: [otto, pia, ana]")]),
    "chain-that-ends-before-the-sla": (
        SMALL,
        [(SECOND_STEP, ""), ("    acknowledge: 4h\n", "    acknowledge: 4h\n    answer_in: 1m\n")],
    ),
    "two-people-of-one-address": (SMALL, [("email: bo@shop.example", "email: Ana@shop.example")]),
}


@pytest.mark.parametrize("name", seeds.parameters(FAULTS, 2))
def test_a_fault_is_explained(golden, name):
    policy, edits = FAULTS[name]
    golden.expect(f"faults/{name}.txt", refusal(edited(policy, *edits)))


@pytest.mark.parametrize(
    ("policy", "edits"),
    {
        "as it is": (EXCHANGE, []),
        "a layer below covers the night": (
            EXCHANGE,
            [(NIGHT, ""), ("      day: ", NIGHT.replace(', daily: "20:00-08:00"', "") + "      day: ")],
        ),
        "days of two layers": (
            EXCHANGE,
            [
                (DAY, DAY.replace("daily", "days: Mon-Fri, daily")),
                (
                    NIGHT,
                    NIGHT
                    + NIGHT.replace("night:", "weekend:").replace('"20:00-08:00"', '"08:00-20:00", days: Sat-Sun'),
                ),
            ],
        ),
        "a person beside the schedule": (
            EXCHANGE,
            [
                (NIGHT, ""),
                ("    - {page: schedule/trading-primary,", "    - {page: [schedule/trading-primary, person/lena],"),
            ],
        ),
        "in business hours": (SMALL, office("09:00-18:00")),
        "somebody else is paged with them": (
            SMALL,
            [("page: person/cy, by", "page: [person/ana, person/cy], by")],
        ),
        "who was first is second a week later": (
            EXCHANGE,
            [
                ("rotation: [otto, pia]", "rotation: [bo, ana]"),
                ('"Thu 09:00"', '"Mon 08:00"'),
                ("2026-01-01", "2026-01-05"),
            ],
        ),
        "an address that only looks like another": (
            SMALL,
            [("email: bo@shop.example", "email: ana+bo@shop.example")],
        ),
    }.values(),
)
def test_nothing_is_said(policy, edits):
    assert anew(edited(policy, *edits)).diagnostics == ()


def test_without_a_p0_or_p1_the_same_person_is_a_warning(golden):
    edits = [
        *office("09:00-18:00"),
        (
            "    - {page: schedule/office, by: first}",
            "    - {page: schedule/office, by: first}\n    - {page: person/ana, by: 80%}",
        ),
    ]
    golden.expect("faults/the-same-person-warned-of.txt", said(edited(SMALL, *edits)))


def test_an_alert_that_is_late_in_business_hours_too_is_said_for_itself():
    own = ("    summary: The certificate of", "    seen_within: 6d\n    summary: The certificate of")
    said = refusal(edited(SMALL, *office("09:00-18:00"), own))
    assert "error[SLA201]: P3 CertificateExpiring can take" in said
    assert "= help: promise more: write `acknowledge: 9d17h`, `answer_in: 24h` and `detect_in: 6d15m` in " in said
    assert "CAL503" not in said


FUTURE = edited(SMALL, (PRIMARY, PRIMARY.replace("2026-01-05", "2026-03-03")))


@pytest.mark.parametrize(("day", "found"), [("2026-03-08", True), ("2026-03-09", False), ("2026-03-10", False)])
def test_a_schedule_that_has_not_begun_is_told_of(monkeypatch, day, found):
    """Its first hand-over is on the first Monday on or after its day."""
    monkeypatch.setattr(beginnings, "today", lambda: date.fromisoformat(day))
    said = [one for one in anew(FUTURE).diagnostics if one.code == "SCH504"]
    assert [(one.message, one.route, one.level.value) for one in said] == [
        ("nobody is on call in primary until Mon 2026-03-09 09:00: it begins then", ("schedules", "primary"), "warning")
    ] * found


def test_a_layer_that_begins_later_than_another_is_no_gap():
    later = PRIMARY.replace("all:", "new:").replace("2026-01-05", "2099-01-05")
    assert anew(edited(SMALL, (PRIMARY, f"{PRIMARY}\n      {later}"))).diagnostics == ()


def warned(*edits):
    return said(edited(EXCHANGE, *edits))


ALWAYS = '{from: 2026-01-01, hand_over: "Thu 09:00", turn: 7d, rotation: [otto, pia]}'


def test_who_has_only_turns_that_do_not_count_is_told_of(golden):
    """Seven people in turns of a day, on five days of the week: two of them have Saturdays and Sundays for ever."""
    week = "turn: 1d, rotation: [otto, pia, fay, gus, hana, ivo, june], days: Mon-Fri}"
    rest = ALWAYS.replace("otto, pia", "lena, milo")
    layers = f'all: {rest}\n      week: {{from: 2026-01-05, hand_over: "Mon 00:00", {week}'
    golden.expect("faults/never-on-call.txt", warned((f"all: {ALWAYS}", layers)))


def test_whose_layer_another_one_hides_is_told_of():
    above = ALWAYS.replace("otto, pia", "lena, milo")
    said = warned((f"all: {ALWAYS}", f"all: {ALWAYS}\n      new: {above}"))
    assert said.startswith("warning[SCH505]: Otto Weiss, Pia Rossi are never on call in trading-secondary\n")


@pytest.mark.parametrize(
    "layers",
    [
        f"all: {ALWAYS}",
        # Until the new layer begins, those of the old one are on call.
        "all: "
        + ALWAYS
        + "\n      new: "
        + ALWAYS.replace("2026-01-01", "2027-01-07").replace("otto, pia", "lena, milo"),
        # Turns of eight days move through the week.
        "all: "
        + ALWAYS
        + "\n      week: "
        + ALWAYS.replace("7d", "8d").replace("]}", ", lena, milo, fay, gus, hana], days: Mon-Fri}"),
    ],
)
def test_who_is_on_call_at_some_time_is_not_told_of(layers):
    assert "SCH505" not in warned((f"all: {ALWAYS}", layers))


def test_low_urgency_of_a_chain_of_several_steps_is_told_of(golden):
    golden.expect("faults/low-urgency-does-not-escalate.txt", warned(("    urgency: high\n", "    urgency: low\n")))


def test_low_urgency_of_a_single_step_is_fine():
    edits = [*office("09:00-18:00")]
    assert [one for one in anew(edited(SMALL, *edits)).diagnostics if one.code == "SLA213"] == []
