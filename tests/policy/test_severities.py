"""Severities have any names: their order is the file's, and what is urgent follows from what they promise."""

import re

import pytest

from generator import pipeline
from generator.policy import source
from tests.compiling import SMALL, compiled, edited, files, said

OTHER = {"P0": "Worse", "P1": "Veto", "P2": "Note", "P3": "Log"}
"""In the order of the alphabet they are the other way round."""


def renamed(text, names):
    for before, after in names.items():
        text = re.sub(rf"\b{before}\b", after, text)
    return text


def planned(text):
    """Return a policy whose promises are not judged."""
    return pipeline.planned(source.read(text.encode(), "policy.yaml"))[0].policy


def alike(text):
    """Return the lines in the order of the alphabet, and so the alternatives of a matcher."""
    return sorted(re.sub(r'"(\w+(?:\|\w+)+)"', lambda match: "|".join(sorted(match[1].split("|"))), text).split("\n"))


def test_whatever_they_are_called_the_files_say_the_same():
    before, after = files(SMALL), files(renamed(SMALL, OTHER))
    back = dict(zip(OTHER.values(), OTHER, strict=True))
    assert {renamed(path, back) for path in after} == before.keys()
    for path, text in before.items():
        assert alike(renamed(after[renamed(path, OTHER)], back)) == alike(text), path


def test_their_order_is_that_of_the_file():
    policy = compiled(renamed(SMALL, OTHER)).plan.policy
    assert list(policy.severities) == ["Worse", "Veto", "Note", "Log"]
    assert [policy.rank(name) for name in ("Worse", "Log", "none")] == [0, 3, 4]
    assert policy.urgent_words() == "Worse or Veto"


def blocks(text):
    """Return what stands before the severities, each of them, and what follows."""
    before, rest = text.split("severities:\n")
    inside, after = rest.split("\ncalendar:")
    each = [block for block in re.split(r"(?m)^(?=  \w+:$)", inside) if block]
    return f"{before}severities:\n", each, f"\ncalendar:{after}"


def test_p0_to_p3_keep_their_order_wherever_they_stand():
    before, each, after = blocks(SMALL)
    assert files("".join((before, *reversed(each), after))) == files(SMALL)


@pytest.mark.parametrize(
    ("name", "acknowledge", "urgent"),
    [("Note", "1h", True), ("Note", "61m", False), ("P2", "1h", False)],
)
def test_what_must_be_answered_within_an_hour_is_urgent(name, acknowledge, urgent):
    names = OTHER if name == "Note" else {}
    text = edited(
        SMALL, ("acknowledge: 4h", f"acknowledge: {acknowledge}"), ("closes: with-alert\n  P3", "closes: by-hand\n  P3")
    )
    policy = planned(renamed(text, names))
    assert (name in policy.urgent) == urgent


def test_it_may_be_written():
    text = edited(SMALL, ("    title: Medium\n", "    title: Medium\n    urgent: true\n"))
    assert planned(renamed(text, OTHER)).urgent == {"Worse", "Veto", "Note"}
    assert planned(text).urgent == {"P0", "P1", "P2"}


def test_a_word_that_is_neither_true_nor_false_is_refused():
    text = edited(SMALL, ("    title: High\n", "    title: High\n    urgent: yes\n"))
    assert said(text) == (
        "error[POL203]: `urgent` must be `true` or `false`, here it is `yes`\n"
        "  --> policy.yaml:26:13\n"
        "   |\n"
        "26 |     urgent: yes\n"
        "   |             ^^^\n"
        "   = help: for example `true`\n"
    )


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (
            ("acknowledge: 15m", "acknowledge: 2m"),
            (
                "error[POL258]: the order of the severities is unclear: Veto must be acknowledged within 2m, and "
                "Worse, which stands before it, within 5m\n"
                "  --> policy.yaml:27:18\n"
                "   |\n"
                "27 |     acknowledge: 2m\n"
                "   |                  ^^\n"
                "   = help: write the severities in their order, the worst first\n"
            ),
        ),
        (
            ("    title: Critical\n", "    title: Critical\n    urgent: false\n"),
            (
                "error[POL258]: the order of the severities is unclear: Veto is urgent, and Worse, which stands "
                "before it, is not\n"
                "  --> policy.yaml:25:3\n"
                "   |\n"
                "25 |   Veto:\n"
                "   |   ^^^^\n"
                "   = help: write the severities in their order, the worst first\n"
            ),
        ),
    ],
)
def test_an_order_that_contradicts_what_is_promised_is_refused(edit, expected):
    assert said(renamed(edited(SMALL, edit), OTHER), "POL258") == expected
    assert said(edited(SMALL, edit), "POL258") == ""
