"""Which metrics an expression reads: by name, by `__name__`, by a pattern."""

import pytest

from generator.upstream.promql import promql

RECORDS = ("a:x:sum", "a:y:sum", "z")


@pytest.mark.parametrize(
    ("expression", "named", "read"),
    [
        ("a:x:sum > z", {"a:x:sum", "z"}, {"a:x:sum", "z"}),
        ("other > 0", {"other"}, set()),
        ('{__name__="z"} > 0', {"z"}, {"z"}),
        ('{"z"} > 0', {"z"}, {"z"}),
        ('max({__name__=~"a:.*",job="b"})', set(), {"a:x:sum", "a:y:sum"}),
        ('{__name__=~"a:.*",__name__!="a:x:sum"}', set(), {"a:y:sum"}),
        ('{job="b"} > 0', set(), set(RECORDS)),
        ("rate(z[5m]) and absent(a:y:sum)", {"z", "a:y:sum"}, {"z", "a:y:sum"}),
        ("z >", set(), set()),
    ],
)
def test_what_is_read(expression, named, read):
    assert (promql.metrics(expression), promql.read_of(RECORDS, expression)) == (named, read)


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ('x{a="1"}', 'x{a="1"}'),
        ('{__name__="x",a="1"}', '{__name__="x",a="1"}'),
        ("x", "x"),
    ],
)
def test_a_selector_is_written_as_it_stands(expression, text):
    [selector] = promql.selectors(expression)
    assert selector.text == text
