"""Our reading of regular expressions beside that of RE2 itself, whose syntax and meaning Go's regexp has."""

import pytest
import re2 as judge
from hypothesis import example, given
from hypothesis import strategies as st

from generator.upstream.alertmanager.re2 import NotAnExpression, NotJudged, expression
from tests.chance import EXPRESSIONS

QUIET = judge.Options()
QUIET.log_errors = False

CHARACTERS = "abAZ_09 -]\n\u00e9\u212a"
ATOMS = (
    *"ab_-9 ",
    *(".", "[ab]", "[^a]", "[a-c_]", "[]a]", "[a-]", "[[:alpha:]]", "[[:^digit:]]", r"[\d-]", r"[^\w]"),
    *(r"\d", r"\D", r"\w", r"\W", r"\s", r"\S", r"\b", r"\B", r"\A", r"\z", "^", "$"),
    *(r"\.", r"\x41", r"\x{e9}", r"\101", r"\n", r"\Qa.\E", "(?i)a", "(?s).", "(?m)^", "(?m)$", "x{,2}", "é"),
)
REPEATED = ("*", "+", "?", "*?", "{2}", "{1,3}", "{0}", "{2,}")
GROUPS = ("({})", "(?:{})", "(?i:{})", "(?s:{})", "(?m:{})", "(?-i:{})", "(?P<n>{})", "(|{})")
WRONG = ("(", ")", "[a", "[z-a]", "*", "a++", "a{2}{3}", "{1001}", r"\y", "(?=a)", "(?x)a", "[[:no:]]", r"\x{110000}")

patterns = st.recursive(
    st.sampled_from(ATOMS),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.lists(inner, min_size=2, max_size=3).map("|".join),
        st.tuples(inner, st.sampled_from(REPEATED)).map("".join),
        st.builds(str.format, st.sampled_from(GROUPS), inner),
    ),
    max_leaves=8,
)
texts = st.lists(st.text(CHARACTERS, max_size=6), min_size=1, max_size=8)


def judged(pattern):
    """Return the expression as Alertmanager anchors it; None where RE2 refuses it."""
    try:
        judge.compile(pattern, QUIET)
        return judge.compile(f"^(?:{pattern})$", QUIET)
    except judge.error:
        return None


def assert_alike(pattern, texts):
    theirs = judged(pattern)
    try:
        ours = expression(pattern)
    except NotJudged:
        return
    except NotAnExpression:
        assert theirs is None, "we refuse what RE2 reads"
        return
    assert theirs is not None, "we read what RE2 refuses"
    assert {text: ours.matches(text) for text in texts} == {text: bool(theirs.search(text)) for text in texts}


@given(patterns, texts)
@example("(?m)a$|^b", ["a", "b", "a\nb", "\n"])
@example(r"(?i)[^k]|\W", ["k", "\u212a", "K", ""])
def test_expressions_mean_what_they_mean_to_re2(pattern, texts):
    assert_alike(pattern, texts)


@given(patterns, st.sampled_from(WRONG), patterns)
def test_what_re2_refuses_is_no_expression(before, wrong, after):
    assert_alike(before + wrong + after, [""])


@pytest.mark.parametrize(("pattern", "texts"), EXPRESSIONS)
def test_the_expressions_of_the_comparisons_with_alertmanager_mean_the_same(pattern, texts):
    assert_alike(pattern, texts)
