"""Expressions that alertc's parser does not know are counted, and nothing may depend on them."""

import pytest

from generator.diagnostics import formats
from generator.policy import source
from tests.checks.test_expressions import expression, policy
from tests.compiling import SMALL, compiled, edited
from tests.verifying import verified

UNKNOWN = "smoothed > 1"
"""A metric whose name the parser takes for a keyword of later versions."""
WHY = "invalid promql query"
NOT_PROVEN = (
    "promtool checks them, but it is not proven which labels their series have, which series and records they read, "
    "how soon they become true, and whether they can fire"
)
RECORD = "expr: sum by (job) (rate(errors_total[2m])) / sum by (job) (rate(requests_total[2m]))\n"


def read(text):
    found = formats.place(compiled(text).diagnostics, source.read(text.encode(), "policy.yaml"))
    return [one for one in found if one.code == "PQL725"]


def test_they_are_counted_and_named_in_one_note():
    second = "  Other:\n    service: shop\n    severity: P3\n    expr: x > 1_000\n    summary: Much\n"
    (note,) = read(policy(expression(UNKNOWN)) + second)
    assert (note.level.value, note.message, note.route, note.notes, note.help) == (
        "note",
        "alertc cannot analyse 2 of 7 expressions: Example, Other",
        ("alerts", "Example", "expr"),
        (f"Example: {WHY}", "Other: bad number or duration syntax: 1_", NOT_PROVEN),
        "if promtool accepts them, write them in another way, or review them by hand",
    )


def test_an_alert_on_several_services_is_one():
    (note,) = read(edited(SMALL, ('absent(up{job="$service"} == 1)', 'absent(up{job="$service"} == 1_0)')))
    assert note.message == "alertc cannot analyse 1 of 5 expressions: ServiceDown"


def test_of_many_ten_are_named():
    entry = "  X{}:\n    service: shop\n    severity: P3\n    expr: x{} > 1_000\n    summary: Much\n"
    (note,) = read(SMALL + "\n" + "".join(entry.format(letter, letter) for letter in "ABCDEFGHIJKL"))
    assert note.message == (
        "alertc cannot analyse 12 of 17 expressions: XA, XB, XC, XD, XE, XF, XG, XH, XI, XJ and 2 more"
    )


def test_where_nothing_depends_on_it_it_is_no_error():
    assert verified(policy=policy(expression(UNKNOWN)), tests="none") == ""


def test_when_missing_would_watch_nothing():
    assert verified(policy=policy(expression(UNKNOWN, when_missing="page")), tests="none") == (
        "error[RUL602]: `when_missing` of Example watches nothing: alertc cannot analyse its expression\n"
        "   --> policy.yaml:191:19\n"
        "    |\n"
        "191 |     when_missing: page\n"
        "    |                   ^^^^\n"
        f"    = alertc's parser says: {WHY}\n"
        "    = help: write the expression in another way, or give `absent(...)` an alert of its own\n"
    )
    ignored = policy(expression(UNKNOWN, when_missing="ignore"))
    assert verified(policy=ignored, tests="none") == ""


@pytest.mark.parametrize("selector", ["job:errors:ratio", '{__name__=~"job:.+"}'])
def test_an_alert_that_may_read_a_record(selector):
    said = verified(policy=policy(expression(f"smoothed > on (job) {selector}")), tests="none")
    assert said.startswith(
        "error[RUL602]: alertc cannot analyse the expression of Example, which may read job:errors:ratio: how late is "
        "not known\n   --> policy.yaml:190:11\n"
    )
    assert said.endswith(f"    = alertc's parser says: {WHY}\n    = help: write it in another way\n")


def test_a_record_that_cannot_be_analysed():
    text = edited(SMALL, (RECORD, "expr: sum(smoothed)\n"))
    assert verified(policy=text, tests="none").startswith(
        "error[RUL602]: alertc cannot analyse the expression of the record job:errors:ratio: nobody knows what its "
        "readers get\n"
    )
    assert [note.message for note in read(text)] == ["alertc cannot analyse 1 of 5 expressions: job:errors:ratio"]


def test_of_what_promtool_refuses_it_says_what_is_wrong():
    said = verified(policy=policy(expression("sum(till_difference > 1", when_missing="page")), tests="none")
    assert "error[PRM601]: the expression of Example is not PromQL" in said
    assert "RUL602" not in said
