"""Whether a label can have a value that some matchers accept and others do not: decided, and shown by a value."""

import itertools

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from generator.upstream.alertmanager import values
from generator.upstream.alertmanager.match import Matcher
from generator.upstream.alertmanager.re2 import NotAnExpression, NotJudged
from generator.upstream.alertmanager.values import Undecided, witness
from tests.upstream.test_re2_judged import patterns


def matchers(*wanted):
    return [Matcher(label="team", operator=operator, value=value) for operator, value in wanted]


@pytest.mark.parametrize(
    ("wanted", "value"),
    [
        ((), ""),
        ((("=", "a"),), "a"),
        ((("=", ""),), ""),
        ((("!=", ""),), "a"),
        ((("=", "a"), ("!=", "a")), None),
        ((("=", "a"), ("=", "b")), None),
        ((("=~", "a|b|c"), ("!~", "a|b")), "c"),
        ((("=~", "a|b"), ("!~", "[ab]")), None),
        ((("=~", "team-.*"), ("!=", "team-"), ("!~", "team-[a-z]")), "team-0"),
        ((("=~", "x{2}"),), "xx"),
        ((("=~", ".+"),), "a"),
        ((("!~", ".*"),), "\n"),
        ((("!~", "(?s).*"),), None),
        ((("=~", "(?s).*[^a-z]"), ("!~", r".*[[:print:]]")), "\u00a1"),
        ((("=~", "[^a]*"), ("=~", ".*a.*")), None),
        ((("=~", r"\bprod\b.*"), ("!=", "prod"), ("!~", "prod-.*")), "prod!"),
        ((("=~", "(?i)prod"), ("!~", "[a-z]+|[A-Z]+")), "proD"),
        ((("=~", "(?i)k"), ("!~", "k|K")), "\u212a"),
        ((("=~", "(a|b)*a(a|b){2}"), ("!~", "a.*")), "baaa"),
    ],
)
def test_the_shortest_value_is_shown(wanted, value):
    assert witness(matchers(*wanted)) == value


def test_where_there_are_too_many_states_nothing_is_said():
    far = matchers(("=~", "(a|b)*a(a|b){12}"), ("!~", "(a|b)*"))
    with pytest.raises(Undecided, match=f"more than {values.MOST_STATES:,} states"):
        witness(far)


LETTERS = ("", *"ab09_-]\n\u00e9 ")
TEXTS = tuple(dict.fromkeys("".join(letters) for letters in itertools.product(LETTERS, repeat=3)))

one = st.one_of(
    st.tuples(st.sampled_from(("=", "!=")), st.sampled_from(TEXTS)), st.tuples(st.sampled_from(("=~", "!~")), patterns)
)


@given(st.lists(one, min_size=1, max_size=4))
@example([("=~", "a|b"), ("!~", "a"), ("!=", "")])
@example([("!~", "a*"), ("!~", "b*"), ("!=", "ab")])
def test_no_value_is_missed_and_none_is_made_up(wanted):
    tried = matchers(*wanted)
    try:
        found = witness(tried)
        fitting = [text for text in TEXTS if all(matcher.accepts(text) for matcher in tried)]
    except (NotAnExpression, NotJudged, Undecided):
        return
    if found is None:
        assert fitting == []
    else:
        assert all(matcher.accepts(found) for matcher in tried)
        assert not any(len(text) < len(found) for text in fitting)
