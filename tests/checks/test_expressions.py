"""What the lints of expressions find, and what they leave alone: first of all, what the page of each code shows."""

import pytest
import yaml

from generator import pipeline
from generator.commands.codes import code as explanation
from generator.commands.codes import files
from generator.diagnostics import formats
from generator.diagnostics.diagnostic import PolicyErrors
from generator.policy import source
from generator.targets.render import Templates
from generator.upstream.promql import promql
from tests.compiling import SMALL, compiled, edited

TEMPLATES = Templates(None)
SHOWN = sorted(name for name in files() if explanation(name).bad)
DEFAULTS = {"service": "shop", "severity": "P3", "expr": "up == 0", "summary": "Something is wrong"}

OWNERS = """
owners:
  by: namespace
  map: {web-.*: shop}
  otherwise: alerting

records:"""


def policy(entry):
    """Return the small policy with an alert of these lines; what they leave open is harmless."""
    lines = entry.strip("\n")
    written = yaml.safe_load(lines)
    there = {*written, *(left for key, left in (("each", "service"), ("at", "severity")) if key in written)}
    lines += "".join(f"\n{key}: {value}" for key, value in DEFAULTS.items() if key not in there)
    small = edited(SMALL, ("\nrecords:", OWNERS)) if written.get("each") == "owners" else SMALL
    return small + "\n  Example:\n" + "".join(f"    {line}\n" for line in lines.splitlines())


def findings(text):
    """Return what is found in a policy, placed in it."""
    try:
        found = pipeline.compile(source.read(text.encode(), "policy.yaml"), TEMPLATES, "policy.yaml").diagnostics
    except PolicyErrors as refused:
        found = refused.diagnostics
    return formats.ordered(formats.place(found, source.read(text.encode(), "policy.yaml")))


def said(entry):
    text = policy(entry)
    return formats.to_text(findings(text), {"policy.yaml": text.encode()})


def codes(entry):
    return [finding.code for finding in findings(policy(entry))]


def expression(expr, **more):
    return yaml.safe_dump({"expr": expr, **more}, width=1000, sort_keys=False)


def test_the_small_policy_is_clean():
    assert compiled(SMALL).diagnostics == ()


@pytest.mark.parametrize("code", SHOWN)
def test_the_bad_example_of_a_code_is_found_and_explained(golden, code):
    assert code in codes(explanation(code).bad)
    golden.expect(f"expressions/{code}.txt", said(explanation(code).bad))


@pytest.mark.parametrize("code", SHOWN)
def test_the_good_example_of_a_code_is_not_found(code):
    assert code not in codes(explanation(code).good)


def test_every_code_of_an_expression_has_examples():
    assert [name for name in files() if name.startswith("PQL7") and name > "PQL702" and name not in SHOWN] == []


ALONE = {
    # selectors and matching
    'up{job="a"} / up{job="b"} > 1': ["PQL706"],
    'up{job="a"} / ignoring (job) up{job="b"} > 1': [],
    "sum by (job) (a) > on (job) group_left sum by (job, code) (b)": [],
    "sum by (job, code) (a) > on (job) sum by (job) (b)": ["PQL707"],
    "sum by (job, code) (a) > on (job) group_left sum by (job) (b)": [],
    "sum by (job) (a) > on (job, code) sum by (job, code) (b)": ["PQL706"],
    "sum by (job) (a) > 1 and sum(b) > 1": ["PQL706"],
    "sum by (job) (a) > 1 and on () sum(b) > 1": [],
    "sum by (job) (a) > 1 unless sum(b) > 1": ["PQL706"],
    "sum by (job) (a) > 1 or sum(b) > 1": [],
    "a > sum(b)": ["PQL706"],
    'up{job="a",job!="a"} > 1': ["PQL708", "PQL709"],
    'x{job="a",job=~"b|c"} > 1': ["PQL708"],
    'x{job="a",job=~"a|b"} > 1': [],
    'x{job="a",job=~"[b-d]+"} > 1': ["PQL708"],
    'x{job="aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",job=~"(a+)+b"} > 1': ["PQL708"],
    'x{job="a",job=~"("} > 1': ["PQL725"],
    'job:errors:ratio{job=""} > 1': ["PQL708"],
    'job:errors:ratio{code!="500"} > 1': [],
    # comparisons
    "up > 1": ["PQL709"],
    "absent(up) == 0": ["PQL709"],
    "5 < hour() < 24": [],
    "hour() > 23": ["PQL709"],
    "rate(errors_total[5m]) < 0": ["PQL709"],
    "count(up == 0) > 0": [],
    "100 * (1 - avg(up)) > 100": ["PQL709"],
    "100 * (1 - avg(up)) >= 100": [],
    "(1 + 1) > a": [],
    "(1 + 1) > up": ["PQL711"],
    "vector(0) > 0": ["PQL709"],
    # conditions that exclude each other
    "a > 5 and a < 3": ["PQL709"],
    "a > 5 and a < 7": [],
    "a > 5 and a < 5": ["PQL709"],
    "a >= 5 and a <= 5": [],
    "a >= 5 and a <= 5 and a != 5": ["PQL709"],
    "a == 1 and a == 2": ["PQL709"],
    "a == 1 and a != 1": ["PQL709"],
    "5 < a and 3 > (a)": ["PQL709"],
    "a > 5 and b > 1 and a < 3": ["PQL709"],
    "(a > 5 unless b > 1) and a < 3": ["PQL709"],
    "a > 5 and (b > 1 and a < 3)": ["PQL709"],
    "a > 5 and on (job) a < 3": [],
    "a > 5 or a < 3": [],
    "a > 5 and a offset 5m < 3": [],
    'a{job="x"} > 5 and a < 3': [],
    '{job="x"} > 5 and {job="x"} < 3': ["PQL727"],
    "rate(errors_total[5m]) > 5 and rate(errors_total[5m]) < 3": ["PQL709"],
    "a > bool 5 and a < 3": [],
    "a == 0 unless a == 0": ["PQL709"],
    "a > 5 unless a > 3": ["PQL709"],
    "a > 3 unless a > 5": [],
    "a > 5 unless a": ["PQL709"],
    "a unless a > 5": [],
    "a > 5 unless on (job) a > 3": [],
    "a > 5 unless (a > 3 and b > 1)": [],
    "a > 5 unless 3 < a < 7": [],
    "a != 5 unless a != 5": ["PQL709"],
    # What is no number passes `!=` alone.
    "a unless a >= -Inf": [],
    "a != 0 unless a <= +Inf": [],
    "a > 0 unless a >= -Inf": ["PQL709"],
    "a offset 100ms > 5 and a offset 900ms < 3": [],
    "max_over_time(a[2m]) > 5 and max_over_time(a[2m:]) < 3": [],
    'label_replace(a or b,"i","z","","") > 5 and label_replace(a or b,"i","z","","") < 3': [],
    # nothing decides
    "vector(1)": ["PQL710"],
    "up == bool 0": ["PQL710"],
    "(up == bool 0) == 1": [],
    "sum(up == bool 0) or vector(0)": ["PQL710"],
    "(sum by (job) (a) or vector(0)) < 1": ["PQL710"],
    "1 > (sum by (job) (a) or vector(0))": ["PQL710"],
    '(a{job="b"} or vector(0)) == 0': ["PQL710"],
    "(sum by (job) (a) or vector(0)) > 1": [],
    "(sum by (job) (a) or on () vector(0)) < 1": [],
    "(sum(a) or vector(0)) < 1": [],
    "(a or vector(0)) < 1": [],
    "sum(sum by (job) (a) or vector(0)) < 1": [],
    "sum by (job) (a) < 1 or vector(0) > 1": ["PQL709"],
    "time()": ["PQL710"],
    "up": ["PQL711"],
    "rate(errors_total[5m]) >= 0": ["PQL711"],
    "a and b": ["PQL711"],
    "a unless b": [],
    "absent(up)": [],
    'ALERTS{alertname="ServiceDown",service="shop",alertstate="firing"}': [],
    'size_of_invalid_index{name=~".*ccnew.*"}': [],
    "a > 1 or b": ["PQL711"],
    # today is not 1970
    "vector(time()) < 1e9": ["PQL709"],
    "vector(time() - 3600) > 1e9": ["PQL710"],
    "a > 1 and on () year() == 1970": ["PQL709"],
    "a > 1 and on () year(vector(time() - 86400)) < 2020": ["PQL709"],
    "year(a) == 1970": [],
    "timestamp(a) < 600": ["PQL709"],
    "timestamp(a) > 600": ["PQL711"],
    "time() - timestamp(a) > 600": [],
    "a > 5 and hour(timestamp(a)) == 0": [],
    "a @ 0 > 5": ["PQL729"],
    "a > 5 and rate(b[5m] @ 1700000000) > 0": ["PQL729"],
    "a > 5 and max_over_time(b[5m:1m] @ 0) > 0": ["PQL729"],
    "a @ end() > 5": [],
    "sum(a) > scalar(b)": ["PQL733"],
    "sum(a) > scalar(max by (job) (b))": ["PQL733"],
    "sum(a) > scalar(max(b))": [],
    'sum(a) > scalar(b{instance="x"})': [],
    "sum(a) > scalar(sum by (job) (b{job='x'}))": [],
    "sum(a) > scalar(vector(5))": [],
    "sum(a) > on () b": ["PQL733"],
    "sum(a) > on () max(b)": [],
    "a > on () group_left () max(b)": [],
    "a > on () group_left () b": ["PQL733"],
    "max(a) > on () group_right () b": [],
    "sum(a) > 5 and on () b > 5": [],
    "sum(a) > on () topk(1, b)": ["PQL718"],
    "a_timestamp_seconds < 600": ["PQL730"],
    "600 > max by (job) (max_over_time(a_timestamp_seconds[1h]))": ["PQL730"],
    "max_over_time(a_timestamp_seconds[1h:1m]) < 600": ["PQL730"],
    "a_timestamp_seconds == 0": [],
    "a_timestamp_seconds > 1600000000": [],
    "time() - a_timestamp_seconds > 600": [],
    "sum(a_timestamp_seconds) < 600": [],
    "count(a_timestamp_seconds) < 600": [],
    "max(a_timestamp_seconds) - min(a_timestamp_seconds) > 600": [],
    # labels that every scrape adds
    'a{job=""} > 1': ["PQL708"],
    'a{instance!~".+"} > 1': ["PQL708"],
    'a{instance=~""} > 1': ["PQL708"],
    'a{instance=~"|b"} > 1': [],
    'a{job=~"b|c",job=~"d|e"} > 1': ["PQL708"],
    'a{code!="",code=~"|b",code!="b"} > 1': ["PQL708"],
    'a{code="",code!="b"} > 1': [],
    'other:errors:ratio{job=""} > 1': [],
    '{__name__=~"a.*",job=""} > 1': ["PQL727"],
    # a target that is down
    "up == 0 and a": ["PQL732"],
    "a > 5 and (up < 1)": ["PQL732"],
    "1 > up and on (job, instance) rate(a[5m]) > 0": [],
    "up == 0 and on (job) a": [],
    "up == 0 and ignoring (code) a": ["PQL732"],
    "up == 0 and ignoring (instance) a": [],
    "up == 0 and on (job, instance) max by (job, instance) (a)": ["PQL732"],
    "up == 0 and on (job, instance) max without (code) (a)": ["PQL732"],
    "up == 0 and on (job, instance) max without (job) (a)": ["PQL706"],
    "up == 0 and a offset 5m": [],
    "up == 0 and a / rate(b[5m]) > 1": ["PQL732"],
    "up == 0 and (a or up offset 5m)": [],
    "(up == 0 and a) or b > 1": ["PQL732"],
    "up == 0 and scrape_samples_scraped": [],
    "up == 0 and changes(up[10m]) > 3": [],
    "up == 1 and a > 5": [],
    "up >= 0 and a > 5": [],
    "up offset 5m == 0 and a > 5": [],
    "up == 0 and on (job, instance) other:errors:ratio": [],
    # windows
    "irate(errors_total[20s]) > 1": ["PQL712"],
    "delta(job:errors:ratio[1m]) > 1": [],
    "changes(a[10m:5m]) > 1": ["PQL712"],
    "max_over_time(a[15s]) > 1": [],
    # rates and histograms
    "rate(sum(errors_total)[10m:]) > 1": ["PQL714"],
    "rate(max(errors_total)[10m:]) > 1": [],
    "sum(rate(errors_total[10m])) > 1": [],
    "histogram_quantile(0.9, sum by (job) (rate(native_histogram[5m]))) > 1": [],
    "quantile(50, a) > 1": ["PQL716"],
    "quantile(-0.001, a) > 1": ["PQL716"],
    "quantile(0, a) > 1": [],
    "quantile_over_time(1, a[5m]) > 1": [],
    "quantile_over_time(1.001, a[5m]) > 1": ["PQL716"],
    # what comes and goes
    "sum(topk(3, a)) > 1": [],
    "a > 1 and topk(3, a)": [],
    "sum without (instance) (a) / sum without (instance) (a) > 1": [],
    "sum without (instance) (a) / on (job) sum without (instance) (b) > 1": [],
    # names
    'ALERTS{alertname="ServiceDwon"}': ["PQL720"],
    'max(ALERTS{alertname="ServiceDown",alertstate="pending",severity=~"P0|P1",service!="bank"})': [],
    'max(ALERTS{alertname="ServiceDown",alertstate="inactive"}) > 0': ["PQL731"],
    'max(ALERTS{alertname=~"Service.*",alertstate!~".+ing"}) > 0': ["PQL731"],
    'max(ALERTS{alertname="MoneyLost",alertstate="pending"}) > 0': ["PQL731"],
    'max(ALERTS{alertname="MoneyLost",alertstate!="firing"}) > 0': ["PQL731"],
    'max(ALERTS{alertname="MoneyLost",alertstate=~"pending|firing"}) > 0': [],
    'max(ALERTS{alertname="ServiceDown",alertstate="pending"}) > 0': [],
    'max(ALERTS{alertname="ServiceDown",severity="P3"}) > 0': ["PQL731"],
    'max(ALERTS{alertname="ServiceDown",severity!~"P0|P1"}) > 0': ["PQL731"],
    'max(ALERTS{alertname="ServiceDown",service="bank"}) > 0': ["PQL731"],
    'max(ALERTS{alertname="ServiceDown",job="bank"}) > 0': ["PQL731"],
    'max(ALERTS{alertname="ServiceDown",pod="a"}) > 0': ["PQL731"],
    'max(ALERTS{alertname="ErrorsHigh",job="bank"}) > 0': ["PQL731"],
    'max(ALERTS{alertname="Others",severity="page"}) > 0': [],
    "job:errors:ratios > 1": ["PQL720"],
    "job:errors:ratio5 > 1": [],
    "other:errors:ratio > 1": [],
    # not judged
    "-" * 249 + "a > 1": [],
    "-" * 250 + "a > 1": ["PQL726"],
    "(" * 100 + "a" + ")" * 100 + " > 1": [],
    "(" * 101 + "a" + ")" * 101 + " > 1": ["PQL726"],
    "a" + " + a" * 249 + " > 1": [],
    "a" + " + a" * 250 + " > 1": ["PQL726"],
    "a" + " and b" * 249 + " > 1": [],
    "a" + " and b" * 250 + " > 1": ["PQL726"],
    'a{job="' + "((((" * 100 + '"} > 1 # ' + "+0" * 300: [],
    'a{job="' + "x" * 19_983 + '"} > 1': [],
    'a{job="' + "x" * 19_988 + '"} > 1': ["PQL726"],
}


@pytest.mark.parametrize(("hold", "found"), [("4m59s", []), ("5m", ["PQL732"]), ("5m1s", ["PQL732"])])
def test_a_range_over_a_target_that_is_down_is_over_before_a_longer_for(hold, found):
    assert codes(expression("up == 0 and rate(a[5m]) > 0", **{"for": hold})) == found
    if found:
        text = said(expression("up == 0 and rate(a[5m]) > 0", **{"for": hold}))
        assert f"`rate(a[5m]) > 0` is gone 5m after its last scrape, and `for` is {hold}" in text


@pytest.mark.parametrize("text", ALONE, ids=[text[:60] for text in ALONE])
def test_an_expression_is_judged_by_what_it_says(text):
    assert sorted(set(codes(expression(text)))) == ALONE[text]


REST = "the rest of the expression can still fire"


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("count(a) == 0 or absent(a)", "warning"),
        ("count(a) == 0 or up > 1", "error"),
        ("(count(a) == 0 or absent(a)) and on () b > 1", "warning"),
        ("(count(a) == 0 or absent(a)) and on () up > 1", "error"),
        ("b > 1 unless on () count(a) == 0", "warning"),
        ("sum(count(a) == 0) > 1", "error"),
        ("absent(count(a) == 0)", "warning"),
        ("b > 1 or (a > 5 and a < 3)", "warning"),
        ("b > 1 or up{job='a'} / up{job='b'} > 1", "warning"),
        ("b > 1 or a{job='a',job=~'b|c'} > 1", "warning"),
        ("up{job='a'} / up{job='b'} > 1 or a{job='a',job=~'b|c'} > 1", "error"),
        ("sum by (job) (a) > 1 unless sum(b) > 1", "error"),
    ],
)
def test_what_leaves_the_other_side_to_fire_is_a_warning(text, level):
    judged = [one for one in findings(policy(expression(text))) if one.code in ("PQL706", "PQL708", "PQL709")]
    assert {one.level.value for one in judged} == {level}
    assert all((REST in one.notes) is (level == "warning") for one in judged)


def test_conditions_that_exclude_each_other_are_shown():
    (one,) = findings(policy(expression("rate(a_total[5m]) > 5 and b > 1 and rate(a_total[5m]) < 3")))
    assert one.message == (
        "conditions in Example exclude each other: `rate(a_total[5m]) > 5` and `rate(a_total[5m]) < 3`"
    )
    assert one.notes == ("they ask for the same value: that of `rate(a_total[5m])`",)


@pytest.mark.parametrize(("range_", "found"), [("5m", False), ("301s", True)])
def test_a_p0_may_look_back_as_long_as_it_may_go_unacknowledged(range_, found):
    shown = codes(expression(f"avg_over_time(a[{range_}]) > 1", severity="P0", **{"for": "0s"}))
    assert ("PQL713" in shown) == found


TEXTS = {
    ("up == 0", "{{ $labels.instance }}"): [],
    ("sum(up) == 0", "{{ $labels.instance }}"): ["PQL703"],
    ("sum(up) == 0", '{{ index $labels "instance" }}'): ["PQL703"],
    ("sum(up) == 0", "{{ .Labels.instance }}"): ["PQL703"],
    ("sum(up) == 0", '{{ index $.Labels "instance" }}'): ["PQL703"],
    ("sum(up) == 0", "up is 0: see .Labels.instance"): [],
    ("sum(up) == 0", '{{ range query "up == 0" }}{{ .Labels.instance }} {{ end }}'): [],
    ("sum(up) == 0", '{{ range query "up == 0" }}{{ $.Labels.instance }} {{ end }}'): ["PQL703"],
    ("sum without (instance) (up) == 0", "{{ $labels.job }} {{ $labels.instance }}"): ["PQL703"],
    ("sum by (job) (up) > on (job) group_left (zone) zones", "{{ $labels.zone }}"): [],
    ("sum by (job) (up) > on (job) group_left (zone) sum by (job) (zones)", "{{ $labels.zone }}"): ["PQL703"],
    ('absent(up{job="a"})', "{{ $labels.job }}"): [],
    ('absent(up{job="a"} == 1)', "{{ $labels.job }}"): ["PQL703"],
    ('label_replace(sum(up), "job", "a", "", "") == 0', "{{ $labels.job }}"): [],
    ("sum by (job) (up) == 0 or sum by (zone) (up) == 0", "{{ $labels.job }} {{ $labels.zone }}"): [],
    ('count_values("version", build) > 1', "{{ $labels.version }}"): [],
    ("job:errors:ratio > 1", "{{ $labels.job }}"): [],
    ("job:errors:ratio > 1", "{{ $labels.instance }}"): ["PQL703"],
    ("histogram_quantile(0.9, rate(a_bucket[5m])) > 1", "{{ $labels.le }}"): ["PQL703"],
    ("sum(up) == 0", "{{ $labels.severity }}"): ["PQL703"],
}


@pytest.mark.parametrize(("expr", "summary"), TEXTS)
def test_a_text_may_use_the_labels_that_are_left(expr, summary):
    assert codes(expression(expr, summary=summary)) == TEXTS[expr, summary]


def test_a_text_that_uses_a_label_of_the_rule_is_told_what_to_write():
    assert "write `P3`" in said(expression("sum(up) == 0", summary="{{ $labels.severity }}"))
    assert "write `$service`, which alertc fills in" in said(
        expression("sum(up) == 0", summary="{{ $labels.service }}")
    )


def test_details_are_read_too_and_both_keys_are_shown():
    entry = expression("sum(up) == 0", summary="{{ $labels.a }}", details="{{ $labels.a }}")
    assert [finding.route[-1] for finding in findings(policy(entry))] == ["summary", "details"]


@pytest.mark.parametrize("label", ["service", "severity", "team"])
def test_a_label_that_routes_may_be_named_in_page_each(label):
    assert codes(expression("sum(up) == 0", page_each=[label])) == []


def test_less_than_two_samples_is_an_error():
    looks = "`rate` in Example looks at {}, and Prometheus scrapes every 15s: {}"
    results = {
        "15s": ("error", "there are never two samples to compare"),
        "16s": ("error", "there are not always two samples to compare"),
        "29s": ("error", "there are not always two samples to compare"),
        "30s": ("warning", "one sample that is lost leaves a gap"),
        "44s": ("warning", "one sample that is lost leaves a gap"),
        "45s": None,
    }
    for window, result in results.items():
        wanted = [("PQL712", result[0], looks.format(window, result[1]))] if result else []
        assert [
            (finding.code, finding.level.value, finding.message)
            for finding in findings(policy(expression(f"rate(a[{window}]) > 1")))
        ] == wanted


def test_a_rate_of_a_recorded_metric_needs_samples_as_often_as_it_is_recorded():
    text = policy(expression("delta(job:errors:ratio[2m]) > 1")).replace(
        "every: 15s\n    expr: sum", "every: 1m\n    expr: sum"
    )
    message = "`delta` in Example looks at 2m, and `job:errors:ratio` is recorded every 1m: "
    assert [one.message for one in findings(text)] == [message + "one sample that is lost leaves a gap"]


def test_recording_rules_are_judged_themselves():
    text = SMALL.replace("/ sum by (job) (rate(requests_total[2m]))", "/ sum(rate(requests_total[2m]))")
    assert [(one.code, one.route) for one in findings(text)] == [("PQL706", ("records", "job:errors:ratio", "expr"))]


RECORDS = SMALL.index("records:\n") + len("records:\n")


def recorded(*expressions):
    """Return what is said of records named `r:1`, `r:2` and so on with these expressions."""
    written = "".join(f"  r:{number}: {{every: 15s, expr: '{expr}'}}\n" for number, expr in enumerate(expressions, 1))
    found = findings(SMALL[:RECORDS] + written + SMALL[RECORDS:])
    return [(one.route[1], one.message) for one in found if one.code == "RUL522"]


def test_records_that_wait_for_one_another_are_found():
    assert recorded("r:2 > 0", "sum(r:1)") == [
        ("r:1", "nothing is ever recorded as r:1: it needs r:2, which needs it"),
        ("r:2", "nothing is ever recorded as r:2: it needs r:1, which needs it"),
    ]
    assert recorded("r:1 + 1") == [("r:1", "nothing is ever recorded as r:1: it needs itself")]
    assert [name for name, _ in recorded("r:3 and up", "up unless r:1", "r:1 or r:1")] == ["r:1", "r:3"]


@pytest.mark.parametrize(
    "expressions",
    [
        ("up", "r:1", "r:2 + r:1"),
        ("r:1 or up",),
        ("up or r:1 offset 1m",),
        ("r:2 or vector(0)", "r:1"),
        ("absent(r:2)", "r:1"),
        ("up unless r:2", "r:1"),
        ("count(up) + scalar(r:2)", "r:1"),
    ],
)
def test_records_that_have_a_beginning_are_not(expressions):
    assert recorded(*expressions) == []


@pytest.mark.parametrize(
    ("expr", "more", "found"),
    [
        ("increase(payments_lost_total[10m]) > 0", {}, False),
        ("increase(payments_lost_total[10m]) > 5", {}, True),
        ("increase(payments_lost_total[10m]) > 5", {"seen_within": "15s"}, False),
        ("max_over_time(payments_lost[10m]) > 5", {}, False),
        ("min_over_time(payments_lost[10m]) > 5", {}, True),
        ("payments_lost > 3 * avg_over_time(payments_lost[1d])", {}, False),
        ("increase(payments_lost_total[1m]) > 5", {}, False),
    ],
)
def test_a_p0_that_looks_far_back_says_how_soon_it_is_true(expr, more, found):
    assert ("PQL713" in codes(expression(expr, severity="P0", **more))) is found
    assert "PQL713" not in codes(expression(expr, severity="P1", **more))


def test_services_of_one_alert_share_one_finding():
    entry = expression('sum(up{job="$service"}) == 0', summary="{{ $labels.instance }} of $service")
    text = policy(entry).removesuffix("    service: shop\n    severity: P3\n") + "    each: all\n    severity: P3\n"
    assert [one.message for one in findings(text)] == [
        "`summary` of Example shows `$labels.instance`, but its series never have that label"
    ]


def test_a_thousand_alerts_without_tests_are_one_finding_of_each_kind():
    entries = "".join(
        f"  Urgent{number}:\n    {{service: shop, severity: P1, expr: sum(queue_{number}) > 1, summary: Slow}}\n"
        for number in range(1000)
    )
    assert [one.message for one in findings(SMALL + "\n" + entries)] == [
        "no test shows that Urgent0 (P1), Urgent1 (P1), Urgent2 (P1) and 997 more fire",
        "no test shows that Urgent0 (P1), Urgent1 (P1), Urgent2 (P1) and 997 more stay silent",
    ]


def test_a_policy_without_containments_is_not_asked_for_them():
    text = SMALL.split("\ncontainments:\n")[0] + "\nduties:\n" + SMALL.split("\nduties:\n")[1]
    assert findings(text.replace("    containment: stop-sales\n", "")) == ()


def test_a_unit_test_expects_no_labels_of_the_rule_in_its_texts():
    """Prometheus renders `$labels.severity` as nothing: a template sees the labels of the series alone."""
    entry = (
        "expr: up == 0\nsummary: '{{ $labels.job }} is {{ $labels.severity }}'\n"
        "tests: [{given: {'up{job=\"a\"}': 0x9}, fires_at: 0s, labels: {job: a}}]"
    )
    tests = next(one.text for one in compiled(policy(entry)).artifacts if one.path == "prometheus/tests/shop.test.yaml")
    assert "summary: 'a is '" in tests


@pytest.mark.parametrize("text", ["-" * 90_000 + "x", "(" * 90_000, "x" + " or x" * 30_000, "x" + ">1" * 30_000])
def test_an_expression_of_many_thousand_levels_does_not_end_the_process(text):
    assert promql.parsed(text) is None
    assert promql.selectors(text) is None


NEWER = ('prometheus: {version: "2.42"', 'prometheus: {version: "3.5"')
WHOLE = {
    'a_bucket{le="1"} > 1': "le",
    'a_bucket{le=~"1|5"} > 1': "le",
    'a{quantile="1"} > 1': "quantile",
    'a_bucket{le="1.0"} > 1': None,
    'a_bucket{le=~"1|1.0"} > 1': None,
    'a_bucket{le=~"1(.0)?"} > 1': None,
    'a_bucket{le="+Inf"} > 1': None,
    'a_bucket{le!="1"} > 1': None,
    'a_bucket{job="1"} > 1': None,
}


@pytest.mark.parametrize("expr", WHOLE)
def test_prometheus_3_stores_whole_numbers_of_buckets_otherwise(expr):
    text = policy(expression(expr))
    assert [one.code for one in findings(text)] == []
    found = findings(edited(text, NEWER))
    assert [one.code for one in found] == ([] if WHOLE[expr] is None else ["PQL708"])
    if found:
        assert f"stores whole numbers of `{WHOLE[expr]}` as `1.0`" in found[0].message


def test_what_is_told_to_write_is_found_in_every_version():
    text = edited(policy(expression('a_bucket{le=~"1|5"} > 1')), NEWER)
    (finding,) = findings(text)
    assert finding.help == 'write `le=~"1|1.0|5|5.0"`, which matches in every version'
    helped = edited(policy(expression('a_bucket{le=~"1|1.0|5|5.0"} > 1')), NEWER)
    assert findings(helped) == ()


def test_a_group_of_a_regular_expression_is_no_parameter():
    grouped = 'label_replace(up{job="a"}, "host", "$name", "instance", "(?P<name>.+):.*") == 0'
    assert codes(expression(grouped)) == []
    assert codes(expression(grouped.replace("$name", "$nam"))) == ["POL230"]
