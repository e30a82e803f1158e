"""A template may lay a rule out in another way; what it asks for, and for how long, is the policy's."""

import pytest

from generator.checks import verify
from generator.checks.files import rules
from generator.checks.files.rules import _laid_out
from tests.compiling import EXCHANGE, SMALL, edited
from tests.verifying import POLICY, text_of, verified

RULES, RECORDS = "prometheus/rules/shop.yaml", "prometheus/rules/_records.yaml"
EXPR = "expr: 'max by (till) (abs(till_difference)) > 0'"
RECORD = text_of(RECORDS, POLICY)
FIRST = RECORD[RECORD.index("      - record:") :]


@pytest.fixture(autouse=True)
def _only_this_verifier(monkeypatch):
    monkeypatch.setattr(verify, "VERIFIERS", (rules.check,))
    monkeypatch.setattr(verify, "ASKERS", ())


@pytest.mark.parametrize("policy", [POLICY, SMALL, EXCHANGE])
def test_what_is_rendered_asks_for_what_the_policy_says(policy):
    assert verified(policy=policy) == ""


def every(path, before, after):
    """Return an edit of each place at which a text stands in a file."""
    whole = text_of(path, POLICY)
    return [(path, whole, whole.replace(before, after))]


CASES = {
    "on-thursdays-alone": [(RULES, EXPR, f"{EXPR[:-1]} and on () (day_of_week() == 4)'")],
    "another-threshold": [(RULES, EXPR, EXPR.replace("> 0", "> 1"))],
    "never": every(RULES, "expr: '", "expr: 'vector(0) == 1 and "),
    "for": [(RULES, "alert: MoneyLost\n", "alert: MoneyLost\n        for: 1m\n")],
    "no-for": [(RULES, "        for: 5m\n", "")],
    "keep-firing": every(RULES, "        labels:\n", "        keep_firing_for: 10d\n        labels:\n"),
    "interval": [(RULES, "interval: 15s", "interval: 1m")],
    "query-offset": [(RULES, "    interval: 15s\n", "    interval: 15s\n    query_offset: 1m\n")],
    "public-text": [(RULES, "public: Buying may fail.", "public: The till of Ana was robbed.")],
    "other-times-in-texts": [(RULES, "acknowledge_within: '5m'", "acknowledge_within: '5h'")],
    "record": [(RECORDS, "expr: '", "expr: '0 * ")],
    "record-with-a-label": [(RECORDS, FIRST, f"{FIRST}        labels:\n          job: shop\n")],
    "record-by-another-rule-too": [(RECORDS, FIRST, FIRST + FIRST.replace("expr: '", "expr: '0 * "))],
    "record-lost": [(RECORDS, "record: job:errors:ratio", "record: job:errors:share")],
}


@pytest.mark.parametrize("name", CASES)
def test_another_rule_is_found(name, golden):
    golden.expect(f"verify/rules-{name}.txt", verified(*CASES[name]))


@pytest.mark.parametrize(
    ("written", "alike"),
    [
        ("x  >\n  0", "x > 0"),
        ("(x > 0)", "x > 0"),
        ('x{b="1",a="2"} # why', 'x{b="1", a="2"}'),
        ("sum(x) by (job)", "sum by (job) (x)"),
        ("x[5m:] nonsense", "x[5m:]   nonsense"),
        ("sum(items) > 0", "sum (items) > 0"),
        ("x > 1_000 # why\nor y", "x > 1_000 or y # why"),
    ],
)
def test_what_is_laid_out_in_another_way_asks_for_the_same(written, alike):
    assert _laid_out(written) == _laid_out(alike)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x", "x offset 5m"),
        ("x offset 5m", "x offset -5m"),
        ("x @ start()", "x @ end()"),
        ("max_over_time(x[5m:1m])", "max_over_time(x[5m:])"),
        ("x > 1", "x > bool 1"),
        ("a * on (b) c", "a * ignoring (b) c"),
        ("a * on (b) group_left (c) d", "a * on (b) group_left d"),
        ("sum by (a) (x)", "sum without (a) (x)"),
        ("sum by () (x)", "sum by (a) (x)"),
        ("a and b", "a and on () b"),
        ("(a + b) * c", "a + b * c"),
        ("a - b - c", "a - (b - c)"),
        ("rate(x[1s])", "rate(x[1500ms])"),
        ("x nonsense y", "x nonsense z"),
        ("x > 1 # of the items\nor y", "x > 1 # of the items or y"),
        ("x > 1_000 # of the items\nor y", "x > 1_000 # of the items or y"),
        ("max_over_time(x[2m:])", "max_over_time(x[2m])"),
        ('x{a="b  c"} > 1_000', 'x{a="b c"} > 1_000'),
    ],
)
def test_what_asks_for_something_else_is_never_taken_for_the_same(one, other):
    assert _laid_out(one) != _laid_out(other)


SHORT = "max by (till) (abs(till_difference)) > 0"


def side_by_side(length, before, after):
    """Return what a user reads of both expressions, of so many characters each, where they differ in a few."""
    expr = SHORT.replace("difference", f'difference{{shop!="{"s" * (length - len(SHORT) - 10)}"}}')
    assert len(expr) == length
    said = verified((RULES, expr, expr.replace(before, after)), policy=edited(POLICY, (SHORT, expr)))
    shown = [line[18:] for line in said.splitlines() if line.startswith(("    = the policy: ", "    = the file:   "))]
    assert len(shown) == 2
    return expr, shown


@pytest.mark.parametrize("length", [199, 200])
def test_expressions_of_up_to_200_characters_are_shown_whole(length):
    expr, shown = side_by_side(length, "> 0", "> 1")
    assert shown == [expr, expr.replace("> 0", "> 1")]


def test_longer_expressions_are_shown_from_a_little_before_their_difference_on():
    expr, shown = side_by_side(201, "> 0", "> 1")
    assert shown == [f"...{expr[-61:]}", f"...{expr[-61:-1]}1"]


def test_longer_expressions_are_shown_as_far_as_200_characters():
    expr, shown = side_by_side(201, "max by", "min by")
    assert shown == [f"{expr[:200]}...", f"{expr[:200].replace('max', 'min')}..."]


def test_one_that_is_longer_cuts_both():
    expr, shown = side_by_side(200, "> 0", "> 10")
    assert shown == [f"...{expr[-61:]}", f"...{expr[-61:-1]}10"]
