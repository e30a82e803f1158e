"""Regular expressions mean what they mean to Alertmanager, where Python's `re` would say otherwise."""

import re

import pytest

from generator.upstream.alertmanager.re2 import NotAnExpression, NotJudged, expression

# Seen on Alertmanager 0.25, 0.28 and 0.33.
MATCHING = [
    ("P0|P1", ["P0", "P1"], ["P01", "xP0", "", "P0|P1"]),
    ("", [""], ["a"]),
    (".*", ["", "a"], ["\n", "a\n"]),
    ("(?s).*", ["a\nb"], []),
    ("a$", ["a"], ["a\n"]),
    (r"\Aa\z", ["a"], ["a\n"]),
    ("(?m)a$.b", [], ["a\nb"]),
    ("(?m)^a$\n^b$", ["a\nb"], ["a b"]),
    (r"\d", ["3"], ["\u0663"]),
    (r"\D", ["\u0663", "\n"], ["3"]),
    (r"\w+", ["a_1"], ["\u00e9"]),
    (r"\s", [" ", "\t", "\n", "\f", "\r"], ["\v", "\u00a0", "\x1c"]),
    ("[[:space:]]", ["\v"], ["\u00a0"]),
    ("[[:alpha:]]+", ["ab"], [":", "\u00e9", "a1"]),
    ("[[:^alpha:]]", ["1", "\u00e9"], ["a"]),
    (r"\bprod\b.*", ["prod", "prod-1", "prod\u00e9"], ["production"]),
    (r"\B", [""], ["a"]),
    (r"\Qa.b*\E+", ["a.b*", "a.b**"], ["axb*"]),
    ("a(?i)b|c", ["aB", "C"], ["AB"]),
    ("(?i:k)elvin", ["kelvin", "Kelvin", "\u212aelvin"], ["KELVIN"]),
    ("(?i)[a-z]", ["A", "\u017f", "\u212a"], ["\u00e9"]),
    (r"(?i)\W", ["\u00e9"], ["k", "\u212a"]),
    ("(?-i)(?i)(?-i:a)b", ["aB"], ["AB"]),
    ("[]a]", ["]", "a"], ["b"]),
    ("[a-]", ["a", "-"], ["b"]),
    (r"[\d-z]", ["3", "-", "z"], ["y"]),
    ("[^a]", ["\n", "b"], ["a", ""]),
    (r"[^\x00-\x{10FFFF}]", [], ["", "a"]),
    ("x{,2}", ["x{,2}"], ["", "xx"]),
    ("x{2}", ["xx"], ["x", "xxx"]),
    ("x{1,}?", ["x", "xxx"], [""]),
    ("x{01}", ["x{01}"], ["x"]),
    (r"\101\x41\x{42}", ["AAB"], ["AAb"]),
    (r"\_\-\.", ["_-."], ["_-a"]),
    ("(?P<a>x)(?P<a>y)", ["xy"], []),
    ("(a|ab)(c|bcd)", ["abcd", "abc", "ac"], ["abd"]),
    ("(?:|a)+b", ["b", "aab"], ["aa"]),
    ("a*(?i)*", ["", "aa"], ["A"]),
]


@pytest.mark.parametrize(("pattern", "texts", "others"), MATCHING)
def test_the_whole_text_matches_as_go_reads_it(pattern, texts, others):
    read = expression(pattern)
    assert {text: read.matches(text) for text in (*texts, *others)} == {
        **dict.fromkeys(texts, True),
        **dict.fromkeys(others, False),
    }


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        ("P0|(P1", "missing closing )"),
        ("P0)", "unexpected )"),
        ("[a", "missing closing ]"),
        ("[z-a]", "invalid character class range: `z-a`"),
        (r"[a-\d]", r"invalid escape sequence: `\d`"),
        ("[[:letter:]]", "invalid character class range: `[:letter:]`"),
        ("*a", "missing argument to repetition operator: `*`"),
        ("a|+", "missing argument to repetition operator: `+`"),
        ("a++", "invalid nested repetition operator: `+`"),
        ("a{2}{3}", "invalid nested repetition operator: `{3}`"),
        ("a{1001}", "invalid repeat count: `{1001}`"),
        ("a{3,2}", "invalid repeat count: `{3,2}`"),
        ("(a{100}){11}", "invalid repeat count: `{11}`"),
        ("(?=a)", "invalid or unsupported Perl syntax: `(?=`"),
        ("(?<!a)b", "invalid or unsupported Perl syntax: `(?<`"),
        ("(?>a)", "invalid or unsupported Perl syntax: `(?>`"),
        ("(?x)a", "invalid or unsupported Perl syntax: `(?x`"),
        ("(?P<a-b>c)", "invalid named capture: `(?P<a-b>`"),
        (r"(a)\1", r"invalid escape sequence: `\1`"),
        (r"a\Z", r"invalid escape sequence: `\Z`"),
        (r"\C", r"invalid escape sequence: `\C`"),
        (r"\x{110000}", r"invalid escape sequence: `\x110000`"),
        ("\\", "trailing backslash at end of expression"),
        (r"\Qa", "missing closing )"),
    ],
)
def test_what_alertmanager_refuses_is_refused_in_its_words(pattern, problem):
    with pytest.raises(NotAnExpression, match=f"^{re.escape(problem)}$"):
        expression(pattern)


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        (r"\pL+", r"the characters of `\p` depend on Alertmanager's version"),
        (r"[\P{Greek}]", r"the characters of `\P` depend on Alertmanager's version"),
        (
            "(?i)m\u00fcnchen",
            "which letters differ from `\u00fc` in case only depends on Alertmanager's version",
        ),
        ("(?<a>b)", "`(?<a>` is refused by Alertmanager 0.25"),
        ("a)|(?:b", "a parenthesis ends what Alertmanager puts around it, once or twice"),
        ("(" * 101 + ")" * 101, "groups are nested deeper than the 100 that alertc follows"),
        ("(" + "|".join(["abcdef"] * 30) + "){1000}", "there are more than the 100,000 steps that alertc follows"),
    ],
)
def test_what_depends_on_the_version_is_not_judged(pattern, why):
    with pytest.raises(NotJudged, match=f"^{re.escape(why)}$"):
        expression(pattern)


def test_letters_without_a_case_may_stand_where_case_is_ignored():
    assert expression("(?i)a\u2013\u65e5").matches("A\u2013\u65e5")


def test_an_expression_that_branches_without_end_is_followed_all_the_same():
    """A program that tries one branch after the other would not come back from this."""
    assert not expression("(a*)*(a|aa)+b").matches("a" * 2000)
