"""Labels with names that an old Alertmanager refuses are found where the alert keeps them."""

import pytest

from generator.behaviour import documents
from generator.checks import verify
from generator.checks.files import label_names
from generator.diagnostics import formats
from generator.policy import source
from generator.upstream.promql.labels import Reader
from generator.upstream.promql.records import Records
from tests.compiling import SMALL, edited
from tests.verifying import broken, compiled

RULES = "prometheus/rules/shop.yaml"
NEWER = edited(SMALL, ('version: "2.42"', 'version: "3.5"'))


def judged(expr="", policy=NEWER, *edits):
    """Return what a user reads of label names alone where MoneyLost has this expression."""
    if expr:
        policy = edited(
            policy, ("    expr: max by (till) (abs(till_difference)) > 0\n", f"    expr: >-\n      {expr}\n")
        )
    made = compiled(policy)
    artifacts = broken(made.artifacts, *edits)
    verification = verify.read_back(made.plan, artifacts, documents.read(artifacts), None)
    found = verify.located(artifacts, label_names.check(verification))
    placed = formats.place(found, source.read(policy.encode(), "policy.yaml"))
    return formats.to_text(placed, {"policy.yaml": policy.encode()})


def test_the_shipped_names_are_plain():
    assert judged(policy=SMALL) == ""


def test_a_name_in_quotes_that_the_alert_keeps_is_an_error():
    said = judged('max by (till, "http.route") (till_difference) > 0')
    first, *_, note, help = said.splitlines()
    assert first == (
        "error[VER513]: alerts of MoneyLost may have the label `http.route`, and Alertmanager 0.25 refuses such a name"
    )
    assert note == "    = before 0.28 it refuses the alert as a whole, at each try: nobody is notified"
    assert help == (
        "    = help: copy it to a plain name and aggregate by that: `max by (http_route) (label_replace(..., "
        '"http_route", "$1", "http.route", "(.*)"))`; or where 0.28 runs, write `version: "0.28"` into '
        "`stack.alertmanager`"
    )


def test_both_ways_out_lead_out():
    copied = 'max by (till, http_route) (label_replace(x, "http_route", "$1", "http.route", "(.*)")) > 0'
    assert judged(copied) == ""
    newer = edited(NEWER, ('version: "0.25"', 'version: "0.28"'))
    assert judged('max by (till, "http.route") (till_difference) > 0', newer) == ""


KEPT = {
    'till_difference{"http.route"="/a"} > 0': ["http.route"],
    'till_difference{"http.route"!="/a"} > 0': ["http.route"],
    'label_replace(x, "http.route", "$1", "path", "(.*)") > 0': ["http.route"],
    'label_join(x, "a-b", ",", "path") > 0': ["a-b"],
    'count_values("a.b", x) > 0': ["a.b"],
    'x * on (job) group_left ("a.b") y > 0': ["a.b"],
    'x > on ("a.b", "c.d") y': ["a.b", "c.d"],
    'x{"a.b"="c"} and on (job) y': ["a.b"],
    'max without (job) (x{"a.b"="c"}) > 0': ["a.b"],
    'x{"a.b"=""} > 0': [],
    'sum by (job) (x{"a.b"="c"}) > 0': [],
    'sum(count_values("a.b", x)) > 0': [],
    'max without ("a.b") (x) > 0': [],
    'x / ignoring ("a.b") y > 0': [],
    'x unless on (job) y{"a.b"="c"}': ["a.b"],
    '{"x.y"} > 0': [],
    'x{job="a.b"} > 0': [],
    'label_replace(x, "path", "a.b", "http.route", "(.*)") > 0': [],
    "job:errors:ratio > 0": ["a.b"],
    "sum(job:errors:ratio) > 0": [],
}


class Record:
    expr = 'sum by ("a.b") (x)'
    labels = {}  # noqa: RUF012 (a stand-in)


@pytest.mark.parametrize("expr", KEPT)
def test_what_the_alert_keeps(expr):
    rules = {
        "groups": [{"name": "g", "rules": [{"alert": "A", "expr": expr}, {"record": "r", "expr": 'x{"a.b"="c"}'}]}]
    }
    reader = Reader(Records([("job:errors:ratio", Record())]))
    assert sorted({name for name, _, _ in label_names.uses(rules, reader)}) == KEPT[expr]


@pytest.mark.parametrize(("labels", "kept"), [({"a.b": "c"}, ["a.b"]), ({"a.b": ""}, []), ({"a_b": "c"}, [])])
def test_the_labels_of_a_rule_and_of_its_group(labels, kept):
    rule = {"alert": "A", "expr": 'x{"a.b"="c"} > 0' if "a.b" in labels else "x > 0", "labels": labels}
    of_rule = {"groups": [{"name": "g", "rules": [rule]}]}
    assert [name for name, _, _ in label_names.uses(of_rule, Reader(Records()))] == kept
    of_group = {"groups": [{"name": "g", "labels": labels, "rules": [{"alert": "A", "expr": "x > 0"}]}]}
    assert [name for name, _, _ in label_names.uses(of_group, Reader(Records()))] == kept
