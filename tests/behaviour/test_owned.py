"""A rule whose labels choose by a label of its series is read as one rule for each choice, which no value escapes."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from generator.behaviour import owned
from generator.behaviour.behaviour import Rule
from generator.plan.owned import chosen
from generator.policy.owners import Owners
from generator.upstream.alertmanager.values import suits

WORDS = st.text("abc.-|", min_size=1, max_size=4)
PATTERNS = st.one_of(
    st.sampled_from(["a", "b", "ab|c", "c-.*", "b.+", "[ab]c", "(?i)d", "a{2,3}", 'x"y', r"d\.e", "e|"]),
    st.text("abc", min_size=1, max_size=3),
)
VALUES = st.one_of(st.sampled_from(["", "a", "ab", "c-1", "bx", "ac", "D", "aa", "aaa", 'x"y', "d.e", "é"]), WORDS)


def rule(labels):
    return Rule(
        path="r.yaml",
        group="g",
        interval=None,
        name="A",
        records=False,
        expr="x > 0",
        hold=timedelta(),
        keep_firing=timedelta(),
        labels=labels,
        annotations={},
        where=(),
    )


@given(
    st.dictionaries(PATTERNS, st.sampled_from(["s1", "s2", "s3"]), min_size=1, max_size=5), st.lists(VALUES, min_size=1)
)
def test_each_value_is_of_one_case_whose_labels_are_its_owners(written, values):
    owners = Owners(by="namespace", map=written, otherwise="s3")
    template = chosen(owners, {service: f"team-{service}" for service in owners.services})
    cases = owned.cases(rule({"team": template, "severity": "SEV1"}))
    assert [case.labels["severity"] for case in cases] == ["SEV1"] * len(cases)
    for value in values:
        its = [case for case in cases if suits(value, case.series.get("namespace", frozenset()))]
        # The first expression that matches decides, as the template asks them in turn.
        assert [case.labels["team"] for case in its] == [f"team-{owners.of(value)}"], value


def test_what_chooses_in_another_way_is_left_as_it_is():
    for text in (
        '{{ if match "^(?:a)$" $labels.x }}a{{ end }}',
        '{{ if match "a" $labels.x }}a{{ else }}b{{ end }}',
        '{{ if match "^(?:a)$" $labels.x }}a{{ else if match "^(?:b)$" $labels.y }}b{{ else }}c{{ end }}',
        '{{ if match "^(?:a)$" $labels.x }}a{{ else }}b{{ end }} more',
        '{{ if match "^(?:a)$" $labels.x }}{{ if 1 }}a{{ end }}{{ else }}b{{ end }}',
        '{{ if match "^(?:()$" $labels.x }}a{{ else }}b{{ end }}',
        '{{ if match "^(?:\\d)$" $labels.x }}a{{ else }}b{{ end }}',
    ):
        whole = rule({"team": text})
        assert owned.cases(whole) == (whole,), text
