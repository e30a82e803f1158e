"""Unit tests are tried at other phases of the scrape too, by promtool; what holds on its grid alone is found."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.checks import verify
from generator.checks.files import phases, promtool
from generator.checks.files.trials import as_scraped
from generator.upstream.durations import parse
from generator.upstream.promql import samples
from generator.upstream.promql.records import Records
from tests import seeds
from tests.compiling import SMALL, edited
from tests.verifying import verified


@pytest.fixture(autouse=True)
def _only_this_verifier(monkeypatch):
    monkeypatch.setattr(verify, "VERIFIERS", ())
    monkeypatch.setattr(verify, "ASKERS", (phases.ask,))


ALERT = """\
alerts:
  Tried:
    service: shop
    severity: P0
    expr: {expr}
    for: {hold}
    seen_within: 5m
    containment: stop-sales
    summary: Tried
    tests:
      - {{given: {{x: {fires}}}, fires_at: {at}}}
      - {{given: {{x: {silent}}}, silent_until: 10m}}
"""


PATIENT = (
    "acknowledge: 5m\n    answer_in: 1m\n    detect_in: 15s",
    "acknowledge: 1h\n    answer_in: 1m\n    detect_in: 10m",
)


def tried(expr, fires, at, silent="0x50", hold="0s", severity="P0", records="", given="x", edits=()):
    alert = ALERT.format(expr=expr, fires=fires, at=at, silent=silent, hold=hold).replace("P0", severity)
    policy = edited(SMALL, ("alerts:\n", alert.replace("{x: ", f"{{{given}: ")), PATIENT, *edits)
    return verified(policy=edited(policy, ("records:\n", f"records:\n{records}")) if records else policy, tests="shop")


def findings(text):
    return [line for line in text.splitlines() if line.startswith(("error", "warning", "note"))]


FIVE_OF_FIVE = "sum_over_time((x > bool 0)[1m:15s]) >= 5"


def test_a_window_that_holds_one_sample_less_in_life_is_found():
    assert tried(FIVE_OF_FIVE, "0x4 1x20", "2m15s") == (
        "error[PRM620]: Tried fires at 2m15s in its test, but not where evaluations lie between samples\n"
        "   --> policy.yaml:137:9\n"
        "    |\n"
        "137 |       - {given: {x: 0x4 1x20}, fires_at: 2m15s}\n"
        "    |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n"
        "    = promtool evaluates at the moments of samples and of the steps of subqueries; servers do at others\n"
        "    = evaluated every 15.25s, it does not fire by 165.5s\n"
        "    = help: ask for fewer samples, or for a range that is one scrape longer\n"
    )


@pytest.mark.parametrize(
    ("expr", "fires", "at", "silent"),
    [
        # Four of five samples are in every window, wherever it begins.
        ("sum_over_time((x > bool 0)[1m:15s]) >= 4", "0x4 1x20", "2m", "0x50"),
        ("count_over_time(x[1m]) >= 4", "1x20", "45s", "1x2 stale _x40"),
        ("increase(x[2m]) > 3", "0x8 5x20", "2m15s", "0x50"),
        ("x > 0", "0x4 1x2", "1m15s", "0x50"),
        ("x offset 1m > 0", "0x4 1x20", "2m15s", "0x50"),
        ("absent(x)", "1x4 stale", "1m15s", "0x50"),
        ("time() - x > 100", "0x40", "1m45s", "9999x50"),
    ],
)
def test_what_holds_at_every_phase_is_left_alone(expr, fires, at, silent):
    assert tried(expr, fires, at, silent) == ""


@pytest.mark.parametrize("hold", seeds.parameters(["20s", "15s", "1m", "15m", "1h"], 3))
def test_what_waits_for_whole_evaluations_waits_for_as_many(hold):
    fires = 75 + -(-parse(hold).seconds // 15) * 15
    assert tried("max_over_time(x[1m]) > 0", "0x4 1x300", f"{fires}s", hold=hold, severity="P3") == ""
    over = " 0x300" if hold == "20s" else f"1x{parse(hold).seconds // 15 - 6} 0x300"
    assert (
        tried("max_over_time(x[1m]) > 0", "0x4 1x300", f"{fires}s", silent=f"0x4 {over}", hold=hold, severity="P3")
        == ""
    )


def test_steps_of_a_subquery_that_miss_the_change_are_found():
    said = tried("max_over_time(x[2m:2m]) > 0", "0x7 1x20", "2m")
    assert findings(said) == [
        "error[PRM620]: Tried fires at 2m in its test, but not where evaluations lie between samples"
    ]


def test_silence_that_holds_on_the_grid_alone_is_found():
    # Off the grid a range of a minute holds four samples, and what they climb is extrapolated to all of it.
    said = tried("increase(x[1m]) > 5", "0x4 9x20", "1m15s", silent="0x4 5x20")
    assert findings(said) == [
        "error[PRM620]: Tried is silent until 10m in its test, but not where evaluations lie between samples"
    ]


def test_of_what_is_not_urgent_it_is_a_warning():
    assert findings(tried(FIVE_OF_FIVE, "0x4 1x20", "2m15s", severity="P2")) == [
        "warning[PRM620]: Tried fires at 2m15s in its test, but not where evaluations lie between samples"
    ]


def test_an_alert_that_is_over_at_the_next_evaluation_is_found():
    soon = ("detect_in: 10m", "detect_in: 10m\n    group_wait: 5s")
    assert tried("x > 0", "0x4 1 0x20", "1m15s", edits=(soon,)) == (
        "warning[PRM621]: Tried fires at 1m15s in its test, and no longer at 1m30s\n"
        "   --> policy.yaml:138:9\n"
        "    |\n"
        "138 |       - {given: {x: 0x4 1 0x20}, fires_at: 1m15s}\n"
        "    |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n"
        "    = Alertmanager may be told that it is over before it has told anybody\n"
        "    = help: let it hold for longer (a longer range, `keep_firing_for`), or the test give it for longer\n"
    )


@pytest.mark.parametrize("fires", ["0x4 1", "0x4 1x1", "0x4 1+1x3"])
def test_series_that_end_with_the_test_go_on_as_they_end(fires):
    assert tried("x > 0", fires, "1m15s") == ""
    assert tried("rate(x[30s]) > 0", "0x4 3+3", "1m15s") == ""


def test_a_record_is_made_at_the_same_moments():
    five = f"  x:five: {{expr: '{FIVE_OF_FIVE.removesuffix(' >= 5')}', every: 15s}}\n"
    assert findings(tried("x:five >= 5", "0x4 1x20", "2m15s", records=five)) == [
        "error[PRM620]: Tried fires at 2m15s in its test, but not where evaluations lie between samples"
    ]
    four = five.replace("five", "four")
    assert tried("x:four >= 4", "0x4 1x20", "2m", records=four) == ""


SLOW = "  x:slow: {expr: 'sum(x)', every: 1m}\n"
SLOWER = "  x:slower: {expr: 'max(x:slow)', every: 2m}\n"


def given_record(expr, fires, at, silent="0x50"):
    return tried(expr, fires, at, silent, records=SLOW, given="'x:slow'")


def test_a_record_is_given_as_rarely_as_it_is_made():
    assert given_record("count_over_time(x:slow[2m]) > 5", "_x5 1x20", "2m30s", "_x50") == (
        "error[PRM626]: Tried fires at 2m30s in its test, but not where records come every 1m\n"
        "   --> policy.yaml:138:9\n"
        "    |\n"
        "138 |       - {given: {'x:slow': _x5 1x20}, fires_at: 2m30s}\n"
        "    |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n"
        "    = promtool has one at each value of a test, or at each evaluation; on a server a range holds fewer\n"
        "    = made as rarely, the alert does not fire by 3m45s\n"
        "    = help: ask for fewer samples, average instead of adding up, or record more often\n"
    )


def test_a_record_that_promtool_makes_is_made_as_rarely():
    found = ["error[PRM626]: Tried fires at 2m15s in its test, but not where records come every 1m"]
    assert findings(tried("sum_over_time(x:slow[2m]) > 5", "0x3 1x20", "2m15s", records=SLOW)) == found


def test_silence_that_only_many_samples_keep_is_found():
    expr = "count_over_time(x:slow[2m]) < 4 and on () (x:slow offset 4m)"
    said = given_record(expr, "1x20 stale", "6m30s", silent="1x50")
    assert "Tried is silent until 10m in its test, but not where records come every 1m" in said


@pytest.mark.parametrize(
    ("expr", "fires", "at"),
    [
        ("x:slow > 0", "0x4 1x20", "1m15s"),
        ("max_over_time(x:slow[2m]) > 0", "0x4 1x20", "1m15s"),
        ("min_over_time(x:slow[2m]) > 0", "0x4 1x40", "3m30s"),
        ("avg_over_time(x:slow[4m]) > 0.5", "0x16 1x40", "6m15s"),
        ("absent(x:slow)", "1x4 stale", "1m15s"),
    ],
)
def test_what_a_slow_record_shows_as_well_is_left_alone(expr, fires, at):
    assert "PRM626" not in given_record(expr, fires, at)


def test_records_of_several_paces_are_made_at_each_evaluation():
    expr = "sum_over_time(x:slower[4m]) > 5 and on () x:slow > 0"
    assert "PRM626" not in tried(expr, "0x3 1x40", "2m15s", records=SLOW + SLOWER)


def test_alerts_are_seen_at_each_evaluation_alone():
    expr = "count(count_over_time(ALERTS{alertname='Tried'}[2m]) > 5) > 0"
    rare = ("evaluate: 15s", "evaluate: 1m")
    said = tried(f'"{expr}"', "_x5 1x20", "3m", "_x50", given="'ALERTS{alertname=\"Tried\"}'", edits=(rare,))
    assert "Tried fires at 3m in its test, but not where records come every 1m" in said


def test_an_alert_that_is_over_before_its_group_has_waited_is_found():
    waits = ("detect_in: 10m", "detect_in: 10m\n    group_wait: 1m\n    group_interval: 1m")
    said = tried("increase(x[45s]) > 0", "0x4 1x40", "1m15s", edits=(waits,))
    assert findings(said) == ["warning[PRM621]: Tried fires at 1m15s in its test, and no longer at 2m15s"]
    assert "Alertmanager is told that it is over before its group has waited: `group_wait`, and nobody is told" in said
    assert tried("increase(x[2m]) > 0", "0x4 1x40", "1m15s", edits=(waits,)) == ""
    keeps = ("    summary: Tried\n", "    keep_firing_for: 1m\n    summary: Tried\n")
    assert tried("increase(x[45s]) > 0", "0x4 1x40", "1m15s", edits=(waits, keeps)) == ""


BY_JOB = "  x:job: {expr: 'sum by (job) (x)', every: 15s, labels: {region: eu}}\n"


@pytest.mark.parametrize(
    ("expr", "labels", "found"),
    [
        ("max(x:job > on (job) group_left () sum by (job) (y)) > 0", "job='a',team='b'", False),
        ("max(x:job > on (team) group_left () y) > 0", "job='a',team='b'", True),
        ("max(x:job > on (region) group_left () y) > 0", "region='eu'", False),
        ("max(x:job) > 0", "job='a',instance='b'", False),
    ],
)
def test_records_have_the_labels_alone_that_they_keep(expr, labels, found):
    labels = labels.replace("'", '"')
    given = f"""'y{{job="a",team="b",region="eu"}}': 0x40, 'x:job{{{labels}}}'"""
    said = tried(expr, "0x4 1x20", "1m15s", records=BY_JOB, given=given)
    assert ("PRM627" in said) == found, said


def test_what_only_labels_of_a_record_that_it_drops_make_true_is_found():
    two = """'x:job{a="b"}': 0x4 1x20, 'x:job{a="c"}'"""
    said = tried("count(x:job > 0) > 1", "1x30", "1m15s", records=BY_JOB, given=two)
    assert said == (
        "error[PRM627]: Tried fires at 1m15s in its test, but not where records have the labels alone that they keep\n"
        "   --> policy.yaml:138:9\n"
        "    |\n"
        "138 |       - {given: {'x:job{a=\"b\"}': 0x4 1x20, 'x:job{a=\"c\"}': 1x30}, fires_at: 1m15s}\n"
        "    |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n"
        "    = without what they drop: x:job{}\n"
        "    = help: keep the label in the record, or give its series as the record makes them\n"
    )


def test_samples_that_only_promtool_reads_are_tried_as_they_are():
    histogram = "'{{schema:0 sum:5 count:4 buckets:[1 2 1]}}x20'"
    assert tried("histogram_count(x) > 3", histogram, "0s", silent="_x20") == ""


def test_what_only_holds_without_the_labels_of_a_scrape_is_found():
    joined = 'count(label_replace(x > 0,"k","a$1","job","(.*)") and on (k) label_replace(vector(1),"k","a","","")) > 0'
    assert tried(f"'{joined}'", "0x4 1x20", "1m15s") == (
        "error[PRM624]: Tried fires at 1m15s in its test, but not where its series have the labels `job` and "
        "`instance`\n"
        "   --> policy.yaml:137:9\n"
        "    |\n"
        "137 |       - {given: {x: 0x4 1x20}, fires_at: 1m15s}\n"
        "    |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n"
        "    = every series that is scraped has them\n"
        "    = help: say which labels count (`on (...)`, `sum by (...)`), and give the series of the test their "
        "labels\n"
    )
    silent = tried("'count(x{job!=\"\"} > 0) > 0'", "0x4 1x20", "1m15s", silent="0x4 1x20")
    assert "Tried is silent until 10m in its test, but not where its series have the labels `job` and" in silent


def test_what_a_scrape_misses_is_gone_at_once():
    said = tried("x > 0", "0x4 1 _x40", "3m15s", hold="2m")
    assert said == (
        "error[PRM625]: Tried fires at 3m15s in its test, but not where what a scrape misses is gone at once\n"
        "   --> policy.yaml:137:9\n"
        "    |\n"
        "137 |       - {given: {x: 0x4 1 _x40}, fires_at: 3m15s}\n"
        "    |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n"
        "    = servers mark a series that a scrape does not have, and all those of a target that is down (`up` is 0)\n"
        "    = promtool shows the last sample for 5m\n"
        "    = help: write `stale` for the first `_`, and let the expression bridge the gap (`last_over_time(x[5m])`)\n"
    )
    assert tried("last_over_time(x[5m]) > 0", "0x4 1 _x40", "3m15s", hold="2m") == ""


def test_silence_that_a_lost_scrape_ends_is_found():
    assert findings(tried("absent(x)", "1x4 stale", "1m15s", silent="1x4 _x10 1x30")) == [
        "error[PRM625]: Tried is silent until 10m in its test, but not where what a scrape misses is gone at once"
    ]


@pytest.mark.parametrize(
    ("expr", "given", "found"),
    [
        ("up == 0 and on (instance, job) (till_a > 0 or till_a offset 9m > 5)", "{up: 1x4 0x20, till_a: 1x24}", True),
        ("up == 0 and on (job) till_a > 0", "{up: 1x4 0x20, 'till_a{instance=\"other\"}': 1x24}", False),
        ("up == 0", "{up: 1x4 0x20, till_a: 1x24}", False),
        ("up == 0 and on (instance, job) max_over_time(till_a[5m]) > 0", "{up: 1x4 0x20, till_a: 1x24}", False),
    ],
)
def test_all_series_of_a_target_that_is_down_are_gone(expr, given, found):
    alert = ALERT.format(expr=expr, fires="0x4", at="1m15s", silent="0x50", hold="0s")
    said = verified(policy=edited(SMALL, ("alerts:\n", alert.replace("{x: 0x4}", given)), PATIENT), tests="shop")
    assert ("PRM625" in said) == found, said


@pytest.mark.parametrize(
    ("series", "scraped"),
    [
        ("x", 'x{job="a", instance="a:1"}'),
        ("x{}", 'x{job="a", instance="a:1"}'),
        ('x{a="}", b="c"}', 'x{a="}", b="c", job="a", instance="a:1"}'),
        ('x{job="b",}', 'x{job="b",instance="a:1"}'),
        ('{__name__="x",instance="i"}', '{__name__="x",instance="i", job="a"}'),
        ('x{instance="i",job="j"}', 'x{instance="i",job="j"}'),
        ("x:recorded", "x:recorded"),
        ("recorded", "recorded"),
        ('ALERTS{alertname="A"}', 'ALERTS{alertname="A"}'),
        ("x{", "x{"),
    ],
)
def test_what_is_scraped_has_job_and_instance(series, scraped):
    rule = SimpleNamespace(expr="sum(x)", labels={})
    assert as_scraped(series, Records([("recorded", rule)])) == scraped


def test_a_test_that_fails_as_it_is_is_reported_once(monkeypatch):
    monkeypatch.setattr(verify, "ASKERS", (promtool.ask, phases.ask))
    assert findings(tried("sum_over_time(x[1m]) >= 5", "0x20", "2m15s")) == [
        "error[PRM610]: expected Tried to fire at 2m15s, but it did not fire"
    ]


def test_an_alert_of_many_services_is_tried_once():
    services = "each: [shop, alerting]"
    policy = edited(
        SMALL,
        ("alerts:\n", ALERT.format(expr=FIVE_OF_FIVE, fires="0x4 1x20", at="2m15s", silent="0x50", hold="0s")),
        PATIENT,
    ).replace("service: shop\n    severity: P0\n    expr: sum", f"{services}\n    severity: P0\n    expr: sum")
    assert len(findings(verified(policy=policy, tests="shop"))) == 1


SEGMENTS = st.lists(st.sampled_from(["0x4", "1+2x3", "7", "-3-1x2", "_x2", "stale", "1e3"]), min_size=1)


@given(SEGMENTS, st.integers(0, 40))
def test_what_is_prolonged_begins_as_it_was(segments, count):
    values = " ".join(segments)
    there, longer = samples.expand(values), samples.expand(samples.prolonged(values, count))
    assert longer[: len(there)] == there
    ends = there[-1] is None
    assert len(longer) == (len(there) if ends else max(len(there), count))


@given(SEGMENTS, st.integers(1, 5))
def test_what_a_rule_makes_is_what_there_is_then(segments, rarer):
    values = " ".join(segments)
    step, all_samples = timedelta(seconds=15), samples.expand(values)
    made = samples.expand(samples.as_recorded(values, step, rarer * step))
    first = (samples.change(values) or 0) % rarer
    assert [made[number] for number in range(first, len(made), rarer)] == list(all_samples[first::rarer])
    assert all(sample is None for number, sample in enumerate(made) if (number - first) % rarer)


@given(SEGMENTS)
def test_what_comes_later_is_the_same(segments):
    values = " ".join(segments)
    later = samples.later(values, 4)
    there, moved = samples.expand(values), samples.expand(later)
    assert moved[1::4] == there
    assert [one for number, one in enumerate(moved) if number % 4 != 1] == [None] * (3 * len(there))
    assert later.count("stale") == values.count("stale")
