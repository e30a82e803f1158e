"""Between which bounds the values of an expression lie."""

from types import SimpleNamespace

from generator.upstream.promql import promql
from generator.upstream.promql.records import Records
from generator.upstream.promql.values import Values


def test_a_metric_that_two_rules_record_has_the_values_of_both():
    rules = [("a:b", SimpleNamespace(expr=f"vector({value})", labels={})) for value in (3, 1, 5)]
    assert Values(Records(rules)).bounds(promql.parsed("a:b")) == (1.0, 5.0)
