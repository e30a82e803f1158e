"""Rules fail as a whole where two of their series become equal: what is found, and that promtool fails for it."""

import json

import pytest

from generator.diagnostics import formats
from generator.system import programs
from tests.checks.test_expressions import expression, findings, policy
from tests.compiling import SMALL, edited
from tests.compiling import said as expressions_said

SERVICES = ['a{service="shop"}', 'a{service="till"}']
NAMES = ['a_failed{instance="i"}', 'b_failed{instance="i"}']
ALERTS = ['ALERTS{alertname="A",alertstate="firing"}', 'ALERTS{alertname="B",alertstate="firing"}']

FAIL = {
    "sum by (service) (a) > 0": ("PQL705", SERVICES),
    "sum by (severity, service) (a) > 0": ("PQL705", SERVICES),
    "sum by (service) (a) > 0 and on (service) b": ("PQL705", [*SERVICES, 'b{service="shop"}', 'b{service="till"}']),
    "sum by (service) (a) / on (service) sum by (service) (a) > 0": ("PQL705", SERVICES),
    'a{service=~"shop|till"} > 0': ("PQL705", SERVICES),
    'a{service!="door"} > 0': ("PQL705", SERVICES),
    'rate(a{service!~"d.*"}[5m]) >= 0': ("PQL705", SERVICES),
    "topk by (service) (1, a) > 0": ("PQL705", SERVICES),
    "a / on (service) a > 0": ("PQL705", SERVICES),
    'count_values("service", b) > 0': ("PQL705", ["b{i='1'}", "b{i='2'} 0"]),
    'absent(x{service="shop"}) or absent(x{service="till"})': ("PQL705", []),
    '(sum by (service) (a{service="shop"}) or vector(0)) >= 0': ("PQL705", SERVICES),
    "count by (alertname) (ALERTS) > 0": ("PQL705", ALERTS),
    'ALERTS{alertstate="firing"} > 0': ("PQL705", ALERTS),
    'ALERTS{alertname=~"A|B"} > 0': ("PQL705", ALERTS),
    '{__name__=~"(a|b)_failed"} > 0': ("PQL727", NAMES),
    '{instance="i"} > 0': ("PQL727", NAMES),
    'count by (__name__) ({__name__=~".+_failed"}) > 0': ("PQL727", NAMES),
    'rate({__name__=~".+_failed"}[5m]) >= 0': ("PQL727", NAMES),
    'sum(abs({__name__=~".+_failed"})) > 0': ("PQL727", NAMES),
    '-{__name__=~".+_failed"} < 0': ("PQL727", NAMES),
    '{__name__=~".+_failed"} * 2 > 0': ("PQL727", NAMES),
    '{__name__=~".+_failed"} > on (instance) c': ("PQL727", [*NAMES, 'c{instance="i"} 0']),
    '{__name__=~".+_failed"} > on (__name__, instance) {__name__=~".+_failed"} offset 5m': ("PQL727", NAMES),
}
"""Expressions, what is found of them, and series (they grow by 1 a minute) for which promtool fails."""

STAND = {
    'sum by (service) (a{service="shop"}) > 0': SERVICES,
    'sum by (service) (a{service=~"shop"}) > 0': SERVICES,
    'sum by (service) (a) > 0 and on (service) b{service="shop"}': [*SERVICES, 'b{service="shop"}'],
    "sum by (instance) (a) > 0": SERVICES,
    'a / on (service) a{service="shop"} > 0': SERVICES,
    "a / ignoring (service) sum(c) > 0": ["a", "c"],
    "max without (service) (a) > 0": SERVICES,
    "sum by (host) (c) * on (host) group_left (service) d > 0": ["c{host='h'}", "d{host='h',service='shop'}"],
    'label_replace(sum by (host) (c), "service", "$1", "host", "(.).*") > 0': ["c{host='h1'}", "c{host='h2'}"],
    'label_replace(sum by (service) (a), "app", "$1", "service", "(.+)") > 0': SERVICES,
    'label_join(sum by (service) (a), "app", "-", "service") > 0': SERVICES,
    "a > 0 or b > 0": ["a{i='1'}", "b{i='1'}"],
    "a > 0 or ignoring (i) b > 0": ["a{i='1'}", "b{i='2'}"],
    'absent(x{job="a"}) or absent(x{job="b"})': [],
    'max by (instance) ({__name__=~".+_failed"}) > 0': NAMES,
    'label_replace({__name__=~".+_failed"}, "metric", "$1", "__name__", "(.+)") > 0': NAMES,
    '{__name__="a_failed"} > 0': NAMES,
    'c unless on (instance) {__name__=~".+_failed"} > 0': [*NAMES, "c"],
    "count(ALERTS) > 1": ALERTS,
    'label_replace(count by (alertname) (ALERTS), "name", "$1", "alertname", "(.+)") > 0': ALERTS,
    'ALERTS{alertname="A"} > 0': ALERTS,
    'absent({__name__=~"x|y"})': [],
}
"""Expressions of which nothing is found, and series for which promtool does not fail."""

LABELS = ("containment", "duty", "environment", "escalation", "incident", "service", "severity", "team")


def equal_series(text):
    return [one for one in findings(text) if one.code in ("PQL705", "PQL727")]


def fails(folder, expr, given):
    """Return whether promtool says of a rule with the labels of alertc that two of its series are equal."""
    rule = {"alert": "Example", "expr": expr, "labels": dict.fromkeys(LABELS, "x")}
    (folder / "rules.yml").write_text(json.dumps({"groups": [{"name": "g", "rules": [rule]}]}))
    series = [{"series": name.partition(" ")[0], "values": "0x10" if name[-1] == "0" else "1+1x10"} for name in given]
    test = {"interval": "1m", "input_series": series, "alert_rule_test": [{"eval_time": "9m", "alertname": "Other"}]}
    (folder / "test.yml").write_text(json.dumps({"rule_files": ["rules.yml"], "tests": [test]}))
    ran = programs.run([programs.find("promtool").path, "test", "rules", folder / "test.yml"])
    said = ran.stdout + ran.stderr
    equal = "same labelset" in said or "multiple matches for labels" in said
    assert equal or ran.code == 0, said
    return equal


@pytest.mark.parametrize("expr", FAIL, ids=[text[:70] for text in FAIL])
def test_a_rule_that_promtool_fails_is_found(tmp_path, expr):
    code, given = FAIL[expr]
    assert {one.code for one in equal_series(policy(expression(expr)))} == {code}
    assert fails(tmp_path, expr, given)


@pytest.mark.parametrize("expr", STAND, ids=[text[:70] for text in STAND])
def test_a_rule_that_promtool_evaluates_is_left_alone(tmp_path, expr):
    assert equal_series(policy(expression(expr))) == []
    assert not fails(tmp_path, expr, STAND[expr])


@pytest.mark.parametrize(
    ("severity", "level"), [("P0", "error"), ("P1", "error"), ("P2", "warning"), ("P3", "warning")]
)
def test_it_is_an_error_for_what_is_urgent(severity, level):
    tests = [
        {"given": {'a{service="shop",instance="i"}': "0x4 7x10"}, "fires_at": "1m15s", "labels": {"instance": "i"}},
        {"given": {'a{service="shop",instance="i"}': "0x20"}, "silent_until": "5m"},
    ]
    entry = expression("sum by (service, instance) (a) > 1", severity=severity, tests=tests)
    assert [(one.code, one.level.value) for one in equal_series(policy(entry))] == [("PQL705", level)]


# ------------------------------------------------------------------------------------------- what a test gives


def given(*series, expr="a > 1 or b > 1"):
    return policy(expression(expr, tests=[{"given": dict.fromkeys(series, "0x20"), "silent_until": "5m"}]))


def test_a_test_shows_that_there_are_several():
    (finding,) = equal_series(given('a{service="shop",i="1"}', 'a{service="till",i="1"}'))
    assert (finding.code, finding.message, finding.notes) == (
        "PQL705",
        "Example has a series for each `service`, and its rule sets that label to `shop` for all of them",
        (
            "the series given in Example #1 differ in nothing else",
            "if two such series fire at once, Prometheus fails to evaluate the rule, and nobody is notified",
        ),
    )


def test_series_of_both_operands_are_compared():
    (finding,) = equal_series(given('a{service="shop",team="web"}', 'b{service="till",team="ops"}'))
    assert finding.message == "Example has series that differ only in `service` and `team`, which its rule overwrites"


@pytest.mark.parametrize(
    "series",
    [
        ('a{service="shop",i="1"}', 'a{service="till",i="2"}'),
        ('a{service="shop"}', 'b{service="shop"}'),
        ('a{service="shop"}', 'c{service="till"}'),
    ],
)
def test_series_that_differ_in_more_or_are_not_read_show_nothing(series):
    assert equal_series(given(*series)) == []


@pytest.mark.parametrize(
    "expr",
    [
        "max by (i) (a) > 1",
        'a{service="shop"} > 1',
        "a > 1 and on (service) b",
        "sum(a) > 1 or vector(0) > 1",
        'label_replace(a, "app", "$1", "service", "(.+)") > 1',
        "absent(a) or absent(b)",
    ],
)
def test_what_the_expression_makes_of_them_counts(expr):
    assert equal_series(given('a{service="shop"}', 'a{service="till"}', 'b{service="till"}', expr=expr)) == []


def test_what_a_record_makes_of_them_counts_too():
    """No test gives the record itself: Prometheus makes it of what is given."""
    record = (
        "  path:failed:max:\n    every: 15s\n    expr: max by (path, tier) (path:failed)\n    labels: {region: eu}\n"
    )
    below = "  path:failed:\n    every: 15s\n    expr: failed\n"
    text = edited(SMALL, ("records:\n", f"records:\n{record}{below}"))
    example = given('failed{path="/a",tier="x"}', 'failed{path="/a",tier="y"}', expr="path:failed:max > 1")
    assert equal_series(text + example.removeprefix(SMALL)) == []
    overwritten = text.replace("labels: {region: eu}", "labels: {tier: front}")
    assert [one.route[:2] for one in equal_series(overwritten + example.removeprefix(SMALL))] == [
        ("records", "path:failed:max")
    ]
    renamed = text.replace("max by (path, tier) (path:failed)", "last_over_time(path:failed[1m])")
    services = given('failed{path="/a",service="x"}', 'failed{path="/a",service="y"}', expr="path:failed:max > 1")
    assert [one.notes[0] for one in equal_series(renamed + services.removeprefix(SMALL))] == [
        "the series given in Example #1 differ in nothing else"
    ]


def test_a_test_shows_it_of_a_record():
    record = "  path:failed:last:\n    every: 15s\n    expr: failed\n    labels: {tier: front}\n"
    text = edited(SMALL, ("records:\n", f"records:\n{record}"))
    example = given('failed{path="/a",tier="x"}', 'failed{path="/a",tier="y"}', expr="path:failed:last > 1")
    (finding,) = equal_series(text + example.removeprefix(SMALL))
    assert (finding.level.value, finding.route[:2], finding.notes[0]) == (
        "warning",
        ("records", "path:failed:last"),
        "the series given in Example #1 differ in nothing else",
    )


# ------------------------------------------------------------------------------------------- records and alerts


def recorded(expr, labels):
    record = {"every": "15s", "expr": expr, "labels": labels}
    return edited(
        SMALL,
        ("records:\n", f"records:\n  path:failed:rate2m: {json.dumps(record)}\n"),
    )


def test_a_record_that_overwrites_what_its_series_surely_have_is_an_error():
    text = recorded("sum by (path, tier) (rate(failed_total[2m]))", {"tier": "front"})
    (finding,) = equal_series(text)
    assert (finding.level.value, finding.route, finding.message, finding.notes, finding.help) == (
        "error",
        ("records", "path:failed:rate2m", "expr"),
        "path:failed:rate2m has a series for each `tier`, and its rule sets that label to `front` for all of them",
        (
            "`sum by (path, tier)` makes a series for each `tier`",
            "if there are two such series, Prometheus fails to evaluate the rule, and nothing is recorded",
        ),
        'select one value (`tier="front"`), or copy the label to another name with `label_replace`',
    )
    helped = recorded('sum by (path, tier) (rate(failed_total{tier="front"}[2m]))', {"tier": "front"})
    assert equal_series(helped) == []


@pytest.mark.parametrize(
    ("reader", "level"),
    [("max(path:failed:rate2m) > 1", "warning"), ("", "warning"), ("ErrorsHigh", "warning"), ("MoneyLost", "error")],
)
def test_a_record_of_several_names_is_as_bad_as_what_reads_it(reader, level):
    text = recorded('last_over_time({__name__=~"a|b"}[1m])', {})
    if reader.startswith("max"):
        text += policy(expression(reader)).removeprefix(SMALL)
    elif reader == "ErrorsHigh":
        text = edited(text, ("sum by (job) (rate(errors_total[2m]))", "sum by (job) (path:failed:rate2m)"))
    elif reader == "MoneyLost":
        text = edited(text, ("(abs(till_difference))", "(abs(till_difference or path:failed:rate2m))"))
    found = [(one.code, one.level.value, one.route[:2]) for one in equal_series(text)]
    assert found == [("PQL727", level, ("records", "path:failed:rate2m"))]


def test_what_a_record_makes_is_overwritten_too():
    text = recorded("sum by (path, service) (rate(failed_total[2m]))", {})
    entry = policy(expression("path:failed:rate2m > 1"))
    (finding,) = equal_series(text + entry.removeprefix(SMALL))
    assert (finding.route[:2], finding.notes[0]) == (
        ("alerts", "Example"),
        "`path:failed:rate2m` is recorded so: `sum by (path, service)` makes a series for each `service`",
    )
    entry = policy(expression('path:failed:rate2m{service="shop"} > 1'))
    assert equal_series(text + entry.removeprefix(SMALL)) == []


def test_alerts_of_one_name_differ_in_the_service_that_the_rule_overwrites():
    """`ServiceDown` is there for each service: its alerts become equal under another rule."""
    (finding,) = equal_series(policy(expression('ALERTS{alertname="ServiceDown"} > 0')))
    assert finding.notes[0] == '`ALERTS{alertname="ServiceDown"}` selects the alerts of alerting and shop'
    assert equal_series(policy(expression('ALERTS{alertname="ServiceDown",service="shop"} > 0'))) == []


def test_a_label_that_the_rule_removes_is_told_with_the_way_out():
    text = policy(expression("max by (duty) (a) > 1"))
    said = formats.to_text(findings(text), {"policy.yaml": text.encode()})
    assert said.endswith(
        "    = `max by (duty)` makes a series for each `duty`\n"
        "    = if two such series fire at once, Prometheus fails to evaluate the rule, and nobody is notified\n"
        "    = help: aggregate the label away, or copy the label to another name with `label_replace`: alertc routes, "
        "groups or silences by `duty`\n"
    )


@pytest.mark.parametrize(("label", "found"), [("team", True), ("severity", True), ("service", False), ("till", False)])
def test_incidents_are_not_told_apart_by_a_label_that_the_rule_overwrites(label, found):
    any_series = ("max by (till) (abs(till_difference)) > 0", "abs(till_difference) > 0")
    text = edited(SMALL, ("page_each: [till]", f"page_each: [{label}]"))
    assert expressions_said(text, "PQL705") == "", "its series have no other label than till"
    said = expressions_said(edited(text, any_series), "PQL705")
    assert said.startswith(f"error[PQL705]: MoneyLost has a series for each `{label}`, and its rule sets") == found, (
        said
    )
    if found:
        assert f"    = `page_each: [{label}]` says that there are several values of it\n" in said
