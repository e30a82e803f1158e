"""Comparisons are found in the text of an expression, and nothing that only looks like one."""

import pytest

from generator.upstream.promql.comparisons import comparisons, has_range


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("max by (till) (abs(x)) > 0", [("max by (till) (abs(x))", ">", "0")]),
        ("5 < x", [("5", "<", "x")]),
        ("x > bool 0", [("x", ">", "0")]),
        ("x != 0x1F", [("x", "!=", "0x1F")]),
        ("sum(a) > 0.2 * sum(b)", [("sum(a)", ">", "0.2 * sum(b)")]),
        ("a > on (x) group_left () 5 * b", [("a", ">", "5 * b")]),
        ("a>ON(x)group_left 5*b", [("a", ">", "5*b")]),
        ("a == 1 and on (job) b <= 1 unless c >= 3", [("a", "==", "1"), ("b", "<=", "1"), ("c", ">=", "3")]),
        ("(a > 1) or (b < 2e3)", [("a", ">", "1"), ("b", "<", "2e3")]),
        ("absent(up == 1)", [("up", "==", "1")]),
        ("max(a > 1, b) > .5", [("a", ">", "1"), ("max(a > 1, b)", ">", ".5")]),
        ("count_over_time((a > 3)[5m:1m] offset 1h) > 2", [
            ("a", ">", "3"),
            ("count_over_time((a > 3)[5m:1m] offset 1h)", ">", "2"),
        ]),
        ('a{x!="> 5}", y=~"<"} > 5 # and > 6', [('a{x!="> 5}", y=~"<"}', ">", "5")]),
        ("a\n  > 14 * # days\n  86400\nand b", [("a", ">", "14 * # days\n  86400")]),
        ("rate(x[5m])", []),
        ("label_replace(a, 'b', '$1 > 3', 'c', `>= (`)", []),
    ],
)  # fmt: skip
def test_each_comparison_with_its_two_sides(expression, found):
    assert [(one.left.text, one.operator, one.right.text) for one in comparisons(expression)] == found
    for one in comparisons(expression):
        assert expression[one.start :].startswith(one.operator)
        for side in (one.left, one.right):
            assert expression[side.start : side.end] == side.text


@pytest.mark.parametrize(
    ("side", "number"),
    [("14 * 86400", 1209600), ("-(2 - 0.5) / 3", -0.5), ("1 / 0", None), ("Inf", float("inf")), ("2 * x", None)],
)
def test_a_side_that_is_a_number_is_worked_out(side, number):
    assert comparisons(f"y > {side}")[0].right.number() == number


@pytest.mark.parametrize(
    ("expression", "looks_back"),
    [("rate(x[5m]) > 0", True), ("max_over_time((a > 1)[1h:5m]) > 0", True), ('x{path="[a]"} > 0', False)],
)
def test_a_range_is_not_a_bracket_in_a_text(expression, looks_back):
    assert has_range(expression) is looks_back
