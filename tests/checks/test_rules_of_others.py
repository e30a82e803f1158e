"""What the lints of expressions say of rules that no policy wrote: errors rest on what is certain alone."""

from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from generator.checks.expressions.condition import RuleFacts, Sender, Surroundings
from generator.checks.expressions.expressions import Linter
from generator.checks.expressions.heartbeats import is_heartbeat
from generator.upstream.promql.records import Records


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    expr: str
    labels: dict[str, str] = field(default_factory=dict)


def surroundings(*records, **known):
    """Return what is known around rules where each of `records` is a name with an expression."""
    rules = Records((name, Record(expr=expr)) for name, expr in records)
    return Surroundings(records=rules, **{"alerts": dict, **known})


def alert(expr, *, name="Example", labels=None, **known):
    labels = labels or {}
    heartbeat = is_heartbeat(name, labels, expr)
    return RuleFacts(name=name, expr=expr, route=(0,), labels=labels, heartbeat=heartbeat, **known)


def said(expr, *records, around=None, **known):
    """Return the level, the code and the message of each finding."""
    findings = Linter(around or surroundings(*records)).findings(alert(expr, **known))
    return [f"{finding.level.value} {finding.code}: {finding.message}" for finding in findings]


NEVER = "error PQL706: the operands of an operator in Example never match: "
PERHAPS = "warning PQL706: an operator in Example never matches "


@pytest.mark.parametrize(
    ("expr", "finding"),
    [
        (
            "sum by (job) (a) / sum(b) > 1",
            NEVER + "the series on the left have the label `job`, those on the right do not",
        ),
        (
            "sum by (job) (a) / b > 1",
            NEVER + "the series on the right have the label `instance`, those on the left do not",
        ),
        ("a > 0 and absent(b)", NEVER + "the series on the left have the label `instance`, those on the right do not"),
        (
            'sum by (code) (a{code=~"5.."}) / sum(b) > 1',
            NEVER + "the series on the left have the label `code`, those on the right do not",
        ),
        (
            'count_values("version", a) > on (version) sum(b)',
            NEVER + "the series on the left have the label `version`, those on the right do not",
        ),
        (
            "sum by (code) (a) / sum(b) > 1",
            PERHAPS + "those on the left that have the label `code`, which those on the right lack",
        ),
        (
            "sum(b) / sum by (code) (a) > 1",
            PERHAPS + "those on the right that have the label `code`, which those on the left lack",
        ),
        (
            'label_replace(sum by (code) (a), "status", "$1", "code", "(.*)") / sum by (code) (b) > 1',
            PERHAPS + "those on the left that have the label `status`, which those on the right lack",
        ),
        (
            "sum by (cluster, job) (a) / sum by (job) (b) > 1",
            PERHAPS + "those on the left that have the label `cluster`, which those on the right lack",
        ),
    ],
)
def test_that_operands_never_match_is_certain_only_of_labels_that_are_surely_there(expr, finding):
    assert said(expr) == [finding]


@pytest.mark.parametrize(
    ("label", "written"),
    [
        ("node", 'label_replace({}, "node", "$1", "host", "(.*)")'),
        ("node", 'label_replace({}, "node", "${{1}}", "host", "(.+)")'),
        ("node", 'label_join({}, "node", "-", "host")'),
        ("host", 'label_replace({}, "host", "x", "zone", "(.+)")'),
    ],
)
def test_a_label_that_is_written_is_as_certain_as_that_from_which_it_is_made(label, written):
    """`by (host)` alone does not say that there is a host; a selector does."""
    likely, certain = (
        f"{written.format(f'sum by (host) ({selector})')} > on ({label}) sum by (zone) (b)"
        for selector in ("a", 'a{host!=""}')
    )
    assert said(likely) == [PERHAPS + f"those on the left that have the label `{label}`, which those on the right lack"]
    assert said(certain) == [NEVER + f"the series on the left have the label `{label}`, those on the right do not"]


def test_a_record_of_another_file_may_lack_job_and_instance():
    assert said("sum by (team) (a) > on (team) team:limit:max") == []
    assert said("sum(a) > cluster:limit:max") == []


def test_several_rules_of_one_record_are_known_by_what_they_share():
    records = (("a:sum", "sum by (job) (a)"), ("a:sum", "sum by (pod) (a)"))
    assert said('a:sum{pod="p"} > 1', *records) == []
    assert said('a:sum{node="n"} > 1', *records) == [
        'error PQL708: a selector in Example matches no series: it asks for `node="n"`, and no series has that label'
    ]


def test_a_metric_that_is_recorded_and_scraped_may_have_any_label():
    assert said('a_total{node="n"} > 1', ("a_total", "sum by (job) (a)")) == []


def test_a_recorded_series_may_have_got_an_external_label():
    record = ("a:sum", "sum by (job) (a)")
    lost = 'it asks for `cluster="x"`, and no series has that label'
    assert said('a:sum{cluster="x"} > 1', record) == [f"error PQL708: a selector in Example matches no series: {lost}"]
    stored = surroundings(record, external=frozenset({"cluster"}))
    assert said('a:sum{cluster="x"} > 1', around=stored) == []
    text = {"texts": {"summary": "{{ $labels.cluster }}"}}
    assert said("a:sum > 1", around=stored, **text) == []
    assert said("sum(a:sum) > 1", around=stored, **text) == [
        "warning PQL703: `summary` of Example shows `$labels.cluster`, but its series never have that label"
    ]


def test_series_without_a_label_may_be_those_that_an_aggregation_names_in_vain():
    assert said('a:sum{code=""} > 1', ("a:sum", "sum by (code) (a)")) == []
    assert said('a:sum{job=""} > 1', ("a:sum", "sum by (job) (a)")) == [
        'error PQL708: a selector in Example matches no series: it asks for `job=""`, but every series has that label'
    ]


@pytest.mark.parametrize(
    "text",
    [
        "kubectl get pods -l app=$labels.pod",
        "{{ with $labels.pod }}of {{ . }}{{ end }}",
        "{{ if $labels.pod }}of {{ $labels.pod }}{{ end }}",
        '{{ if eq $labels.job "x" }}a{{ else if $labels.pod }}{{ $labels.pod }}{{ end }}',
        '{{ or $labels.pod "all pods" }}',
        '{{ $labels.pod | or "all pods" }}',
        "{{/* $labels.pod */}}{{- $pod := $labels.pod -}}",
    ],
)
def test_a_text_that_prints_no_blank_is_left_alone(text):
    assert said("sum by (job) (a) > 1", texts={"description": text}) == []


@pytest.mark.parametrize(
    "text",
    [
        "{{ $labels.pod }}",
        "{{- $labels.pod | urlquery -}}",
        '{{ printf "%s" $labels.pod }}',
        '{{ index $labels "pod" }}',
        "{{ if $labels.job }}{{ $labels.pod }}{{ end }}",
        "{{ with $labels.pod }}{{ . }}{{ end }} {{ $labels.pod }}",
    ],
)
def test_a_blank_in_a_text_is_a_warning(text):
    assert said("sum by (job) (a) > 1", texts={"runbook_url": text}) == [
        "warning PQL703: `runbook_url` of Example shows `$labels.pod`, but its series never have that label"
    ]


def test_texts_do_not_see_what_the_rule_adds():
    facts = alert("sum(a) > 1", labels={"service": "shop"}, texts={"summary": "{{ $labels.service }}"})
    (finding,) = Linter(surroundings()).findings(facts)
    assert finding.help == "texts do not see the labels of the rule itself: write `shop`"
    assert finding.route == (0, "summary")


@pytest.mark.parametrize(
    ("expr", "known"),
    [
        ("vector(1)", {}),
        ("vector(1)", {"name": "AlwaysUp", "labels": {"severity": "none"}}),
        ("1 == bool 1", {"name": "Watchdog"}),
        ("up", {"name": "PrometheusDeadMansSwitch"}),
        ("time() > bool 0", {"labels": {"severity": "none"}}),
        ("absent(nonexistent)", {}),
    ],
)
def test_a_heartbeat_may_fire_always(expr, known):
    assert said(expr, **known) == []


def test_another_alert_may_not_fire_always():
    (finding,) = Linter(surroundings()).findings(alert("sum(up) == bool 0 or vector(1)"))
    assert finding.message == "Example always fires: nothing in its expression can be false"
    assert finding.help == (
        "compare with a threshold, without `bool`; "
        "if it shows that alerting works, name it `Watchdog` or `DeadMansSwitch`"
    )


def test_a_number_beside_an_aggregation_is_never_replaced_where_its_label_is_there():
    why = "`vector(0)` has no labels, so no series on the left of `or` replaces it"
    assert said("(sum by (job) (a) or vector(0)) < 1") == [f"error PQL710: Example always fires: {why}"]
    assert said("(sum by (code) (a) or vector(0)) < 1") == [f"warning PQL710: Example may fire always: {why}"]


def test_what_matchers_ask_of_properties_and_states_is_a_condition():
    assert said('agent{admin="down"} and on (host) node{admin="enabled"}') == []
    assert said('gateway_metadata{any_host="yes"}') == []
    for expr in ('gateway_up{any_host="yes"}', "gateway_metadata"):
        assert said(expr) == ["warning PQL711: Example fires for every series, whatever its value"]
    assert said("agent and node") == ["warning PQL711: Example fires for every series, whatever its value"]


@pytest.mark.parametrize(
    "expr",
    [
        "a / on (job) group_left topk by (job) (1, b) > 1",
        "topk by (cluster, node) (1, a) * on (cluster) group_left b > 1",
        "bottomk without (instance) (1, a) > 1",
    ],
)
def test_one_series_of_each_kind_is_chosen_to_be_joined(expr):
    assert said(expr) == []


@pytest.mark.parametrize("expr", ["topk(1, a) > 1", "topk by (job) (3, a) > 1"])
def test_the_first_of_all_series_is_overtaken(expr):
    flaps = "a series that is overtaken resolves, and `for` starts again"
    assert said(expr) == [f"warning PQL718: Example fires for the series that `topk` selects at the moment: {flaps}"]


def test_a_label_that_a_template_makes_of_the_series_is_not_overwritten():
    expr = "sum by (severity) (a) > 1"
    assert said(expr, labels={"severity": "{{ $labels.severity }}"}) == []
    done = "its rule sets that label to `page` for all of them"
    assert said(expr, labels={"severity": "page"}) == [
        f"warning PQL705: Example has a series for each `severity`, and {done}"
    ]


def test_alerts_of_one_name_are_told_apart_by_their_owners():
    senders = {"Down": tuple(Sender(labels={"team": name}, owner=f"{name}.yaml", expr="up == 0") for name in "ab")}
    around = surroundings(alerts=lambda: senders)
    (finding,) = Linter(around).findings(alert('ALERTS{alertname="Down"} > 0', labels={"team": "c"}))
    assert (
        finding.message == "Example has a series for each `team`, and its rule sets that label to `c` for all of them"
    )
    assert finding.notes[0] == '`ALERTS{alertname="Down"}` selects the alerts of a.yaml and b.yaml'
    assert said('ALERTS{alertname="Dwon",team="x"} > 0', around=around) == [
        "warning PQL720: Example reads the alert `Dwon`, which no rule defines"
    ]


def test_ranges_are_judged_where_it_is_known_how_often_there_is_a_sample():
    record = ("a:sum", "max without (x) (a)")
    assert said("rate(a[1s]) + rate(a:sum[1s]) + rate((a + b)[1s:]) > 1", record) == []
    minute = timedelta(minutes=1)
    known = surroundings(record, scrape=minute, evaluate=2 * minute, every={"a:sum": 3 * minute})
    looks = "error PQL712: `rate` in Example looks at {0}, and {1} every {0}: there are never two samples to compare"
    assert said("rate(a[1m]) + rate(a:sum[3m]) + rate((a + b)[2m:]) > 1", around=known) == [
        looks.format("1m", "Prometheus scrapes"),
        looks.format("3m", "`a:sum` is recorded"),
        looks.format("2m", "there is a sample"),
    ]


def test_what_cannot_be_read_is_said_with_its_reason():
    linter = Linter(surroundings())
    assert linter.findings(alert("rate(a[5m * 2]) > 1", name="Newer")) == ()
    assert list(linter.unread) == ["Newer"]
    why, route = linter.unread["Newer"]
    assert why
    assert route == (0, "expr")


def test_a_label_that_is_copied_tells_the_same_series_apart():
    left = 'label_replace(max by (host, service) (done), "node", "$1", "host", "(.+)")'
    assert said(f"{left} >= on (node, service) max by (node, service) (begun)") == []
    other = left.replace("(.+)", "(.).*")
    (finding,) = said(f"{other} >= on (node, service) max by (node, service) (begun)")
    assert finding == (
        "warning PQL707: an operator in Example may match several series with one: the series on the left differ in "
        "`host`, which is not matched"
    )
