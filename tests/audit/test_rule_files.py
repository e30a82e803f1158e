"""Which rules are read from what people have, where they stand, and what is said of what holds none."""

import io
import json
import os
import sys
from datetime import timedelta
from pathlib import Path
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.audit import files_of_others, rule_files
from generator.diagnostics.formats import to_text

DOWN = """\
groups:
- name: shop
  rules:
  - alert: Down
    expr: up == 0
    labels: {severity: page}
"""


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def written(files, tmp_path):
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else dedent(text).encode())


def read(tmp_path, files, *paths):
    written(files, tmp_path)
    return rule_files.read(paths or tuple(files))


def rules(read):
    return [(rule.rule.name, rule.place.path, rule.place.line) for rule in read.rules]


def said(read):
    return to_text(read.findings, read.sources)


def indented(text, by=4):
    return "".join(f"{' ' * by}{line}\n" for line in text.splitlines())


@pytest.mark.parametrize("limit", ["soon", "1.5", "[1]", "{a: 1}", "''"])
def test_a_limit_is_a_whole_number(tmp_path, limit):
    result = read(tmp_path, {"a.yml": DOWN.replace("- name: shop\n", f"- name: shop\n  limit: {limit}\n")})
    assert said(result).splitlines()[0] == (
        "error[AUD905]: the group `shop` cannot be read: its `limit` is not a whole number"
    )


def test_a_rule_is_read_with_all_that_prometheus_reads(tmp_path):
    text = """\
        groups:
        - name: shop
          interval: 30s
          limit: 10
          labels: {team: shop, severity: none}
          rules:
          - record: job:up:sum
            expr: sum by (job) (up)
          - alert: Down
            expr: |
              up == 0
            for: 5m
            keep_firing_for: 1h
            labels: {severity: page, empty: null}
            annotations:
              summary: '{{ $labels.instance }} is down'
        """
    result = read(tmp_path, {"rules.yml": text})
    record, alert = (written.rule for written in result.rules)
    assert (record.records, record.name, record.expr, dict(record.labels)) == (
        True,
        "job:up:sum",
        "sum by (job) (up)",
        {"team": "shop", "severity": "none"},
    )
    assert (alert.records, alert.name, alert.group, alert.expr) == (False, "Down", "shop", "up == 0\n")
    assert (alert.interval, alert.hold, alert.keep_firing) == (
        timedelta(seconds=30),
        timedelta(minutes=5),
        timedelta(hours=1),
    )
    assert alert.labels == {"team": "shop", "severity": "page", "empty": ""}
    assert alert.annotations == {"summary": "{{ $labels.instance }} is down"}
    assert [rule.limit for rule in result.rules] == [10, 10]
    assert rules(result) == [("job:up:sum", "rules.yml", 7), ("Down", "rules.yml", 9)]
    assert (result.findings, set(result.sources)) == ((), {"rules.yml"})


OBJECT = "apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nmetadata: {name: shop}\nspec:\n" + indented(
    DOWN, 2
)
MAP = "apiVersion: v1\nkind: ConfigMap\ndata:\n  readme: 'see groups: in rules.yml'\n  rules.yml: |\n" + indented(DOWN)
SHAPES = {
    "object": (OBJECT, 8),
    "documents": (f"kind: Service\n---\n{OBJECT}---\n", 10),
    "list": ("kind: List\nitems:\n-\n" + indented(OBJECT, 2), 11),
    "items": ("kind: PrometheusRuleList\nitems:\n- spec:\n" + indented(DOWN), 7),
    "map": (MAP, 9),
    "map-in-json": (json.dumps({"kind": "ConfigMap", "data": {"r.yml": DOWN}}), 1),
    "namespace": (f"namespace: shop\n{DOWN}", 5),
    "ruler": ("shop:\n- name: a\n  rules:\n  - alert: Down\n    expr: up == 0\n", 4),
    "google": ("kind: ClusterRules\nspec:\n" + indented(DOWN, 2), 6),
    "json": (json.dumps({"groups": [{"name": "a", "rules": [{"alert": "Down", "expr": "up == 0"}]}]}), 1),
}


@pytest.mark.parametrize("name", SHAPES)
def test_rules_are_read_from_what_people_keep_them_in(name, tmp_path):
    text, line = SHAPES[name]
    result = read(tmp_path, {"file.yml": text})
    assert (rules(result), said(result)) == ([("Down", "file.yml", line)], "")


def test_folders_are_read_in_order_without_what_is_not_about_rules(tmp_path):
    files = {
        "rules/b.yml": DOWN,
        "rules/a/z.rules": DOWN,
        "rules/.git/c.yml": DOWN,
        "rules/.hidden.yml": DOWN,
        "rules/notes.txt": DOWN,
        "rules/deployment.yaml": "kind: Deployment\n",
        "rules/chart.yaml": "{{- if .Values.enabled }}\nkind: Service\n{{- end }}\n",
        "rules/broken.json": "{",
        "elsewhere/d.yml": DOWN,
    }
    written(files, tmp_path)
    (tmp_path / "rules/link.yml").symlink_to("b.yml")
    (tmp_path / "rules/out.yml").symlink_to("../elsewhere/d.yml")
    result = rule_files.read(["rules", "rules/b.yml"])
    assert rules(result) == [("Down", "rules/b.yml", 4), ("Down", "rules/a/z.rules", 4)]
    assert (said(result), list(result.sources)) == ("", ["rules/b.yml", "rules/a/z.rules"])


def test_a_pipe_is_read(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(DOWN.encode())))
    assert rules(rule_files.read(["-"])) == [("Down", "-", 4)]


def test_tests_say_which_alerts_are_tested(tmp_path):
    tests = """\
        rule_files: [rules.yml]
        tests:
        - alert_rule_test:
          - {alertname: Down, eval_time: 5m}
          - {alertname: Up, eval_time: 5m, exp_alerts: []}
        - promql_expr_test: []
        """
    result = read(tmp_path, {"rules.yml": DOWN, "rules_test.yml": tests})
    assert (result.tested, said(result)) == ({"Down", "Up"}, "")


def case(tmp_path, entry):
    return said(read(tmp_path, entry[0], *entry[1]))


UNREADABLE = {
    "missing": (
        {},
        ("no/such.yml",),
        """\
error[AUD901]: cannot read no/such.yml: no such file or directory
  --> no/such.yml
   = help: check the path, and that it is a file or a folder that you may read
""",
    ),
    "empty": (
        {"a.yml": "# nothing\n"},
        (),
        """\
error[AUD904]: a.yml is empty
  --> a.yml
   = help: name a file with rules
""",
    ),
    "rules-of-nothing": (
        {"a.yml": "groups: []\n"},
        (),
        """\
error[AUD904]: a.yml holds no rules
  --> a.yml
   = help: rules stand under `groups`, in a rule file, a PrometheusRule or a ConfigMap
""",
    ),
    "prometheus": (
        {"prometheus.yml": "rule_files: [rules/*.yml]\n"},
        (),
        """\
error[AUD904]: prometheus.yml is a configuration of Prometheus, and holds no rules
  --> prometheus.yml
   = help: name the files that its `rule_files` lists
""",
    ),
    "alertmanager": (
        {"alertmanager.yml": "route: {receiver: a}\nreceivers: [{name: a}]\n"},
        (),
        """\
error[AUD904]: alertmanager.yml is a configuration of Alertmanager, and holds no rules
  --> alertmanager.yml
   = help: name it with --alertmanager
""",
    ),
    "folder": (
        {"rules/values.yaml": "a: 1\n"},
        ("rules",),
        """\
error[AUD904]: there is no rule in `rules`
  --> rules
   = help: name rule files, or folders with files that end in .yml, .yaml, .json or .rules
""",
    ),
    "invalid": (
        {"rules/a.yml": "groups:\n- name: a\n  name: b\n"},
        ("rules",),
        """\
error[AUD902]: the key `name` is written twice in one mapping
  --> rules/a.yml:3:3
   |
 3 |   name: b
   |   ^^^^
   = help: keep one of the two
""",
    ),
    "helm": (
        {"a.yml": "{{- if .Values.x }}\n" + DOWN + "{{- end }}\n"},
        (),
        """\
error[AUD903]: a.yml is a template (Helm): what it writes is known only when it is rendered
  --> a.yml
   = help: render it and audit what comes out: `helm template CHART | alertc audit --rules -`
""",
    ),
    "helm-in-quotes": (
        {"rules/a.yml": DOWN.replace("up == 0", "'{{ .Values.metric }} == 0'")},
        ("rules",),
        """\
warning[AUD903]: rules/a.yml is a template (Helm): what it writes is known only when it is rendered
  --> rules/a.yml
   = help: render it and audit what comes out: `helm template CHART | alertc audit --rules -`

error[AUD904]: there is no rule in `rules`
  --> rules
   = help: name rule files, or folders with files that end in .yml, .yaml, .json or .rules
""",
    ),
    "jinja-in-expression": (
        {"a.yml": DOWN.replace("up == 0", "'up{env=\"{{ env | lower }}\"} == 0'")},
        (),
        """\
error[AUD903]: a.yml is a template (Jinja): what it writes is known only when it is rendered
  --> a.yml
   = help: render it as your deployment does, and audit what comes out: `alertc audit --rules RENDERED`
""",
    ),
    "jsonnet": (
        {"r.jsonnet": "local a = import 'a.libsonnet'; {groups: [a]}\n"},
        (),
        """\
error[AUD903]: r.jsonnet is a template (Jsonnet): what it writes is known only when it is rendered
  --> r.jsonnet
   = help: render it and audit what comes out: `jb install && jsonnet -J vendor -S r.jsonnet | alertc audit --rules -`
""",
    ),
    "erb": (
        {"a.yml": DOWN.replace("up == 0", "up == <%= @limit %>")},
        (),
        """\
error[AUD903]: a.yml is a template (ERB): what it writes is known only when it is rendered
  --> a.yml
   = help: render it and audit what comes out: `erb a.yml | alertc audit --rules -`
""",
    ),
    "jinja": (
        {"rules.yml.j2": "{% for a in b %}\n" + DOWN + "{% endfor %}\n"},
        (),
        """\
error[AUD903]: rules.yml.j2 is a template (Jinja): what it writes is known only when it is rendered
  --> rules.yml.j2
   = help: render it as your deployment does, and audit what comes out: `alertc audit --rules RENDERED`
""",
    ),
    "jinja-value": (
        {"a.yml": DOWN.replace("up == 0", "{{ metrics.up }}")},
        (),
        """\
error[AUD903]: a.yml is a template (Jinja): what it writes is known only when it is rendered
  --> a.yml
   = help: render it as your deployment does, and audit what comes out: `alertc audit --rules RENDERED`
""",
    ),
    "no-quotes": (
        {"a.yml": DOWN.replace("up == 0", "{{ $value }}")},
        (),
        """\
error[AUD902]: a value that begins with `{{` needs quotes, or YAML takes it for a mapping
  --> a.yml:5:11
   |
 5 |     expr: {{ $value }}
   |           ^^
   = help: put the whole value in single quotes: '{{ ... }}'
""",
    ),
    "no-expression": (
        {"a.yml": "groups:\n- name: a\n  rules:\n  - alert: A\n    for: 1m\n  - {alert: B, expr: up}\n"},
        (),
        """\
error[AUD905]: the rule `A` of the group `a` cannot be read: it has no `expr`
  --> a.yml:4:5
   |
 4 |   - alert: A
   |     ^
   = help: Prometheus refuses the file; `promtool check rules` says whether it is mended
""",
    ),
    "duration": (
        {"a.yml": "groups:\n- name: a\n  rules:\n  - {alert: A, expr: up, for: abc}\n  - {alert: B, expr: up}\n"},
        (),
        """\
error[AUD905]: the rule `A` of the group `a` cannot be read: its `for` is not a valid duration: "abc"
  --> a.yml:4:5
   |
 4 |   - {alert: A, expr: up, for: abc}
   |     ^
   = help: Prometheus refuses the file; `promtool check rules` says whether it is mended
""",
    ),
    "label": (
        {"a.yml": "groups:\n- name: a\n  rules:\n  - {alert: A, expr: up, labels: {severity: {a: b}}}\n  - text\n"},
        (),
        """\
error[AUD905]: rule 2 of the group `a` cannot be read: it is not a mapping
  --> a.yml:2:3
   |
 2 | - name: a
   |   ^
   = help: Prometheus refuses the file; `promtool check rules` says whether it is mended

error[AUD905]: the rule `A` of the group `a` cannot be read: its `labels/severity` is not text
  --> a.yml:4:5
   |
 4 |   - {alert: A, expr: up, labels: {severity: {a: b}}}
   |     ^
   = help: Prometheus refuses the file; `promtool check rules` says whether it is mended
""",
    ),
    "no-name": (
        {"a.yml": "groups:\n- name: a\n  rules: []\n- rules:\n  - {alert: A, expr: up}\n"},
        (),
        """\
error[AUD905]: a group has no `name`
  --> a.yml:4:3
   |
 4 | - rules:
   |   ^
   = help: Prometheus refuses the file; `promtool check rules` says whether it is mended
""",
    ),
    "both": (
        {"a.yml": "groups:\n- name: a\n  rules:\n  - {alert: A, record: b, expr: up}\n  - {expr: up}\n"},
        (),
        """\
error[AUD905]: the rule `A` of the group `a` cannot be read: it has both `alert` and `record`
  --> a.yml:4:5
   |
 4 |   - {alert: A, record: b, expr: up}
   |     ^
   = help: Prometheus refuses the file; `promtool check rules` says whether it is mended

error[AUD905]: rule 2 of the group `a` cannot be read: it has neither `alert` nor `record`
  --> a.yml:5:5
   |
 5 |   - {expr: up}
   |     ^
   = help: Prometheus refuses the file; `promtool check rules` says whether it is mended
""",
    ),
    "groups-of-text": (
        {"a.yml": "groups: {a: 1}\n"},
        (),
        """\
error[AUD905]: groups is not a list
  --> a.yml:1:1
   |
 1 | groups: {a: 1}
   | ^
   = help: Prometheus refuses the file; `promtool check rules` says whether it is mended
""",
    ),
    "two-documents": (
        {"a.yml": DOWN + "---\n" + DOWN.replace("Down", "Up")},
        (),
        """\
warning[AUD906]: a second document with rules begins here, and Prometheus reads only the first
  --> a.yml:8:1
   |
 8 | groups:
   | ^
   = help: put its groups into a file of their own; the audit takes them as if they were there
""",
    ),
    "in-a-map": (
        {"a.yml": "kind: ConfigMap\ndata:\n  a.yml: |\n    groups:\n    - name: a\n      rules:\n      - alert: A\n"},
        (),
        """\
error[AUD905]: the rule `A` of the group `a` cannot be read: it has no `expr`
  --> a.yml:7:9
   |
 7 |       - alert: A
   |         ^
   = help: Prometheus refuses the file; `promtool check rules` says whether it is mended
""",
    ),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_cannot_be_read_is_said_with_its_place_and_a_way_out(name, tmp_path):
    assert case(tmp_path, UNREADABLE[name]) == UNREADABLE[name][2]


def test_a_rule_that_cannot_be_read_leaves_the_others(tmp_path):
    files, _, _ = UNREADABLE["duration"]
    assert rules(read(tmp_path, files)) == [("B", "a.yml", 5)]


LEGITIMATE = (
    "{{ $labels.instance }}",
    "{{- if gt $value 1.0 }}high{{ end }}",
    '{{ with query "up" }}{{ . | first | value }}{{ end }}',
    '{{ template "x" . }}',
    "{{ externalURL }} {{ if $value }}a{{ else }}b{{ end }}",
    '{{ $value | humanize }} {{ humanize $value }} {{ query "up" | first | value }}',
    "{{ $externalLabels.cluster }}",
    "50% of {%d",
    "see [[wiki]] and [[:alpha:]]",
    "a <% b",
    '{{ printf "%.2f" $value }}%',
    # Go's own quotes, and a slip that promtool takes: one text hides no alert.
    "{{`{{ $labels.instance }}`}} is down",
    "{{value}} is too much",
)


@pytest.mark.parametrize("text", LEGITIMATE)
def test_what_prometheus_writes_into_texts_is_no_template_of_another_program(text, tmp_path):
    result = read(tmp_path, {"a.yml": DOWN + f"    annotations:\n      summary: '{text}'\n"})
    assert (len(result.rules), said(result)) == (1, "")


LINES = (
    *("groups:", "- name: a", "  rules:", "  - alert: A", "    expr: up", "    for: 1", "  - 3", "spec:", "-"),
    *("items:", "labels:", "data: {a: 'groups: 1'}", "kind: ConfigMap", "kind: List", "tests:", "x: []"),
    *("- alert_rule_test: [1]", "spec: {groups: [{name: a, rules: [{alert: B, expr: {}}]}]}"),
    "groups: [{name: {}, rules: 3, limit: x}]",
)


@given(
    st.lists(
        st.sampled_from(LINES),
        max_size=8,
    ).map("\n".join)
)
def test_whatever_the_file_there_are_rules_or_findings(tmp_path_factory, text):
    file = tmp_path_factory.mktemp("any") / "a.yml"
    file.write_text(text)
    result = rule_files.read([file])
    assert result.rules or result.findings or result.tested
    assert to_text(result.findings, result.sources) or not result.findings


def test_the_text_of_a_file_is_read_again_and_that_of_a_pipe_is_held(tmp_path):
    (tmp_path / "a.yml").write_bytes(b"groups: []\n")
    (tmp_path / "gone.yml").write_bytes(b"groups: []\n")
    os.mkfifo(tmp_path / "pipe")
    texts = files_of_others.Texts()
    for name in ("a.yml", "gone.yml", "pipe"):
        texts.add(str(tmp_path / name), b"groups: []\n")
    (tmp_path / "gone.yml").unlink()
    assert [(Path(path).name, text) for path, text in texts.items()] == [
        ("a.yml", b"groups: []\n"),
        ("gone.yml", b""),
        ("pipe", b"groups: []\n"),
    ]
    assert len(texts) == 3
