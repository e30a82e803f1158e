"""What is known of the labels of a rule's alerts: only what the rule and its expression say."""

from datetime import timedelta

import pytest

from generator.behaviour.behaviour import Rule
from generator.behaviour.label_sets import LabelSets
from generator.upstream.alertmanager.match import parse

OPEN = "open"


def rule(name="A", expr="x > 0", records=False, **labels):
    return Rule(
        path="prometheus/rules/shop.yaml",
        group="shop",
        interval=None,
        name=name,
        records=records,
        expr=expr,
        hold=timedelta(),
        keep_firing=timedelta(),
        labels=labels,
        annotations={},
        where=(),
    )


def value(label, alert, *records):
    """Return what is known of a label: its value, `open`, or the matchers that its values suit."""
    known = LabelSets([alert, *records], {}).value(alert, label)
    return known if isinstance(known, str) else " ".join(sorted(map(str, known))) or OPEN


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        # A plain selector proves nothing of what it does not ask for.
        ("x > 0", OPEN),
        ('x{a="1"} > 0', "1"),
        ('x{a=""} > 0', ""),
        ('x{a=~"1|2"} > 0', 'a=~"1|2"'),
        ('x{a!=""} > 0', 'a!=""'),
        ('x{a=~"1.*",a!="10"} > 0', 'a!="10" a=~"1.*"'),
        # Nothing but `b` is there; of `a` that is named, nothing is proven.
        ("sum by (b) (x) > 0", ""),
        ("sum by (a) (x) > 0", OPEN),
        ('sum by (a) (x{a=~"1|2"}) > 0', 'a=~"1|2"'),
        ("sum without (a) (x) > 0", ""),
        ('sum without (b) (x{a="1"}) > 0', "1"),
        ('topk(3, x{a="1"}) > 0', "1"),
        ("vector(1)", ""),
        ('absent(x{a="1"})', "1"),
        ('absent(x{b="1"})', ""),
        # What matches has one value on both sides.
        ('x > on (a) y{a="1"}', "1"),
        ('x > on (a) y{a!="1"}', 'a!="1"'),
        ('x > on (b) y{a="1"}', ""),
        ('x{a="1"} and on (b) y', "1"),
        ('x unless y{a="1"}', OPEN),
        ('x * on (b) group_left (a) y{a="1"}', "1"),
        # Either side may have sent it.
        ('x{a="1"} or y{a="1"}', "1"),
        ('x{a="1"} or y{a="2"}', 'a!=""'),
        ('x{a!="1"} or y{a!="1",a!="2"}', 'a!="1"'),
        ('label_replace(x, "a", "1", "", "")', "1"),
        ('label_replace(x{a!="2"}, "a", "$1", "b", "(.*)")', OPEN),
        # What cannot be read can have any label.
        ("x >", OPEN),
    ],
)
def test_an_expression_says_what_it_proves(expression, expected):
    assert value("a", rule(expr=expression)) == expected


def test_what_a_rule_writes_is_the_value():
    assert value("a", rule(expr='x{a="1"}', a="2")) == "2"
    assert value("a", rule(expr='x{a="1"}', a="")) == ""
    assert value("alertname", rule(expr='x{alertname="B"}')) == "A"


def test_a_label_that_is_copied_has_the_values_of_the_other():
    assert value("a", rule(expr='x{b="1"}', a="{{ $labels.b }}")) == "1"
    assert value("a", rule(expr="sum(x)", a="{{ $labels.b }}")) == ""
    assert value("a", rule(expr='x{b="1"}', a="no-{{ $labels.b }}")) == OPEN


def test_a_recorded_series_has_the_labels_of_its_rule():
    record = rule("a:made", 'sum by (a) (x{a=~"1|2"})', records=True, c="3")
    assert value("a", rule(expr="a:made > 0"), record) == 'a=~"1|2"'
    assert value("b", rule(expr="a:made > 0"), record) == ""
    assert value("c", rule(expr="a:made > 0"), record) == "3"


@pytest.mark.parametrize(("label", "expected"), [("a", OPEN), ("b", ""), ("c", OPEN), ("job", ""), ("d", 'd=~"1|2"')])
def test_a_name_that_several_rules_record_has_the_labels_of_each(label, expected):
    expressions = {"sum by (d) (x{d=~'1|2'})": {"c": "1"}, "sum by (a, d) (y{d=~'1|2'})": {"c": "2"}}
    records = [rule("a:made", expression, records=True, **labels) for expression, labels in expressions.items()]
    assert value(label, rule(expr="a:made > 0"), *records) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("x > 0", 'job!=""'),
        ('x{job=~"a|"} > 0', 'job!="" job=~"a|"'),
        ('{__name__="x"} > 0', 'job!=""'),
        ("sum by (job) (rate(x[5m])) > 0", 'job!=""'),
        ("sum without (instance) (x) > 0", 'job!=""'),
        ('label_replace(x, "job", "", "", "") > 0', OPEN),
        # What others record, what Prometheus makes of alerts, and what a pattern selects may have none.
        ("job:x:sum > 0", OPEN),
        ("ALERTS > 0", OPEN),
        ('{__name__=~"x|y"} > 0', OPEN),
        # A rule may record what is scraped, too.
        ("made > 0", OPEN),
        ("kept > 0", 'job!=""'),
    ],
)
def test_what_is_scraped_has_a_job(expression, expected):
    records = [rule("made", "sum(x)", records=True), rule("kept", "max by (job) (x)", records=True)]
    assert value("job", rule(expr=expression), *records) == expected


@pytest.mark.parametrize(
    ("expression", "values", "expected"),
    [
        # What lacks it gets it; what has one of that name keeps its own.
        ("sum(x) > 0", ("eu",), "eu"),
        ("sum(x) > 0", ("eu", "u.s"), r'a=~"eu|u\\.s"'),
        ("sum(x) > 0", (), 'a!=""'),
        ("x > 0", ("eu",), 'a!=""'),
        ('x{a="1"} > 0', ("eu",), "1"),
        ('x{a=~"1|2"} > 0', ("eu",), 'a=~"1|2"'),
        ('x{a!="1"} > 0', ("eu",), 'a!=""'),
    ],
)
def test_prometheus_adds_external_labels(expression, values, expected):
    alert = rule(expr=expression)
    known = LabelSets([alert], {"a": values}).value(alert, "a")
    assert (known if isinstance(known, str) else " ".join(map(str, known))) == expected


def test_external_labels_are_not_on_what_another_watches():
    watched, watching = rule(expr="sum(x)"), rule("W", "ALERTS", b="{{ $labels.a }}")
    known = LabelSets([watched, watching], {"a": ("eu",)})
    assert (known.value(watched, "a"), known.value(watching, "b", watched)) == ("eu", "")
    assert known.value(watching, "a", watched) == "eu"


def test_a_rule_that_removes_a_label_has_the_external_one():
    alert = rule(a="")
    assert LabelSets([alert], {"a": ("eu",)}).value(alert, "a") == "eu"


def test_an_alert_that_another_watches_has_its_labels():
    watched, watching = rule(expr='x{a="1"}', b="2"), rule("W", "ALERTS", c="3")
    known = LabelSets([watched, watching], {})
    assert [known.value(watching, label, watched) for label in "abc"] == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("matchers", "may"),
    [
        (['a="1"'], True),
        (['a="3"'], False),
        (['a!="1"', 'a!="2"'], False),
        (['a!="1"', 'b="4"'], True),
        (['severity="P0"'], True),
        (['severity="P1"'], False),
    ],
)
def test_matchers_are_asked_together(matchers, may):
    alert = rule(expr='x{a=~"1|2"}', severity="P0")
    assert LabelSets([alert], {}).may_match(alert, [parse(text)[0] for text in matchers]) is may


def test_a_label_set_is_possible_or_not():
    alert = rule(expr='x{a=~"1|2"}', severity="P0")
    known = LabelSets([alert], {})
    assert known.can_be(alert, {"a": "2", "b": "any", "severity": "P0", "alertname": "A"})
    assert not known.can_be(alert, {"a": "3"})
    assert not known.can_be(alert, {"severity": ""})
    assert [known.surely_has(alert, label) for label in ("a", "b", "severity")] == [True, False, True]


@pytest.mark.parametrize(("values", "expected"), [(("eu",), "eu"), (("eu", "us"), 'a=~"eu|us"'), ((), OPEN)])
def test_a_label_that_is_an_external_label(values, expected):
    alert = rule(a="{{ $externalLabels.region }}")
    known = LabelSets([alert], {"region": values}).value(alert, "a")
    assert (known if isinstance(known, str) else " ".join(map(str, known)) or OPEN) == expected


def test_what_counts_values_has_the_label_unless_it_is_removed_again():
    assert value("v", rule(expr='count_values by (a) ("v", x) > 1')) == 'v!=""'
    assert value("v", rule(expr='count_values without (v) ("v", x) > 1')) == ""
